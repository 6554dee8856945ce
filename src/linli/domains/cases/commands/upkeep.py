"""What happens by itself, day by day: silence that accepts, corrections that never came, new calendars, seeds of the draw."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction

from linli.domains.cases import clocks
from linli.domains.cases.clock import ClockKind
from linli.domains.cases.commands.intake import _accept, withdraw
from linli.domains.cases.commands.joint import lapse_joint_drafts
from linli.domains.cases.drawing import commit_seeds, reveal_seeds
from linli.domains.cases.lifecycle import State
from linli.domains.cases.models import Case, ClockRow, DrawDay
from linli.domains.cases.moves import Work
from linli.domains.cases.queries import committed_line, revealed_line
from linli.domains.catalog.queries import get_standard
from linli.domains.org.queries import calendar
from linli.domains.trace.commands import public_folder
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date

SEED_DAYS_AHEAD = 7
DRAFT_DAYS = 30
DRAWS_FILE = "draws.jsonl"


def _each(ids: list[UUID], state: State, *, by: Actor, now: datetime) -> Iterator[Work]:
    """Cases one by one, each locked in a transaction of its own and still in the state it was found in."""
    for case_id in ids:
        with transaction.atomic():
            case = Case.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=case_id, state=state).first()
            if case is not None:
                yield Work(case, by=by, now=now)


def deem_accepted(*, by: Actor, now: datetime, limit: int = 500) -> int:
    """Accept, as of the day of receipt, every case for which the time to say what is missing has run out (行政许可法 art. 32(4)).

    Only where silence counts as acceptance. Safe to repeat. Returns how many.
    """
    overdue = ClockRow.objects.filter(
        kind=ClockKind.NOTICE, outcome="running", due_on__lt=local_date(now), case__state=State.SUBMITTED, case__external=False
    )
    done = 0
    for work in _each(list(overdue.values_list("case_id", flat=True)[:limit]), State.SUBMITTED, by=by, now=now):
        standard = get_standard(work.case.standard_id)
        if standard.times.notice and standard.times.notice.deemed_accepted:
            _accept(work, standard, deemed=True)
            done += 1
    return done


def lapse_corrections(*, by: Actor, now: datetime, limit: int = 500) -> int:
    """Count an application as withdrawn when the corrections did not come by the day the notice named (L)."""
    overdue = ClockRow.objects.filter(kind=ClockKind.CORRECTION, outcome="running", due_on__lt=local_date(now))
    done = 0
    for work in _each(list(overdue.values_list("case_id", flat=True)[:limit]), State.CORRECTION_REQUESTED, by=by, now=now):
        withdraw(work, reason="逾期未补正")
        done += 1
    return done


def lapse_drafts(*, by: Actor, now: datetime, limit: int = 500) -> int:
    """Give up drafts, of cases and of joint matters, that were not submitted within a month, and forget what they held (PI-06)."""
    before = now - timedelta(days=DRAFT_DAYS)
    stale = Case.objects.filter(state=State.DRAFT, started_at__lt=before)
    done = lapse_joint_drafts(before=before, by=by, now=now, limit=limit)
    for work in _each(list(stale.values_list("pk", flat=True)[:limit]), State.DRAFT, by=by, now=now):
        withdraw(work, reason="收件后未提交")
        done += 1
    return done


def reproject_open(*, by: Actor, now: datetime, provisional_only: bool = False, batch: int = 200) -> int:
    """Derive the dates of all running clocks anew, after a calendar notice or for provisional ones; each change is recorded.

    Works through the clocks in order of id and in small transactions; safe to break off and repeat. Returns changed clocks.
    """
    changed, last = 0, UUID(int=0)
    while True:
        running = ClockRow.objects.filter(outcome="running", pk__gt=last).exclude(due_on=None)
        if provisional_only:
            running = running.filter(provisional=True)
        page = list(running.order_by("pk").values_list("pk", "case_id")[:batch])
        if not page:
            return changed
        last = page[-1][0]
        for case_id in dict.fromkeys(c for _, c in page):
            with transaction.atomic():
                case = Case.objects.select_for_update(of=("self",)).get(pk=case_id)
                moved = clocks.reproject(case)
                dates = [(row, old) for row, old in moved if old != row.due_on]
                if dates:
                    work = Work(case, by=by, now=now)
                    notices = calendar(case.region).notices
                    for row, old in dates:
                        years = sorted({day.year for day in (old, row.due_on) if day} & set(notices))
                        work.note(
                            "cases.due_projected_anew", clock=row.kind, before=old, after=row.due_on, provisional=row.provisional,
                            notices=[notices[y].source for y in years],
                        )  # fmt: skip
                    work.save()
                    changed += len(dates)


# -- the draw's seeds -------------------------------------------------------------------------------------------------------------


def commit_draws(*, by: Actor, now: datetime, days: int = SEED_DAYS_AHEAD, first: date | None = None) -> int:
    """Commit to the seeds of the coming days and publish the commitments."""
    start = first or local_date(now)
    made = commit_seeds([start + timedelta(days=n) for n in range(days)], by=by, now=now)
    publish_draws()
    return len(made)


def reveal_draws(*, by: Actor, now: datetime) -> int:
    """Reveal the seeds of days that are over and publish them with every draw of those days."""
    revealed = reveal_seeds(before=local_date(now), by=by, now=now)
    publish_draws()
    return len(revealed)


def publish_draws() -> Path:
    """Bring the public file up to date: a line for each commitment and one for each revealed day with its draws.

    People appear by their ids only. With it and ``verify_draws.py`` anybody can repeat any draw, without a database.
    """
    folder = public_folder()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / DRAWS_FILE
    known: set[tuple[str, str]] = set()
    if path.exists():
        for line in path.read_text("utf-8").splitlines():
            entry = json.loads(line)
            known.add((entry["what"], entry["day"]))
    lines: list[dict[str, Any]] = []
    for row in DrawDay.objects.order_by("committed_at", "day"):
        if ("committed", row.day.isoformat()) not in known:
            lines.append(committed_line(row))
    for row in DrawDay.objects.exclude(revealed_at=None).order_by("day"):
        if ("revealed", row.day.isoformat()) not in known and row.revealed_seed:
            lines.append(revealed_line(row))
    if lines:
        with path.open("a", encoding="utf-8") as out:
            out.write("".join(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n" for line in lines))
            out.flush()
            os.fsync(out.fileno())
    return path


__all__ = ["commit_draws", "deem_accepted", "lapse_corrections", "lapse_drafts", "publish_draws", "reproject_open", "reveal_draws"]
