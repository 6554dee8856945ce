"""Who at a counter attends to a case that came in online: taken by opening it, seen by the others, left or run out.

It is no state of the case and changes nothing about it: only who may go on with it for the time being.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from linli.domains.cases.errors import BeingAttended
from linli.domains.cases.lifecycle import State
from linli.domains.cases.models import Case
from linli.domains.cases.moves import Work
from linli.kernel.actors import Channel

ATTENTION = timedelta(minutes=20)  # without anything done, as long as somebody may be away from the window


def is_waiting(case: Case) -> bool:
    """Whether a case lies in the queue of what came in online."""
    return case.state == State.SUBMITTED and case.channel == Channel.ONLINE


def attended_by(case: Case, *, now: datetime) -> UUID | None:
    """Who attends to a case now; None for anything that does not wait in the queue."""
    held = is_waiting(case) and case.attended_until is not None and case.attended_until > now
    return case.attended_by_id if held else None


def free_for(user_id: UUID, *, now: datetime) -> Q:
    """What somebody may take: nobody has it, they have it themselves, or whoever had it went away."""
    return Q(attended_by_id=None) | Q(attended_by_id=user_id) | Q(attended_until__lte=now)


def take(case_id: UUID, user_id: UUID, *, now: datetime) -> bool:
    """Take a waiting case, or go on with it; False if a colleague has it. Of two at the same moment one takes it."""
    waiting = Case.objects.filter(pk=case_id, state=State.SUBMITTED, channel=Channel.ONLINE)
    return bool(waiting.filter(free_for(user_id, now=now)).update(attended_by_id=user_id, attended_until=now + ATTENTION))


def must_be_mine(work: Work) -> None:
    """Who works on a case that came in online attends to it. Raises :class:`BeingAttended` while a colleague does."""
    case, by = work.case, work.by
    if by.user_id is None or by.resident_id or not is_waiting(case):
        return
    holder = attended_by(case, now=work.now)
    if holder not in (None, by.user_id):
        raise BeingAttended
    take(case.pk, by.user_id, now=work.now)
