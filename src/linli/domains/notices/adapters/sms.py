"""Text messages through an HTTP gateway (docs/operations.md describes what it is sent and answers)."""

from __future__ import annotations

import json

import httpx

from linli.domains.notices.adapters.base import Parcel, Refused
from linli.domains.notices.adapters.signing import signature

TIMEOUT = httpx.Timeout(10, connect=5)
_MOST = 256 * 1024  # bytes of an answer


class SmsGateway:
    at_once = False

    def __init__(self, *, url: str, key: str, secret: str) -> None:
        self.url, self.key, self.secret = url, key, secret

    def send(self, parcel: Parcel) -> str:
        body = json.dumps({"id": str(parcel.id), "to": parcel.address, "text": parcel.content["text"]}, ensure_ascii=False).encode()
        moment = str(int(parcel.at.timestamp()))
        headers = {
            "Content-Type": "application/json; charset=utf-8", "Idempotency-Key": str(parcel.id), "Linli-Key": self.key,
            "Linli-Time": moment, "Linli-Signature": signature(self.secret, moment=moment, body=body),
        }  # fmt: skip
        answer = post(self.url, content=body, headers=headers)
        if not answer.is_success:
            raise Refused(f"http_{answer.status_code}", again=answer.status_code in (408, 429) or answer.status_code >= 500)
        told = json_of(answer)
        if code := str(told.get("error") or ""):
            raise Refused(f"gateway_{code}", again=bool(told.get("again")))
        return str(told.get("id") or "")[:128]


def post(url: str, **request: object) -> httpx.Response:
    """One request; a gateway that cannot be reached is worth another try."""
    return _ask("POST", url, **request)


def get(url: str, **request: object) -> httpx.Response:
    """The same, to be told something."""
    return _ask("GET", url, **request)


def _ask(method: str, url: str, **request: object) -> httpx.Response:
    """Nothing is followed elsewhere, and nothing endless is read."""
    try:
        with httpx.Client(timeout=TIMEOUT, follow_redirects=False) as http, http.stream(method, url, **request) as answer:  # type: ignore[arg-type]
            body = b""
            for part in answer.iter_bytes():
                body += part
                if len(body) > _MOST:
                    raise Refused("answer_endless", again=True)
            return httpx.Response(answer.status_code, content=body)
    except httpx.TimeoutException as error:
        raise Refused("timeout", again=True) from error
    except httpx.HTTPError as error:
        raise Refused("unreachable", again=True) from error


def json_of(answer: httpx.Response) -> dict[str, object]:
    """A JSON object, or a refusal that says it was none."""
    try:
        told = answer.json()
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise Refused("answer_unreadable", again=True)
    return told
