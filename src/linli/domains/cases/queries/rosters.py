"""What may be asked about rosters: which items take one, the sheet to fill in, how one stands, and what each person came to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from linli.domains.cases.lifecycle import State
from linli.domains.cases.models import Roster, RosterRow
from linli.domains.cases.online import why_not_online
from linli.domains.cases.permissions import PORTAL, RECEIVE, at_roster, seen_rosters
from linli.domains.cases.rosterbook import write_results, write_roster
from linli.domains.cases.rostering import PROBLEMS, RosterPlan, RosterShape, RosterState, plan_of
from linli.domains.cases.rostering import plan_of as roster_plan_of
from linli.domains.cases.rostersheet import give_back
from linli.domains.catalog.queries import (
    InForce,
    Material,
    Required,
    Standard,
    application_papers,
    get_standard,
    in_force,
    known_facts,
    names_of,
)
from linli.domains.documents.queries import open_file
from linli.domains.org.queries import Power, authority, powers_of
from linli.domains.people.queries import CONTEXT, Party, Scope, employer_facts, parties, principals, region_of
from linli.kernel.actors import Actor
from linli.kernel.errors import NotFound
from linli.kernel.fields import blind
from linli.kernel.identifiers import compact, mask_id
from linli.kernel.search import looks_like_number
from linli.kernel.text import msg


@dataclass(frozen=True, slots=True)
class RosterOffer:
    """An item that takes rosters here, as its sheet would look."""

    found: InForce
    standard: Standard
    plan: RosterPlan


def takes_rosters_online(standard: Standard) -> bool:
    """Whether an employer can hand in a roster of an item online, for itself."""
    plan = plan_of(standard)
    return plan is not None and plan.for_employer and why_not_online(standard) is None


def roster_offer(item_code: str, *, region: str, on: date) -> RosterOffer | None:
    """How the roster of an item looks; None where it takes none."""
    found = in_force(item_code, region=region, on=on)
    plan = plan_of(found.standard) if found else None
    return RosterOffer(found, found.standard, plan) if found and plan else None


def roster_items(*, by: Actor, on: date) -> list[tuple[str, str]]:
    """The items that the actor's organisation takes in and that take rosters: code and name, by name."""
    if by.org_id is None or not by.can(RECEIVE):
        return []
    held = powers_of(by.org_id, region=by.region, on=on)
    codes = sorted(code for code, powers in held.items() if powers & {Power.RECEIVE, Power.ACCEPT})
    offered = [code for code in codes if roster_offer(code, region=by.region, on=on)]
    return sorted(names_of(offered).items(), key=lambda pair: pair[1])


@dataclass(frozen=True, slots=True)
class OwnRosterOffer:
    """A roster that a resident may hand in for an employer; ``materials`` is what must be uploaded or said of it, for all."""

    employer: Party
    offer: RosterOffer
    materials: tuple[Material, ...]


def own_roster_offers(item_code: str, *, by: Actor, on: date) -> list[OwnRosterOffer]:
    """For which employers a resident may hand in a roster of an item, by name: those that let them apply, where the item is applied for
    online by employers and somebody there accepts it."""
    if by.resident_id is None or not by.can(PORTAL):
        return []
    found = []
    for employer in principals(by.resident_id, scope=Scope.APPLY, on=on, item=item_code):
        if employer.is_employer and (offer := _offer_online(item_code, employer, on)):
            filled = application_papers(offer.standard)
            asked = tuple(m for m in offer.standard.materials if not m.from_departments and m.code not in filled)
            found.append(OwnRosterOffer(employer, offer, asked))
    return found


def _offer_online(item_code: str, employer: Party, on: date) -> RosterOffer | None:
    region = region_of(employer.id, is_employer=True)
    offer = roster_offer(item_code, region=region, on=on)
    if offer is None or not takes_rosters_online(offer.standard):
        return None
    return offer if authority(item_code, region=region, on=on).nearest(Power.ACCEPT) else None


def may_leave_out(material: Material) -> bool:
    """Whether a resident may say of all people at once that a material does not apply."""
    return material.required is not Required.YES


def roster_template(offer: RosterOffer) -> bytes:
    """The workbook to fill in: lists and formats in the columns, a sheet that explains them."""
    return write_roster(offer.plan, item=offer.standard.name)


def roster_common(offer: RosterOffer, employer_id: UUID) -> dict[str, str]:
    """What is said once for all, as far as the bureau knows it of the employer."""
    facts, known = employer_facts(employer_id), known_facts(offer.standard, employer=True)
    return {f.name: facts[known[f.name]] for f in offer.plan.common if facts.get(known.get(f.name, ""))}


# -- rosters -------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RosterLine:
    """A roster in a list."""

    row: Roster
    state: RosterState
    item: str
    employer: Party


def roster_lines(rows: Iterable[Roster]) -> list[RosterLine]:
    """With names, in three queries however many."""
    rows = list(rows)
    who, names = parties(r.employer_id for r in rows), names_of([r.item_code for r in rows])
    return [RosterLine(r, RosterState(r.state), names.get(r.item_code, r.item_code), who[r.employer_id]) for r in rows]


def rosters(*, by: Actor, on: date) -> QuerySet[Roster]:
    """The rosters that the actor may see, newest first."""
    return seen_rosters(by, on=on).defer("sheet", "common", "files").order_by("-handed_in_at", "-id")


@dataclass(frozen=True, slots=True)
class RosterSheet:
    """A roster with how far it has come."""

    row: Roster
    state: RosterState
    standard: Standard
    plan: RosterPlan
    employer: Party
    made: int
    failed: int
    may_act: bool

    @property
    def settled(self) -> int:
        return self.made + self.failed

    @property
    def cases(self) -> int:
        return self.plan.cases_for(self.row.rows)

    @property
    def common(self) -> dict[str, Any]:
        """What was said once for all."""
        said: dict[str, Any] = self.row.common.open_json()
        return said


def roster_sheet(roster_id: UUID, *, by: Actor, on: date) -> RosterSheet:
    """One roster. Raises :class:`NotFound`."""
    row = seen_rosters(by, on=on).defer("sheet").filter(pk=roster_id).first()
    if row is None:
        raise NotFound(what=msg("这份名单"))
    standard = get_standard(row.standard_id)
    plan = plan_of(standard)
    assert plan
    counts = RosterRow.objects.filter(roster=row).aggregate(
        made=Count("pk", filter=Q(case__isnull=False)), failed=Count("pk", filter=Q(case=None) & ~Q(problem=[]))
    )
    employer, may_act = parties([row.employer_id])[row.employer_id], at_roster(by, row, on=on)
    return RosterSheet(row, RosterState(row.state), standard, plan, employer, **counts, may_act=may_act)


@dataclass(frozen=True, slots=True)
class RosterCount:
    """How many cases of a roster stand alike."""

    state: State
    cases: int


def roster_counts(sheet: RosterSheet) -> list[RosterCount]:
    """The cases of a roster by how they stand, in the order of the way; one query."""
    found = (
        RosterRow.objects.filter(roster=sheet.row, case__isnull=False)
        .values_list("case__state")
        .annotate(n=Count("case", distinct=True))
    )
    by_state = dict(found.values_list("case__state", "n"))
    return [RosterCount(state, by_state[state]) for state in State if state in by_state]


@dataclass(frozen=True, slots=True)
class RosterPerson:
    """One person of a roster: what became of them."""

    number: int
    name: str
    masked: str
    case_id: UUID | None
    case_number: str
    case_state: str
    problem: tuple[str, ...]


def roster_people(sheet: RosterSheet, text: str = "", states: Iterable[str] = ()) -> QuerySet[RosterRow]:
    """The people of a roster in the order of the sheet; with ``text`` those of that name, document number or case, with ``states``
    those whose case stands so."""
    people = RosterRow.objects.filter(roster=sheet.row).select_related("case").order_by("number")
    if states := list(states):
        people = people.filter(case__state__in=states)
    value = compact(text)
    if not value:
        return people
    found = Q(name__icontains=text.strip()) | Q(case__number=value)
    return people.filter(found | Q(number_index=blind(value, context=CONTEXT)) if looks_like_number(value) else found)


def people_of(sheet: RosterSheet, rows: Iterable[RosterRow]) -> list[RosterPerson]:
    """As a list shows them; no further query."""
    out = []
    for r in rows:
        number = "" if sheet.row.forgotten_at else str(r.values.open_json().get(sheet.plan.number, ""))
        state = r.case.state if r.case else ""
        out.append(
            RosterPerson(
                r.number,
                r.name,
                mask_id(number) if number else "",
                r.case_id,
                (r.case.number or "") if r.case else "",
                state,
                tuple(r.problem),
            )
        )
    return out


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong in a row of a returned sheet."""

    number: int
    who: str
    lines: tuple[str, ...]


def roster_problems(roster_id: UUID, *, by: Actor, on: date) -> list[RowProblem]:
    """What is wrong in a returned roster, row by row. Raises :class:`NotFound`."""
    _, kept = _returned(roster_id, by, on)
    return [RowProblem(int(n), kept["who"].get(n, ""), tuple(_said(found))) for n, found in kept["problems"].items()]


def _said(found: list[list[str]]) -> list[str]:
    return [f"{column}：{what}" if column else what for column, what in found]


def returned_sheet(roster_id: UUID, *, by: Actor, on: date) -> bytes:
    """The very workbook that was handed in, with a column that says row by row what to mend. Raises :class:`NotFound`, also for a
    roster that did not come as a workbook."""
    row, kept = _returned(roster_id, by, on)
    if row.file_id is None:
        raise NotFound(what=msg("退回的名单"))
    problems = {int(n): "；\n".join(_said(found)) for n, found in kept["problems"].items()}
    return give_back(open_file(row.file_id).read(), problems, title=PROBLEMS, column=kept["notes_at"])


def _returned(roster_id: UUID, by: Actor, on: date) -> tuple[Roster, dict[str, Any]]:
    row = seen_rosters(by, on=on).filter(pk=roster_id, state=RosterState.RETURNED).first()
    if row is None or row.sheet is None:
        raise NotFound(what=msg("退回的名单"))
    return row, row.sheet.open_json()


def roster_results(roster_id: UUID, *, by: Actor, on: date) -> bytes:
    """Who came to which case number, to download. Raises :class:`NotFound`."""
    sheet = roster_sheet(roster_id, by=by, on=on)
    heads = ["名单行号", "姓名", "证件号码", "办件编号", "说明"]
    people = people_of(sheet, roster_people(sheet).iterator(chunk_size=1000))
    return write_results(heads, ([str(p.number), p.name, p.masked, p.case_number, "；".join(p.problem)] for p in people))


def roster_moved(sheet: RosterSheet, now: datetime) -> bool:
    """Whether the making of cases is getting on; else a page says that it will be taken up again."""
    return (now - sheet.row.touched_at).total_seconds() < 180


__all__ = [
    "may_leave_out", "own_roster_offers", "OwnRosterOffer", "people_of", "returned_sheet", "roster_common", "roster_counts", "roster_items",
    "roster_lines", "roster_moved", "roster_offer", "roster_people", "roster_plan_of", "roster_problems", "roster_results", "roster_sheet",
    "roster_template", "RosterCount", "RosterLine", "RosterOffer", "RosterPerson", "RosterPlan", "rosters", "RosterShape", "RosterSheet",
    "RosterState", "RowProblem", "takes_rosters_online",
]  # fmt: skip
