"""What is no item of service is not turned away: it becomes a demand with an owner and a date."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_safe

from linli.domains.people.queries import party
from linli.domains.voice.commands import Wish, register_demand
from linli.domains.voice.queries import demand_for, visible_demands
from linli.kernel.errors import LinliError
from linli.kernel.identifiers import mask_phone
from linli.web.access import requires
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.forms import Form
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column
from linli.web.ui.toasts import done


class DemandForm(Form):
    """A demand in the person's own words."""

    kinds = {"phone": "phone"}
    summary = forms.CharField(
        label=_lazy("需要解决的问题"), max_length=2000, widget=forms.Textarea(attrs={"autofocus": True}),
        help_text=_lazy("照群众的原话写：什么事、在哪里、什么时候。"),
    )  # fmt: skip
    wish = forms.CharField(label=_lazy("希望怎样解决"), max_length=1000, required=False, widget=forms.Textarea)
    name = forms.CharField(label=_lazy("反映人姓名"), max_length=100)
    phone = forms.CharField(
        label=_lazy("联系电话"), max_length=20, required=False, help_text=_lazy("留了电话，承办单位才能联系并答复。")
    )


@requires("voice.register")
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: StaffRequest) -> HttpResponse:
    """Register a demand, of a person the counter knows or of anybody."""
    person = _person(request)
    form = DemandForm(request.POST or None, initial={"name": person.name if person else "", "summary": request.GET.get("q", "")})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = register_demand(
                name=data["name"], wish=Wish(data["summary"], data["wish"]), phone=data["phone"],
                person_id=person.id if person else None, by=request.actor, now=request.now, **keyed(request),
            )  # fmt: skip
        except LinliError as error:
            form.add_problem(error)
        else:
            done(request, _("诉求已登记。"))
            return redirect("counter:demand", made)
    return render(
        request, "desk/counter/register_demand.html", {"form": form, "person": person}, status=422 if form.errors else 200
    )


def _person(request: StaffRequest) -> Any:
    try:
        return party(UUID(request.GET.get("person", "")), is_employer=False)
    except ValueError:
        return None


@requires("voice.register", "voice.read")
@require_safe
def demands(request: StaffRequest) -> HttpResponse:
    """The demands this counter registered, or all those of the offices somebody answers for."""
    page = page_of(visible_demands(request.actor), request, by="-registered_at")
    columns = [
        Column(_("编号")),
        Column(_("反映人")),
        Column(_("承办单位")),
        Column(_("登记时间")),
        Column(_("答复期限")),
        Column(_("状态")),
    ]
    return render(request, "desk/counter/demands.html", {"page": page, "columns": columns, "nothing": not page.rows})


@requires("voice.register", "voice.read")
@require_safe
def demand(request: StaffRequest, demand_id: UUID) -> HttpResponse:
    """One demand: who answers it, until when, and the receipt."""
    found = demand_for(demand_id, by=request.actor)
    context = {
        "demand": found, "summary": found.summary.open(), "wish": found.wish.open() if found.wish else "",
        "phone": mask_phone(found.phone.open()) if found.phone else "",
    }  # fmt: skip
    return render(request, "desk/counter/demand.html", context)
