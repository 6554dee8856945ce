"""Pages of a growing list by key and not by number: page 500 costs what page 1 costs, and nothing is shown twice."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

COUNTED = 1000  # beyond this a list says 1000+


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list, with the addresses of the pages before and after and how many there are in all.

    ``count`` stops at :data:`COUNTED`; ``more`` says that there are more than that.
    """

    rows: Sequence[Any]
    count: int
    more: bool
    before: str = ""
    after: str = ""


def page_of(rows: QuerySet[Any], request: HttpRequest, *, by: str, size: int = 20) -> Page:
    """The page of ``rows`` that the address asks for, ordered ``by`` one column (``-`` for descending) and then by key."""
    column, down = by.removeprefix("-"), by.startswith("-")
    back = "before" in request.GET
    cursor = _read(request.GET.get("before") or request.GET.get("after") or "")
    backwards = down is not back  # walking back is walking the other way, then turning round
    order = "-" if backwards else ""
    wanted = rows.order_by(order + column, order + "pk")
    if cursor:
        try:
            wanted = wanted.filter(_beyond(rows, column, "lt" if backwards else "gt", *cursor))
        except (ValueError, TypeError, ValidationError):
            cursor = None  # it was made for another order
    found = list(wanted[: size + 1])
    further = len(found) > size
    found = found[:size]
    if back and cursor:
        found.reverse()
    counted = rows.order_by()[: COUNTED + 1].count()
    earlier, later = (further, True) if back and cursor else (bool(cursor), further)
    return Page(
        found, min(counted, COUNTED), counted > COUNTED,
        before=_address(request, "before", found[0], column) if found and earlier else "",
        after=_address(request, "after", found[-1], column) if found and later else "",
    )  # fmt: skip


def _beyond(rows: QuerySet[Any], column: str, side: str, value: Any, pk: Any) -> Q:
    """The rows on one side of a place in the order. Rows without a value come after all others, as PostgreSQL sorts them."""
    same = Q(**{f"{column}__isnull": True} if value is None else {column: value}) & Q(**{f"pk__{side}": pk})
    if value is None:
        return same if side == "gt" else same | Q(**{f"{column}__isnull": False})
    further = same | Q(**{f"{column}__{side}": value})
    return further | Q(**{f"{column}__isnull": True}) if side == "gt" and _may_be_empty(rows, column) else further


def _may_be_empty(rows: QuerySet[Any], column: str) -> bool:
    field: Any = None
    model: Any = rows.model
    for part in column.split("__"):
        field = model._meta.pk if part == "pk" else model._meta.get_field(part)
        if field.null:
            return True
        model = field.related_model
    return False


def _address(request: HttpRequest, side: str, row: Model, column: str) -> str:
    query = request.GET.copy()
    for old in ("before", "after"):
        query.pop(old, None)
    value: Any = row
    for part in column.split("__"):
        value = getattr(value, part)
    raw = json.dumps([value, row.pk], default=_exactly, separators=(",", ":")).encode()
    query[side] = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    return "?" + query.urlencode()


def _exactly(value: Any) -> str:
    """A moment to the microsecond: rows of the same millisecond are told apart too."""
    return value.isoformat() if isinstance(value, date) else str(value)


def _read(cursor: str) -> list[Any] | None:
    """What a cursor says; one that was tampered with is as good as none."""
    try:
        value = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        return None
    return value if isinstance(value, list) and len(value) == 2 else None
