"""Expressions as SQL, each as both engines understand it: what little they say differently is a :class:`Dialect`.

As in :mod:`reckoning` only what the rules use is understood, and each operation means here what it means there. Everything stands in
brackets, so that no engine's order of operations matters; a whole number of 64 bits says that it is one, so that none reckons with fewer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import ibis.expr.datatypes as dt
import ibis.expr.operations as ops

from linli.domains.benefits.reckoning import NotReckoned


@dataclass(frozen=True, slots=True)
class Dialect:
    """How an engine quotes a name and a text, what it calls text, and how it counts the days from the second date to the first."""

    quote: str
    escaped: tuple[tuple[str, str], ...]
    text: str
    days: str

    def name(self, name: str) -> str:
        """A column or a table."""
        return f"{self.quote}{name.replace(self.quote, self.quote * 2)}{self.quote}"

    def literal(self, value: str) -> str:
        """A text."""
        for character, instead in self.escaped:
            value = value.replace(character, instead)
        return f"'{value}'"


DUCKDB, SPARK = "duckdb", "pyspark"
_DIALECTS = {
    DUCKDB: Dialect('"', (("'", "''"),), "VARCHAR", "date_diff('day', {1}, {0})"),
    SPARK: Dialect("`", (("\\", "\\\\"), ("'", "\\'")), "STRING", "datediff({0}, {1})"),
}
_TYPES = {
    dt.Int8: "TINYINT", dt.Int16: "SMALLINT", dt.Int32: "INT", dt.Int64: "BIGINT", dt.Boolean: "BOOLEAN", dt.Date: "DATE",
}  # fmt: skip
_BETWEEN_TWO = {
    ops.Add: "+", ops.Subtract: "-", ops.Multiply: "*", ops.Divide: "/", ops.Modulus: "%", ops.Equals: "=", ops.NotEquals: "<>", ops.Less: "<",
    ops.LessEqual: "<=", ops.Greater: ">", ops.GreaterEqual: ">=", ops.And: "AND", ops.Or: "OR",
}  # fmt: skip
_BEFORE_ONE = {ops.Not: "NOT ", ops.Negate: "-"}
_CALLED = {ops.Abs: "abs", ops.ExtractYear: "year", ops.ExtractMonth: "month", ops.ExtractDay: "day"}


def select(columns: Mapping[str, Any], source: str, dialect: str, *, known: Mapping[Any, str], beside: bool = False) -> str:
    """A selection of expressions by the name of their column; ``beside`` what the source has. ``known`` are columns of the source."""
    spoken = _DIALECTS[dialect]
    written = _writer(spoken, known)
    made = [f"{written(node)} AS {spoken.name(column)}" for column, node in columns.items()]
    return f"SELECT {', '.join(['*', *made] if beside else made)} FROM {spoken.name(source)}"


def _writer(spoken: Dialect, known: Mapping[Any, str]) -> Callable[[Any], str]:
    def written(node: Any) -> str:
        kind = type(node)
        if node in known:
            return spoken.name(known[node])
        if kind in _BETWEEN_TWO:
            left, right = node.__args__
            return f"({written(left)} {_BETWEEN_TWO[kind]} {written(right)})"
        if kind in _BEFORE_ONE:
            return f"({_BEFORE_ONE[kind]}{written(node.arg)})"
        if kind in _CALLED:
            return f"{_CALLED[kind]}({written(node.arg)})"
        match node:
            case ops.Field():
                return spoken.name(node.name)
            case ops.Literal():
                return _literal(spoken, node)
            case ops.Cast():
                return f"CAST({written(node.arg)} AS {_type(spoken, node.to)})"
            case ops.IsNull():
                return f"({written(node.arg)} IS NULL)"
            case ops.Between():
                return f"({written(node.arg)} BETWEEN {written(node.lower_bound)} AND {written(node.upper_bound)})"
            case ops.InValues():
                return f"({written(node.value)} IN ({', '.join(map(written, node.options))}))"
            case ops.Coalesce():
                return f"coalesce({', '.join(map(written, node.arg))})"
            case ops.IfElse():
                return _case(written, [node.bool_expr], [node.true_expr], node.false_null_expr)
            case ops.SearchedCase():
                return _case(written, node.cases, node.results, node.default)
            case ops.DateDelta() if node.part.value == "day":
                return spoken.days.format(written(node.left), written(node.right))
        raise NotReckoned(f"{kind.__name__} is not written for many subjects")

    return written


def _case(written: Callable[[Any], str], conditions: Sequence[Any], answers: Sequence[Any], otherwise: Any) -> str:
    turns = "".join(f" WHEN {written(c)} THEN {written(a)}" for c, a in zip(conditions, answers, strict=True))
    return f"CASE{turns} ELSE {written(otherwise)} END"


def _literal(spoken: Dialect, node: ops.Literal) -> str:
    match node.value:
        case None:
            return "NULL" if node.dtype.is_null() else f"CAST(NULL AS {_type(spoken, node.dtype)})"
        case bool(value):
            return "TRUE" if value else "FALSE"
        case int(value):
            return f"CAST({value} AS BIGINT)" if node.dtype.is_int64() else f"({value})" if value < 0 else str(value)
        case str(value):
            return spoken.literal(value)
        case date() as value:
            return f"DATE '{value.isoformat()}'"
    raise NotReckoned(f"a literal of {node.dtype} is not written for many subjects")


def _type(spoken: Dialect, kind: dt.DataType) -> str:
    if kind.is_string():
        return spoken.text
    if (name := _TYPES.get(type(kind))) is None:
        raise NotReckoned(f"a cast to {kind} is not written for many subjects")
    return name
