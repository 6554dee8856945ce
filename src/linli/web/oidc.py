"""Signing in through an authority's identity provider: OpenID Connect, authorisation code with PKCE.

What comes back is believed only if it answers the very request this browser began (state, nonce, verifier), comes from the provider
that was asked (RFC 9207 where it says so), and its token is signed with one of the provider's published keys, by it, for us, and now.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from linli.kernel.errors import Kind, LinliError
from linli.kernel.text import noop

# Signatures that only the holder of a private key can make: never none, never a secret shared with us.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519"]
_TIMEOUT = httpx.Timeout(5.0)
_MOST = 256 * 1024  # of an answer
_LEEWAY = 60  # seconds by which clocks may differ
_KEPT = 600.0  # seconds for which the description of the provider and its keys are believed
_LONGEST = 900  # seconds somebody may take to sign in there


class ProviderAway(LinliError):
    """The provider does not answer, or not as one would."""

    code = "web.oidc_away"
    kind = Kind.UNAVAILABLE
    template = noop("统一身份认证现在连不上。")
    remedy = noop("请稍后再试，或用手机验证码登录。")


class NotVouched(LinliError):
    """What came back does not show who somebody is. Why is for the log, not for who may have made it up."""

    code = "web.oidc_not_vouched"
    template = noop("统一身份认证没有确认您的身份，没有登录。")
    remedy = noop("请重新登录；仍不行，请用手机验证码登录，或拨打服务电话。")

    def __init__(self, why: str = "") -> None:
        super().__init__()
        self.why = why


@dataclass(frozen=True, slots=True)
class Client:
    """What this platform is to the provider."""

    issuer: str
    client_id: str
    client_secret: str
    scope: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Begun:
    """What the browser keeps between leaving and coming back."""

    state: str
    nonce: str
    verifier: str
    issuer: str
    at: float

    def dump(self) -> dict[str, Any]:
        return asdict(self)


_documents: dict[str, tuple[float, dict[str, Any]]] = {}


def begin(client: Client, *, now: datetime) -> tuple[str, Begun]:
    """The address at the provider to send the browser to, and what to keep."""
    begun = Begun(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(64), client.issuer, now.timestamp())
    query = {
        "response_type": "code", "client_id": client.client_id, "redirect_uri": client.redirect_uri, "scope": client.scope,
        "state": begun.state, "nonce": begun.nonce, "code_challenge": create_s256_code_challenge(begun.verifier),
        "code_challenge_method": "S256",
    }  # fmt: skip
    address = _address(_description(client), "authorization_endpoint")
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}", begun


def finish(client: Client, begun: Begun, answer: Mapping[str, str], *, now: datetime) -> dict[str, Any]:
    """The claims about who signed in. Raises :class:`NotVouched`, :class:`ProviderAway`."""
    about = _description(client)
    if not hmac.compare_digest(answer.get("state", "").encode(), begun.state.encode()):
        raise NotVouched("state")
    if begun.issuer != client.issuer or not 0 <= now.timestamp() - begun.at <= _LONGEST:
        raise NotVouched("too late")
    if answer.get("iss", client.issuer if not about.get("authorization_response_iss_parameter_supported") else "") != client.issuer:
        raise NotVouched("answer of another issuer")
    if "error" in answer or not answer.get("code"):
        raise NotVouched(f"refused: {answer.get('error', 'no code')[:60]}")
    tokens = _exchange(client, about, begun, answer["code"])
    claims = _claims(client, about, begun, tokens, now)
    if "userinfo_endpoint" in about and tokens.get("access_token"):
        more = _ask("GET", _address(about, "userinfo_endpoint"), headers={"Authorization": f"Bearer {tokens['access_token']}"})
        if more.get("sub") != claims["sub"]:
            raise NotVouched("userinfo of another subject")
        claims = more | claims
    return claims


def _exchange(client: Client, about: Mapping[str, Any], begun: Begun, code: str) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": client.redirect_uri, "code_verifier": begun.verifier,
    }  # fmt: skip
    tokens = _ask("POST", _address(about, "token_endpoint"), data=form, auth=(client.client_id, client.client_secret))
    if not isinstance(tokens.get("id_token"), str):
        raise NotVouched("no id_token")
    return tokens


def _claims(client: Client, about: Mapping[str, Any], begun: Begun, tokens: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    for fresh in (False, True):  # a key that is not known may be a new one
        try:
            keys = KeySet.import_key_set(_keys(about, fresh=fresh))  # type: ignore[arg-type]
            token = jwt.decode(tokens["id_token"], keys, algorithms=_ALGORITHMS)
            break
        except (JoseError, ValueError, KeyError, TypeError) as error:
            if fresh:
                raise NotVouched(f"id_token: {type(error).__name__}") from error
    claims = CodeIDToken(
        token.claims, token.header,
        {"iss": {"essential": True, "value": client.issuer}, "aud": {"essential": True, "value": client.client_id}, "sub": {"essential": True}},
        {"client_id": client.client_id, "nonce": begun.nonce, "access_token": tokens.get("access_token")},
    )  # fmt: skip
    try:
        claims.validate(now=int(now.timestamp()), leeway=_LEEWAY)
    except (JoseError, ValueError, TypeError) as error:
        raise NotVouched(f"id_token: {error}") from error
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 200:
        raise NotVouched("sub")
    return dict(claims)


# -- asking ------------------------------------------------------------------------------------------------------------------


def _description(client: Client) -> dict[str, Any]:
    """What the provider says of itself; it must be the one we were told of."""
    about = _kept(client.issuer.rstrip("/") + "/.well-known/openid-configuration")
    if about.get("issuer") != client.issuer:
        raise ProviderAway
    return about


def _keys(about: Mapping[str, Any], *, fresh: bool) -> dict[str, Any]:
    return _kept(_address(about, "jwks_uri"), fresh=fresh)


def _kept(url: str, *, fresh: bool = False) -> dict[str, Any]:
    found = _documents.get(url)
    if found and not fresh and time.monotonic() - found[0] < _KEPT:
        return found[1]
    document = _ask("GET", url)
    _documents[url] = time.monotonic(), document
    return document


def _address(about: Mapping[str, Any], name: str) -> str:
    """An address the provider names: over TLS, or on this very machine."""
    url = about.get(name)
    parts = urlsplit(url if isinstance(url, str) else "")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")):
        raise ProviderAway
    return parts.geturl()


def _ask(method: str, url: str, **more: Any) -> dict[str, Any]:
    """One question to the provider; nothing is followed elsewhere and nothing endless is read."""
    body = b""
    try:
        with httpx.Client(timeout=_TIMEOUT, follow_redirects=False) as http, http.stream(method, url, **more) as answer:
            for part in answer.iter_bytes():
                body += part
                if len(body) > _MOST:
                    raise ProviderAway
            status = answer.status_code
            found = httpx.Response(status, content=body).json() if status == 200 else None
    except (httpx.HTTPError, ValueError) as error:
        raise ProviderAway from error
    if status in (400, 401, 403):
        raise NotVouched(f"{status} from {urlsplit(url).path}")
    if not isinstance(found, dict):
        raise ProviderAway
    return found


def forget_provider() -> None:
    """Ask anew at the next use."""
    _documents.clear()
