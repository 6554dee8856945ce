"""Entering what moves money into the ledger, many at once, in the transaction of the change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from linli.domains.benefits.granting import POSTS, EntryKind, granting_of

_ENTER = """
    WITH said AS (SELECT * FROM unnest(%(ids)s::uuid[], %(fens)s::bigint[], %(regions)s::text[]) AS s(source_id, fen, region)),
    entered AS (
        INSERT INTO benefits_ledger_entry (kind, source_id, region, "on", at, by_id)
        SELECT %(kind)s, source_id, region, %(on)s, %(at)s, %(by)s FROM said ORDER BY source_id RETURNING id, source_id
    )
    INSERT INTO benefits_ledger_line (entry_id, book, fund, policy, fen)
    SELECT entered.id, side.book, %(fund)s, %(policy)s, side.sign * said.fen
      FROM entered JOIN said USING (source_id) CROSS JOIN (VALUES (%(debit)s::text, 1), (%(credit)s::text, -1)) AS side(book, sign)
"""


class Moved(NamedTuple):
    """What moved money: a grant, a payment, a claw-back; how much (fen), and the region it is of."""

    source_id: UUID
    fen: int
    region: str


def enter(kind: EntryKind, policy: str, amounts: Sequence[Moved], *, on: date, at: datetime, by_id: UUID | None) -> None:
    """Enter amounts by their source. A source that was entered before is an error."""
    if not amounts:
        return
    debit, credit = POSTS[kind]
    with connection.cursor() as cursor:
        cursor.execute(
            _ENTER,
            {
                "ids": [m.source_id for m in amounts], "fens": [m.fen for m in amounts], "regions": [m.region for m in amounts],
                "kind": kind.value, "on": on, "at": at, "by": by_id, "fund": granting_of(policy).fund, "policy": policy,
                "debit": debit.value, "credit": credit.value,
            },
        )  # fmt: skip
