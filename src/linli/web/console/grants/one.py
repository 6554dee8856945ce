"""One grant: who gets what, where it comes from, every payment that was tried, and what may be done with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from linli.domains.benefits import commands
from linli.domains.benefits.queries import (
    OWED,
    ClawBackState,
    GrantState,
    How,
    LineState,
    SnapshotChanged,
    Told,
    accounts_of,
    claw_backs,
    grant,
    grant_lines,
    grant_origin,
    granting,
    opens,
    payments_of,
    period_said,
    policy_of,
    waiting_lines,
    who_are,
)
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.text import msg
from linli.web.access import requires
from linli.web.console.grants.parts import CLAW_TONES, GRANT_TONES, LINE_TONES, told, typed_fen
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.fields import Option
from linli.web.ui.parts import Column
from linli.web.ui.toasts import done

_SEE, _AGREE, _PAY, _AUDIT = "benefits.view", "benefits.agree", "benefits.pay", "benefits.audit"
TYPED = ("reason", "amount", "legal_basis", "bank", "account", "told")


@requires(_SEE)
@require_safe
def grant_page(request: StaffRequest, grant_id: UUID) -> HttpResponse:
    """One grant."""
    return _page(request, grant_id)


def _page(
    request: StaffRequest, grant_id: UUID, error: LinliError | None = None, act: str = "", typed: dict[str, str] | None = None
) -> HttpResponse:
    found = grant(grant_id, by=request.actor)
    (line,), state = grant_lines([found]), GrantState(found.state)
    account = accounts_of([found.payee_id]).get(found.payee_id)
    owed, claims = state in OWED, list(claw_backs(by=request.actor, grant_id=grant_id))
    context: dict[str, Any] = {
        "g": found, "line": line, "state": state, "tone": GRANT_TONES[state], "policy": policy_of(found.policy), "account": account,
        "period": period_said(found.period), "confirms": granting(found.policy).how is How.CONFIRMED,
        "waiting": waiting_lines([found])[0] if owed else None,
        "who": who_are("hire", [found.subject_id])[found.subject_id] if found.subject_kind == "hire" else None,
        "payments": [
            (p, LineState(p.state), LINE_TONES[LineState(p.state)], opens(p.batch, by=request.actor))
            for p in payments_of(grant_id, by=request.actor)
        ],
        "columns": [Column(_("第几次")), Column(_("批次")), Column(_("金额（元）"), number=True), Column(_("结果")), Column(_("说明"))],
        "claims": [(c, ClawBackState(c.state), CLAW_TONES[ClawBackState(c.state)]) for c in claims],
        "may": {
            "void": owed and request.actor.can(_AGREE) and found.list.made_by_id != request.actor.user_id,
            "claw_back": state is GrantState.PAID and request.actor.can(_PAY) and all(c.state == ClawBackState.REFUSED for c in claims),
            "account": state not in (GrantState.PAID, GrantState.VOID) and request.actor.can(_PAY) and line.payee is not None,
        },
        "ways": [Option(w.value, _(w.label)) for w in (Told.COUNTER, Told.PAPER)], **_origin(request, grant_id), **told(error, act, typed),
    }  # fmt: skip
    return render(request, "console/grants/grant.html", context, status=status_of(error) if error else 200)


def _origin(request: StaffRequest, grant_id: UUID) -> dict[str, Any]:
    """For the auditor: the frozen facts reckoned again."""
    if not request.actor.can(_AUDIT):
        return {}
    try:
        return {"origin": grant_origin(grant_id, by=request.actor)}
    except SnapshotChanged as changed:
        return {"changed": changed}


def _void(request: StaffRequest, grant_id: UUID, typed: dict[str, str]) -> str:
    commands.void_grant(grant_id=grant_id, reason=typed["reason"], by=request.actor, now=request.now, **keyed(request))
    return _("已撤销这笔待遇，并通知了对方。")


def _claw_back(request: StaffRequest, grant_id: UUID, typed: dict[str, str]) -> str:
    commands.propose_claw_back(
        grant_id=grant_id, amount_fen=typed_fen(typed["amount"], "amount"), reason=typed["reason"], legal_basis=typed["legal_basis"],
        by=request.actor, now=request.now, **keyed(request),
    )  # fmt: skip
    return _("已提出追回，请另一位有复核权限的人员复核。")


def _account(request: StaffRequest, grant_id: UUID, typed: dict[str, str]) -> str:
    payee, told = grant(grant_id, by=request.actor).payee_id, typed["told"]
    commands.give_account(
        party_id=payee,
        bank=typed["bank"],
        account=typed["account"],
        told=Told(told) if told in list(Told) else None,
        by=request.actor,
        now=request.now,
        **keyed(request),
    )
    return _("收款账户已登记，下一批付款会用它。")


ACTS: dict[str, Callable[[StaffRequest, UUID, dict[str, str]], str]] = {"void": _void, "claw-back": _claw_back, "account": _account}


@requires(_AGREE, _PAY)
@require_POST
def act(request: StaffRequest, grant_id: UUID, act: str) -> HttpResponse:
    """Do one thing with a grant; what is wrong with it is said on the same page."""
    if act not in ACTS:
        raise NotFound(what=msg("这个操作"))
    grant(grant_id, by=request.actor)
    typed = {name: request.POST.get(name, "").strip() for name in TYPED}
    try:
        said = ACTS[act](request, grant_id, typed)
    except LinliError as error:
        typed["account"] = ""  # an account that was refused is not sent back
        return _page(request, grant_id, error, act, typed)
    done(request, said)
    return redirect("grants:grant", grant_id)
