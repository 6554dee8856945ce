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
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.domains.cases.queries import Received, answers, asked_fields
from linli.domains.documents.commands import StoredFileRef, store_file
from linli.kernel.errors import Invalid, LinliError, NotFound
from linli.kernel.text import joined, msg
from linli.web.access import requires
from linli.web.http import StaffRequest
from linli.web.itemform import PREFIX, ItemForm, as_typed, read
from linli.web.once import keyed
from linli.web.portal.apply.drafts import Draft, JointDraft, Line, draft_of
from linli.web.portal.apply.keep import go
from linli.web.portal.apply.plan import KNOWN, LIST, PARTS, REVIEW, Page, Plan, plan_of
from linli.web.ui import toasts
from linli.web.ui.fields import FieldSpec, Option
from linli.web.ui.parts import Fact

_DRAWN = "data:image/png;base64,"
_MOST_DRAWN = 1_500_000


def _said(error: LinliError) -> str:
    return joined([error.message] + ([error.what_to_do] if error.what_to_do else []), _)


@requires("portal.use")
@require_safe
def resume(request: StaffRequest, **which: UUID) -> HttpResponse:
    """Go on where something is left to do; what is submitted is read, not filled in."""
    draft = draft_of(request, **which)
    if not draft.open:
        return redirect(draft.later_url)
    plan = plan_of(draft)
    fresh = draft.correctable or (plan.pages[0].slug == KNOWN and draft.fresh)
    return redirect(_url(draft, plan.pages[0] if fresh else plan.first_open))


def _url(draft: Draft, page: Page) -> str:
    return draft.url("review") if page.slug == REVIEW else draft.url("page", page.slug)


# -- one page ---------------------------------------------------------------------------------------------------------------


@requires("portal.use")
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: StaffRequest, page: str, **which: UUID) -> HttpResponse:
    """One question or a few fields. What is sent is kept, and the next page follows."""
    draft = draft_of(request, **which)
    if not draft.open:
        return go(request, draft.later_url)
    plan = plan_of(draft)
    here = plan.find(page)
    if here is None:  # an answer made it needless
        return go(request, draft.url("resume"))
    if request.method != "POST":
        return _show(request, draft, plan, here)
    return _KINDS[here.kind](request, draft, plan, here)


def _show(request: StaffRequest, draft: Draft, plan: Plan, here: Page, **more: Any) -> HttpResponse:
    before = plan.before(here.slug)
    form = more.get("form") or ItemForm(draft.standard, draft.form, only=here.fields, fillings=draft.filled)
    context = {
        "draft": draft, "page": here, "number": plan.number(here.slug), "count": len(plan.pages),
        "back": _url(draft, before) if before else draft.later_url, "form": form,
        "problems": form.problems if here.fields else [], "m": here.line, "editing": here.kind != "known" or "edit" in request.GET,
        "facts": _facts(draft, here.fields) if here.kind == "known" else [], "save_url": draft.url("save", here.slug),
    }  # fmt: skip
    if here.kind == "list":
        context["rows"] = _rows(draft, plan)
    if here.kind == "material" and here.line:
        context["commit_url"] = draft.url("commit", here.line.code) if draft.told(here.line.code) else ""
        context["take_back_url"] = draft.url("take_back", here.line.code)
    if here.kind in _QUESTIONS:
        context["question"] = _QUESTIONS[here.kind](draft, here, more.get("problem", ""))
    if isinstance(draft, JointDraft):
        context |= {"always": draft.always, "at_counter": draft.at_counter, "by_other": [s.name for s in draft.sheet.by_other]}
    context |= more
    return render(
        request, f"portal/apply/{_TEMPLATES.get(here.kind, here.kind)}.html", context, status=422 if context["problems"] else 200
    )


_TEMPLATES = {"known": "fields", "list": "materials", "other": "question"}


def _facts(draft: Draft, names: tuple[str, ...]) -> list[Fact]:
    return [Fact(a.label, "；".join(_(line) for line in a.lines)) for a in answers(draft.standard, draft.form) if a.name in names]


def _rows(draft: Draft, plan: Plan) -> list[tuple[Line, str]]:
    """The checklist: each material, and where something can be done about it."""
    rows = []
    for line in draft.lines:
        target = plan.find(f"give-{line.code}") or plan.find(f"ask-{line.code}")
        rows.append((line, _url(draft, target) if target else ""))
    return rows


def _whether(draft: Draft, here: Page, problem: str) -> FieldSpec:
    assert here.line
    applies = here.line.applies
    value = "" if applies is None else "yes" if applies else "no"
    return FieldSpec(
        name="applies", type="radio", label=here.line.condition, value=value, error=problem,
        options=[Option("yes", _("是"), _("要用到：%(name)s") % {"name": here.line.name}), Option("no", _("不是"), _("用不到这份材料"))],
    )  # fmt: skip


def _which(draft: Draft, here: Page, problem: str) -> FieldSpec:
    return FieldSpec(
        name="wanted", type="checkboxes", label=_("有的就勾上，一起办"), required=False, error=problem,
        value=[c.code for c in draft.choices if c.wanted], options=[Option(c.code, c.when, c.note) for c in draft.choices],
    )  # fmt: skip


def _who(draft: Draft, here: Page, problem: str) -> FieldSpec:
    assert isinstance(draft, JointDraft)
    value = str(draft.sheet.joint.other_id or "")
    label = _("这几项由本人申请，请选是谁") if draft.other_kind == "person" else _("这几项由单位申请，请选是哪家")
    options = [Option(str(p.id), p.name, p.number) for p in draft.others]
    return FieldSpec(name="other", type="radio", label=label, value=value, error=problem, options=options)


_QUESTIONS: dict[str, Callable[[Draft, Page, str], FieldSpec]] = {"question": _whether, "parts": _which, "other": _who}


# -- what was sent ------------------------------------------------------------------------------------------------------------


def _fields(request: StaffRequest, draft: Draft, plan: Plan, here: Page) -> HttpResponse:
    if here.kind == "known" and "edit" not in request.GET:
        return go(request, _url(draft, plan.after(here.slug)))
    values = read(draft.standard, request.POST, draft.form, only=here.fields)

    def again(error: LinliError | None = None) -> HttpResponse:
        blank = request.POST.get("add_row", "")
        form = ItemForm(
            draft.standard, draft.form, typed=as_typed(draft.standard, values, draft.form), only=here.fields, blank_row_of=blank,
        )  # fmt: skip
        if error:
            form.add(error)
        return _show(request, draft, plan, here, form=form, editing=True)

    if "add_row" in request.POST:
        return again()
    try:
        draft.save(values, complete=True)
    except LinliError as error:
        return again(error)
    return go(request, _next(request, draft, here))


def _next(request: StaffRequest, draft: Draft, here: Page) -> str:
    """The page that follows now that the answers have changed; back to the review for whoever came from there."""
    if request.GET.get("from") == REVIEW:
        return draft.url("review")
    fresh = _again(request, draft)
    return _url(fresh, plan_of(fresh).after(here.slug))


def _again(request: StaffRequest, draft: Draft) -> Draft:
    """The same as it stands now."""
    return draft_of(request, **{"joint_id" if isinstance(draft, JointDraft) else "case_id": draft.pk})


def _ask(request: StaffRequest, draft: Draft, plan: Plan, here: Page) -> HttpResponse:
    assert here.line
    answer = request.POST.get("applies", "")
    if answer not in ("yes", "no"):
        sentence = _("请选择“是”或“不是”。")
        return _show(request, draft, plan, here, problem=sentence, problems=[("id_applies", sentence)])
    draft.answer(here.line.code, answer == "yes")
    return go(request, _next(request, draft, here))


def _parts(request: StaffRequest, draft: Draft, plan: Plan, here: Page) -> HttpResponse:
    """Which parts are wanted. Another choice makes another form and list, so that the way goes on from here."""
    assert isinstance(draft, JointDraft)
    try:
        draft.choose(request.POST.getlist("wanted"), **keyed(request))
    except NotFound:
        raise
    except LinliError as error:
        return _show(request, draft, plan, here, problems=[("id_wanted", _said(error))], problem=_said(error))
    fresh = _again(request, draft)
    return go(request, _url(fresh, plan_of(fresh).after(here.slug)))


def _other(request: StaffRequest, draft: Draft, plan: Plan, here: Page) -> HttpResponse:
    assert isinstance(draft, JointDraft)
    chosen = next((p for p in draft.others if str(p.id) == request.POST.get("other")), None)
    if chosen is None:
        sentence = _("请选择一个；没有可选的，请回到上一步，这次不办这几项。")
        return _show(request, draft, plan, here, problem=sentence, problems=[("id_other", sentence)])
    draft.name_other(chosen.id, **keyed(request))
    return go(request, _next(request, draft, here))


def _list(request: StaffRequest, draft: Draft, plan: Plan, here: Page) -> HttpResponse:
    left = next((p for p in plan.pages if p.kind == "material" and not p.done), plan.pages[-1])
    return go(request, _url(draft, left))


def _give(request: StaffRequest, draft: Draft, plan: Plan, here: Page) -> HttpResponse:
    """Take in photographs and files. Without a file the button only leads on, if nothing is left to do here."""
    assert here.line
    photos, files = request.FILES.getlist("photo"), request.FILES.getlist("file")
    if not photos and not files:
        if here.line.open:
            sentence = _("请先拍照或选择文件。")
            return _show(request, draft, plan, here, problems=[("id_photo", sentence)], problem=sentence)
        return go(request, _next(request, draft, here))
    how = Received.PHOTOGRAPHED if photos else Received.UPLOADED
    try:
        refs = [_stored(request, cast("BinaryIO", f), f.name or "") for f in (*photos, *files)]
        draft.hand_in(here.line.code, how, refs, **keyed(request))
    except NotFound:
        raise
    except LinliError as error:
        return _show(request, draft, plan, here, problems=[("id_photo", _said(error))], problem=_said(error))
    return go(request, _url(draft, here))


def _stored(request: StaffRequest, content: BinaryIO, name: str) -> StoredFileRef:
    return store_file(content=content, declared_name=name, by=request.actor, now=request.now)


_KINDS: dict[str, Callable[[StaffRequest, Draft, Plan, Page], HttpResponse]] = {
    "parts": _parts, "other": _other, "known": _fields, "fields": _fields, "question": _ask, "list": _list, "material": _give,
}  # fmt: skip


@requires("portal.use")
@require_POST
def save(request: StaffRequest, page: str, **which: UUID) -> HttpResponse:
    """Keep what is typed so far. What is not yet right is left as it was kept, and named."""
    draft = draft_of(request, **which)
    here = plan_of(draft).find(page) if draft.open else None
    if here is None:
        raise NotFound(what=msg("可修改的办件"))
    values, wrong = read(draft.standard, request.POST, draft.form, only=here.fields), set()
    try:
        draft.save(values)
    except Invalid as error:
        wrong = {str(e.field) for e in error.errors}
        draft.save({k: v for k, v in values.items() if k not in wrong})
    labels = [f.label for f in draft.standard.form if f.name in wrong]
    return render(request, "portal/apply/_saved.html", {"at": request.now, "wrong": labels})


# -- materials -----------------------------------------------------------------------------------------------------------------


@requires("portal.use")
@require_POST
def take_off(request: StaffRequest, file_id: UUID, **which: UUID) -> HttpResponse:
    """Take a file off a material again."""
    draft = draft_of(request, **which)
    code = next((line.code for line in draft.lines if any(f.id == file_id for f in line.files)), "")
    if not code:  # pressed twice, or from a page that is older than the file
        return go(request, draft.url("resume"))
    draft.take_off(file_id, **keyed(request))
    toasts.done(request, _("已移除。"))
    return go(request, draft.url("page", f"give-{code}"))


@requires("portal.use")
@require_POST
def take_back(request: StaffRequest, code: str, **which: UUID) -> HttpResponse:
    """Hand the material in after all, instead of the commitment."""
    draft = draft_of(request, **which)
    draft.take_back(code, **keyed(request))
    return go(request, draft.url("page", f"give-{code}"))


@requires("portal.use")
@require_http_methods(["GET", "HEAD", "POST"])
def commit(request: StaffRequest, code: str, **which: UUID) -> HttpResponse:
    """告知承诺: read what is told, sign, and the material need not be handed in."""
    draft = draft_of(request, **which)
    here = plan_of(draft).find(f"give-{code}") if draft.open else None
    told = draft.told(code) if here else []
    if here is None or not told:
        return _no_promise(request, draft, code, here)
    problems: list[tuple[str, str]] = []
    if request.method == "POST":
        if "agree" not in request.POST:
            problems = [("id_agree", _("请先看完，并勾选同意。"))]
        else:
            try:
                draft.commit(code, signature=_signature(request), name=request.POST.get("name", ""), **keyed(request))
            except NotFound:
                raise
            except LinliError as error:
                problems = [("id_name", _said(error))]
            else:
                toasts.done(request, _("已签署承诺。"))
                return go(request, _next(request, draft, here))
    context = {
        "draft": draft, "m": here.line, "told": told, "problems": problems, "typed": request.POST.get("name", ""),
        "errors": dict(problems), "back": _url(draft, here), "name": request.actor.name,
        "alternatives": [Option("typed", _("在下面输入姓名"))],
    }  # fmt: skip
    return render(request, "portal/apply/commit.html", context, status=422 if problems else 200)


def _no_promise(request: StaffRequest, draft: Draft, code: str, here: Page | None) -> HttpResponse:
    """Why nothing can be promised in place of a material, and what to do instead."""
    line = draft.line(code)
    if line is None:
        raise NotFound(what=msg("该材料"))
    if not draft.open:
        return go(request, draft.later_url)
    way = _url(draft, here) if here else draft.url("resume")
    context = {"draft": draft, "m": line, "why": draft.why_no_promise(code), "give": here, "way": way, "back": way}
    return render(request, "portal/apply/no_promise.html", context)


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
def review(request: StaffRequest, **which: UUID) -> HttpResponse:
    """Everything on one page, each answer with the way to change it."""
    draft = draft_of(request, **which)
    if not draft.open:
        return redirect(draft.later_url)
    return _review(request, draft, [])


def _review(request: StaffRequest, draft: Draft, problems: list[tuple[str, str]]) -> HttpResponse:
    plan = plan_of(draft)
    where = {name: p for p in plan.pages for name in p.fields}

    def change(name: str) -> str:
        edit = "&edit=1" if where[name].kind == "known" else ""
        return f"{_url(draft, where[name])}?from={REVIEW}{edit}#id_{PREFIX}{name}"

    facts = [
        Fact(a.label, "；".join(_(line) for line in a.lines), change(a.name))
        for a in answers(draft.standard, draft.form)
        if a.name in where and a.name in asked_fields(draft.standard)
    ]
    before = plan.before(REVIEW)
    asked = [(line, draft.url("page", f"give-{line.code}")) for line in draft.lines if line.asked] if draft.correctable else []
    context = {
        "draft": draft, "facts": facts, "rows": _rows(draft, plan) if not draft.correctable else [], "asked": asked, "problems": problems,
        "number": len(plan.pages), "count": len(plan.pages), "back": _url(draft, before) if before else draft.later_url,
        "open": [(p, _url(draft, p)) for p in plan.pages if not p.done and p.slug not in (REVIEW, LIST) and not (draft.correctable and p.fields)],
        "submit_url": draft.url("submit"), "parts_url": draft.url("page", PARTS) if plan.find(PARTS) else "",
    }  # fmt: skip
    if isinstance(draft, JointDraft):
        context |= {"parts": [s.name for s in draft.sheet.chosen.members], "at_counter": draft.at_counter}
    return render(request, "portal/apply/review.html", context, status=422 if problems else 200)


@requires("portal.use")
@require_POST
def submit(request: StaffRequest, **which: UUID) -> HttpResponse:
    """Submit once, or send the correction back once; whoever presses again is shown what is done."""
    draft = draft_of(request, **which)
    key = keyed(request)
    if draft.open and "true" not in request.POST.getlist("agree"):
        return _review(request, draft, [("id_agree", _("请勾选“以上内容都是真的”，再提交。"))])
    try:
        draft.submit(**key)
    except NotFound:
        raise
    except LinliError as error:
        return _review(request, _again(request, draft), _problems(error))
    return go(request, draft.receipt_url)


def _problems(error: LinliError) -> list[tuple[str, str]]:
    return [("", _said(one)) for one in (error.errors if isinstance(error, Invalid) else [error])]


__all__ = ["commit", "page", "resume", "review", "save", "submit", "take_back", "take_off"]
