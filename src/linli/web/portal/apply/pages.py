"""Filling in an application page by page: saved by itself, back loses nothing, reviewed once, submitted once."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from io import BytesIO
from typing import Any, BinaryIO, cast
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.domains.cases import commands as do
from linli.domains.cases.commands import Handed
from linli.domains.cases.queries import OwnMaterial, OwnSheet, Received, answers, asked_fields, own_commitment, own_sheet
from linli.domains.documents.commands import StoredFileRef, store_file
from linli.kernel.errors import Invalid, LinliError, NotFound
from linli.kernel.text import joined, msg, noop
from linli.web.access import requires
from linli.web.http import StaffRequest
from linli.web.itemform import PREFIX, ItemForm, as_typed, read
from linli.web.once import keyed, once_key
from linli.web.portal.apply.keep import go
from linli.web.portal.apply.plan import KNOWN, LIST, REVIEW, Page, Plan, plan_of
from linli.web.portal.apply.reading import ROW_STATES, material_note
from linli.web.ui import toasts
from linli.web.ui.fields import FieldSpec, Option
from linli.web.ui.parts import Fact

# Where an attachment of a form is, when the form is filled in online.
ATTACHED = (noop("已放在上传的材料里"), noop("办理时到窗口补交"))
_DRAWN = "data:image/png;base64,"
_MOST_DRAWN = 1_500_000


def _sheet(request: StaffRequest, case_id: UUID) -> OwnSheet:
    return own_sheet(case_id, by=request.actor, now=request.now)


def _open(sheet: OwnSheet) -> bool:
    return sheet.fillable or sheet.correctable


def _said(error: LinliError) -> str:
    return joined([error.message] + ([error.what_to_do] if error.what_to_do else []), _)


@requires("portal.use")
@require_safe
def resume(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """Go on where something is left to do; a case that is submitted is read, not filled in."""
    sheet = _sheet(request, case_id)
    if not _open(sheet):
        return redirect("apply:case", case_id)
    plan = plan_of(sheet)
    fresh = sheet.correctable or (plan.pages[0].slug == KNOWN and sheet.case.version == 1)
    first = plan.pages[0] if fresh else plan.first_open
    return redirect(_url(sheet, first))


def _url(sheet: OwnSheet, page: Page) -> str:
    if page.slug == REVIEW:
        return reverse("apply:review", args=[sheet.case.pk])
    return reverse("apply:page", args=[sheet.case.pk, page.slug])


# -- one page ---------------------------------------------------------------------------------------------------------------


@requires("portal.use")
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: StaffRequest, case_id: UUID, page: str) -> HttpResponse:
    """One question or a few fields. What is sent is kept, and the next page follows."""
    sheet = _sheet(request, case_id)
    if not _open(sheet):
        return go(request, "apply:case", case_id)
    plan = plan_of(sheet)
    here = plan.find(page)
    if here is None:  # an answer made it needless
        return go(request, "apply:resume", case_id)
    if request.method != "POST":
        return _show(request, sheet, plan, here)
    return _KINDS[here.kind](request, sheet, plan, here)


def _show(request: StaffRequest, sheet: OwnSheet, plan: Plan, here: Page, **more: Any) -> HttpResponse:
    before = plan.before(here.slug)
    m = here.material
    form = more.get("form") or ItemForm(sheet.standard, sheet.form, only=here.fields, attached=ATTACHED, fillings=sheet.filled)
    context = {
        "sheet": sheet, "case": sheet.case, "page": here, "number": plan.number(here.slug), "count": len(plan.pages),
        "back": _url(sheet, before) if before else reverse("apply:case", args=[sheet.case.pk]), "form": form,
        "problems": form.problems if here.fields else [], "m": m, "editing": here.kind != "known" or "edit" in request.GET,
        "facts": _facts(sheet, here.fields) if here.kind == "known" else [], "asked": dict(sheet.asked_fields),
    }  # fmt: skip
    if here.kind == "list":
        context["rows"] = _rows(sheet)
    if m is not None:
        context |= {"note": material_note(m), "may_commit": _may_commit(request, sheet, m)}
    if here.kind == "question":
        context["question"] = _question(here, more.get("problem", ""))
    context |= more
    problems = context["problems"]
    return render(request, f"portal/apply/{_TEMPLATES.get(here.kind, 'fields')}.html", context, status=422 if problems else 200)


def _may_commit(request: StaffRequest, sheet: OwnSheet, m: OwnMaterial) -> bool:
    return m.wanted.may_be_committed and own_commitment(sheet, m.row.code, on=request.today).why_not is None


_TEMPLATES = {"question": "question", "list": "materials", "material": "material"}


def _facts(sheet: OwnSheet, names: tuple[str, ...]) -> list[Fact]:
    return [Fact(a.label, "；".join(_(line) for line in a.lines)) for a in answers(sheet.standard, sheet.form) if a.name in names]


def _rows(sheet: OwnSheet) -> list[tuple[Any, str, str, str]]:
    """The checklist: material, state, sentence, and where something can be done about it."""
    plan = plan_of(sheet)
    rows = []
    for m in sheet.materials:
        target = plan.find(f"give-{m.row.code}") or plan.find(f"ask-{m.row.code}")
        rows.append((m, ROW_STATES[m.state], material_note(m), _url(sheet, target) if target else ""))
    return rows


def _question(here: Page, problem: str) -> FieldSpec:
    assert here.material
    applies = here.material.row.applies
    value = "" if applies is None else "yes" if applies else "no"
    return FieldSpec(
        name="applies", type="radio", label=here.material.wanted.condition, value=value, error=problem,
        options=[Option("yes", _("是"), _("要用到：%(name)s") % {"name": here.material.row.name}), Option("no", _("不是"), _("用不到这份材料"))],
    )  # fmt: skip


# -- what was sent ------------------------------------------------------------------------------------------------------------


def _fields(request: StaffRequest, sheet: OwnSheet, plan: Plan, here: Page) -> HttpResponse:
    if here.kind == "known" and "edit" not in request.GET:
        return go(request, _url(sheet, plan.after(here.slug)))
    values = read(sheet.standard, request.POST, sheet.form, only=here.fields)

    def again(error: LinliError | None = None) -> HttpResponse:
        blank = request.POST.get("add_row", "")
        form = ItemForm(
            sheet.standard, sheet.form, typed=as_typed(sheet.standard, values, sheet.form), only=here.fields, attached=ATTACHED,
            blank_row_of=blank,
        )  # fmt: skip
        if error:
            form.add(error)
        return _show(request, sheet, plan, here, form=form, editing=True)

    if "add_row" in request.POST:
        return again()
    try:
        do.save_online(case_id=sheet.case.pk, values=values, complete=True, by=request.actor, now=request.now)
    except LinliError as error:
        return again(error)
    return go(request, _next(request, sheet, here))


def _next(request: StaffRequest, sheet: OwnSheet, here: Page) -> str:
    """The page that follows now that the answers have changed; back to the review for whoever came from there."""
    fresh = _sheet(request, sheet.case.pk)
    if request.GET.get("from") == REVIEW:
        return reverse("apply:review", args=[sheet.case.pk])
    return _url(fresh, plan_of(fresh).after(here.slug))


def _ask(request: StaffRequest, sheet: OwnSheet, plan: Plan, here: Page) -> HttpResponse:
    assert here.material
    answer = request.POST.get("applies", "")
    if answer not in ("yes", "no"):
        sentence = _("请选择“是”或“不是”。")
        return _show(request, sheet, plan, here, problem=sentence, problems=[("id_applies", sentence)])
    do.answer_online(case_id=sheet.case.pk, code=here.material.row.code, applies=answer == "yes", by=request.actor, now=request.now)
    return go(request, _next(request, sheet, here))


def _list(request: StaffRequest, sheet: OwnSheet, plan: Plan, here: Page) -> HttpResponse:
    left = next((p for p in plan.pages if p.kind == "material" and not p.done), plan.pages[-1])
    return go(request, _url(sheet, left))


def _give(request: StaffRequest, sheet: OwnSheet, plan: Plan, here: Page) -> HttpResponse:
    """Take in photographs and files. Without a file the button only leads on, if nothing is left to do here."""
    assert here.material
    photos, files = request.FILES.getlist("photo"), request.FILES.getlist("file")
    if not photos and not files:
        if here.material.open:
            sentence = _("请先拍照或选择文件。")
            return _show(request, sheet, plan, here, problems=[("id_photo", sentence)], problem=sentence)
        return go(request, _next(request, sheet, here))
    code = here.material.row.code
    how = Received.PHOTOGRAPHED if photos else Received.UPLOADED
    try:
        refs = [_stored(request, cast("BinaryIO", f), f.name or "") for f in (*photos, *files)]
        handed = Handed(code, how, tuple((ref, ref.name) for ref in refs))
        do.hand_in_online(case_id=sheet.case.pk, material=handed, by=request.actor, now=request.now, **keyed(request))
    except NotFound:
        raise
    except LinliError as error:
        return _show(request, sheet, plan, here, problems=[("id_photo", _said(error))], problem=_said(error))
    return go(request, _url(sheet, here))


def _stored(request: StaffRequest, content: BinaryIO, name: str) -> StoredFileRef:
    return store_file(content=content, declared_name=name, by=request.actor, now=request.now)


_KINDS: dict[str, Callable[[StaffRequest, OwnSheet, Plan, Page], HttpResponse]] = {
    "known": _fields, "fields": _fields, "question": _ask, "list": _list, "material": _give,
}  # fmt: skip


@requires("portal.use")
@require_POST
def save(request: StaffRequest, case_id: UUID, page: str) -> HttpResponse:
    """Keep what is typed so far. What is not yet right is left as it was kept, and named."""
    sheet = _sheet(request, case_id)
    here = plan_of(sheet).find(page) if _open(sheet) else None
    if here is None:
        raise NotFound(what=msg("可修改的办件"))
    values, wrong = read(sheet.standard, request.POST, sheet.form, only=here.fields), set()
    try:
        do.save_online(case_id=case_id, values=values, by=request.actor, now=request.now)
    except Invalid as error:
        wrong = {str(e.field) for e in error.errors}
        good = {k: v for k, v in values.items() if k not in wrong}
        do.save_online(case_id=case_id, values=good, by=request.actor, now=request.now)
    labels = [f.label for f in sheet.standard.form if f.name in wrong]
    return render(request, "portal/apply/_saved.html", {"at": request.now, "wrong": labels})


# -- materials -----------------------------------------------------------------------------------------------------------------


@requires("portal.use")
@require_POST
def take_off(request: StaffRequest, case_id: UUID, file_id: UUID) -> HttpResponse:
    """Take a file off a material again."""
    sheet = _sheet(request, case_id)
    code = next((m.row.code for m in sheet.materials if any(f.pk == file_id for f in m.files)), "")
    if not code:  # pressed twice, or from a page that is older than the file
        return go(request, "apply:resume", case_id)
    do.take_off_online(case_id=case_id, file_id=file_id, by=request.actor, now=request.now, **keyed(request))
    toasts.done(request, _("已移除。"))
    return go(request, "apply:page", case_id, f"give-{code}")


@requires("portal.use")
@require_POST
def take_back(request: StaffRequest, case_id: UUID, code: str) -> HttpResponse:
    """Hand the material in after all, instead of the commitment."""
    do.take_back_online(case_id=case_id, code=code, by=request.actor, now=request.now, **keyed(request))
    return go(request, "apply:page", case_id, f"give-{code}")


@requires("portal.use")
@require_http_methods(["GET", "HEAD", "POST"])
def commit(request: StaffRequest, case_id: UUID, code: str) -> HttpResponse:
    """告知承诺: read what is told, sign, and the material need not be handed in."""
    sheet = _sheet(request, case_id)
    here = plan_of(sheet).find(f"give-{code}") if _open(sheet) else None
    terms = own_commitment(sheet, code, on=request.today) if here else None
    if here is None or terms is None or terms.notice is None:
        raise NotFound(what=msg("可以承诺代替的材料"))
    problems: list[tuple[str, str]] = []
    if request.method == "POST":
        if "agree" not in request.POST:
            problems = [("id_agree", _("请先看完，并勾选同意。"))]
        else:
            try:
                do.commit_online(
                    case_id=case_id, code=code, signature=_signature(request), name=request.POST.get("name", ""), by=request.actor,
                    now=request.now, **keyed(request),
                )  # fmt: skip
            except NotFound:
                raise
            except LinliError as error:
                problems = [("id_name", _said(error))]
            else:
                toasts.done(request, _("已签署承诺。"))
                return go(request, _next(request, sheet, here))
    context = {
        "sheet": sheet, "case": sheet.case, "m": here.material, "lines": terms.notice.lines, "problems": problems, "typed": request.POST.get("name", ""),
        "errors": dict(problems), "back": reverse("apply:page", args=[case_id, here.slug]), "name": request.actor.name,
        "alternatives": [Option("typed", _("在下面输入姓名"))],
    }  # fmt: skip
    return render(request, "portal/apply/commit.html", context, status=422 if problems else 200)


def _signature(request: StaffRequest) -> StoredFileRef | None:
    """What was drawn with a finger, if it is a picture at all; the file check says the rest."""
    drawn = request.POST.get("signature", "")
    if not drawn.startswith(_DRAWN) or len(drawn) > _MOST_DRAWN:
        return None
    try:
        content = b64decode(drawn.removeprefix(_DRAWN), validate=True)
    except Base64Error:
        return None
    return _stored(request, BytesIO(content), "signature.png")


# -- the end --------------------------------------------------------------------------------------------------------------------


@requires("portal.use")
@require_safe
def review(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """Everything on one page, each answer with the way to change it."""
    sheet = _sheet(request, case_id)
    if not _open(sheet):
        return redirect("apply:case", case_id)
    return _review(request, sheet, [])


def _review(request: StaffRequest, sheet: OwnSheet, problems: list[tuple[str, str]]) -> HttpResponse:
    plan = plan_of(sheet)
    where = {name: p for p in plan.pages for name in p.fields}

    def change(name: str) -> str:
        edit = "&edit=1" if where[name].kind == "known" else ""
        return f"{_url(sheet, where[name])}?from={REVIEW}{edit}#id_{PREFIX}{name}"

    facts = [
        Fact(a.label, "；".join(_(line) for line in a.lines), change(a.name))
        for a in answers(sheet.standard, sheet.form)
        if a.name in where and a.name in asked_fields(sheet.standard)
    ]
    before = plan.before(REVIEW)
    context = {
        "sheet": sheet, "case": sheet.case, "facts": facts, "rows": _rows(sheet) if not sheet.correctable else [],
        "asked": [m for m in sheet.materials if m.asked] if sheet.correctable else [], "problems": problems,
        "number": len(plan.pages), "count": len(plan.pages), "back": _url(sheet, before) if before else reverse("apply:case", args=[sheet.case.pk]),
        "open": [(p, _url(sheet, p)) for p in plan.pages if not p.done and p.slug not in (REVIEW, LIST) and not (sheet.correctable and p.fields)],
    }  # fmt: skip
    return render(request, "portal/apply/review.html", context, status=422 if problems else 200)


@requires("portal.use")
@require_POST
def submit(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """Submit once, or send the correction back once; whoever presses again is shown what is done."""
    sheet = _sheet(request, case_id)
    key = once_key(request)
    common: dict[str, Any] = {"case_id": case_id, "by": request.actor, "now": request.now, "key": key}
    if _open(sheet) and "true" not in request.POST.getlist("agree"):
        return _review(request, sheet, [("id_agree", _("请勾选“以上内容都是真的”，再提交。"))])
    try:
        if sheet.correctable:
            do.correct_online(**common)
        elif sheet.fillable:
            do.submit_online(**common)
    except NotFound:
        raise
    except LinliError as error:
        return _review(request, _sheet(request, case_id), _problems(error))
    return go(request, "apply:receipt", case_id)


def _problems(error: LinliError) -> list[tuple[str, str]]:
    return [("", _said(one)) for one in (error.errors if isinstance(error, Invalid) else [error])]


__all__ = ["commit", "page", "resume", "review", "save", "submit", "take_back", "take_off"]
