"""How somebody wants to be told, kept once however many rows they have."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from linli.domains.notices.models import Preference
from linli.domains.notices.rules import DEFAULT_WAYS
from linli.domains.people.queries import own_ids, own_ids_of


def preference_of(party_id: UUID) -> Preference | None:
    """The newest that a person set, also before it was shown who they are; of an employer there is at most one."""
    return Preference.objects.filter(pk__in=own_ids(party_id)).order_by("-changed_at").first()


def preferences_of(party_ids: Collection[UUID]) -> dict[UUID, Preference]:
    """The same of many, in two queries."""
    owners = own_ids_of(party_ids)
    found: dict[UUID, Preference] = {}
    for chosen in Preference.objects.filter(pk__one_of=owners).order_by("changed_at"):
        found[owners[chosen.pk]] = chosen
    return found


def keep(party_id: UUID, *, now: datetime, **changes: Any) -> None:
    """Change some of it; what was never chosen is as it is for everybody."""
    before = preference_of(party_id)
    kept: dict[str, Any] = {"ways": list(DEFAULT_WAYS), "english": False, "plain": False}
    if before:
        kept = {
            "ways": before.ways, "english": before.english, "plain": before.plain, "email": before.email.open() if before.email else None,
            "wechat": before.wechat.open() if before.wechat else None,
        }  # fmt: skip
    Preference.objects.update_or_create(party_id=party_id, defaults=kept | changes | {"changed_at": now})
