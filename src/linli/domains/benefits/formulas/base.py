"""A formula: named inputs, named results, one expression for a person and a population, and the steps that explain it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ibis.expr.types import Table, Value

from linli.domains.benefits.parameters import Figures
from linli.domains.benefits.values import Field

Build = Callable[[Table, Figures], Mapping[str, Value]]


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the arithmetic: a sentence with the names of inputs and results in it. ``when`` names a result that must be true."""

    template: str
    when: str = ""


@dataclass(frozen=True, slots=True)
class Formula:
    """``build`` takes a table with the inputs as columns and the figures in force, and gives an expression for every result."""

    name: str
    label: str
    inputs: tuple[Field, ...]
    gives: tuple[Field, ...]
    build: Build
    steps: tuple[Step, ...] = ()
    basis: str = ""


FORMULAS: dict[str, Formula] = {}


def formula(
    name: str, label: str, *, takes: Sequence[Field], gives: Sequence[Field], steps: Sequence[Step] = (), basis: str = ""
) -> Callable[[Build], Build]:
    """Register a formula; the function keeps its name, so that another formula can build on it."""

    def register(build: Build) -> Build:
        if name in FORMULAS:
            raise ValueError(f"two formulas are called {name}")
        FORMULAS[name] = Formula(name, label, tuple(takes), tuple(gives), build, tuple(steps), basis)
        return build

    return register


def column(table: Any, name: str) -> Value:
    """A column of a table, or of a mapping of expressions that plays one."""
    return table[name]
