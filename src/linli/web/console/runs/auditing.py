"""The auditor at a finished scan: reckoned again whole, by a draw that anybody can repeat, or for one subject."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_safe

from linli.domains.accounts.queries import names
from linli.domains.benefits import commands
from linli.domains.benefits.queries import Audited, AuditState, RunState, SnapshotChanged, audits_of, policy_of, run, who_are
from linli.domains.org.queries import region_names
from linli.domains.trace.queries import recent_roots
from linli.kernel.errors import LinliError
from linli.web.access import requires
from linli.web.console.runs.listing import place_name
from linli.web.console.runs.parts import KINDS, called
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.forms import Form
from linli.web.ui.parts import Column

_AUDIT = "benefits.audit"
TONES = {AuditState.RUNNING: "info", AuditState.SAME: "done", AuditState.DIFFERS: "bad", AuditState.FAILED: "bad"}


class AuditForm(Form):
    """How many, and drawn by which seed."""

    kinds = {"size": "number"}

    size = forms.IntegerField(label=_lazy("每类抽多少个"), min_value=0, max_value=10**9, help_text=_lazy("填 0 表示全部复算。"))
    seed = forms.CharField(
        label=_lazy("抽取种子"),
        required=False,
        max_length=200,
        help_text=_lazy("用最近一次公布的留痕根摘要，任何人都能抽出同样的对象。全部复算的不用填。"),
    )


@requires(_AUDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def audit(request: StaffRequest, run_id: UUID) -> HttpResponse:
    """What was reckoned again and what it found; ask for another."""
    status = 200
    if request.method == "POST":
        form = AuditForm(request.POST)
        status = 422
        if form.is_valid():
            try:
                commands.ask_audit(
                    run_id=run_id, size=form.cleaned_data["size"], seed=form.cleaned_data["seed"], by=request.actor, now=request.now,
                    **keyed(request),
                )  # fmt: skip
            except LinliError as error:
                form.add_problem(error)
                status = status_of(error)
            else:
                return redirect("runs:audit", run_id)
    else:
        form = AuditForm(initial={"size": 100, "seed": next((bytes(r.hash).hex() for r in recent_roots(limit=1)), "")})
    return render(request, "console/runs/audit.html", {"form": form, **_about(request, run_id)}, status=status)


def _about(request: StaffRequest, run_id: UUID) -> dict[str, Any]:
    found, made = run(run_id, by=request.actor), audits_of(run_id, by=request.actor)
    people, places = names(a.asked_by for a in made), region_names([found.region])
    who = _named(made)
    rows = [
        (
            a, TONES[a.state], called(people, a.asked_by), [(KINDS[k], n, a.differ.get(k, 0)) for k, n in a.checked.items()],
            [(i, who[policy_of(code).subject].get(i), policy_of(code)) for i, code in a.named],
        )
        for a in made
    ]  # fmt: skip
    return {
        "run": found, "rows": rows, "place": place_name(found.region, places), "done": found.state == RunState.DONE,
        **_active(made),
    }  # fmt: skip


def _active(made: list[Audited]) -> dict[str, Any]:
    """Whether something is being reckoned, and how far the oldest of it is, which is worked on first."""
    under_way = [a for a in made if a.state is AuditState.RUNNING]
    done, total = (under_way[-1].progress if under_way else None) or (0, 0)
    return {"active": bool(under_way), "reckoned": done, "to_reckon": total}


def _named(made: list[Audited]) -> dict[str, dict[UUID, Any]]:
    """Who they are whose answers differ, by kind of subject."""
    apart: dict[str, set[UUID]] = {kind: set() for kind in KINDS}
    for audited in made:
        for subject_id, code in audited.named:
            apart[policy_of(code).subject].add(subject_id)
    return {kind: who_are(kind, ids) if ids else {} for kind, ids in apart.items()}


@requires(_AUDIT)
@require_safe
def progress(request: StaffRequest, run_id: UUID) -> HttpResponse:
    """Whether something is being reckoned; the page loads itself anew when it is done."""
    if not request.htmx:
        return redirect("runs:audit", run_id)
    about = _active(audits_of(run_id, by=request.actor))
    answer = render(request, "console/runs/_auditing.html", {"run_id": run_id, **about})
    if not about["active"]:
        answer["HX-Refresh"] = "true"
    return answer


@requires(_AUDIT)
@require_safe
def subject(request: StaffRequest, run_id: UUID, subject_id: UUID) -> HttpResponse:
    """One subject: what the scan said, and what the same facts, rule and figures say now. A file that was changed is told."""
    found = run(run_id, by=request.actor)
    context: dict[str, Any] = {"run": found, "subject_id": subject_id}
    try:
        again = commands.audit_in_run(run_id=run_id, subject_id=subject_id, by=request.actor, now=request.now)
    except SnapshotChanged as error:  # not a failure of this page: it is what the auditor came to find out
        return render(request, "console/runs/again.html", context | {"changed": error})
    context |= {
        "again": again, "who": who_are(again.subject, [subject_id])[subject_id], "kind": KINDS[again.subject],
        "place": place_name(again.region, region_names([again.region])), "rows": [(a, policy_of(a.policy)) for a in again.policies],
        "columns": [Column(_("政策")), Column(_("当时")), Column(_("现在复算")), Column(_("结论"))],
        "differ": sum(not a.same for a in again.policies),
    }  # fmt: skip
    return render(request, "console/runs/again.html", context)
