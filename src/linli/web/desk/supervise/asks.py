"""What reviewers ask of their supervisor: the list, and the answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET, require_http_methods

from linli.domains.cases.commands import settle_ask
from linli.domains.cases.queries import Ask, ask_for, supervisor_sheet
from linli.domains.cases.queries import asks as open_asks
from linli.kernel.errors import LinliError, NotAllowed
from linli.web.access import requires
from linli.web.desk.supervise.lines import lines_of
from linli.web.desk.supervise.words import ask_facts, ask_words
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import once_key
from linli.web.ui.forms import Form
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column
from linli.web.ui.toasts import done

SETTLES = ("cases.suspend", "cases.extend", "cases.redraw")


class SettleForm(Form):
    """Yes or no, with words; an extension says how much."""

    kinds = {"grant": "radio"}

    grant = forms.ChoiceField(
        label=_lazy("答复"), choices=[("yes", _lazy("同意")), ("no", _lazy("不同意"))], widget=forms.RadioSelect
    )
    add = forms.IntegerField(label=_lazy("延长多少"), min_value=1, max_value=999, required=False)
    answer = forms.CharField(
        label=_lazy("理由"), widget=forms.Textarea, required=False, max_length=500,
        help_text=_lazy("不同意时必须写明；审核人会看到。"),
    )  # fmt: skip

    def __init__(self, *args: object, ask: Ask) -> None:
        super().__init__(*args)
        if ask.what != "extend":
            del self.fields["add"]

    def clean(self) -> None:
        given = self.cleaned_data
        if "add" in self.fields and given.get("grant") == "yes" and not given.get("add") and "add" not in self.errors:
            self.add_error("add", _("请填写延长多少。"))


@requires(*SETTLES)
@require_GET
def asks(request: StaffRequest) -> HttpResponse:
    """What waits for an answer, oldest first."""
    page = page_of(open_asks(by=request.actor), request, by="asked_at")
    lines = zip(page.rows, lines_of([a.case for a in page.rows], now=request.now), strict=True)
    rows = [(ask, line, ask_words(ask)) for ask, line in lines]
    columns = [Column(_("请求")), Column(_("办件")), Column(_("理由")), Column(_("提出时间")), Column(_("操作"), hidden=True)]
    return render(request, "desk/supervise/asks.html", {"page": page, "rows": rows, "columns": columns})


@requires(*SETTLES)
@require_http_methods(["GET", "POST"])
def settle(request: StaffRequest, ask_id: UUID) -> HttpResponse:
    """One of them, with the case it is about, and the answer."""
    ask = ask_for(ask_id, by=request.actor)
    if request.method == "GET" and ask.settled_at:
        return redirect("supervise:case", ask.case_id)
    form = SettleForm(request.POST if request.method == "POST" else None, ask=ask)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        grant = form.cleaned_data["grant"] == "yes"
        key: dict[str, Any] = {"key": once_key(request)}
        try:
            settle_ask(
                ask_id=ask_id, grant=grant, answer=form.cleaned_data["answer"], add=form.cleaned_data.get("add") or 0,
                by=request.actor, now=request.now, **key,
            )  # fmt: skip
        except NotAllowed:
            raise
        except LinliError as error:
            form.add_problem(error)
            status = status_of(error)
        else:
            done(request, _("已同意并办理：%(what)s。") % {"what": ask_words(ask)} if grant else _("已答复：不同意。"))
            return redirect("supervise:case", ask.case_id)
    sheet = supervisor_sheet(ask.case_id, by=request.actor, now=request.now)
    context = {"ask": ask, "what": ask_words(ask), "facts": ask_facts(ask), "form": form, "sheet": sheet}
    return render(request, "desk/supervise/settle.html", context, status=status)
