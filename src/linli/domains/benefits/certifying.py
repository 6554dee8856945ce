"""Certification: what signs of life and of death mean for somebody who receives a long-term benefit, and who is reached when.

One definition: the policies (``policies/injury.py``) ask the facts that :func:`vital_facts` makes of the same signs, and a test holds
that both say the same. A sign of death never stops anything by itself; it puts somebody before a person who looks into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from linli.domains.benefits.parameters import exact_yaml
from linli.kernel.text import noop

LEAST_NOTICE = timedelta(days=92)  # three months, whichever they are


class Side(StrEnum):
    """Whether a sign speaks of life, of death, or of another reason to doubt the right."""

    LIFE = "life"
    DEATH = "death"
    DOUBT = "doubt"


@dataclass(frozen=True, slots=True)
class SignKind:
    """A kind of sign. ``days``: how long a weak one counts; a strong one begins a whole cycle."""

    code: str
    side: Side
    label: str
    told: str
    strong: bool
    weight: int
    days: int
    source: str
    tag: str


class ReachWay(StrEnum):
    """How somebody is reached."""

    MESSAGE = "message"
    PHONE = "phone"
    VISIT = "visit"
    HOME = "home"

    @property
    def label(self) -> str:
        return {"message": noop("发消息"), "phone": noop("打电话"), "visit": noop("走访"), "home": noop("上门服务")}[self.value]

    @property
    def by_hand(self) -> bool:
        """Whether a person does it; what went out by itself does not count as having been reached for."""
        return self is not ReachWay.MESSAGE


class ReachOutcome(StrEnum):
    """What came of reaching out for somebody. Open while nobody has said."""

    OPEN = ""
    SENT = "sent"
    NO_ADDRESS = "no-address"
    PASSED_OVER = "passed-over"
    SEEN = "seen"
    SPOKEN = "spoken"
    NOT_FOUND = "not-found"
    MOVED = "moved"
    ABROAD = "abroad"
    REFUSED = "refused"
    DIED = "died"

    @property
    def label(self) -> str:
        return _OUTCOMES[self]


_OUTCOMES = {
    ReachOutcome.OPEN: noop("等待办理"), ReachOutcome.SENT: noop("已发出"), ReachOutcome.NO_ADDRESS: noop("没有联系方式"),
    ReachOutcome.PASSED_OVER: noop("由后面的提醒代替"), ReachOutcome.SEEN: noop("见到本人"), ReachOutcome.SPOKEN: noop("联系上本人"),
    ReachOutcome.NOT_FOUND: noop("没有找到人"), ReachOutcome.MOVED: noop("已搬走"), ReachOutcome.ABROAD: noop("在境外"),
    ReachOutcome.REFUSED: noop("不愿意认证"), ReachOutcome.DIED: noop("说是已去世"),
}  # fmt: skip
# What may be said of each way.
OUTCOMES: Mapping[ReachWay, tuple[ReachOutcome, ...]] = {
    ReachWay.MESSAGE: (),
    ReachWay.PHONE: (
        ReachOutcome.SPOKEN,
        ReachOutcome.NOT_FOUND,
        ReachOutcome.MOVED,
        ReachOutcome.ABROAD,
        ReachOutcome.REFUSED,
        ReachOutcome.DIED,
    ),
    ReachWay.VISIT: (
        ReachOutcome.SEEN,
        ReachOutcome.NOT_FOUND,
        ReachOutcome.MOVED,
        ReachOutcome.ABROAD,
        ReachOutcome.REFUSED,
        ReachOutcome.DIED,
    ),
    ReachWay.HOME: (
        ReachOutcome.SEEN,
        ReachOutcome.NOT_FOUND,
        ReachOutcome.MOVED,
        ReachOutcome.ABROAD,
        ReachOutcome.REFUSED,
        ReachOutcome.DIED,
    ),
}


class Finding(StrEnum):
    """What looking into a doubt found."""

    ALIVE = "alive"
    DEAD = "dead"
    LOST = "lost"

    @property
    def label(self) -> str:
        return {"alive": noop("本人在世，资格没有变化"), "dead": noop("已去世"), "lost": noop("因其他原因丧失资格")}[self.value]


class Settled(StrEnum):
    """What became of a proposal to suspend payment. Open while nobody has decided; it lapses when the person is certified meanwhile."""

    OPEN = ""
    AGREED = "agreed"
    REFUSED = "refused"
    LAPSED = "lapsed"

    @property
    def label(self) -> str:
        return _SETTLED[self]


_SETTLED = {
    Settled.OPEN: noop("等待复核"), Settled.AGREED: noop("同意暂停"), Settled.REFUSED: noop("不同意暂停"),
    Settled.LAPSED: noop("本人已认证，不再暂停"),
}  # fmt: skip


class Signal(StrEnum):
    """What signs of death, and other doubts, say at present."""

    NONE = ""
    SUSPECTED = "suspected"
    PRESUMED_DEAD = "presumed-dead"
    CONTRADICTED = "contradicted"


class LifeStanding(StrEnum):
    """How somebody stands on a day."""

    CERTIFIED = "certified"
    TO_CHECK = "to-check"
    SUSPECTED = "suspected"
    PRESUMED_DEAD = "presumed-dead"
    CONTRADICTED = "contradicted"

    @property
    def label(self) -> str:
        return _STANDINGS[self]


_STANDINGS = {
    LifeStanding.CERTIFIED: noop("已认证"), LifeStanding.TO_CHECK: noop("待核查"), LifeStanding.SUSPECTED: noop("疑似丧失资格"),
    LifeStanding.PRESUMED_DEAD: noop("推定去世"), LifeStanding.CONTRADICTED: noop("记录互相矛盾"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Benefit:
    """A long-term benefit: what it is called, and the item of service under which its right is certified."""

    code: str
    label: str
    item: str


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder."""

    code: str
    before: int
    way: ReachWay
    whom: str
    who: str
    label: str
    source: str
    tag: str

    def concerns(self, *, frail: bool, abroad: bool) -> bool:
        """Whether somebody is reached in this way: nobody knocks at a door behind which no one lives."""
        if abroad and self.way in (ReachWay.VISIT, ReachWay.HOME):
            return False
        return self.whom == "everybody" or (self.whom == "frail") is frail


@dataclass(frozen=True, slots=True)
class Term:
    """Within how long something is decided, where that comes from and how sure it is."""

    number: int
    unit: str
    source: str
    tag: str


@dataclass(frozen=True, slots=True)
class Book:
    """What ships with Linli about certification. ``proceedings``: how long an inquiry and a proposal to suspend may take; ``resume``: how
    payment that was held back goes on, as the paper says it."""

    kinds: Mapping[str, SignKind]
    sources: Mapping[str, str]
    benefits: Mapping[str, Benefit]
    ladder: tuple[Rung, ...]
    proceedings: Mapping[str, Term]
    resume: tuple[str, ...]


@cache
def book() -> Book:
    """Read once, and looked through."""
    return read_book((resources.files("linli.domains.benefits") / "data/certification.yaml").read_text("utf-8"))


def read_book(text: str) -> Book:
    """The file, checked: a weak sign needs a term and cannot be worth as much as a strong one. Raises ValueError."""
    raw = exact_yaml(text)
    life = {code: _life(code, k) for code, k in raw["life"].items()}
    against = {
        code: SignKind(code, side, k["label"], "", True, 0, 0, k["source"], k["tag"])
        for side in (Side.DEATH, Side.DOUBT) for code, k in raw[side].items()
    }  # fmt: skip
    strongest_weak = max((k.weight for k in life.values() if not k.strong), default=0)
    if any(k.weight <= strongest_weak for k in life.values() if k.strong) or set(life) & set(against):
        raise ValueError("a weak kind is worth as much as a strong one")
    rungs = [Rung(**{**r, "way": ReachWay(r["way"])}) for r in raw["ladder"]]
    if len({r.code for r in rungs}) < len(rungs) or {r.whom for r in rungs} - {"everybody", "frail", "others"}:
        raise ValueError("two steps of the ladder have one name, or a step is for nobody")
    return Book(
        kinds=life | against, sources={code: s["label"] for code, s in raw["sources"].items()},
        benefits={code: Benefit(code, b["label"], b["item"]) for code, b in raw["benefits"].items()},
        ladder=tuple(sorted(rungs, key=lambda r: -r.before)),
        proceedings={kind: Term(**t) for kind, t in raw["proceedings"].items()}, resume=tuple(raw["resume"]),
    )  # fmt: skip


def _life(code: str, k: Mapping[str, Any]) -> SignKind:
    strong = {"strong": True, "weak": False}[k["class"]]
    if strong == ("days" in k):
        raise ValueError(f"{code}: a weak sign has a term, a strong one begins a cycle")
    return SignKind(code, Side.LIFE, k["label"], k["told"], strong, k["weight"], k.get("days", 0), k["source"], k["tag"])


# -- what the signs mean ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign: its kind, who reported it, the day it speaks of, and when it was heard."""

    kind: str
    source: str
    day: date
    heard: datetime


@dataclass(frozen=True, slots=True)
class Terms:
    """The figures of a place on a day."""

    months: int
    weak_enough: int
    death_sources: int
    warning: timedelta


@dataclass(frozen=True, slots=True)
class Judgement:
    """Certified from the last success, by which kinds, until the last day of the cycle; and what signs against it say."""

    certified_on: date
    by: tuple[str, ...]
    until: date
    signal: Signal

    def standing(self, on: date) -> LifeStanding:
        return standing_of(self.signal, self.until, on)


def standing_of(signal: Signal, until: date, on: date) -> LifeStanding:
    """A doubt goes before everything; else it depends on the day."""
    if signal:
        return LifeStanding(signal.value)
    return LifeStanding.CERTIFIED if on <= until else LifeStanding.TO_CHECK


def last_day(since: date, months: int) -> date:
    """The last day of a cycle: the day before ``months`` full months have passed."""
    year, month = divmod(since.year * 12 + since.month - 1 + months, 12)
    try:
        return date(year, month + 1, since.day) - timedelta(1)
    except ValueError:  # the month is shorter: it is full only when the next begins
        return date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(1)


def judge(
    signs: Iterable[Sign],
    *,
    start: date,
    start_kind: str = "first_payment",
    on: date,
    terms: Terms,
    cleared_at: datetime | None = None,
) -> Judgement:
    """What all signs up to a day say. ``start`` begins the first cycle; signs against it heard until ``cleared_at`` were looked into."""
    kinds = book().kinds
    seen = sorted((s for s in signs if s.day <= on), key=lambda s: (s.day, s.kind))
    life = [s for s in seen if kinds[s.kind].side is Side.LIFE]
    certified_on = start
    by: tuple[str, ...] = (start_kind,)
    for sign in life:
        if sign.day < certified_on:
            continue
        counted = (sign.kind,) if kinds[sign.kind].strong else _together(life, sign.day, terms.weak_enough)
        if counted:
            certified_on, by = sign.day, counted
    return Judgement(certified_on, by, last_day(certified_on, terms.months), _signal(seen, terms, cleared_at))


def _together(life: Sequence[Sign], on: date, enough: int) -> tuple[str, ...]:
    """The weak kinds that on a day are enough together; none if they are not. One kind alone is never enough."""
    valid = weak_kinds(life, on)
    return valid if len(valid) > 1 and sum(book().kinds[k].weight for k in valid) >= enough else ()


def weak_kinds(life: Iterable[Sign], on: date) -> tuple[str, ...]:
    """The different weak kinds that are valid on a day."""
    kinds = book().kinds
    found = {s.kind for s in life if not kinds[s.kind].strong and s.day <= on <= s.day + timedelta(kinds[s.kind].days)}
    return tuple(sorted(found))


def _signal(seen: Sequence[Sign], terms: Terms, cleared_at: datetime | None) -> Signal:
    kinds = book().kinds
    deaths = _unsettled(seen, Side.DEATH, cleared_at)
    if not deaths:
        return Signal.SUSPECTED if _unsettled(seen, Side.DOUBT, cleared_at) else Signal.NONE
    alive = max((s.day for s in seen if kinds[s.kind].side is Side.LIFE and kinds[s.kind].strong), default=date.min)
    if any(alive > s.day for s in deaths):
        return Signal.CONTRADICTED
    return Signal.PRESUMED_DEAD if len({s.source for s in deaths}) >= terms.death_sources else Signal.SUSPECTED


def _unsettled(seen: Iterable[Sign], side: Side, cleared_at: datetime | None) -> list[Sign]:
    """The signs of a side that nobody has looked into since they were heard."""
    return [s for s in seen if book().kinds[s.kind].side is side and (cleared_at is None or s.heard > cleared_at)]


def vital_facts(signs: Iterable[Sign], *, on: date, cleared_at: datetime | None = None) -> dict[str, Any]:
    """The facts that policies ask, made of the same signs."""
    kinds = book().kinds
    seen = [s for s in signs if s.day <= on]
    life = [s for s in seen if kinds[s.kind].side is Side.LIFE]
    weak = weak_kinds(life, on)
    return {
        "life_strong_on": max((s.day for s in life if kinds[s.kind].strong), default=None),
        "life_weak_count": sum(kinds[k].weight for k in weak) if len(weak) > 1 else 0,
        "death_sources": len({s.source for s in _unsettled(seen, Side.DEATH, cleared_at)}),
        "life_doubts": len({s.kind for s in _unsettled(seen, Side.DOUBT, cleared_at)}),
    }


# -- the ladder ------------------------------------------------------------------------------------------------------------------


def rung_day(rung: Rung, until: date) -> date:
    """The day on which a step is due in the cycle that ends on a day."""
    return until - timedelta(rung.before)


def rungs_for(*, frail: bool, abroad: bool) -> tuple[Rung, ...]:
    """The steps that somebody is reached by, in order."""
    return tuple(r for r in book().ladder if r.concerns(frail=frail, abroad=abroad))


def due_rungs(*, until: date, on: date, done: Iterable[str], frail: bool, abroad: bool) -> tuple[Rung, ...]:
    """The steps whose day has come and that were not taken in this cycle."""
    taken = set(done)
    return tuple(r for r in rungs_for(frail=frail, abroad=abroad) if r.code not in taken and rung_day(r, until) <= on)


def next_day(*, until: date, done: Iterable[str], frail: bool, abroad: bool) -> date | None:
    """When the next step is due; None when all were taken."""
    taken = set(done)
    return min((rung_day(r, until) for r in rungs_for(frail=frail, abroad=abroad) if r.code not in taken), default=None)


def may_stop_from(*, until: date, first_reached: date, home_reached: date | None, terms: Terms) -> date:
    """The first day on which payment may stop: after the warning, counted from whichever came later, the end of the cycle or the first
    step; for who is visited at home never less than three months after that visit was begun."""
    day = max(until + timedelta(1), first_reached) + terms.warning
    return max(day, home_reached + LEAST_NOTICE) if home_reached else day


def months_owed(since: date, until: date) -> tuple[int, ...]:
    """The months (as year × 12 + month − 1) whose payments were held back: from that of the suspension to the one before payment goes on.

    A month in which it was suspended and goes on again was never held back for good, and is paid as usual.
    """
    return tuple(range(since.year * 12 + since.month - 1, until.year * 12 + until.month - 1))
