"""Whoever comes to a window, for themselves or for an employer, says into which account benefits are to be paid; what that means is read to
them first. Who comes for an employer shows that they stand for it before anything is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from linli.domains.benefits import commands
from linli.domains.benefits.queries import Told
from linli.domains.people.commands import find_person
from linli.domains.people.queries import (
    ConsentPurpose,
    MandateLine,
    Party,
    Scope,
    consent_texts,
    find_employers,
    mandate_shown,
    parties,
    person_card,
)
from linli.kernel.errors import LinliError
from linli.kernel.identifiers import check_credit_code
from linli.web.access import requires
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.forms import Form
from linli.web.ui.parts import Tab
from linli.web.ui.toasts import done


class CounterForm(Form):
    kinds: ClassVar[dict[str, str]] = {"number": "id-number", "account": "bank-account"}

    number = forms.CharField(label=_lazy("证件号码"), max_length=32)
    bank = forms.CharField(label=_lazy("开户银行"), max_length=60)
    account = forms.CharField(label=_lazy("账号"), max_length=40, help_text=_lazy("看着本人的银行卡或存折填，要用本人自己的账户。"))
    told = forms.ChoiceField(
        label=_lazy("本人怎么告诉的"), widget=forms.RadioSelect,
        choices=[(w.value, _lazy(w.label)) for w in (Told.COUNTER, Told.PAPER)],
    )  # fmt: skip


@requires("people.register")
@sensitive_post_parameters("account")
@require_http_methods(["GET", "HEAD", "POST"])
def counter(request: StaffRequest) -> HttpResponse:
    """Note the account of who stands here, by the number of their document."""
    form = CounterForm(request.POST if request.method == "POST" else None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        given = form.cleaned_data
        try:
            person = find_person(number=given["number"], by=request.actor, now=request.now)
            if person is None:
                raise commands.PeopleGone(field="number")
            commands.give_account(
                party_id=person, bank=given["bank"], account=given["account"], told=Told(given["told"]), by=request.actor,
                now=request.now, **keyed(request),
            )  # fmt: skip
        except LinliError as error:
            form.add_problem(error)
            status = status_of(error)
        else:
            done(request, _("%(who)s的收款账户已登记，待遇随下一批发放。") % {"who": person_card(person).name})
            return redirect("accounts_at_desk:counter")
    context = {"form": form, "text": consent_texts()[ConsentPurpose.PAY_BENEFITS], "tabs": _tabs(employer=False)}
    return render(request, "desk/accounts/counter.html", context, status=status)


def _tabs(*, employer: bool) -> list[Tab]:
    return [
        Tab(_("个人"), reverse("accounts_at_desk:counter"), not employer),
        Tab(_("单位"), reverse("accounts_at_desk:employer"), employer),
    ]


# -- for an employer -------------------------------------------------------------------------------------------------------


class WhoForm(Form):
    """Which employer, and who came for it."""

    kinds: ClassVar[dict[str, str]] = {"credit_code": "credit-code", "number": "id-number"}

    credit_code = forms.CharField(label=_lazy("统一社会信用代码"), max_length=30)
    number = forms.CharField(label=_lazy("来办的人的证件号码"), max_length=32, help_text=_lazy("看着本人的身份证件填。"))


class EmployerForm(WhoForm):
    """The account too, once it is shown that they stand for the employer."""

    kinds: ClassVar[dict[str, str]] = {**WhoForm.kinds, "account": "bank-account"}

    bank = forms.CharField(label=_lazy("开户银行"), max_length=60)
    account = forms.CharField(
        label=_lazy("账号"), max_length=40, help_text=_lazy("看着开户许可证或者银行回单填，要用单位自己的账户。")
    )
    told = forms.ChoiceField(
        label=_lazy("单位怎么告诉的"), widget=forms.RadioSelect,
        choices=[(Told.COUNTER.value, _lazy("来办的人当面说的")), (Told.PAPER.value, _lazy("交来盖章的书面"))],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Come:
    """Who came for which employer, and on what ground they stand for it."""

    employer: Party
    agent: UUID
    mandate: MandateLine


class NotShown(commands.AgentUnfit):
    """The same, with the employer, so that the page leads to where a mandate is registered."""

    def __init__(self, employer_id: UUID) -> None:
        super().__init__(field="number")
        self.employer_id = employer_id


def _come(form: Form, request: StaffRequest) -> Come:
    """Raises :class:`PeopleGone` for an employer or somebody unknown, :class:`NotShown` without a mandate in force."""
    given = form.cleaned_data
    firm = find_employers(check_credit_code(given["credit_code"], field="credit_code").value).first()
    if firm is None:
        raise commands.PeopleGone(field="credit_code")
    agent = find_person(number=given["number"], by=request.actor, now=request.now)
    if agent is None:
        raise commands.PeopleGone(field="number")
    shown = mandate_shown(agent_id=agent, party_id=firm.pk, scope=Scope.APPLY, by=request.actor, on=request.today)
    if shown is None:
        raise NotShown(firm.pk)
    return Come(parties([firm.pk])[firm.pk], agent, shown)


@requires("people.register")
@sensitive_post_parameters("account")
@require_http_methods(["GET", "HEAD", "POST"])
def employer(request: StaffRequest) -> HttpResponse:
    """Note the account of an employer: first who came for it and that they stand for it, then the account."""
    posted = request.method == "POST"
    gives, come, unfit, status = posted and "account" in request.POST, None, None, 200
    form: Form = (EmployerForm if gives else WhoForm)(request.POST if posted else None)
    try:
        if form.is_valid():
            come = _come(form, request)
            if gives:
                _note(come, form.cleaned_data, request)
                done(request, _("%(who)s的收款账户已登记，待遇随下一批发放。") % {"who": come.employer.name})
                return redirect("accounts_at_desk:employer")
            form = EmployerForm(initial=form.cleaned_data)
    except LinliError as error:
        form.add_problem(error)
        status = status_of(error)
        unfit = error.employer_id if isinstance(error, NotShown) else None
    if gives and come is None:  # what is wrong with the account is said when it is known whose it is to be
        come = _known(request)
    if form.is_bound and status == 200:
        status = 422
    context: dict[str, Any] = {"form": form, "come": come, "unfit": unfit, "tabs": _tabs(employer=True)}
    return render(request, "desk/accounts/employer.html", context, status=status)


def _known(request: StaffRequest) -> Come | None:
    """Who came, of a form in which something else is wrong."""
    who = WhoForm(request.POST)
    try:
        return _come(who, request) if who.is_valid() else None
    except LinliError:
        return None


def _note(come: Come, given: dict[str, Any], request: StaffRequest) -> None:
    commands.give_account(
        party_id=come.employer.id, bank=given["bank"], account=given["account"], told=Told(given["told"]), agent_id=come.agent,
        by=request.actor, now=request.now, **keyed(request),
    )  # fmt: skip
