"""Electronic files whose time is over: one person proposes a list, another approves it, and the proof remains."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from linli.domains.accounts.queries import names
from linli.domains.cases.queries import case_numbers
from linli.domains.documents.commands import propose_destruction, settle_destruction
from linli.domains.documents.queries import destruction_of, destruction_proof, destructions, due_packages
from linli.kernel.errors import LinliError
from linli.web.access import requires
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column
from linli.web.ui.toasts import done

_RECENT = 10


@requires("documents.retain")
@require_GET
def due(request: StaffRequest) -> HttpResponse:
    """What is due, and the newest lists."""
    return _due(request)


def _due(request: StaffRequest, problem: LinliError | None = None) -> HttpResponse:
    page = page_of(due_packages(by=request.actor, on=request.today), request, by="keep_until", size=50)
    numbers = case_numbers(p.subject_id for p in page.rows)
    lists = list(destructions(by=request.actor)[:_RECENT])
    context = {
        "page": page, "rows": [(p, numbers.get(p.subject_id, "")) for p in page.rows], "lists": lists,
        "people": names([d.proposed_by for d in lists]), "problem": problem, "reason": request.POST.get("reason", ""),
        "chosen": request.POST.getlist("package"),
        "columns": [Column(_("选择")), Column(_("办件编号")), Column(_("第几份"), number=True), Column(_("归档")), Column(_("保管到")), Column(_("依据"))],
    }  # fmt: skip
    return render(request, "console/archive/due.html", context, status=status_of(problem) if problem else 200)


@requires("documents.retain")
@require_POST
def propose(request: StaffRequest) -> HttpResponse:
    """Put some of them on a list."""
    chosen = [UUID(p) for p in request.POST.getlist("package") if _is_id(p)]
    try:
        made = propose_destruction(
            package_ids=chosen, reason=request.POST.get("reason", ""), by=request.actor, now=request.now, **keyed(request)
        )
    except LinliError as error:
        return _due(request, error)
    done(request, _("销毁清单已提出，等另一位同事批准。"))
    return redirect("archive:destruction", made)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


@requires("documents.retain")
@require_GET
def destruction(request: StaffRequest, destruction_id: UUID) -> HttpResponse:
    """One list."""
    return _destruction(request, destruction_id)


def _destruction(request: StaffRequest, destruction_id: UUID, problem: LinliError | None = None) -> HttpResponse:
    d, packages = destruction_of(destruction_id, by=request.actor)
    numbers, people = case_numbers(p.subject_id for p in packages), names([d.proposed_by, d.approved_by])
    context = {
        "d": d, "rows": [(p, numbers.get(p.subject_id, ""), bytes(p.manifest_digest).hex()) for p in packages], "people": people,
        "open": d.approved_at is None and d.refused_at is None, "own": d.proposed_by == request.actor.user_id, "problem": problem,
        "proposer": people.get(d.proposed_by, ""), "approver": people.get(d.approved_by, "") if d.approved_by else "",
        "columns": [Column(_("办件编号")), Column(_("第几份"), number=True), Column(_("保管到")), Column(_("依据")), Column(_("清单摘要（SM3）"))],
    }  # fmt: skip
    return render(request, "console/archive/destruction.html", context, status=status_of(problem) if problem else 200)


@requires("documents.retain")
@require_POST
def settle(request: StaffRequest, destruction_id: UUID) -> HttpResponse:
    """Approve or refuse a list that somebody else proposed."""
    approve = request.POST.get("answer") == "approve"
    try:
        gone = settle_destruction(
            destruction_id=destruction_id, approve=approve, by=request.actor, now=request.now, **keyed(request)
        )
    except LinliError as error:
        return _destruction(request, destruction_id, error)
    done(request, _("已销毁 %(n)s 份电子档案，证明已留存。") % {"n": gone} if approve else _("清单已退回，档案继续保管。"))
    return redirect("archive:destruction", destruction_id)


@requires("documents.retain")
@require_GET
def proof(request: StaffRequest, destruction_id: UUID) -> HttpResponse:
    """The proof of a destruction, to keep."""
    answer = JsonResponse(
        destruction_proof(destruction_id, by=request.actor), json_dumps_params={"ensure_ascii": False, "indent": 1}
    )
    answer["Content-Disposition"] = f'attachment; filename="destruction-{destruction_id}.json"'
    return answer
