"""Letting somebody else act: one question a page, read back before it counts; what I gave and what I hold; taking back."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.domains.people.commands import find_agent, give_mandate, revoke_mandate
from linli.domains.people.queries import (
    Assurance,
    MandateLine,
    Scope,
    given_by,
    held_by,
    lines,
    longest_mandate,
    mandate_for,
    own_account,
)
from linli.kernel.errors import LinliError
from linli.kernel.identifiers import mask_id
from linli.kernel.text import noop
from linli.web.access import PORTAL, requires
from linli.web.errors import status_of
from linli.web.http import StaffRequest, client_address
from linli.web.once import keyed
from linli.web.portal.me.forms import posted
from linli.web.portal.me.signing import WRONG, must_not_guess
from linli.web.portal.me.steps import Steps
from linli.web.ui.forms import Form
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Fact
from linli.web.ui.toasts import done

STEPS = Steps("mandate")
TONES = {"in-force": "done", "coming": "info", "ended": "plain", "revoked": "plain"}
# What stands behind a scope, in the words of who gives it.
SCOPE_HELP = {
    Scope.APPLY: noop("替您填表、交材料、补材料，也可以替您撤回。"),
    Scope.READ: noop("看您办的事到哪一步了，下载您的结果。"),
    Scope.COLLECT: noop("到窗口替您领证、领文书。"),
}


class AgentNameForm(Form):
    agent_name = forms.CharField(label=_lazy("对方的姓名"), max_length=100, help_text=_lazy("和对方身份证上写的一样。"))


class AgentNumberForm(Form):
    kinds: ClassVar[dict[str, str]] = {"id_number": "id-number"}

    id_number = forms.CharField(label=_lazy("对方的证件号码"), max_length=40)


class ScopesForm(Form):
    scopes = forms.MultipleChoiceField(label=_lazy("可以替您做什么"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = [(s.value, f"{_(s.label)}：{_(SCOPE_HELP[s])}") for s in Scope]  # type: ignore[attr-defined]


class UntilForm(Form):
    LENGTHS: ClassVar[dict[str, tuple[str, int]]] = {
        "month": (noop("一个月"), 30), "quarter": (noop("三个月"), 91), "year": (noop("一年"), 365), "day": (noop("到某一天"), 0),
    }  # fmt: skip

    length = forms.ChoiceField(label=_lazy("到什么时候为止"), widget=forms.RadioSelect)
    last_day = forms.DateField(label=_lazy("最后一天"), required=False, widget=forms.DateInput)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["length"].choices = [(k, _(label)) for k, (label, _days) in self.LENGTHS.items()]  # type: ignore[attr-defined]

    def clean(self) -> None:
        """The day that was meant."""
        length = self.cleaned_data.get("length")
        if length and length != "day":
            self.cleaned_data["last_day"] = self.today + timedelta(days=self.LENGTHS[length][1])
            return
        day = self.cleaned_data.get("last_day")
        if length and not day and "last_day" not in self.errors:
            self.add_error("last_day", _("请填写最后一天。"))
        elif length and day and not self.today <= day <= longest_mandate(self.today):
            self.add_error("last_day", _("最后一天应在今天之后，最长三年。"))


@requires(PORTAL)
@require_safe
def mandates(request: StaffRequest) -> HttpResponse:
    """What I gave, or what I hold."""
    held = request.GET.get("side") == "held"
    page = page_of(held_by(request.actor) if held else given_by(request.actor), request, by="-registered_at", size=10)
    context = {
        "page": page, "rows": [(line, TONES[line.state]) for line in lines(page.rows, on=request.today)], "held": held,
        "unverified": own_account(by=request.actor).assurance == Assurance.LOW,
    }  # fmt: skip
    return render(request, "portal/me/mandates.html", context)


@requires(PORTAL)
@require_safe
def mandate(request: StaffRequest, mandate_id: UUID) -> HttpResponse:
    """One of them, to read, print and end."""
    line = mandate_for(mandate_id, by=request.actor, on=request.today)
    context = {
        "line": line, "tone": TONES[line.state], "facts": _facts(line), "mine": line.principal.id == request.actor.resident_id,
        "open": line.state in ("in-force", "coming"),
    }  # fmt: skip
    return render(request, "portal/me/mandate.html", context)


def _facts(line: MandateLine) -> list[Fact]:
    return [
        Fact(_("委托人"), f"{line.principal.name}（{line.principal.number}）"),
        Fact(_("受托人"), f"{line.agent.name}（{line.agent.number}）"),
        Fact(_("可以做"), "；".join(_(s.label) for s in line.scopes)),
        Fact(_("哪些事"), "、".join(line.items) if line.items else _("全部事项")),
        Fact(_("从"), line.first_day.isoformat()),
        Fact(_("到"), line.last_day.isoformat() + _("（含当天）")),
        Fact(_("依据"), _(line.ground.label) + (f"：{line.evidence}" if line.evidence else "")),
    ]


@requires(PORTAL)
@require_POST
def revoke(request: StaffRequest, mandate_id: UUID) -> HttpResponse:
    """End it, at once."""
    revoke_mandate(mandate_id=mandate_id, by=request.actor, now=request.now, **keyed(request))
    done(request, _("授权已撤销，马上生效。"))
    return redirect("me:mandate", mandate_id)


# -- giving ---------------------------------------------------------------------------------------------------------------------


@requires(PORTAL)
@require_http_methods(["GET", "POST"])
def who(request: StaffRequest) -> HttpResponse:
    """To whom: the name."""
    if request.method == "GET" and "back" not in request.GET:
        STEPS.forget(request)
    form = AgentNameForm(posted(request), initial=STEPS.kept(request))
    if form.is_valid():
        STEPS.keep(request, agent_name=form.cleaned_data["agent_name"])
        return redirect("me:mandate_number")
    return _ask(
        request, form, _("授权给谁"), _("比如子女、父母、邻居、村里的代办员。对方用自己的手机登录，就能替您办。"), "me:mandates", ""
    )


@requires(PORTAL)
@sensitive_post_parameters("id_number")
@require_http_methods(["GET", "POST"])
def whose_number(request: StaffRequest) -> HttpResponse:
    """To whom: the number, so that it is nobody else of that name."""
    kept = STEPS.kept(request)
    if "agent_name" not in kept:
        return redirect("me:mandate_who")
    form = AgentNumberForm(posted(request))
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            must_not_guess(request)
            find_agent(name=kept["agent_name"], id_number=form.cleaned_data["id_number"])
        except LinliError as error:
            WRONG.count(client_address(request), request.now)
            form.add_problem(error)
            status = status_of(error)
        else:
            STEPS.keep(request, id_number=form.cleaned_data["id_number"])
            return redirect("me:mandate_scopes")
    return _ask(request, form, _("对方的证件号码"), _("同名的人多，号码对上才是这个人。"), "me:mandate_who", "?back=1", status)


@requires(PORTAL)
@require_http_methods(["GET", "POST"])
def scopes(request: StaffRequest) -> HttpResponse:
    """To what ends."""
    kept = STEPS.kept(request)
    if "id_number" not in kept:
        return redirect("me:mandate_who")
    form = ScopesForm(posted(request), initial=kept)
    if form.is_valid():
        STEPS.keep(request, scopes=form.cleaned_data["scopes"])
        return redirect("me:mandate_until")
    return _ask(request, form, _("可以替您做什么"), _("只选需要的。没选的，对方做不了。"), "me:mandate_number", "")


@requires(PORTAL)
@require_http_methods(["GET", "POST"])
def until(request: StaffRequest) -> HttpResponse:
    """Until when."""
    if "scopes" not in STEPS.kept(request):
        return redirect("me:mandate_who")
    form = UntilForm(posted(request), today=request.today)
    if form.is_valid():
        STEPS.keep(request, last_day=form.cleaned_data["last_day"].isoformat())
        return redirect("me:mandate_review")
    return _ask(request, form, _("到什么时候为止"), _("到期自动失效。没到期您也随时可以撤销。"), "me:mandate_scopes", "")


@requires(PORTAL)
@require_http_methods(["GET", "POST"])
def review(request: StaffRequest) -> HttpResponse:
    """All of it once more; then it counts."""
    kept = STEPS.kept(request)
    if "last_day" not in kept:
        return redirect("me:mandate_who")
    form = Form(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        try:
            given = give_mandate(
                agent_name=kept["agent_name"], agent_number=kept["id_number"], scopes=[Scope(s) for s in kept["scopes"]],
                last_day=date.fromisoformat(kept["last_day"]), by=request.actor, now=request.now, **keyed(request),
            )  # fmt: skip
        except LinliError as error:
            form.is_valid()
            form.add_problem(error)
            status = status_of(error)
        else:
            done(request, _("授权已生效。"))
            return redirect("me:mandate", given)
    facts = [
        Fact(_("授权给"), f"{kept['agent_name']}（{mask_id(kept['id_number'])}）", reverse("me:mandate_who") + "?back=1"),
        Fact(_("可以做"), "；".join(_(s.label) for s in Scope if s in kept["scopes"]), reverse("me:mandate_scopes")),
        Fact(_("哪些事"), _("全部事项")),
        Fact(_("到"), kept["last_day"] + _("（含当天）"), reverse("me:mandate_until")),
    ]
    return render(request, "portal/me/mandate_review.html", {"form": form, "facts": facts}, status=status)


def _ask(
    request: StaffRequest, form: Form, title: str, lead: str, before: str, tail: str, status: int | None = None
) -> HttpResponse:
    """One question on its page."""
    context = {"form": form, "title": title, "lead": lead, "before": reverse(before) + tail}
    return render(request, "portal/me/mandate_ask.html", context, status=status or (422 if form.is_bound else 200))
