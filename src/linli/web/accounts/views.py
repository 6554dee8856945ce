"""Signing in, choosing a post, one's own account, signing out."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

import pyotp
import segno
from django.conf import settings
from django.http import HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from linli.domains.accounts import commands
from linli.domains.accounts.queries import sessions_of
from linli.domains.org.queries import Posting, postings_of
from linli.kernel.actors import Actor
from linli.kernel.errors import LinliError
from linli.web import navigation
from linli.web.access import next_url, present, public, signed_in, unfinished
from linli.web.accounts.forms import AgainForm, CodeForm, PasswordForm, PostForm, SignInForm
from linli.web.accounts.sealed_step import seal, unseal
from linli.web.errors import status_of
from linli.web.http import Request, StaffRequest, client_address
from linli.web.ui.paging import page_of
from linli.web.ui.toasts import done

# -- signing in ----------------------------------------------------------------------------------------------------------


@public
@sensitive_post_parameters("password", "code", "step")
@require_http_methods(["GET", "POST"])
def login(request: Request) -> HttpResponse:
    """Name and password, then the code if the account has a second factor."""
    if request.method == "GET":
        return redirect(next_url(request, "") or "account:begin") if request.sign_in else _login_page(request, SignInForm())
    if "step" in request.POST:
        return _second_step(request)
    form = SignInForm(request.POST)
    if not form.is_valid():
        return _login_page(request, form, status=422)
    username, password = form.cleaned_data["username"], form.cleaned_data["password"]
    try:
        return _sign_in(request, username, password, "")
    except commands.CodeNeeded:
        return _code_page(request, CodeForm(), seal(username, password, device=request.device, now=request.now))
    except LinliError as error:
        form.add_problem(error)
        return _login_page(request, form, status=status_of(error))


def _second_step(request: Request) -> HttpResponse:
    step = request.POST["step"]
    kept = unseal(step, device=request.device, now=request.now)
    if kept is None:
        return _login_page(request, SignInForm(), status=422, note=_("这一步等得太久，请重新输入用户名和密码。"))
    form = CodeForm(request.POST)
    if form.is_valid():
        try:
            return _sign_in(request, *kept, form.cleaned_data["code"])
        except LinliError as error:
            form.add_problem(error)
            return _code_page(request, form, step, status=status_of(error))
    return _code_page(request, form, step, status=422)


def _login_page(request: Request, form: SignInForm, *, status: int = 200, note: str = "") -> HttpResponse:
    """``expired`` tells whoever was signed in before why they are asked again."""
    expired = "sign_in" in request.session and not form.is_bound and not note
    return render(
        request,
        "account/login.html",
        {"form": form, "next": next_url(request, ""), "note": note, "expired": expired},
        status=status,
    )


def _code_page(request: Request, form: CodeForm, step: str, *, status: int = 200) -> HttpResponse:
    return render(request, "account/code.html", {"form": form, "step": step, "next": next_url(request, "")}, status=status)


def _sign_in(request: Request, username: str, password: str, code: str) -> HttpResponse:
    session = commands.sign_in(
        username=username, password=password, code=code, device=request.device, address=client_address(request), now=request.now
    )
    # Forms open in other windows stay good for the same person who was only away too long; for anybody else they do not.
    if request.session.get("user") != str(session.user_id):
        request.session.flush()
        rotate_token(request)
    request.session["sign_in"], request.session["user"] = str(session.pk), str(session.user_id)
    onward = next_url(request, "")
    held = list(postings_of(session.user_id, on=request.today))
    if len(held) > 1:
        return redirect(reverse("account:post") + (f"?{urlencode({'next': onward})}" if onward else ""))
    if held:
        _use_post(request, session.pk, held[0], several=False, by=Actor(user_id=session.user_id, device=request.device[:64]))
    return redirect(onward or "account:begin")


def _use_post(request: Request, session_id: UUID, posting: Posting, *, several: bool, by: Actor) -> None:
    commands.choose_posting(session_id=session_id, posting_id=posting.pk, by=by, now=request.now)
    request.session["post"] = [posting.post.name, (posting.hall or posting.org).name, several]


@signed_in
@require_http_methods(["GET", "POST"])
def choose_post(request: StaffRequest) -> HttpResponse:
    """Which post this session is for. What one may do comes from the post, so acts of different posts never mix."""
    held = {str(p.pk): p for p in postings_of(request.sign_in.user_id, on=request.today)}
    form = PostForm(request.POST if request.method == "POST" else None, held=held.values())
    if form.is_valid():
        posting = held[form.cleaned_data["posting"]]
        _use_post(request, request.sign_in.pk, posting, several=len(held) > 1, by=request.actor)
        return redirect(next_url(request, "") or "account:begin")
    return render(
        request,
        "account/post.html",
        {"form": form, "held": held, "next": next_url(request, "")},
        status=422 if form.is_bound else 200,
    )


@signed_in
@require_GET
def begin(request: StaffRequest, face: navigation.Face | None = None) -> HttpResponse:
    """Where one's post begins, on a face if there is work for it there."""
    begins = dict(navigation.faces_for(request.actor))
    return redirect((face and begins.get(face)) or navigation.home_for(request.actor))


@public
@require_POST
def logout(request: Request) -> HttpResponse:
    """End the session. Public, so that pressing it twice is no error."""
    if request.sign_in and request.actor:
        commands.end_session(session_id=request.sign_in.pk, why="sign-out", by=request.actor, now=request.now)
    request.session.flush()
    rotate_token(request)
    request.sign_in = request.actor = request.posting = None
    response = render(request, "account/signed_out.html", {"again": request.login})
    response["Clear-Site-Data"] = '"cache"'
    return response


# -- one's own account ---------------------------------------------------------------------------------------------------


@signed_in
@require_GET
def home(request: StaffRequest) -> HttpResponse:
    """Posts, security, sessions and display of oneself."""
    page = page_of(sessions_of(request.sign_in.user_id, by=request.actor), request, by="-started_at", size=10)
    held = postings_of(request.sign_in.user_id, on=request.today)
    work = navigation.home_for(request.actor)
    context = {"account": request.sign_in.user, "page": page, "held": held, "work": work if work != request.path else ""}
    return render(request, "account/home.html", context)


@unfinished
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def password(request: StaffRequest) -> HttpResponse:
    """Change one's password; after the first sign-in there is no way round it."""
    user = request.sign_in.user
    form = PasswordForm(request.POST or None)
    if form.is_valid():
        try:
            commands.change_password(
                user_id=user.pk, old=form.cleaned_data["old"], new=form.cleaned_data["new"], keep=request.sign_in.pk,
                by=request.actor, now=request.now,
            )  # fmt: skip
        except LinliError as error:
            form.add_problem(error)
        else:
            done(request, _("密码已更改。"))
            return redirect(next_url(request, "") or "account:home")
    context = {"form": form, "must": user.must_change_password, "next": next_url(request, "")}
    return render(request, "account/password.html", context, status=422 if form.is_bound else 200)


@unfinished
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def second_factor(request: StaffRequest) -> HttpResponse:
    """Bind the authenticator on one's telephone: show the code to scan, then see one code to know that it works."""
    user = request.sign_in.user
    required = settings.ENV.second_factor == "required"
    context = {"bound": user.has_second_factor, "required": required, "next": next_url(request, ""), "form": AgainForm()}
    if request.method == "GET":
        return render(request, "account/second_factor.html", context)
    if "code" not in request.POST:
        again = AgainForm(request.POST)
        if again.is_valid():
            try:
                secret = commands.begin_second_factor(password=again.cleaned_data["password"], by=request.actor, now=request.now)
            except LinliError as error:
                again.add_problem(error)
            else:
                return render(
                    request, "account/second_factor.html", context | _to_scan(secret, user.username) | {"form": CodeForm()}
                )
        return render(request, "account/second_factor.html", context | {"form": again}, status=422)
    form = CodeForm(request.POST)
    if form.is_valid():
        try:
            commands.confirm_second_factor(code=form.cleaned_data["code"], by=request.actor, now=request.now)
        except LinliError as error:
            form.add_problem(error)
        else:
            done(request, _("动态口令已绑定，下次登录时会用到。"))
            return redirect(next_url(request, "") or "account:home")
    scan = _to_scan(user.totp_secret.open(), user.username) if user.totp_secret else {}
    return render(request, "account/second_factor.html", context | scan | {"form": form}, status=422)


def _to_scan(secret: str, username: str) -> dict[str, str]:
    """The picture to scan, and the key in groups of four for who cannot scan it."""
    uri = pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name="Linli 邻里")
    picture = segno.make(uri, error="m").svg_inline(border=2, omitsize=True)
    groups = " ".join(secret[n : n + 4] for n in range(0, len(secret), 4))
    return {"picture": mark_safe(picture), "secret": groups}  # noqa: S308 - drawn by the library


@signed_in
@require_POST
def end_session(request: StaffRequest, session_id: UUID) -> HttpResponse:
    """End a session of one's own on another device."""
    commands.end_session(session_id=session_id, why="sign-out", by=request.actor, now=request.now)
    done(request, _("那台设备上的登录已结束。"))
    return redirect("account:home")


@present
@require_POST
def stay(request: StaffRequest) -> HttpResponse:
    """Keep the session alive; the answer to the warning before it ends."""
    commands.touch_session(session_id=request.sign_in.pk, now=request.now)
    return HttpResponse(status=204)
