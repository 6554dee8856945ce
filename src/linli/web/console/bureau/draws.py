"""The ledger of draws: what was committed to, what was revealed, and every draw repeated before the reader's eyes."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from linli.domains.accounts.queries import names
from linli.domains.cases.queries import (
    DrawDay,
    Exclusion,
    case_numbers,
    draw_counts,
    draw_ledger,
    draws_on,
    published_draws,
    replay_day,
    replay_draws,
)
from linli.kernel.errors import NotFound
from linli.kernel.text import msg
from linli.web.access import requires
from linli.web.http import StaffRequest
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column


def _hex(value: Any) -> str:
    return bytes(value).hex() if value else ""


@requires("draws.replay")
@require_GET
def ledger(request: StaffRequest) -> HttpResponse:
    """Days, newest first; each line has its draws repeated when it is seen."""
    page = page_of(draw_ledger(by=request.actor), request, by="-day", size=20)
    counts = draw_counts(d.day for d in page.rows)
    rows = [(d, _hex(d.commitment), _hex(d.revealed_seed), counts.get(d.day, 0)) for d in page.rows]
    columns = [Column(_("日期")), Column(_("承诺值")), Column(_("种子")), Column(_("抽取次数"), number=True), Column(_("复算"))]
    return render(request, "console/bureau/draws.html", {"page": page, "rows": rows, "columns": columns})


@requires("draws.replay")
@require_GET
def day(request: StaffRequest, day: str) -> HttpResponse:
    """The draws of one day, each repeated."""
    wanted, row = _day(day, request)
    page = page_of(draws_on(wanted, by=request.actor), request, by="at", size=20)
    replays, numbers = replay_draws(page.rows), case_numbers(d.case_id for d in page.rows)
    people = names({u for d in page.rows for u in (*d.candidates, *map(UUID, d.excluded))})
    rows = [
        (
            d, numbers.get(d.case_id, ""), replays[d.step_id], people.get(d.chosen, ""), [people.get(c, "") for c in d.candidates],
            [(people.get(UUID(u), ""), _(Exclusion(why).label)) for u, why in d.excluded.items()],
        )
        for d in page.rows
    ]  # fmt: skip
    columns = [Column(_("时间")), Column(_("办件")), Column(_("环节"), number=True), Column(_("候选与排除")), Column(_("抽中")), Column(_("复算"))]  # fmt: skip
    context = {
        "day": wanted, "row": row, "page": page, "rows": rows, "columns": columns, "commitment": _hex(row.commitment),
        "seed": _hex(row.revealed_seed), "may_open": request.actor.can("cases.supervise"),
    }  # fmt: skip
    return render(request, "console/bureau/draw_day.html", context)


@requires("draws.replay")
@require_GET
def replay(request: StaffRequest, day: str) -> HttpResponse:
    """All draws of a day repeated; a line for the ledger."""
    wanted, _row = _day(day, request)
    done = replay_day(wanted)
    assert done
    return render(
        request, "console/bureau/_replay.html", {"done": done, "wrong": sum(not d.same for d in done.draws), "day": wanted}
    )


@requires("draws.replay")
@require_GET
def download(request: StaffRequest, day: str) -> HttpResponse:
    """The public lines of a day, as anybody needs them to repeat its draws."""
    wanted, _row = _day(day, request)
    lines = "".join(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n" for line in published_draws(wanted))
    response = HttpResponse(lines, content_type="application/jsonl; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="draws-{wanted.isoformat()}.jsonl"'
    return response


def _day(text: str, request: StaffRequest) -> tuple[date, DrawDay]:
    try:
        wanted = date.fromisoformat(text)
    except ValueError:
        raise NotFound(what=msg("这一天")) from None
    row = draw_ledger(by=request.actor).filter(day=wanted).first()
    if row is None:
        raise NotFound(what=msg("这一天的抽取"))
    return wanted, row
