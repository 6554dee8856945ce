"""What may be asked about rosters: which items take one, the sheet to fill in, how one stands, and what each person came to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from linli.domains.cases.models import Roster, RosterRow
from linli.domains.cases.permissions import RECEIVE, seen_rosters
from linli.domains.cases.rosterbook import write_results, write_roster
from linli.domains.cases.rostering import RosterPlan, RosterShape, RosterState, plan_of
from linli.domains.cases.rostering import plan_of as roster_plan_of
from linli.domains.catalog.queries import InForce, Standard, get_standard, in_force, known_facts, names_of
from linli.domains.org.queries import Power, powers_of
from linli.domains.people.queries import CONTEXT, Party, employer_facts, parties
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


def rosters(*, by: Actor) -> QuerySet[Roster]:
    """The rosters handed in here, newest first."""
    return seen_rosters(by).defer("sheet", "common").order_by("-handed_in_at", "-id")


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

    @property
    def settled(self) -> int:
        return self.made + self.failed

    @property
    def cases(self) -> int:
        return self.plan.cases_for(self.row.rows)


def roster_sheet(roster_id: UUID, *, by: Actor) -> RosterSheet:
    """One roster. Raises :class:`NotFound`."""
    row = seen_rosters(by).defer("sheet").filter(pk=roster_id).first()
    if row is None:
        raise NotFound(what=msg("这份名单"))
    standard = get_standard(row.standard_id)
    plan = plan_of(standard)
    assert plan
    counts = RosterRow.objects.filter(roster=row).aggregate(
        made=Count("pk", filter=Q(case__isnull=False)), failed=Count("pk", filter=Q(case=None) & ~Q(problem=[]))
    )
    return RosterSheet(row, RosterState(row.state), standard, plan, parties([row.employer_id])[row.employer_id], **counts)


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


def roster_people(sheet: RosterSheet, text: str = "") -> QuerySet[RosterRow]:
    """The people of a roster in the order of the sheet; with ``text`` those of that name, document number or case."""
    people = RosterRow.objects.filter(roster=sheet.row).select_related("case").order_by("number")
    value = compact(text)
    if not value:
        return people
    found = Q(name__icontains=text.strip()) | Q(case__number=value)
    return people.filter(found | Q(number_index=blind(value, context=CONTEXT)) if looks_like_number(value) else found)


def people_of(sheet: RosterSheet, rows: Iterable[RosterRow]) -> list[RosterPerson]:
    """As a list shows them; no further query."""
    out = []
    for r in rows:
        number = str(r.values.open_json().get(sheet.plan.number, ""))
        state = r.case.state if r.case else ""
        out.append(
            RosterPerson(
                r.number, r.name, mask_id(number), r.case_id, (r.case.number or "") if r.case else "", state, tuple(r.problem)
            )
        )
    return out


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong in a row of a returned sheet."""

    number: int
    who: str
    lines: tuple[str, ...]


def roster_problems(roster_id: UUID, *, by: Actor) -> list[RowProblem]:
    """What is wrong in a returned sheet, row by row. Raises :class:`NotFound`."""
    sheet, kept = _kept_sheet(roster_id, by)
    at = next((i for i, f in enumerate(sheet.plan.columns) if f.name == sheet.plan.name), 0)
    who = {number: cells[at] for number, cells in kept["rows"]}
    return [
        RowProblem(int(n), who.get(int(n), ""), tuple(_said(found)))
        for n, found in sorted(kept["problems"].items(), key=lambda p: int(p[0]))
    ]


def _said(found: list[list[str]]) -> list[str]:
    return [f"{column}：{what}" if column else what for column, what in found]


def returned_sheet(roster_id: UUID, *, by: Actor) -> bytes:
    """The sheet as it was filled in, with a column that says row by row what to mend. Raises :class:`NotFound`."""
    sheet, kept = _kept_sheet(roster_id, by)
    problems = {int(n): "；\n".join(_said(found)) for n, found in kept["problems"].items()}
    return write_roster(sheet.plan, item=sheet.standard.name, rows=[(n, cells) for n, cells in kept["rows"]], problems=problems)


def _kept_sheet(roster_id: UUID, by: Actor) -> tuple[RosterSheet, dict[str, Any]]:
    sheet = roster_sheet(roster_id, by=by)
    kept: Any = Roster.objects.only("sheet").get(pk=roster_id).sheet
    if kept is None:
        raise NotFound(what=msg("退回的名单"))
    return sheet, kept.open_json()


def roster_results(roster_id: UUID, *, by: Actor) -> bytes:
    """Who came to which case number, to download. Raises :class:`NotFound`."""
    sheet = roster_sheet(roster_id, by=by)
    heads = ["名单行号", "姓名", "证件号码", "办件编号", "说明"]
    people = people_of(sheet, roster_people(sheet).iterator(chunk_size=1000))
    return write_results(heads, ([str(p.number), p.name, p.masked, p.case_number, "；".join(p.problem)] for p in people))


def roster_moved(sheet: RosterSheet, now: datetime) -> bool:
    """Whether the making of cases is getting on; else a page says that it will be taken up again."""
    return (now - sheet.row.touched_at).total_seconds() < 180


__all__ = [
    "people_of", "returned_sheet", "roster_common", "roster_items", "roster_lines", "roster_moved", "roster_offer", "roster_people", "roster_plan_of", "RosterPlan",
    "roster_problems", "roster_results", "roster_sheet", "roster_template", "RosterLine", "RosterOffer", "RosterPerson", "rosters",
    "RosterShape", "RosterSheet", "RosterState", "RowProblem",
]  # fmt: skip
