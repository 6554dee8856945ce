"""The draw, repeated: whether the record of each day leads to the same people again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from linli.domains.cases.draw import commitment, message, pick
from linli.domains.cases.models import (
    Draw,
    DrawDay,
)
from linli.kernel.actors import Actor
from linli.kernel.errors import NotFound
from linli.kernel.text import Message, msg


@dataclass(frozen=True, slots=True)
class DrawReplay:
    """One draw repeated: whether it gives the same person again, and if not, why."""

    draw: Draw
    same: bool
    why: Message | None = None


@dataclass(frozen=True, slots=True)
class DayReplay:
    """A day's draws repeated, with whether its seed is the one committed to beforehand."""

    day: date
    committed_at: datetime
    seed_matches: bool
    revealed: bool
    draws: list[DrawReplay]

    @property
    def ok(self) -> bool:
        return self.seed_matches and all(d.same for d in self.draws)


def replay_draws(draws: Iterable[Draw]) -> dict[UUID, DrawReplay]:
    """Some draws repeated, by their stage, with one query for the seeds of their days. The caller may see them."""
    wanted = list(draws)
    days = {row.day: row for row in DrawDay.objects.filter(day__in={d.day_id for d in wanted})}
    return {d.step_id: _replay(d, _seed(days[d.day_id]), days[d.day_id]) for d in wanted}


def _seed(row: DrawDay) -> bytes:
    return bytes(row.revealed_seed) if row.revealed_seed else bytes.fromhex(row.seed.open())


def replay_day(day: date) -> DayReplay | None:
    """Repeat every draw of a day from its seed; None if the day had no seed. Nobody's permission is needed to check a lot."""
    row = DrawDay.objects.filter(day=day).first()
    if row is None:
        return None
    seed = _seed(row)
    draws = [_replay(d, seed, row) for d in Draw.objects.filter(day_id=day).order_by("at").iterator(chunk_size=500)]
    return DayReplay(day, row.committed_at, commitment(day, seed) == bytes(row.commitment), row.revealed_at is not None, draws)


def _replay(d: Draw, seed: bytes, day: DrawDay) -> DrawReplay:
    if d.at < day.committed_at:
        return DrawReplay(d, False, msg("抽取早于种子公布"))
    if set(map(str, d.candidates)) & set(d.excluded):
        return DrawReplay(d, False, msg("候选人与排除名单重复"))
    again = pick(seed, message(d.case_id, d.stage, d.attempt), d.candidates) if d.candidates else None
    if again != d.chosen:
        return DrawReplay(d, False, msg("重算结果为 %(again)s，记录为 %(chosen)s", again=again, chosen=d.chosen))
    return DrawReplay(d, True)


def committed_line(day: DrawDay) -> dict[str, Any]:
    """What is published of a day before it: a digest that fixes its seed."""
    return {
        "what": "committed", "day": day.day.isoformat(), "commitment": bytes(day.commitment).hex(),
        "at": day.committed_at.isoformat(),
    }  # fmt: skip


def revealed_line(day: DrawDay) -> dict[str, Any]:
    """What is published of a day after it: the seed and every draw. People and cases appear by their ids only."""
    draws = [
        {
            "case": str(d.case_id), "stage": d.stage, "attempt": d.attempt, "candidates": [str(c) for c in d.candidates],
            "excluded": d.excluded, "chosen": str(d.chosen), "at": d.at.isoformat(),
        }
        for d in Draw.objects.filter(day_id=day.day).order_by("at", "pk").iterator(chunk_size=500)
    ]  # fmt: skip
    return {"what": "revealed", "day": day.day.isoformat(), "seed": bytes(day.revealed_seed or b"").hex(), "draws": draws}


def published_draws(day: date) -> list[dict[str, Any]]:
    """The public lines of one day: its commitment and, once the day is over, its seed with every draw; none without a seed."""
    row = DrawDay.objects.filter(day=day).first()
    if row is None:
        return []
    return [committed_line(row)] + ([revealed_line(row)] if row.revealed_seed else [])


def draws_of(*, days: Iterable[date]) -> QuerySet[Draw]:
    return Draw.objects.filter(day_id__in=list(days)).order_by("-at")


def draw_ledger(*, by: Actor) -> QuerySet[DrawDay]:
    """All days with a seed, newest first, for who may repeat draws."""
    by.must("draws.replay")
    return DrawDay.objects.order_by("-day")


def draws_on(day: date, *, by: Actor) -> QuerySet[Draw]:
    """The draws of a day for who may repeat them. Raises :class:`NotFound` if the day has no seed."""
    if not draw_ledger(by=by).filter(day=day).exists():
        raise NotFound(what=msg("这一天的抽取"))
    return Draw.objects.filter(day_id=day).order_by("at")


def draw_counts(days: Iterable[date]) -> dict[date, int]:
    """How many draws each of some days had, in one query."""
    return dict(Draw.objects.filter(day_id__in=list(days)).values_list("day_id").annotate(n=Count("pk")).order_by())


def draw_days(*, limit: int = 60) -> QuerySet[DrawDay]:
    """The newest days with a seed."""
    return DrawDay.objects.order_by("-day")[:limit]
