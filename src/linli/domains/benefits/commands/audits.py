"""Having a past scan reckoned again, whole or in part. What is asked and what it finds stands in the record of the scan."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from linli.domains.benefits.commands.runs import run_subject
from linli.domains.benefits.models import Run
from linli.domains.benefits.permissions import AUDIT, run_for
from linli.domains.benefits.queries.audits import ASKED, DONE, FAILED, reckon_again
from linli.domains.benefits.queries.results import RunNotDone
from linli.domains.benefits.runs import RunState
from linli.domains.trace.commands import once, record
from linli.domains.trace.queries import Event, events_of
from linli.kernel.actors import Actor
from linli.kernel.errors import LinliError
from linli.kernel.ids import uuid7
from linli.kernel.jobs import defer
from linli.kernel.text import noop

LONGEST_SEED = 200


class SampleWrong(LinliError):
    """So many cannot be drawn."""

    code = "benefits.sample_wrong"
    template = noop("抽取数量不能小于 0。")
    remedy = noop("请填每类抽多少个；填 0 表示全部复算。")


class SeedMissing(LinliError):
    """A draw without a seed cannot be repeated."""

    code = "benefits.seed_missing"
    template = noop("请填写抽取用的种子，最多 %(most)s 个字。")
    remedy = noop("种子写入留痕，别人用同样的种子能抽出同样的对象。")


@once
def ask_audit(*, run_id: UUID, size: int, seed: str, by: Actor, now: datetime) -> UUID:
    """Ask for a finished run to be reckoned again: ``size`` of each kind of subject drawn by ``seed``, or all with 0.

    Raises :class:`RunNotDone`, :class:`SampleWrong`, :class:`SeedMissing`.
    """
    found = run_for(run_id, by, AUDIT)
    if found.state != RunState.DONE:
        raise RunNotDone
    seed = seed.strip()
    if size < 0:
        raise SampleWrong(field="size")
    if size and not 0 < len(seed) <= LONGEST_SEED:
        raise SeedMissing(field="seed", most=LONGEST_SEED)
    audit_id = uuid7()
    record(ASKED, subject=run_subject(run_id), by=by, at=now, audit=audit_id, size=size, seed=seed if size else "")
    defer("benefits.perform_audit", run_id=str(run_id), audit_id=str(audit_id))
    return audit_id


def perform_audit(*, run_id: UUID, audit_id: UUID, by: Actor, now: datetime) -> None:
    """Do what was asked for and record what it found; a repetition after that does nothing."""
    if _told(run_id, audit_id, DONE).exists():
        return
    asked = _told(run_id, audit_id, ASKED).get().data
    found = reckon_again(Run.objects.get(pk=run_id), audit_id=audit_id, size=asked["size"], seed=asked["seed"])
    with transaction.atomic():
        record(
            DONE, subject=run_subject(run_id), by=by, at=now, audit=audit_id, checked=found.checked, differ=found.differ,
            named=[list(pair) for pair in found.named],
        )  # fmt: skip


@transaction.atomic
def fail_audit(*, run_id: UUID, audit_id: UUID, why: str, by: Actor, now: datetime) -> None:
    """It could not be done; its page says why."""
    if not _told(run_id, audit_id, DONE, FAILED).exists():
        record(FAILED, subject=run_subject(run_id), by=by, at=now, audit=audit_id, why=why)


def _told(run_id: UUID, audit_id: UUID, *acts: str) -> QuerySet[Event]:
    return events_of(run_id, acts=acts).filter(data__audit=str(audit_id))
