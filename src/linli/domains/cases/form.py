"""Checking what a form says against the fields of the standard: every wrong field is named with its remedy."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from linli.kernel.errors import Invalid, LinliError
from linli.kernel.identifiers import check_bank_card, check_credit_code, check_id_number, check_phone, compact, half_width
from linli.kernel.text import Message, noop

MAX_TEXT, MAX_ROWS = 2_000, 500


class _Field(Protocol):
    """What the check needs to know of a field (the catalogue's ``FormField``)."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def required(self) -> bool: ...
    @property
    def options(self) -> tuple[str, ...]: ...
    @property
    def material(self) -> str: ...


class Missing(LinliError):
    code = "cases.field_missing"
    template = noop("“%(label)s”还没有填写。")


class Unreadable(LinliError):
    code = "cases.field_wrong"
    template = noop("“%(label)s”填写有误：%(text)s")
    remedy = "%(remedy)s"  # filled with the sentence for the type of field


_REMEDIES = {
    "date": noop("请按 2026-01-31 的格式填写日期。"),
    "year-month": noop("请按 2026-01 的格式填写年月。"),
    "number": noop("请填写数字。"),
    "money": noop("请填写金额，最多两位小数，例如 1234.50。"),
    "boolean": noop("请选择是或否。"),
    "select": noop("请从选项中选择。"),
    "table": noop("每行填写一条，不超过 500 行。"),
    "text": noop("请缩短到 2000 字以内。"),
}


class Unattached(LinliError):
    code = "cases.attachment_missing"
    template = noop("“%(label)s”还没有上传。")
    remedy = noop("请拍照或选择文件。")


def check_form(
    fields: tuple[_Field, ...], values: Mapping[str, Any], *, today: date, complete: bool = True, attached: Collection[str] = ()
) -> dict[str, Any]:
    """The values of a form, each normalised by its type; fields the standard does not know are dropped.

    With ``complete`` off, missing fields are let pass, so that a half-filled form can be kept. What is handed in as a file is not among
    the values: ``attached`` names the fields for which something was. Raises
    :class:`~linli.kernel.errors.Invalid` with one error for each wrong field.
    """
    clean: dict[str, Any] = {}
    errors: list[LinliError] = []
    for field in fields:
        if str(field.type) == "file":
            if field.required and complete and not field.material and field.name not in attached:
                errors.append(Unattached(field=field.name, label=field.label))
            continue
        raw = values.get(field.name)
        if raw is None or (isinstance(raw, str) and not raw.strip()) or raw == []:
            if field.required and complete:
                errors.append(Missing(field=field.name, label=field.label))
            continue
        try:
            clean[field.name] = _value(field, raw, today)
        except LinliError as error:
            errors.append(error)
    if errors:
        raise Invalid(errors)
    return clean


def fits(field: _Field, raw: Any, *, today: date) -> bool:
    """Whether a field would accept a value: what one item's form taught may be no choice of another's."""
    try:
        _value(field, raw, today)
    except LinliError:
        return False
    return True


def _value(field: _Field, raw: Any, today: date) -> Any:
    text = raw.strip() if isinstance(raw, str) else raw
    if str(field.type) not in ("boolean", "table"):
        text = str(text)  # a program may send what no page would
    match str(field.type):
        case "date":
            return _parsed(field, text, lambda t: date.fromisoformat(t).isoformat())
        case "year-month":
            return _parsed(field, text, lambda t: date.fromisoformat(t + "-01").isoformat()[:7])
        case "number":
            return _parsed(field, text, lambda t: str(_number(t)))
        case "money":
            return _parsed(field, text, _money)
        case "boolean":
            if text in (True, "true", "on", "是", "yes", "1"):
                return True
            if text in (False, "false", "off", "否", "no", "0"):
                return False
            raise _wrong(field, text)
        case "select":
            if field.options and text not in field.options:
                raise _wrong(field, text)
            return _short(field, text)
        case "phone":
            return check_phone(text, field=field.name)
        case "id-number":
            # Passports and other documents stand in the same field: only what looks like an ID number is held to its rules.
            value = compact(text)
            return check_id_number(value, today=today, field=field.name).value if len(value) == 18 else _short(field, value)
        case "unified-social-credit-code":
            return check_credit_code(text, field=field.name).value
        case "bank-account":
            return check_bank_card(text, field=field.name)
        case "table":
            rows = text if isinstance(text, list | tuple) else str(text).splitlines()
            rows = [str(r).strip() for r in rows if str(r).strip()]
            if len(rows) > MAX_ROWS or any(len(r) > MAX_TEXT for r in rows):
                raise _wrong(field, f"{len(rows)}", "table")
            return rows
        case _:
            return _short(field, text)


def _short(field: _Field, text: Any) -> str:
    value = str(text).replace("\0", "")
    if len(value) > MAX_TEXT:
        raise _wrong(field, value[:20] + "…", "text")
    return value


def _parsed(field: _Field, text: Any, parse: Any) -> Any:
    try:
        return parse(half_width(str(text)))
    except (ValueError, InvalidOperation):
        raise _wrong(field, text) from None


def _number(text: str) -> Decimal:
    value = Decimal(text.replace(",", ""))
    if not value.is_finite() or abs(value) > Decimal("1e12"):
        raise ValueError(text)
    return value.normalize() if value == value.to_integral() and value.as_tuple().exponent > 0 else value  # type: ignore[operator]


def _money(text: str) -> str:
    value = _number(re.sub(r"[,¥元\s]", "", text))
    if value < 0 or value != value.quantize(Decimal("0.01")):
        raise ValueError(text)
    return str(value.quantize(Decimal("0.01")))


def _wrong(field: _Field, text: Any, remedy: str = "") -> Unreadable:
    return Unreadable(
        field=field.name, label=field.label, text=str(text)[:40], remedy=Message(_REMEDIES.get(remedy or str(field.type), ""))
    )
