"""Between the password and the code, what was typed travels in the page, sealed: the command takes both at once, nobody has to
type the password twice, and it stands neither in the page nor in a cookie."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime

from linli.kernel.crypto import CannotDecrypt
from linli.kernel.fields import keyring

_CONTEXT = "web.sign_in_step"
_SECONDS = 300


def seal(username: str, password: str, *, device: str, now: datetime) -> str:
    """The token for the hidden field of the second step; good for five minutes on this device."""
    text = json.dumps([username, password, device, now.timestamp()])
    return base64.urlsafe_b64encode(keyring().encrypt(text.encode(), context=_CONTEXT)).decode()


def unseal(token: str, *, device: str, now: datetime) -> tuple[str, str] | None:
    """Name and password again; None when the token is too old, of another device, or was changed."""
    try:
        raw = keyring().decrypt(base64.urlsafe_b64decode(token), context=_CONTEXT)
    except (CannotDecrypt, binascii.Error, ValueError):
        return None
    username, password, made_on, made_at = json.loads(raw)
    if made_on != device or not 0 <= now.timestamp() - made_at <= _SECONDS:
        return None
    return username, password
