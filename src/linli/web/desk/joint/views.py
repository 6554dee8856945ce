"""Joint matters at the counter: one start, one form, one list, one receipt, one picture of how all parts stand."""

from __future__ import annotations

import zipfile
from io import BytesIO
from typing import Any, BinaryIO, cast
from uuid import UUID

from django import forms
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.domains.cases import commands as do
from linli.domains.cases.commands import Applicant, Handed
from linli.domains.cases.queries import (
    JointSheet,
    Received,
    bundles_here,
    drafted_joints,
    joint_file,
    joint_sheet,
    joints_here,
    joints_supervised,
    live_code,
)
from linli.domains.catalog.queries import Standard, joined_here
from linli.domains.documents.commands import store_file
from linli.domains.documents.queries import open_file, pdf
from linli.domains.people import commands as people
from linli.domains.people.queries import find_employers, parties
from linli.kernel.errors import Invalid, LinliError, NotFound
from linli.kernel.identifiers import compact
from linli.kernel.text import joined, msg
from linli.web.access import requires
from linli.web.desk.counter.online import show_code
from linli.web.files import send_file, send_pdf
from linli.web.http import StaffRequest
from linli.web.itemform import ItemForm, as_typed, read
from linli.web.joint import bundle_clock, counter_links, gains_of, picture, task_list
from linli.web.once import keyed
from linli.web.ui import toasts
from linli.web.ui.forms import Form
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column

_HOW = {
    "paper": Received.PAPER, "seen": Received.SEEN, "uploaded": Received.UPLOADED, "photographed": Received.PHOTOGRAPHED,
    "committed": Received.COMMITTED,
}  # fmt: skip


@requires("cases.receive", "cases.supervise")
@require_safe
def matters(request: StaffRequest) -> HttpResponse:
    """What can be begun here, and the joint matters this counter began or has a part of."""
    text = request.GET.get("q", "")
    found = bundles_here(text, by=request.actor, on=request.today)
    mine = joints_supervised(by=request.actor) if request.actor.can("cases.supervise") else joints_here(by=request.actor)
    page = page_of(mine, request, by="-started_at")
    who = parties(j.applicant_id for j in page.rows)
    return render(
        request, "desk/joint/matters.html",
        {
            "bundles": found, "text": text, "page": page, "nothing": not page.rows, "may_start": request.actor.can("cases.receive"),
            "rows": [(joint, who[joint.applicant_id], _state(joint)) for joint in page.rows],
            "columns": [Column(_("编号")), Column(_("申请人")), Column(_("一件事")), Column(_("进展")), Column(_("全部办结"))],
        },
    )  # fmt: skip


def _state(joint: Any) -> tuple[str, str]:
    """How a :class:`Joint` with its counts stands, in a word and a tone."""
    if joint.withdrawn_at:
        return _("已撤回"), "plain"
    if joint.submitted_at is None:
        return _("填写中"), "plain"
    wanted, given = joint.parts_wanted, joint.parts_given
    return _("办好 %(given)s / %(wanted)s 项") % {"given": given, "wanted": wanted}, "done" if given == wanted else "info"


# -- beginning --------------------------------------------------------------------------------------------------------------


class WhoForm(Form):
    """Who applies: a number from a card, or the name of an employer."""

    number = forms.CharField(label=_lazy("申请人证件号码或统一社会信用代码"), max_length=100)


@requires("cases.receive")
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: StaffRequest, code: str) -> HttpResponse:
    """What a joint matter takes, for telling somebody; the number of whoever wants it leads straight on."""
    found = next((b for b in bundles_here(by=request.actor, on=request.today) if b.bundle.code == code), None)
    if found is None:
        raise NotFound(what=msg("可在本窗口办理的一件事"))
    whole = joined_here(found, region=request.actor.region, on=request.today)
    form = WhoForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        applicant = _who(request, form, found.bundle.applicant_kinds)
        if applicant:
            draft = drafted_joints(applicant.id, by=request.actor, on=request.today).filter(bundle_id=found.id).first()
            if draft:
                return redirect("joint:sheet", draft.pk)
            try:
                made = do.start_joint(bundle_code=code, applicant=applicant, by=request.actor, now=request.now, **keyed(request))
            except LinliError as error:
                form.add_problem(error)
            else:
                return redirect("joint:sheet", made)
    context = {"bundle": found.bundle, "whole": whole, "flow": picture(whole), "gains": gains_of(whole), "form": form}
    return render(request, "desk/joint/start.html", context, status=422 if form.errors else 200)


def _who(request: StaffRequest, form: Form, kinds: tuple[str, ...]) -> Applicant | None:
    text = form.cleaned_data["number"]
    employers = list(find_employers(text)[:2]) if "employer" in kinds else []
    if len(employers) == 1:
        return Applicant(employers[0].pk, is_employer=True)
    person = people.find_person(number=compact(text), by=request.actor, now=request.now) if "person" in kinds else None
    if person:
        return Applicant(person)
    if employers:
        form.add_error("number", _("有几家单位叫这个名字，请输入统一社会信用代码。"))
    elif "person" in kinds:
        form.add_error("number", _("没有找到这个人。请核对号码；第一次来的，请先在“今日窗口”登记。"))
    else:
        form.add_error("number", _("没有找到这家单位。请核对统一社会信用代码；第一次来的，请先在“今日窗口”登记。"))
    return None


# -- the sheet ---------------------------------------------------------------------------------------------------------------


@requires("cases.receive", "cases.accept", "cases.deliver", "cases.supervise")
@require_safe
def sheet(request: StaffRequest, joint_id: UUID) -> HttpResponse:
    """A joint matter: to be filled in while it is a draft, and from then on one picture of how all its parts stand."""
    found = _sheet(request, joint_id)
    if found.fillable:
        return _open_page(request, found, _form(found))
    return _progress(request, found)


def _sheet(request: StaffRequest, joint_id: UUID) -> JointSheet:
    return joint_sheet(joint_id, by=request.actor, now=request.now)


def _like(found: JointSheet) -> Standard:
    """The joint form as the page of a form knows it: a standard with other fields."""
    return found.everything.members[0].model_copy(update={"form": found.fields})


def _form(found: JointSheet, **more: Any) -> ItemForm:
    return ItemForm(_like(found), found.form, **more)


def _open_page(request: StaffRequest, found: JointSheet, form: ItemForm) -> HttpResponse:
    context = {
        "sheet": found, "joint": found.joint, "form": form, "lines": [(m, found.handed(m)) for m in found.chosen.materials],
        "lacking": len(found.still_asked), "gains": gains_of(found.chosen) if found.chosen.members else [],
        "unanswered": sum(q.wanted is None for q in found.questions), "flow": picture(found.chosen) if found.chosen.members else None,
    }  # fmt: skip
    return render(request, "desk/joint/sheet.html", context, status=422 if form.problems else 200)


def _progress(request: StaffRequest, found: JointSheet) -> HttpResponse:
    context = {
        "sheet": found, "joint": found.joint, "tasks": task_list(found, link=counter_links(request)),
        "flow": picture(found.chosen, found.parts) if found.chosen.members else None,
        "why": joined([found.why], _), "over": found.is_over, "clock": bundle_clock(found, on=request.today),
    }  # fmt: skip
    return render(request, "desk/joint/progress.html", context)


def _refused(request: StaffRequest, found: JointSheet, values: dict[str, Any], error: LinliError) -> HttpResponse:
    form = _form(found, typed=as_typed(_like(found), values, found.form))
    form.add(error)
    return _open_page(request, found, form)


@requires("cases.receive")
@require_POST
def save(request: StaffRequest, joint_id: UUID) -> HttpResponse:
    """Keep what is typed so far. What is not yet right is left as it was kept, and named."""
    found = _sheet(request, joint_id)
    values = found.form | read(_like(found), request.POST, found.form)
    if "add_row" in request.POST:
        return _one_row_more(request, found, values)
    if not request.htmx:
        try:
            do.save_joint(joint_id=joint_id, values=values, by=request.actor, now=request.now)
        except Invalid as error:
            return _refused(request, found, values, error)
        return redirect("joint:sheet", joint_id)
    wrong = _keep(request, found)
    labels = [f.label for f in found.fields if f.name in wrong]
    return render(request, "desk/joint/_saved.html", {"at": request.now, "wrong": labels})


def _one_row_more(request: StaffRequest, found: JointSheet, values: dict[str, Any]) -> HttpResponse:
    typed = as_typed(_like(found), values, found.form)
    return _open_page(request, found, _form(found, typed=typed, blank_row_of=request.POST["add_row"]))


def _keep(request: StaffRequest, found: JointSheet) -> set[str]:
    """Keep what is typed as far as it is right; which fields are not."""
    if "typed" not in request.POST or not found.fillable:
        return set()
    values = found.form | read(_like(found), request.POST, found.form)
    common: dict[str, Any] = {"joint_id": found.joint.pk, "by": request.actor, "now": request.now}
    try:
        do.save_joint(values=values, **common)
    except Invalid as error:
        wrong = {str(e.field) for e in error.errors}
        do.save_joint(values=values | {name: found.form.get(name, "") for name in wrong}, **common)
        return wrong
    return set()


@requires("cases.receive")
@require_POST
def submit(request: StaffRequest, joint_id: UUID) -> HttpResponse:
    """Submit once: every part that waits for nobody becomes a case of its department."""
    found = _sheet(request, joint_id)
    if found.joint.number and found.may_work:
        return redirect("joint:sheet", joint_id)  # pressed twice
    values = found.form | read(_like(found), request.POST, found.form)
    if "add_row" in request.POST:
        return _one_row_more(request, found, values)
    try:
        number = do.submit_joint(joint_id=joint_id, values=values, by=request.actor, now=request.now, **keyed(request))
    except LinliError as error:
        return _refused(request, found, values, error)
    toasts.done(request, _("已提交，联办编号 %(number)s。") % {"number": number})
    return redirect("joint:sheet", joint_id)


@requires("cases.receive")
@require_POST
def choose(request: StaffRequest, joint_id: UUID, code: str) -> HttpResponse:
    """Answer whether a part is wanted; the form and the list follow. What was typed is kept first."""
    answer = request.POST.get("wanted", "")
    if answer not in ("yes", "no"):
        raise NotFound(what=msg("这个回答"))
    _keep(request, _sheet(request, joint_id))
    do.choose_part(joint_id=joint_id, code=code, wanted=answer == "yes", by=request.actor, now=request.now, **keyed(request))
    return redirect(reverse("joint:sheet", args=[joint_id]) + "#parts")


@requires("cases.receive")
@require_POST
def material(request: StaffRequest, joint_id: UUID, code: str) -> HttpResponse:
    """Note one paper of the joint list: taken on paper, seen, uploaded, committed to, not concerned, or taken back."""
    how = request.POST.get("how", "")
    if how not in {*_HOW, "not_applicable", "back"}:
        raise NotFound(what=msg("这个办法"))
    _keep(request, _sheet(request, joint_id))
    try:
        files = tuple(
            (
                store_file(content=cast(BinaryIO, upload), declared_name=upload.name or "", by=request.actor, now=request.now),
                upload.name or _("材料"),
            )
            for upload in request.FILES.getlist("file")
        )
        handed = Handed(code, _HOW.get(how), files, not_applicable=how == "not_applicable")
        do.hand_in_joint(joint_id=joint_id, material=handed, by=request.actor, now=request.now, **keyed(request))
    except LinliError as error:
        if isinstance(error, NotFound):
            raise
        return _refused(request, _sheet(request, joint_id), {}, error)
    return redirect(reverse("joint:sheet", args=[joint_id]) + "#materials")


@requires("cases.receive")
@require_safe
def file(request: StaffRequest, joint_id: UUID, file_id: UUID) -> HttpResponseBase:
    """A file that was handed in with the joint list."""
    found = joint_file(joint_id, file_id, by=request.actor, now=request.now)
    return send_file(open_file(file_id), found["name"], download="download" in request.GET)


@requires("cases.receive")
@require_POST
def other(request: StaffRequest, joint_id: UUID) -> HttpResponse:
    """Name the party of the other kind, by number or name."""
    found = _sheet(request, joint_id)
    form = WhoForm(request.POST)
    kind = "person" if found.joint.applicant_is_employer else "employer"
    applicant = _who(request, form, (kind,)) if form.is_valid() else None
    if applicant is None:
        page = _form(found)
        page.general += [str(e) for e in form.errors.get("number", [])]
        return _open_page(request, found, page)
    do.name_other(joint_id=joint_id, party_id=applicant.id, by=request.actor, now=request.now, **keyed(request))
    return redirect(reverse("joint:sheet", args=[joint_id]) + "#parts")


@requires("cases.receive")
@require_POST
def give_code(request: StaffRequest, joint_id: UUID) -> HttpResponse:
    """A code with which the applicant goes on at home with what was begun here. What was typed is kept first."""
    _keep(request, _sheet(request, joint_id))
    try:
        do.make_joint_hand_over(joint_id=joint_id, by=request.actor, now=request.now, **keyed(request))
    except LinliError as error:
        if isinstance(error, NotFound):
            raise
        return _refused(request, _sheet(request, joint_id), {}, error)
    return redirect("joint:code", joint_id)


@requires("cases.receive")
@require_safe
def code(request: StaffRequest, joint_id: UUID) -> HttpResponse:
    """The code to read out or write down."""
    found = _sheet(request, joint_id)
    live = live_code(found.joint, to_counter=False, now=request.now) if found.fillable else None
    return show_code(request, live, back=reverse("joint:sheet", args=[joint_id]))


# -- afterwards -----------------------------------------------------------------------------------------------------------------


@requires("cases.receive")
@require_POST
def withdraw(request: StaffRequest, joint_id: UUID) -> HttpResponse:
    """Take back all that is not decided, or give up a draft."""
    do.withdraw_joint(joint_id=joint_id, reason=request.POST.get("reason", ""), by=request.actor, now=request.now, **keyed(request))
    toasts.done(request, _("已撤回；已经作出决定的部分不受影响。"))
    return redirect("joint:sheet", joint_id)


@requires("cases.receive")
@require_POST
def withdraw_part(request: StaffRequest, joint_id: UUID, code: str) -> HttpResponse:
    """Take one part back; the others go on."""
    do.withdraw_part(
        joint_id=joint_id, code=code, reason=request.POST.get("reason", ""), by=request.actor, now=request.now, **keyed(request)
    )
    toasts.done(request, _("已撤回这一项，其余各项照常办理。"))
    return redirect("joint:sheet", joint_id)


@requires("cases.receive")
@require_POST
def otherwise(request: StaffRequest, joint_id: UUID, code: str) -> HttpResponse:
    """Go on with a part although what it waited for did not come."""
    do.bring_otherwise(joint_id=joint_id, code=code, by=request.actor, now=request.now, **keyed(request))
    toasts.done(request, _("已提交这一项；缺的材料由申请人另行提供，或由我们向有关部门核验。"))
    return redirect("joint:sheet", joint_id)


@requires("cases.receive", "cases.accept", "cases.deliver", "cases.supervise")
@require_safe
def receipt(request: StaffRequest, joint_id: UUID) -> HttpResponse:
    """The sealed receipt that the applicant takes home."""
    card = do.open_joint_receipt(joint_id=joint_id, by=request.actor, now=request.now)
    return send_pdf(pdf(card.id), card.title)


@requires("cases.receive", "cases.accept", "cases.deliver", "cases.supervise")
@require_safe
def results(request: StaffRequest, joint_id: UUID) -> HttpResponse:
    """All results so far in one file, each as the sealed paper it is."""
    found = _sheet(request, joint_id)
    if not found.papers:
        raise NotFound(what=msg("办理结果"))
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for n, paper in enumerate(found.papers, 1):
            archive.writestr(f"{n:02d} {paper.title} {paper.number}.pdf", pdf(paper.id))
    response = HttpResponse(out.getvalue(), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{found.joint.number}.zip"'
    return response
