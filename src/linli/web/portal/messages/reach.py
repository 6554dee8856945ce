"""Where else a resident is reached: an e-mail address that a code shows to be theirs, and their WeChat."""

from __future__ import annotations

import hmac
import secrets

from django import forms
from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.domains.notices.commands import WechatRefused, ask_email, bind_wechat, confirm_email, drop_email, unbind_wechat
from linli.domains.notices.queries import wechat_address
from linli.domains.people.commands import CodeTooSoon
from linli.kernel.errors import LinliError
from linli.kernel.text import joined
from linli.web.access import PORTAL, requires
from linli.web.errors import status_of
from linli.web.http import ResidentRequest, client_address
from linli.web.once import keyed
from linli.web.portal.me.forms import CodeForm, posted
from linli.web.portal.me.signing import WRONG, must_not_guess
from linli.web.portal.me.steps import Steps
from linli.web.throttle import network
from linli.web.ui.forms import Form
from linli.web.ui.toasts import done, warn

EMAIL = Steps("email")
WECHAT = Steps("wechat")
LONGEST = 900  # seconds somebody may take at WeChat


class EmailForm(Form):
    kinds = {"email": "email"}

    email = forms.CharField(label=_lazy("电子邮箱"), max_length=200)


@requires(PORTAL)
@require_http_methods(["GET", "POST"])
def email(request: ResidentRequest) -> HttpResponse:
    """Which address. A code goes to it before anything else does."""
    form = EmailForm(posted(request))
    status = 422 if form.is_bound else 200
    if form.is_valid():
        wanted = form.cleaned_data["email"].strip()
        try:
            ask_email(email=wanted, network=network(client_address(request)), by=request.actor, now=request.now)
        except LinliError as error:
            sent = isinstance(error, CodeTooSoon) and EMAIL.kept(request).get("email") == wanted and error.params["minutes"] == 1
            if not sent:  # pressed twice, the first code is on its way
                form.add_problem(error)
                status = status_of(error)
                return render(request, "portal/messages/email.html", {"form": form}, status=status)
        EMAIL.keep(request, email=wanted)
        return redirect("messages:email_code")
    return render(request, "portal/messages/email.html", {"form": form}, status=status)


@requires(PORTAL)
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def email_code(request: ResidentRequest) -> HttpResponse:
    """The code that came to it."""
    wanted = EMAIL.kept(request).get("email")
    if not wanted:
        return redirect("messages:email")
    form = CodeForm(posted(request))
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            must_not_guess(request)
            confirm_email(email=wanted, code=form.cleaned_data["code"], by=request.actor, now=request.now)
        except LinliError as error:
            WRONG.count(client_address(request), request.now)
            form.add_problem(error)
            status = status_of(error)
        else:
            EMAIL.forget(request)
            done(request, _("邮箱已确认，可以用来接收通知了。"))
            return redirect("messages:settings")
    return render(request, "portal/messages/email_code.html", {"form": form, "email": wanted}, status=status)


@requires(PORTAL)
@require_POST
def no_email(request: ResidentRequest) -> HttpResponse:
    """Forget the address."""
    drop_email(by=request.actor, now=request.now, **keyed(request))
    done(request, _("邮箱已删除。"))
    return redirect("messages:settings")


class _Away(HttpResponseRedirect):
    """To WeChat, whose address is not one of ours."""


@requires(PORTAL)
@require_safe
def wechat(request: ResidentRequest) -> HttpResponse:
    """Go to WeChat. A link and not a form, since our pages send forms nowhere but home (``form-action``)."""
    state = secrets.token_urlsafe(32)
    address = wechat_address(back=settings.ENV.public_url + reverse("messages:wechat_back"), state=state)
    WECHAT.keep(request, state=state, user=str(request.actor.user_id), at=request.now.timestamp())
    return _Away(address)


@requires(PORTAL)
@require_safe
def wechat_back(request: ResidentRequest) -> HttpResponse:
    """Come back from it. What was begun counts once, in this browser, for who began it."""
    kept = WECHAT.kept(request)
    WECHAT.forget(request)
    try:
        same = hmac.compare_digest(request.GET.get("state", "").encode(), str(kept.get("state", "")).encode())
        fresh = 0 <= request.now.timestamp() - float(kept.get("at", 0)) <= LONGEST
        code = request.GET.get("code", "")
        if not (kept and same and fresh and kept["user"] == str(request.actor.user_id) and 0 < len(code) <= 512):
            raise WechatRefused
        bind_wechat(code=code, by=request.actor, now=request.now)
    except LinliError as error:
        warn(request, joined([error.message] + ([error.what_to_do] if error.what_to_do else []), _))
    else:
        done(request, _("微信已绑定，可以用来接收通知了。"))
    return redirect("messages:settings")


@requires(PORTAL)
@require_POST
def no_wechat(request: ResidentRequest) -> HttpResponse:
    """Forget it."""
    unbind_wechat(by=request.actor, now=request.now, **keyed(request))
    done(request, _("微信已解绑。"))
    return redirect("messages:settings")
