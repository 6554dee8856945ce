"""What cases ended in, for rooms above that build on it and show it to nobody."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from linli.domains.cases.lifecycle import State
from linli.domains.cases.models import Case


@dataclass(frozen=True, slots=True)
class Ended:
    """A closed case that gave what was asked for: of which item, for whom, decided when."""

    case_id: UUID
    item_code: str
    applicant_id: UUID
    is_employer: bool
    decided_at: datetime


_GRANTED = {"state": State.CLOSED, "approved": True}


def ended(case_id: UUID) -> Ended | None:
    """A case, if it is closed and gave what was asked for. One query."""
    row = Case.objects.filter(pk=case_id, **_GRANTED).first()
    return None if row is None or row.decided_at is None else _ended(row)


def ended_since(moment: datetime, *, items: Collection[str], after: UUID | None = None, size: int = 500) -> list[Ended]:
    """Closed cases of some items decided since a moment, in the order of their ids. One query."""
    rows = Case.objects.filter(item_code__in=list(items), decided_at__gte=moment, **_GRANTED).order_by("pk")
    return [_ended(row) for row in (rows.filter(pk__gt=after) if after else rows)[:size]]


def _ended(row: Case) -> Ended:
    assert row.decided_at is not None
    return Ended(row.pk, row.item_code, row.applicant_id, row.applicant_is_employer, row.decided_at)
