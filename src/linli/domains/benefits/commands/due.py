"""Reading what somebody is due: of others it leaves a mark where they can see it."""

from __future__ import annotations

from datetime import datetime, time
from uuid import UUID

from django.db import transaction

from linli.domains.benefits.queries.due import Reader, reader_of
from linli.domains.people.commands import employer_subject, person_subject
from linli.domains.trace.commands import record
from linli.domains.trace.queries import events_of
from linli.kernel.actors import Actor
from linli.kernel.calendar import SHANGHAI, local_date

VIEWED = "people.viewed"


@transaction.atomic
def open_due(*, party_id: UUID, by: Actor, now: datetime) -> Reader:
    """Whose benefits are about to be read. One who reads for somebody else is recorded with them, once a day. Raises :class:`NotFound`."""
    reader = reader_of(party_id, by=by, on=local_date(now))
    if party_id != by.resident_id:
        midnight = datetime.combine(local_date(now), time.min, SHANGHAI)
        looks = events_of(party_id, acts=(VIEWED,)).filter(user_id=by.user_id, at__gte=midnight, data__due=True)
        if not looks.exists():
            subject = employer_subject(party_id) if reader.party.is_employer else person_subject(party_id)
            record(VIEWED, subject=subject, by=by, at=now, due=True)
    return reader
