"""Who may read what somebody was told, and who looks after the ways out."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from linli.domains.people.queries import may_act_for, own_ids, principals
from linli.kernel.actors import Actor

MANAGE = "notices.manage"
READ = "read"  # the scope of a mandate


def may_read(by: Actor, party_id: UUID, *, on: date) -> bool:
    """The person themselves, and whoever holds a mandate to read for them."""
    return by.resident_id is not None and may_act_for(by.resident_id, party_id, scope=READ, on=on)


def readable_parties(by: Actor, *, on: date) -> list[UUID]:
    """All whose messages an actor reads, themselves first, also under what they were before it was shown who they are."""
    if by.resident_id is None:
        return []
    return [*own_ids(by.resident_id), *(p.id for p in principals(by.resident_id, scope=READ, on=on))]
