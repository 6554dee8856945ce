"""How long to wait, when to stop trying, and what an answer is worth. No database, no network, no reading of the time."""

from __future__ import annotations

import hmac
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from linli.domains.exchange.contract import Interface
from linli.kernel.crypto import sm3, sm3_hmac
from linli.kernel.text import noop

BIGGEST = 1_000_000  # bytes of an answer


class QuestionState(StrEnum):
    """Waiting for an answer; answered; the source has no such record; given up after many tries; no longer wanted."""

    WAITING = "waiting"
    ANSWERED = "answered"
    ABSENT = "absent"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        return _STATES[self]


_STATES = {
    QuestionState.WAITING: noop("等待答复"), QuestionState.ANSWERED: noop("已取得"), QuestionState.ABSENT: noop("对方没有记录"),
    QuestionState.FAILED: noop("多次未取得"), QuestionState.WITHDRAWN: noop("不再需要"),
}  # fmt: skip


class Outcome(StrEnum):
    """What came of one try."""

    ANSWERED = "answered"
    ABSENT = "absent"
    SLOW = "slow"
    UNREACHABLE = "unreachable"
    BROKEN = "broken"
    REFUSED = "refused"
    BUSY = "busy"
    MALFORMED = "malformed"
    CONTRACT = "contract"
    FORGED = "forged"
    STALE = "stale"

    @property
    def label(self) -> str:
        return _OUTCOMES[self]

    @property
    def good(self) -> bool:
        return self in (Outcome.ANSWERED, Outcome.ABSENT)


_OUTCOMES = {
    Outcome.ANSWERED: noop("取得"), Outcome.ABSENT: noop("对方没有记录"), Outcome.SLOW: noop("超时"), Outcome.UNREACHABLE: noop("连接不上"),
    Outcome.BROKEN: noop("对方故障"), Outcome.REFUSED: noop("对方拒绝"), Outcome.BUSY: noop("对方限流"), Outcome.MALFORMED: noop("无法读懂"),
    Outcome.CONTRACT: noop("不合约定"), Outcome.FORGED: noop("签名不符"), Outcome.STALE: noop("数据过旧"),
}  # fmt: skip


# Seconds to the next try after the first, second, ...: quickly while somebody stands at the window, then ever more slowly for a fortnight.
_LADDER = [5, 20, 60, 300, 900, 3_600, 3 * 3_600, 6 * 3_600, *([12 * 3_600] * 4), *([24 * 3_600] * 11)]


def next_wait(tries: int) -> timedelta | None:
    """How long to wait after so many tries; None when it is time for somebody to look after it."""
    return timedelta(seconds=_LADDER[tries - 1]) if tries <= len(_LADDER) else None


_FAILURES = 5
_SHUT = timedelta(seconds=30)
_SHUT_LONGEST = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Breaker:
    """Whether a source is spared for a while: failures in a row, how often it was shut since the last answer, and until when."""

    failures: int = 0
    opens: int = 0
    open_until: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        return self.open_until is not None and now < self.open_until

    def half_open(self, now: datetime) -> bool:
        """Past the pause, but not yet proved: one call may go to see."""
        return self.open_until is not None and now >= self.open_until

    def after(self, *, good: bool, now: datetime) -> Breaker:
        """What a call that came back makes of it."""
        if good:
            return Breaker()
        failures = self.failures + 1
        if self.half_open(now) or (failures >= _FAILURES and not self.is_open(now)):
            pause = min(_SHUT * 2 ** min(self.opens, 10), _SHUT_LONGEST)
            return Breaker(failures, self.opens + 1, now + pause)
        return Breaker(failures, self.opens, self.open_until)


def canonical(value: Any) -> bytes:
    """One spelling of a JSON value: keys in order, no blanks. What is signed and hashed on both sides."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def query_digest(code: str, query: Mapping[str, str]) -> bytes:
    """SM3 of the canonical query."""
    return sm3(canonical({"interface": code, "query": dict(query)}))


def signature(secret: str, body: bytes) -> str:
    """HMAC with SM3 over a body, in hex: of a request in a header, of an answer in a header too."""
    return sm3_hmac(secret.encode(), body).hex()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer is worth. ``record`` has only the fields the purpose allows; ``why`` names the field that is wrong."""

    outcome: Outcome
    record: dict[str, Any] | None = None
    as_of: date | None = None
    why: str = ""
    digest: bytes = b""
    signed: str = ""


def judge(interface: Interface, *, body: bytes, signed: str, secret: str, nonce: str, asked: bytes, now: datetime) -> Verdict:
    """Look at an answer that came in time: whether the source signed it, for this very question, by the contract and freshly enough."""
    if not hmac.compare_digest(signed.encode("utf-8", "replace"), signature(secret, body).encode()):
        return Verdict(Outcome.FORGED)
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return Verdict(Outcome.MALFORMED)
    if not isinstance(answer, dict) or not isinstance(answer.get("records"), list):
        return Verdict(Outcome.MALFORMED)
    if answer.get("nonce") != nonce or answer.get("query") != asked.hex():
        return Verdict(Outcome.FORGED, why="nonce")  # the answer to something else, perhaps an old one played again
    records = []
    for raw in answer["records"]:
        if not isinstance(raw, dict):
            return Verdict(Outcome.MALFORMED)
        record, wrong = _allowed(interface, raw)
        if wrong:
            return Verdict(Outcome.CONTRACT, why=wrong)
        if record not in records:  # a source that sends one record twice has still said one thing
            records.append(record)
    if len(records) > 1:
        return Verdict(Outcome.CONTRACT, why="records")
    try:
        as_of = date.fromisoformat(str(answer.get("as_of")))
    except ValueError:
        return Verdict(Outcome.MALFORMED, why="as_of")
    if as_of < now.date() - timedelta(days=interface.fresh_days + 1) or as_of > now.date() + timedelta(days=1):
        return Verdict(Outcome.STALE, why="as_of", as_of=as_of)
    if not records:
        return Verdict(Outcome.ABSENT, as_of=as_of, digest=sm3(body), signed=signed)
    return Verdict(Outcome.ANSWERED, records[0], as_of, digest=sm3(body), signed=signed)


def _allowed(interface: Interface, raw: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The fields of a record that may be kept, and the name of the first that breaks the contract."""
    record = {}
    for field in interface.response:
        value = raw.get(field.name)
        if value is None or value == "":
            if field.required:
                return {}, field.name
            continue
        if field.fault(value):
            return {}, field.name
        record[field.name] = value
    return record, ""


def differing(interface: Interface, record: Mapping[str, Any], said: Mapping[str, str]) -> list[str]:
    """Fields in which the source says otherwise than the case; ``said`` holds what the query and the form said."""
    return [
        f.name
        for f in interface.response
        if f.fact and f.name in record and said.get(f.fact) and _plain(str(record[f.name])) != _plain(said[f.fact])
    ]


def _plain(text: str) -> str:
    """Spelling that makes no difference taken away: width, blanks, the dot in a name, case."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).upper() if c.isalnum())
