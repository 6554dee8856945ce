"""Template messages of a WeChat official account."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlencode

from linli.domains.notices.adapters.base import Parcel, Refused
from linli.domains.notices.adapters.sms import get, json_of, post

_FIELD = 20  # characters that a field of a template holds
_EARLY = 300  # seconds before its end that a token is asked for anew
_TOKEN_OVER = (40001, 40014, 42001)
_LATER = (-1, 45009, 45047, 50001)  # busy, or the day's quota is used up
# Tokens by account, kept in the process; the provider gives every process the same one.
_tokens: dict[tuple[str, str], tuple[float, str]] = {}


class OfficialAccount:
    at_once = False

    def __init__(self, *, api: str, app_id: str, secret: str, templates: Mapping[str, str]) -> None:
        self.api, self.app_id, self.secret, self.templates = api.rstrip("/"), app_id, secret, templates

    def send(self, parcel: Parcel) -> str:
        template = self.templates.get(parcel.kind) or self.templates.get("*")
        if not template:
            raise Refused("no_template", again=False)
        content = parcel.content
        body = {
            "touser": parcel.address, "template_id": template, "url": content["link"], "client_msg_id": str(parcel.id),
            "data": {"thing1": {"value": content["title"][:_FIELD]}, "thing2": {"value": content["text"][:_FIELD]}},
        }  # fmt: skip
        told = self._call(body)
        if told.get("errcode") in _TOKEN_OVER:  # ended before its time: once more with a new one
            _tokens.pop((self.api, self.app_id), None)
            told = self._call(body)
        code = told.get("errcode", 0)
        if code:
            raise Refused(f"wechat_{code}", again=code in _LATER or code in _TOKEN_OVER)
        return str(told.get("msgid") or "")

    def _call(self, body: Mapping[str, object]) -> dict[str, object]:
        answer = post(f"{self.api}/cgi-bin/message/template/send", params={"access_token": self._token()}, json=body)
        if answer.status_code != 200:
            raise Refused(f"http_{answer.status_code}", again=True)
        return json_of(answer)

    def _token(self) -> str:
        kept = _tokens.get((self.api, self.app_id))
        if kept and time.monotonic() < kept[0]:
            return kept[1]
        asked = {"grant_type": "client_credential", "appid": self.app_id, "secret": self.secret}
        told = json_of(post(f"{self.api}/cgi-bin/stable_token", json=asked))
        token, life = told.get("access_token"), told.get("expires_in")
        if not isinstance(token, str) or not isinstance(life, int):
            raise Refused(f"wechat_{told.get('errcode', 'token')}", again=True)
        _tokens[self.api, self.app_id] = time.monotonic() + life - _EARLY, token
        return token


_OPEN_ID = re.compile(r"[A-Za-z0-9_-]{10,64}")


def authorize_address(base: str, *, app_id: str, back: str, state: str) -> str:
    """Where WeChat asks nobody anything and says who they are to this account (``snsapi_base``); it wants them in this order."""
    asked = {"appid": app_id, "redirect_uri": back, "response_type": "code", "scope": "snsapi_base", "state": state}
    return f"{base}?{urlencode(asked, quote_via=quote)}#wechat_redirect"


def open_id_of(code: str, *, api: str, app_id: str, secret: str) -> str:
    """The open id behind a code that a browser brought back. Raises :class:`Refused`; ``again`` says that WeChat is to blame."""
    asked = {"appid": app_id, "secret": secret, "code": code, "grant_type": "authorization_code"}
    answer = get(f"{api.rstrip('/')}/sns/oauth2/access_token", params=asked)
    if answer.status_code != 200:
        raise Refused(f"http_{answer.status_code}", again=True)
    told = json_of(answer)
    if error := told.get("errcode"):
        raise Refused(f"wechat_{error}", again=error in _LATER)
    found = told.get("openid")
    if not (isinstance(found, str) and _OPEN_ID.fullmatch(found)):
        raise Refused("answer_unreadable", again=True)
    return found


def is_from_wechat(token: str, *, timestamp: str, nonce: str, given: str) -> bool:
    """Whether a callback carries the signature of the token agreed with the provider."""
    if not token:
        return False
    words: Iterable[str] = sorted((token, timestamp, nonce))
    made = hashlib.sha1("".join(words).encode()).hexdigest()  # noqa: S324 - the provider's protocol
    return hmac.compare_digest(made.encode(), given.encode())
