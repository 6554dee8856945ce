"""A filled-in form as a page may show it: answers in the order of the standard, numbers of people masked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from linli.domains.catalog.queries import FieldType, Standard
from linli.kernel.identifiers import mask_account, mask_id, mask_phone
from linli.kernel.text import noop

_MASKS = {FieldType.ID_NUMBER: mask_id, FieldType.PHONE: mask_phone, FieldType.BANK_ACCOUNT: mask_account}
# Numbers also stand within sentences and tables, where no type names them.
_ID_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])")
_YES, _NO = noop("是"), noop("否")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. ``lines`` are several for a table; ``masked`` says that a number in it is not shown whole."""

    name: str
    label: str
    type: FieldType
    lines: tuple[str, ...]
    masked: bool


def answers(standard: Standard, form: Mapping[str, Any]) -> list[Answer]:
    """All fields of the form with what was answered; one that was left empty has no lines. What is attached lies with the materials."""
    read = []
    for field in standard.typed:
        whole = whole_lines(form.get(field.name))
        mask = _MASKS.get(field.type, _within)
        shown = tuple(mask(line) for line in whole)
        read.append(Answer(field.name, field.label, field.type, shown, shown != whole))
    return read


def whole_lines(value: Any) -> tuple[str, ...]:
    """An answer as lines of text, as it was given."""
    if value is None or value == "":
        return ()
    if isinstance(value, bool):
        return (_YES if value else _NO,)
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


def _within(text: str) -> str:
    return _ID_NUMBER.sub(lambda found: mask_id(found[0]), text)
