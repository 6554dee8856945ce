"""What a resident has under way: list, case, receipt, taking back, collecting, and going on elsewhere."""

from __future__ import annotations

from typing import BinaryIO, cast
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.domains.cases import commands as do
from linli.domains.cases.queries import (
    OwnSheet,
    answers,
    collected_at,
    joint_of,
    joints_own,
    live_code,
    own_list,
    own_sheet,
    pending_clocks,
    promises_of,
    receipt_code,
)
from linli.domains.documents.commands import store_file
from linli.domains.org.queries import get_org
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.text import joined, msg
from linli.web.access import requires
from linli.web.clocks import pending_look
from linli.web.collecting import collection_field
from linli.web.http import StaffRequest, client_address
from linli.web.once import keyed
from linli.web.portal.apply.keep import go
from linli.web.portal.apply.papers import CODES, shown_code
from linli.web.portal.apply.reading import ROW_STATES, clocks_of, events_of, material_note, next_word, rows_of, standing_of
from linli.web.portal.bundles.rows import joint_rows
from linli.web.portal.guide import reading
from linli.web.ui import toasts
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Fact

FEW_JOINTS = 3


def _sheet(request: StaffRequest, case_id: UUID) -> OwnSheet:
    return own_sheet(case_id, by=request.actor, now=request.now)


def _said(error: LinliError) -> str:
    return joined([error.message] + ([error.what_to_do] if error.what_to_do else []), _)


@requires("portal.use")
@require_safe
def cases(request: StaffRequest) -> HttpResponse:
    """Everything under way and done, newest first."""
    page = page_of(own_list(by=request.actor, on=request.today), request, by="-started_at")
    joints = joint_rows(joints_own(by=request.actor, on=request.today)[: FEW_JOINTS + 1], by=request.actor)
    context = {
        "page": page, "rows": rows_of(page.rows, by=request.actor), "joints": joints[:FEW_JOINTS], "more_joints": len(joints) > FEW_JOINTS,
    }  # fmt: skip
    return render(request, "portal/mine/list.html", context)


@requires("portal.use")
@require_safe
def case(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """How a case stands: what is next, until when and why, what happened so far, papers, answers."""
    sheet = _sheet(request, case_id)
    if sheet.applicant.id != request.actor.resident_id:
        do.note_agent_look(case_id=case_id, by=request.actor, now=request.now)
    promises = promises_of(sheet.case.pk)
    word, tone = standing_of(sheet.case, revoked=sheet.revoked)
    pending = pending_clocks(sheet.case, promises.values(), now=request.now)
    context = {
        "sheet": sheet, "case": sheet.case, "state_word": _("正在窗口办理") if sheet.at_counter else word, "tone": tone, "next": next_word(sheet),
        "clocks": clocks_of(sheet) + [pending_look(c, label=_("请您最迟补交“%(name)s”：")) for c in pending],
        "events": events_of(sheet, by=request.actor, on=request.today), "office": get_org(sheet.case.hall_id),
        "answers": [Fact(a.label, "；".join(_(line) for line in a.lines)) for a in answers(sheet.standard, sheet.form) if a.lines],
        "rows": [(m, ROW_STATES[m.state], material_note(m, promises.get(m.row.code))) for m in sheet.materials],
        "asked": [m for m in sheet.materials if m.asked], "asked_fields": _asked_fields(sheet), "receipt_code": receipt_code(sheet),
        "place": get_org(collected_at(sheet.case)),
        "collection": collection_field(sheet.case, on=request.today) if sheet.case.number and sheet.may_apply else None,
        "joint": joint_of(sheet.case, by=request.actor, on=request.today),
    }  # fmt: skip
    return render(request, "portal/mine/case.html", context)


def _asked_fields(sheet: OwnSheet) -> list[tuple[str, str]]:
    labels = {f.name: f.label for f in sheet.standard.form}
    return [(labels.get(code, ""), what) for code, what in sheet.asked_fields]


@requires("portal.use")
@require_POST
def collection(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """Have the result handed over at another counter, nearer by."""
    _sheet(request, case_id)
    try:
        place = get_org(UUID(request.POST.get("place", "")))
        do.choose_collection(case_id=case_id, place_id=place.pk, by=request.actor, now=request.now, **keyed(request))
    except ValueError:
        raise NotFound(what=msg("这个领取地点")) from None
    except NotFound:
        raise
    except LinliError as error:
        toasts.warn(request, _said(error))
    else:
        toasts.done(request, _("结果改在%(place)s领取，制好后通知您。") % {"place": place.name})
    return go(request, "apply:case", case_id)


@requires("portal.use")
@require_POST
def bring(request: StaffRequest, case_id: UUID, code: str) -> HttpResponse:
    """What was promised to come later, as photographs or files."""
    _sheet(request, case_id)
    try:
        refs = [
            store_file(content=cast("BinaryIO", f), declared_name=f.name or "", by=request.actor, now=request.now)
            for f in request.FILES.getlist("file")
        ]
        if refs:
            handed = do.Handed(code, do.Received.UPLOADED, tuple((ref, ref.name) for ref in refs))
            do.bring_pending(case_id=case_id, material=handed, by=request.actor, now=request.now, **keyed(request))
            toasts.done(request, _("已收到补交的材料。"))
        else:
            toasts.warn(request, _("请先选择文件，或者拍照。"))
    except NotFound:
        raise
    except LinliError as error:
        toasts.warn(request, _said(error))
    return go(request, "apply:case", case_id)


@requires("portal.use")
@require_safe
def receipt(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """What somebody wants in the hand after submitting: the number, until when and why, and what happens next."""
    sheet = _sheet(request, case_id)
    if not sheet.case.number:
        return go(request, "apply:resume", case_id)
    promised = sheet.standard.times.promised
    context = {
        "sheet": sheet, "case": sheet.case, "clocks": clocks_of(sheet), "office": get_org(sheet.case.hall_id), "next": next_word(sheet),
        "how_long": reading.how_long(promised) if promised else None, "address": settings.ENV.public_url + reverse("apply:case", args=[case_id]),
    }  # fmt: skip
    return render(request, "portal/mine/receipt.html", context)


@requires("portal.use")
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """Take an application back: asked once more, because it cannot be undone."""
    sheet = _sheet(request, case_id)
    if request.method == "POST":
        do.withdraw_online(
            case_id=case_id, reason=request.POST.get("reason", ""), by=request.actor, now=request.now, **keyed(request)
        )
        toasts.done(request, _("已撤回。") if sheet.case.number else _("草稿已删除。"))
        return go(request, *(("apply:case", case_id) if sheet.case.number else ("apply:mine",)))
    if not sheet.may_withdraw:
        return go(request, "apply:case", case_id)
    return render(request, "portal/mine/withdraw.html", {"sheet": sheet, "case": sheet.case})


@requires("portal.use")
@require_POST
def collect(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """Take the result over electronically."""
    do.collect_online(case_id=case_id, by=request.actor, now=request.now, **keyed(request))
    toasts.done(request, _("已领取，可以下载了。"))
    return go(request, "apply:case", case_id)


@requires("portal.use")
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """A code for going on at a counter; shown again until it is used, runs out or is replaced."""
    sheet = _sheet(request, case_id)
    if not sheet.may_hand_over:
        return go(request, "apply:case", case_id)
    if request.method == "POST":
        do.make_hand_over(case_id=case_id, by=request.actor, now=request.now, **keyed(request))
        return go(request, "apply:code", case_id)
    live = live_code(sheet.case, to_counter=True, now=request.now)
    back, qr_url = reverse("apply:case", args=[case_id]), reverse("apply:code_qr", args=[case_id])
    return render(request, "portal/mine/code.html", {"back": back, "qr_url": qr_url, **shown_code(live)})


@requires("portal.use")
@require_http_methods(["GET", "HEAD", "POST"])
def take_over(request: StaffRequest) -> HttpResponse:
    """Go on with what a clerk began, by the code from the counter."""
    problem, typed = "", request.POST.get("code", "").strip()[:20]
    if request.method == "POST":
        address = client_address(request)
        if CODES.wait(address, request.now):
            problem = _("试得太多了，请十分钟后再试，或者打服务电话。")
        else:
            try:
                taken = do.take_over(code=typed, by=request.actor, now=request.now)
            except NotFound as error:
                problem = _said(error)
            except LinliError as error:
                CODES.count(address, request.now)
                problem = _said(error)
            else:
                joint = joints_own(by=request.actor, on=request.today).filter(pk=taken).exists()
                return go(request, "apply:joint_resume" if joint else "apply:resume", taken)
    context = {"problem": problem, "typed": typed, "problems": [("id_code", problem)] if problem else []}
    return render(request, "portal/mine/take_over.html", context, status=422 if problem else 200)
