"""Signing in as a resident, one question a page: the telephone, its code, and for who is new here their name and number."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from linli.domains.accounts.commands import end_session
from linli.domains.accounts.queries import SignIn
from linli.domains.notices.commands import send_code
from linli.domains.people import commands as people
from linli.domains.people.commands import CodeTooSoon, CodeWrong, ProofOver
from linli.domains.people.queries import IdType
from linli.kernel.errors import Kind, LinliError
from linli.kernel.identifiers import check_phone, mask_phone
from linli.kernel.text import noop
from linli.web.access import next_url, public
from linli.web.errors import status_of
from linli.web.http import Request, client_address
from linli.web.portal.me.forms import CodeForm, NameForm, NumberForm, PhoneForm, StartCodeForm, posted
from linli.web.portal.me.steps import Steps
from linli.web.portal.place import place_of
from linli.web.throttle import Throttle, network
from linli.web.ui.toasts import done, note

STEPS = Steps("in")
# A hall full of people stands behind one address; a program that guesses tries more often.
WRONG = Throttle(60, timedelta(hours=1))


class TooManyWrong(LinliError):
    code = "web.too_many_wrong"
    kind = Kind.UNAVAILABLE
    template = noop("这个网络输错的次数太多，请 %(minutes)s 分钟后再试。")
    remedy = noop("也可以拨打服务电话，或到窗口办理。")


@public
@require_http_methods(["GET", "POST"])
def sign_in(request: Request) -> HttpResponse:
    """The telephone. Whoever is signed in goes on; staff are told that this is a sign-in of its own."""
    onward = next_url(request, "")
    if request.actor and request.actor.resident_id:
        return redirect(onward or "me:home")
    form = PhoneForm(posted(request))
    context = {
        "form": form,
        "next": onward,
        "expired": "sign_in" in request.session and not request.sign_in,
        "oidc": settings.ENV.oidc_issuer,
        "oidc_name": settings.ENV.oidc_name,
    }
    if request.method == "GET":
        STEPS.forget(request)
        return render(request, "portal/me/sign_in.html", context)
    if form.is_valid():
        try:
            send(request, form.cleaned_data["phone"])
        except LinliError as error:
            form.add_problem(error)
            return render(request, "portal/me/sign_in.html", context, status=status_of(error))
        STEPS.keep(request, phone=form.cleaned_data["phone"], next=onward)
        return redirect("me:code")
    return render(request, "portal/me/sign_in.html", context, status=422)


def send(request: Request, phone: str) -> None:
    """Have a code made and sent, or neither. Pressing twice is no error: the first code is on its way."""
    try:
        with transaction.atomic():
            code = people.ask_code(phone=phone, address=network(client_address(request)), now=request.now)
            send_code(phone=check_phone(phone), code=code, now=request.now)
    except CodeTooSoon as error:
        if STEPS.kept(request).get("phone") != phone or error.params["minutes"] != 1:
            raise


@public
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def code(request: Request) -> HttpResponse:
    """The code that came to the telephone."""
    phone = STEPS.kept(request).get("phone")
    if not phone:
        return redirect("me:sign_in")
    context = {"phone": mask_phone(check_phone(phone)), "form": CodeForm()}
    if request.method == "GET":
        return render(request, "portal/me/code.html", context)
    if "again" in request.POST:
        return _send_again(request, phone)
    form = context["form"] = CodeForm(request.POST)
    if form.is_valid():
        try:
            must_not_guess(request)
            shown = people.sign_in_by_phone(
                phone=phone, code=form.cleaned_data["code"], device=request.device, address=client_address(request), now=request.now
            )
        except LinliError as error:
            if isinstance(error, CodeWrong):
                WRONG.count(client_address(request), request.now)
            form.add_problem(error)
            return render(request, "portal/me/code.html", context, status=status_of(error))
        if shown.session:
            return enter(request, shown.session)
        STEPS.keep(request, proof=shown.proof)
        return redirect("me:name")
    return render(request, "portal/me/code.html", context, status=422)


def _send_again(request: Request, phone: str) -> HttpResponse:
    try:
        with transaction.atomic():
            fresh = people.ask_code(phone=phone, address=network(client_address(request)), now=request.now)
            send_code(phone=check_phone(phone), code=fresh, now=request.now)
    except CodeTooSoon:
        note(request, _("刚发过一条，请等一分钟再试。"))
    else:
        done(request, _("已经重新发送，请用最新一条。"))
    return redirect("me:code")


def must_not_guess(request: Request) -> None:
    """Raise :class:`TooManyWrong` for a network from which too much was wrong."""
    wait = WRONG.wait(client_address(request), request.now)
    if wait:
        raise TooManyWrong(minutes=-(-wait // timedelta(minutes=1)))


# -- who is new here ----------------------------------------------------------------------------------------------------------


@public
@require_http_methods(["GET", "POST"])
def name(request: Request) -> HttpResponse:
    """What they are called."""
    kept = STEPS.kept(request)
    if "proof" not in kept:
        return redirect("me:sign_in")
    form = NameForm(posted(request), initial={"name": kept.get("name", "")})
    if form.is_valid():
        STEPS.keep(request, name=form.cleaned_data["name"])
        return redirect("me:number")
    return render(request, "portal/me/name.html", {"form": form}, status=422 if form.is_bound else 200)


@public
@sensitive_post_parameters("id_number")
@require_http_methods(["GET", "POST"])
def number(request: Request) -> HttpResponse:
    """The number of their document, with what is done with all this; then they are in."""
    kept = STEPS.kept(request)
    if "proof" not in kept or "name" not in kept:
        return redirect("me:sign_in")
    form = NumberForm(posted(request))
    if form.is_valid():
        try:
            session = people.bind_by_phone(
                proof=kept["proof"], name=kept["name"], id_type=IdType(form.cleaned_data["id_type"]),
                id_number=form.cleaned_data["id_number"], region=place_of(request).code, device=request.device,
                address=client_address(request), now=request.now,
            )  # fmt: skip
        except ProofOver as error:
            return _once_more(request, error)
        except LinliError as error:
            form.add_problem(error)
        else:
            return enter(request, session)
    return render(request, "portal/me/number.html", {"form": form}, status=422 if form.is_bound else 200)


@public
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def start_code(request: Request) -> HttpResponse:
    """The code from the counter, instead of name and number."""
    kept = STEPS.kept(request)
    if "proof" not in kept:
        return redirect("me:sign_in")
    form = StartCodeForm(posted(request))
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            must_not_guess(request)
            session = people.start_by_code(
                proof=kept["proof"],
                code=form.cleaned_data["code"],
                device=request.device,
                address=client_address(request),
                now=request.now,
            )
        except ProofOver as error:
            return _once_more(request, error)
        except LinliError as error:
            WRONG.count(client_address(request), request.now)
            form.add_problem(error)
            status = status_of(error)
        else:
            return enter(request, session)
    return render(request, "portal/me/start_code.html", {"form": form, "back": "me:name"}, status=status)


def _once_more(request: Request, error: ProofOver) -> HttpResponse:
    note(request, f"{_(error.template)}{_(error.remedy)}")
    return redirect("me:sign_in")


@public
@require_safe
def notice(request: Request) -> HttpResponse:
    """What is collected, why, how long, and what one may ask for (PI-02)."""
    return render(request, "portal/me/notice.html")


# -- in -------------------------------------------------------------------------------------------------------------------------


def enter(request: Request, session: SignIn) -> HttpResponse:
    """Go on as who was recognised; nothing of whoever used this browser before is left."""
    onward = STEPS.kept(request).get("next", "")
    if request.sign_in and request.actor and request.sign_in.user_id != session.user_id:
        end_session(session_id=request.sign_in.pk, why="sign-out", by=request.actor, now=request.now)
    if request.session.get("user") != str(session.user_id):
        request.session.flush()
        rotate_token(request)
    STEPS.forget(request)
    request.session["sign_in"], request.session["user"] = str(session.pk), str(session.user_id)
    return redirect(onward or "me:home")
