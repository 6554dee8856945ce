"""What one gets without having applied: how it stands, why, the notice, the account, and one's objections with their answers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.domains.benefits import commands
from linli.domains.benefits.queries import (
    OWED,
    GrantState,
    How,
    ListState,
    MyMoney,
    ObjectionState,
    Waits,
    Who,
    accounts_of,
    book_in_force,
    grant_lines,
    granting,
    holds,
    kept_account,
    my_grant_objections,
    my_grants,
    my_money,
    period_said,
    policy_of,
    sources_in,
    who_are,
)
from linli.domains.org.queries import bureau_for, letterhead
from linli.domains.people.queries import ConsentPurpose, consent_texts
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.identifiers import mask_name
from linli.kernel.text import msg, noop
from linli.web.access import PORTAL, requires
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.forms import Form
from linli.web.ui.paging import page_of
from linli.web.ui.toasts import done

# What a state is called to whom it is about.
WORDS = {
    GrantState.LISTED: noop("公示中"), GrantState.DUE: noop("等待发放"), GrantState.PAYING: noop("正在发放"), GrantState.PAID: noop("已发放"),
    GrantState.RETURNED: noop("银行退回，请核对账户"), GrantState.VOID: noop("不予发放"),
}  # fmt: skip
TONES = {
    GrantState.LISTED: "info", GrantState.DUE: "info", GrantState.PAYING: "info", GrantState.PAID: "done", GrantState.RETURNED: "bad",
    GrantState.VOID: "plain",
}  # fmt: skip
_OPEN = (GrantState.LISTED, GrantState.DUE, GrantState.RETURNED)
_ANSWERS = {ObjectionState.OPEN: "info", ObjectionState.UPHELD: "done", ObjectionState.REFUSED: "plain"}
_MOST = 10


@requires(PORTAL)
@require_safe
def mine(request: StaffRequest) -> HttpResponse:
    """All that is granted to me, and to employers I stand for."""
    page = page_of(my_grants(by=request.actor, on=request.today), request, by="-pk")
    money = my_money(page.rows, by=request.actor, on=request.today)
    accounts = accounts_of({g.payee_id for g in page.rows})
    held = holds([g.pk for g in page.rows if g.state in OWED])
    hired = who_are("hire", [g.subject_id for g in page.rows if g.subject_kind == "hire"])
    phones = {
        region: letterhead(bureau_for(region, on=request.today)).phone
        for region in {g.region for g in page.rows if g.pk in money or g.pk in held}
    }
    lines = [
        _line(
            x,
            accounts.get(x.grant.payee_id),
            hired.get(x.grant.subject_id),
            money.get(x.grant.pk),
            phones.get(x.grant.region, ""),
            request,
        )
        for x in grant_lines(page.rows)
    ]
    answers = [
        (o, policy_of(o.list.policy), ObjectionState(o.state), _ANSWERS[ObjectionState(o.state)], o.text.open(), o.reasons.open() if o.reasons else "")
        for o in my_grant_objections(by=request.actor)[:_MOST]
    ]  # fmt: skip
    open_ = my_grant_objections(by=request.actor).filter(state=ObjectionState.OPEN, grant__in=[g.pk for g in page.rows])
    objected = set(open_.values_list("grant_id", flat=True))
    for line in lines:
        line["hold"] = held.get(line["g"].pk)
    context = {"page": page, "lines": lines, "answers": answers, "objected": objected, "stopped": Waits.HELD}
    return render(request, "portal/benefits/mine.html", context)


def _line(x: Any, account: Any, hired: Who | None, money: MyMoney | None, phone: str, request: StaffRequest) -> dict[str, Any]:
    g, state = x.grant, GrantState(x.grant.state)
    confirms = granting(g.policy).how is How.CONFIRMED
    return {
        "x": x, "g": g, "policy": policy_of(g.policy), "state": _(WORDS[state]), "tone": TONES[state], "account": account, "money": money,
        "state_is_paid": state is GrantState.PAID and money, "state_is_returned": state is GrantState.RETURNED and money,
        "again": state is GrantState.RETURNED and money and account and money.payment and bytes(money.payment.account_index) == account.index,
        "phone": phone,
        "hired": mask_name(hired.party.name) if hired and hired.party else "", "period": period_said(g.period),
        "own": g.payee_id == request.actor.resident_id,
        "confirm": confirms and g.confirmed_at is None and state in _OPEN, "needs_account": state in _OPEN,
        "object": state is GrantState.LISTED and g.list.state == ListState.PUBLISHED and g.list.closes_on and request.today <= g.list.closes_on,
    }  # fmt: skip


@requires(PORTAL)
@require_safe
def why(request: StaffRequest, grant_id: UUID) -> HttpResponse:
    """Each condition as it was found, the amount with its arithmetic, and the law."""
    grant, found = commands.open_grant(grant_id=grant_id, by=request.actor, now=request.now)
    (line,) = grant_lines([grant])
    sources = sources_in(found.outcome.figures, book_in_force()) if found.outcome else ()
    return render(
        request, "portal/benefits/why.html", {"g": grant, "found": found, "line": line, "policy": found.policy, "sources": sources}
    )


@requires(PORTAL)
@require_POST
def confirm(request: StaffRequest, grant_id: UUID) -> HttpResponse:
    """Say yes, where nothing is paid before."""
    commands.confirm_grant(grant_id=grant_id, by=request.actor, now=request.now, **keyed(request))
    done(request, _("已确认，到时候自动发放。"))
    return redirect("benefits:mine")


class AccountForm(Form):
    kinds = {"account": "bank-account"}

    bank = forms.CharField(label=_lazy("开户银行"), max_length=60)
    account = forms.CharField(label=_lazy("账号"), max_length=40, help_text=_lazy("要用领取人自己的账户。"))


@requires(PORTAL)
@sensitive_post_parameters("account")
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: StaffRequest, grant_id: UUID) -> HttpResponse:
    """The account to which it is paid: the one known from other matters is confirmed for this, or another is given."""
    found = my_grants(by=request.actor, on=request.today).filter(pk=grant_id).first()
    if found is None:
        raise NotFound(what=msg("这笔待遇"))
    kept, now = kept_account(found.payee_id), accounts_of([found.payee_id]).get(found.payee_id)
    if request.method == "POST" and "kept" in request.POST:
        commands.confirm_account(party_id=found.payee_id, by=request.actor, now=request.now, **keyed(request))
        done(request, _("收款账户已确认。"))
        return redirect("benefits:mine")
    form, status = (AccountForm(request.POST), 422) if request.method == "POST" else (AccountForm(), 200)
    if form.is_valid():
        given = form.cleaned_data
        try:
            commands.give_account(
                party_id=found.payee_id,
                bank=given["bank"],
                account=given["account"],
                by=request.actor,
                now=request.now,
                **keyed(request),
            )
        except LinliError as error:
            form.add_problem(error)
            status = status_of(error)
        else:
            done(request, _("收款账户已登记。"))
            return redirect("benefits:mine")
    (line,) = grant_lines([found])
    context = {
        "form": form, "line": line, "policy": policy_of(found.policy), "now": now, "text": consent_texts()[ConsentPurpose.PAY_BENEFITS],
        "kept": kept if kept and not (now and now.number == kept.number) else None,
    }  # fmt: skip
    return render(request, "portal/benefits/account.html", context, status=status)
