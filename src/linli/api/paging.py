"""Pages of a list by an opaque cursor: each page costs the same, and nothing is given twice."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from ninja import Query

from linli.api.problems import CursorUnreadable

Limit = Annotated[int, Query(ge=1, le=100, description="How many on a page.")]
Cursor = Annotated[str, Query(max_length=400, description="`next` of the page before.")]
_DEEPEST = 10_000


def page(rows: QuerySet[Any], *, by: str, limit: int, cursor: str) -> tuple[list[Any], str | None]:
    """The rows after a place in the order of one column (``-`` for descending) and the key; and where the next page begins."""
    column, down = by.removeprefix("-"), by.startswith("-")
    side, sign = ("lt", "-") if down else ("gt", "")
    wanted = rows.order_by(sign + column, sign + "pk")
    if cursor:
        value, pk = _read(cursor, 2)
        try:
            wanted = wanted.filter(Q(**{f"{column}__{side}": value}) | Q(**{column: value, f"pk__{side}": pk}))
        except (ValueError, TypeError, ValidationError):
            raise CursorUnreadable(field="cursor") from None
    found = list(wanted[: limit + 1])
    if len(found) <= limit:
        return found, None
    return found[:limit], _write([getattr(found[limit - 1], column), found[limit - 1].pk])


def ranked(rows: QuerySet[Any] | Sequence[Any], *, limit: int, cursor: str) -> tuple[list[Any], str | None]:
    """The same for what has an order of its own: the hits of a search by their rank, or a list."""
    start = _read(cursor, 1)[0] if cursor else 0
    if not isinstance(start, int) or isinstance(start, bool) or not 0 <= start <= _DEEPEST:
        raise CursorUnreadable(field="cursor")
    found = list(rows[start : start + limit + 1])
    return found[:limit], _write([start + limit]) if len(found) > limit and start + limit <= _DEEPEST else None


def _write(place: list[Any]) -> str:
    raw = json.dumps(place, default=lambda v: v.isoformat() if isinstance(v, datetime) else str(v), separators=(",", ":"))
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _read(cursor: str, parts: int) -> list[Any]:
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        raise CursorUnreadable(field="cursor") from None
    if (
        not isinstance(place, list)
        or len(place) != parts
        or not all(isinstance(v, str | int) for v in place)
        or "\0" in str(place[0])
    ):
        raise CursorUnreadable(field="cursor")
    return place
