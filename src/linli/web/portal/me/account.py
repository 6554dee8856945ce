"""One's own account: the first page, who one is, where one is signed in, another telephone, showing who one is."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.domains.accounts.commands import end_session, end_sessions
from linli.domains.accounts.queries import sessions_of
from linli.domains.people import commands as people
from linli.domains.people.queries import Assurance, Binding, own_account, person_card
from linli.kernel.errors import LinliError
from linli.kernel.identifiers import check_phone, mask_phone
from linli.web import navigation
from linli.web.access import PORTAL, requires
from linli.web.errors import status_of
from linli.web.http import StaffRequest, client_address
from linli.web.portal.me.forms import CodeForm, PhoneForm, StartCodeForm, posted
from linli.web.portal.me.signing import STEPS as SIGNING
from linli.web.portal.me.signing import WRONG, enter, must_not_guess, send
from linli.web.portal.me.steps import Steps
from linli.web.ui.paging import page_of
from linli.web.ui.toasts import done

STEPS = Steps("phone")


@requires(PORTAL)
@require_safe
def home(request: StaffRequest) -> HttpResponse:
    """Where a resident begins: everything that is theirs."""
    mine = [e for e in navigation.entries_for("portal", request.actor) if e.permissions]
    account = own_account(by=request.actor)
    return render(request, "portal/me/home.html", {"entries": mine, "unverified": account.assurance == Assurance.LOW})


@requires(PORTAL)
@require_safe
def account(request: StaffRequest) -> HttpResponse:
    """Who I am, how I sign in, where I am signed in."""
    found = own_account(by=request.actor)
    assert request.actor.resident_id
    context = {
        "card": person_card(request.actor.resident_id), "account": found, "assurance": Assurance(found.assurance),
        "bound_by": Binding(found.bound_by), "phone": mask_phone(found.phone.open()) if found.phone else "",
        "unverified": found.assurance == Assurance.LOW, "oidc": settings.ENV.oidc_issuer, "oidc_name": settings.ENV.oidc_name,
        "page": page_of(sessions_of(found.user_id, by=request.actor), request, by="-started_at", size=10),
    }  # fmt: skip
    return render(request, "portal/me/account.html", context)


@requires(PORTAL)
@require_POST
def end(request: StaffRequest, session_id: UUID) -> HttpResponse:
    """End one of my sessions."""
    end_session(session_id=session_id, why="sign-out", by=request.actor, now=request.now)
    done(request, _("那台设备上的登录已结束。"))
    return redirect("me:account")


@requires(PORTAL)
@require_POST
def end_others(request: StaffRequest) -> HttpResponse:
    """End all my sessions but this one."""
    end_sessions(user_id=request.sign_in.user_id, keep=request.sign_in.pk, why="sign-out", by=request.actor, now=request.now)
    done(request, _("其他设备上的登录都已结束。"))
    return redirect("me:account")


# -- another telephone ------------------------------------------------------------------------------------------------------


@requires(PORTAL)
@require_http_methods(["GET", "POST"])
def phone(request: StaffRequest) -> HttpResponse:
    """Which telephone to sign in with from now on."""
    form = PhoneForm(posted(request))
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            send(request, form.cleaned_data["phone"])
        except LinliError as error:
            form.add_problem(error)
            status = status_of(error)
        else:
            STEPS.keep(request, phone=form.cleaned_data["phone"])
            return redirect("me:phone_code")
    return render(request, "portal/me/phone.html", {"form": form}, status=status)


@requires(PORTAL)
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def phone_code(request: StaffRequest) -> HttpResponse:
    """The code that came to it. All sessions end; this one goes on with a new one."""
    wanted = STEPS.kept(request).get("phone")
    if not wanted:
        return redirect("me:phone")
    form = CodeForm(posted(request))
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            must_not_guess(request)
            session = people.show_new_phone(
                phone=wanted, code=form.cleaned_data["code"], device=request.device, address=client_address(request),
                by=request.actor, now=request.now,
            )  # fmt: skip
        except LinliError as error:
            WRONG.count(client_address(request), request.now)
            form.add_problem(error)
            status = status_of(error)
        else:
            STEPS.forget(request)
            SIGNING.keep(request, next="/me/account")
            done(request, _("以后用新手机号登录。其他设备上的登录都已结束。"))
            return enter(request, session)
    return render(request, "portal/me/phone_code.html", {"form": form, "phone": mask_phone(check_phone(wanted))}, status=status)


# -- showing who one is -------------------------------------------------------------------------------------------------------


@requires(PORTAL)
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def confirm(request: StaffRequest) -> HttpResponse:
    """Who had only said who they are shows it with the code from the counter."""
    form = StartCodeForm(posted(request))
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            must_not_guess(request)
            session = people.confirm_by_code(
                code=form.cleaned_data["code"],
                device=request.device,
                address=client_address(request),
                by=request.actor,
                now=request.now,
            )
        except LinliError as error:
            WRONG.count(client_address(request), request.now)
            form.add_problem(error)
            status = status_of(error)
        else:
            done(request, _("身份已核验。"))
            return enter(request, session)
    return render(request, "portal/me/start_code.html", {"form": form, "back": "me:account"}, status=status)
