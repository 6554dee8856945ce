"""What would be if a figure were published: asked for, watched, read, and taken along."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from linli.domains.benefits import commands
from linli.domains.benefits.queries import Effect, RunState, effects, moved_at, once_said, parameter_sheet, what_if
from linli.domains.org.queries import region_names
from linli.web.access import requires
from linli.web.console.exchange.files import as_file, known
from linli.web.console.policies.changing import _page
from linli.web.console.policies.menu import SEE
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.parts import Column
from linli.web.ui.templatetags.linli_ui import day
from linli.web.ui.toasts import done

_BARS = 15  # places in a picture; the table has them all


@requires("benefits.policy", "benefits.agree")
@require_POST
def ask(request: StaffRequest, change_id: UUID) -> HttpResponse:
    """Have it reckoned."""
    try:
        run = commands.ask_what_if(
            change_id=change_id, fresh="fresh" in request.POST, by=request.actor, now=request.now, **keyed(request)
        )
    except (commands.NothingToCompare, commands.ChangeMoved) as error:
        return _page(request, change_id, act="what-if", error=error)
    done(request, _("正在测算，可以离开这一页。"))
    return redirect("policies:what_if", run)


@requires(*SEE)
@require_safe
def one(request: StaffRequest, run_id: UUID) -> HttpResponse:
    """Who gains, who loses, how much money: as picture and table, by policy and place."""
    run = what_if(run_id, by=request.actor)
    assert run.change
    state = RunState(run.state)
    found = effects(run) if state is RunState.DONE else []
    context = {
        "run": run, "change": run.change, "state": state, "label": parameter_sheet(run.change.name, by=request.actor, on=request.today).parameter.label,
        "lead": _lead(run), "stale": run.asked_at < moved_at(run.change, request.today),
        "effects": [
            {
                "of": e, "once": once_said(e.policy), "option": _option(e), "summary": _summary(e), "id": f"chart-{e.policy.code}",
                "net": e.more - e.less,
            }
            for e in found
        ],
        "columns": [
            Column(_("地方")), Column(_("受益"), number=True), Column(_("受损"), number=True), Column(_("增加（元）"), number=True),
            Column(_("减少（元）"), number=True),
        ],
    }  # fmt: skip
    return render(request, "console/policies/what_if.html", context)


def _lead(run: Any) -> str:
    place = region_names([run.region]).get(run.region, run.region)
    if run.facts_of:
        return _("%(place)s，用 %(day)s 比对时封存的信息，按 %(on)s 算。") % {
            "place": place,
            "day": day(run.facts_of.on),
            "on": day(run.on),
        }
    return _("%(place)s，用 %(day)s 的信息，按 %(on)s 算。") % {"place": place, "day": day(run.asked_at), "on": day(run.on)}


@requires(*SEE)
@require_safe
def progress(request: StaffRequest, run_id: UUID) -> HttpResponse:
    """How far it is; once it is done, the page itself."""
    run = what_if(run_id, by=request.actor)
    answer = render(request, "console/policies/_progress.html", {"run": run, "state": RunState(run.state)})
    if run.state in (RunState.DONE, RunState.FAILED):
        answer["HX-Refresh"] = "true"
    return answer


def _option(e: Effect) -> dict[str, Any]:
    places = e.places[:_BARS]
    return {
        "xAxis": {"type": "category", "data": [p.place for p in places]},
        "yAxis": {"type": "value", "minInterval": 1},
        "legend": {},
        "series": [
            {"type": "bar", "name": _("受益"), "data": [p.gainers for p in places]},
            {"type": "bar", "name": _("受损"), "data": [p.losers for p in places]},
        ],
    }


def _summary(e: Effect) -> str:
    if not e.places:
        return _("没有谁的结果会变。")
    most = e.places[0]
    return _("受益 %(gain)s，受损 %(lose)s；变化最多的是%(place)s。") % {"gain": e.gainers, "lose": e.losers, "place": most.place}


def _yuan(fen: int) -> str:
    return f"{Decimal(fen).scaleb(-2):.2f}"


@requires(*SEE)
@require_safe
def export(request: StaffRequest, run_id: UUID, form: str) -> HttpResponseBase:
    """The table as a file; it holds places and numbers, nobody's name."""
    known(form)
    run = what_if(run_id, by=request.actor)
    head = [_("政策"), _("地方"), _("受益"), _("受损"), _("增加（元）"), _("减少（元）")]
    lines: list[Sequence[str]] = [
        [e.policy.name, p.place, str(p.gainers), str(p.losers), _yuan(p.more), _yuan(p.less)]
        for e in effects(run)
        for p in e.places
    ]
    return as_file(form, _("测算-%(day)s") % {"day": run.on}, _("测算"), head, lines)
