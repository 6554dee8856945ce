"""Items whose business system is elsewhere: what was done there is recorded here, each act by somebody else."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods, require_safe

from linli.domains.cases import commands as do
from linli.domains.cases.queries import ExternalAct, ExternalSheet, State, alias_of, external_sheet, external_waiting
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.text import msg, noop
from linli.web.access import requires
from linli.web.desk.issue.rows import columns, lines
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.forms import Form
from linli.web.ui.paging import page_of
from linli.web.ui.toasts import done

RECORDS = ("cases.accept", "cases.review", "cases.decide", "cases.issue")
COLUMNS = (noop("办件"), noop("事项"), noop("申请人"), noop("现在"), noop("收件时间"))
# Who records an act, as the page says it.
WHOSE = {
    ExternalAct.ACCEPT: lazy("收件窗口的受理员"), ExternalAct.TAKE_OVER: lazy("审核员，不能是受理人"),
    ExternalAct.REVIEW: lazy("另一名审核员或审批人，不能是受理人和接收人"), ExternalAct.ISSUE: lazy("出件员，不能是审核人"),
}  # fmt: skip


@requires(*RECORDS)
@require_safe
def waiting(request: StaffRequest) -> HttpResponse:
    """Cases of which the next act is the reader's to record, the longest waiting first."""
    page = page_of(external_waiting(by=request.actor), request, by="received_at")
    rows = [(line, alias_of(line.case.pk), State(line.case.state)) for line in lines(page.rows)]
    context = {"page": page, "rows": rows, "columns": columns(COLUMNS), "anonymous": _anonymous(request)}
    return render(request, "desk/issue/external_list.html", context)


def _anonymous(request: StaffRequest) -> bool:
    """Whether the reader reviews, and so sees another name instead of the number, which tells where a case came in."""
    return request.actor.can("cases.review") or request.actor.can("cases.decide")


class ActForm(Form):
    note = forms.CharField(label=lazy("备注"), required=False, max_length=500)

    def known(self) -> dict[str, Any]:
        """What the command takes besides."""
        return {"note": self.cleaned_data["note"]}


class AcceptForm(ActForm):
    external_number = forms.CharField(label=lazy("外部系统的办件编号"), max_length=64, help_text=lazy("照外部系统受理回执填写。"))
    field_order = ("external_number", "note")

    def known(self) -> dict[str, Any]:
        return super().known() | {"external_number": self.cleaned_data["external_number"]}


class ReviewForm(ActForm):
    kinds = {"facts": "long-text", "reasons": "long-text"}
    approve = forms.ChoiceField(
        label=lazy("外部系统的审核结论"), widget=forms.RadioSelect, choices=[("yes", lazy("准予")), ("no", lazy("不予批准"))]
    )
    facts = forms.CharField(label=lazy("认定的事实"), required=False, max_length=2000, help_text=lazy("不予批准的必须填写。"))
    reasons = forms.CharField(
        label=lazy("理由"), required=False, max_length=2000, help_text=lazy("不予批准的必须填写，申请人会看到。")
    )
    field_order = ("approve", "facts", "reasons", "note")

    def known(self) -> dict[str, Any]:
        c = self.cleaned_data
        return super().known() | {"approve": c["approve"] == "yes", "facts": c["facts"], "reasons": c["reasons"]}


FORMS: dict[ExternalAct, type[ActForm]] = {ExternalAct.ACCEPT: AcceptForm, ExternalAct.REVIEW: ReviewForm}


@requires(*RECORDS)
@require_http_methods(["GET", "HEAD", "POST"])
def case(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """Which acts are recorded and which are missing, and the form for the next."""
    sheet = external_sheet(case_id, by=request.actor)
    if request.method != "POST":
        return _page(request, sheet, _form_for(sheet.next) if sheet.next else None)
    act = next((a for a in ExternalAct if a == request.POST.get("act")), None)
    if act is None:
        raise NotFound(what=msg("这一环节"))
    form = FORMS.get(act, ActForm)(request.POST)
    if not form.is_valid():
        return _page(request, sheet, form, status=422)
    try:
        do.record_external(case_id=case_id, act=act, **form.known(), by=request.actor, now=request.now, **keyed(request))
    except LinliError as error:
        form.add_problem(error)
        return _page(request, external_sheet(case_id, by=request.actor), form, status=status_of(error))
    done(request, _("已登记“%(act)s”。") % {"act": _(act.label)})
    return redirect("issue:external", case_id)


def _form_for(act: ExternalAct) -> ActForm:
    return FORMS.get(act, ActForm)()


def _page(request: StaffRequest, sheet: ExternalSheet, form: ActForm | None, *, status: int = 200) -> HttpResponse:
    context = {
        "sheet": sheet, "case": sheet.case, "form": form, "state": State(sheet.case.state),
        "lines": [(line, WHOSE[line.act], line.act == sheet.next) for line in sheet.lines],
        "whose": WHOSE[sheet.next] if sheet.next else "", "shows_form": form is not None and (sheet.may or form.is_bound),
        "delivers": sheet.case.state == State.ISSUED and request.actor.can("cases.deliver"),
    }  # fmt: skip
    return render(request, "desk/issue/external.html", context, status=status)
