"""What is known of somebody on a day: a fact whose source was not heard for too long counts as unknown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from linli.domains.benefits.facts import vocabulary
from linli.domains.benefits.models import FACTS, HireFacts, seen


def facts_of(subject: str, subject_id: UUID, *, on: date) -> dict[str, Any]:
    """The known facts of a subject by name, as the engine keeps them; unknown and stale ones are missing. One query.

    The caller has made sure that its reader may know them.
    """
    row = FACTS[subject].objects.filter(pk=subject_id).first()
    return {} if row is None else fresh(row, subject, on)


@dataclass(frozen=True, slots=True)
class Hire:
    """Somebody taken on by an employer, and what is known of it."""

    id: UUID
    person_id: UUID
    region: str
    facts: dict[str, Any]


def hires_of(employer_id: UUID, *, on: date, after: UUID | None = None, size: int = 100) -> list[Hire]:
    """The hires of an employer, by id; from the one after ``after``. One query. The caller has made sure that its reader acts for the
    employer."""
    rows = HireFacts.objects.filter(employer_id=employer_id).order_by("subject_id")
    if after:
        rows = rows.filter(subject_id__gt=after)
    return [Hire(r.subject_id, r.person_id, r.region, fresh(r, "hire", on)) for r in rows[:size]]


def seen_of(subject: str, subject_id: UUID) -> dict[str, date | None]:
    """When each source was last heard about a subject. One query."""
    row = FACTS[subject].objects.filter(pk=subject_id).first()
    sources: Iterable[str] = {f.source.name for f in vocabulary()[subject].values()}
    return {source: getattr(row, seen(source), None) for source in sources}


def fresh(row: Any, subject: str, on: date) -> dict[str, Any]:
    """What a row of facts knows on a day; for this room only."""
    told = row.told or {}
    known = {}
    for name, fact in vocabulary()[subject].items():
        value = getattr(row, name)
        since = date.fromisoformat(told[name]) if name in told else getattr(row, seen(fact.source.name))
        if value is not None and since is not None and since >= fact.source.fresh_from(on):
            known[name] = value
    return known
