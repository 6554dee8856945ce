"""Who admits systems, and what the systems themselves may do with their webhooks."""

from __future__ import annotations

from django.db.models import QuerySet

from linli.domains.clients.models import Webhook
from linli.domains.clients.rules import Scope
from linli.kernel.actors import Actor

MANAGE = "clients.manage"


def webhooks_of(by: Actor) -> QuerySet[Webhook]:
    """The webhooks an actor may look after: a system its own, whoever admits systems all."""
    if by.can(MANAGE):
        return Webhook.objects.all()
    if by.client_id is None or not by.can(Scope.WEBHOOKS.permission):
        return Webhook.objects.none()
    return Webhook.objects.filter(client_id=by.client_id)
