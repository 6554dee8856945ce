"""Taking up what came in online, and leaving it to somebody else."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from linli.domains.cases.attention import free_for, take
from linli.domains.cases.errors import BeingAttended
from linli.domains.cases.models import Case
from linli.domains.cases.permissions import RECEIVE
from linli.domains.cases.queries.online import online_waiting
from linli.kernel.actors import Actor
from linli.kernel.errors import NotFound
from linli.kernel.text import msg

_TRIES = 20


def attend(*, case_id: UUID, by: Actor, now: datetime) -> None:
    """Take up a case that came in online, so that colleagues see whose it is. Raises :class:`BeingAttended`."""
    by.must(RECEIVE)
    if by.user_id is None or not online_waiting(by=by).filter(pk=case_id).exists():
        raise NotFound(what=msg("这件网上收件"))
    if not take(case_id, by.user_id, now=now):
        raise BeingAttended


def attend_next(*, after: UUID | None = None, by: Actor, now: datetime) -> UUID | None:
    """Take up the oldest case that nobody attends to, or the one behind that which is open; None if there is none left.

    Two who ask at the same moment get two cases.
    """
    by.must(RECEIVE)
    if by.user_id is None:
        return None
    free = online_waiting(by=by).filter(free_for(by.user_id, now=now))
    free = free.exclude(pk=after) if after else free
    here = Case.objects.filter(pk=after).values_list("received_at", flat=True).first() if after else None
    behind = list(free.filter(received_at__gte=here).values_list("pk", flat=True)[:_TRIES]) if here else []
    rest = [pk for pk in free.values_list("pk", flat=True)[:_TRIES] if pk not in behind]
    return next((pk for pk in behind + rest if take(pk, by.user_id, now=now)), None)


def leave(*, case_id: UUID, by: Actor, now: datetime) -> None:
    """Leave a case to whoever takes it up next; nothing happens where a colleague has it."""
    by.must(RECEIVE)
    online_waiting(by=by).filter(pk=case_id, attended_by_id=by.user_id).update(attended_by_id=None, attended_until=None)


__all__ = ["attend", "attend_next", "leave"]
