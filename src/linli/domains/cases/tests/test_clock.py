"""The clock: the given cases whole, and every rule against a slow day-by-day model of it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from importlib import resources

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from linli.domains.cases.clock import (
    Budget,
    ClockKind,
    Colour,
    Conventions,
    CountUnit,
    Extension,
    Pause,
    add_months,
    amber_from,
    colour,
    due,
    effective_acceptance,
    explain,
    received_on,
)
from linli.domains.cases.clockcheck import CaseFileWrong, compute, run_case, run_file
from linli.kernel.calendar import SHANGHAI, WorkingCalendar, YearNotice, seed_notices
from linli.kernel.text import joined

NOTICES = seed_notices()
CALENDAR = WorkingCalendar(NOTICES)
PLAIN = Conventions()
DAY = timedelta(days=1)
FILE = yaml.safe_load((resources.files("linli.domains.cases") / "data/deadline-cases.yaml").read_text("utf-8"))
DAYS = st.dates(date(2024, 6, 1), date(2026, 10, 1))
UNITS = st.sampled_from([CountUnit.WORKDAY, CountUnit.CALDAY])


@pytest.mark.parametrize("case", FILE["cases"], ids=[c["id"] for c in FILE["cases"]])
def test_the_given_cases(case):
    outcome = run_case(case, calendar=CALENDAR, conventions=PLAIN)
    assert outcome.passed, outcome.wrong


def test_the_whole_file_runs_on_its_own_calendar_too():
    assert all(o.passed for o in run_file(FILE, notices=[], conventions=PLAIN))
    assert len(FILE["cases"]) == 48


def test_the_check_can_fail_and_says_what_came_out():
    case = {
        "id": "X",
        "input": {"accepted_at": "2025-03-03", "limit": 20, "unit": "workday"},
        "expected": {"due_date": "2025-03-30", "colour": "red"},
    }
    outcome = run_case(case, calendar=CALENDAR, conventions=PLAIN)
    assert outcome.wrong == {"due_date": ("2025-03-30", "2025-03-31"), "colour": ("red", "not computed")}
    for broken in ({"id": "Z"}, {"id": "Y", "input": {}}, "X", {"id": "W", "input": "x", "expected": {}}):
        with pytest.raises(CaseFileWrong, match=broken["id"] if isinstance(broken, dict) else broken):
            run_case(broken, calendar=CALENDAR, conventions=PLAIN)


@pytest.mark.parametrize(
    "unreadable",
    [
        {}, {"limit": 1, "unit": "workday"}, {"accepted_at": "2025-03-03", "limit": 1, "unit": "week"},
        {"accepted_at": "2025-02-30", "limit": 1, "unit": "workday"}, {"accepted_at": "2098-12-31", "limit": 900, "unit": "workday"},
    ],
)  # fmt: skip
def test_a_case_that_cannot_be_read_fails_alone(unreadable):
    good = {
        "id": "G",
        "input": {"accepted_at": "2025-03-03", "limit": 20, "unit": "workday"},
        "expected": {"due_date": "2025-03-31"},
    }
    bad = {"id": "B", "input": unreadable, "expected": {}}
    outcomes = run_file({"cases": [bad, good]}, notices=NOTICES, conventions=PLAIN)
    assert [(o.id, o.passed) for o in outcomes] == [("B", False), ("G", True)]
    no_moment = good | {"expected": {"due_at": "2025-13-31T10:00"}}
    assert not run_case(no_moment, calendar=CALENDAR, conventions=PLAIN).passed


@pytest.mark.parametrize("calendar", [[1], {2025: {"closed": [{"last": "2025-01-01"}]}}, {2025: None}])
def test_a_calendar_that_cannot_be_read_is_said(calendar):
    with pytest.raises(CaseFileWrong, match="calendar"):
        run_file({"calendar": calendar, "cases": []}, notices=NOTICES, conventions=PLAIN)


def computed(*events, **given):
    start = {"accepted_at": "2025-03-03", "limit": 20, "unit": "workday"}
    return compute((given or start) | {"events": list(events)}, calendar=CALENDAR, conventions=PLAIN)


def test_pauses_are_read_in_the_order_of_their_days_and_may_overlap():
    a, b = {"type": "pause", "date": "2025-03-10"}, {"type": "resume", "date": "2025-03-14"}
    c, d = {"type": "pause", "date": "2025-03-12"}, {"type": "resume", "date": "2025-03-18"}
    overlapping = computed(a, c, b, d)[0]["due_date"]
    assert overlapping == computed(a, d)[0]["due_date"] == date(2025, 4, 10)
    assert computed(b, a)[0]["due_date"] == computed(a, b)[0]["due_date"] == date(2025, 4, 8)
    assert computed(a, c, b)[0]["due_date"] is None


def test_an_earlier_match_never_brings_the_cycle_back():
    given = {"last_certified_on": "2025-03-10", "limit": 12, "unit": "month"}
    early, late = ({"type": "silent_match", "date": d} for d in ("2025-01-21", "2025-11-21"))
    assert computed(early, **given)[0]["due_date"] == date(2026, 3, 10)
    assert computed(late, early, **given)[0]["due_date"] == date(2026, 11, 21)


# -- a slow model: walk day by day -------------------------------------------------------------------------------------------------


def walk(budget, pauses, calendar, conventions):
    """The due day by counting one day after the other."""

    def left_out(day):
        for p in pauses:
            first = p.first + DAY if conventions.pause_counts_first_day else p.first
            last = None if p.last is None else p.last - DAY if conventions.pause_counts_last_day else p.last
            if day >= first and (last is None or day <= last):
                return True
        return False

    day, left = budget.start, budget.number
    while left:
        day += DAY
        if day > date(2040, 1, 1):
            return None
        if not left_out(day) and (budget.unit is CountUnit.CALDAY or calendar.is_working(day)):
            left -= 1
    while not calendar.is_working(day) or left_out(day):
        day += DAY
    return day


@st.composite
def pause_lists(draw, start):
    pauses, day = [], start
    for _ in range(draw(st.integers(0, 3))):
        first = day + draw(st.integers(1, 20)) * DAY
        last = first + draw(st.integers(0, 30)) * DAY
        pauses.append(Pause(first, last, "专家评审"))
        day = last
    return pauses


@given(DAYS, UNITS, st.integers(0, 60), st.data(), st.booleans(), st.booleans())
def test_counting_agrees_with_walking_day_by_day(start, unit, number, data, first_counts, last_counts):
    pauses = data.draw(pause_lists(start))
    conventions = Conventions(first_counts, last_counts)
    budget = Budget(number, unit, start)
    assert due(budget, calendar=CALENDAR, pauses=pauses, conventions=conventions).day == walk(budget, pauses, CALENDAR, conventions)


@given(DAYS, UNITS, st.integers(1, 60), st.data())
def test_a_pause_never_brings_the_end_nearer_and_one_after_the_end_changes_nothing(start, unit, number, data):
    budget = Budget(number, unit, start)
    plain = due(budget, calendar=CALENDAR).day
    pauses = data.draw(pause_lists(start))
    assert due(budget, calendar=CALENDAR, pauses=pauses).day >= plain
    later = Pause(plain + DAY, None, "检验")
    assert due(budget, calendar=CALENDAR, pauses=[later]).day == plain


@given(DAYS, UNITS, st.integers(2, 60), st.integers(1, 30))
def test_while_a_pause_goes_on_the_end_is_not_known_and_resuming_gives_one(start, unit, number, length):
    budget = Budget(number, unit, start)
    first = CALENDAR.add_working_days(start, 1)
    assert due(budget, calendar=CALENDAR, pauses=[Pause(first, None, "听证")]).day is None
    assert due(budget, calendar=CALENDAR, pauses=[Pause(first, first + length * DAY, "听证")]).day is not None


@given(DAYS, UNITS, st.integers(1, 40), st.integers(1, 20), st.integers(-10, 10))
def test_an_extension_counts_exactly_if_it_came_in_time(start, unit, number, add, offset):
    budget = Budget(number, unit, start)
    plain = due(budget, calendar=CALENDAR).day
    approved = plain + offset * DAY
    result = due(budget, calendar=CALENDAR, extensions=[Extension(approved, add)])
    assert result.before_extension == plain
    if approved <= plain:
        assert result.day == due(Budget(number + add, unit, start), calendar=CALENDAR).day
        assert (len(result.effective), len(result.late)) == (1, 0)
    else:
        assert result.day == plain
        assert (len(result.effective), len(result.late)) == (0, 1)


def test_a_limit_is_extended_once():
    first, second = Extension(date(2025, 3, 28), 10), Extension(date(2025, 4, 10), 10)
    budget = Budget(20, CountUnit.WORKDAY, date(2025, 3, 3))
    result = due(budget, calendar=CALENDAR, extensions=[first, second])
    assert (result.day, result.before_extension) == (date(2025, 4, 15), date(2025, 3, 31))
    assert (result.effective, result.late, result.again) == ((first,), (), (second,))
    assert "2025-04-10 的延长不生效：同一时限只能延长一次。" in joined(explain(ClockKind.PROMISED, budget, result))
    late = Extension(date(2025, 4, 1), 10)
    assert due(budget, calendar=CALENDAR, extensions=[late, second]).late == (late, second)


def test_hours_are_extended_too_and_say_until_when_they_ran_before():
    given = {"received_at": "2025-03-03T09:00", "limit": 24, "unit": "hour"}
    got, _ = computed({"type": "extension", "approved_on": "2025-03-04", "add": 24}, **given)
    assert (got["due_at"], got["due_before_extension"]) == (datetime(2025, 3, 5, 9, 0, tzinfo=SHANGHAI), date(2025, 3, 4))
    assert got["extension_effective"]


@given(DAYS, UNITS, st.integers(0, 400))
def test_the_end_is_a_working_day_and_provisional_exactly_past_the_last_notice(start, unit, number):
    result = due(Budget(number, unit, start), calendar=CALENDAR)
    assert CALENDAR.is_working(result.day)
    assert result.provisional == (result.day.year > 2026)
    assert result.overdue_from == result.day + DAY


@given(DAYS, UNITS, st.integers(1, 60))
def test_the_explanation_names_every_closed_and_worked_day_it_counted_over(start, unit, number):
    budget = Budget(number, unit, start)
    result = due(budget, calendar=CALENDAR)
    text = joined(explain(ClockKind.PROMISED, budget, result))
    assert start.isoformat() in text
    assert result.day.isoformat() in text
    if unit is CountUnit.WORKDAY:
        day = start + DAY
        while day <= result.day:
            named = any(a <= day <= b for a, b in result.closed_days) or day in result.worked_weekends
            unusual = CALENDAR.is_working(day) != (day.weekday() < 5)
            assert named or not unusual, day
            day += DAY


def test_a_notice_that_arrives_moves_a_provisional_date():
    budget = Budget(5, CountUnit.WORKDAY, date(2027, 1, 29))
    before = due(budget, calendar=CALENDAR)
    spring = YearNotice(2027, frozenset(date(2027, 2, 5) + DAY * n for n in range(7)), frozenset({date(2027, 1, 31)}), "假想")
    after = due(budget, calendar=WorkingCalendar([*NOTICES, spring]))
    assert (before.day, before.provisional) == (date(2027, 2, 5), True)
    assert (after.day, after.provisional) == (date(2027, 2, 4), False)
    assert "暂定" in joined(explain(ClockKind.PROMISED, budget, before))


@pytest.mark.parametrize(
    ("day", "months", "result"),
    [
        ("2024-02-29", 12, "2025-02-28"),
        ("2026-05-31", -3, "2026-02-28"),
        ("2025-12-31", 2, "2026-02-28"),
        ("2025-01-15", 0, "2025-01-15"),
    ],
)
def test_months_end_on_the_same_day_or_the_last(day, months, result):
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(result)


def test_hours_run_through_nights_and_holidays():
    start = datetime(2025, 4, 30, 16, 0, tzinfo=SHANGHAI)
    result = due(Budget(24, CountUnit.HOUR, start.date(), start), calendar=CALENDAR)
    assert result.at == datetime(2025, 5, 1, 16, 0, tzinfo=SHANGHAI)
    got, _ = compute({"received_at": "2025-04-30T16:00", "limit": 24, "unit": "hour"}, calendar=CALENDAR, conventions=PLAIN)
    case = {
        "id": "H",
        "input": {"received_at": "2025-04-30T16:00", "limit": 24, "unit": "hour"},
        "expected": {"due_at": "2025-05-01T16:00", "due_date": "2025-05-01"},
    }
    assert run_case(case, calendar=CALENDAR, conventions=PLAIN).passed
    assert got["state"] == "running"


@pytest.mark.parametrize(
    ("at", "strict", "day"),
    [
        ("2026-03-01T21:30", True, "2026-03-02"),  # Sunday evening
        ("2026-03-02T17:30", True, "2026-03-02"),
        ("2026-03-02T17:31", True, "2026-03-03"),
        ("2026-02-14T23:00", True, "2026-02-24"),  # a worked Saturday before the Spring Festival
        ("2026-03-01T21:30", False, "2026-03-01"),
    ],
)
def test_what_comes_after_hours_counts_on_the_next_working_day(at, strict, day):
    moment = datetime.fromisoformat(at).replace(tzinfo=SHANGHAI)
    assert received_on(moment, calendar=CALENDAR, next_working_day=strict) == date.fromisoformat(day)


def acceptance(**changes):
    facts = {
        "received": date(2025, 5, 6), "notice_due": date(2025, 5, 13), "notice_given": None, "corrected_on": None, "accepted_on": None,
        "today": date(2025, 5, 12),
    }  # fmt: skip
    return effective_acceptance(**(facts | changes))


def test_from_which_day_the_clock_runs():
    assert acceptance(accepted_on=date(2025, 5, 8)).day == date(2025, 5, 8)
    assert acceptance(notice_given=date(2025, 5, 9)).day is None
    assert acceptance(notice_given=date(2025, 5, 9), corrected_on=date(2025, 5, 20)).day == date(2025, 5, 20)
    late = acceptance(notice_given=date(2025, 5, 14), corrected_on=date(2025, 5, 21), today=date(2025, 5, 21))
    assert (late.day, late.deemed) == (date(2025, 5, 6), True)
    silent = acceptance(today=date(2025, 5, 14))
    assert (silent.day, silent.deemed) == (date(2025, 5, 6), True)
    assert not acceptance(today=date(2025, 5, 14), silence_accepts=False).deemed


def test_colours_turn_at_their_moments():
    end, amber = date(2025, 3, 31), date(2025, 3, 24)

    def at(day, hour, **kw):
        now = datetime.combine(date.fromisoformat(day), time(hour), SHANGHAI)
        return colour(**({"end": end, "amber": amber, "now": now, "conventions": PLAIN, "paused": False, "stopped": False} | kw))

    assert at("2025-03-23", 9) is Colour.GREEN
    assert at("2025-03-24", 9) is Colour.AMBER
    assert at("2025-03-31", 17) is Colour.AMBER
    assert at("2025-03-31", 18) is Colour.RED
    assert at("2025-04-02", 9, paused=True) is Colour.PAUSED
    assert at("2025-04-02", 9, stopped=True) is Colour.DONE


@given(DAYS, st.integers(1, 60))
def test_amber_begins_within_the_limit_and_leaves_at_least_a_day(start, number):
    budget = Budget(number, CountUnit.WORKDAY, start)
    end = due(budget, calendar=CALENDAR).day
    first = amber_from(budget, end, calendar=CALENDAR, fraction=1 / 3, working_days=1)
    assume(number > 1)
    assert start <= first < end
    assert CALENDAR.working_days_between(first, end) == max(number // 3, 1)


def test_states_and_late_decisions_of_a_case_file():
    base = {"accepted_at": "2025-03-03", "limit": 5, "unit": "workday"}

    def state(*events, **more):
        return compute({**base, "events": list(events), **more}, calendar=CALENDAR, conventions=PLAIN)[0]["state"]

    assert state({"type": "decide", "date": "2025-03-10"}) == "met"
    assert state({"type": "decide", "date": "2025-03-11"}) == "overdue"
    assert state({"type": "withdraw", "date": "2025-03-05"}) == "void"
    assert state({"type": "pause", "date": "2025-03-05", "reason": "听证"}) == "paused"
    assert state(as_of="2025-03-11") == "overdue"
    never = compute(
        {"received_at": "2025-05-06", "limit": 20, "unit": "workday", "events": [{"type": "correction_notice", "given_on": "2025-05-09"}]},
        calendar=CALENDAR, conventions=PLAIN,
    )[0]  # fmt: skip
    assert (never["due_date"], never["state"], never["deemed_accepted"]) == (None, "not_started", False)
