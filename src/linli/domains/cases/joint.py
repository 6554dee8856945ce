"""Joint matters, the pure part: which part waits, which can begin, which will never get what it waits for, and until when it all takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from linli.domains.cases.lifecycle import State
from linli.kernel.text import Message, msg, noop

Needs = Sequence[Sequence[str]]  # for each paper, the parts that may produce it


class Outcome(StrEnum):
    """What has become of a part, for those that wait for it."""

    OPEN = "open"
    GIVEN = "given"
    FAILED = "failed"


class Standing(StrEnum):
    """How a part stands before it is a case; a case speaks for itself."""

    UNASKED = "unasked"
    LEFT_OUT = "left_out"
    READY = "ready"
    WAITING = "waiting"
    BLOCKED = "blocked"
    GIVEN_UP = "given_up"
    CASE = "case"

    @property
    def label(self) -> str:
        return _STANDINGS[self]


_STANDINGS = {
    Standing.UNASKED: noop("还没有选"), Standing.LEFT_OUT: noop("这次不办"), Standing.READY: noop("待提交"),
    Standing.WAITING: noop("等前面的事项办好"), Standing.BLOCKED: noop("前面的事项没有办成"), Standing.GIVEN_UP: noop("已不再办理"),
    Standing.CASE: noop("办理中"),
}  # fmt: skip

_ENDED_BADLY = (State.NOT_ACCEPTED, State.WITHDRAWN)
_GIVEN = (State.ISSUED, State.DELIVERED, State.CLOSED)


def outcome_of(state: State, approved: bool | None) -> Outcome:
    """What a case means for those who wait for its result."""
    if approved is False or state in _ENDED_BADLY:
        return Outcome.FAILED
    return Outcome.GIVEN if state in _GIVEN else Outcome.OPEN


def standing_of(needs: Needs, outcomes: Mapping[str, Outcome]) -> Standing:
    """Whether a part that is wanted can begin: when for each paper one of its producers has given it.

    It never will when for one paper all of them failed; a producer that is not part of it counts as failed.
    """
    for producers in needs:
        found = [outcomes.get(p, Outcome.FAILED) for p in producers]
        if Outcome.GIVEN in found:
            continue
        return Standing.WAITING if Outcome.OPEN in found else Standing.BLOCKED
    return Standing.READY


def settle(parts: Mapping[str, Needs], known: Mapping[str, Outcome]) -> dict[str, Standing]:
    """How every part that is not a case yet stands; ``known`` are the outcomes of cases and of parts that were given up.

    A part that is blocked blocks those behind it.
    """
    outcomes = {code: known.get(code, Outcome.OPEN) for code in {*parts, *known}}
    standings: dict[str, Standing] = {}
    while True:
        fresh = {code: standing_of(needs, outcomes) for code, needs in parts.items() if code not in known}
        if fresh == standings:
            return standings
        standings = fresh
        outcomes |= {code: Outcome.FAILED for code, s in standings.items() if s is Standing.BLOCKED}


@dataclass(frozen=True, slots=True)
class Leg:
    """One part on the way to the end of the whole: when it begins at the latest and when it ends."""

    code: str
    starts: date
    ends: date


@dataclass(frozen=True, slots=True)
class Promise:
    """Until when all of a joint matter is done, by which chain of parts, and until when each part is."""

    day: date | None
    chain: tuple[Leg, ...]
    ends: Mapping[str, date] = field(default_factory=dict)


def promise(
    parts: Iterable[tuple[str, Needs]], *, begins: date, ends: Callable[[str, date], date | None], known: Mapping[str, date]
) -> Promise:
    """Follow the chains of parts, given in an order in which none comes before what it waits for.

    ``known`` are the ends that are already fixed or promised; ``ends`` tells when a part ends that begins on a day. A part begins when the
    last of what it waits for ends.
    """
    legs: dict[str, tuple[Leg, ...]] = {}
    for code, needs in parts:
        before = max((legs[p] for producers in needs for p in producers if p in legs), key=lambda chain: chain[-1].ends, default=())
        start = before[-1].ends if before else begins
        end = known.get(code) or ends(code, start)
        if end is not None:
            legs[code] = (*before, Leg(code, start, end))
    longest = max(legs.values(), key=lambda chain: chain[-1].ends, default=())
    return Promise(longest[-1].ends if longest else None, longest, {code: chain[-1].ends for code, chain in legs.items()})


def explain(found: Promise, names: Mapping[str, str]) -> Message:
    """Why the whole takes until its day."""
    if not found.chain:
        return msg("已经没有要等的事项。")
    if len(found.chain) == 1:
        only = found.chain[0]
        return msg("各事项同时办理，最晚的是“%(name)s”，%(day)s 前办结。", name=names[only.code], day=only.ends.isoformat())
    return msg(
        "最长的一串是 %(chain)s，后一项等前一项的结果，%(day)s 前全部办结；其余事项同时办理。",
        chain=" → ".join(f"“{names[leg.code]}”" for leg in found.chain), day=found.chain[-1].ends.isoformat(),
    )  # fmt: skip
