"""Entering what moves money into the ledger, many at once, in the transaction of the change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from linli.domains.benefits.granting import POSTS, EntryKind, granting_of

_SIDES = ", ".join(f"('{kind}', '{debit}', 1), ('{kind}', '{credit}', -1)" for kind, (debit, credit) in POSTS.items())
ENTERED = f"""
    numbered AS MATERIALIZED (SELECT gen_random_uuid() AS id, kind, source_id, fen, region FROM moved),
    entered AS (
        INSERT INTO benefits_ledger_entry (id, kind, source_id, region, "on", at, by_id)
        SELECT id, kind, source_id, region, %(on)s, %(at)s, %(by)s FROM numbered
    ), sides AS (
        INSERT INTO benefits_ledger_line (entry_id, book, fund, policy, fen)
        SELECT numbered.id, side.book, %(fund)s, %(policy)s, side.sign * numbered.fen
          FROM numbered JOIN (VALUES {_SIDES}) AS side(kind, book, sign) USING (kind)
    )
"""
"""Enters what another part of the same statement calls ``moved`` (kind, source_id, fen, region); its values: :func:`terms`.

Nothing is joined with what was just written: of that the planner knows nothing."""
_ENTER = f"""
    WITH moved AS (
        SELECT %(kind)s::text AS kind, * FROM unnest(%(ids)s::uuid[], %(fens)s::bigint[], %(regions)s::text[]) AS s(source_id, fen, region)
    ), {ENTERED} SELECT 1
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
    given = {
        "kind": kind.value,
        "ids": [m.source_id for m in amounts],
        "fens": [m.fen for m in amounts],
        "regions": [m.region for m in amounts],
    }
    with connection.cursor() as cursor:
        cursor.execute(_ENTER, {**given, **terms(policy, on=on, at=at, by_id=by_id)})


def terms(policy: str, *, on: date, at: datetime, by_id: UUID | None) -> dict[str, Any]:
    """What :data:`ENTERED` is given."""
    return {"on": on, "at": at, "by": by_id, "fund": granting_of(policy).fund, "policy": policy}
