"""Policies over facts: the same expressions for one subject with all reasons, and for a population column by column.

For every policy a row says three things: which conditions are met and which are open (two sets of bits, in the order of the
policy's conditions), and the amount in fen. Entitled is who meets all, not entitled who fails one, and the rest cannot be
told yet. Reasons are read out of those bits; nothing is evaluated twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any

import ibis
from ibis.expr.types import BooleanValue, Table, Value

from linli.domains.benefits.arithmetic import unknown
from linli.domains.benefits.definitions import Policy, facts_read, facts_table, policy_of
from linli.domains.benefits.engine import book, fingerprint
from linli.domains.benefits.facts import REGION, SUBJECT_ID, Fact, vocabulary
from linli.domains.benefits.parameters import Figure, Figures
from linli.domains.benefits.reckoning import Program
from linli.domains.benefits.values import MONEY, Kind
from linli.kernel.text import Message, noop

MET, OPEN, FEN = "met", "open", "fen"


class State(StrEnum):
    """What can be said of one subject and one policy."""

    ENTITLED = "entitled"
    NOT_ENTITLED = "not_entitled"
    UNKNOWN = "unknown"

    @property
    def label(self) -> str:
        return {"entitled": noop("符合"), "not_entitled": noop("不符合"), "unknown": noop("还不能确定")}[self.value]


@dataclass(frozen=True, slots=True)
class Reason:
    """One condition for one subject: what it says, whether it holds (None: cannot be told), and which facts are missing for it."""

    key: str
    says: str
    holds: bool | None
    missing: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a policy means for one subject, with every reason. ``amount`` in fen, None where none is paid or it cannot be told."""

    policy: Policy
    state: State
    reasons: tuple[Reason, ...]
    amount: int | None
    steps: tuple[Message, ...]
    missing: tuple[Fact, ...]
    figures: Mapping[str, Figure]


def columns_of(policy: Policy, table: Table, figures: Figures) -> dict[str, Value]:
    """The three columns of a policy."""
    verdict = policy.verdict(figures, table)
    conditions = list(verdict.conditions.values())
    met, still_open = _bits(conditions), _bits([unknown(c) for c in conditions])
    columns = {column(policy, MET): met, column(policy, OPEN): still_open}
    if verdict.amount is not None:
        entitled = met == all_of(policy)
        columns[column(policy, FEN)] = ibis.ifelse(entitled, verdict.amount.cast("int64"), ibis.null("int64"))
    return columns


def all_of(policy: Policy) -> int:
    """The bits of a subject who meets everything."""
    return (1 << len(policy.conditions)) - 1


def state_of(policy: Policy, met: int, still_open: int) -> State:
    """What two sets of bits say."""
    if met == all_of(policy):
        return State.ENTITLED
    return State.UNKNOWN if met | still_open == all_of(policy) else State.NOT_ENTITLED


def wide(policies: Iterable[Policy], table: Table, figures: Figures) -> Table:
    """All policies of one kind of subject as one selection: the subject and three columns for each."""
    columns: dict[str, Value] = {SUBJECT_ID: table[SUBJECT_ID], REGION: table[REGION]}
    for policy in policies:
        columns.update(columns_of(policy, table, figures))
    return table.select(**columns)


def _bits(conditions: Sequence[BooleanValue]) -> Value:
    total: Value = ibis.literal(0, type="int64")
    for place, condition in enumerate(conditions):
        total = total + ibis.ifelse(condition, 1 << place, 0)
    return total.cast("int32")


def column(policy: Policy, part: str) -> str:
    """What a part of a policy's verdict is called."""
    return f"{policy.code.replace('-', '_')}__{part}"


# -- one subject -----------------------------------------------------------------------------------------------------


def assess(policies: Sequence[Policy], facts: Mapping[str, Any], figures: Figures) -> list[Outcome]:
    """Every policy for one subject, with reasons. ``facts``: the engine's values by name; what is missing is unknown."""
    return [_outcome(policy, facts, figures) for policy in policies]


@dataclass(frozen=True, slots=True)
class _Anatomy:
    """What is the same for everybody: the steps of the reckoning, the facts each condition reads, the figures used."""

    program: Program
    reads: Mapping[str, tuple[Fact, ...]]
    shown: Mapping[str, Kind]
    steps: tuple[str, ...]
    figures: Mapping[str, Figure]


@lru_cache(maxsize=1024)
def _anatomy(code: str, on: date, region: str, number: int) -> _Anatomy:
    figures = Figures(on, region, book(number))
    policy = policy_of(code)
    table = facts_table(policy.subject)
    verdict = policy.verdict(figures, table)
    columns = {part: columns_of(policy, table, figures).get(column(policy, part)) for part in (MET, OPEN, FEN)}
    wanted = {name: value for name, value in columns.items() if value is not None} | {n: v for n, (v, _) in verdict.shown.items()}
    return _Anatomy(
        Program(wanted), {key: facts_read(c, policy.subject) for key, c in verdict.conditions.items()},
        {name: kind for name, (_, kind) in verdict.shown.items()}, tuple(s.template for s in verdict.steps), dict(figures.used),
    )  # fmt: skip


def reads_of(policy: Policy, figures: Figures) -> frozenset[Fact]:
    """The facts that the conditions of a policy ask for."""
    anatomy = _anatomy(policy.code, figures.on, figures.region, fingerprint(figures))
    return frozenset(fact for reads in anatomy.reads.values() for fact in reads)


def _outcome(policy: Policy, facts: Mapping[str, Any], figures: Figures) -> Outcome:
    anatomy = _anatomy(policy.code, figures.on, figures.region, fingerprint(figures))
    found = anatomy.program.run(facts)
    met, still_open, amount = found[MET], found[OPEN], found.get(FEN)
    reasons = []
    for place, (key, reads) in enumerate(anatomy.reads.items()):
        holds = True if met >> place & 1 else None if still_open >> place & 1 else False
        missing = tuple(f for f in reads if facts.get(f.name) is None) if holds is None else ()
        reasons.append(Reason(key, policy.conditions[key], holds, missing))
    state = state_of(policy, met, still_open)
    gaps = {f.name: f for r in reasons for f in r.missing} if state is State.UNKNOWN else {}
    steps = _said(policy, anatomy, facts, found) if amount is not None else ()
    return Outcome(policy, state, tuple(reasons), amount, steps, tuple(gaps.values()), anatomy.figures)


def _said(policy: Policy, anatomy: _Anatomy, facts: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[Message, ...]:
    """The arithmetic with this subject's numbers in it."""
    values = {f.name: f.said(facts[f.name]) for f in vocabulary()[policy.subject].values() if facts.get(f.name) is not None}
    values |= {name: kind.said(found[name]) for name, kind in anatomy.shown.items()}
    values["amount"] = MONEY.said(found[FEN])
    return tuple(Message(template, values) for template in anatomy.steps)
