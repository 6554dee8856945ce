"""Starting, stopping and projecting the clocks of a case; the counting itself is in ``clock.py``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from linli.domains.cases.clock import (
    Budget,
    ClockKind,
    Conventions,
    CountUnit,
    Due,
    Extension,
    Pause,
    amber_from,
    due,
    received_on,
)
from linli.domains.cases.grounds import PauseGround
from linli.domains.cases.lifecycle import IN_HAND
from linli.domains.cases.models import Case, ClockRow, ExtensionRow, Step, Suspension
from linli.domains.org.queries import calendar
from linli.kernel.calendar import WorkingCalendar, local_date

_MAIN = (ClockKind.PROMISED, ClockKind.STATUTORY)


def conventions() -> Conventions:
    """The site's settings where the law is silent."""
    env = settings.ENV
    return Conventions(env.pause_counts_first_day, env.pause_counts_last_day, env.close_of_business)


def receipt_day(case_region: str, at: datetime) -> date:
    """The day on which something handed in now counts as received (L)."""
    env = settings.ENV
    return received_on(
        at, calendar=calendar(case_region), next_working_day=env.after_hours == "next_working_day", conventions=conventions()
    )


def new_clock(
    case: Case, kind: ClockKind, limit: Any, *, start: date, event: str, at: datetime, step: Step | None = None
) -> ClockRow:
    """A running clock of a case with its projection; not saved. ``limit`` is the catalogue's (number, unit, basis, certainty)."""
    row = ClockRow(
        case=case, kind=kind, step=step, number=limit.number, unit=str(limit.unit), basis=limit.basis, certainty=limit.certainty,
        start=start, start_event=event, start_at=at,
    )  # fmt: skip
    project(row, calendar(case.region), (), ())
    return row


def budget_of(row: ClockRow) -> Budget:
    return Budget(row.number, CountUnit(row.unit), row.start, row.start_at)


def pauses_of(kind: ClockKind | str, suspensions: Iterable[Suspension], since: date) -> list[Pause]:
    """The suspensions that count for a clock: none for telling and delivering, and none that ended before it began."""
    if not ClockKind(kind).stops_in_suspension:
        return []
    return [
        Pause(s.first, s.last, PauseGround(s.ground).label)
        for s in sorted(suspensions, key=lambda s: s.first)
        if s.last is None or s.last > since
    ]


def extensions_of(kind: ClockKind | str, extensions: Iterable[ExtensionRow]) -> list[Extension]:
    return [Extension(e.approved_on, e.add, e.approver) for e in extensions if e.kind == kind]


def derive(row: ClockRow, days: WorkingCalendar, suspensions: Sequence[Suspension], extensions: Sequence[ExtensionRow]) -> Due:
    """The due date of a clock under its ledgers."""
    return due(
        budget_of(row), calendar=days, pauses=pauses_of(row.kind, suspensions, row.start),
        extensions=extensions_of(row.kind, extensions), conventions=conventions(),
    )  # fmt: skip


def project(row: ClockRow, days: WorkingCalendar, suspensions: Sequence[Suspension], extensions: Sequence[ExtensionRow]) -> bool:
    """Write the derived date into the row's projection; True if it changed."""
    result = derive(row, days, suspensions, extensions)
    before = (row.due_on, row.amber_on, row.provisional)
    row.due_on, row.provisional = result.day, result.provisional
    row.amber_on = None
    if result.day is not None:
        env = settings.ENV
        row.amber_on = amber_from(
            budget_of(row), result.day, calendar=days, fraction=env.amber_fraction, working_days=env.amber_working_days
        )
    return before != (row.due_on, row.amber_on, row.provisional)


def lift(case: Case, rows: Iterable[ClockRow]) -> dict[str, Any]:
    """What the case carries of its clocks for lists: the clock people wait for now, and the statutory one."""
    running = {row.kind: row for row in rows if row.outcome == "running"}
    main = running.get(ClockKind.PROMISED) or running.get(ClockKind.NOTICE) or running.get(ClockKind.DELIVERY)
    statutory = running.get(ClockKind.STATUTORY)
    return {
        "due_on": main.due_on if main else None,
        "amber_on": main.amber_on if main else None,
        "provisional": bool(main and main.provisional),
        "statutory_due_on": statutory.due_on if statutory else None,
    }


@dataclass(frozen=True, slots=True)
class Stopped:
    """A clock that was stopped: how it ended (met, late or void), and from what day it ran."""

    kind: ClockKind
    outcome: str
    start: date


_STOP = """
    UPDATE cases_clock
       SET stopped_on = %(on)s, outcome = CASE WHEN %(void)s THEN 'void' WHEN due_on < %(on)s THEN 'late' ELSE 'met' END
     WHERE case_id = ANY(%(cases)s) AND outcome = 'running' AND kind = ANY(%(kinds)s)
 RETURNING kind, outcome, start
"""


def stop(case: Case, kinds: Iterable[ClockKind], *, on: datetime, void: bool = False) -> dict[ClockKind, Stopped]:
    """Stop running clocks of some kinds: met or late by the projected date, or void when the case was given up."""
    with connection.cursor() as cursor:
        cursor.execute(_STOP, {"on": local_date(on), "void": void, "cases": [case.pk], "kinds": [str(k) for k in kinds]})
        return {ClockKind(kind): Stopped(ClockKind(kind), outcome, start) for kind, outcome, start in cursor.fetchall()}


def stop_deliveries(case_ids: Collection[UUID], *, on: datetime) -> None:
    """:func:`stop` for the time to deliver of many cases."""
    with connection.cursor() as cursor:
        cursor.execute(_STOP, {"on": local_date(on), "void": False, "cases": list(case_ids), "kinds": [str(ClockKind.DELIVERY)]})


def stop_early(row: ClockRow, *, on: datetime) -> bool:
    """Stop a clock that is not saved yet, of a case that begins decided; whether it was met."""
    row.stopped_on = local_date(on)
    row.outcome = "late" if row.due_on and row.due_on < row.stopped_on else "met"
    return row.outcome == "met"


_PROJECTION = ["due_on", "amber_on", "provisional"]


def reproject(case: Case) -> list[tuple[ClockRow, date | None]]:
    """Derive all running clocks of a locked case anew and save what changed; gives each changed clock with its old date."""
    running = list(ClockRow.objects.filter(case=case, outcome="running"))
    suspensions, extensions = list(case.suspensions.all()), list(case.extensions.all())
    days = calendar(case.region)
    moved = []
    for row in running:
        old = row.due_on
        if project(row, days, suspensions, extensions):
            moved.append((row, old))
    if moved:
        ClockRow.objects.bulk_update([row for row, _ in moved], _PROJECTION)
        values = lift(case, running)
        for name, value in values.items():
            setattr(case, name, value)
        case.save(update_fields=list(values))
        if case.state in IN_HAND:
            Step.objects.filter(case=case, state__in=["open", "waiting"]).update(due_on=case.due_on)
    return moved
