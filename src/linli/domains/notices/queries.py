"""Reading messages and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from linli.domains.notices.adapters.post_office import CONTEXT
from linli.domains.notices.models import Posted
from linli.domains.notices.rules import DeliveryState, Way
from linli.kernel.errors import NotFound
from linli.kernel.fields import blind
from linli.kernel.text import msg

__all__ = ["DeliveryState", "Letter", "Way", "letters", "posted"]


@dataclass(frozen=True, slots=True)
class Letter:
    """Something a demonstration would have sent."""

    id: UUID
    way: Way
    address: str
    content: Mapping[str, str]
    at: datetime


def posted(*, address: str = "") -> QuerySet[Posted]:
    """What the post office of a demonstration keeps, newest first; to one address if given. A real installation has none."""
    if not settings.ENV.demonstration:
        raise NotFound(what=msg("演示邮局"))
    kept = Posted.objects.order_by("-at", "-delivery_id")
    return kept.filter(address_index=blind(address, context=CONTEXT)) if address else kept


def letters(rows: QuerySet[Posted] | list[Posted]) -> list[Letter]:
    """The same, opened."""
    return [Letter(p.delivery_id, Way(p.way), p.address.open(), p.content.open_json(), p.at) for p in rows]
