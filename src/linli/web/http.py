"""What the middleware adds to a request, for the type checker and the reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from linli.domains.accounts.queries import SignIn
from linli.kernel.actors import Actor


@dataclass(frozen=True, slots=True)
class PostInUse:
    """The post chosen for this session, in the words it was chosen by; ``several`` says that there are others."""

    id: UUID
    post: str
    place: str
    several: bool


class Request(HttpRequest):
    """A request behind :class:`~linli.web.middleware.ActorMiddleware`.

    ``sign_in`` is the live session or None. ``actor`` is None for a stranger; somebody signed in without a post is an
    actor without permissions. ``now`` is the one time of this request, ``today`` the day
    in Shanghai on which it came.
    """

    htmx: HtmxDetails
    reference: str
    now: datetime
    today: date
    device: str
    large_print: bool
    sign_in: SignIn | None
    actor: Actor | None
    posting: PostInUse | None
    login: str  # where whoever must sign in for this page does so; staff's page or residents'


class ResidentRequest(Request):
    """A request of a resident who is signed in."""

    actor: Actor


class StaffRequest(Request):
    """A request that passed ``requires`` or ``signed_in``."""

    sign_in: SignIn
    actor: Actor


def client_address(request: HttpRequest) -> str | None:
    """Where the request came from; behind the trusted proxy, what that proxy saw."""
    forwarded = request.headers.get("X-Forwarded-For", "") if settings.ENV.trusted_proxy else ""
    return forwarded.rsplit(",", 1)[-1].strip() or request.META.get("REMOTE_ADDR") or None
