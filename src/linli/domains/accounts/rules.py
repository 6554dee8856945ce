"""Lockout, idleness and the second factor as pure rules (``docs/security.md`` SE-01, SE-02)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pyotp

TOTP_SECONDS = 30


def is_locked(locked_until: datetime | None, now: datetime) -> bool:
    return locked_until is not None and now < locked_until


def is_idle(seen_at: datetime, now: datetime, idle_minutes: int) -> bool:
    """Whether a session has been left for longer than the setting allows."""
    return now - seen_at > timedelta(minutes=idle_minutes)


def totp_step(secret: str, code: str, now: datetime, last_step: int) -> int | None:
    """The time step a six-digit code belongs to, one step of drift allowed; None if it is wrong or was used before."""
    totp = pyotp.TOTP(secret, interval=TOTP_SECONDS)
    current = int(now.timestamp()) // TOTP_SECONDS
    for step in (current - 1, current, current + 1):
        if step > last_step and pyotp.utils.strings_equal(totp.generate_otp(step), code.strip()):
            return step
    return None
