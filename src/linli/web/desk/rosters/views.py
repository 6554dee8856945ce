"""Rosters at the counter: the sheet to fill in, what is wrong in one that was handed in, and the cases it became."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.domains.cases import commands as do
from linli.domains.cases.queries import (
    RosterOffer,
    RosterSheet,
    RosterState,
    State,
    people_of,
    returned_sheet,
    roster_common,
    roster_items,
    roster_lines,
    roster_moved,
    roster_offer,
    roster_people,
    roster_results,
    roster_sheet,
    roster_template,
)
from linli.domains.cases.queries import rosters as rosters_here
from linli.domains.catalog.queries import Required
from linli.domains.people.queries import Party, find_employers, parties
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.text import msg, noop
from linli.web import roster_pages
from linli.web.access import requires
from linli.web.http import StaffRequest
from linli.web.itemform import ItemForm, as_typed, read
from linli.web.once import keyed
from linli.web.ui import toasts
from linli.web.ui.fields import FieldSpec, Option
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column, Fact

_HOW = {
    "paper": noop("已收纸质件（一份管全部）"), "seen": noop("已查验原件"), "committed": noop("已签承诺书"),
    "not_applicable": noop("本次不涉及"), "": noop("还没有收"),
}  # fmt: skip


@requires("cases.receive")
@require_safe
def listing(request: StaffRequest) -> HttpResponse:
    """The rosters handed in here, newest first."""
    page = page_of(rosters_here(by=request.actor, on=request.today), request, by="-handed_in_at")
    lines = [(line, roster_pages.TONES[line.state]) for line in roster_lines(page.rows)]
    columns = [Column(_("交来时间")), Column(_("单位")), Column(_("事项")), Column(_("人数"), number=True), Column(_("状态"))]
    return render(request, "desk/rosters/list.html", {"page": page, "lines": lines, "columns": columns})


# -- handing one in ------------------------------------------------------------------------------------------------------------------


def _employer(text: str) -> tuple[Party | None, list[Party], str]:
    """Whom was meant: one, or several to choose from, or why nobody."""
    if not text:
        return None, [], ""
    found = list(parties(find_employers(text).values_list("pk", flat=True)[:8]).values())
    if len(found) == 1:
        return found[0], [], ""
    return None, found, "" if found else _("没有找到这个单位。请核对统一社会信用代码；没有登记过的，先在“今日窗口”登记。")


@requires("cases.receive")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: StaffRequest) -> HttpResponse:
    """Which item and which employer first; then the sheet, with what is said once for all."""
    item, text = request.GET.get("item", ""), request.GET.get("employer", "").strip()
    offer = roster_offer(item, region=request.actor.region, on=request.today) if item else None
    employer, several, problem = _employer(text)
    if offer is None or employer is None:
        return _choose(request, item, text, several, problem)
    standard = offer.standard.model_copy(update={"form": offer.plan.common})
    known = roster_common(offer, employer.id)
    form = ItemForm(standard, known, known=known)
    file_problem = ""
    if request.method == "POST":
        values = read(standard, request.POST, known)
        form = ItemForm(standard, known, typed=as_typed(standard, values, known))
        try:
            return _hand_in(request, offer, employer, values)
        except LinliError as error:
            file_problem = roster_pages.about_file(error)
            if not file_problem:
                form.add(error)
    problems = ([("id_file", file_problem)] if file_problem else []) + form.problems
    context = {
        "offer": offer, "employer": employer, "form": form, "problems": problems, "materials": _materials(offer, request),
        "may_accept": request.actor.can("cases.accept"), "accept": "accept" in request.POST or request.method != "POST",
        "file": roster_pages.file_field(file_problem),
    }  # fmt: skip
    return render(request, "desk/rosters/new.html", context, status=422 if problems else 200)


def _choose(request: StaffRequest, item: str, text: str, several: list[Party], problem: str) -> HttpResponse:
    items = [Option("", ""), *(Option(code, name) for code, name in roster_items(by=request.actor, on=request.today))]
    pick = FieldSpec(
        name="item", label=_("办什么事"), type="select", value=item, options=items, required=True,
        error=_("这个事项不能批量申报，请另选。") if item and item not in {o.value for o in items} else "",
    )  # fmt: skip
    whose = FieldSpec(
        name="employer", label=_("单位"), type="text", value=text, required=True, error=problem,
        help=_("统一社会信用代码、名称或拼音首字母。"), width="wide",
    )  # fmt: skip
    problems = [(f.id, f.error) for f in (pick, whose) if f.error]
    context = {"pick": pick, "whose": whose, "several": several, "item": item, "problems": problems}
    return render(request, "desk/rosters/choose.html", context)


def _materials(offer: RosterOffer, request: StaffRequest) -> list[FieldSpec]:
    """How each material was handed in, once for all people."""
    specs = []
    for m in offer.standard.materials:
        if m.from_departments:
            continue
        ways = [
            w
            for w in _HOW
            if (w != "committed" or m.may_be_committed) and (w != "not_applicable" or m.required is not Required.YES)
        ]
        chosen = request.POST.get(f"m_{m.code}", "paper" if m.required is Required.YES else "not_applicable")
        note = _("视情形：%(condition)s") % {"condition": m.condition} if m.condition else ""
        specs.append(
            FieldSpec(
                name=f"m_{m.code}",
                label=m.name,
                type="select",
                value=chosen,
                options=[Option(w, _(_HOW[w])) for w in ways],
                help=note,
            )
        )
    return specs


def _hand_in(request: StaffRequest, offer: RosterOffer, employer: Party, values: dict[str, Any]) -> HttpResponse:
    roster_id = do.check_roster(
        item_code=offer.standard.code, employer_id=employer.id, people=roster_pages.uploaded(request), common=values,
        materials={m.code: request.POST.get(f"m_{m.code}", "") for m in offer.standard.materials},
        accept="accept" in request.POST and request.actor.can("cases.accept"), by=request.actor, now=request.now,
        **keyed(request),
    )  # fmt: skip
    return redirect("rosters:roster", roster_id)


@requires("cases.receive")
@require_safe
def template(request: StaffRequest, item: str) -> HttpResponse:
    """The sheet to fill in."""
    offer = roster_offer(item, region=request.actor.region, on=request.today)
    if offer is None:
        raise NotFound(what=msg("这个事项的名单模板"))
    return roster_pages.workbook(roster_template(offer), f"{offer.standard.name}-{_('名单')}")


# -- one that was handed in ------------------------------------------------------------------------------------------------------------


@requires("cases.receive")
@require_safe
def roster(request: StaffRequest, roster_id: UUID) -> HttpResponse:
    """As it stands: what to mend, what will happen, how far it is, or who came to which number."""
    sheet = roster_sheet(roster_id, by=request.actor, on=request.today)
    context = _about(sheet, request)
    if sheet.state is RosterState.RETURNED:
        context |= roster_pages.problems(roster_id, request)
    elif sheet.state in (RosterState.RUNNING, RosterState.DONE):
        text = request.GET.get("q", "").strip()
        page = page_of(roster_people(sheet, text), request, by="number", size=50)
        people = [(p, _(State(p.case_state).label) if p.case_state else "") for p in people_of(sheet, page.rows)]
        context |= {
            "page": page, "people": people, "text": text,
            "columns": [Column(_("行"), number=True), Column(_("姓名")), Column(_("证件号码")), Column(_("办件编号")), Column(_("状态"))],
        }  # fmt: skip
    return render(request, "desk/rosters/roster.html", context)


def _about(sheet: RosterSheet, request: StaffRequest) -> dict[str, Any]:
    row = sheet.row
    facts = [
        Fact(_("事项"), sheet.standard.name), Fact(_("单位"), sheet.employer.name), Fact(_("文件"), row.file_name),
        Fact(_("人数"), str(row.rows)), Fact(_("怎样办"), _(sheet.plan.shape.label)),
        Fact(_("办件"), _("%(n)s 件") % {"n": sheet.cases}), Fact(_("收件后一并受理"), _("是") if row.accept else _("否")),
    ]  # fmt: skip
    return {
        "sheet": sheet, "row": row, "state": sheet.state, "tone": roster_pages.TONES[sheet.state], "facts": facts,
        "here": reverse("rosters:progress", args=[row.pk]), "leave": _("可以离开，回到“批量申报”随时看进度。"),
        "slow": sheet.state is RosterState.RUNNING and not roster_moved(sheet, request.now),
    }  # fmt: skip


@requires("cases.receive")
@require_safe
def progress(request: StaffRequest, roster_id: UUID) -> HttpResponse:
    """How far the making of cases is; the page reloads itself when it is done."""
    sheet = roster_sheet(roster_id, by=request.actor, on=request.today)
    answer = render(request, "desk/rosters/_progress.html", _about(sheet, request))
    if sheet.state is not RosterState.RUNNING:
        answer["HX-Refresh"] = "true"
    return answer


def _act(request: StaffRequest, roster_id: UUID, run: Any, said: str) -> HttpResponse:
    run(roster_id=roster_id, by=request.actor, now=request.now, **keyed(request))
    toasts.done(request, said)
    return redirect(f"{reverse('rosters:roster', args=[roster_id])}")


@requires("cases.receive")
@require_POST
def start(request: StaffRequest, roster_id: UUID) -> HttpResponse:
    """Have the cases made."""
    return _act(request, roster_id, do.start_roster, _("已开始生成办件，可以离开这一页。"))


@requires("cases.receive")
@require_POST
def cancel(request: StaffRequest, roster_id: UUID) -> HttpResponse:
    """Give it up."""
    return _act(request, roster_id, do.cancel_roster, _("已取消，什么都没有导入。"))


@requires("cases.receive")
@require_safe
def returned(request: StaffRequest, roster_id: UUID) -> HttpResponse:
    """The sheet with what to mend."""
    return roster_pages.workbook(returned_sheet(roster_id, by=request.actor, on=request.today), _("退回修改的名单"))


@requires("cases.receive")
@require_safe
def results(request: StaffRequest, roster_id: UUID) -> HttpResponse:
    """Who came to which number."""
    return roster_pages.workbook(roster_results(roster_id, by=request.actor, on=request.today), _("批量申报结果"))


__all__ = ["cancel", "listing", "new", "progress", "results", "returned", "roster", "start", "template"]
