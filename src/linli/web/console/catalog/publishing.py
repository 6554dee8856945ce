"""Letting a version count from a day on, ending an item in a place, and throwing a draft away."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods

from linli.domains.catalog import commands
from linli.domains.catalog import queries as catalog
from linli.domains.catalog.commands import DraftIncomplete, EffectiveDateWrong, NotALocalValue, OtherPlace
from linli.domains.catalog.queries import Standard
from linli.domains.documents.queries import current_templates
from linli.web.access import requires
from linli.web.console.catalog.compare import differences, gains
from linli.web.console.catalog.editing import open_draft
from linli.web.console.catalog.places import Places, place_of
from linli.web.http import StaffRequest
from linli.web.once import once_key
from linli.web.ui.forms import Form
from linli.web.ui.toasts import done, warn


class DayForm(Form):
    """From which day on."""

    valid_from = forms.DateField(
        widget=forms.DateInput, label=_lazy("从哪天起生效"), help_text=_lazy("不能早于今天。已受理的办件仍按受理时的版本办完。")
    )


class WithdrawForm(Form):
    """From which day on, and why."""

    kinds: ClassVar[dict[str, str]] = {"reason": "long-text"}
    valid_from = forms.DateField(widget=forms.DateInput, label=_lazy("从哪天起停办"))
    reason = forms.CharField(max_length=500, label=_lazy("停办的原因"), help_text=_lazy("会写进留痕，例如文件名称和文号。"))


@requires("catalog.publish")
@require_http_methods(["GET", "POST"])
def publish(request: StaffRequest, draft_id: UUID) -> HttpResponse:
    """What the new version changes, what stands in its way, and from when it is to count."""
    row = catalog.get_row(draft_id)
    if not catalog.may_publish(request.actor, row.region):
        raise OtherPlace
    form = DayForm(request.POST or None, initial={"valid_from": request.today + timedelta(days=1)})
    if request.method == "POST" and form.is_valid():
        try:
            made = commands.publish(
                draft_id=draft_id, valid_from=form.cleaned_data["valid_from"], papers=current_templates(), by=request.actor, now=request.now,
                key=once_key(request),
            )  # fmt: skip
        except (DraftIncomplete, EffectiveDateWrong, NotALocalValue) as error:
            form.add_problem(error)
        else:
            _tell(request, made)
            return redirect("catalog:version", standard_id=draft_id)
    if row.status != catalog.Status.DRAFT:
        return redirect("catalog:version", standard_id=draft_id)
    standard = Standard.model_validate(row.doc)
    before = catalog.in_force_row(row.item_id, region=row.region, on=request.today)
    change = catalog.compare(Standard.model_validate(before.doc), standard) if before else None
    found = catalog.check_standard(standard)
    places = Places()
    context = {
        "row": row, "form": form, "place_name": places.name(row.region), "stopping": [f for f in found if f.stops],
        "hints": [f for f in found if not f.stops], "before": before, "gains": gains(change) if change else [],
        "lines": differences(change, everything=False) if change else [],
        "below": [] if row.base_id else [
            places.name(r.region) for r in catalog.versions(row.item_id).filter(base__region=row.region, status="published").order_by("region").distinct("region")
        ],
    }  # fmt: skip
    return render(request, "console/catalog/publish.html", context, status=422 if form.errors else 200)


def _tell(request: StaffRequest, made: commands.Published) -> None:
    row = catalog.get_row(made.standard_id)
    done(request, _("已发布第 %(n)s 版，自 %(day)s 起生效。") % {"n": row.version, "day": row.valid_from})
    places = Places()
    if made.followed:
        done(request, _("这些地区的本地值已随新标准更新：%(places)s。") % {"places": "、".join(map(places.name, made.followed))})
    if made.to_settle:
        warn(
            request,
            _("这些地区的本地值与新标准不合，已留下草稿待处理：%(places)s。")
            % {"places": "、".join(map(places.name, made.to_settle))},
        )


@requires("catalog.edit")
@require_http_methods(["GET", "POST"])
def discard(request: StaffRequest, draft_id: UUID) -> HttpResponse:
    """Throw a draft away, after asking."""
    if request.method == "POST":
        place = request.POST.get("place", "")
        commands.discard_draft(draft_id=draft_id, by=request.actor, now=request.now, key=once_key(request))  # type: ignore[call-arg]
        done(request, _("草稿已放弃，现行标准没有变化。"))
        return redirect(reverse("catalog:drafts") + (f"?place={place}" if place.isdigit() else ""))
    row = open_draft(request, draft_id)
    if row is None:
        return redirect("catalog:version", standard_id=draft_id)
    above = row.base or catalog.in_force_row(row.item_id, region=row.region, on=request.today)
    change = catalog.compare(Standard.model_validate(above.doc), Standard.model_validate(row.doc)) if above else None
    context = {"row": row, "place_name": Places().name(row.region), "changed": change.changed if change else []}
    return render(request, "console/catalog/discard.html", context)


@requires("catalog.publish")
@require_http_methods(["GET", "POST"])
def withdraw(request: StaffRequest, code: str) -> HttpResponse:
    """End an item in a place from a day on, with the reason."""
    place = place_of(request)
    if not catalog.may_publish(request.actor, place):
        raise OtherPlace
    row = catalog.in_force_row(code, region=place, on=request.today)
    form = WithdrawForm(request.POST or None, initial={"valid_from": request.today + timedelta(days=1)})
    if request.method == "POST" and form.is_valid():
        try:
            commands.withdraw_item(  # type: ignore[call-arg]
                item_code=code, region=place, valid_from=form.cleaned_data["valid_from"], reason=form.cleaned_data["reason"], by=request.actor,
                now=request.now, key=once_key(request),
            )  # fmt: skip
        except EffectiveDateWrong as error:
            form.add_problem(error)
        else:
            done(request, _("已登记停办，自 %(day)s 起不再受理。") % {"day": form.cleaned_data["valid_from"]})
            return redirect(reverse("catalog:item", args=[code]) + f"?place={place}")
    if row is None:
        raise Http404
    context = {"row": row, "form": form, "place": place, "place_name": Places().name(place)}
    return render(request, "console/catalog/withdraw.html", context, status=422 if form.errors else 200)
