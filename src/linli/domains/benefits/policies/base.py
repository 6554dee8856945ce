"""A policy: named conditions and an amount, written once as expressions over facts.

What a condition *says* (its sentence, its clause), the figures, the period and the examples are data
(``data/policies.yaml``); what it *means* is the expression here. So reasons come out of the evaluation itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ibis.expr.types import BooleanValue, Table, Value

from linli.domains.benefits.formulas.base import Step
from linli.domains.benefits.parameters import Figures


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a policy asks and gives. ``conditions`` by key, in the order in which they are told; ``amount`` in fen, None where no
    money is paid; ``shown`` are further values that the steps of the arithmetic name."""

    conditions: Mapping[str, BooleanValue]
    amount: Value | None = None
    steps: tuple[Step, ...] = ()
    shown: Mapping[str, tuple[Value, Any]] = field(default_factory=dict)


Build = Callable[[Table, Figures], Verdict]


@dataclass(frozen=True, slots=True)
class Rule:
    """The expressions of one policy. ``subject`` names the table of facts it is asked of (``person``, ``employer``, ``hire``)."""

    code: str
    subject: str
    build: Build


RULES: dict[str, Rule] = {}


def policy(code: str, *, of: str) -> Callable[[Build], Build]:
    """Register the expressions of a policy."""

    def register(build: Build) -> Build:
        if code in RULES:
            raise ValueError(f"two policies are called {code}")
        RULES[code] = Rule(code, of, build)
        return build

    return register
