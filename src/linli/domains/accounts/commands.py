"""Accounts, sign-in and sessions. Every outcome is recorded in the user's own chain (``docs/security.md`` SE-05)."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from uuid import UUID

import pyotp
from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from linli.domains.accounts import rules
from linli.domains.accounts.errors import (
    CodeNeeded,
    CodeWrong,
    Locked,
    PasswordWeak,
    SecondFactorRequired,
    SignInFailed,
    UsernameTaken,
)
from linli.domains.accounts.models import SignIn, User
from linli.domains.accounts.queries import idle_minutes
from linli.domains.trace.commands import Subject, record
from linli.kernel.actors import Actor
from linli.kernel.calendar import SHANGHAI
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.ids import uuid7
from linli.kernel.text import msg

__all__ = [
    "CodeNeeded", "CodeWrong", "Locked", "PasswordWeak", "SecondFactorRequired", "SignInFailed", "UsernameTaken",
    "begin_resident_session", "begin_second_factor", "change_password", "choose_posting", "confirm_second_factor", "create_resident", "create_user",
    "end_session", "end_sessions", "first_password", "password_digest", "remove_second_factor", "reset_password", "set_active", "sign_in",
    "touch_session", "unlock_user",
]  # fmt: skip

MANAGE = "accounts.manage"
SESSIONS = "accounts.sessions"
RESIDENTS = "accounts.residents"  # carried only by the platform, when room people has recognised somebody
# Letters and digits that nobody takes for one another, since a first password is read out or copied by hand.
_CLEAR = "abcdefghjkmnpqrstuvwxyz23456789"
# Checked against when the user does not exist, so that both cases take the same time.
_NOBODY = "argon2$argon2id$v=19$m=102400,t=2,p=8$Y2hhbmdlbWU$1kQ6vVh1nHfZyC7b1m3m3w"


def _subject(user_id: UUID) -> Subject:
    return Subject("user", user_id)


def _self(user: User, device: str) -> Actor:
    return Actor(user_id=user.pk, device=device[:64], name=user.name)


def first_password(*names: str) -> str:
    """A password for whoever gets an account or has forgotten theirs; it is shown once and changed at the first sign-in.

    ``names`` are the user names, and the names, of those who get it. Among a hundred user names one is at times made of much the same
    letters as a drawn password, which the rules for passwords would then refuse: such a one is drawn again.
    """
    while True:
        drawn = "-".join("".join(secrets.choice(_CLEAR) for _ in range(4)) for _ in range(4))
        try:
            for name in names:
                validate_password(drawn, User(username=name))  # type: ignore[arg-type]
        except ValidationError:
            continue
        return drawn


@transaction.atomic
def create_user(
    *, username: str, name: str, password: str, digest: str = "", must_change: bool = True, by: Actor, now: datetime
) -> UUID:
    """Make an account. ``digest`` is the password's own, where many are made at once with one password: it is slow to make.

    Raises :class:`UsernameTaken`, :class:`PasswordWeak`.
    """
    by.must(MANAGE)
    user = User(
        username=username.strip(), name=name.strip(), password_changed_at=now, created_at=now, must_change_password=must_change
    )
    _set_password(user, password, digest)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError:
        raise UsernameTaken(field="username", username=username) from None
    record("accounts.created", subject=_subject(user.pk), by=by, at=now, new=True, username=user.username)
    return user.pk


def sign_in(*, username: str, password: str, code: str = "", device: str = "", address: str | None = None, now: datetime) -> SignIn:
    """Check name, password and second factor and begin a session, ending the oldest ones over the limit.

    Raises :class:`SignInFailed`, :class:`Locked`, :class:`CodeNeeded`, :class:`CodeWrong`. Failures are counted and
    recorded even though they raise.
    """
    outcome: SignIn | LinliError
    with transaction.atomic():
        outcome = _try_sign_in(username.strip(), password, code, device, address, now)
    if isinstance(outcome, LinliError):
        raise outcome
    return outcome


def _try_sign_in(username: str, password: str, code: str, device: str, address: str | None, now: datetime) -> SignIn | LinliError:
    env = settings.ENV
    wrong = SignInFailed(tries=env.lockout_tries, minutes=env.lockout_minutes)
    user = User.objects.select_for_update().filter(username__iexact=username, is_active=True, is_resident=False).first()
    if user is None:
        check_password(password, _NOBODY)
        return wrong
    if rules.is_locked(user.locked_until, now):
        assert user.locked_until
        return Locked(until=user.locked_until.astimezone(SHANGHAI).strftime("%H:%M"))
    if not check_password(password, user.password):
        return _count_failure(user, device, now, wrong, "password")
    if user.has_second_factor:
        if not code:
            return CodeNeeded(field="code")
        assert user.totp_secret
        step = rules.totp_step(user.totp_secret.open(), code, now, user.totp_last_step)
        if step is None:
            return _count_failure(user, device, now, CodeWrong(field="code"), "code")
        user.totp_last_step = step
    user.failed_tries, user.locked_until = 0, None
    user.save(update_fields=["failed_tries", "locked_until", "totp_last_step"])
    _end_oldest(user, keep=env.sessions_per_user - 1, now=now)
    session = SignIn.objects.create(user=user, device=device[:200], address=address, started_at=now, seen_at=now)
    record("accounts.signed_in", subject=_subject(user.pk), by=_self(user, device), at=now, session=session.pk)
    return session


def create_resident(*, name: str, by: Actor, now: datetime) -> UUID:
    """Make the account of a resident, in the transaction that binds it to a person (room ``people``). Its name opens nothing."""
    by.must(RESIDENTS)
    key = uuid7()
    user = User(
        id=key, username=f"resident-{key.hex}", name=name, password="", password_changed_at=now, created_at=now, is_resident=True
    )
    user.save(force_insert=True)
    record("accounts.resident_created", subject=_subject(user.pk), by=by, at=now, new=True)
    return user.pk


@transaction.atomic
def begin_resident_session(*, user_id: UUID, how: str, device: str, address: str | None, by: Actor, now: datetime) -> SignIn:
    """Begin the session of a resident whom ``by`` (room ``people``) has recognised, ending the oldest ones over the limit."""
    by.must(RESIDENTS)
    user = User.objects.select_for_update().filter(pk=user_id, is_resident=True, is_active=True).first()
    if user is None:
        raise NotFound(what=msg("账号"))
    _end_oldest(user, keep=settings.ENV.resident_sessions - 1, now=now)
    session = SignIn.objects.create(user=user, device=device[:200], address=address, started_at=now, seen_at=now)
    record("accounts.signed_in", subject=_subject(user.pk), by=_self(user, device), at=now, session=session.pk, how=how)
    return session


@transaction.atomic
def end_sessions(*, user_id: UUID, keep: UUID | None = None, why: str, by: Actor, now: datetime) -> int:
    """End all sessions of a resident but the one to ``keep``: the resident themselves, or the room that rebinds the account."""
    if by.user_id != user_id and not by.can(RESIDENTS):
        raise NotFound(what=msg("账号"))
    live = SignIn.objects.filter(user_id=user_id, user__is_resident=True, ended_at=None)
    ended = (live.exclude(pk=keep) if keep else live).update(ended_at=now, ended_by=why)
    if ended:
        record("accounts.sessions_ended", subject=_subject(user_id), by=by, at=now, count=ended, why=why)
    return ended


def _count_failure(user: User, device: str, now: datetime, error: LinliError, what: str) -> LinliError:
    env = settings.ENV
    user.failed_tries += 1
    if user.failed_tries >= env.lockout_tries:
        user.failed_tries = 0
        user.locked_until = now + timedelta(minutes=env.lockout_minutes)
    user.save(update_fields=["failed_tries", "locked_until"])
    nobody = Actor(user_id=None, device=device[:64])
    record(
        "accounts.sign_in_failed", subject=_subject(user.pk), by=nobody, at=now, wrong=what,
        locked_until=user.locked_until if rules.is_locked(user.locked_until, now) else None,
    )  # fmt: skip
    return error


def _end_oldest(user: User, *, keep: int, now: datetime) -> None:
    live = SignIn.objects.filter(user=user, ended_at=None)
    cutoff = now - timedelta(minutes=idle_minutes(user))
    live.filter(seen_at__lt=cutoff).update(ended_at=now, ended_by="idle")
    newest = list(live.order_by("-started_at").values_list("pk", flat=True)[:keep])
    live.exclude(pk__in=newest).update(ended_at=now, ended_by="newer")


def choose_posting(*, session_id: UUID, posting_id: UUID, by: Actor, now: datetime) -> None:
    """Remember the post chosen for this session; whether the user holds it is checked by whoever offers it (``org``)."""
    user_id = _own(by)
    with transaction.atomic():
        live = SignIn.objects.filter(pk=session_id, ended_at=None, user_id=user_id)
        if not live.update(posting_id=posting_id, seen_at=now):
            raise NotFound(what=msg("会话"))
        record("accounts.post_chosen", subject=_subject(user_id), by=by, at=now, posting=posting_id, session=session_id)


def touch_session(*, session_id: UUID, now: datetime) -> None:
    """Note that the session is in use; called at most once a minute."""
    SignIn.objects.filter(pk=session_id, ended_at=None).update(seen_at=now)


@transaction.atomic
def end_session(*, session_id: UUID, why: str, by: Actor, now: datetime) -> None:
    """End a session: one's own (``sign-out``), or one of the staff's with a permission (``admin``). Safe to repeat."""
    session = SignIn.objects.select_related("user").select_for_update(of=("self",)).filter(pk=session_id).first()
    others = session is not None and session.user_id != by.user_id
    if session is None or (others and (session.user.is_resident or not (by.can(MANAGE) or by.can(SESSIONS)))):
        raise NotFound(what=msg("会话"))
    if session.ended_at is None:
        session.ended_at, session.ended_by = now, why
        session.save(update_fields=["ended_at", "ended_by"])
        record("accounts.session_ended", subject=_subject(session.user_id), by=by, at=now, session=session_id, why=why)


def change_password(*, user_id: UUID, old: str, new: str, keep: UUID | None = None, by: Actor, now: datetime) -> None:
    """Change one's own password; all sessions but the one to ``keep`` end, since whoever knew the old one may have begun them.

    Wrong tries count towards the lock. Raises :class:`SignInFailed`, :class:`Locked`, :class:`PasswordWeak`.
    """
    with transaction.atomic():
        user = _lock(user_id)
        wrong = _not_them(user, old, by, now, field="old")
        if wrong is None:
            _set_password(user, new)
            user.password_changed_at, user.must_change_password = now, False
            user.save(update_fields=["password", "password_changed_at", "must_change_password"])
            others = SignIn.objects.filter(user=user, ended_at=None)
            (others.exclude(pk=keep) if keep else others).update(ended_at=now, ended_by="password")
            record("accounts.password_changed", subject=_subject(user_id), by=by, at=now)
    if wrong:
        raise wrong


def _not_them(user: User, password: str, by: Actor, now: datetime, *, field: str) -> LinliError | None:
    """Ask for the password again before something serious, for an unlocked screen is not its owner; what is wrong, if anything.

    The caller raises it after its transaction, so that the try stays counted.
    """
    failed = SignInFailed(field=field, tries=settings.ENV.lockout_tries, minutes=settings.ENV.lockout_minutes)
    if by.user_id != user.pk:
        return failed
    if rules.is_locked(user.locked_until, now):
        assert user.locked_until
        return Locked(until=user.locked_until.astimezone(SHANGHAI).strftime("%H:%M"))
    return None if check_password(password, user.password) else _count_failure(user, by.device, now, failed, "password")


@transaction.atomic
def reset_password(*, user_id: UUID, new: str, by: Actor, now: datetime) -> None:
    """Give a user a first password again; all sessions end and it must be changed at the next sign-in."""
    by.must(MANAGE)
    user = _lock(user_id)
    _set_password(user, new)
    user.password_changed_at, user.must_change_password = now, True
    user.failed_tries, user.locked_until = 0, None
    user.save()
    _end_oldest(user, keep=0, now=now)
    record("accounts.password_reset", subject=_subject(user_id), by=by, at=now)


@transaction.atomic
def unlock_user(*, user_id: UUID, by: Actor, now: datetime) -> None:
    """End a lockout early."""
    by.must(MANAGE)
    user = _lock(user_id)
    user.failed_tries, user.locked_until = 0, None
    user.save(update_fields=["failed_tries", "locked_until"])
    record("accounts.unlocked", subject=_subject(user_id), by=by, at=now)


@transaction.atomic
def set_active(*, user_id: UUID, active: bool, by: Actor, now: datetime) -> None:
    """Let somebody sign in, or no longer; accounts are never deleted, since the record names them."""
    by.must(MANAGE)
    user = _lock(user_id)
    user.is_active = active
    user.save(update_fields=["is_active"])
    if not active:
        _end_oldest(user, keep=0, now=now)
    record("accounts.activated" if active else "accounts.deactivated", subject=_subject(user_id), by=by, at=now)


def begin_second_factor(*, password: str, by: Actor, now: datetime) -> str:
    """Make a new secret for one's own second factor; it counts once :func:`confirm_second_factor` has seen a code.

    The one before no longer counts, so the password is asked for again. Raises :class:`SignInFailed`, :class:`Locked`.
    """
    secret = pyotp.random_base32()
    with transaction.atomic():
        user = _lock(_own(by))
        wrong = _not_them(user, password, by, now, field="password")
        if wrong is None:
            user.totp_secret, user.totp_confirmed_at = secret, None
            user.save(update_fields=["totp_secret", "totp_confirmed_at"])
            record("accounts.second_factor_begun", subject=_subject(user.pk), by=by, at=now)
    if wrong:
        raise wrong
    return secret


@transaction.atomic
def confirm_second_factor(*, code: str, by: Actor, now: datetime) -> None:
    """Show that the device works. Raises :class:`CodeWrong`."""
    user = _lock(_own(by))
    step = rules.totp_step(user.totp_secret.open(), code, now, user.totp_last_step) if user.totp_secret else None
    if step is None:
        raise CodeWrong(field="code")
    user.totp_confirmed_at, user.totp_last_step = now, step
    user.save(update_fields=["totp_confirmed_at", "totp_last_step"])
    record("accounts.second_factor_confirmed", subject=_subject(user.pk), by=by, at=now)


@transaction.atomic
def remove_second_factor(*, user_id: UUID, by: Actor, now: datetime) -> None:
    """Take the second factor off a lost device: an administrator for somebody else, where the site does not require it."""
    by.must(MANAGE)
    user = _lock(user_id)
    user.totp_secret, user.totp_confirmed_at = None, None
    user.save(update_fields=["totp_secret", "totp_confirmed_at"])
    record("accounts.second_factor_removed", subject=_subject(user_id), by=by, at=now)


def _own(by: Actor) -> UUID:
    if by.user_id is None:
        raise NotFound(what=msg("账号"))
    return by.user_id


def _lock(user_id: UUID) -> User:
    """One of the staff: nothing here is for residents, who have no password and whom no administrator manages."""
    user = User.objects.select_for_update().filter(pk=user_id, is_resident=False).first()
    if user is None:
        raise NotFound(what=msg("账号"))
    return user


def password_digest(password: str) -> str:
    """What is kept of a password."""
    return make_password(password)


def _set_password(user: User, password: str, digest: str = "") -> None:
    try:
        validate_password(password, user)  # type: ignore[arg-type]
    except ValidationError as error:
        raise PasswordWeak(field="new", why=" ".join(error.messages)) from None
    user.password = digest or password_digest(password)
