"""Objections to a wrong record: the list by its days, and answering one."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_safe

from linli.domains.notices.commands import Recipient, notify
from linli.domains.people import commands as people
from linli.domains.people.queries import Objection, ObjectionState, masked_facts, objection, objections, recorded
from linli.kernel.errors import LinliError
from linli.web.access import requires
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.forms import Form
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column, Tab
from linli.web.ui.toasts import done

TONES = {"open": "info", "passed": "soon", "corrected": "done", "refused": "plain", "withdrawn": "plain"}


class AnswerForm(Form):
    outcome = forms.ChoiceField(label=_lazy("核实结果"), widget=forms.RadioSelect)
    correction = forms.CharField(label=_lazy("更正为"), max_length=200, required=False)
    answer = forms.CharField(
        label=_lazy("答复"), max_length=2000, widget=forms.Textarea, help_text=_lazy("本人会看到。不更正的，写明理由和救济途径。")
    )

    def __init__(self, *args: object, now_recorded: str | None, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if now_recorded is None:  # a record of somebody else's, which nobody corrects here
            del self.fields["correction"]
        else:
            shown = now_recorded or _("未填写")
            self.fields["correction"].help_text = _("现在登记的是：%(value)s。选“已更正”时填写，答复后马上改过来。") % {
                "value": shown
            }
        self.fields["outcome"].choices = [  # type: ignore[attr-defined]
            (ObjectionState.CORRECTED.value, _("已更正")), (ObjectionState.REFUSED.value, _("不更正，说明理由")),
            (ObjectionState.PASSED.value, _("转来源部门核实（期限不变）")),
        ]  # fmt: skip


@requires("people.answer")
@require_safe
def listing(request: StaffRequest) -> HttpResponse:
    """Those I answer for that wait, by their day; or those that are over, newest first."""
    over = "over" in request.GET
    found = objections(by=request.actor).filter(answered_at__isnull=not over)
    page = page_of(found, request, by="-due_on" if over else "due_on", size=20)
    rows = [(o, ObjectionState(o.state), TONES[o.state], not o.answered_at and o.due_on < request.today) for o in page.rows]
    columns = [
        Column(_("最晚答复")),
        Column(_("谁")),
        Column(_("哪项记录")),
        Column(_("来自")),
        Column(_("由谁答复")),
        Column(_("状态")),
    ]
    here = reverse("residents:objections")
    tabs = [Tab(_("待答复"), here, current=not over), Tab(_("已办结"), f"{here}?over", current=over)]
    return render(
        request,
        "desk/residents/objections.html",
        {"page": page, "rows": rows, "columns": columns, "tabs": tabs, "nothing": not rows},
    )


@requires("people.answer")
@require_http_methods(["GET", "POST"])
def one(request: StaffRequest, objection_id: UUID) -> HttpResponse:
    """One of them: what is said to be wrong, and the answer."""
    row = objection(objection_id, by=request.actor)
    now_recorded = recorded(row)
    if now_recorded:
        now_recorded = masked_facts({row.about: now_recorded})[row.about]
    form = AnswerForm(request.POST if request.method == "POST" else None, now_recorded=now_recorded)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            _answer(request, row, form.cleaned_data)
        except LinliError as error:
            form.add_problem(error)
            status = status_of(error)
        else:
            done(request, _("已答复，并通知本人。"))
            return redirect("residents:objections")
    state = ObjectionState(row.state)
    context = {
        "row": row, "state": state, "tone": TONES[row.state], "text": row.text.open(), "answer": row.answer.open() if row.answer else "",
        "form": form,
    }  # fmt: skip
    return render(request, "desk/residents/objection.html", context, status=status)


@transaction.atomic
def _answer(request: StaffRequest, row: Objection, said: dict[str, str]) -> None:
    """The answer, what it corrects and the message of it, or nothing."""
    outcome = ObjectionState(said["outcome"])
    people.answer_objection(
        objection_id=row.pk, outcome=outcome, answer=said["answer"], correction=said.get("correction", ""), by=request.actor,
        now=request.now, **keyed(request),
    )  # fmt: skip
    notify(
        "people.objection", to=Recipient(row.person_id), about=people.person_subject(row.person_id),
        values={"label": row.label, "office": row.owner.name}, key=f"objection:{row.pk}:{outcome}", by=request.actor, now=request.now,
    )  # fmt: skip
