"""Arithmetic that every engine does alike: whole numbers in, whole numbers out, rounded once."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import ibis
import ibis.expr.operations as ops
from ibis.expr.types import BooleanValue, IntegerValue, Value

from linli.domains.benefits.values import MONEY, Kind

WHOLE = "int64"


def whole(value: Any) -> IntegerValue:
    """A number as a 64-bit expression."""
    return value.cast(WHOLE) if isinstance(value, Value) else ibis.literal(value, type=WHOLE)


def floor_div(a: Any, b: Any) -> IntegerValue:
    """``a // b`` for a >= 0 and b > 0, exactly, while a < 2**53.

    An engine divides in floating point. Without the remainder the quotient is a whole number, and that it hits exactly.
    """
    a, b = whole(a), whole(b)
    return ((a - a % b) / b).cast(WHOLE)


def rounded(a: Any, b: Any) -> Any:
    """``a / b`` rounded half up to a whole number (benefits rules: each component once), for a >= 0 and b > 0, while 2a + b < 2**53.

    Two plain numbers are reckoned here: an engine would multiply small literals as 32-bit numbers.
    """
    if isinstance(a, int) and isinstance(b, int):
        return (2 * a + b) // (2 * b)
    return floor_div(whole(a) * 2 + whole(b), whole(b) * 2)


def when(condition: BooleanValue, then: Any, otherwise: Any) -> Value:
    """One or the other; unknown while the condition is. SQL's CASE would take an unknown for a no."""
    return ibis.cases((condition, then), (~condition, otherwise), else_=None)


def unknown(condition: BooleanValue) -> BooleanValue:
    """Whether a condition cannot be told. A negation is as unknown as what it negates, and asked of that: ``NOT x IS NULL`` would be
    read as ``NOT (x IS NULL)``. Nor is it asked of ``BETWEEN`` or ``IN``, which not every engine lets ``IS NULL`` follow."""
    node = condition.op()
    while isinstance(node, ops.Not):
        node = node.arg
    match node:
        case ops.Between():
            low, high = (ops.GreaterEqual(node.arg, node.lower_bound), ops.LessEqual(node.arg, node.upper_bound))
            return (low.to_expr() & high.to_expr()).isnull()
        case ops.InValues():
            return node.value.to_expr().isnull()
    return node.to_expr().isnull()


def at_most(value: Any, limit: Any) -> IntegerValue:
    """The smaller; unknown if either is."""
    value, limit = whole(value), whole(limit)
    return when(value > limit, limit, value)


def at_least(value: Any, limit: Any) -> IntegerValue:
    """The larger; unknown if either is."""
    value, limit = whole(value), whole(limit)
    return when(value < limit, limit, value)


def choose(value: Value, table: Mapping[str, Any], *, kind: Kind = MONEY, otherwise: Any = None) -> Value:
    """What a table says of a code; ``otherwise`` where it says nothing. Unknown stays unknown."""
    cases = [(value == key, _literal(kind, answer)) for key, answer in table.items()]
    rest = _literal(kind, otherwise)
    return ibis.ifelse(value.isnull(), ibis.null(kind.type), ibis.cases(*cases, else_=rest)) if cases else rest


def by_steps(value: Any, steps: list[Mapping[str, Any]], *, limit: int | None = None) -> IntegerValue:
    """A staircase of whole numbers: from ``from`` on ``give``, and one more for every full ``every`` beyond; below the first 0.

    Many provinces write their benefit periods so, each with its own numbers.
    """
    value = whole(value)
    answer = whole(0)
    for step in steps:
        here = whole(step["give"])
        if every := step.get("every"):
            here = here + floor_div(at_least(value - step["from"], 0), every)
        answer = ibis.ifelse(value >= step["from"], here, answer)
    answer = ibis.ifelse(value.isnull(), ibis.null(WHOLE), answer)
    return at_most(answer, limit) if limit is not None else answer


def month_of(day: Value) -> IntegerValue:
    """The month of a date, counted from year 0."""
    return whole(day.year()) * 12 + whole(day.month()) - 1


def full_months(since: Value, until: Value) -> IntegerValue:
    """Full months between two dates; negative when ``since`` lies later."""
    return month_of(until) - month_of(since) - (until.day() < since.day()).cast(WHOLE)


def full_years(since: Value, until: Value) -> IntegerValue:
    """Age: full years between two dates, ``since`` not later."""
    return floor_div(at_least(full_months(since, until), 0), 12)


def _literal(kind: Kind, value: Any) -> Value:
    if value is None:
        return ibis.null(kind.type)
    return ibis.literal(kind.read(value), type=kind.type) if not isinstance(value, Value) else value


def scaled(value: Decimal | int | str, places: int) -> int:
    """A figure of the rules as a whole number of its last place; refuses one that has more decimals."""
    return int(Kind("number", WHOLE, places=places).read(value))
