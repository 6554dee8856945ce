"""Decided cases: their result is prepared, looked at, sealed and issued."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST, require_safe

from linli.domains.cases import commands as do
from linli.domains.cases.queries import Colour, State, find, issue_queue, issue_sheet, next_to_issue
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.text import noop
from linli.web.access import requires
from linli.web.desk.issue.filters import NumberField, chips_of
from linli.web.desk.issue.rows import columns, lines
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.forms import Form
from linli.web.ui.paging import page_of
from linli.web.ui.toasts import done, note


class QueueFilters(Form):
    kinds = {"q": "search"}
    q = NumberField(label=lazy("办件编号或尾号"))
    outcome = forms.ChoiceField(
        label=lazy("决定"), required=False, choices=[("", lazy("全部")), ("approved", lazy("准予")), ("rejected", lazy("不予批准"))]
    )
    shade = forms.ChoiceField(
        label=lazy("送达时限"),
        required=False,
        choices=[("", lazy("全部")), ("red", lazy("已超期")), ("amber", lazy("即将到期")), ("green", lazy("在时限内"))],
    )


COLUMNS = (noop("办件编号"), noop("事项和申请人"), noop("决定"), noop("应送达"), noop("制作"))


@requires("cases.issue")
@require_safe
def queue(request: StaffRequest) -> HttpResponse:
    """What waits for its result, the longest waiting first."""
    form = QueueFilters(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    cases = issue_queue(by=request.actor, now=request.now, shade=Colour(asked["shade"]) if asked.get("shade") else None)
    if asked.get("outcome"):
        cases = cases.filter(approved=asked["outcome"] == "approved")
    if asked.get("q"):
        cases = find(asked["q"], by=request.actor, cases=cases)
    page = page_of(cases, request, by="decided_at")
    rows = lines(page.rows, now=request.now)
    context = {
        "form": form,
        "chips": chips_of(form, request),
        "page": page,
        "rows": rows,
        "columns": columns(COLUMNS),
        "me": request.actor.user_id,
    }
    return render(request, "desk/issue/queue.html", context)


@requires("cases.issue")
@require_safe
def following(request: StaffRequest) -> HttpResponse:
    """The case to take next: what lies on the own table, then what has waited longest."""
    case_id = next_to_issue(by=request.actor)
    if case_id is None:
        note(request, _("待出件的都办完了。"))
        return redirect("issue:queue")
    return redirect("issue:case", case_id)


@requires("cases.issue")
@require_safe
def case(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """What was decided, the papers that say so, and the seal they bear."""
    return _page(request, case_id)


@requires("cases.issue")
@require_POST
def prepare(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """Take the case and compose its papers."""
    return _act(request, case_id, do.prepare_result, _("结果文书已制作，请核对。"))


@requires("cases.issue")
@require_POST
def issue(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """Seal the papers and issue them."""
    return _act(request, case_id, do.issue_case, _("已用印出件，可以送达了。"))


def _act(request: StaffRequest, case_id: UUID, command: Callable[..., Any], said: str) -> HttpResponse:
    version = request.POST.get("version", "")
    try:
        command(
            case_id=case_id, version=int(version) if version.isdecimal() else None, by=request.actor, now=request.now,
            **keyed(request),
        )  # fmt: skip
    except NotFound:
        raise
    except LinliError as error:
        return _page(request, case_id, error)
    done(request, said)
    return redirect("issue:case", case_id)


def _page(request: StaffRequest, case_id: UUID, error: LinliError | None = None) -> HttpResponse:
    sheet = issue_sheet(case_id, by=request.actor, now=request.now)
    waits = sheet.case.state in (State.APPROVED, State.REJECTED)
    context = {
        "sheet": sheet, "case": sheet.case, "clock": next(iter(sheet.clocks), None), "error": error, "waits": waits,
        "may_prepare": waits and not (sheet.prepared or sheet.taken or sheet.own_decision), "may_issue": waits and sheet.prepared,
        "delivers": sheet.case.state == State.ISSUED and request.actor.can("cases.deliver"),
    }  # fmt: skip
    return render(request, "desk/issue/case.html", context, status=status_of(error) if error else 200)
