"""What facts, inputs and results are made of: one vocabulary of kinds for one person, a population, a form and a file.

Inside the engine every number is a whole number (money in fen, a ratio in ten-thousandths, a month in months since year 0),
because whole numbers come out alike on every engine. People and files see yuan, ``0.6`` and ``2026-01``.

Three values of a fact: *known*; *known absent*, which is the nothing of its kind (0, ``""``, false, :data:`NEVER`);
*unknown*, which is None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from linli.kernel.errors import LinliError
from linli.kernel.money import yuan
from linli.kernel.text import Message, msg, noop

NEVER = date(1900, 1, 1)
"""The date of what has not happened: long before any condition that asks how long ago it was."""


class ValueWrong(LinliError):
    """A value that its field cannot hold."""

    code = "benefits.value_wrong"
    template = noop("“%(label)s”不能是“%(value)s”：%(why)s。")
    remedy = noop("请改正后重试。")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value: its type in the engine (``int64``, ``string``, ``boolean``, ``date``) and how it reads outside."""

    name: str
    type: str
    places: int = 0  # decimals a number is kept with
    options: tuple[str, ...] = ()  # what a code may be; empty: anything
    unit: str = ""

    def read(self, value: Any, *, label: str = "") -> Any:
        """A value from a file, a form or the API as the engine keeps it; None stays None. Raises :class:`ValueWrong`."""
        if value is None:
            return None
        try:
            return self._read(value)
        except (ValueError, InvalidOperation, TypeError) as error:
            why = error.args[0] if error.args and isinstance(error.args[0], Message) else self.asks
            raise ValueWrong(field=label, label=label, value=value, why=why) from error

    def _read(self, value: Any) -> Any:
        match self.name:
            case "boolean":
                if not isinstance(value, bool):
                    raise ValueError
                return value
            case "code":
                text = str(value)
                if self.options and text and text not in self.options:
                    raise ValueError
                return text
            case "date":
                return value if isinstance(value, date) else date.fromisoformat(str(value))
            case "month":
                if not (found := re.fullmatch(r"(\d{4})-(\d{2})", str(value)[:7])) or not 1 <= int(found[2]) <= 12:
                    raise ValueError
                return int(found[1]) * 12 + int(found[2]) - 1
            case _:
                if isinstance(value, bool):
                    raise ValueError
                scaled = Decimal(str(value)).scaleb(self.places)
                if not scaled.is_finite() or abs(scaled) >= 10**14:
                    raise ValueError
                if scaled != (whole := int(scaled)):
                    raise ValueError(msg("最多 %(places)s 位小数", places=self.places) if self.places else msg("请填整数"))
                return whole

    @property
    def asks(self) -> Message:
        """What a value must look like."""
        match self.name:
            case "boolean":
                return msg("请填是或否")
            case "code" if self.options:
                return msg("请从这些中选：%(options)s", options=self.options)
            case "code":
                return msg("请填文字")
            case "date":
                return msg("请填日期，例如 2026-03-01")
            case "month":
                return msg("请填年月，例如 2026-03")
        return msg("请填数字")

    def plain(self, value: Any) -> Any:
        """The engine's value as a file or the API shows it: numbers as Decimal, a month as ``2026-01``."""
        if value is None:
            return None
        match self.name:
            case "month":
                return f"{value // 12:04d}-{value % 12 + 1:02d}"
            case "number" | "money":
                return Decimal(int(value)).scaleb(-self.places) if self.places else int(value)
        return value

    def said(self, value: Any) -> Message | str:
        """The value as a sentence says it."""
        if value is None:
            return msg("还不清楚")
        match self.name:
            case "boolean":
                return msg("是") if value else msg("否")
            case "money":
                return yuan(self.plain(value))
            case "date":
                return msg("没有") if value == NEVER else value.isoformat()
            case "number" if self.unit == "%":
                return f"{(self.plain(value) * 100).normalize():f}%"
            case "number" if self.places:
                return f"{self.plain(value).normalize():f}"
            case "code" if not value:
                return msg("没有")
        return str(self.plain(value))


BOOLEAN = Kind("boolean", "boolean")
INTEGER = Kind("number", "int64")
MONEY = Kind("money", "int64", places=2)
DATE = Kind("date", "date")
MONTH = Kind("month", "int64")
TEXT = Kind("code", "string")
YEARS = Kind("number", "int64", places=4, unit="年")
INDEX = Kind("number", "int64", places=4)
SHARE = Kind("number", "int64", places=6, unit="%")
"""A share of a whole, in millionths."""
DIVISOR = Kind("number", "int64", places=1)
"""Months an account is paid over, with the one decimal the law prints."""


def code(*options: str) -> Kind:
    """One of a few words."""
    return Kind("code", "string", options=options)


@dataclass(frozen=True, slots=True)
class Field:
    """A named value: an input of a formula, a result, a fact. ``default`` stands for an input that was left out."""

    name: str
    kind: Kind
    label: str = ""
    default: Any = None
    required: bool = True


def read_all(fields: Sequence[Field], given: Mapping[str, Any]) -> dict[str, Any]:
    """All values of a mapping as the engine keeps them. Raises :class:`ValueWrong` for the first that is wrong, missing or unknown."""
    if strange := next((name for name in given if all(f.name != name for f in fields)), None):
        raise ValueWrong(field=strange, label=strange, value=given[strange], why=msg("没有这一项"))
    values = {}
    for f in fields:
        value = given.get(f.name)
        if value is None and f.required and f.default is None:
            raise ValueWrong(field=f.name, label=f.label or f.name, value="", why=f.kind.asks)
        values[f.name] = f.kind.read(f.default if value is None else value, label=f.label or f.name)
    return values
