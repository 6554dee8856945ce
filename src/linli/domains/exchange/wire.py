"""Asking over HTTP: one pooled client a process, a limit on time and size, and every way it can fail turned into an outcome.

Numbers of people travel in the body of a POST, never in an address, so that no proxy and no log keeps them.
"""

from __future__ import annotations

import atexit
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import httpx

from linli.domains.exchange.contract import Interface
from linli.domains.exchange.rules import BIGGEST, Outcome, Verdict, canonical, judge, signature
from linli.kernel.ids import uuid7

SIGNED = "Linli-Signature"
APP = "Linli-App"


@dataclass(frozen=True, slots=True)
class Route:
    """How an interface is reached."""

    base_url: str
    app_id: str
    secret: str = field(repr=False)
    timeout: float = 3.0


@dataclass(frozen=True, slots=True)
class Enquiry:
    """What goes into one call, and why (DS-03)."""

    question_id: UUID
    interface: Interface
    query: Mapping[str, str] = field(repr=False)
    digest: bytes
    item: str
    case: str
    operator: str


@dataclass(frozen=True, slots=True)
class Called:
    """What came of one call."""

    verdict: Verdict
    took_ms: int
    status: int | None = None


@cache
def _client() -> httpx.Client:
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=30)
    client = httpx.Client(limits=limits, follow_redirects=False, trust_env=False, headers={"User-Agent": "linli"})
    atexit.register(client.close)
    return client


def call(enquiry: Enquiry, route: Route, *, now: datetime) -> Called:
    """Ask once. Never raises for anything a source or the network does."""
    started = time.monotonic()
    nonce = uuid7().hex
    interface = enquiry.interface
    body = canonical(
        {
            "interface": interface.code, "purpose": interface.purpose, "legal_basis": interface.legal_basis, "item": enquiry.item,
            "case": enquiry.case, "operator": enquiry.operator, "at": now.isoformat(timespec="seconds"), "nonce": nonce,
            "fields": interface.fields, "query": dict(enquiry.query),
        }
    )  # fmt: skip
    headers = {"Content-Type": "application/json", APP: route.app_id, SIGNED: signature(route.secret, body)}
    url = f"{route.base_url.rstrip('/')}/{interface.code}"
    try:
        status, signed, answer = _send(url, body, headers, route.timeout, started)
    except httpx.TimeoutException:
        return Called(Verdict(Outcome.SLOW), _since(started))
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError):
        return Called(Verdict(Outcome.UNREACHABLE), _since(started))
    if answer is None:
        return Called(Verdict(Outcome.MALFORMED, why="size"), _since(started), status)
    if status != 200:
        return Called(Verdict(_refusal(status)), _since(started), status)
    verdict = judge(interface, body=answer, signed=signed, secret=route.secret, nonce=nonce, asked=enquiry.digest, now=now)
    return Called(verdict, _since(started), status)


def _send(url: str, body: bytes, headers: dict[str, str], timeout: float, started: float) -> tuple[int, str, bytes | None]:
    """Status, signature and body; no body when it is too big. A source that drips is as slow as one that is silent."""
    with _client().stream("POST", url, content=body, headers=headers, timeout=timeout) as response:
        chunks, size = [], 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > BIGGEST:
                return response.status_code, "", None
            if time.monotonic() - started > timeout:
                raise httpx.ReadTimeout("the whole answer took too long")
            chunks.append(chunk)
        return response.status_code, response.headers.get(SIGNED, ""), b"".join(chunks)


def _refusal(status: int) -> Outcome:
    if status == 429:
        return Outcome.BUSY
    return Outcome.BROKEN if status >= 500 else Outcome.REFUSED


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def control(route: Route, what: Mapping[str, Any]) -> dict[str, str] | None:
    """Tell a sandbox how it is to misbehave, or with nothing said only ask it; how it now misbehaves, by interface, if it answered."""
    body = canonical(dict(what))
    headers = {"Content-Type": "application/json", APP: route.app_id, SIGNED: signature(route.secret, body)}
    try:
        answer = _client().post(f"{route.base_url.rstrip('/')}/_faults", content=body, headers=headers, timeout=route.timeout)
        return dict(answer.json()["faults"]) if answer.status_code == 200 else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError):
        return None
