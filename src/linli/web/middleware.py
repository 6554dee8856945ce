"""What happens to every request before and after its view."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from linli.domains.accounts.commands import touch_session
from linli.domains.accounts.queries import SignIn, live_session
from linli.domains.org.queries import actor_for
from linli.domains.people.queries import resident_actor
from linli.kernel.actors import Actor, Channel
from linli.kernel.calendar import local_date
from linli.kernel.errors import LinliError
from linli.web import errors, reference
from linli.web.access import RESIDENTS_LOGIN, STAFF_LOGIN
from linli.web.http import PostInUse, Request

GetResponse = Callable[[HttpRequest], HttpResponseBase]

# Scripts and styles come from files of our own only; pictures may also be made in the page (signature, camera, chart).
CSP = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    ]
)
PERMISSIONS_POLICY = "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()"

DEVICE_COOKIE = "linli_device"
PRINT_COOKIE = "linli_print"
# Sent by what refreshes by itself, so that a board left open does not keep its session alive.
BACKGROUND_HEADER = "Linli-Background"
_TOUCH_AFTER = timedelta(minutes=1)
_YEAR = 365 * 24 * 3600


class HeadersMiddleware:
    """Gives the request its reference and every answer the headers that protect whoever reads it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: Request) -> HttpResponseBase:
        request.reference = reference.begin()
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", CSP)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Linli-Reference", request.reference)
        if getattr(request, "sign_in", None):
            # Nothing of a signed-in page stays on a shared machine (docs/security.md SE-10).
            response.headers.setdefault("Cache-Control", "no-store")
        return response


class ActorMiddleware:
    """Says who acts: the live session, the post chosen in it or the person behind it, and the device. At most two queries."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: Request) -> HttpResponseBase:
        if request.path.startswith("/api/v1/"):
            return self.get_response(request)  # other systems come with a key of theirs and are given no cookie
        request.now = timezone.now()
        request.today = local_date(request.now)
        request.large_print = request.COOKIES.get(PRINT_COOKIE) == "large"
        device_id = request.COOKIES.get(DEVICE_COOKIE, "")
        known = re.fullmatch(r"[\w-]{12}", device_id) is not None
        device_id = device_id if known else secrets.token_urlsafe(9)
        request.device = f"{device_id} {_browser(request.headers.get('User-Agent', ''))}"
        self._load_actor(request)
        response = self.get_response(request)
        if not known:
            response.set_cookie(
                DEVICE_COOKIE, device_id, max_age=_YEAR, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
            )
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """An expected error that a view let through becomes its page; anything else is Django's to report."""
        return errors.expected(request, exception) if isinstance(exception, LinliError) else None

    def _load_actor(self, request: Request) -> None:
        request.sign_in = request.actor = request.posting = None
        request.login = STAFF_LOGIN
        session_id = request.session.get("sign_in")
        session = live_session(UUID(session_id), now=request.now) if session_id else None
        if session is None:
            return
        request.sign_in = session
        request.actor = _actor(request, session)
        if session.user.is_resident:
            request.login = RESIDENTS_LOGIN
        if request.actor.posting_id:
            post, place, several = request.session.get("post", ("", "", False))
            request.posting = PostInUse(request.actor.posting_id, post, place, several)
        if request.now - session.seen_at > _TOUCH_AFTER and BACKGROUND_HEADER not in request.headers:
            touch_session(session_id=session.pk, now=request.now)


def _actor(request: Request, session: SignIn) -> Actor:
    if session.user.is_resident:
        actor = resident_actor(session.user_id, device=request.device)
        return actor or Actor(user_id=session.user_id, device=request.device[:64], channel=Channel.ONLINE)
    channel = Channel.OUTREACH if request.path.startswith("/field/") else Channel.HALL
    if session.posting_id:
        actor = actor_for(session.posting_id, user_id=session.user_id, on=request.today, device=request.device, channel=channel)
        if actor:
            return actor
    return Actor(user_id=session.user_id, device=request.device[:64], channel=channel, name=session.user.name)


_BROWSERS = [("MicroMessenger", "微信"), ("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari")]
_SYSTEMS = [("HarmonyOS", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
            ("Mac OS", "macOS"), ("Linux", "Linux")]  # fmt: skip


def _browser(agent: str) -> str:
    """A browser in words its owner recognises in a list of sessions."""
    parts = [next((name for mark, name in table if mark in agent), "") for table in (_BROWSERS, _SYSTEMS)]
    return " · ".join(p for p in parts if p) or "?"
