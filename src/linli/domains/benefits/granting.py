"""Words and figures of paying out: the states of a grant, of a list, of a payment; which policies pay by themselves, and whose money."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

import yaml

from linli.domains.benefits import certifying
from linli.domains.benefits.definitions import PolicyUnknown, PolicyWrong, own_policies
from linli.domains.benefits.own import texts
from linli.kernel.crypto import sm3
from linli.kernel.text import Message, msg, noop


class GrantState(StrEnum):
    """On a list that is reviewed or published; owed; in a payment; paid; sent back by the bank; not granted after all."""

    LISTED = "listed"
    DUE = "due"
    PAYING = "paying"
    PAID = "paid"
    RETURNED = "returned"
    VOID = "void"

    @property
    def label(self) -> str:
        return _GRANTS[self]


_GRANTS = {
    GrantState.LISTED: noop("待公示期满"), GrantState.DUE: noop("待发放"), GrantState.PAYING: noop("发放中"),
    GrantState.PAID: noop("已发放"), GrantState.RETURNED: noop("被银行退回"), GrantState.VOID: noop("不予发放"),
}  # fmt: skip
OWED = (GrantState.DUE, GrantState.RETURNED)
"""What may be paid."""


class ListState(StrEnum):
    """Being made by a job; that came to nothing so far; made; agreed to by a second officer; open to objections; the window is over; taken
    back."""

    MAKING = "making"
    FAILED = "failed"
    MADE = "made"
    AGREED = "agreed"
    PUBLISHED = "published"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        return _LISTS[self]


_LISTS = {
    ListState.MAKING: noop("正在编制"), ListState.FAILED: noop("没有编成"), ListState.MADE: noop("待复核"),
    ListState.AGREED: noop("待公示"), ListState.PUBLISHED: noop("公示中"),
    ListState.CLOSED: noop("公示期满"), ListState.WITHDRAWN: noop("已撤回"),
}  # fmt: skip
HALF_MADE = (ListState.MAKING, ListState.FAILED)
"""Nobody is on it yet."""
BEFORE_CLOSE = (*HALF_MADE, ListState.MADE, ListState.AGREED, ListState.PUBLISHED)
"""When it can be taken back."""


class ObjectionState(StrEnum):
    """Not answered yet; found right; found wrong."""

    OPEN = "open"
    UPHELD = "upheld"
    REFUSED = "refused"

    @property
    def label(self) -> str:
        return _OBJECTIONS[self]


_OBJECTIONS = {
    ObjectionState.OPEN: noop("待处理"),
    ObjectionState.UPHELD: noop("异议成立"),
    ObjectionState.REFUSED: noop("异议不成立"),
}


class BatchState(StrEnum):
    """Being put together by a job; that was interrupted; put together; agreed to by a second officer and being entered by a job; that was
    interrupted; entered, so that the file may go to the bank; taken back before anybody agreed, or nothing was left to pay."""

    MAKING = "making"
    FAILED = "failed"
    MADE = "made"
    AGREEING = "agreeing"
    STALLED = "stalled"
    AGREED = "agreed"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        return _BATCHES[self]


_BATCHES = {
    BatchState.MAKING: noop("正在编制"), BatchState.FAILED: noop("编制中断"), BatchState.MADE: noop("待复核"),
    BatchState.AGREEING: noop("已复核，正在入账"), BatchState.STALLED: noop("已复核，入账中断"), BatchState.AGREED: noop("已送银行"),
    BatchState.WITHDRAWN: noop("已撤回"),
}  # fmt: skip
GATHERING = (BatchState.MAKING, BatchState.FAILED)
"""Not all payments are in it yet."""


class LineState(StrEnum):
    """No answer of the bank yet; paid; sent back; taken out before it went to the bank."""

    OPEN = "open"
    PAID = "paid"
    RETURNED = "returned"
    DROPPED = "dropped"

    @property
    def label(self) -> str:
        return _LINES[self]


_LINES = {
    LineState.OPEN: noop("等银行回盘"), LineState.PAID: noop("已到账"), LineState.RETURNED: noop("退回"),
    LineState.DROPPED: noop("送银行前移出"),
}  # fmt: skip


class Told(StrEnum):
    """How somebody said into which account they want to be paid: themselves online, in person, or on paper."""

    ONLINE = "online"
    COUNTER = "counter"
    PAPER = "paper"

    @property
    def label(self) -> str:
        return _TOLD[self]


_TOLD = {Told.ONLINE: noop("本人在网上"), Told.COUNTER: noop("本人当面"), Told.PAPER: noop("本人签名的书面")}


class FilePurpose(StrEnum):
    """What a payment file is taken for: it says the account of everybody in it."""

    SEND = "send"
    AGAIN = "again"
    CHECK = "check"
    LAWFUL_REQUEST = "lawful_request"

    @property
    def label(self) -> str:
        return _FILE_PURPOSES[self]


_FILE_PURPOSES = {
    FilePurpose.SEND: noop("交给银行付款"), FilePurpose.AGAIN: noop("银行没有收到或读不出，重新交一次"),
    FilePurpose.CHECK: noop("与银行逐笔核对"), FilePurpose.LAWFUL_REQUEST: noop("司法、监察、审计机关依法调取"),
}  # fmt: skip


class ClawBackState(StrEnum):
    """Asked for; ordered with a second officer's agreement; not ordered; nothing is owed any more; lifted, since the bank sent the payment
    back whole."""

    PROPOSED = "proposed"
    ORDERED = "ordered"
    REFUSED = "refused"
    SETTLED = "settled"
    LIFTED = "lifted"

    @property
    def label(self) -> str:
        return _CLAW_BACKS[self]


_CLAW_BACKS = {
    ClawBackState.PROPOSED: noop("待复核"), ClawBackState.ORDERED: noop("追回中"), ClawBackState.REFUSED: noop("未同意追回"),
    ClawBackState.SETTLED: noop("已结清"), ClawBackState.LIFTED: noop("已撤销追回"),
}  # fmt: skip


class Waits(StrEnum):
    """Why a grant that is owed cannot be paid now."""

    CASE = "case"
    CONFIRMATION = "confirmation"
    HELD = "held"
    DEATH = "death"
    CLAW_BACK = "claw_back"
    ACCOUNT = "account"
    CORRECTION = "correction"

    @property
    def label(self) -> str:
        return _WAITS[self]


_WAITS = {
    Waits.CASE: noop("还没有告知书"), Waits.CONFIRMATION: noop("等本人（单位）确认"), Waits.HELD: noop("所属待遇已暂停发放"),
    Waits.DEATH: noop("有去世的记录，先核实"),
    Waits.CLAW_BACK: noop("追回还没有了结"), Waits.ACCOUNT: noop("收款账户还没有确认"), Waits.CORRECTION: noop("退回后账户还没有更正"),
}  # fmt: skip


# -- the ledger ------------------------------------------------------------------------------------------------------------------


class Book(StrEnum):
    """The accounts, each kept by fund and policy. Debits are positive, credits negative."""

    EXPENSE = "expense"
    PAYABLE = "payable"
    CLEARING = "clearing"
    BANK = "bank"
    RECEIVABLE = "receivable"
    LOSS = "loss"

    @property
    def label(self) -> str:
        return _BOOKS[self]


_BOOKS = {
    Book.EXPENSE: noop("待遇支出"), Book.PAYABLE: noop("应付待遇"), Book.CLEARING: noop("银行在途"), Book.BANK: noop("基金银行存款"),
    Book.RECEIVABLE: noop("应收追回款"), Book.LOSS: noop("核销损失"),
}  # fmt: skip


class EntryKind(StrEnum):
    """What is entered, once for its source."""

    GRANTED = "granted"
    VOIDED = "voided"
    SENT = "sent"
    PAID = "paid"
    RETURNED = "returned"
    LATE_RETURN = "late_return"
    CLAWED_BACK = "clawed_back"
    REPAID = "repaid"
    WRITTEN_OFF = "written_off"
    LIFTED = "lifted"

    @property
    def label(self) -> str:
        return _ENTRIES[self]


_ENTRIES = {
    EntryKind.GRANTED: noop("核定待遇"), EntryKind.VOIDED: noop("撤销核定"), EntryKind.SENT: noop("送银行"), EntryKind.PAID: noop("银行付出"),
    EntryKind.RETURNED: noop("银行退回"), EntryKind.LATE_RETURN: noop("到账后退回"), EntryKind.CLAWED_BACK: noop("决定追回"), EntryKind.REPAID: noop("收到退款"),
    EntryKind.WRITTEN_OFF: noop("核销"), EntryKind.LIFTED: noop("撤销追回"),
}  # fmt: skip
POSTS: Mapping[EntryKind, tuple[Book, Book]] = {
    EntryKind.GRANTED: (Book.EXPENSE, Book.PAYABLE),
    EntryKind.VOIDED: (Book.PAYABLE, Book.EXPENSE),
    EntryKind.SENT: (Book.PAYABLE, Book.CLEARING),
    EntryKind.PAID: (Book.CLEARING, Book.BANK),
    EntryKind.RETURNED: (Book.CLEARING, Book.PAYABLE),
    EntryKind.LATE_RETURN: (Book.BANK, Book.PAYABLE),
    EntryKind.CLAWED_BACK: (Book.RECEIVABLE, Book.EXPENSE),
    EntryKind.REPAID: (Book.BANK, Book.RECEIVABLE),
    EntryKind.WRITTEN_OFF: (Book.LOSS, Book.RECEIVABLE),
    EntryKind.LIFTED: (Book.EXPENSE, Book.RECEIVABLE),
}
"""Which account is debited and which credited."""


# -- which policies pay ----------------------------------------------------------------------------------------------------------


class How(StrEnum):
    """By itself; after whoever receives it said yes; not by a scan."""

    DIRECT = "direct"
    CONFIRMED = "confirmed"
    NONE = "none"


FUNDS = {
    "unemployment": noop("失业保险基金"),
    "injury": noop("工伤保险基金"),
    "employment": noop("就业补助资金"),
    "treasury": noop("财政资金"),
}


@dataclass(frozen=True, slots=True)
class Window:
    """Working days of the objection window, where that comes from and how sure it is."""

    days: int
    source: str
    certainty: str


@dataclass(frozen=True, slots=True)
class Holds:
    """What makes a payment to a person wait, where that comes from and how sure it is.

    ``death``: a sign of death holds what was found due ``after`` it, or ``always`` everything. ``living``: paid period by period to somebody who
    lives, so that it waits while any benefit is suspended for want of certification. ``part_of``: the long-term benefits that it is part
    of, so that it waits whenever one of them is suspended, whyever. Of a suspension only what was found due since its month waits.
    """

    death: str
    source: str
    certainty: str
    living: bool = False
    part_of: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.death not in DEATH_HOLDS or set(self.part_of) - certifying.book().benefits.keys():
            raise ValueError(f"{self.death}, {self.part_of}")


DEATH_HOLDS = ("after", "always")


@dataclass(frozen=True, slots=True)
class Granting:
    """How a policy pays out by itself; ``why`` it does not; what ``holds`` a payment to a person back."""

    how: How
    fund: str
    window: Window
    why: str
    holds: Holds


@cache
def _shipped() -> dict[str, Granting]:
    found: dict[str, Granting] = {}
    window: Mapping[str, Any] = {}
    holds: Mapping[str, Any] = {}
    for _, text in texts("granting.yaml"):
        raw = yaml.safe_load(text)
        window = raw.get("window", window)
        holds = raw.get("holds", holds)
        found |= {code: _granting(one, window, holds) for code, one in raw["policies"].items()}
    return found


def _granting(raw: Mapping[str, Any], window: Mapping[str, Any], holds: Mapping[str, Any]) -> Granting:
    fund = raw.get("fund", "")
    if fund and fund not in FUNDS:
        raise ValueError(fund)
    own = {**holds, **raw.get("holds", {})}
    own["part_of"] = tuple(own.get("part_of", ()))
    return Granting(How(raw["how"]), fund, Window(**raw.get("window", window)), raw.get("why", ""), Holds(**own))


def check_own() -> None:
    """Of each of the bureau's own policies it is written how it pays. Raises :class:`PolicyWrong`."""
    for code in own_policies():
        if code not in _shipped():
            raise PolicyWrong(policy=code, why=msg("granting.yaml 没有写它怎样发放"))


def granting_of(policy: str) -> Granting:
    """Raises :class:`PolicyUnknown`."""
    try:
        return _shipped()[policy]
    except KeyError:
        raise PolicyUnknown(policy=policy) from None


def period_said(period: str) -> Message:
    """A period (``Every.period``) as people say it: of one month, one quarter, one year, or once."""
    year, rest = period[:4], period[4:].lstrip("-")
    if period == "once":
        return msg("一次性")
    if rest.startswith("Q"):
        return msg("%(year)s年第%(quarter)s季度", year=year, quarter=rest[1:])
    return msg("%(year)s年%(month)s月", year=year, month=int(rest)) if rest else msg("%(year)s年", year=year)


# -- payments --------------------------------------------------------------------------------------------------------------------


def reference_of(grant_id: UUID, attempt: int) -> str:
    """What a payment is called between us and the bank: the same for the same grant and attempt, whoever makes it and whenever."""
    digest = sm3(grant_id.bytes, attempt.to_bytes(2, "big"))
    return f"L{base64.b32encode(digest[:15]).decode()}{attempt:02d}"
