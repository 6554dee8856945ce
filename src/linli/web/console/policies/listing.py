"""The policies, one of them with everything that stands behind it, and the parameters."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linli.domains.benefits.queries import (
    ChangeState,
    RunState,
    cases_of,
    changes,
    once_said,
    parameter_sheet,
    parameter_sheets,
    place_names,
    policy_lines,
    policy_sheet,
    recently_published,
)
from linli.domains.catalog.queries import names_of
from linli.web.access import requires
from linli.web.console.policies.menu import SEE
from linli.web.console.policies.parts import RUN_TONES, SUBJECTS, SURE, TONES, trial_columns, trial_rows
from linli.web.http import StaffRequest
from linli.web.ui.fields import Option
from linli.web.ui.flow import FlowStep, draw
from linli.web.ui.parts import Column

_FILTERS = ("q", "mode", "standing", "subject")
_ACROSS = 4  # steps of a procedure that stand side by side


@requires(*SEE)
@require_safe
def policies(request: StaffRequest) -> HttpResponse:
    """All policies, narrowed by the address."""
    lines = policy_lines(by=request.actor, on=request.today)
    wanted = {name: request.GET.get(name, "").strip() for name in _FILTERS}
    labels = {"in_force": _("执行中"), "over": _("已到期")}
    said = {
        "q": wanted["q"], "mode": wanted["mode"], "standing": labels.get(wanted["standing"], ""),
        "subject": _(SUBJECTS[wanted["subject"]]) if wanted["subject"] in SUBJECTS else "",
    }  # fmt: skip
    chosen = [
        line for line in lines
        if wanted["q"] in line.policy.name and wanted["mode"] in ("", line.policy.mode)
        and wanted["standing"] in ("", "in_force" if line.running else "over") and wanted["subject"] in ("", line.policy.subject)
    ]  # fmt: skip
    items = names_of([line.policy.item for line in lines if line.policy.item])
    context = {
        "rows": [(line, _(SUBJECTS[line.policy.subject]), items.get(line.policy.item, "")) for line in chosen], "wanted": wanted,
        "chips": [(text, "?" + urlencode({k: v for k, v in wanted.items() if v and k != name})) for name, text in said.items() if text],
        "modes": [Option(m, m) for m in dict.fromkeys(line.policy.mode for line in lines)],
        "standings": [Option(k, v) for k, v in labels.items()], "subjects": [Option(k, _(v)) for k, v in SUBJECTS.items()],
        "columns": [Column(_("政策")), Column(_("方式")), Column(_("面向")), Column(_("事项")), Column(_("状态")), Column(_("参数"), number=True)],
        "running": sum(line.running for line in lines), "total": len(lines), "recent": _named(request),
    }  # fmt: skip
    return render(request, "console/policies/list.html", context)


def _named(request: StaffRequest) -> list[dict[str, Any]]:
    """What was published lately, for everybody who works with it."""
    rows = recently_published(by=request.actor, now=request.now)
    sheets = (
        {s.name: s.parameter.label for s in parameter_sheets(by=request.actor, on=request.today, only={r.name for r in rows})}
        if rows
        else {}
    )
    places = place_names(r.region for r in rows)
    return [{"row": r, "label": sheets.get(r.name, r.name), "place": places[r.region]} for r in rows]


@requires(*SEE)
@require_safe
def policy(request: StaffRequest, code: str) -> HttpResponse:
    """One policy: what it asks and gives, with which figures, on what ground, how it is checked, what it was tried on."""
    seen = policy_sheet(code, by=request.actor, on=request.today)
    rows = trial_rows(seen.trials)
    own = [r for r in rows if r["trial"].case or not r["passed"] or r["trial"].outcome.topic == code]
    given = len(rows) - len(own)
    flow = [FlowStep(str(n), text, [str(n + 1)] if n < len(seen.policy.flow) else []) for n, text in enumerate(seen.policy.flow, 1)]
    context = {
        "seen": seen, "policy": seen.policy, "subject": _(SUBJECTS[seen.policy.subject]), "once": once_said(seen.policy),
        "item": names_of([seen.policy.item]).get(seen.policy.item, "") if seen.policy.item else "",
        "flow": draw(flow, across=len(flow) <= _ACROSS) if flow else None,
        "sure": {k: _(v) for k, v in SURE.items()}, "own": own, "given": given, "failing": sum(not r["passed"] for r in rows),
        "trial_columns": trial_columns(), "retired": cases_of([code]).filter(retired_at__isnull=False)[:10],
        "changes": [_change(row) for row in seen.changes], "figure_columns": _figure_columns(),
        "labels": {s.name: s.parameter.label for s in seen.figures}, "runs": [(r, RunState(r.state), RUN_TONES[RunState(r.state)]) for r in seen.runs],
        "change_columns": [Column(_("参数")), Column(_("从哪天起")), Column(_("依据")), Column(_("状态"))],
        "run_columns": [Column(_("比对日期")), Column(_("状态")), Column(_("符合"), number=True)], "may": request.actor.can("benefits.policy"),
        "counts": {r.pk: r.counts.get(code, {}).get("entitled") for r in seen.runs},
    }  # fmt: skip
    return render(request, "console/policies/policy.html", context)


def _change(row: Any) -> tuple[Any, ChangeState, str]:
    return row, ChangeState(row.state), TONES[ChangeState(row.state)]


def _figure_columns() -> list[Column]:
    return [Column(_("从哪天起")), Column(_("到")), Column(_("地区")), Column(_("数")), Column(_("依据"))]


@requires(*SEE)
@require_safe
def figures(request: StaffRequest) -> HttpResponse:
    """All parameters with what holds here today."""
    q = request.GET.get("q", "").strip()
    sheets = [s for s in parameter_sheets(by=request.actor, on=request.today) if q in s.parameter.label or q in s.name]
    context = {
        "sheets": sheets, "q": q, "chips": [(q, reverse("policies:figures"))] if q else [], "may": request.actor.can("benefits.policy"),
        "columns": [Column(_("参数")), Column(_("现在的数")), Column(_("从哪天起")), Column(_("地区")), Column(_("谁在用"))],
    }  # fmt: skip
    return render(request, "console/policies/figures.html", context)


@requires(*SEE)
@require_safe
def figure(request: StaffRequest, name: str) -> HttpResponse:
    """One parameter: every value by place and date, who reads it, and its changes."""
    seen = parameter_sheet(name, by=request.actor, on=request.today)
    context = {
        "seen": seen, "columns": _figure_columns(), "sure": {k: _(v) for k, v in SURE.items()},
        "changes": [_change(row) for row in changes(by=request.actor).filter(name=name)[:20]], "labels": {name: seen.parameter.label},
        "change_columns": [Column(_("参数")), Column(_("从哪天起")), Column(_("依据")), Column(_("状态"))],
        "may": request.actor.can("benefits.policy") and seen.changeable,
    }  # fmt: skip
    return render(request, "console/policies/figure.html", context)
