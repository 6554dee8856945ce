"""The working-day calendar: a year at a glance, and loading the notice of the next."""

from __future__ import annotations

import calendar as months
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET, require_http_methods

from linli.domains.cases.queries import cases_touched
from linli.domains.org.commands import load_notice, read_notice
from linli.domains.org.queries import calendar, changes_of, notices, regions
from linli.kernel.calendar import WorkingCalendar
from linli.kernel.errors import LinliError
from linli.web.access import requires
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import once_key
from linli.web.ui.forms import Form
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column
from linli.web.ui.toasts import done

_FIRST, _LAST = 2004, 2098


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the picture: plain, a free weekend, closed by notice, or a worked weekend."""

    day: date
    kind: str

    @property
    def mark(self) -> str:
        return {"closed": _("休"), "worked": _("班")}.get(self.kind, "")


@dataclass(frozen=True, slots=True)
class Month:
    number: int
    weeks: list[list[Day | None]]
    working: int


@requires("calendar.manage")
@require_GET
def year(request: StaffRequest) -> HttpResponse:
    """A year of the actor's own region."""
    asked = request.GET.get("year", "")
    shown = min(max(int(asked), _FIRST), _LAST) if asked.isdecimal() and len(asked) == 4 else request.today.year
    days = calendar(request.actor.region)
    page = page_of(notices(), request, by="-year", size=10)
    columns = [
        Column(_("年份")), Column(_("范围")), Column(_("依据")), Column(_("放假"), number=True), Column(_("调休上班"), number=True),
        Column(_("导入时间")),
    ]  # fmt: skip
    context = {
        "year": shown, "before": shown - 1 if shown > _FIRST else None, "after": shown + 1 if shown < _LAST else None,
        "months": [_month(days, shown, n) for n in range(1, 13)], "working": days.working_days_in(shown),
        "announced": days.is_announced(date(shown, 1, 1)), "page": page, "columns": columns, "weekdays": _("一二三四五六日"),
        "names": dict(regions().filter(code__in={n.region for n in page.rows}).values_list("code", "name")),
    }  # fmt: skip
    return render(request, "console/bureau/calendar.html", context)


def _month(days: WorkingCalendar, year: int, number: int) -> Month:
    weeks = [
        [Day(d, _kind(days, d)) if d.month == number else None for d in week]
        for week in months.Calendar().monthdatescalendar(year, number)
    ]
    return Month(number, weeks, sum(days.is_working(d.day) for week in weeks for d in week if d))


def _kind(days: WorkingCalendar, day: date) -> str:
    if days.is_working(day):
        return "worked" if day.weekday() > 4 else "plain"
    notice = days.notices.get(day.year)
    named = day in days.local or (notice is not None and day in notice.closed)
    return "closed" if named else "free"


class NoticeForm(Form):
    """A notice as it is published."""

    kinds = {"year": "number", "text": "long-text"}

    year = forms.IntegerField(label=_lazy("年份"), min_value=_FIRST, max_value=_LAST)
    region = forms.ChoiceField(
        label=_lazy("适用范围"), required=False, help_text=_lazy("民族自治地方的放假在全国通知之外另行增加。")
    )
    source = forms.CharField(label=_lazy("文号"), max_length=200, help_text=_lazy("例如：国办发明电〔2026〕某号"))
    text = forms.CharField(
        label=_lazy("放假安排"), widget=forms.Textarea(attrs={"rows": 10}), max_length=5000,
        help_text=_lazy("粘贴通知原文，每个节日一句：“元旦：1月1日至3日放假，共3天。1月4日上班。”也可以写成 2027-01-01 至 2027-01-03。"),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places = regions().extra(where=["length(code) <= 6"]).values_list("code", "name")
        field: Any = self.fields["region"]
        field.choices = [("", _("全国")), *places]


@requires("calendar.manage")
@require_http_methods(["GET", "POST"])
def load(request: StaffRequest) -> HttpResponse:
    """First what a notice would change, then loading it; open cases are projected anew in the background."""
    form = NoticeForm(request.POST if request.method == "POST" else None, initial={"year": request.today.year + 1})
    context: dict[str, Any] = {"form": form}
    status = 422 if form.is_bound else 200
    if form.is_valid():
        given = form.cleaned_data
        try:
            notice = read_notice(given["text"], year=given["year"], source=given["source"])
            changed = changes_of(notice, region=given["region"])
            touched = cases_touched(changed)
            if "load" in request.POST:
                once_key(request)
                load_notice(notice=notice, region=given["region"], by=request.actor, now=request.now)
                done(request, _("已导入。%(n)s 件在办件正在重新推算到期日，变化会写入各自的留痕。") % {"n": touched})
                return redirect(f"{reverse('bureau:calendar')}?year={notice.year}")
        except LinliError as error:
            form.add_problem(error)
            status = status_of(error)
        else:
            days = calendar(given["region"])
            status = 200
            context["preview"] = {
                "changes": [(d, not days.is_working(d)) for d in changed], "touched": touched, "closed": len(notice.closed),
                "worked": len(notice.worked), "before": days.working_days_in(notice.year),
                "after": days.working_days_in(notice.year) + sum(1 if not days.is_working(d) else -1 for d in changed),
                "announced": days.is_announced(date(notice.year, 1, 1)),
            }  # fmt: skip
            context["change_columns"] = [Column(_("日期")), Column(_("改为"))]
    return render(request, "console/bureau/load_notice.html", context, status=status)
