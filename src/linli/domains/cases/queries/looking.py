"""Finding cases, their colours and clocks; what every desk asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet

from linli.domains.cases import clocks
from linli.domains.cases.clock import ClockKind, Colour, colour, explain
from linli.domains.cases.lifecycle import FINAL, State
from linli.domains.cases.models import (
    Ask,
    Case,
    CaseMaterial,
    ClockRow,
    ExtensionRow,
    MaterialFile,
    Suspension,
)
from linli.domains.cases.oversight import (
    under_way,
)
from linli.domains.cases.permissions import (
    supervised_cases,
    visible_cases,
)
from linli.domains.org.queries import calendar
from linli.domains.people.queries import CONTEXT
from linli.kernel.actors import Actor
from linli.kernel.calendar import SHANGHAI, local_date
from linli.kernel.errors import NotFound
from linli.kernel.fields import blind
from linli.kernel.identifiers import compact
from linli.kernel.text import Message, msg


@dataclass(frozen=True, slots=True)
class ClockView:
    """A clock as a page shows it: what it counts, until when, how pressing, and why."""

    kind: ClockKind
    number: int
    unit: str
    due_on: date | None
    colour: Colour
    working_days_left: int | None
    provisional: bool
    basis: str
    certainty: str
    outcome: str
    stopped_on: date | None
    explanation: tuple[Message, ...]


def clock_views(case: Case, *, now: datetime) -> list[ClockView]:
    """All clocks of a case, running ones first."""
    rows = sorted(case.clocks.all(), key=lambda r: (r.outcome != "running", r.start_at))
    suspensions, extensions = list(case.suspensions.all()), list(case.extensions.all())
    return [_view(row, case, suspensions, extensions, now) for row in rows]


def _view(
    row: ClockRow, case: Case, suspensions: Sequence[Suspension], extensions: Sequence[ExtensionRow], now: datetime
) -> ClockView:
    days = calendar(case.region)
    kind = ClockKind(row.kind)
    result = clocks.derive(row, days, suspensions, extensions)
    stopped = row.outcome != "running"
    budget = clocks.budget_of(row)
    left = days.working_days_between(local_date(now), result.day) if result.day and not stopped else None
    shade = colour(
        end=result.day, amber=row.amber_on, now=now, conventions=clocks.conventions(), paused=result.day is None, stopped=stopped
    )
    said = explain(kind, budget, result, clocks.pauses_of(kind, suspensions, row.start))
    return ClockView(
        kind, row.number, budget.unit.label, result.day, shade, left, result.provisional, row.basis, row.certainty, row.outcome,
        row.stopped_on, tuple(said),
    )  # fmt: skip


def case_colour(case: Case, *, now: datetime) -> Colour:
    """The colour of a case in a list, from its projection alone."""
    if case.state in FINAL:
        return Colour.DONE
    paused = case.state == State.SUSPENDED
    return colour(
        end=case.due_on,
        amber=case.amber_on,
        now=now,
        conventions=clocks.conventions(),
        paused=paused or case.due_on is None,
        stopped=False,
    )


def days_left(case: Case, *, now: datetime) -> int | None:
    """Working days until the projected due date; negative when it is over, None when no date can be told."""
    return calendar(case.region).working_days_between(local_date(now), case.due_on) if case.due_on else None


def case_for(case_id: UUID, *, by: Actor, among: QuerySet[Case] | None = None, clocks: bool = True) -> Case:
    """One case the actor may see, with what its clocks are told from unless nobody will ask. Raises :class:`NotFound` otherwise, whether
    or not it exists.
    """
    cases = visible_cases(by) if among is None else among
    cases = cases.prefetch_related("clocks", "suspensions", "extensions") if clocks else cases
    case = cases.filter(pk=case_id).first()
    if case is None:
        raise NotFound(what=msg("这件办件"))
    return case


def find(text: str, *, by: Actor, cases: QuerySet[Case] | None = None) -> QuerySet[Case]:
    """Cases the actor may see, by number, by the tail of a number (4 or more characters), or by the applicant's document number."""
    visible = visible_cases(by) if cases is None else cases
    value = compact(text)
    if not value:
        return visible.none()
    if len(value) == 22:
        return visible.filter(number=value)
    if len(value) in (15, 18):
        return visible.filter(applicant_id__in=_party_ids(value)).order_by("-started_at")
    if len(value) >= 4 and value.isascii() and value.isalnum():
        # Spelt like the index, so that PostgreSQL uses it.
        tail = value[::-1]
        return visible.extra(where=["reverse(cases_case.number) LIKE %s"], params=[f"{tail}%"]).order_by("-received_at")
    return visible.none()


def _party_ids(value: str) -> list[UUID]:
    from linli.domains.people.queries import find_employers, person_by_index

    person = person_by_index(blind(value, context=CONTEXT))
    return [*([person] if person else []), *find_employers(value).values_list("pk", flat=True)]


def open_cases(
    *, by: Actor, now: datetime, shade: Colour | None = None, state: State | None = None, item_code: str = ""
) -> QuerySet[Case]:
    """Cases under way that the actor supervises, the most pressing first; by clock colour, state and item where asked."""
    cases = under_way(by)
    if state:
        cases = cases.filter(state=state)
    if item_code:
        cases = cases.filter(item_code=item_code)
    if shade:
        cases = cases.filter(shade_is(shade, now))
    return cases.order_by(F("due_on").asc(nulls_last=True), "id")


def shade_is(shade: Colour, now: datetime) -> Q:
    """The projection of a colour as a filter; at close of business what is due today turns red."""
    local = now.astimezone(SHANGHAI)
    over = local.time() > clocks.conventions().close_of_business
    today = local.date()
    red = Q(due_on__lte=today) if over else Q(due_on__lt=today)
    paused = Q(state=State.SUSPENDED) | Q(due_on=None)
    match shade:
        case Colour.RED:
            return red & ~paused
        case Colour.AMBER:
            return Q(amber_on__lte=today) & ~red & ~paused
        case Colour.GREEN:
            return Q(due_on__gte=today) & ~red & ~Q(amber_on__lte=today) & ~paused
        case _:
            return paused


@dataclass(frozen=True, slots=True)
class Board:
    """Open cases by colour, with the asks that wait for an answer."""

    counts: dict[Colour, int]
    asks: int

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def board(*, by: Actor, now: datetime) -> Board:
    """How many open cases have which colour, in one query over the open ones."""
    shades = [Colour.RED, Colour.AMBER, Colour.GREEN, Colour.PAUSED]
    row = open_cases(by=by, now=now).order_by().aggregate(**{s.value: Count("pk", filter=shade_is(s, now)) for s in shades})
    return Board({s: row[s.value] for s in shades}, asks(by=by).count())


def asks(*, by: Actor) -> QuerySet[Ask]:
    """What reviewers ask of this supervisor and nobody has answered, oldest first."""
    return Ask.objects.filter(settled_at=None, case__in=supervised_cases(by)).select_related("case", "step").order_by("asked_at")


def materials_of(case: Case) -> tuple[list[CaseMaterial], dict[UUID, list[MaterialFile]]]:
    materials = list(CaseMaterial.objects.filter(case=case).order_by("code"))
    files: dict[UUID, list[MaterialFile]] = {}
    for f in MaterialFile.objects.filter(material__case=case, removed_at=None).order_by("added_at"):
        files.setdefault(f.material_id, []).append(f)
    return materials, files


def case_numbers(case_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The numbers of cases by id, for a list of papers whose reader may know that they exist. One query."""
    return {pk: number or "" for pk, number in Case.objects.filter(pk__in=set(case_ids)).values_list("pk", "number")}


def id_of_number(number: str) -> UUID:
    """The case of a number, for the operator's commands. Raises :class:`NotFound`."""
    found = Case.objects.filter(number=compact(number)).values_list("pk", flat=True).first()
    if found is None:
        raise NotFound(what=msg("编号为 %(number)s 的办件", number=number))
    return found


def clock_outcomes(case_id: UUID | None = None) -> dict[ClockKind, Counter[str]]:
    """How the clocks of a case, or of all cases, ended or stand: counts of running, met, late and void by kind."""
    rows = ClockRow.objects.all() if case_id is None else ClockRow.objects.filter(case_id=case_id)
    found: dict[ClockKind, Counter[str]] = {}
    for kind, outcome, n in rows.values_list("kind", "outcome").annotate(n=Count("pk")).order_by():
        found.setdefault(ClockKind(kind), Counter())[outcome] += n
    return found
