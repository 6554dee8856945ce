"""Working days: Monday to Friday, minus days closed by the yearly State Council notice, plus weekend days it has worked.

Source: 全国年节及纪念日放假办法 and the yearly notices (``docs/deadlines.md`` 1, V). A year whose notice is not loaded is
counted with plain weekends and marked *provisional*. The dated data themselves live in the ``org`` room; this module
only counts.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from linli.kernel.errors import LinliError
from linli.kernel.text import Message, msg, noop

SHANGHAI = ZoneInfo("Asia/Shanghai")
_DAY = timedelta(days=1)
_WEEKDAYS = (noop("周一"), noop("周二"), noop("周三"), noop("周四"), noop("周五"), noop("周六"), noop("周日"))


class DateOutOfRange(LinliError):
    """The count left the years the calendar knows how to count."""

    code = "calendar.out_of_range"
    template = noop("日期 %(day)s 超出日历可推算的范围（%(first)s 至 %(last)s）。")
    remedy = noop("请核对起算日期和时限。")


def local_date(moment: datetime) -> date:
    """The day in Shanghai on which an aware moment falls."""
    return moment.astimezone(SHANGHAI).date()


def day_said(day: date) -> Message:
    """A day as every page prints it, ``2026-11-22 (周日)``, for a sentence that will be translated."""
    return msg("%(day)s (%(weekday)s)", day=day.isoformat(), weekday=Message(_WEEKDAYS[day.weekday()]))


def with_weekday(day: date) -> str:
    """The same in Chinese."""
    return str(day_said(day))


@dataclass(frozen=True, slots=True)
class YearNotice:
    """What the notice for one year closes and what it has worked, with where it comes from."""

    year: int
    closed: frozenset[date]
    worked: frozenset[date]
    source: str = ""

    def __post_init__(self) -> None:
        stray = [d for d in self.closed | self.worked if d.year != self.year]
        if stray:
            raise NoticeWrong(year=self.year, day=min(stray), why=msg("不在该年度内"))
        both = self.closed & self.worked
        if both:
            raise NoticeWrong(year=self.year, day=min(both), why=msg("既列为放假又列为上班"))
        idle = [d for d in self.worked if d.weekday() < 5]
        if idle:
            raise NoticeWrong(year=self.year, day=min(idle), why=msg("调休上班日应为周六或周日"))


class NoticeWrong(LinliError):
    """A calendar notice contradicts itself."""

    code = "calendar.notice_wrong"
    template = noop("%(year)s 年放假通知有误：%(day)s %(why)s。")
    remedy = noop("请对照国务院办公厅通知原文修改后重新导入。")


class WorkingCalendar:
    """Counts working days over announced years (from notices) and unannounced ones (plain weekends).

    ``local`` are regional days off on top (办法 art. 4, areas of ethnic autonomy).
    """

    FIRST, LAST = date(2000, 1, 1), date(2099, 12, 31)

    def __init__(self, notices: Iterable[YearNotice], local: Iterable[date] = ()) -> None:
        self.notices = {n.year: n for n in notices}
        self.local = frozenset(local)
        self._closed = frozenset(d for n in self.notices.values() for d in n.closed) | self.local
        self._worked = frozenset(d for n in self.notices.values() for d in n.worked)

    @cached_property
    def last_announced(self) -> date | None:
        """The last day of the last year whose notice is loaded."""
        return date(max(self.notices), 12, 31) if self.notices else None

    def is_announced(self, day: date) -> bool:
        """Whether the notice for that year is loaded; otherwise any count through it is provisional."""
        return day.year in self.notices

    def is_working(self, day: date) -> bool:
        """Whether ``day`` is a working day (a regional day off is not, even where the notice has it worked)."""
        if day in self._closed:
            return False
        return day.weekday() < 5 or day in self._worked

    def is_worked_weekend(self, day: date) -> bool:
        return day in self._worked

    @cached_property
    def _ordinals(self) -> list[int]:
        """All working days as ordinals, so that counting is two binary searches."""
        return [d.toordinal() for d in _days(self.FIRST, self.LAST) if self.is_working(d)]

    def _check(self, day: date) -> None:
        if not self.FIRST <= day <= self.LAST:
            raise DateOutOfRange(day=day, first=self.FIRST, last=self.LAST)

    def add_working_days(self, start: date, n: int) -> date:
        """The ``n``-th working day after ``start``, which is day 0 and never counted; before it when ``n`` < 0.

        ``n`` = 0 gives ``start`` itself, or the next working day when ``start`` is closed.
        """
        self._check(start)
        days, at = self._ordinals, start.toordinal()
        index = bisect_left(days, at) if n == 0 else bisect_right(days, at) + n - 1 if n > 0 else bisect_left(days, at) + n
        if not 0 <= index < len(days):
            raise DateOutOfRange(day=start, first=self.FIRST, last=self.LAST)
        return date.fromordinal(days[index])

    def roll_forward(self, day: date) -> date:
        """``day`` itself if it is worked, else the next working day (民法典 art. 203)."""
        return self.add_working_days(day, 0)

    def working_days_between(self, after: date, upto: date) -> int:
        """How many working days lie after ``after``, up to and including ``upto`` (negative when it lies before)."""
        self._check(after)
        self._check(upto)
        return bisect_right(self._ordinals, upto.toordinal()) - bisect_right(self._ordinals, after.toordinal())

    def working_days_in(self, year: int) -> int:
        return self.working_days_between(date(year - 1, 12, 31), date(year, 12, 31))


def _days(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += _DAY


def seed_notices() -> list[YearNotice]:
    """The notices of 2004-2026 as the package ``chinesecalendar`` carries them, for the first fill of the calendar.

    The package was compared day by day with the notices of 2025 and 2026: no difference (``docs/deadlines.md`` 1).
    """
    from importlib.metadata import version

    from chinese_calendar import constants

    # A weekend day in `holidays` closes nothing that plain weekends would not, but keeps the notice readable as published.
    years = sorted({d.year for d in constants.holidays})
    source = f"chinesecalendar {version('chinesecalendar')}"
    return [
        YearNotice(
            year=y,
            closed=frozenset(d for d in constants.holidays if d.year == y),
            worked=frozenset(d for d in constants.workdays if d.year == y and d.weekday() >= 5),
            source=source,
        )
        for y in years
    ]
