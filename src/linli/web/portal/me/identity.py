"""Signing in through the authority's identity provider."""

from __future__ import annotations

import logging

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linli.domains.people.commands import Identity, sign_in_by_identity
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.text import joined, msg
from linli.web import oidc
from linli.web.access import next_url, public
from linli.web.http import Request, client_address
from linli.web.portal.me.signing import STEPS as SIGNING
from linli.web.portal.me.signing import enter
from linli.web.portal.me.steps import Steps
from linli.web.portal.place import place_of
from linli.web.ui.toasts import warn

log = logging.getLogger(__name__)
STEPS = Steps("identity")


def _client() -> oidc.Client:
    env = settings.ENV
    if not env.oidc_issuer:
        raise NotFound(what=msg("这种登录方式"))
    return oidc.Client(
        env.oidc_issuer, env.oidc_client_id, env.oidc_client_secret, env.oidc_scope, env.public_url + reverse("me:identity_back")
    )


class _Away(HttpResponseRedirect):
    """To the provider, whose address is not one of ours."""


@public
@require_safe
def leave(request: Request) -> HttpResponse:
    """Go to the provider. A link and not a form, since our pages send forms nowhere but home (``form-action``)."""
    try:
        address, begun = oidc.begin(_client(), now=request.now)
    except oidc.ProviderAway as error:
        return _not_in(request, error)
    STEPS.keep(request, **begun.dump())
    SIGNING.keep(request, next=next_url(request, ""))
    return _Away(address)


@public
@require_safe
def back(request: Request) -> HttpResponse:
    """Come back from it. What was begun counts once, whatever comes of it."""
    client, kept = _client(), STEPS.kept(request)
    STEPS.forget(request)
    try:
        if not kept:
            raise oidc.NotVouched("nothing begun")
        claims = oidc.finish(client, oidc.Begun(**kept), request.GET.dict(), now=request.now)
        session = sign_in_by_identity(
            identity=_identity(client, claims), region=place_of(request).code, device=request.device, address=client_address(request),
            by=request.actor if request.actor and request.actor.resident_id else None, now=request.now,
        )  # fmt: skip
    except LinliError as error:
        if isinstance(error, oidc.NotVouched):
            log.warning("sign-in by identity provider refused: %s", error.why)
        return _not_in(request, error)
    return enter(request, session)


def _identity(client: oidc.Client, claims: dict[str, object]) -> Identity:
    name, number = claims.get(settings.ENV.oidc_claim_name), claims.get(settings.ENV.oidc_claim_number)
    if not (isinstance(name, str) and name.strip() and isinstance(number, str) and number.strip()):
        raise oidc.NotVouched("no name or number")
    return Identity(client.issuer, str(claims["sub"]), name[:100], number)


def _not_in(request: Request, error: LinliError) -> HttpResponse:
    warn(request, joined([error.message] + ([error.what_to_do] if error.what_to_do else []), _))
    return redirect("me:sign_in")
