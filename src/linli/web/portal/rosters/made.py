"""Lists that were handed in: what to mend, what is about to happen, how far it is, and what became of each."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from linli.domains.cases import commands as do
from linli.domains.cases.queries import (
    RosterSheet,
    RosterState,
    State,
    answers,
    people_of,
    returned_sheet,
    roster_counts,
    roster_lines,
    roster_moved,
    roster_people,
    roster_results,
    roster_sheet,
    rosters,
)
from linli.kernel.errors import LinliError
from linli.kernel.text import noop
from linli.web import roster_pages
from linli.web.access import requires
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.portal.apply.keep import go
from linli.web.portal.apply.reading import TONES
from linli.web.ui import toasts
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column, Fact

_HOW = {"uploaded": noop("已上传，对所有人都算数"), "not_applicable": noop("名单上的人都用不到")}


@requires("portal.use")
@require_safe
def listing(request: StaffRequest) -> HttpResponse:
    """The lists handed in, newest first; those given up are not among them."""
    found = rosters(by=request.actor, on=request.today).exclude(state=RosterState.CANCELLED)
    page = page_of(found, request, by="-handed_in_at")
    lines = [(line, roster_pages.TONES[line.state]) for line in roster_lines(page.rows)]
    return render(request, "portal/rosters/list.html", {"page": page, "lines": lines})


@requires("portal.use")
@require_safe
def roster(request: StaffRequest, roster_id: UUID) -> HttpResponse:
    """As it stands."""
    return _page(request, roster_id)


def _page(request: StaffRequest, roster_id: UUID, file_problem: str = "") -> HttpResponse:
    sheet = roster_sheet(roster_id, by=request.actor, on=request.today)
    context = _about(sheet, request)
    match sheet.state:
        case RosterState.RETURNED:
            context |= roster_pages.problems(roster_id, request)
            context |= {"file": roster_pages.file_field(file_problem), "file_problem": file_problem}
        case RosterState.READY:
            context |= _summary(sheet)
        case RosterState.DONE:
            context |= _people(sheet, request)
    return render(request, "portal/rosters/roster.html", context, status=422 if file_problem else 200)


def _about(sheet: RosterSheet, request: StaffRequest) -> dict[str, Any]:
    return {
        "sheet": sheet, "row": sheet.row, "state": sheet.state, "tone": roster_pages.TONES[sheet.state],
        "here": reverse("own_rosters:progress", args=[sheet.row.pk]), "leave": _("可以离开，回到“为单位批量申报”随时看进度。"),
        "slow": sheet.state is RosterState.RUNNING and not roster_moved(sheet, request.now),
    }  # fmt: skip


def _summary(sheet: RosterSheet) -> dict[str, Any]:
    """What is about to be handed in, read back."""
    names = {m.code: m.name for m in sheet.standard.materials}
    common = sheet.standard.model_copy(update={"form": sheet.plan.common})
    facts = [
        Fact(_("办什么事"), sheet.standard.name), Fact(_("单位"), sheet.employer.name),
        Fact(_("名单"), _("%(n)s 人") % {"n": sheet.row.rows}), Fact(_("生成办件"), _("%(n)s 件") % {"n": sheet.cases}),
    ]  # fmt: skip
    facts += [Fact(a.label, "；".join(_(line) for line in a.lines)) for a in answers(common, sheet.common) if a.lines]
    facts += [Fact(names[code], _(_HOW[how])) for code, how in sheet.row.materials.items() if code in names and how in _HOW]
    return {"facts": facts}


def _people(sheet: RosterSheet, request: StaffRequest) -> dict[str, Any]:
    """Each person with their case, and how many stand how; of one word if the address says so."""
    words: dict[str, tuple[list[str], int]] = {}
    for count in roster_counts(sheet):
        states, n = words.get(count.state.plain_label, ([], 0))
        words[count.state.plain_label] = ([*states, count.state.value], n + count.cases)
    wanted, text = request.GET.get("state", ""), request.GET.get("q", "").strip()
    states = next((found for found, _n in words.values() if wanted in found), [])
    page = page_of(roster_people(sheet, text, states), request, by="number", size=50)
    people = [
        (p, _(State(p.case_state).plain_label), TONES.get(State(p.case_state), "info")) if p.case_id else (p, "", "")
        for p in people_of(sheet, page.rows)
    ]
    return {
        "page": page, "people": people, "text": text, "filtered": bool(states),
        "counts": [(_(word), n, found[0], wanted in found) for word, (found, n) in words.items()],
        "columns": [Column(_("行"), number=True), Column(_("姓名")), Column(_("办件编号")), Column(_("办到哪了"))],
    }  # fmt: skip


@requires("portal.use")
@require_safe
def progress(request: StaffRequest, roster_id: UUID) -> HttpResponse:
    """How far the making of cases is; the page reloads itself when it is done."""
    sheet = roster_sheet(roster_id, by=request.actor, on=request.today)
    answer = render(request, "desk/rosters/_progress.html", _about(sheet, request))
    if sheet.state is not RosterState.RUNNING:
        answer["HX-Refresh"] = "true"
    return answer


@requires("portal.use")
@require_POST
def again(request: StaffRequest, roster_id: UUID) -> HttpResponse:
    """The mended list, in place of the one that was wrong."""
    try:
        people = roster_pages.uploaded(request)
        fresh = do.check_again(roster_id=roster_id, people=people, by=request.actor, now=request.now, **keyed(request))
    except LinliError as error:
        problem = roster_pages.about_file(error)
        if not problem:
            raise
        return _page(request, roster_id, problem)
    return go(request, "own_rosters:roster", fresh)


@requires("portal.use")
@require_POST
def start(request: StaffRequest, roster_id: UUID) -> HttpResponse:
    """Hand it in: from now on its cases are made."""
    do.start_roster(roster_id=roster_id, by=request.actor, now=request.now, **keyed(request))
    toasts.done(request, _("已提交，正在生成办件，可以离开这一页。"))
    return go(request, "own_rosters:roster", roster_id)


@requires("portal.use")
@require_POST
def cancel(request: StaffRequest, roster_id: UUID) -> HttpResponse:
    """Give it up."""
    do.cancel_roster(roster_id=roster_id, by=request.actor, now=request.now, **keyed(request))
    toasts.done(request, _("已取消，什么都没有提交。"))
    return go(request, "own_rosters:list")


@requires("portal.use")
@require_safe
def returned(request: StaffRequest, roster_id: UUID) -> HttpResponse:
    """The list as it came, with what to mend."""
    return roster_pages.workbook(returned_sheet(roster_id, by=request.actor, on=request.today), _("退回修改的名单"))


@requires("portal.use")
@require_safe
def results(request: StaffRequest, roster_id: UUID) -> HttpResponse:
    """Who came to which number."""
    return roster_pages.workbook(roster_results(roster_id, by=request.actor, on=request.today), _("批量申报结果"))
