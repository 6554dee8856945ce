"""Calculators: the address carries what was typed, so that a result can be kept, sent on and printed; nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linli.domains.benefits.queries import Figures, Question, Way, Worksheet, book_in_force, work_out, worksheet, worksheets
from linli.domains.cases.queries import why_not_online
from linli.domains.catalog.queries import in_force, names_of
from linli.kernel.errors import Invalid
from linli.web.access import public
from linli.web.http import Request
from linli.web.portal.place import Place, place_of, remember
from linli.web.ui.fields import FieldSpec, Option
from linli.web.ui.parts import Fact

_TYPES = {
    Way.CHOICE: "radio",
    Way.MONTH: "year-month",
    Way.WHOLE: "number",
    Way.MONEY: "money",
    Way.INDEX: "text",
    Way.PERCENT: "text",
}
_MANY = 5  # choices; more are a list to pull down
_LONGEST = 40  # characters of one answer


@public
@require_safe
def calculators(request: Request) -> HttpResponse:
    """What can be reckoned here."""
    place = place_of(request)
    return remember(render(request, "portal/due/calculators.html", {"sheets": worksheets().values(), "place": place}), place)


@public
@require_safe
def calculator(request: Request, name: str) -> HttpResponse:
    """One calculator: its questions, and once they are answered what comes of it, before everything else."""
    sheet, place = worksheet(name), place_of(request)
    figures = Figures(request.today, place.code, book_in_force())
    typed = {q.name: request.GET.get(q.name, "").strip()[:_LONGEST] for q in sheet.questions}
    asked = any(q.name in request.GET for q in sheet.questions)
    context: dict[str, Any] = {"sheet": sheet, "place": place, "asked": asked, "canonical": _address(sheet)}
    problems: dict[str, str] = {}
    if asked:
        try:
            context["worked"] = work_out(sheet, typed, figures)
        except Invalid as wrong:
            problems = {str(e.field): e.message.render(_) for e in wrong.errors}
        else:
            due = any(part.due for part in context["worked"].parts)
            context |= _result(sheet, place, typed) | {"begins": _begins(sheet, place, request, due=due)}
    context["fields"] = [_field(q, typed[q.name], figures, problems.get(q.name, ""), asked=asked) for q in sheet.questions]
    context["problems"] = [(f.id, f.error) for f in context["fields"] if f.error]
    status = 422 if problems else 200
    return remember(render(request, "portal/due/calculator.html", context, status=status), place)


def _address(sheet: Worksheet, **inputs: str) -> str:
    url = settings.ENV.public_url + reverse("due:calculator", args=[sheet.name])
    return f"{url}?{urlencode(inputs)}" if inputs else url


def _field(question: Question, typed: str, figures: Figures, error: str, *, asked: bool) -> FieldSpec:
    """A question as a field. A figure that is known stands in it already, with where it is from."""
    filled = question.filled(figures)
    notes = [_(question.help)] if question.help else []
    if filled:
        notes.append(_("已按登记的数填好（%(source)s），可以改。") % {"source": filled[1].source})
    many = len(question.choices) > _MANY
    return FieldSpec(
        name=question.name, label=_(question.label), type="select" if many else _TYPES[question.way], error=error,
        value=typed if asked or not filled else filled[0], help=" ".join(notes), required=question.required, unit=_(question.unit),
        options=[Option(value, _(word)) for value, word in question.choices.items()],
        width="short" if question.way in (Way.INDEX, Way.PERCENT) else "",
        extra={"inputmode": "decimal"} if question.way in (Way.INDEX, Way.PERCENT) else {},
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Begin:
    """An item that a calculator prepares: begun online, or read about."""

    name: str
    url: str
    online: bool


def _result(sheet: Worksheet, place: Place, typed: dict[str, str]) -> dict[str, Any]:
    inputs = {name: value for name, value in typed.items() if value}
    return {
        "link": _address(sheet, region=place.code, **inputs) if place.code else _address(sheet, **inputs),
        "typed": [Fact(_(q.label), _said(q, typed[q.name])) for q in sheet.questions if typed[q.name]],
    }  # fmt: skip


def _said(question: Question, typed: str) -> str:
    if question.way is Way.CHOICE:
        return _(question.choices[typed])
    unit = _(question.unit) or (_("元") if question.way is Way.MONEY else "")
    return f"{typed} {unit}".rstrip()


def _begins(sheet: Worksheet, place: Place, request: Request, *, due: bool) -> list[Begin]:
    """The items that a calculator prepares, as far as the place offers them; the first is begun where it can be online and
    something is due."""
    names = names_of(list(sheet.items))
    found: list[Begin] = []
    for code in sheet.items:
        offered = in_force(code, region=place.code, on=request.today)
        if offered is None or code not in names:
            continue
        online = due and not found and why_not_online(offered.standard) is None
        found.append(Begin(names[code], reverse("apply:start" if online else "guide:item", args=[code]), online))
    return found
