"""Joint matters for everybody: what there is, what one takes, and how one's own stands."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.domains.cases import commands as do
from linli.domains.cases.queries import PartView, joint_sheet, joints_own, live_code
from linli.domains.catalog.queries import CHOICES, bundle_in_force, bundles_in_force, joined_here
from linli.domains.documents.queries import pdf
from linli.kernel.errors import NotFound
from linli.kernel.text import joined, msg
from linli.web.access import public, requires
from linli.web.files import send_pdf
from linli.web.http import Request, StaffRequest
from linli.web.joint import bundle_clock, gains_of, picture, task_list
from linli.web.once import keyed
from linli.web.portal.apply.keep import go
from linli.web.portal.apply.papers import qr_of, shown_code
from linli.web.portal.bundles.rows import joint_rows
from linli.web.portal.place import place_of
from linli.web.ui import toasts
from linli.web.ui.paging import page_of


@public
@require_safe
def matters(request: Request) -> HttpResponse:
    """Every joint matter of the place."""
    place = place_of(request)
    found = bundles_in_force(region=place.code, on=request.today)
    return render(request, "portal/bundles/list.html", {"place": place, "bundles": found})


@public
@require_safe
def matter(request: Request, code: str) -> HttpResponse:
    """What one joint matter takes: who does what, what to bring once, what it saves, and what is asked first."""
    place = place_of(request)
    found = bundle_in_force(code, region=place.code, on=request.today)
    whole = joined_here(found, region=place.code, on=request.today)
    context = {
        "place": place, "bundle": found.bundle, "whole": whole, "flow": picture(whole) if whole.members else None,
        "gains": gains_of(whole) if whole.members else [], "kinds": [_(CHOICES["applicant_kinds"][k]) for k in found.bundle.applicant_kinds],
    }  # fmt: skip
    return render(request, "portal/bundles/item.html", context)


# -- one's own --------------------------------------------------------------------------------------------------------------


@requires("portal.use")
@require_safe
def mine(request: StaffRequest) -> HttpResponse:
    """All joint matters of one's own, newest first."""
    page = page_of(joints_own(by=request.actor, on=request.today), request, by="-started_at")
    return render(request, "portal/bundles/mine.html", {"page": page, "rows": joint_rows(page.rows, by=request.actor)})


@requires("portal.use")
@require_safe
def progress(request: StaffRequest, joint_id: UUID) -> HttpResponse:
    """One's own joint matter: every part with its state, its office and its dates, what came of it, and until when it all takes."""
    found = joint_sheet(joint_id, by=request.actor, now=request.now)
    context = {
        "sheet": found, "joint": found.joint, "tasks": task_list(found, link=_own), "why": joined([found.why], _), "over": found.is_over,
        "clock": bundle_clock(found, on=request.today), "flow": picture(found.chosen, found.parts) if found.chosen.members else None,
        "to_take": sum(p.may_take for p in found.wanted),
        "papers": [(paper, found.name_of(paper.subject_id)) for paper in found.papers],
    }  # fmt: skip
    return render(request, "portal/bundles/progress.html", context)


def _own(part: PartView) -> str:
    return reverse("apply:case", args=[part.case_id])


@requires("portal.use")
@require_safe
def receipt(request: StaffRequest, joint_id: UUID) -> HttpResponse:
    """What somebody wants in the hand after submitting: the number, who does what until when, and what happens next."""
    found = joint_sheet(joint_id, by=request.actor, now=request.now)
    if not found.joint.number:
        return go(request, "bundles:progress", joint_id)
    context = {
        "sheet": found, "joint": found.joint, "tasks": task_list(found, link=None), "why": joined([found.why], _),
        "clock": bundle_clock(found, on=request.today),
    }  # fmt: skip
    return render(request, "portal/bundles/receipt.html", context)


@requires("portal.use")
@require_safe
def receipt_paper(request: StaffRequest, joint_id: UUID) -> HttpResponse:
    """The same as a sealed paper."""
    card = do.open_joint_receipt(joint_id=joint_id, by=request.actor, now=request.now)
    return send_pdf(pdf(card.id), card.title)


@requires("portal.use")
@require_POST
def collect(request: StaffRequest, joint_id: UUID) -> HttpResponse:
    """Take over every result that is there."""
    taken = do.collect_joint(joint_id=joint_id, by=request.actor, now=request.now, **keyed(request))
    if taken:
        toasts.done(request, _("已领取，可以下载了。"))
    return go(request, "bundles:progress", joint_id)


@requires("portal.use")
@require_POST
def otherwise(request: StaffRequest, joint_id: UUID, code: str) -> HttpResponse:
    """Go on with a part although what it waited for did not come."""
    do.bring_otherwise(joint_id=joint_id, code=code, by=request.actor, now=request.now, **keyed(request))
    toasts.done(request, _("已提交这一项；还缺什么，受理的部门会一次告诉您。"))
    return go(request, "bundles:progress", joint_id)


@requires("portal.use")
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: StaffRequest, joint_id: UUID) -> HttpResponse:
    """A code for going on with a draft at a counter; shown again until it is used, runs out or is replaced."""
    found = joint_sheet(joint_id, by=request.actor, now=request.now)
    if not found.fillable:
        return go(request, "bundles:progress", joint_id)
    if request.method == "POST":
        do.make_joint_hand_over(joint_id=joint_id, by=request.actor, now=request.now, **keyed(request))
        return go(request, "bundles:code", joint_id)
    live = live_code(found.joint, to_counter=True, now=request.now)
    back, qr_url = reverse("bundles:progress", args=[joint_id]), reverse("bundles:code_qr", args=[joint_id])
    return render(request, "portal/mine/code.html", {"back": back, "qr_url": qr_url, **shown_code(live)})


@requires("portal.use")
@require_safe
def code_qr(request: StaffRequest, joint_id: UUID) -> HttpResponse:
    """The same for the scanner of a counter."""
    found = joint_sheet(joint_id, by=request.actor, now=request.now)
    return qr_of(live_code(found.joint, to_counter=True, now=request.now))


@requires("portal.use")
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: StaffRequest, joint_id: UUID, code: str = "") -> HttpResponse:
    """Take back one part, or all that is not decided: asked once more, because it cannot be undone."""
    found = joint_sheet(joint_id, by=request.actor, now=request.now)
    part = next((p for p in found.parts if p.code == code), None) if code else None
    if (code and part is None) or not found.may_work:
        raise NotFound(what=msg("这个一件事"))
    if request.method == "POST":
        common: dict[str, Any] = {
            "reason": request.POST.get("reason", ""),
            "by": request.actor,
            "now": request.now,
            **keyed(request),
        }
        if part:
            do.withdraw_part(joint_id=joint_id, code=code, **common)
            toasts.done(request, _("已撤回这一项，其余各项照常办理。"))
        else:
            do.withdraw_joint(joint_id=joint_id, **common)
            toasts.done(request, _("已撤回；已经作出决定的部分不受影响。") if found.joint.number else _("草稿已删除。"))
        return go(request, *(("bundles:progress", joint_id) if found.joint.number else ("apply:mine",)))
    if found.joint.withdrawn_at or (part and not part.may_withdraw):
        return go(request, "bundles:progress", joint_id)
    return render(request, "portal/bundles/withdraw.html", {"sheet": found, "joint": found.joint, "part": part})
