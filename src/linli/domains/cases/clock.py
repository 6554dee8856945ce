"""Deadlines as a budget and a ledger. The due date is never stored as a fact: it is derived, explained, and can be derived
again for any past day or under a new calendar (``docs/deadlines.md`` 4).

Day 0 is the day of the starting event and is never counted (民法典 art. 201). Working days count only working days. Calendar
days count every day, and a last day that is closed moves on to the next working day (art. 203). Days of a pause are left out.
An extension counts once, and only if approved on or before the due date then in force.
"""

from __future__ import annotations

import calendar as _months
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from linli.kernel.calendar import SHANGHAI, WorkingCalendar, day_said
from linli.kernel.text import Message, msg, noop

_DAY = timedelta(days=1)


class ClockKind(StrEnum):
    """All clocks a case may carry. On-time figures use the promise, legal escalation the statutory one."""

    NOTICE = "notice"
    CORRECTION = "correction"
    PROMISED = "promised"
    STATUTORY = "statutory"
    STAGE = "stage"
    DELIVERY = "delivery"

    @property
    def label(self) -> str:
        return _KINDS[self]

    @property
    def stops_in_suspension(self) -> bool:
        """Special-procedure time is left out of handling, not of telling or delivering."""
        return self in (ClockKind.PROMISED, ClockKind.STATUTORY, ClockKind.STAGE)


_KINDS = {
    ClockKind.NOTICE: noop("告知补正时限"),
    ClockKind.CORRECTION: noop("申请人补正时限"),
    ClockKind.PROMISED: noop("承诺办结时限"),
    ClockKind.STATUTORY: noop("法定办结时限"),
    ClockKind.STAGE: noop("环节时限"),
    ClockKind.DELIVERY: noop("送达时限"),
}


class CountUnit(StrEnum):
    WORKDAY = "workday"
    CALDAY = "calday"
    HOUR = "hour"
    MONTH = "month"

    @property
    def label(self) -> str:
        return {"workday": noop("个工作日"), "calday": noop("日"), "hour": noop("小时"), "month": noop("个月")}[self.value]


@dataclass(frozen=True, slots=True)
class Budget:
    """How much time, counted how, from when. ``start`` is day 0; ``start_at`` is the moment, for hours only."""

    number: int
    unit: CountUnit
    start: date
    start_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Time that is not counted, from its first day to its last; ``last`` is None while it goes on."""

    first: date
    last: date | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Extension:
    """More time, approved on a day."""

    approved_on: date
    add: int
    approver: str = ""


@dataclass(frozen=True, slots=True)
class Conventions:
    """Settings where the law is silent: whether the first and last day of a pause count, and when a day ends."""

    pause_counts_first_day: bool = False
    pause_counts_last_day: bool = False
    close_of_business: time = time(17, 30)


@dataclass(frozen=True, slots=True)
class Due:
    """The derived deadline. ``day`` is None while a pause goes on, since the end cannot be known yet.

    ``provisional`` says that the count went through a year whose holiday notice is not out. Extensions that came ``late``, or
    ``again`` after one that counts, have no effect.
    """

    day: date | None
    at: datetime | None = None
    provisional: bool = False
    before_extension: date | None = None
    effective: tuple[Extension, ...] = ()
    late: tuple[Extension, ...] = ()
    again: tuple[Extension, ...] = ()
    closed_days: tuple[tuple[date, date], ...] = field(default=())
    worked_weekends: tuple[date, ...] = ()

    def instant(self, conventions: Conventions) -> datetime | None:
        """The last moment that is in time: close of business of the due day, or the exact hour."""
        if self.at is not None:
            return self.at
        return datetime.combine(self.day, conventions.close_of_business, SHANGHAI) if self.day else None

    @property
    def overdue_from(self) -> date | None:
        return self.day + _DAY if self.day else None


def due(
    budget: Budget,
    *,
    calendar: WorkingCalendar,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Extension] = (),
    conventions: Conventions = Conventions(),
) -> Due:
    """Derive the deadline of a budget under its ledger of pauses and extensions."""
    total, before = budget.number, None
    effective: list[Extension] = []
    late: list[Extension] = []
    again: list[Extension] = []
    for extension in extensions:
        if effective:
            again.append(extension)
            continue
        # In force at the approval is the end as it then stood: pauses that began later do not save a late extension.
        known = [p for p in pauses if p.first <= extension.approved_on]
        before = _last_day(budget, total, calendar, known, conventions)
        if before is None or extension.approved_on <= before:
            effective.append(extension)
            total += extension.add
        else:
            late.append(extension)
    day = _last_day(budget, total, calendar, pauses, conventions)
    found = Due(day, before_extension=before, effective=tuple(effective), late=tuple(late), again=tuple(again))
    if budget.unit is CountUnit.HOUR:
        return replace(found, at=_last_moment(budget, total))
    last = day or max((p.first for p in pauses), default=budget.start)
    return replace(
        found,
        provisional=day is not None and not _announced(calendar, budget.start, day),
        closed_days=_closed_spans(calendar, budget.start, last) if budget.unit is CountUnit.WORKDAY else (),
        worked_weekends=_worked(calendar, budget.start, last) if budget.unit is CountUnit.WORKDAY else (),
    )


def _last_moment(budget: Budget, number: int) -> datetime:
    start = budget.start_at or datetime.combine(budget.start, time(0), SHANGHAI)
    return start + timedelta(hours=number)


def _last_day(
    budget: Budget, number: int, calendar: WorkingCalendar, pauses: Sequence[Pause], conventions: Conventions
) -> date | None:
    if budget.unit is CountUnit.MONTH:
        return add_months(budget.start, number)
    if budget.unit is CountUnit.HOUR:
        return _last_moment(budget, number).astimezone(SHANGHAI).date()
    spans = _left_out(pauses, conventions)
    if not spans:
        if budget.unit is CountUnit.WORKDAY:
            return calendar.add_working_days(budget.start, number)
        return calendar.roll_forward(budget.start + number * _DAY)
    day, left = budget.start, number
    while left > 0:
        day += _DAY
        span = _span_over(day, spans)
        if span:
            if span[1] is None:
                return None
            day = span[1]
        elif budget.unit is CountUnit.CALDAY or calendar.is_working(day):
            left -= 1
    # The last day moves on from a holiday (民法典 art. 203), and from a pause into which that brings it.
    while span := _span_over(day := calendar.roll_forward(day), spans):
        if span[1] is None:
            return None
        day = span[1] + _DAY
    return day


def _span_over(day: date, spans: Sequence[tuple[date, date | None]]) -> tuple[date, date | None] | None:
    return next((s for s in spans if s[0] <= day and (s[1] is None or day <= s[1])), None)


def _left_out(pauses: Sequence[Pause], conventions: Conventions) -> list[tuple[date, date | None]]:
    """The days each pause takes out of the count, as spans; empty ones dropped."""
    spans: list[tuple[date, date | None]] = []
    for p in pauses:
        first = p.first + (_DAY if conventions.pause_counts_first_day else timedelta())
        last = p.last - (_DAY if conventions.pause_counts_last_day else timedelta()) if p.last else None
        if last is None or first <= last:
            spans.append((first, last))
    return sorted(spans, key=lambda s: s[0])


def add_months(day: date, months: int) -> date:
    """The same day of a month later or earlier, or that month's last day (民法典 art. 202)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, _months.monthrange(year, month + 1)[1]))


def _announced(calendar: WorkingCalendar, start: date, end: date) -> bool:
    return all(calendar.is_announced(date(year, 1, 1)) for year in range(start.year, end.year + 1))


def _closed_spans(calendar: WorkingCalendar, start: date, end: date) -> tuple[tuple[date, date], ...]:
    """Stretches that an ordinary week would not close: what an explanation must mention."""
    spans: list[tuple[date, date]] = []
    run: list[date] = []
    day = start + _DAY
    while day <= end + _DAY:
        if day <= end and not calendar.is_working(day):
            run.append(day)
        else:
            if run and any(d.weekday() < 5 for d in run):
                spans.append((run[0], run[-1]))
            run = []
        day += _DAY
    return tuple(spans)


def _worked(calendar: WorkingCalendar, start: date, end: date) -> tuple[date, ...]:
    days = (start + _DAY * n for n in range(1, (end - start).days + 1))
    return tuple(d for d in days if d.weekday() >= 5 and calendar.is_working(d))


# -- in words ---------------------------------------------------------------------------------------------------------------


def explain(kind: ClockKind, budget: Budget, result: Due, pauses: Sequence[Pause] = ()) -> list[Message]:
    """The sentences that tell why the deadline is what it is, for the applicant and the auditor alike."""
    unit = Message(budget.unit.label)
    said = [
        msg(
            "%(kind)s %(n)s %(unit)s，自 %(start)s 的次日起算。", kind=Message(kind.label), n=budget.number, unit=unit,
            start=day_said(budget.start),
        )
        if budget.number
        else msg("即办件，当日（%(start)s）下班前办结。", start=day_said(budget.start))
    ]  # fmt: skip
    if result.closed_days:
        spans = tuple(
            a.isoformat() if a == b else msg("%(a)s 至 %(b)s", a=a.isoformat(), b=b.isoformat()) for a, b in result.closed_days
        )
        said.append(msg("其间 %(spans)s 放假，不计入。", spans=spans))
    if result.worked_weekends:
        said.append(msg("%(days)s 为调休上班日，计入。", days=tuple(d.isoformat() for d in result.worked_weekends)))
    for p in pauses:
        if p.last:
            said.append(msg("%(a)s 至 %(b)s 因%(why)s中止，不计入。", a=p.first.isoformat(), b=p.last.isoformat(), why=p.reason))
        else:
            said.append(msg("%(a)s 起因%(why)s中止，恢复后继续计算。", a=p.first.isoformat(), why=p.reason))
    for e in result.effective:
        said.append(
            msg("%(day)s 经%(who)s批准延长 %(n)s %(unit)s。", day=e.approved_on.isoformat(), who=e.approver, n=e.add, unit=unit)
        )
    for e in result.late:
        said.append(msg("%(day)s 的延长在到期之后批准，不生效。", day=e.approved_on.isoformat()))
    for e in result.again:
        said.append(msg("%(day)s 的延长不生效：同一时限只能延长一次。", day=e.approved_on.isoformat()))
    if result.day is None:
        said.append(msg("恢复办理前，到期日暂不能确定。"))
    elif result.at is not None:
        said.append(msg("应于 %(at)s 前完成。", at=result.at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")))
    elif (
        budget.unit is CountUnit.CALDAY
        and budget.start + (budget.number + sum(e.add for e in result.effective)) * _DAY < result.day
        and not pauses
    ):
        said.append(msg("最后一日逢放假，顺延至 %(day)s。", day=day_said(result.day)))
    else:
        said.append(msg("应于 %(day)s 前办结。", day=day_said(result.day)))
    if result.provisional:
        said.append(msg("%(year)s 年放假安排尚未公布，此日期为暂定。", year=result.day.year if result.day else ""))
    return said


# -- receipt and acceptance ----------------------------------------------------------------------------------------------------


def received_on(
    at: datetime, *, calendar: WorkingCalendar, next_working_day: bool, conventions: Conventions = Conventions()
) -> date:
    """The day on which something handed in counts as received.

    What comes after close of business or on a closed day counts on the next working day, unless the site has set that
    the calendar day counts (``docs/deadlines.md`` DL-025, L).
    """
    local = at.astimezone(SHANGHAI)
    if not next_working_day:
        return local.date()
    if not calendar.is_working(local.date()):
        return calendar.roll_forward(local.date())
    return local.date() if local.time() <= conventions.close_of_business else calendar.add_working_days(local.date(), 1)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """From which day the processing clocks run, and whether silence made it so (行政许可法 art. 32)."""

    day: date | None
    deemed: bool


def effective_acceptance(
    *, received: date, notice_due: date, notice_given: date | None, corrected_on: date | None, accepted_on: date | None, today: date,
    silence_accepts: bool = True,
) -> Acceptance:  # fmt: skip
    """Day 0 of the processing clocks.

    A correction notice given in time: the day all corrections arrived (None while they are awaited). Given late, or nothing
    said by the last day: the day of receipt, by law; a later correction changes nothing. Otherwise the day of acceptance.
    """
    in_time = notice_given is not None and notice_given <= notice_due
    if in_time:
        return Acceptance(corrected_on, deemed=False)
    if accepted_on is not None and accepted_on <= notice_due:
        return Acceptance(accepted_on, deemed=False)
    if silence_accepts and today > notice_due:
        return Acceptance(received, deemed=True)
    return Acceptance(accepted_on, deemed=False)


# -- colour ----------------------------------------------------------------------------------------------------------------------


class Colour(StrEnum):
    """How pressing a clock is. Colour never speaks alone: the label goes with it."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"
    PAUSED = "paused"
    DONE = "done"

    @property
    def label(self) -> str:
        return _COLOURS[self]


_COLOURS = {
    Colour.GREEN: noop("期限内"),
    Colour.AMBER: noop("即将到期"),
    Colour.RED: noop("已超期"),
    Colour.PAUSED: noop("中止计时"),
    Colour.DONE: noop("已完成"),
}


def amber_from(budget: Budget, end: date, *, calendar: WorkingCalendar, fraction: float, working_days: int) -> date:
    """The first day on which a clock is amber: a fraction of the limit, or some working days, before its end (K)."""
    total = calendar.working_days_between(budget.start, end)
    left = max(int(total * fraction), working_days)
    return max(calendar.add_working_days(end, -left) if left else end, budget.start)


def colour(*, end: date | None, amber: date | None, now: datetime, conventions: Conventions, paused: bool, stopped: bool) -> Colour:
    """The colour of a clock at a moment; red from the first minute after its last."""
    if stopped:
        return Colour.DONE
    if paused or end is None:
        return Colour.PAUSED
    local = now.astimezone(SHANGHAI)
    if local > datetime.combine(end, conventions.close_of_business, SHANGHAI):
        return Colour.RED
    return Colour.AMBER if amber is not None and local.date() >= amber else Colour.GREEN
