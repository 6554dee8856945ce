"""Whoever comes to a window says into which account benefits are to be paid; what that means is read to them first."""

from __future__ import annotations

from typing import ClassVar

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from linli.domains.benefits import commands
from linli.domains.benefits.queries import Told
from linli.domains.people.commands import find_person
from linli.domains.people.queries import ConsentPurpose, consent_texts, person_card
from linli.kernel.errors import LinliError
from linli.web.access import requires
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.forms import Form
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
    context = {"form": form, "text": consent_texts()[ConsentPurpose.PAY_BENEFITS]}
    return render(request, "desk/accounts/counter.html", context, status=status)
