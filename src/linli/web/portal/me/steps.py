"""What somebody has told on the way in, page by page: sealed in the session cookie, for one question stands on each page."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from linli.kernel.crypto import CannotDecrypt
from linli.kernel.fields import keyring
from linli.web.http import Request


class Steps:
    """Values kept between the pages of one errand; gone when the errand is over or the session ends."""

    def __init__(self, name: str) -> None:
        self.name = f"me.{name}"

    def kept(self, request: Request) -> dict[str, Any]:
        """What was told so far; nothing for a cookie that was changed."""
        try:
            raw = keyring().decrypt(base64.urlsafe_b64decode(request.session.get(self.name, "")), context=self.name)
        except (CannotDecrypt, binascii.Error, ValueError):
            return {}
        return dict(json.loads(raw))

    def keep(self, request: Request, **values: Any) -> None:
        """Add to it."""
        text = json.dumps(self.kept(request) | values)
        request.session[self.name] = base64.urlsafe_b64encode(keyring().encrypt(text.encode(), context=self.name)).decode()

    def forget(self, request: Request) -> None:
        request.session.pop(self.name, None)
