"""Words of changing a figure, and which figures a rule reads: the rule itself says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from types import CodeType
from typing import Any

from linli.domains.benefits.definitions import Policy, facts_read, facts_table, shipped_policies
from linli.domains.benefits.engine import book as book_numbered
from linli.domains.benefits.engine import fingerprint, inputs_table
from linli.domains.benefits.facts import Fact, vocabulary
from linli.domains.benefits.formulas import FORMULAS
from linli.domains.benefits.parameters import Figure, FigureMissing, Figures, Parameter
from linli.kernel.text import noop


class ChangeState(StrEnum):
    """Being written; waiting for the second officer; sent back by them; in the book; given up."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    REFUSED = "refused"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        return _STATES[self]

    @property
    def open(self) -> bool:
        """Whether whoever wrote it may still change it."""
        return self in (ChangeState.DRAFT, ChangeState.REFUSED)


_STATES = {
    ChangeState.DRAFT: noop("草稿"), ChangeState.PROPOSED: noop("待复核"), ChangeState.REFUSED: noop("已退回"),
    ChangeState.PUBLISHED: noop("已公布"), ChangeState.WITHDRAWN: noop("已撤回"),
}  # fmt: skip


class _Listening(Figures):
    """Figures that answer from any place where there is none in this one, so that a rule goes on asking."""

    def figure(self, name: str) -> Figure:
        try:
            return super().figure(name)
        except FigureMissing:
            if name not in self.parameters:
                raise
            newest = max(self.parameters[name].figures, key=lambda f: f.since, default=None)
            if newest is None:
                raise
            self.used[name] = newest
            return newest


@dataclass(frozen=True, slots=True)
class Readers:
    """By policy and by formula the parameters that it reads, in the order of the book."""

    policies: Mapping[str, tuple[str, ...]]
    formulas: Mapping[str, tuple[str, ...]]

    def policies_reading(self, name: str) -> list[str]:
        return [code for code, names in self.policies.items() if name in names]

    def formulas_reading(self, name: str) -> list[str]:
        return [code for code, names in self.formulas.items() if name in names]


def readers(book: Mapping[str, Parameter], on: date) -> Readers:
    """Who reads what, of all policies and formulas."""
    return _readers(fingerprint(Figures(on, parameters=book)), on)


@lru_cache(maxsize=32)
def _readers(number: int, on: date) -> Readers:
    known = book_numbered(number)
    return Readers(
        {
            code: (*_asked(p.rule.build, facts_table(p.subject), known, on), *([p.lasting] if p.lasting in known else []))
            for code, p in shipped_policies().items()
        },
        {name: _asked(rule.build, inputs_table(rule.inputs), known, on) for name, rule in FORMULAS.items()},
    )


def _asked(build: Any, table: Any, book: Mapping[str, Parameter], on: date) -> tuple[str, ...]:
    listening = _Listening(on, parameters=book)
    build(table, listening)
    # A figure that is read only when another one says so is named in the rule all the same.
    asked = listening.used.keys() | _named(build.__code__)
    return tuple(name for name in book if name in asked)


def _named(code: CodeType) -> set[str]:
    found: set[str] = set()
    for constant in code.co_consts:
        found |= _named(constant) if isinstance(constant, CodeType) else {constant} if isinstance(constant, str) else set()
    return found


def facts_asked(policy: Policy, book: Mapping[str, Parameter], on: date) -> tuple[Fact, ...]:
    """The facts that the conditions and the amount of a policy ask for, in the order of the vocabulary."""
    verdict = policy.verdict(_Listening(on, parameters=book))
    told = [*verdict.conditions.values(), *([] if verdict.amount is None else [verdict.amount])]
    asked = {fact.name for expression in told for fact in facts_read(expression, policy.subject)}
    return tuple(fact for fact in vocabulary()[policy.subject].values() if fact.name in asked)


def pays(policy: Policy, book: Mapping[str, Parameter], on: date) -> bool:
    """Whether a policy comes to an amount of money."""
    return policy.verdict(_Listening(on, parameters=book)).amount is not None
