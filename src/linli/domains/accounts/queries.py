"""Reading accounts and sessions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet

from linli.domains.accounts.models import SignIn, User
from linli.domains.accounts.rules import is_idle
from linli.kernel.actors import Actor
from linli.kernel.errors import NotFound
from linli.kernel.text import msg

__all__ = [
    "SignIn",
    "User",
    "find_users",
    "get_user",
    "idle_minutes",
    "last_seen",
    "live_session",
    "live_sessions",
    "names",
    "sessions_of",
    "user_by_name",
    "users",
]


def live_session(session_id: UUID, *, now: datetime) -> SignIn | None:
    """The session with its user, if it has neither ended nor been left idle and the user is active. One query."""
    session = SignIn.objects.select_related("user").filter(pk=session_id, ended_at=None, user__is_active=True).first()
    if session is None or is_idle(session.seen_at, now, idle_minutes(session.user)):
        return None
    return session


def idle_minutes(user: User) -> int:
    """How long a session of theirs may be left alone."""
    return int(settings.ENV.resident_idle_minutes if user.is_resident else settings.ENV.idle_minutes)


def live_sessions(*, by: Actor, now: datetime) -> QuerySet[SignIn]:
    """The sessions of all staff in use, newest first, for who watches over them."""
    by.must("accounts.sessions")
    in_use = now - timedelta(minutes=settings.ENV.idle_minutes)
    return (
        SignIn.objects.filter(ended_at=None, seen_at__gte=in_use, user__is_resident=False)
        .select_related("user")
        .order_by("-started_at")
    )


def sessions_of(user_id: UUID, *, by: Actor) -> QuerySet[SignIn]:
    """A user's sessions, newest first; one's own, or anybody's with the permission."""
    own = SignIn.objects.filter(user_id=user_id).order_by("-started_at")
    if by.user_id == user_id:
        return own
    if not by.can("accounts.manage"):
        raise NotFound(what=msg("账号"))
    return own.filter(user__is_resident=False)


def users(*, by: Actor) -> QuerySet[User]:
    """All accounts of staff, for who manages them."""
    by.must("accounts.manage")
    return User.objects.filter(is_resident=False).order_by("username")


def find_users(text: str, *, by: Actor) -> QuerySet[User]:
    """Accounts by part of the user name or the name; all of them for no text."""
    wanted = text.strip()
    return users(by=by).filter(Q(username__icontains=wanted) | Q(name__icontains=wanted)) if wanted else users(by=by)


def get_user(user_id: UUID) -> User:
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise NotFound(what=msg("账号"))
    return user


def names(ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Names by user id, in one query."""
    wanted = {i for i in ids if i}
    return dict(User.objects.filter(pk__in=wanted).values_list("pk", "name")) if wanted else {}


def user_by_name(username: str) -> User:
    """An account of staff by its user name, for the operator's commands. Raises :class:`NotFound`."""
    user = User.objects.filter(username__iexact=username, is_resident=False).first()
    if user is None:
        raise NotFound(what=msg("账号 %(name)s", name=username))
    return user


def last_seen(user_id: UUID) -> datetime | None:
    """When somebody was last here."""
    return SignIn.objects.filter(user_id=user_id).order_by("-started_at").values_list("seen_at", flat=True).first()
