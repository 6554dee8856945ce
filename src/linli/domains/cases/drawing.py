"""Drawing people for stages: committing to seeds, finding candidates, keeping the load limit, recording what is needed to repeat."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import date, datetime
from threading import Lock
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from linli.domains.cases.draw import SEED_BYTES, Exclusion, commitment, message, pick
from linli.domains.cases.errors import SeedMissing
from linli.domains.cases.models import Case, Draw, DrawDay, Step
from linli.domains.catalog.queries import get_standard
from linli.domains.org.queries import Candidate, Duty, Power, candidates
from linli.domains.people.queries import party_indexes
from linli.domains.trace.commands import Subject, record
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date

# The chain in which commitments and revelations are recorded, so that the daily root fixes them too.
DRAWS_CHAIN = UUID("0190f0a0-0000-7000-8000-000000000003")

_seeds: dict[tuple[str, date], bytes] = {}
_lock = Lock()


def commit_seeds(days: Iterable[date], *, by: Actor, now: datetime) -> list[DrawDay]:
    """Make and commit to the seeds of days that have none yet; each commitment is recorded."""
    made = []
    with transaction.atomic():
        for day in days:
            seed = os.urandom(SEED_BYTES)
            row, fresh = DrawDay.objects.get_or_create(
                day=day, defaults={"commitment": commitment(day, seed), "seed": seed.hex(), "committed_at": now}
            )
            if fresh:
                made.append(row)
                record(
                    "cases.seed_committed", subject=Subject("draws", DRAWS_CHAIN), by=by, at=now, day=day,
                    commitment=bytes(row.commitment),
                )  # fmt: skip
    return made


def reveal_seeds(*, before: date, by: Actor, now: datetime) -> list[DrawDay]:
    """Reveal the seeds of days that are over."""
    with transaction.atomic():
        rows = list(DrawDay.objects.select_for_update().filter(day__lt=before, revealed_at=None).order_by("day"))
        for row in rows:
            row.revealed_at, row.revealed_seed = now, bytes.fromhex(row.seed.open())
            row.save(update_fields=["revealed_at", "revealed_seed"])
            record(
                "cases.seed_revealed", subject=Subject("draws", DRAWS_CHAIN), by=by, at=now, day=row.day,
                seed=bytes(row.revealed_seed),
            )  # fmt: skip
    return rows


def seed_of(day: date) -> bytes:
    """The seed of a day, which never changes once committed to. Raises :class:`SeedMissing`."""
    key = (connection.settings_dict["NAME"], day)
    kept = _seeds.get(key)
    if kept is None:
        row = DrawDay.objects.filter(day=day).first()
        if row is None:
            raise SeedMissing(day=day)
        kept = bytes.fromhex(row.seed.open())
        with _lock:
            if len(_seeds) > 64:
                _seeds.clear()
            _seeds[key] = kept
    return kept


def draw_for(step: Step, case: Case, *, others: Iterable[Step], now: datetime, giving_back: UUID | None = None) -> Draw | None:
    """Settle by lot whose a waiting stage is; None if nobody is free, and the stage goes on waiting.

    ``giving_back`` is whose place a finished stage frees in the same transaction.

    ``others`` are the other steps of the case. Left out are who accepted or worked on the case, who was released from
    this stage, who is absent, recused or a party, and who has as many open stages as the limit allows. The limit is kept
    by a conditional update, so two draws at once cannot both give somebody their last place.
    """
    day = local_date(now)
    seed = seed_of(day)
    orgs, excluded = qualified(step, case, others=others, on=day)
    limit = settings.ENV.reviewer_load
    free = [user for user in orgs if user not in excluded]
    about = message(case.pk, step.ordinal, step.attempt)
    while free:
        chosen = pick(seed, about, free)
        if _take_place(chosen, limit, giving_back):
            break
        giving_back = None
        free.remove(chosen)
        excluded[chosen] = Exclusion.FULL
    else:
        give_back_place(giving_back)
        return None
    step.user_id, step.org_id, step.state, step.opened_at = chosen, orgs[chosen], "open", now
    return Draw(
        step=step, case_id=case.pk, day_id=day, stage=step.ordinal, attempt=step.attempt, candidates=sorted(free),
        excluded={str(k): v for k, v in sorted(excluded.items())}, chosen=chosen, at=now,
    )  # fmt: skip


def suited(case: Case, duty: Duty, power: Power, *, on: date) -> list[Candidate]:
    """Everybody who could do a step of a case on a day, with who of them is away, recused or a party."""
    people = [p for p in (None if case.applicant_is_employer else case.applicant_id, case.agent_id) if p]
    return candidates(
        item_code=case.item_code, domain=get_standard(case.standard_id).domain, duty=duty, power=power, region=case.region,
        parties=[p for p in (case.applicant_id, case.agent_id) if p], party_indexes=party_indexes(people), on=on,
    )  # fmt: skip


def qualified(step: Step, case: Case, *, others: Iterable[Step], on: date) -> tuple[dict[UUID, UUID], dict[UUID, str]]:
    """Who is qualified for a stage on a day, with their organisation, in order of id; and who of them is left out, with why."""
    limit = settings.ENV.reviewer_load
    full = connection.cursor()
    full.execute("SELECT user_id FROM cases_load WHERE open >= %s", [limit])  # the answer is read below
    found = suited(case, Duty(step.duty), Power.DECIDE if step.kind == "decide" else Power.REVIEW, on=on)
    worked: dict[UUID, Exclusion] = {}
    for other in others:
        if other.user_id is None:
            continue
        if other.state == "released":
            if other.ordinal == step.ordinal:
                worked[other.user_id] = Exclusion.RELEASED
        else:
            worked[other.user_id] = Exclusion.ACCEPTED if other.kind == "accept" else Exclusion.WORKED
    with full:
        busy = {user for (user,) in full.fetchall()}
    excluded: dict[UUID, str] = {}
    for c in found:
        why = worked.get(c.user_id) or c.why_not or (Exclusion.FULL if c.user_id in busy else "")
        if why:
            excluded[c.user_id] = str(why)
    return {c.user_id: c.org_id for c in found}, excluded


# The rows are locked in order of id, so that crossing draws wait for each other and do not clash.
_TAKE = """
    WITH held AS (SELECT user_id, open FROM cases_load WHERE user_id = ANY(%(both)s) ORDER BY user_id FOR UPDATE)
    UPDATE cases_load l
       SET open = CASE WHEN l.user_id <> %(taking)s THEN greatest(held.open - 1, 0)
                       WHEN held.open < %(limit)s THEN held.open + 1
                       ELSE held.open END
      FROM held WHERE held.user_id = l.user_id
 RETURNING l.user_id, l.open > held.open
"""


def _take_place(taking: UUID, limit: int, giving_back: UUID | None) -> bool:
    """Take a place if there is one under the limit, and free another, at once."""
    values: dict[str, Any] = {"taking": taking, "both": [p for p in (taking, giving_back) if p], "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, values)
        done = dict(cursor.fetchall())
        if taking not in done:
            # The first draw ever for somebody: the row is made, by whoever comes first, and then taken from.
            cursor.execute("INSERT INTO cases_load (user_id, open) VALUES (%s, 0) ON CONFLICT DO NOTHING", [taking])
            cursor.execute(_TAKE, values | {"both": [taking]})
            done = dict(cursor.fetchall())
    return bool(done[taking])


def give_back_place(user_id: UUID | None) -> None:
    """Somebody's stage is done or was taken from them."""
    if user_id is not None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE cases_load SET open = greatest(open - 1, 0) WHERE user_id = %s", [user_id])
