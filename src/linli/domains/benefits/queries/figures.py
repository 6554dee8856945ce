"""Policies and figures as officers look after them: what holds where, who reads it, what was changed, and what a change would do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Max, Q, QuerySet

from linli.domains.accounts.queries import names as names_of_users
from linli.domains.benefits.changing import ChangeState, Readers, facts_asked, readers
from linli.domains.benefits.definitions import Policy, last_days, policy_of, shipped_policies
from linli.domains.benefits.facts import Fact, Source
from linli.domains.benefits.formulas import FORMULAS
from linli.domains.benefits.models import FigureChange, Run
from linli.domains.benefits.parameters import Figure, FigureMissing, Figures, Parameter
from linli.domains.benefits.permissions import AGREE, POLICY, SEE, change_for, may_set
from linli.domains.benefits.queries.book import book_in_force, book_with, figure_of, last_publication
from linli.domains.benefits.queries.results import RunNotDone
from linli.domains.benefits.queries.trials import Trial, run_all, touching
from linli.domains.benefits.runs import RunState, shortest, within
from linli.domains.benefits.shapes import parts, said
from linli.domains.benefits.worksheets import Worksheet, worksheets
from linli.domains.documents.queries import OpenFile, open_file
from linli.domains.org.queries import region_names
from linli.domains.trace.queries import Entry, timeline
from linli.kernel.actors import Actor
from linli.kernel.errors import NotAllowed, NotFound
from linli.kernel.text import msg

RECENT = timedelta(days=30)


def must_see(by: Actor) -> None:
    """Raise :class:`NotAllowed` unless the actor's post looks at policies."""
    if not any(by.can(p) for p in SEE):
        raise NotAllowed(permission=SEE[0])


@dataclass(frozen=True, slots=True)
class Held:
    """One value of a parameter: what it says in lines, where, since when, on what ground. ``until``: its last day or the day before the
    next, if there is one; ``over``: that day has passed and nothing came after it."""

    figure: Figure
    place: str
    lines: tuple[tuple[str, str], ...]
    until: date | None
    in_force: bool
    over: bool


@dataclass(frozen=True, slots=True)
class ParameterSheet:
    """A parameter with its values by place and date, and who reads it. ``now``: the value that holds for the actor's place."""

    parameter: Parameter
    now: Held | None
    held: tuple[Held, ...]
    policies: tuple[Policy, ...]
    formulas: tuple[tuple[str, str], ...]
    worksheets: tuple[Worksheet, ...]
    changeable: bool

    @property
    def name(self) -> str:
        return self.parameter.name

    @property
    def over(self) -> bool:
        """Whether it held once where the actor serves, and does not any more."""
        return self.now is None and any(h.over for h in self.held)

    @property
    def prolongs(self) -> bool:
        """Whether it says until when a policy runs."""
        return self.name in last_days()

    @property
    def endless(self) -> bool:
        """Whether it is the last day of a policy to which nobody gave one where the actor serves."""
        return self.prolongs and not self.held


def parameter_sheets(*, by: Actor, on: date, only: Iterable[str] | None = None) -> list[ParameterSheet]:
    """Parameters in the order of the book, all or some; with the values that count where the actor serves. Two queries."""
    must_see(by)
    book = book_in_force()
    wanted = [book[name] for name in (book if only is None else only) if name in book]
    places = place_names(f.region for p in wanted for f in p.figures)
    who, region = readers(book, on), by.region
    return [_sheet(p, Figures(on, region, book), who, places, by) for p in wanted]


def _sheet(parameter: Parameter, figures: Figures, who: Readers, places: Mapping[str, str], by: Actor) -> ParameterSheet:
    try:
        now = figures.figure(parameter.name)
    except FigureMissing:
        now = None
    # Newest first in each place, the own place and those below it before the ones above.
    rows = sorted(parameter.figures, key=lambda f: (-len(f.region.rstrip("0")), f.region, -f.since.toordinal()))
    held = [_held(parameter, f, places, now, figures.on) for f in rows]
    mine = [h for h in held if within(h.figure.region, by.region) or within(by.region, h.figure.region)]
    return ParameterSheet(
        parameter, next((h for h in held if h.figure is now), None), tuple(mine),
        tuple(policy_of(code) for code in who.policies_reading(parameter.name)),
        tuple((name, FORMULAS[name].label) for name in who.formulas_reading(parameter.name)),
        _worksheets_asking(parameter.name), bool(parts(parameter)),
    )  # fmt: skip


def _worksheets_asking(name: str) -> tuple[Worksheet, ...]:
    return tuple(s for s in worksheets().values() if any(q.figure == name for q in s.questions))


def _held(parameter: Parameter, figure: Figure, places: Mapping[str, str], now: Figure | None, on: date) -> Held:
    nexts = [f.since for f in parameter.figures if f.region == figure.region and f.since > figure.since]
    ends = [d for d in (figure.until, min(nexts) - timedelta(1) if nexts else None) if d]
    return Held(
        figure,
        places.get(figure.region, figure.region),
        tuple(said(parameter, figure.value)),
        min(ends, default=None),
        figure is now,
        not nexts and figure.until is not None and figure.until < on,
    )


def place_names(codes: Iterable[str]) -> dict[str, str]:
    """What the places of figures are called, the country too; a place that nobody entered keeps its code. One query."""
    short = {code: shortest(code) for code in set(codes)}
    known = region_names(short.values())
    return {code: known.get(s, code) if s else "全国" for code, s in short.items()}


def parameter_sheet(name: str, *, by: Actor, on: date) -> ParameterSheet:
    """One of them. Raises :class:`NotFound`."""
    found = parameter_sheets(by=by, on=on, only=[name])
    if not found:
        raise NotFound(what=msg("这个参数"))
    return found[0]


# -- policies ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """A policy in the list: whether it is in force, which figures it reads, and how many changes of them wait."""

    policy: Policy
    running: bool
    until: date | None
    figures: tuple[str, ...]
    waiting: int


def policy_lines(*, by: Actor, on: date) -> list[PolicyLine]:
    """All policies, in the order of the catalogue. Two queries."""
    must_see(by)
    book = book_in_force()
    who, today = readers(book, on), Figures(on, by.region, book)
    waiting = Counter(changes(by=by).filter(state=ChangeState.PROPOSED).order_by().values_list("name", flat=True))
    return [
        PolicyLine(
            policy, policy.runs(today), policy.last_day(today), names := who.policies[code], sum(waiting[name] for name in names)
        )
        for code, policy in shipped_policies().items()
    ]


@dataclass(frozen=True, slots=True)
class PolicySheet:
    """Everything there is to know of a policy. ``asked``: by register the facts that it reads; ``trials``: its cases and what came of
    them now; ``retired`` cases are not run any more."""

    policy: Policy
    running: bool
    until: date | None
    figures: tuple[ParameterSheet, ...]
    asked: tuple[tuple[Source, tuple[Fact, ...]], ...]
    trials: tuple[Trial, ...]
    changes: tuple[FigureChange, ...]
    runs: tuple[Run, ...]

    @property
    def endless(self) -> bool:
        """Whether nobody gave it a last day where the actor serves."""
        return any(s.endless for s in self.figures)


def policy_sheet(code: str, *, by: Actor, on: date) -> PolicySheet:
    """One policy. Raises :class:`PolicyUnknown`. A constant number of queries."""
    must_see(by)
    policy, book = policy_of(code), book_in_force()
    names, today = readers(book, on).policies[code], Figures(on, by.region, book)
    asked: dict[str, list[Fact]] = {}
    for fact in facts_asked(policy, book, on):
        asked.setdefault(fact.source.name, []).append(fact)
    seen = Run.objects.filter(change=None, region__startswith=shortest(by.region), policies__contains=[code])
    return PolicySheet(
        policy, policy.runs(today), policy.last_day(today), tuple(parameter_sheets(by=by, on=on, only=names)),
        tuple((facts[0].source, tuple(facts)) for facts in asked.values()),
        tuple(touching(run_all(book, today=on), names, code)), tuple(changes(by=by).filter(name__in=names)[:20]),
        tuple(seen.defer("figures", "digests").order_by("-asked_at", "-id")[:10]),
    )  # fmt: skip


# -- changes -------------------------------------------------------------------------------------------------------------


def changes(*, by: Actor) -> QuerySet[FigureChange]:
    """The changes of figures that count where the actor serves, newest first."""
    must_see(by)
    short = shortest(by.region)
    above = [short[:width].ljust(6, "0") for width in (2, 4, 6) if width < len(short)]
    here = Q(region__startswith=short) | Q(region__in=["", *above])
    return FigureChange.objects.filter(here).order_by("-written_at", "-id")


def in_force(*, by: Actor, region: str, on: date) -> dict[str, tuple[bool, date | None]]:
    """By policy whether it runs at a place on a day, and its last day if it has one."""
    must_see(by)
    figures = Figures(on, region, book_in_force())
    return {code: (policy.runs(figures), policy.last_day(figures)) for code, policy in shipped_policies().items()}


def change(change_id: UUID, *, by: Actor) -> FigureChange:
    """One of them. Raises :class:`NotFound`."""
    return change_for(change_id, by)


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of a figure, as it is and as it would be."""

    label: str
    before: str
    after: str

    @property
    def same(self) -> bool:
        return self.before == self.after


@dataclass(frozen=True, slots=True)
class ChangeSheet:
    """A change with what it replaces, who reads the figure, its cases, what was reckoned of it, and what happened to it.

    ``trials``: the cases that the figure touches, run with it; ``failing``: all that do not pass, also elsewhere; ``reckoned``: how
    many were reckoned with this very figure, and not with the one of an earlier day or another place. ``moved_at``: what was reckoned
    before is reckoned with other figures than these; ``published``: the number of the last publication of the figure; ``replaced``: it was
    published, and another one for the same day and place since.
    """

    row: FigureChange
    value: Any
    state: ChangeState
    parameter: Parameter
    place: str
    before: Held | None
    differences: tuple[Difference, ...]
    source: str
    policies: tuple[Policy, ...]
    formulas: tuple[tuple[str, str], ...]
    worksheets: tuple[Worksheet, ...]
    trials: tuple[Trial, ...]
    failing: tuple[Trial, ...]
    reckoned: int
    what_ifs: tuple[Run, ...]
    moved_at: datetime
    published: int
    replaced: bool
    entries: tuple[Entry, ...]
    people: Mapping[UUID, str]
    may_edit: bool
    may_decide: bool
    may_withdraw: bool
    may_weigh: bool

    @property
    def prolongs(self) -> bool:
        """Whether it says until when a policy runs."""
        return self.row.name in last_days()


def change_sheet(change_id: UUID, *, by: Actor, today: date) -> ChangeSheet:
    """One change. Raises :class:`NotFound`. A constant number of queries."""
    row = change_for(change_id, by)
    book, state = book_in_force(), ChangeState(row.state)
    parameter = book[row.name]
    others = (
        [f for f in parameter.figures if (f.since, f.region) != (row.since, row.region)] if state is ChangeState.PUBLISHED else None
    )
    without = (
        {**book, row.name: Parameter(parameter.name, parameter.label, parameter.unit, tuple(others))}
        if others is not None
        else book
    )
    try:
        before = Figures(row.since, row.region, without).figure(row.name)
    except FigureMissing:
        before = None
    after = figure_of(row)
    places = place_names([row.region, *(f.region for f in parameter.figures)])
    with_it = book if state in (ChangeState.PUBLISHED, ChangeState.WITHDRAWN) else book_with(row)
    who = readers(with_it, max(row.since, today))
    trials = run_all(with_it, today=today)
    entries = tuple(timeline(row.pk))
    mine, decidable = row.proposed_by_id == by.user_id, may_set(row.region, by)
    return ChangeSheet(
        row, after.value, state, parameter, places[row.region], _held(parameter, before, places, None, today) if before else None,
        _differences(parameter, before.value if before else None, after.value), after.source,
        tuple(policy_of(code) for code in who.policies_reading(row.name)),
        tuple((name, FORMULAS[name].label) for name in who.formulas_reading(row.name)), _worksheets_asking(row.name), tuple(touching(trials, [row.name])),
        tuple(t for t in trials if not t.outcome.passed), sum(t.outcome.used.get(row.name) == after for t in trials), tuple(what_ifs(row)),
        _moved_at(row, who), last_publication(row.name),
        state is ChangeState.PUBLISHED and after not in parameter.figures, entries,
        names_of_users([row.proposed_by_id, row.decided_by_id, *(e.user_id for e in entries)]),
        may_edit=state.open and mine and by.can(POLICY),
        may_decide=state is ChangeState.PROPOSED and not mine and decidable and by.can(AGREE),
        may_withdraw=state not in (ChangeState.PUBLISHED, ChangeState.WITHDRAWN) and decidable and by.can(POLICY),
        may_weigh=state not in (ChangeState.PUBLISHED, ChangeState.WITHDRAWN) and decidable and (by.can(POLICY) or by.can(AGREE)),
    )  # fmt: skip


def moved_at(row: FigureChange, today: date) -> datetime:
    """When a figure that a reckoning of a change reads last became another one: the proposed one, or one that was published meanwhile."""
    return _moved_at(row, readers(book_in_force(), max(row.since, today)))


def _moved_at(row: FigureChange, who: Readers) -> datetime:
    names = {name for policy in who.policies_reading(row.name) for name in who.policies[policy]} | {row.name}
    meanwhile = FigureChange.objects.filter(name__in=names, published_no__isnull=False)
    if row.published_no:  # what was reckoned before it was published stays true of that moment
        meanwhile = meanwhile.filter(published_no__lt=row.published_no)
    last = meanwhile.aggregate(at=Max("decided_at"))["at"]
    return max(row.written_at, last) if last else row.written_at


def _differences(parameter: Parameter, before: Any, after: Any) -> tuple[Difference, ...]:
    old, new = dict(said(parameter, before)) if before is not None else {}, dict(said(parameter, after))
    return tuple(Difference(label, old.get(label, ""), new.get(label, "")) for label in {**new, **old})


def scan_of(change_id: UUID, *, by: Actor) -> tuple[str, OpenFile]:
    """The sheet that came with a change: its name and content. Raises :class:`NotFound`."""
    row = change_for(change_id, by)
    if row.scan_id is None:
        raise NotFound(what=msg("依据的扫描件"))
    return row.scan_name, open_file(row.scan_id)


def scans_in_use(file_ids: Iterable[UUID], but: UUID | None = None) -> set[UUID]:
    """Of some kept files those that a change refers to."""
    found = FigureChange.objects.filter(scan_id__in=list(file_ids)).values_list("scan_id", flat=True)
    return {i for i in found if i}


def recently_published(*, by: Actor, now: datetime) -> list[FigureChange]:
    """What was published lately where the actor serves, the newest first."""
    return list(changes(by=by).filter(state=ChangeState.PUBLISHED, decided_at__gte=now - RECENT).order_by("-published_no")[:5])


# -- what would be -------------------------------------------------------------------------------------------------------


def what_ifs(row: FigureChange) -> QuerySet[Run]:
    """What was reckoned of a change, the newest first."""
    return Run.objects.filter(change=row).defer("figures", "digests").order_by("-asked_at", "-id")


def what_if(run_id: UUID, *, by: Actor) -> Run:
    """One reckoning of a change. Raises :class:`NotFound`."""
    found = Run.objects.select_related("change", "facts_of").filter(pk=run_id, change__isnull=False).first()
    if found is None or found.change is None or not within(found.region, by.region):
        raise NotFound(what=msg("这次测算"))
    change_for(found.change.pk, by)
    return found


@dataclass(frozen=True, slots=True)
class PlaceEffect:
    """What a change comes to in a place: how many gain and lose, and how much in fen."""

    place: str
    gainers: int
    losers: int
    more: int
    less: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change comes to under one policy: entitled and money now and then, and by place who gains and loses."""

    policy: Policy
    before: int
    after: int
    before_fen: int
    after_fen: int
    joined: int
    left: int
    gainers: int
    losers: int
    more: int
    less: int
    unknown: int
    places: tuple[PlaceEffect, ...]


def effects(run: Run) -> list[Effect]:
    """What came of a reckoning, by policy. One query. Raises :class:`RunNotDone`."""
    if run.state != RunState.DONE:
        raise RunNotDone
    called = region_names(row[0] for counted in run.counts.values() for row in counted.get("places", ()))
    return [_effect(policy_of(code), run.counts[code], called) for code in run.policies]


def _effect(policy: Policy, counted: Mapping[str, Any], called: Mapping[str, str]) -> Effect:
    places = [PlaceEffect(called.get(code, code), *numbers) for code, *numbers in counted.get("places", ())]

    def total(part: str) -> int:
        return sum(getattr(p, part) for p in places)

    return Effect(
        policy, before=counted["same"] + counted["changed"] + counted["left"], after=counted["entitled"], before_fen=counted["before_fen"],
        after_fen=counted["fen"], joined=counted["joined"], left=counted["left"], gainers=total("gainers"), losers=total("losers"),
        more=total("more"), less=total("less"), unknown=counted["unknown"], places=tuple(places),
    )  # fmt: skip


def settable_places(*, by: Actor, places: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Of some places (code, name) those for which the actor may set figures, by the codes that figures have."""
    return [(code.ljust(6, "0"), name) for code, name in places if len(code) <= 6 and may_set(code, by)]
