"""Being told instead of asking: webhooks of a system, what was sent to them, and sending it again."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from ninja import Router, Schema, Status
from pydantic import Field

from linli.api.base import Given
from linli.api.guard import ApiRequest, Needs, OnceKey, once, who
from linli.api.paging import Cursor, Limit, page
from linli.domains.cases.queries import TOLD_NAMES
from linli.domains.clients import commands as clients
from linli.domains.clients.queries import Delivery, DeliveryState, Scope, Webhook, deliveries, webhook, webhooks

router = Router(tags=["webhooks"], auth=Needs(Scope.WEBHOOKS))

Act = StrEnum("Act", {a.replace(".", "_").upper(): a for a in sorted(TOLD_NAMES)})  # type: ignore[misc]


class WebhookIn(Given):
    """Where to, and of what: `cases.accepted` and so on."""

    url: str = Field(max_length=500)
    acts: list[Act] = Field(min_length=1, max_length=50)


class WebhookOut(Schema):
    """A webhook. One that `stopped_at` some time is sent nothing more."""

    id: UUID
    url: str
    acts: list[str]
    made_at: datetime
    stopped_at: datetime | None


class WebhookSecret(WebhookOut):
    """With the secret by which you check that a notification comes from us. Until `old_until` the one before signs too."""

    secret: str
    old_until: datetime | None


class Rotation(Given):
    """For how long the old secret signs too: at most 720 hours; 0 ends it at once."""

    overlap_hours: int = Field(72, ge=0, le=720)


class WebhookPage(Schema):
    items: list[WebhookOut]
    next: str | None


class Try(Schema):
    at: datetime
    status: int | None
    milliseconds: int
    error: str


class DeliveryOut(Schema):
    """A notification and its tries."""

    id: UUID
    type: str
    case_id: UUID | None
    state: DeliveryState
    made_at: datetime
    next_at: datetime | None
    done_at: datetime | None
    tries: list[Try]


class DeliveryPage(Schema):
    items: list[DeliveryOut]
    next: str | None


class Queued(Schema):
    id: UUID


def _hook(w: Webhook) -> WebhookOut:
    return WebhookOut(id=w.pk, url=w.url, acts=w.acts, made_at=w.made_at, stopped_at=w.stopped_at)


def _with_secret(w: Webhook) -> WebhookSecret:
    return WebhookSecret(**_hook(w).dict(), secret=w.secret.open(), old_until=w.old_until)


def _delivery(d: Delivery) -> DeliveryOut:
    return DeliveryOut(
        id=d.pk, type=d.act, case_id=d.case_id, state=DeliveryState(d.state), made_at=d.made_at, next_at=d.next_at, done_at=d.done_at,
        tries=[Try(**line) for line in d.log],
    )  # fmt: skip


@router.get("/webhooks", response=WebhookPage)
def list_webhooks(request: ApiRequest, limit: Limit = 20, cursor: Cursor = "") -> object:
    """Your webhooks, the newest first."""
    rows, after = page(webhooks(by=who(request)), by="-made_at", limit=limit, cursor=cursor)
    return {"items": [_hook(w) for w in rows], "next": after}


@router.post("/webhooks", response={201: WebhookSecret})
def add_webhook(request: ApiRequest, body: WebhookIn, key: OnceKey) -> object:
    """Have your system told of acts on the cases it brings. Only public https addresses."""
    by = who(request)
    hook_id = clients.add_webhook(url=body.url, acts=[str(a) for a in body.acts], by=by, now=request.now, **once(request, key))
    return Status(201, _with_secret(webhook(hook_id, by=by)))


@router.get("/webhooks/{webhook_id}", response=WebhookSecret)
def get_webhook(request: ApiRequest, webhook_id: UUID) -> object:
    """One of them, with its secret."""
    return _with_secret(webhook(webhook_id, by=who(request)))


@router.post("/webhooks/{webhook_id}/secret", response=WebhookSecret)
def rotate_secret(request: ApiRequest, webhook_id: UUID, body: Rotation, key: OnceKey) -> object:
    """Have a new secret made. Until the old one ends every notification carries a signature by each of them."""
    by, overlap = who(request), timedelta(hours=body.overlap_hours)
    clients.rotate_secret(webhook_id=webhook_id, overlap=overlap, by=by, now=request.now, **once(request, key))
    return _with_secret(webhook(webhook_id, by=by))


@router.post("/webhooks/{webhook_id}/stop", response=Queued)
def stop_webhook(request: ApiRequest, webhook_id: UUID, key: OnceKey) -> object:
    """Send nothing there any more; what waits is given up."""
    clients.stop_webhook(webhook_id=webhook_id, by=who(request), now=request.now, **once(request, key))
    return Queued(id=webhook_id)


@router.post("/webhooks/{webhook_id}/ping", response={202: Queued})
def ping_webhook(request: ApiRequest, webhook_id: UUID, key: OnceKey) -> object:
    """Have a notification of no consequence sent, to see whether it arrives."""
    return Status(202, Queued(id=clients.ping(webhook_id=webhook_id, by=who(request), now=request.now, **once(request, key))))


@router.get("/webhooks/{webhook_id}/deliveries", response=DeliveryPage)
def list_deliveries(request: ApiRequest, webhook_id: UUID, limit: Limit = 20, cursor: Cursor = "") -> object:
    """What was sent, or is to be, with every try, the newest first."""
    rows, after = page(deliveries(webhook_id, by=who(request)), by="-made_at", limit=limit, cursor=cursor)
    return {"items": [_delivery(d) for d in rows], "next": after}


@router.post("/deliveries/{delivery_id}/replay", response={202: Queued})
def replay_delivery(request: ApiRequest, delivery_id: UUID, key: OnceKey) -> object:
    """Send a notification once more, with the same id and body."""
    clients.replay(delivery_id=delivery_id, by=who(request), now=request.now, **once(request, key))
    return Status(202, Queued(id=delivery_id))
