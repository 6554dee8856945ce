"""The page of somebody's absences: what is recorded, recording and cancelling. One's own account and the staff pages show it."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from linli.domains.org.commands import cancel_absence, record_absence
from linli.domains.org.queries import Absence, absences_of
from linli.kernel.errors import LinliError, NotAllowed
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import keyed, once_key
from linli.web.ui.forms import Form
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column
from linli.web.ui.toasts import done


class AbsenceForm(Form):
    """From which day to which, both included, and why."""

    kinds = {"first": "date", "last": "date"}

    first = forms.DateField(label=_lazy("从哪天起"))
    last = forms.DateField(label=_lazy("到哪天止"), help_text=_lazy("含这一天；只有一天的，与上面相同。"))
    reason = forms.CharField(label=_lazy("事由"), max_length=100, help_text=_lazy("如年休假、培训、出差；不必写病情。"))


def absences_page(request: StaffRequest, user_id: UUID, *, template: str, context: dict[str, Any]) -> HttpResponse:
    """Show somebody's absences, or record one and show them again."""
    form = AbsenceForm(request.POST if request.method == "POST" else None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            record_absence(user_id=user_id, **form.cleaned_data, by=request.actor, now=request.now, **keyed(request))
        except NotAllowed:
            raise
        except LinliError as error:
            form.add_problem(error)
            status = status_of(error)
        else:
            done(request, _("已登记不在岗，这几天不会派件。"))
            return redirect(request.path)
    page = page_of(absences_of(user_id, by=request.actor), request, by="-first")
    columns = [Column(_("日期")), Column(_("事由")), Column(_("状态")), Column(_("操作"), hidden=True)]
    rows = [(a, *_state(a, request.today)) for a in page.rows]
    return render(request, template, {"form": form, "page": page, "rows": rows, "columns": columns, **context}, status=status)


def _state(absence: Absence, today: date) -> tuple[str, str, str]:
    """The tone and word of an absence, and what can be done with it."""
    if absence.last < today:
        return "plain", _("已结束"), ""
    if absence.first <= today:
        return "soon", _("不在岗"), _("今天起回岗")
    return "info", _("未开始"), _("取消")


def cancel(request: StaffRequest, absence_id: UUID) -> None:
    """Cancel what has not passed of an absence, and say so."""
    once_key(request)
    cancel_absence(absence_id=absence_id, by=request.actor, now=request.now)
    done(request, _("已取消，照常参加派件。"))
