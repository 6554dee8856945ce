"""What the pages of scans share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from linli.domains.benefits.queries import RunState, State
from linli.kernel.text import noop
from linli.web.ui.paging import Page

KINDS = {"person": noop("个人"), "employer": noop("单位"), "hire": noop("招用的人")}
TONES = {RunState.WAITING: "plain", RunState.RUNNING: "info", RunState.DONE: "done", RunState.FAILED: "bad"}
STATE_TONES = {State.ENTITLED: "done", State.NOT_ENTITLED: "plain", State.UNKNOWN: "soon"}
SIZE = 30


def called(people: Mapping[UUID, str], user_id: UUID | None) -> str:
    """The name of who did something; nothing where nobody did."""
    return people.get(user_id, "") if user_id else ""


def number_of(request: HttpRequest) -> int:
    """Which page of a list that is paged by number; the lists of a finished scan do not grow."""
    asked = request.GET.get("page", "")
    return int(asked) if asked.isascii() and asked.isdigit() and 0 < int(asked) < 10**7 else 1


def page_by_number(request: HttpRequest, rows: Sequence[Any], total: int, size: int = SIZE) -> Page:
    """Some rows of such a list."""
    number = number_of(request)

    def at(page: int) -> str:
        query = request.GET.copy()
        query["page"] = str(page)
        return "?" + query.urlencode()

    more = number * size < total
    return Page(rows, total, False, before=at(number - 1) if number > 1 else "", after=at(number + 1) if more else "")
