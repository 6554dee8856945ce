"""Reviewing and deciding: the next case, its sheet, opinions, decisions, requests.

What is typed in a sheet belongs to one form, so that no refusal of a command loses a word of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from linli.domains.cases import commands
from linli.domains.cases.queries import (
    Pile,
    ReviewSheet,
    State,
    StepKind,
    StepState,
    my_pile,
    pile_counts,
    preview_decision,
    review_file,
    review_sheet,
)
from linli.domains.documents.queries import open_file
from linli.domains.people.queries import Purpose
from linli.kernel.errors import Kind, LinliError, NotFound
from linli.kernel.text import msg
from linli.web.access import requires
from linli.web.desk.looks import show_shared_whole
from linli.web.desk.review import shown
from linli.web.desk.review.forms import AskForm, DecisionForm, OpinionForm
from linli.web.errors import status_of
from linli.web.files import send_file
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column, Tab
from linli.web.ui.templatetags.linli_ui import label, said
from linli.web.ui.toasts import done, note

# -- the list and the next case ------------------------------------------------------------------------------------------


@requires(*shown.REVIEWERS)
@require_GET
def mine(request: StaffRequest) -> HttpResponse:
    """What the draw gave me: open, suspended, done."""
    wanted = request.GET.get("show", "")
    pile = Pile(wanted) if wanted in set(Pile) else Pile.OPEN
    counts = pile_counts(by=request.actor)
    page = page_of(my_pile(pile, by=request.actor), request, by=pile.order)
    names = {Pile.OPEN: _("待我办理"), Pile.SUSPENDED: _("中止中"), Pile.DONE: _("我已办理")}
    last = Column(_("我的意见")) if pile is Pile.DONE else Column(_("时限"))
    context = {
        "tabs": [Tab(names[p], f"?show={p}", p is pile, counts.get(p)) for p in Pile],
        "columns": [
            Column(_("代号")), Column(_("事项")), Column(_("申请人")), Column(_("环节")),
            Column(_("办理日期") if pile is Pile.DONE else _("承诺办结")), last,
        ],
        "page": page, "lines": shown.lines(page.rows, now=request.now), "pile": pile.value, "caption": names[pile],
        "open": counts[Pile.OPEN],
    }  # fmt: skip
    return render(request, "desk/review/mine.html", context)


@requires(*shown.REVIEWERS)
@require_GET
def next_case(request: StaffRequest) -> HttpResponse:
    """Lead to the case that is due first."""
    return _go_on(request)


def _go_on(request: StaffRequest) -> HttpResponse:
    step = commands.next_step(by=request.actor, now=request.now)
    if step is None:
        note(request, _("没有等您办理的办件了。系统派来新的办件时，会出现在这里。"))
        return redirect("review:mine")
    return redirect("review:sheet", step)


# -- the sheet -----------------------------------------------------------------------------------------------------------


@requires(*shown.REVIEWERS)
@require_GET
def sheet(request: StaffRequest, step_id: UUID) -> HttpResponse:
    """The reader's own stage: form and materials, what was said before, the clock, the law."""
    return _page(request, review_sheet(step_id, by=request.actor, now=request.now))


def _form(own: ReviewSheet, data: Any = None) -> OpinionForm | DecisionForm:
    return DecisionForm(data) if own.step.kind == StepKind.DECIDE else OpinionForm(data)


def _page(
    request: StaffRequest,
    own: ReviewSheet,
    form: OpinionForm | DecisionForm | None = None,
    *,
    piece: shown.Piece | None = None,
    status: int = 200,
) -> HttpResponse:
    """The whole sheet, with what was typed if it comes back; ``piece`` stands in for the material it is about."""
    typed = request.POST.dict() if request.method == "POST" else {}
    clocks = [shown.clock(c) for c in own.clocks]
    pieces = [piece if piece and piece.code == p.code else p for p in shown.pieces(own)]
    asks = shown.asked(own.asked)
    is_open = own.step.state == StepState.OPEN
    recusing = any(a.what == "redraw" and a.open for a in asks)
    may_judge = is_open and own.state is State.IN_REVIEW and not recusing
    context = {
        "sheet": own, "step": own.step, "stage": shown.stage_name(own.step), "stages": shown.stages(own),
        "form": form or _form(own), "links": shown.links(own, typed), "pieces": pieces,
        "clock": clocks[0] if clocks else None, "clocks": clocks[1:], "facts": shown.facts(own), "asks": asks,
        "open": is_open, "suspended": own.state is State.SUSPENDED, "recusing": recusing,
        "may_judge": may_judge,
        # What was typed stays, even where the case can no longer be judged.
        "show_form": is_open and (may_judge or (form is not None and form.is_bound)),
        "decides": own.step.kind == StepKind.DECIDE, "state": label(own.state), "purposes": _purposes(),
        "whole_url": reverse("review:whole", args=[own.step.pk]),
    }  # fmt: skip
    return render(request, "desk/review/sheet.html", context, status=status)


def _purposes() -> list[tuple[str, str]]:
    return [(p.value, label(p)) for p in (Purpose.HANDLE_CASE, Purpose.CONTACT, Purpose.LAWFUL_REQUEST)]


def _stage(request: StaffRequest, step_id: UUID, *, decides: bool) -> ReviewSheet:
    """The reader's own stage if it is of the kind that this address is for."""
    own = review_sheet(step_id, by=request.actor, now=request.now)
    if (own.step.kind == StepKind.DECIDE) is not decides:
        raise NotFound(what=msg("这一环节"))
    return own


def _version(request: StaffRequest) -> int:
    """Which state of the case the page was made from; a page without it is as good as an old one."""
    raw = request.POST.get("version", "")
    return int(raw) if raw.isdecimal() and len(raw) < 10 else 0


def _links_done(request: StaffRequest, own: ReviewSheet) -> list[str]:
    return [link.entry for link in shown.links(own, request.POST.dict()) if link.entry]


def _again(request: StaffRequest, own: ReviewSheet, form: OpinionForm | DecisionForm, error: LinliError) -> HttpResponse:
    """The sheet as it is now, with all that was typed and the error where it belongs."""
    if error.kind is Kind.NOT_FOUND:
        raise error  # no longer the reader's: nothing of it may be shown
    form.add_problem(error)
    return _page(request, review_sheet(own.step.pk, by=request.actor, now=request.now), form, status=status_of(error))


@requires(*shown.REVIEWERS)
@require_POST
def opinion(request: StaffRequest, step_id: UUID) -> HttpResponse:
    """Propose and go on to the next case."""
    own = _stage(request, step_id, decides=False)
    form = OpinionForm(request.POST)
    if not form.is_valid():
        return _page(request, own, form, status=422)
    try:
        commands.give_opinion(
            step_id=step_id, approve=form.approve, opinion=form.cleaned_data["opinion"], links_done=_links_done(request, own),
            version=_version(request), by=request.actor, now=request.now, **keyed(request),
        )  # fmt: skip
    except LinliError as error:
        return _again(request, own, form, error)
    said_so = _("%(alias)s 已提出同意的意见。") if form.approve else _("%(alias)s 已提出不同意的意见。")
    done(request, said_so % {"alias": own.alias})
    return _go_on(request)


@requires(*shown.REVIEWERS)
@require_POST
def decision(request: StaffRequest, step_id: UUID) -> HttpResponse:
    """Show the words of the decision, and when they are confirmed, decide: it cannot be taken back."""
    own = _stage(request, step_id, decides=True)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, own, form, status=422)
    if "again" in request.POST:
        return _page(request, own, form)
    said_in = {name: form.cleaned_data[name] for name in ("facts", "reasons", "legal_basis")}
    links = _links_done(request, own)
    try:
        if "confirmed" not in request.POST:
            text = preview_decision(step_id, approve=form.approve, links_done=links, by=request.actor, **said_in)
            typed = [(k, v) for k, v in request.POST.items() if k not in ("csrfmiddlewaretoken", "once")]
            context = {
                "sheet": own,
                "step": own.step,
                "text": text,
                "typed": typed,
                "facts": shown.facts(own),
                "clock": next(map(shown.clock, own.clocks), None),
            }
            return render(request, "desk/review/confirm.html", context)
        commands.decide_case(
            step_id=step_id, approve=form.approve, grounds=commands.Grounds(**said_in), links_done=links, version=_version(request),
            by=request.actor, now=request.now, **keyed(request),
        )  # fmt: skip
    except LinliError as error:
        return _again(request, own, form, error)
    said_so = _("%(alias)s 已决定准予，转入出件。") if form.approve else _("%(alias)s 已决定不予批准，转入出件。")
    done(request, said_so % {"alias": own.alias})
    return _go_on(request)


# -- materials, files, numbers -------------------------------------------------------------------------------------------


@requires(*shown.REVIEWERS)
@require_POST
def material(request: StaffRequest, step_id: UUID) -> HttpResponse:
    """Note that a material which the bureau owes was verified, or is still owed; what else is typed in the sheet stays."""
    own = review_sheet(step_id, by=request.actor, now=request.now)
    code, _sep, verdict = request.POST.get("settle", "").partition("|")
    found = next((p for p in shown.pieces(own) if p.code == code), None)
    if found is None:
        raise NotFound(what=msg("该材料"))
    typed = request.POST.get(f"note-{code}", "")
    try:
        commands.settle_material(
            step_id=step_id, code=code, verified=verdict == "verified", note=typed, version=_version(request), by=request.actor,
            now=request.now, **keyed(request),
        )  # fmt: skip
    except LinliError as error:
        if error.kind is not Kind.INVALID:
            raise
        wrong = replace(found, typed=typed, error=said(error.message))
        if request.htmx:
            return render(request, "desk/review/_piece.html", {"piece": wrong, "sheet": own, "step": own.step}, status=422)
        return _page(request, own, _kept(own, request), piece=wrong, status=422)
    now_is = review_sheet(step_id, by=request.actor, now=request.now)
    if request.htmx:
        piece = next(p for p in shown.pieces(now_is) if p.code == code)
        return render(request, "desk/review/_piece.html", {"piece": piece, "sheet": now_is, "step": now_is.step, "settled": True})
    return _page(request, now_is, _kept(now_is, request))


def _kept(own: ReviewSheet, request: StaffRequest) -> OpinionForm | DecisionForm:
    """The form with what was typed so far, before anybody asked whether it is complete."""
    form = _form(own)
    form.initial = {name: request.POST.get(name, "") for name in form.fields}
    return form


@requires(*shown.REVIEWERS)
@require_GET
def file(request: StaffRequest, step_id: UUID, file_id: UUID) -> HttpResponseBase:
    """A file of a material, under a name of ours."""
    own = review_file(step_id, file_id, by=request.actor)
    name = shown.name_of(review_sheet(step_id, by=request.actor, now=request.now), own.pk)
    return send_file(open_file(own.file_id), name)


@requires(*shown.REVIEWERS)
@require_POST
def whole(request: StaffRequest, step_id: UUID) -> HttpResponse:
    """A number whole, for a stated purpose; the look is recorded."""
    field, wanted = request.GET.get("field", "applicant"), request.POST.get("purpose", "")
    if wanted not in {value for value, _label in _purposes()}:
        raise NotFound(what=msg("这种用途"))
    own = review_sheet(step_id, by=request.actor, now=request.now)
    value = commands.show_whole(step_id=step_id, field=field, purpose=Purpose(wanted), by=request.actor, now=request.now)
    if "." in field:
        return show_shared_whole(request, field, own.shared, value, "desk/review/whole.html", {"sheet": own, "step": own.step})
    masked = own.applicant.number if field == "applicant" else "；".join(next(a.lines for a in own.answers if a.name == field))
    context = {"id": f"whole-{field}", "value": value, "masked": masked}
    if request.htmx:
        return render(request, "ui/_revealed.html", context)
    return render(request, "desk/review/whole.html", context | {"sheet": own, "step": own.step})


# -- requests ------------------------------------------------------------------------------------------------------------


@requires(*shown.REVIEWERS)
@require_http_methods(["GET", "POST"])
def ask(request: StaffRequest, step_id: UUID) -> HttpResponse:
    """Ask the supervisor to suspend, to extend, or, being connected with the case, to be let off it."""
    own = review_sheet(step_id, by=request.actor, now=request.now)
    if own.step.state != StepState.OPEN:
        return redirect("review:sheet", step_id)
    asks = shown.asked(own.asked)
    form = AskForm(request.POST if request.method == "POST" else None, open_kinds={a.what for a in asks if a.open})
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                return _ask(request, own, form)
            except LinliError as error:
                if error.kind is Kind.NOT_FOUND:
                    raise
                form.add_problem(error)
                status = status_of(error)
        else:
            status = 422
        own = review_sheet(step_id, by=request.actor, now=request.now)
    context = {
        "sheet": own, "step": own.step, "form": form, "asks": asks, "stages": shown.stages(own),
        "clock": next(map(shown.clock, own.clocks), None),
    }  # fmt: skip
    return render(request, "desk/review/ask.html", context, status=status)


def _ask(request: StaffRequest, own: ReviewSheet, form: AskForm) -> HttpResponse:
    said_in = form.cleaned_data
    common: dict[str, Any] = {
        "step_id": own.step.pk, "reason": said_in["reason"], "version": _version(request), "by": request.actor, "now": request.now,
        **keyed(request),
    }  # fmt: skip
    if said_in["what"] == "redraw":
        commands.recuse(**common)
        done(request, _("已申请回避。值班长答复之前，本案不会再排给您。"))
        return _go_on(request)
    ground, until = (said_in["ground"], said_in["until"]) if said_in["what"] == "suspend" else ("", None)
    commands.ask(what=said_in["what"], ground=ground, until=until, **common)
    done(request, _("申请已送值班长；答复会出现在本案页面。"))
    return redirect("review:sheet", own.step.pk)
