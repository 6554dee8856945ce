"""Scans: the list of them, a new one, how far it is, and what came of it policy by policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.domains.accounts.queries import names
from linli.domains.benefits import commands
from linli.domains.benefits.queries import (
    Change,
    Policy,
    RunState,
    figures_of,
    in_force,
    places_to_scan,
    policy_of,
    run,
    runs,
    shipped_policies,
)
from linli.domains.org.queries import region_names
from linli.kernel.errors import LinliError
from linli.web.access import requires
from linli.web.console.runs.parts import KINDS, TONES, called
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.forms import Form
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column
from linli.web.ui.toasts import done

_SEE, _DO, _AUDIT = "benefits.view", "benefits.run", "benefits.audit"
_ACTIVE = (RunState.WAITING, RunState.RUNNING)


def place_name(code: str, known: dict[str, str]) -> str:
    """What a place is called; the code itself where it is not registered."""
    return known.get(code) or code or _("全国")


@requires(_SEE)
@require_safe
def listing(request: StaffRequest) -> HttpResponse:
    """Scans, newest first."""
    page = page_of(runs(by=request.actor), request, by="-asked_at")
    places, people = region_names(r.region for r in page.rows), names(r.asked_by_id for r in page.rows)
    rows = [
        (
            r, place_name(r.region, places), called(people, r.asked_by_id), RunState(r.state), TONES[RunState(r.state)],
            [policy_of(code).name for code in r.policies[:2]],
            sum(c["entitled"] for c in r.counts.values()), sum(c["fen"] for c in r.counts.values()),
        )
        for r in page.rows
    ]  # fmt: skip
    columns = [
        Column(_("比对日期")), Column(_("地方")), Column(_("政策")), Column(_("状态")), Column(_("符合"), number=True),
        Column(_("金额（元）"), number=True), Column(_("发起")),
    ]  # fmt: skip
    context = {"page": page, "rows": rows, "columns": columns, "may_run": request.actor.can(_DO)}
    return render(request, "console/runs/list.html", context)


# -- a new one -------------------------------------------------------------------------------------------------------------


class NewForm(Form):
    """As of which day, where, and which policies."""

    kinds = {"on": "date"}

    on = forms.DateField(label=_lazy("比对日期"), help_text=_lazy("按这一天有效的政策和标准算，通常是今天。"))
    region = forms.ChoiceField(label=_lazy("地方"))
    policies = forms.MultipleChoiceField(label=_lazy("政策"), error_messages={"required": _lazy("请至少选一项政策。")})

    def __init__(self, *args: Any, places: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].choices = places  # type: ignore[attr-defined]
        self.fields["policies"].choices = [(code, p.name) for code, p in shipped_policies().items()]  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Choice:
    """A policy as it can be chosen. ``over``: its last day was before the day of the scan."""

    policy: Policy
    checked: bool
    over: bool
    until: date | None


def _choices(runs: Mapping[str, tuple[bool, date | None]], wanted: list[str] | None) -> list[tuple[str, list[Choice]]]:
    """The policies by whom they are for; those in force are chosen unless the officer said otherwise."""
    apart: dict[str, list[Choice]] = {kind: [] for kind in KINDS}
    for policy in shipped_policies().values():
        running, until = runs[policy.code]
        apart[policy.subject].append(Choice(policy, running and (wanted is None or policy.code in wanted), not running, until))
    return [(KINDS[kind], choices) for kind, choices in apart.items() if choices]


def _day(typed: str, today: date) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return today


@requires(_DO)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: StaffRequest) -> HttpResponse:
    """Ask for a scan. When the day is changed, the policies that can be chosen follow it."""
    places = [(r.code, r.name) for r in places_to_scan(by=request.actor)]
    if request.method == "POST":
        form, status = NewForm(request.POST, places=places), 422
        if form.is_valid():
            given = form.cleaned_data
            try:
                run_id = commands.start_run(
                    on=given["on"], region=given["region"], policies=given["policies"], by=request.actor, now=request.now,
                    **keyed(request),
                )  # fmt: skip
            except LinliError as error:
                form.add_problem(error)
                status = status_of(error)
            else:
                return redirect("runs:run", run_id)
        wanted: list[str] | None = request.POST.getlist("policies")
        on = _day(request.POST.get("on", ""), request.today)
    else:
        on, status = _day(request.GET.get("on", ""), request.today), 200
        wanted = None
        initial = {"on": on, "region": request.GET.get("region") or request.actor.region}
        form = NewForm(initial=initial, places=places)
    where = request.POST.get("region") or request.GET.get("region") or request.actor.region
    runs = in_force(by=request.actor, region=where if where in dict(places) else request.actor.region, on=on)
    context = {"form": form, "groups": _choices(runs, wanted), "on": on}
    return render(request, "console/runs/new.html", context, status=status)


# -- one -------------------------------------------------------------------------------------------------------------------


@requires(_SEE)
@require_safe
def one(request: StaffRequest, run_id: UUID) -> HttpResponse:
    """How far a scan is; when it is done what it says of each policy, and what it rests on."""
    found = run(run_id, by=request.actor)
    places = region_names([found.region, *(p for g in found.figures for p in g["places"])])
    columns = [
        Column(_("政策")), Column(_("符合"), number=True), Column(_("金额（元）"), number=True), Column(_("新增"), number=True),
        Column(_("退出"), number=True), Column(_("金额变化"), number=True), Column(_("不符合"), number=True), Column(_("不能确定"), number=True),
        Column(_("没有标准"), number=True),
    ]  # fmt: skip
    context = {
        "run": found, "state": RunState(found.state), "tone": TONES[RunState(found.state)], "place": place_name(found.region, places),
        "asked_by": called(names([found.asked_by_id]), found.asked_by_id), "active": found.state in _ACTIVE, "columns": columns,
        "rows": sorted(
            ((policy_of(code), found.counts[code]) for code in found.policies if code in found.counts), key=lambda r: -r[1]["entitled"]
        ),
        "totals": _totals(found.counts), "digests": sorted(found.digests.items()), "may_run": request.actor.can(_DO),
        "may_audit": request.actor.can(_AUDIT),
        "figures": [
            (_("、").join(place_name(p, places) for p in group), lines)
            for group, lines in figures_of(found)
        ],
    }  # fmt: skip
    return render(request, "console/runs/run.html", context)


def _totals(counts: dict[str, Any]) -> dict[str, int]:
    keys = ("entitled", "fen", "unknown", "before_fen", *Change)
    return {key: sum(c[key] for c in counts.values()) for key in keys}


@requires(_SEE)
@require_safe
def progress(request: StaffRequest, run_id: UUID) -> HttpResponse:
    """How far a scan is; the page loads itself anew when it is done."""
    found = run(run_id, by=request.actor)
    if not request.htmx:
        return redirect("runs:run", run_id)
    answer = render(request, "console/runs/_progress.html", {"run": found})
    if found.state not in _ACTIVE:
        answer["HX-Refresh"] = "true"
    return answer


@requires(_DO)
@require_POST
def repeat(request: StaffRequest, run_id: UUID) -> HttpResponse:
    """Have a scan that came to nothing tried again."""
    commands.repeat_run(run_id=run_id, by=request.actor, now=request.now, **keyed(request))
    done(request, _("已重新开始比对。"))
    return redirect("runs:run", run_id)
