"""Reading one line of a scan, and taking a list along: both leave a mark."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, time
from uuid import UUID

from django.db import transaction

from linli.domains.benefits.commands.due import open_due
from linli.domains.benefits.commands.runs import run_subject
from linli.domains.benefits.models import Grant
from linli.domains.benefits.permissions import AUDIT, PAY, RUN, run_for
from linli.domains.benefits.queries.grants import my_grants
from linli.domains.benefits.queries.results import Rerun, finished, rerun
from linli.domains.benefits.queries.scanned import Found, SubjectInRun, found_for, person_behind, subject_in_run
from linli.domains.people.commands import employer_subject, person_subject, view_numbers
from linli.domains.people.queries import Purpose, own_ids
from linli.domains.trace.commands import Subject, once, record
from linli.domains.trace.queries import events_of
from linli.kernel.actors import Actor
from linli.kernel.calendar import SHANGHAI, local_date
from linli.kernel.errors import Kind, LinliError, NotAllowed, NotFound
from linli.kernel.text import msg, noop

VIEWED = "people.viewed"
MOST_WHOLE = 1000  # numbers shown whole on one list; each is recorded with whom it belongs to


class PurposeMissing(LinliError):
    """Whole numbers are asked for without saying what for."""

    code = "benefits.purpose_missing"
    template = noop("请选择要完整证件号码做什么用。")
    remedy = noop("不需要完整号码的，选“不带证件号码”。")


class TooManyWhole(LinliError):
    """A list is too long to be taken along with whole numbers."""

    code = "benefits.too_many_whole"
    kind = Kind.CONFLICT
    template = noop("名单有 %(number)s 人，带完整证件号码的最多 %(most)s 人。")
    remedy = noop("请导出不带证件号码的名单，需要时再逐个查看。")


def open_in_run(*, run_id: UUID, subject_id: UUID, by: Actor, now: datetime) -> SubjectInRun:
    """One subject of a run with every reason; the look is recorded with whom it is about, once a day."""
    seen = subject_in_run(run_id, subject_id, by=by)
    _note(seen.subject, subject_id, run_id, by, now)
    return seen


def audit_in_run(*, run_id: UUID, subject_id: UUID, by: Actor, now: datetime) -> Rerun:
    """One subject of a run reckoned again, by :func:`rerun`; the look is recorded with whom it is about, once a day."""
    again = rerun(run_id, subject_id, by=by)
    _note(again.subject, subject_id, run_id, by, now)
    return again


@transaction.atomic
def _note(subject: str, subject_id: UUID, run_id: UUID, by: Actor, now: datetime) -> None:
    owner = person_behind(subject, subject_id)
    if owner is None:
        return
    midnight = datetime.combine(local_date(now), time.min, SHANGHAI)
    if not events_of(owner, acts=(VIEWED,)).filter(user_id=by.user_id, at__gte=midnight, data__benefit_run=str(run_id)).exists():
        chain = employer_subject(owner) if subject == "employer" else person_subject(owner)
        record(VIEWED, subject=chain, by=by, at=now, benefit_run=run_id)


def open_grant(*, grant_id: UUID, by: Actor, now: datetime) -> tuple[Grant, Found]:
    """Why somebody is granted something, for whoever receives it or may read for them; reading for others is recorded with them.

    Raises :class:`NotFound`, :class:`SnapshotChanged`.
    """
    grant = my_grants(by=by, on=local_date(now)).filter(pk=grant_id).first()
    if grant is None or by.resident_id is None:
        raise NotFound(what=msg("这笔待遇"))
    if grant.payee_id not in own_ids(by.resident_id):
        open_due(party_id=grant.payee_id, by=by, now=now)
    return grant, found_for(grant)


@once
def export_list(
    *, run_id: UUID, policy: str, kind: str, lines: int, purpose: Purpose | None = None, by: Actor, now: datetime
) -> None:
    """Record that a list was taken along, and for what purpose if with whole numbers. Raises :class:`TooManyWhole`."""
    run_for(run_id, by, RUN, AUDIT)
    finished(run_id, by, policy)
    if purpose is not None:
        by.must(RUN)
        if lines > MOST_WHOLE:
            raise TooManyWhole(number=lines, most=MOST_WHOLE)
    record(
        "benefits.list_exported", subject=run_subject(run_id), by=by, at=now, policy=policy, kind=kind, lines=lines, purpose=purpose
    )


@once
def export_ledger(*, filters: Mapping[str, str], lines: int, by: Actor, now: datetime) -> None:
    """Record that the ledger was taken along, and which part of it."""
    if not (by.can(PAY) or by.can(AUDIT)):
        raise NotAllowed(permission=PAY)
    record("benefits.ledger_exported", subject=Subject("user", by.person_id), by=by, at=now, filters=dict(filters), lines=lines)


def whole_numbers(*, person_ids: Collection[UUID], purpose: Purpose | None, by: Actor, now: datetime) -> dict[UUID, str]:
    """The whole numbers of the people on a list; each is recorded with its owner. Raises :class:`PurposeMissing`, :class:`TooManyWhole`."""
    by.must(RUN)
    if purpose is None:
        raise PurposeMissing(field="purpose")
    if len(person_ids) > MOST_WHOLE:
        raise TooManyWhole(number=len(person_ids), most=MOST_WHOLE)
    return view_numbers(person_ids=person_ids, purpose=purpose, by=by, now=now)
