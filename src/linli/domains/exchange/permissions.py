"""Who may look at the exchange, and who may change how it is connected."""

from __future__ import annotations

from django.db.models import QuerySet

from linli.domains.exchange.models import Question
from linli.domains.org.queries import overseen_ids
from linli.kernel.actors import Actor

VIEW, MANAGE, CASES = "exchange.view", "exchange.manage", "cases.supervise"


def seen_questions(by: Actor) -> QuerySet[Question]:
    """The questions of cases the actor supervises: those taken in where they answer for. Who only keeps machines sees none."""
    by.must(VIEW)
    if not by.can(CASES) or by.org_id is None:
        return Question.objects.none()
    return Question.objects.filter(hall_id__in=overseen_ids(by))
