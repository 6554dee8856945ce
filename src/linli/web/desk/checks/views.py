"""Commitments after the decision: the checks that are due, one of them, and what follows where one is not kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_safe

from linli.domains.accounts.queries import names as names_by_id
from linli.domains.cases import commands as do
from linli.domains.cases.queries import (
    SHELVES,
    CheckSheet,
    Colour,
    PromiseState,
    check_lines,
    check_paper,
    check_sheet,
    checkers_for,
    on_shelf,
    promise_overview,
    seen_promises,
    shelf_counts,
    signature_of,
)
from linli.domains.catalog.queries import names_of
from linli.domains.documents.queries import open_file, pdf
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.text import msg, noop
from linli.web.access import requires
from linli.web.files import send_file, send_pdf
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui import toasts
from linli.web.ui.forms import Form
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column, Fact, Tab

_SEES = ("cases.check", "cases.supervise")
_TABS = {"due": noop("待核查"), "doubted": noop("听取陈述中"), "kept": noop("属实"), "broken": noop("不实")}
TONES = {
    PromiseState.GIVEN: "plain", PromiseState.DUE: "info", PromiseState.KEPT: "done", PromiseState.DOUBTED: "soon",
    PromiseState.BROKEN: "bad", PromiseState.REPAIRED: "plain", PromiseState.VOID: "plain",
}  # fmt: skip


@requires(*_SEES)
@require_safe
def checks(request: StaffRequest) -> HttpResponse:
    """The checks of whoever has to do them, or for a supervisor all of them with the figures; the most pressing first."""
    shelf = request.GET.get("shelf", "due")
    shelf = shelf if shelf in SHELVES else "due"
    mine = seen_promises(request.actor)
    page = page_of(on_shelf(mine, shelf).select_related("case"), request, by="due_on")
    lines = check_lines(page.rows, now=request.now)
    counts, here = shelf_counts(mine), reverse("checks:list")
    oversees = request.actor.can("cases.supervise")
    owners = names_by_id(line.row.owner_id for line in lines) if oversees else {}
    names = names_of([line.item_code for line in lines])
    columns = [Column(_("办件")), Column(_("申请人")), Column(_("承诺的材料")), Column(_("最迟核查")), Column(_("状态"))]
    return render(
        request, "desk/checks/list.html",
        {
            "page": page, "columns": columns + ([Column(_("核查人"))] if oversees else []),
            "lines": [
                (line, names.get(line.item_code, line.item_code), PromiseState(line.row.standing), TONES[PromiseState(line.row.standing)],
                 owners.get(line.row.owner_id, "") if line.row.owner_id else "", _left(line.days_left))
                for line in lines
            ],
            "tabs": [Tab(_(label), f"{here}?shelf={key}", key == shelf, counts[key]) for key, label in _TABS.items()],
            "overview": promise_overview(by=request.actor, now=request.now) if oversees else None, "oversees": oversees,
        },
    )  # fmt: skip


def _left(days: int | None) -> str:
    if days is None:
        return ""
    return _("还剩 %(n)s 个工作日") % {"n": days} if days >= 0 else _("超过 %(n)s 个工作日") % {"n": -days}


# -- one of them ------------------------------------------------------------------------------------------------------------------


class Text(Form):
    """One text, whatever it is about."""

    kinds = {"text": "long-text"}
    text = forms.CharField(label=_lazy("说明"), max_length=2000, widget=forms.Textarea)


class Uphold(Text):
    """Deciding that a commitment was untrue."""

    kinds = {"text": "long-text", "revoke": "boolean"}
    revoke = forms.BooleanField(label=_lazy("同时撤销凭该承诺作出的决定和结果"), required=False, initial=True)


class Give(Form):
    """To whom a check is given."""

    kinds = {"to": "radio"}
    to = forms.ChoiceField(label=_lazy("交给谁核查"))


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that can be done: how it is called, what is asked, and the command."""

    button: str
    label: str
    help: str
    done: str
    run: Callable[[dict[str, Any], dict[str, Any]], object]
    form: type[Form] = Text
    kind: str = "secondary"
    icon: str = "check"


ACTS: dict[str, Act] = {
    "keep": Act(
        noop("核查属实"), noop("怎样核查的、结果如何"), noop("例如：电话核实用人单位，工作年限与承诺一致。"), noop("已登记核查属实。"),
        lambda given, common: do.confirm_kept(finding=given["text"], **common), kind="primary", icon="circle-check",
    ),
    "doubt": Act(
        noop("发现不符"), noop("核查发现的情况"), noop("只写查到的事实。会书面告知申请人，并给时间陈述、补材料；结论由另一人作出。"),
        noop("已书面告知申请人，等候陈述。"), lambda given, common: do.find_breach(facts=given["text"], **common), kind="danger",
        icon="alert-triangle",
    ),
    "hear": Act(
        noop("登记陈述"), noop("申请人的陈述和申辩"), noop("如实记录，来电、来人、来信都可以。"), noop("已登记申请人的陈述。"),
        lambda given, common: do.hear_applicant(statement=given["text"], **common), icon="message",
    ),
    "clear": Act(
        noop("排除疑点"), noop("为什么认定属实"), noop("排除后承诺视为核查属实，不留记录。"), noop("已排除疑点。"),
        lambda given, common: do.conclude_breach(upheld=False, reasons=given["text"], **common), icon="circle-check",
    ),
    "uphold": Act(
        noop("认定承诺不实"), noop("理由"), noop("处理决定书会写明事实、申请人的意见、理由和救济途径。"), noop("已作出处理决定。"),
        lambda given, common: do.conclude_breach(upheld=True, reasons=given["text"], revoke=given["revoke"], **common), form=Uphold,
        kind="danger", icon="gavel",
    ),
    "repair": Act(
        noop("登记修复"), noop("申请人怎样改正的"), noop("修复后，不实记录提前结束，可以再次适用告知承诺。"), noop("已登记修复。"),
        lambda given, common: do.repair_breach(how=given["text"], **common), icon="refresh",
    ),
    "give": Act(
        noop("改由他人核查"), noop("交给谁核查"), "", noop("已改由他人核查。"),
        lambda given, common: do.give_check(user_id=UUID(given["to"]), **common), form=Give, icon="user",
    ),
}  # fmt: skip


def _form(act: str, request: StaffRequest, sheet: CheckSheet, *, bound: bool) -> Form:
    form = ACTS[act].form(request.POST if bound else None, prefix=act)
    if act == "give":
        people = checkers_for(sheet.row.pk, by=request.actor, now=request.now)
        names = names_by_id(people)
        form.fields["to"].choices = [(str(p), names.get(p, str(p))) for p in people]  # type: ignore[attr-defined]
    else:
        text = form.fields["text"]
        text.label, text.help_text = _(ACTS[act].label), _(ACTS[act].help)
        text.error_messages["required"] = _("请填写%(label)s。") % {"label": text.label}
    return form


@requires(*_SEES)
@require_safe
def check(request: StaffRequest, commitment_id: UUID) -> HttpResponse:
    """One promise: what was told and signed, what is known now, what was found, and what can be done."""
    return _page(request, check_sheet(commitment_id, by=request.actor, now=request.now))


def _page(request: StaffRequest, sheet: CheckSheet, refused: tuple[str, Form] | None = None) -> HttpResponse:
    offered = [key for key in ACTS if key in sheet.acts]
    blocks = [
        (key, ACTS[key], refused[1] if refused and refused[0] == key else _form(key, request, sheet, bound=False),
         bool(refused and refused[0] == key) or (len(offered) == 1))
        for key in offered
    ]  # fmt: skip
    clock = {"state": _clock(sheet), "due": sheet.row.due_on, "left": _left(sheet.days_left)}
    state = PromiseState(sheet.row.standing)
    owner = names_by_id([sheet.row.owner_id]).get(sheet.row.owner_id, "") if sheet.row.owner_id else ""
    facts = [
        Fact(_("事项"), sheet.standard.name), Fact(_("办件编号"), sheet.case.number or ""), Fact(_("承诺代替的材料"), sheet.row.name),
        Fact(_("签署方式"), _(_SIGNED[sheet.row.signed])), Fact(_("核查人"), owner or _("还没有人，系统每天分派")),
    ]  # fmt: skip
    return render(
        request, "desk/checks/check.html",
        {
            "sheet": sheet, "row": sheet.row, "breach": sheet.breach, "state": state, "tone": TONES[state], "blocks": blocks, "clock": clock,
            "facts": facts, "problems": refused[1].problems if refused else [],
        },
        status=422 if refused else 200,
    )  # fmt: skip


_SIGNED = {"drawn": noop("屏幕签名"), "typed": noop("实名登录，输入姓名确认"), "paper": noop("纸质签字，存卷")}


def _clock(sheet: CheckSheet) -> str:
    return "stopped" if sheet.colour is Colour.DONE else sheet.colour.value


@requires(*_SEES)
@require_http_methods(["GET", "HEAD", "POST"])
def act(request: StaffRequest, commitment_id: UUID, act: str) -> HttpResponse:
    """Do one of the things the page offers. A refusal comes back with what was typed."""
    sheet = check_sheet(commitment_id, by=request.actor, now=request.now)
    if act not in ACTS:
        raise NotFound(what=msg("这项操作"))
    if request.method != "POST":
        return redirect("checks:check", commitment_id)
    form = _form(act, request, sheet, bound=True)
    if form.is_valid():
        try:
            ACTS[act].run(
                form.cleaned_data, {"commitment_id": commitment_id, "by": request.actor, "now": request.now, **keyed(request)}
            )
        except LinliError as error:
            if act not in sheet.acts:
                raise
            form.add_problem(_at_text(error))
        else:
            toasts.done(request, _(ACTS[act].done))
            gone = act == "give" and not request.actor.can("cases.supervise")
            return redirect("checks:list") if gone else redirect("checks:check", commitment_id)
    return _page(request, sheet, (act, form))


def _at_text(error: LinliError) -> LinliError:
    """The command calls its text by what it is; the page has one field for it."""
    if error.field:
        error.field = "text"
    return error


@requires(*_SEES)
@require_safe
def paper(request: StaffRequest, commitment_id: UUID, document_id: UUID) -> HttpResponse:
    """A paper of the check for reading and printing."""
    card = check_paper(commitment_id, document_id, by=request.actor, now=request.now)
    return send_pdf(pdf(card.id), card.number)


@requires(*_SEES)
@require_safe
def signature(request: StaffRequest, commitment_id: UUID) -> HttpResponseBase:
    """The signature as it was drawn or photographed."""
    return send_file(open_file(signature_of(commitment_id, by=request.actor)), "signature.png")


__all__ = ["ACTS", "act", "check", "checks", "paper", "signature"]
