"""Reading demands: the counter that registered one, and whoever answers for that counter or for the owner."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet

from linli.domains.org.queries import overseen_ids
from linli.domains.voice.models import Demand
from linli.kernel.actors import Actor
from linli.kernel.errors import NotFound
from linli.kernel.text import msg

__all__ = ["Demand", "demand_for", "visible_demands"]


def visible_demands(by: Actor) -> QuerySet[Demand]:
    """For who registers those of their own counter; for who reads, all that was registered or is owned where they answer for.
    Newest first."""
    if by.can("voice.read"):
        places = overseen_ids(by)
        seen = Q(hall_id__in=places) | Q(owner_id__in=places)
    elif by.can("voice.register"):
        seen = Q(hall_id=by.hall_id or by.org_id)
    else:
        return Demand.objects.none()
    return Demand.objects.filter(seen).select_related("owner").order_by("-registered_at", "-id")


def demand_for(demand_id: UUID, *, by: Actor) -> Demand:
    """One demand. Raises :class:`NotFound` where the list would not show it."""
    found = visible_demands(by).filter(pk=demand_id).first()
    if found is None:
        raise NotFound(what=msg("这件诉求"))
    return found
