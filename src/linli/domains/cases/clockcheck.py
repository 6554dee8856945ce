"""Running a file of deadline cases (the format of ``data/deadline-cases.yaml``) through the clock.

Each case gives a start, a limit, a unit and events, and what must come out of it. Only what the clock computes is compared;
``if_missed`` names a local consequence and no date, and is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from linli.domains.cases.clock import (
    Budget,
    ClockKind,
    Conventions,
    CountUnit,
    Due,
    Extension,
    Pause,
    due,
    explain,
    received_on,
)
from linli.kernel.calendar import SHANGHAI, WorkingCalendar, YearNotice
from linli.kernel.errors import LinliError
from linli.kernel.text import Message, noop

NOTICE_DAYS = 5  # 行政许可法 art. 32(4), unless the case says otherwise
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WITH_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_NOT_COMPUTED = {"if_missed"}
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError)
# The first of these that a case gives is day 0.
_STARTS = (
    "accepted_at", "correction_received_at", "received_at", "filed_at", "decided_at", "rated_at", "event_on", "last_certified_on",
    "chosen_retirement_on",
)  # fmt: skip


class CaseFileWrong(LinliError):
    code = "cases.clock_file_wrong"
    template = noop("时限用例文件有误：%(where)s %(why)s")
    remedy = noop("格式见 docs/operations.md“时限用例”一节。")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case: its id, title, and for every expectation that was not met what came out instead."""

    id: str
    title: str
    wrong: dict[str, tuple[Any, Any]]
    explanation: tuple[Message, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.wrong


def run_file(raw: Mapping[str, Any], *, notices: Iterable[YearNotice], conventions: Conventions) -> list[Outcome]:
    """Run every case of a parsed file; a calendar in the file counts for its years before ours. Raises :class:`CaseFileWrong`."""
    if not isinstance(raw, Mapping) or not isinstance(raw.get("cases"), list):
        raise CaseFileWrong(where="cases", why="—")
    try:
        own = list(map(_notice, (raw.get("calendar") or {}).items()))
    except _UNREADABLE as error:
        raise CaseFileWrong(where="calendar", why=repr(error)) from error
    calendar = WorkingCalendar(({n.year: n for n in notices} | {n.year: n for n in own}).values())
    return [run_case(case, calendar=calendar, conventions=conventions) for case in raw["cases"]]


def _notice(entry: tuple[Any, Mapping[str, Any]]) -> YearNotice:
    year, body = entry
    closed: set[date] = set()
    for span in body.get("closed", []):
        first, last = _day(span["first"]), _day(span.get("last", span["first"]))
        closed |= {first + timedelta(days=n) for n in range((last - first).days + 1)}
    return YearNotice(int(year), frozenset(closed), frozenset(map(_day, body.get("weekend_days_worked", []))), "file")


def run_case(case: Mapping[str, Any], *, calendar: WorkingCalendar, conventions: Conventions) -> Outcome:
    """Run one case and compare with what it expects. A value the clock cannot read fails this case and no other.

    Raises :class:`CaseFileWrong` for what is no case at all.
    """
    try:
        name, title = str(case.get("id", "?")), str(case.get("title", ""))
        given, expected = dict(case["input"]), dict(case["expected"])
    except _UNREADABLE as error:
        raise CaseFileWrong(where=case["id"] if isinstance(case, Mapping) and "id" in case else case, why=repr(error)) from error
    wrong = {}
    try:
        got, sentences = compute(given, calendar=calendar, conventions=conventions)
        for key, want in expected.items():
            if key in _NOT_COMPUTED:
                continue
            have = got.get(key, "not computed")
            if _text(have, want) != _text(want, want):
                wrong[key] = (_text(want, want), _text(have, want))
    except (*_UNREADABLE, LinliError, OverflowError, StopIteration) as error:
        return Outcome(name, title, {"case": ("readable", repr(error))})
    return Outcome(name, title, wrong, tuple(sentences))


def compute(
    given: Mapping[str, Any], *, calendar: WorkingCalendar, conventions: Conventions
) -> tuple[dict[str, Any], list[Message]]:
    """Everything the clock has to say about an input."""
    events = [dict(e) for e in given.get("events") or []]
    unit = CountUnit(given["unit"])
    start, start_at = _start(given, events, calendar, conventions)
    deemed, notice_given = False, False
    received = next((_day(e["date"]) for e in events if e["type"] == "received"), None) or (
        _day(given["received_at"]) if "received_at" in given else start
    )
    for e in events:
        match e["type"]:
            case "correction_notice":
                limit = int(given.get("notice_limit", e.get("limit", NOTICE_DAYS)))
                last = calendar.add_working_days(received, limit) if received else None
                late = e["late"] if "late" in e else bool(last and _day(e["given_on"]) > last)
                if "correction_received_at" in given and "late" not in e:
                    late = False  # the case itself says that the clock starts with the correction
                deemed, notice_given = late, not late
                start = received if late else None
            case "correction_received" if notice_given and e.get("effect") != "none":
                # Corrections that leave something out keep the case waiting.
                start = _day(e["date"]) if e.get("complete", True) else None
            case "silent_match" | "certified" if start:
                start = max(start, _day(e["date"]))
    pauses = _pauses(events)
    extensions = [
        Extension(_day(e["approved_on"]), int(e["add"]), str(e.get("approved_by", ""))) for e in events if e["type"] == "extension"
    ]
    if start is None:
        return {
            "due_date": None,
            "due_weekday": None,
            "deemed_accepted": deemed,
            "accepted_at_effective": None,
            "state": "not_started",
        }, []
    budget = Budget(int(given["limit"]), unit, start, start_at)
    result = due(budget, calendar=calendar, pauses=pauses, extensions=extensions, conventions=conventions)
    got: dict[str, Any] = {
        "due_date": result.at if result.at else result.day,
        "due_at": result.instant(conventions),
        "due_weekday": _WEEKDAYS[result.day.weekday()] if result.day else None,
        "latest_notice_date": result.day,
        "accepted_at_effective": start,
        "deemed_accepted": deemed,
        "due_before_extension": result.before_extension,
        "extension_effective": bool(result.effective) and not (result.late or result.again),
        "overdue_from": result.overdue_from,
        "provisional": result.provisional,
        "paused": result.day is None,
        "state": _state(events, result, given),
    }
    return got, explain(ClockKind.PROMISED, budget, result, pauses)


def _start(
    given: Mapping[str, Any], events: list[dict[str, Any]], calendar: WorkingCalendar, conventions: Conventions
) -> tuple[date | None, datetime | None]:
    key = next((k for k in _STARTS if k in given), None)
    if key is None:
        key = next((k for k in given if k.endswith(("_at", "_on"))), None)
    if key is None or key == "submitted_at":
        moment = _moment(given["submitted_at"] if key else next(e["at"] for e in events if e["type"] == "submitted"))
        return received_on(moment, calendar=calendar, next_working_day=True, conventions=conventions), moment
    return _day(given[key]), _moment(given[key])


def _pauses(events: list[dict[str, Any]]) -> list[Pause]:
    """In the order of their days, however they are listed; a resumption ends the earliest pause that still goes on."""
    pauses: list[Pause] = []
    for e in sorted((e for e in events if e["type"] in ("pause", "resume")), key=lambda e: (_day(e["date"]), e["type"])):
        if e["type"] == "pause":
            pauses.append(Pause(_day(e["date"]), None, str(e.get("reason", ""))))
        elif (n := next((n for n, p in enumerate(pauses) if p.last is None), None)) is not None:
            pauses[n] = replace(pauses[n], last=_day(e["date"]))
    return pauses


def _state(events: list[dict[str, Any]], result: Due, given: Mapping[str, Any]) -> str:
    kinds = {e["type"] for e in events}
    if kinds & {"withdraw", "withdrawn"}:
        return "void"
    decided = next((_day(e["date"]) for e in events if e["type"] in ("decide", "decided")), None)
    if decided:
        return "met" if result.day is None or decided <= result.day else "overdue"
    if result.day is None:
        return "paused"
    as_of = given.get("as_of") or given.get("today")
    return "overdue" if as_of and _day(as_of) > result.day else "running"


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])


def _moment(value: Any) -> datetime:
    if isinstance(value, str) and len(value) > 10:
        value = datetime.fromisoformat(value)
    elif not isinstance(value, datetime):
        day = _day(value)
        value = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
    return value if value.tzinfo else value.replace(tzinfo=SHANGHAI)


def _text(value: Any, like: Any) -> Any:
    """Spell a value as the expectation spells it: dates as days, or to the minute where it gives a time."""
    to_the_minute = isinstance(like, datetime) or (isinstance(like, str) and bool(_WITH_TIME.match(like)))
    if isinstance(value, datetime) or (isinstance(value, str) and to_the_minute):
        moment = _moment(value).astimezone(SHANGHAI)
        return moment.strftime("%Y-%m-%dT%H:%M") if to_the_minute else moment.date().isoformat()
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00" if to_the_minute else value.isoformat()
    return value
