from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.kernel.calendar import NoticeWrong, WorkingCalendar, YearNotice, seed_notices, with_weekday

CALENDAR = WorkingCalendar(seed_notices())
DAYS = st.dates(date(2004, 1, 1), date(2030, 12, 31))

# Typed from the two State Council notices, independently of the package.
NOTICES = {
    2025: (
        ["01-01/01-01", "01-28/02-04", "04-04/04-06", "05-01/05-05", "05-31/06-02", "10-01/10-08"],
        ["01-26", "02-08", "04-27", "09-28", "10-11"],
    ),
    2026: (
        ["01-01/01-03", "02-15/02-23", "04-04/04-06", "05-01/05-05", "06-19/06-21", "09-25/09-27", "10-01/10-07"],
        ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"],
    ),
}


@pytest.mark.parametrize("year", NOTICES)
def test_the_seed_agrees_with_the_notice_day_by_day(year):
    closed = set()
    for span in NOTICES[year][0]:
        first, last = (date.fromisoformat(f"{year}-{p}") for p in span.split("/"))
        closed |= {first + timedelta(days=n) for n in range((last - first).days + 1)}
    worked = {date.fromisoformat(f"{year}-{d}") for d in NOTICES[year][1]}
    for n in range(365):
        day = date(year, 1, 1) + timedelta(days=n)
        expected = day not in closed and (day.weekday() < 5 or day in worked)
        assert CALENDAR.is_working(day) is expected, day
    assert CALENDAR.working_days_in(year) == 248


def test_a_year_without_a_notice_is_plain_weekends_and_not_announced():
    assert not CALENDAR.is_announced(date(2027, 2, 8))
    assert CALENDAR.is_working(date(2027, 2, 8))
    assert not CALENDAR.is_working(date(2027, 2, 7))
    assert CALENDAR.last_announced == date(2026, 12, 31)


def test_a_regional_day_off_closes_only_that_region():
    local = WorkingCalendar(seed_notices(), local=[date(2026, 11, 25)])
    assert CALENDAR.is_working(date(2026, 11, 25))
    assert not local.is_working(date(2026, 11, 25))
    assert local.add_working_days(date(2026, 11, 24), 1) == date(2026, 11, 26)


@given(DAYS, st.integers(1, 260))
def test_counting_forward_is_what_counting_one_by_one_gives(start, n):
    day, left = start, n
    while left:
        day += timedelta(days=1)
        left -= CALENDAR.is_working(day)
    assert CALENDAR.add_working_days(start, n) == day
    assert CALENDAR.working_days_between(start, day) == n


@given(DAYS, st.integers(1, 100))
def test_counting_back_undoes_counting_forward_from_a_working_day(start, n):
    start = CALENDAR.roll_forward(start)
    assert CALENDAR.add_working_days(CALENDAR.add_working_days(start, n), -n) == start


@given(DAYS)
def test_rolling_forward_gives_the_next_working_day(day):
    rolled = CALENDAR.roll_forward(day)
    assert rolled >= day
    assert CALENDAR.is_working(rolled)
    assert not any(CALENDAR.is_working(day + timedelta(days=n)) for n in range((rolled - day).days))


@pytest.mark.parametrize(
    ("closed", "worked"),
    [
        (["2027-01-01"], ["2028-01-01"]),  # a day of another year
        (["2027-01-02"], ["2027-01-02"]),  # both closed and worked
        ([], ["2027-01-04"]),  # a Monday need not be named as worked
    ],
)
def test_a_notice_that_contradicts_itself_is_refused(closed, worked):
    with pytest.raises(NoticeWrong):
        YearNotice(2027, frozenset(map(date.fromisoformat, closed)), frozenset(map(date.fromisoformat, worked)))


def test_days_are_printed_with_their_weekday():
    assert with_weekday(date(2026, 11, 22)) == "2026-11-22 (周日)"
