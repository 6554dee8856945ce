"""How a figure is typed in and said: a number, a date, a table with a row for every step; always of the kind that the parameter has.

The kind is read off the newest value of a parameter, so that nobody describes it twice; how its keys are called, how many decimals a
number has and which bounds it keeps stands with the parameter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from linli.domains.benefits.parameters import Parameter
from linli.kernel.errors import Invalid, LinliError
from linli.kernel.text import Message, msg, noop

KEY = "key"  # the first column of a table whose rows have a number
_ONLY = ""  # the only value of a row, or of the parameter
_SHARE_PLACES = 6
_MOST_ROWS = 60
_LONGEST = 40


class TypedWrong(LinliError):
    """What was typed for a figure is not of its kind."""

    code = "benefits.typed_wrong"
    template = noop("“%(label)s”不能是“%(value)s”。")
    remedy = noop("%(why)s。")


class Entry(StrEnum):
    """How a part of a figure is typed."""

    NUMBER = "number"
    DATE = "date"
    MONTH = "month"
    YESNO = "yesno"
    WORD = "word"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Part:
    """One thing to type. ``name``: its place in the figure; a table has ``columns``, each a part of a row."""

    name: str
    label: str
    entry: Entry
    places: int = 0
    bounds: tuple[Any, Any] | None = None
    columns: tuple[Part, ...] = ()
    required: bool = True
    options: tuple[str, ...] = ()


def like(parameter: Parameter) -> Any:
    """The value whose kind a new one has: the newest."""
    newest = max(parameter.figures, key=lambda f: f.since, default=None)
    return newest.value if newest else parameter.sample


def parts(parameter: Parameter) -> list[Part]:
    """What has to be typed for a parameter, in order; none where it is words and not figures."""
    return list(_parts(parameter, like(parameter), ()))


def _parts(parameter: Parameter, value: Any, path: tuple[str, ...]) -> Iterator[Part]:
    if _is_table(value):
        yield Part(_name(path), _label(parameter, path), Entry.TABLE, columns=_columns(parameter, value, path))
    elif isinstance(value, Mapping):
        for key, below in value.items():
            yield from _parts(parameter, below, (*path, str(key)))
    elif isinstance(value, list):
        if all(_is_number(v) for v in value):
            for place, number in enumerate(value, 1):
                yield _one(parameter, number, path, f"{_label(parameter, path)} {place}", f".{place}")
    elif value is not None:
        yield _one(parameter, value, path, _label(parameter, path))


def _one(
    parameter: Parameter, value: Any, path: tuple[str, ...], label: str, behind: str = "", *, required: bool = True,
    options: tuple[str, ...] = (),
) -> Part:  # fmt: skip
    entry, name = _entry(value), _name(path) + behind
    if entry is not Entry.NUMBER:
        return Part(name, label, entry, required=required, options=options or (value,) if entry is Entry.WORD else ())
    places = _nearest(parameter.decimals, path)
    if places is None:
        places = _SHARE_PLACES if isinstance(value, Decimal) else 0
    return Part(name, label, entry, places, _nearest(parameter.bounds, path) or (0, None), required=required)


def _nearest(told: Mapping[str, Any], path: Sequence[str]) -> Any:
    """What is told of the innermost key; of a number that stands alone under the empty one."""
    return next((told[key] for key in reversed(path) if key in told), None if path else told.get(_ONLY))


def _columns(parameter: Parameter, value: Any, path: tuple[str, ...]) -> tuple[Part, ...]:
    rows = _rows(value)
    names = list(dict.fromkeys(name for row in rows for name in row))
    return tuple(
        _one(
            parameter, next(row[n] for row in rows if row.get(n) is not None), (*path, n), parameter.words.get(n, n or parameter.unit),
            required=all(n in row for row in rows), options=tuple(dict.fromkeys(str(row[n]) for row in rows if n in row)),
        )
        for n in names
    )  # fmt: skip


def _rows(value: Any) -> list[dict[str, Any]]:
    """A table as rows of named values."""
    if isinstance(value, list):
        return [dict(row) for row in value]
    return [
        {KEY: int(key), **(row if isinstance(row, Mapping) else {_ONLY: row})}
        for key, row in sorted(value.items(), key=lambda p: int(p[0]))
    ]


def _is_table(value: Any) -> bool:
    if isinstance(value, Mapping):
        return bool(value) and all(isinstance(key, int) for key in value)
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _entry(value: Any) -> Entry:
    match value:
        case bool():
            return Entry.YESNO
        case int() | Decimal():
            return Entry.NUMBER
        case date():
            return Entry.DATE
        case str() if re.fullmatch(r"\d{4}-\d{2}", value):
            return Entry.MONTH
    return Entry.WORD


def _name(path: Sequence[str]) -> str:
    return ".".join(("value", *path))


def _label(parameter: Parameter, path: Sequence[str]) -> str:
    return " · ".join(parameter.words.get(key, key) for key in path) or parameter.label


# -- typed ---------------------------------------------------------------------------------------------------------------


def typed(parameter: Parameter, value: Any) -> dict[str, Any]:
    """A value as one would type it: by the name of each part a text, for a table its rows."""
    found: dict[str, Any] = {}
    for part in parts(parameter):
        at = _at(value, part.name)
        if part.entry is Entry.TABLE:
            found[part.name] = [{_last(c): _text(row.get(_last(c))) for c in part.columns} for row in _rows(at)]
        else:
            found[part.name] = _text(at)
    return found


def _last(column: Part) -> str:
    return column.name.rsplit(".", 1)[-1]


def _at(value: Any, name: str) -> Any:
    for key in name.split(".")[1:]:
        value = value[int(key) - 1] if isinstance(value, list) else value[key]
    return value


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value.normalize():f}"
    return str(value)


def read(parameter: Parameter, given: Mapping[str, Any]) -> Any:
    """The value out of what was typed. Raises :class:`~linli.kernel.errors.Invalid` with an error for every part that is wrong."""
    wrong: list[LinliError] = []
    value = like(parameter)
    for part in parts(parameter):
        try:
            value = _put(value, part.name.split(".")[1:], _read(part, given.get(part.name), _at(value, part.name)))
        except TypedWrong as error:
            wrong.append(error)
    if wrong:
        raise Invalid(wrong)
    return value


def _put(value: Any, path: Sequence[str], new: Any) -> Any:
    if not path:
        return new
    if isinstance(value, list):
        return [_put(v, path[1:], new) if place == int(path[0]) else v for place, v in enumerate(value, 1)]
    return {k: _put(v, path[1:], new) if k == path[0] else v for k, v in value.items()}


def _read(part: Part, text: Any, before: Any) -> Any:
    if part.entry is Entry.TABLE:
        return _table(part, text if isinstance(text, list) else [], before)
    text = str(text or "").strip()[:_LONGEST]
    if not text:
        raise _wrong(part, text, msg("请填写，不能空着"))
    match part.entry:
        case Entry.YESNO if text in ("yes", "no"):
            return text == "yes"
        case Entry.DATE:
            try:
                return date.fromisoformat(text)
            except ValueError:
                raise _wrong(part, text, msg("请填日期，例如 2026-03-01")) from None
        case Entry.MONTH if re.fullmatch(r"[12]\d{3}-(0[1-9]|1[0-2])", text):
            return text
        case Entry.MONTH:
            raise _wrong(part, text, msg("请填年月，例如 2026-03"))
        case Entry.NUMBER:
            return _number(part, text)
        case Entry.WORD if text in part.options:
            return text
    raise _wrong(part, text, msg("请选一项"))


def _number(part: Part, text: str) -> int | Decimal:
    try:
        number = Decimal(re.sub(r"[,，\s]", "", text))
        if not number.is_finite():
            raise InvalidOperation
    except InvalidOperation:
        raise _wrong(part, text, msg("请填数字")) from None
    if number != round(number, part.places):
        raise _wrong(part, text, msg("最多 %(places)s 位小数", places=part.places) if part.places else msg("请填整数"))
    least, most = part.bounds or (None, None)
    if (least is not None and number < least) or (most is not None and number > most):
        between = (
            msg("请填 %(least)s 到 %(most)s 之间的数", least=least, most=most) if most is not None else msg("请填 0 或更大的数")
        )
        raise _wrong(part, text, between)
    return int(number) if number == int(number) else number.normalize()


def _table(part: Part, rows: Sequence[Mapping[str, str]], before: Any) -> Any:
    kept = [row for row in rows if any(str(v).strip() for v in row.values())]
    if not 0 < len(kept) <= _MOST_ROWS:
        raise _wrong(part, str(len(kept)), msg("请填 1 到 %(most)s 行", most=_MOST_ROWS))
    read_rows = [_row(part, row) for row in kept]
    first = _last(part.columns[0])
    keys = [row[first] for row in read_rows]
    if len(set(keys)) < len(keys):
        raise _wrong(part, "、".join(str(k) for k in keys), msg("“%(column)s”不能重复", column=part.columns[0].label))
    read_rows.sort(key=lambda row: row[first])
    if isinstance(before, list):
        return read_rows
    return {row[KEY]: row[_ONLY] if _ONLY in row else {k: v for k, v in row.items() if k != KEY} for row in read_rows}


def _row(part: Part, row: Mapping[str, str]) -> dict[str, Any]:
    found = {}
    for column in part.columns:
        text = str(row.get(_last(column), "")).strip()
        if text or column.required:
            try:
                found[_last(column)] = _read(column, text, None)
            except TypedWrong as error:
                raise TypedWrong(field=part.name, **error.params) from None  # the row stands in the table
    return found


def _wrong(part: Part, value: str, why: Message) -> TypedWrong:
    return TypedWrong(field=part.name, label=part.label, value=value, why=why)


# -- said ----------------------------------------------------------------------------------------------------------------


def said(parameter: Parameter, value: Any) -> list[tuple[str, str]]:
    """A value in lines: what it is called (nothing where it stands alone) and what it is."""
    return list(_said(parameter, value, ()))


def _said(parameter: Parameter, value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    label = _label(parameter, path) if path else ""
    if _is_table(value):
        for row in _rows(value):
            first, *rest = row.items()
            begins = f"{parameter.words.get(first[0], first[0])} {_plain(parameter, first[1])}"
            told = [(parameter.words.get(k, k), _plain(parameter, v)) for k, v in rest]
            yield begins, "，".join(f"{k} {v}" if k != _ONLY else v for k, v in told)
    elif isinstance(value, Mapping):
        for key, below in value.items():
            yield from _said(parameter, below, (*path, str(key)))
    elif isinstance(value, list):
        yield label, "、".join(_plain(parameter, v) for v in value)
    elif value is not None:
        yield label, _plain(parameter, value)


def _plain(parameter: Parameter, value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    return parameter.words.get(value, value) if isinstance(value, str) else _text(value)
