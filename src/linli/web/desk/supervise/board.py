"""The board: how the hall stands, in one look, and what comes due next."""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from linli.domains.cases.queries import Colour, Outlook, outlook, waiting_steps
from linli.domains.cases.queries import board as count
from linli.web.access import requires
from linli.web.desk.supervise.asks import SETTLES
from linli.web.http import StaffRequest
from linli.web.ui.parts import Column
from linli.web.ui.templatetags.linli_ui import day as day_words

_FIGURES = [(Colour.RED, "bad"), (Colour.AMBER, "soon"), (Colour.GREEN, "done"), (Colour.PAUSED, "")]


@requires("cases.supervise")
@require_GET
def board(request: StaffRequest) -> HttpResponse:
    """The whole page."""
    return render(request, "desk/supervise/board.html", _context(request))


@requires("cases.supervise")
@require_GET
def now(request: StaffRequest) -> HttpResponse:
    """The figures again; nothing at all while they are the same, so that nothing moves under the reader's eyes."""
    context = _context(request)
    if request.GET.get("seen") == context["digest"]:
        return HttpResponse(status=204)
    return render(request, "desk/supervise/_board.html", context)


def _context(request: StaffRequest) -> dict[str, Any]:
    counts = count(by=request.actor, now=request.now)
    waits = waiting_steps(by=request.actor).count()
    seen = outlook(by=request.actor, now=request.now)
    text = repr((counts, waits, seen, request.today))
    return {
        "figures": [(c, tone, counts.counts[c]) for c, tone in _FIGURES], "total": counts.total, "asks": counts.asks, "waits": waits,
        "may_settle": any(request.actor.can(p) for p in SETTLES),
        "outlook": seen, "option": _option(seen), "summary": _summary(seen), "at": request.now, "empty": not counts.total,
        "columns": [Column(_("到期日")), Column(_("件数"), number=True)],
        "digest": hashlib.sha256(text.encode()).hexdigest()[:16],
    }  # fmt: skip


def _option(seen: Outlook) -> dict[str, Any]:
    names = [d.strftime("%m-%d") for d, _n in seen.days]
    return {
        "xAxis": {"type": "category", "data": names},
        "yAxis": {"type": "value", "minInterval": 1},
        "grid": {"top": 24},
        "series": [{"type": "bar", "name": _("到期件数"), "data": [n for _d, n in seen.days], "label": {"show": True, "position": "top"}}],
    }  # fmt: skip


def _summary(seen: Outlook) -> str:
    """The answer in one sentence."""
    busiest = max(seen.days, key=lambda pair: pair[1])
    total = sum(n for _d, n in seen.days)
    if not total:
        return _("今后 10 个工作日没有到期的办件。")
    return _("今后 10 个工作日共有 %(total)s 件到期，最多的是 %(day)s，%(n)s 件。") % {
        "total": total, "day": day_words(busiest[0]), "n": busiest[1],
    }  # fmt: skip
