"""Running expressions: for one person in a request, for many rows at once. DuckDB stands inside this process."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import duckdb
import ibis
from ibis.expr.types import Table

from linli.domains.benefits.formulas import FORMULAS, Formula
from linli.domains.benefits.parameters import Figure, Figures, Parameter
from linli.domains.benefits.reckoning import Program
from linli.domains.benefits.values import Field

SQL_TYPES = {"int64": "BIGINT", "string": "VARCHAR", "boolean": "BOOLEAN", "date": "DATE"}
_local = threading.local()


def database() -> duckdb.DuckDBPyConnection:
    """This thread's connection to the engine; it holds nothing but temporary tables."""
    if not hasattr(_local, "connection"):
        _local.connection = duckdb.connect(":memory:", config={"threads": 1})
    return _local.connection


def inputs_table(fields: Sequence[Field]) -> Table:
    """An unbound table with one column for every field."""
    return ibis.table({f.name: f.kind.type for f in fields}, name="given")


def answer(formula: str, given: Mapping[str, Any], figures: Figures) -> dict[str, Any]:
    """The results of a formula for one row of inputs (the engine's values, as :func:`values.read_all` makes them)."""
    program, used = _program(formula, figures.on, figures.region, fingerprint(figures))
    figures.used.update(used)
    return program.run(given)


_books: list[Mapping[str, Parameter]] = []


def fingerprint(figures: Figures) -> int:
    """A number for a set of parameters, so that what is made with it can be kept; equal sets have the same."""
    for number, known in enumerate(_books):
        if known is figures.parameters or known == figures.parameters:
            return number
    _books.append(figures.parameters)
    return len(_books) - 1


def book(number: int) -> Mapping[str, Parameter]:
    """The set of parameters with a number."""
    return _books[number]


@lru_cache(maxsize=512)
def _program(formula: str, on: date, region: str, number: int) -> tuple[Program, dict[str, Figure]]:
    rule: Formula = FORMULAS[formula]
    figures = Figures(on, region, book(number))
    results = rule.build(inputs_table(rule.inputs), figures)
    return Program({f.name: results[f.name] for f in rule.gives}), dict(figures.used)
