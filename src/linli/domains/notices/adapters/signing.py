"""Signed requests, to a gateway and back: who holds the secret, and that the words are the ones that were sent, just now."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

FRESH = timedelta(minutes=5)


def signature(secret: str, *, moment: str, body: bytes) -> str:
    """HMAC-SHA256 over the time and the body, in hexadecimal."""
    return hmac.new(secret.encode(), moment.encode() + b"\n" + body, hashlib.sha256).hexdigest()


def is_signed(secret: str, *, moment: str, body: bytes, given: str, now: datetime) -> bool:
    """Whether a request carries a good signature that is not old; nothing is good where no secret is set."""
    if not secret or not (moment.isascii() and moment.isdigit() and len(moment) <= 12):
        return False
    fresh = abs(now.timestamp() - int(moment)) <= FRESH.total_seconds()
    return fresh and hmac.compare_digest(signature(secret, moment=moment, body=body).encode(), given.encode())
