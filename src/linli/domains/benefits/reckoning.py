"""The same expressions for one subject, reckoned here: an engine takes longer to plan a query than a person waits for a page.

An expression is a graph; each of its nodes is reckoned once. Only what the rules use is understood, each as SQL means it:
an unknown (None) makes what is reckoned from it unknown, except where ``and``, ``or`` and a case can tell without it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
from ibis.expr.types import Value

Step = tuple[Callable[..., Any], tuple[int, ...]]


class NotReckoned(TypeError):
    """An expression holds an operation that is not understood here: a mistake of whoever wrote the rule."""


class Program:
    """Several expressions as one list of steps."""

    def __init__(self, expressions: Mapping[str, Value]) -> None:
        self._places: dict[Any, int] = {}
        self._start: list[Any] = []
        self._fields: list[tuple[int, str]] = []
        self._steps: list[tuple[int, Callable[..., Any], tuple[int, ...]]] = []
        self.results = {name: self._place(expression.op()) for name, expression in expressions.items()}

    def run(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The value of each expression for one row; what the row does not hold is unknown."""
        values = list(self._start)
        for place, name in self._fields:
            values[place] = row.get(name)
        for place, reckon, given in self._steps:
            values[place] = reckon(*[values[g] for g in given])
        return {name: values[place] for name, place in self.results.items()}

    def _place(self, node: Any) -> int:
        if node not in self._places:
            if isinstance(node, ops.Literal):
                place = self._new(node.value)
            elif isinstance(node, ops.Field):
                place = self._new(None)
                self._fields.append((place, node.name))
            else:
                reckon, below = _understood(node)
                given = tuple(self._place(n) for n in below)
                place = self._new(None)
                self._steps.append((place, reckon, given))
            self._places[node] = place
        return self._places[node]

    def _new(self, value: Any) -> int:
        self._start.append(value)
        return len(self._start) - 1


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    """Unknown as soon as something it is given is."""

    def reckon(*given: Any) -> Any:
        return None if None in given else function(*given)

    return reckon


def _remainder(a: int, b: int) -> int:
    """With the sign of ``a``, as SQL has it."""
    rest = abs(a) % abs(b)
    return -rest if a < 0 else rest


def _and(a: bool | None, b: bool | None) -> bool | None:
    if a is False or b is False:
        return False
    return None if a is None or b is None else True


def _or(a: bool | None, b: bool | None) -> bool | None:
    if a is True or b is True:
        return True
    return None if a is None or b is None else False


def _between(value: Any, low: Any, high: Any) -> bool | None:
    least = None if value is None or low is None else value >= low
    most = None if value is None or high is None else value <= high
    return _and(least, most)


def _case(*given: Any) -> Any:
    """Conditions and answers by turns, then what holds otherwise."""
    for condition, answer in zip(given[:-1:2], given[1::2], strict=False):
        if condition is True:
            return answer
    return given[-1]


def _first(*given: Any) -> Any:
    return next((value for value in given if value is not None), None)


def _quotient(a: int, b: int) -> float | int:
    whole, rest = divmod(a, b)
    return whole if rest == 0 else a / b


_STRICT: dict[type, Callable[..., Any]] = {
    ops.Add: operator.add, ops.Subtract: operator.sub, ops.Multiply: operator.mul, ops.Divide: _quotient, ops.Modulus: _remainder,
    ops.Equals: operator.eq, ops.NotEquals: operator.ne, ops.Less: operator.lt, ops.LessEqual: operator.le, ops.Greater: operator.gt,
    ops.GreaterEqual: operator.ge, ops.Not: operator.not_, ops.Negate: operator.neg, ops.Abs: abs,
    ops.ExtractYear: operator.attrgetter("year"), ops.ExtractMonth: operator.attrgetter("month"), ops.ExtractDay: operator.attrgetter("day"),
}  # fmt: skip
_LOOSE: dict[type, Callable[..., Any]] = {ops.And: _and, ops.Or: _or, ops.Between: _between, ops.IfElse: _case}


def _understood(node: Any) -> tuple[Callable[..., Any], Sequence[Any]]:
    """What reckons a node, and the nodes it is given."""
    kind = type(node)
    if kind in _STRICT:
        return _strict(_STRICT[kind]), node.__args__
    if kind in _LOOSE:
        return _LOOSE[kind], node.__args__
    match node:
        case ops.SearchedCase():
            turns = [part for pair in zip(node.cases, node.results, strict=True) for part in pair]
            return _case, [*turns, node.default]
        case ops.InValues():
            return _strict(lambda value, *options: value in options), [node.value, *node.options]
        case ops.Coalesce():
            return _first, node.arg
        case ops.IsNull():
            return (lambda value: value is None), [node.arg]
        case ops.Cast():
            return _strict(_cast(node.to)), [node.arg]
        case ops.DateDelta() if node.part.value == "day":
            return _strict(lambda later, sooner: (later - sooner).days), [node.left, node.right]
    raise NotReckoned(f"{kind.__name__} is not reckoned for one subject")


def _cast(to: dt.DataType) -> Callable[[Any], Any]:
    if to.is_integer():
        return int
    if to.is_string():
        return str
    if to.is_boolean():
        return bool
    if to.is_date():
        return lambda value: value if isinstance(value, date) else date.fromisoformat(value)
    raise NotReckoned(f"a cast to {to} is not reckoned for one subject")
