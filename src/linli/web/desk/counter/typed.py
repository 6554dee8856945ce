"""A number that was typed or read from a card travels to the next page sealed: it stands in no address, log or history."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime

from linli.kernel.crypto import CannotDecrypt
from linli.kernel.fields import keyring

_CONTEXT = "web.counter.typed"
_SECONDS = 600


def seal(number: str, *, device: str, now: datetime) -> str:
    """The token for an address; good for ten minutes on this device."""
    text = json.dumps([number, device, now.timestamp()])
    return base64.urlsafe_b64encode(keyring().encrypt(text.encode(), context=_CONTEXT)).decode()


def unseal(token: str, *, device: str, now: datetime) -> str:
    """The number again; empty when the token is too old, of another device, or was changed."""
    try:
        raw = keyring().decrypt(base64.urlsafe_b64decode(token), context=_CONTEXT)
    except (CannotDecrypt, binascii.Error, ValueError):
        return ""
    number, made_on, made_at = json.loads(raw)
    return str(number) if made_on == device and 0 <= now.timestamp() - made_at <= _SECONDS else ""
