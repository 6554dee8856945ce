"""Reading demands: the counter that registered one, and the organisation that owns it."""

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
    """Demands of the actor's own counter, or owned where a supervisor answers for; newest first."""
    if not by.can("voice.register") and not by.can("cases.supervise"):
        return Demand.objects.none()
    seen = Q(hall_id=by.hall_id or by.org_id)
    if by.can("cases.supervise") and by.org_id:
        seen |= Q(owner_id__in=overseen_ids(by))
    return Demand.objects.filter(seen).select_related("owner").order_by("-registered_at", "-id")


def demand_for(demand_id: UUID, *, by: Actor) -> Demand:
    """One demand. Raises :class:`NotFound` where the list would not show it."""
    found = visible_demands(by).filter(pk=demand_id).first()
    if found is None:
        raise NotFound(what=msg("这件诉求"))
    return found
