"""Who calls, what for, and under which key: asked of every request before anything else."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import uuid5

from django.conf import settings
from django.http import HttpRequest
from ninja import Header
from ninja.security import HttpBearer

from linli.domains.clients.commands import Admission, KeyNotKnown, enter, must_have
from linli.domains.clients.queries import Scope
from linli.kernel.actors import Actor


class ApiRequest(HttpRequest):
    """A request behind :class:`Needs`."""

    reference: str
    now: datetime
    today: date
    admission: Admission


class Needs(HttpBearer):
    """A key of a system that was admitted for ``scope``. Cookies are not looked at, so there is nothing to forge."""

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Any:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise KeyNotKnown
        return self.authenticate(request, key.strip())

    def authenticate(self, request: HttpRequest, token: str) -> Admission:
        admission: Admission = enter(key=token, address=client_address(request), now=request.now)  # type: ignore[attr-defined]
        request.admission = admission  # type: ignore[attr-defined]
        must_have(admission, self.scope)
        return admission


def client_address(request: HttpRequest) -> str | None:
    """Where the request came from; behind the trusted proxy, what that proxy saw."""
    forwarded = request.headers.get("X-Forwarded-For", "") if settings.ENV.trusted_proxy else ""
    return forwarded.rsplit(",", 1)[-1].strip() or request.META.get("REMOTE_ADDR") or None


OnceKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key", min_length=8, max_length=200, pattern=r"^[!-~]+$",
        description="Chosen by the caller, one for each act. The same key with the same request gives the same answer, however often.",
    ),
]  # fmt: skip


def once(request: ApiRequest, key: str) -> dict[str, Any]:
    """The key as the argument that every command made with ``trace.commands.once`` takes besides those in its signature.

    Each system has keys of its own, and nobody can meet another's.
    """
    client_id = who(request).client_id
    assert client_id
    return {"key": uuid5(client_id, key)}


def who(request: ApiRequest) -> Actor:
    """As whom the system acts."""
    return request.admission.actor
