"""Whom a town or village is to visit, what came of each visit, and certifying who stands at the counter."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_safe

from linli.domains.benefits import commands
from linli.domains.benefits.queries import REACH_OUTCOMES, ReachOutcome, ReachWay, certification_lines, reach, visits
from linli.domains.people.commands import find_person
from linli.domains.people.queries import person_card
from linli.kernel.errors import LinliError
from linli.web.access import requires
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.forms import Form
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column
from linli.web.ui.toasts import done


class ResultForm(Form):
    outcome = forms.ChoiceField(label=_lazy("走访结果"), widget=forms.RadioSelect)
    note = forms.CharField(
        label=_lazy("说明"), max_length=500, required=False, widget=forms.Textarea, help_text=_lazy("只写和认证有关的情况。")
    )

    def __init__(self, *args: object, way: ReachWay, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["outcome"].choices = [(o.value, _(o.label)) for o in REACH_OUTCOMES[way]]  # type: ignore[attr-defined]


class CounterForm(Form):
    kinds: ClassVar[dict[str, str]] = {"number": "id-number"}

    number = forms.CharField(label=_lazy("证件号码"), max_length=32)
    kind = forms.ChoiceField(
        label=_lazy("怎样核验"), widget=forms.RadioSelect, initial="counter",
        choices=[("counter", _lazy("本人在场，证件和人一致")), ("consulate_form", _lazy("交来驻外使领馆出具的生存证明"))],
    )  # fmt: skip


@requires("benefits.visit", "benefits.certify")
@require_safe
def listing(request: StaffRequest) -> HttpResponse:
    """Whom to visit, those whose cycle ends first on top; it prints."""
    page = page_of(visits(by=request.actor), request, by="cycle_end", size=30)
    lines = certification_lines([r.certification for r in page.rows], on=request.today)
    columns = [
        Column(_("姓名")),
        Column(_("待遇")),
        Column(_("村（社区）")),
        Column(_("认证到")),
        Column(_("怎样走访")),
        Column(_("结果")),
    ]
    rows = [(r, line, ReachWay(r.way)) for r, line in zip(page.rows, lines, strict=True)]
    return render(request, "desk/visits/list.html", {"page": page, "rows": rows, "columns": columns})


@requires("benefits.visit", "benefits.certify")
@require_http_methods(["GET", "POST"])
def visit(request: StaffRequest, reach_id: UUID) -> HttpResponse:
    """One visit, and what came of it."""
    found = reach(reach_id, by=request.actor)
    (line,) = certification_lines([found.certification], on=request.today)
    way = ReachWay(found.way)
    form = ResultForm(request.POST if request.method == "POST" else None, way=way)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            commands.note_reach(
                reach_id=reach_id, outcome=ReachOutcome(form.cleaned_data["outcome"]), note=form.cleaned_data["note"], by=request.actor,
                now=request.now, **keyed(request),
            )  # fmt: skip
        except LinliError as error:
            form.add_problem(error)
            status = status_of(error)
        else:
            done(request, _("已登记走访结果。"))
            return redirect("visits:list")
    context = {
        "found": found, "line": line, "way": way, "form": form, "card": person_card(line.person_id) if line.party else None,
        "outcome": ReachOutcome(found.outcome) if found.outcome else None,
    }  # fmt: skip
    return render(request, "desk/visits/visit.html", context, status=status)


@requires("benefits.witness")
@require_http_methods(["GET", "POST"])
def counter(request: StaffRequest) -> HttpResponse:
    """Certify who stands here, or brought a consulate's paper, by the number of their document."""
    form = CounterForm(request.POST if request.method == "POST" else None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            person = find_person(number=form.cleaned_data["number"], by=request.actor, now=request.now)
            if person is None:
                raise commands.NotReceiving(field="number")
            until = commands.witness(
                person_id=person, kind=form.cleaned_data["kind"], by=request.actor, now=request.now, **keyed(request)
            )
        except LinliError as error:
            if isinstance(error, commands.NotReceiving):
                error.field = "number"
            form.add_problem(error)
            status = status_of(error)
        else:
            done(request, _("%(who)s已认证，有效期到 %(day)s。") % {"who": person_card(person).name, "day": until})
            return redirect("visits:counter")
    return render(request, "desk/visits/counter.html", {"form": form}, status=status)
