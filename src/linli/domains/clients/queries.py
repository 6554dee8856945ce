"""Reading about other systems and what they were told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery

from linli.domains.clients.models import ApiClient, ApiKey, Delivery, Upload, Webhook
from linli.domains.clients.permissions import MANAGE, webhooks_of
from linli.domains.clients.rules import LONGEST_KEY, MOST_PER_MINUTE, DeliveryState, Scope
from linli.kernel.actors import Actor
from linli.kernel.errors import NotFound
from linli.kernel.text import msg

__all__ = [
    "ApiClient", "client", "client_names", "clients", "ClientSheet", "client_sheet", "deliveries", "Delivery", "DeliveryState",
    "LONGEST_KEY", "MOST_PER_MINUTE", "Scope", "uploads_in_use", "Webhook", "webhook", "webhooks",
]  # fmt: skip


def clients(*, by: Actor) -> QuerySet[ApiClient]:
    """Every system ever admitted, for who admits them; ``until`` of each is when its last key ends."""
    by.must(MANAGE)
    last = ApiKey.objects.filter(client=OuterRef("pk")).order_by("-expires_at").values("expires_at")[:1]
    return ApiClient.objects.select_related("org", "usage").annotate(until=Subquery(last))


def client(client_id: UUID, *, by: Actor) -> ApiClient:
    """One of them. Raises :class:`NotFound`."""
    found = clients(by=by).filter(pk=client_id).first()
    if found is None:
        raise NotFound(what=msg("这个接入系统"))
    return found


@dataclass(frozen=True, slots=True)
class ClientSheet:
    """A system with its keys, the newest first, and its webhooks."""

    client: ApiClient
    keys: list[ApiKey]
    webhooks: list[Webhook]


def client_sheet(client_id: UUID, *, by: Actor) -> ClientSheet:
    """All that is known of a system. Raises :class:`NotFound`."""
    found = client(client_id, by=by)
    return ClientSheet(found, list(found.keys.order_by("-made_at")), list(found.webhooks.order_by("-made_at")))


def client_names(ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Names of systems by id, for whoever reads a record in which they acted. One query."""
    wanted = {i for i in ids if i}
    return dict(ApiClient.objects.filter(pk__in=wanted).values_list("pk", "name")) if wanted else {}


def webhooks(*, by: Actor) -> QuerySet[Webhook]:
    """The webhooks an actor looks after."""
    return webhooks_of(by)


def webhook(webhook_id: UUID, *, by: Actor) -> Webhook:
    """One of them. Raises :class:`NotFound`."""
    found = webhooks_of(by).select_related("client").filter(pk=webhook_id).first()
    if found is None:
        raise NotFound(what=msg("这个接收地址"))
    return found


def deliveries(webhook_id: UUID, *, by: Actor, since: datetime | None = None) -> QuerySet[Delivery]:
    """What was sent to a webhook, or is to be. Raises :class:`NotFound`."""
    found = webhook(webhook_id, by=by).deliveries.all()
    return found.filter(made_at__gte=since) if since else found


def uploads_in_use(file_ids: Iterable[UUID], but: UUID | None = None) -> set[UUID]:
    """Of some kept files those that a system handed in and may yet name in a case."""
    return set(Upload.objects.filter(file_id__in=list(file_ids)).values_list("file_id", flat=True))
