"""Test cases of officers: what is known of somebody, and what must come of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from linli.domains.benefits import commands
from linli.domains.benefits.queries import State, Target, book_in_force, policy_case, settable_places, target_of
from linli.kernel.errors import LinliError
from linli.web.access import requires
from linli.web.console.policies.parts import day, places_of, sentences
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.fields import FieldSpec, Option
from linli.web.ui.toasts import done

_TEXTS = ("label", "region", "on", "basis")
_HTML = {"date": "date", "month": "year-month"}


@requires("benefits.policy")
@require_http_methods(["GET", "POST"])
def new(request: StaffRequest, target: str) -> HttpResponse:
    """Write a case for a policy or a formula."""
    about = target_of(target, book_in_force(), on=request.today)
    typed = {name: str(value) for name, value in request.POST.items()}
    wrong: dict[str, str] = {}
    if request.method == "POST":
        try:
            commands.add_policy_case(
                target=target, label=typed.get("label", ""), region=typed.get("region", ""), on=day(typed.get("on", "")),
                given=_below(typed, "given."), expected=_below(typed, "expected."), basis=typed.get("basis", ""), by=request.actor,
                now=request.now, **keyed(request),
            )  # fmt: skip
        except LinliError as error:
            wrong = sentences(error)
        else:
            done(request, _("已加入用例，今后每次修改都要通过它。"))
            return redirect(_back(request, about))
    else:
        places = settable_places(by=request.actor, places=places_of(request))
        typed = {"region": places[0][0] if places else "", "on": request.GET.get("on", request.today.isoformat())}
    context = {
        "about": about, "typed": typed, "wrong": wrong, "problems": [(f"id_{name}" if name else "", text) for name, text in wrong.items()],
        "places": [Option("", _("全国")), *(Option(c, n) for c, n in settable_places(by=request.actor, places=places_of(request)))],
        "takes": [_taken(about, f, typed, wrong) for f in about.takes], "gives": [_given(f, typed, wrong) for f in about.gives],
        "back": _back(request, about), "unknown": bool(about.facts),
    }  # fmt: skip
    return render(request, "console/policies/new_case.html", context, status=422 if wrong else 200)


def _below(typed: dict[str, str], prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): value for name, value in typed.items() if name.startswith(prefix)}


def _back(request: StaffRequest, about: Target) -> str:
    """Where the case is wanted: the change from which it was asked for, else its policy, else the parameters."""
    asked = request.POST.get("back") or request.GET.get("back", "")
    if asked.startswith("/") and url_has_allowed_host_and_scheme(asked, None):
        return asked
    return reverse("policies:one", args=[about.code]) if about.facts else reverse("policies:figures")


def _taken(about: Target, f: Any, typed: dict[str, str], wrong: dict[str, str]) -> FieldSpec:
    fact = about.facts.get(f.name)
    spec = _spec(f, "given.", typed, wrong)
    if fact is None:
        return replace(spec, required=f.required and f.default is None)
    options = [Option(k, v) for k, v in fact.words.items()] or list(spec.options)
    if options:
        none = [Option("-", _("没有"))] if fact.none and fact.kind.type == "string" else []
        return replace(spec, type="select", options=[*options, *none], placeholder=_("不知道"), required=False)
    if fact.none and fact.kind.type == "date":
        return replace(spec, type="text", help=_("写成 2026-03-01；没有的填 -。"), required=False)
    return replace(spec, help=_("没有的填 -。") if fact.none and fact.kind.type == "string" else "", required=False)


def _given(f: Any, typed: dict[str, str], wrong: dict[str, str]) -> FieldSpec:
    spec = _spec(f, "expected.", typed, wrong)
    if f.name == "state":
        return replace(spec, options=[Option(s.value, _(s.label)) for s in State], placeholder=_("请选择"))
    return replace(spec, required=False)


def _spec(f: Any, prefix: str, typed: dict[str, str], wrong: dict[str, str]) -> FieldSpec:
    name = prefix + f.name
    options = [Option(o, o) for o in f.kind.options]
    if f.kind.type == "boolean":
        options = [Option("yes", _("是")), Option("no", _("否"))]
    kind = "select" if options else "money" if f.kind.name == "money" else _HTML.get(f.kind.name, "text")
    return FieldSpec(
        name, _(f.label) if f.label else f.name, kind, value=typed.get(name, ""), error=wrong.get(name, ""), options=options,
        width="" if options else "medium", placeholder=_("请选择") if options else "",
    )  # fmt: skip


@requires("benefits.policy")
@require_http_methods(["GET", "POST"])
def retire(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """Give up a case, with the reason."""
    case = policy_case(case_id, by=request.actor)
    about, wrong = target_of(case.target, book_in_force(), on=request.today), ""
    if request.method == "POST":
        try:
            commands.retire_policy_case(
                case_id=case_id, reason=request.POST.get("reason", ""), by=request.actor, now=request.now, **keyed(request)
            )
        except commands.TextMissing as error:
            wrong = sentences(error)["reason"]
        else:
            done(request, _("已停用这个用例。"))
            return redirect(_back(request, about))
    context = {"case": case, "about": about, "wrong": wrong, "typed": request.POST.get("reason", ""), "back": _back(request, about)}
    return render(request, "console/policies/retire.html", context, status=422 if wrong else 200)
