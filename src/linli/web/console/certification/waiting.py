"""What waits for an officer: people to call, photographs to compare."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from linli.domains.benefits import commands
from linli.domains.benefits.queries import (
    REACH_OUTCOMES,
    ReachOutcome,
    ReachWay,
    certification_lines,
    open_calls,
    photo,
    photos_waiting,
    reach,
    suspensions_waiting,
)
from linli.domains.people.queries import parties
from linli.kernel.errors import NotFound
from linli.kernel.text import msg
from linli.web.access import requires
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.fields import Option
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column
from linli.web.ui.toasts import done


@requires("benefits.certify")
@require_safe
def calls(request: StaffRequest) -> HttpResponse:
    """Whom to call, those who wait longest first."""
    page = page_of(open_calls(by=request.actor), request, by="made_on", size=20)
    lines = certification_lines([r.certification for r in page.rows], on=request.today)
    context = {
        "page": page, "rows": list(zip(page.rows, lines, strict=True)),
        "columns": [Column(_("姓名")), Column(_("待遇")), Column(_("认证到")), Column(_("地方")), Column(_("从哪天起")), Column(_("结果"))],
        "outcomes": [Option(o.value, _(o.label)) for o in REACH_OUTCOMES[ReachWay.PHONE]],
    }  # fmt: skip
    return render(request, "console/certification/calls.html", context)


@requires("benefits.certify")
@require_POST
def call(request: StaffRequest, reach_id: UUID) -> HttpResponse:
    """What came of a call."""
    if reach(reach_id, by=request.actor).way != ReachWay.PHONE:
        raise NotFound(what=msg("这个电话"))
    said = request.POST.get("outcome", "")
    if said not in list(ReachOutcome):
        raise commands.OutcomeWrong(field="outcome")
    commands.note_reach(
        reach_id=reach_id,
        outcome=ReachOutcome(said),
        note=request.POST.get("note", ""),
        by=request.actor,
        now=request.now,
        **keyed(request),
    )
    done(request, _("已登记通话结果。"))
    return redirect("certification:calls")


@requires("benefits.certify")
@require_safe
def photos(request: StaffRequest) -> HttpResponse:
    """Photographs that wait, oldest first."""
    page = page_of(photos_waiting(by=request.actor).defer("picture"), request, by="taken_at", size=20)
    who = parties(p.person_id for p in page.rows)
    context = {
        "page": page, "rows": [(p, who.get(p.person_id)) for p in page.rows],
        "columns": [Column(_("姓名")), Column(_("证件号码")), Column(_("拍照时间"))],
    }  # fmt: skip
    return render(request, "console/certification/photos.html", context)


@requires("benefits.certify")
def photo_page(request: StaffRequest, photo_id: UUID) -> HttpResponse:
    """One of them beside who it should be, and whether it is."""
    row = photo(photo_id, by=request.actor)
    if request.method == "POST":
        answer = request.POST.get("verdict", "")
        if answer in ("yes", "no"):
            commands.compare_photo(photo_id=photo_id, matches=answer == "yes", by=request.actor, now=request.now, **keyed(request))
            done(request, _("已认证，并通知本人。") if answer == "yes" else _("已请本人重拍。"))
            return redirect("certification:photos")
    who = parties([row.person_id]).get(row.person_id)
    context = {"row": row, "who": who, "gesture": _(commands.GESTURES[row.gesture]), "wrong": request.method == "POST"}
    return render(request, "console/certification/photo.html", context, status=422 if context["wrong"] else 200)


@requires("benefits.certify")
@require_GET
def photo_picture(request: StaffRequest, photo_id: UUID) -> HttpResponse:
    """The picture itself, for the page above and nobody's cache."""
    data, kind = commands.picture(photo_id, by=request.actor, now=request.now)
    return HttpResponse(data, content_type=kind, headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})


@requires("benefits.certify", "benefits.agree")
@require_safe
def proposals(request: StaffRequest) -> HttpResponse:
    """Suspensions that wait for a second officer, oldest first."""
    page = page_of(suspensions_waiting(by=request.actor), request, by="proposed_at", size=20)
    lines = certification_lines([p.certification for p in page.rows], on=request.today)
    context = {
        "page": page, "rows": list(zip(page.rows, lines, strict=True)),
        "columns": [Column(_("姓名")), Column(_("待遇")), Column(_("认证到")), Column(_("地方")), Column(_("提出时间"))],
    }  # fmt: skip
    return render(request, "console/certification/proposals.html", context)
