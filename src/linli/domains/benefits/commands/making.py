"""Making a list of grants out of a finished run: asked for by an officer, done by a job in batches, each a transaction of its own.

The list says how far the job has come, in the transaction of each batch: a job that is killed goes on there, and of two that work at once
one finds the batch taken. Until all of it is there nobody is on the list, and nobody can agree to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from linli.domains.benefits import scans
from linli.domains.benefits.commands.lists import list_subject, void_withdrawn
from linli.domains.benefits.commands.steps import interrupted, locked
from linli.domains.benefits.definitions import policy_of
from linli.domains.benefits.granting import How, ListState, granting_of
from linli.domains.benefits.models import Grant, GrantList
from linli.domains.benefits.permissions import RUN, must_serve, run_for
from linli.domains.benefits.queries.grants import list_for
from linli.domains.benefits.queries.results import CHANGES, RunNotDone, folder_of, frozen
from linli.domains.benefits.runs import RunState, shortest, within
from linli.domains.trace.commands import once, record
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.errors import Kind, LinliError, NotFound
from linli.kernel.ids import uuid7
from linli.kernel.jobs import defer
from linli.kernel.text import msg, noop

_BATCH = 5_000
_MEMORY = "96MB"  # of the engine that reads the run
_NOBODY = UUID(int=0)


class NotGranted(LinliError):
    """A policy that pays nobody by a scan alone."""

    code = "benefits.not_granted"
    kind = Kind.CONFLICT
    template = noop("政策“%(policy)s”不能凭比对直接编制发放名单：%(why)s")
    remedy = noop("请选其他政策；要办这一项的，按它的事项办理。")


class RunAhead(LinliError):
    """A run as of a day to come: what the facts of that day are nobody knows yet."""

    code = "benefits.run_ahead"
    kind = Kind.CONFLICT
    template = noop("比对日期 %(on)s 还没有到，只能看，不能编制发放名单。")
    remedy = noop("请到那一天重新比对，用当天的信息编制。")


class ListThere(LinliError):
    """The same run has a list of this policy for this place already."""

    code = "benefits.list_there"
    kind = Kind.CONFLICT
    template = noop("这次比对已经有这项政策在该地区的名单。")
    remedy = noop("请打开已有的名单；要重新编制的，先撤回它。")


class ListNotFailed(LinliError):
    """Only what came to nothing is tried again."""

    code = "benefits.list_not_failed"
    kind = Kind.CONFLICT
    template = noop("这份名单的编制没有中断，不用重做。")
    remedy = noop("请刷新页面看它现在的状态。")


class Interrupted(LinliError):
    """Something nobody foresaw: the log of the server says what."""

    code = "benefits.list_interrupted"
    kind = Kind.UNAVAILABLE
    template = noop("编制意外中断。")
    remedy = noop("已经编好的部分都在，请点“继续编制”；还是不行的，请联系系统管理员查看后台日志。")


@once
def make_list(*, run_id: UUID, policy: str, region: str = "", by: Actor, now: datetime) -> UUID:
    """Ask for a list of everybody who is entitled in a region by a finished run; a job makes it (:func:`fill_list`).

    Raises :class:`NotGranted`, :class:`ListThere`, :class:`RunNotDone`, :class:`RunAhead`.
    """
    by.must(RUN)
    run = run_for(run_id, by, RUN)
    rule, terms, place = policy_of(policy), granting_of(policy), region or run.region
    if terms.how is How.NONE:
        raise NotGranted(field="policy", policy=rule.name, why=terms.why)
    if policy not in run.policies or not within(place, run.region):
        raise NotFound(what=msg("这项政策在这次比对中的结果"))
    must_serve(by, place)
    if run.state != RunState.DONE:
        raise RunNotDone
    if run.on > local_date(now):
        raise RunAhead(on=run.on)
    made = GrantList(
        pk=uuid7(), run=run, policy=policy, region=place, period=rule.every.period(run.on), made_by_id=by.person_id, made_at=now
    )
    # Who asks for the same list at the same moment is waited for here.
    GrantList.objects.bulk_create([made], ignore_conflicts=True)
    if not GrantList.objects.filter(pk=made.pk).exists():
        raise ListThere
    record(
        "benefits.list_asked", subject=list_subject(made.pk), by=by, at=now, new=True, run=run.pk, policy=policy, region=place,
        period=made.period,
    )  # fmt: skip
    defer("benefits.fill_list", list_id=str(made.pk))
    return made.pk


@once
def remake_list(*, list_id: UUID, by: Actor, now: datetime) -> None:
    """Go on with a list that came to nothing, from where it stopped. Raises :class:`ListNotFailed`."""
    by.must(RUN)
    row = list_for(GrantList.objects.select_for_update(of=("self",)), list_id, by)
    if row.state != ListState.FAILED:
        raise ListNotFailed
    row.state, row.error = ListState.MAKING, ""
    row.save(update_fields=["state", "error"])
    record("benefits.list_repeated", subject=list_subject(row.pk), by=by, at=now)
    defer("benefits.fill_list", list_id=str(row.pk))


def fill_list(*, list_id: UUID, size: int = _BATCH, by: Actor, now: datetime) -> None:
    """Make the grants of a list that was asked for; who has one for the period is left out and counted.

    Safe to break off, repeat and run twice at once. Raises :class:`SnapshotChanged`.
    """
    row: GrantList | None = GrantList.objects.select_related("run").get(pk=list_id)
    assert row
    # Who was on a list that was taken back can be on this one.
    for old in GrantList.objects.filter(policy=row.policy, period=row.period, state=ListState.WITHDRAWN).order_by("id"):
        while void_withdrawn(list_id=old.pk):
            pass
    run, kind, place = row.run, policy_of(row.policy).subject, shortest(row.region)
    file = frozen(run, CHANGES, kind)
    with scans.engine(folder_of(run.pk), memory=_MEMORY, threads=1) as engine:
        row = _begin(list_id, scans.number_entitled(engine, file, row.policy, place))
        while row:
            some = scans.entitled_after(engine, file, row.policy, place, str(row.after or _NOBODY), size)
            row = _take(row, kind, some) if some else _finish(row, by=by, now=now)


@transaction.atomic
def _begin(list_id: UUID, total: int) -> GrantList | None:
    """The list, if it still is to be made."""
    row = locked(GrantList, list_id)
    if row.state not in (ListState.MAKING, ListState.FAILED):
        return None
    row.state, row.error, row.total = ListState.MAKING, "", total
    row.save(update_fields=["state", "error", "total"])
    return row


_INTO = """
    WITH entitled AS (
        SELECT e.subject_id, e.region, e.fen, {payee} AS payee_id
          FROM unnest(%(ids)s::uuid[], %(places)s::text[], %(fens)s::bigint[]) AS e(subject_id, region, fen) {hire}
    ), made AS (
        INSERT INTO benefits_grant (list_id, run_id, number, policy, period, subject_kind, subject_id, payee_id, payee_is_employer, region,
                                    amount_fen, state, case_problem)
        SELECT %(list)s, %(run)s,
               row_number() OVER (ORDER BY e.subject_id) + (SELECT coalesce(max(number), 0) FROM benefits_grant WHERE list_id = %(list)s),
               %(policy)s::text, %(period)s::text, %(kind)s::text, e.subject_id, e.payee_id, %(kind)s::text <> 'person', e.region, e.fen,
               'listed', ''
          FROM entitled e
         WHERE e.fen > 0 AND e.payee_id IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM benefits_grant g
                            WHERE g.policy = %(policy)s::text AND g.subject_id = e.subject_id AND g.period = %(period)s::text AND g.state <> 'void')
         ORDER BY e.subject_id
            ON CONFLICT (policy, subject_id, period) WHERE state <> 'void' DO NOTHING
        RETURNING amount_fen
    )
    SELECT (SELECT count(*) FROM made), (SELECT coalesce(sum(amount_fen), 0)::bigint FROM made),
           count(*) FILTER (WHERE fen IS NULL OR fen <= 0), count(*) FILTER (WHERE fen > 0 AND payee_id IS NULL)
      FROM entitled
"""


@transaction.atomic
def _take(was: GrantList, kind: str, some: Sequence[tuple[str, str, int | None]]) -> GrantList | None:
    """The grants of some of the entitled; nothing where somebody else was quicker. Gives the list as it is then, if more is to do."""
    row = locked(GrantList, was.pk)
    if row.state != ListState.MAKING or row.after != was.after:
        return row if row.state == ListState.MAKING else None
    ids, places, amounts = zip(*some, strict=True)
    given: dict[str, Any] = {
        "ids": list(ids), "places": list(places), "fens": list(amounts), "list": row.pk, "run": row.run_id, "policy": row.policy,
        "period": row.period, "kind": kind,
    }  # fmt: skip
    of_hire = kind == "hire"
    sql = _INTO.format(
        payee="h.employer_id" if of_hire else "e.subject_id",
        hire="LEFT JOIN benefits_hire_facts h ON h.subject_id = e.subject_id" if of_hire else "",
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        grants, fen, nothing, unknown = cursor.fetchone()
    found = {"grants": grants, "fen": fen, "had": len(some) - grants - nothing - unknown, "nothing": nothing, "unknown": unknown}
    row.counts = {name: row.counts.get(name, 0) + number for name, number in found.items()}
    row.after, row.done = UUID(ids[-1]), row.done + len(some)
    row.save(update_fields=["counts", "after", "done"])
    return row


@transaction.atomic
def _finish(was: GrantList, *, by: Actor, now: datetime) -> GrantList | None:
    """Nobody is left: the list is made, and from here on its digest says what was made."""
    row = locked(GrantList, was.pk)
    if row.state != ListState.MAKING or row.after != was.after:
        return row if row.state == ListState.MAKING else None
    digest = hashlib.new("sm3")
    grants = Grant.objects.filter(list=row).order_by("number").values_list("number", "subject_id", "amount_fen")
    for number, subject_id, amount in grants.iterator(chunk_size=_BATCH):
        digest.update(f"{number},{subject_id},{amount}\n".encode())
    row.counts = dict.fromkeys(("grants", "fen", "had", "nothing", "unknown"), 0) | row.counts
    row.state, row.digest = ListState.MADE, digest.hexdigest()
    row.save(update_fields=["state", "digest", "counts"])
    record("benefits.list_made", subject=list_subject(row.pk), by=by, at=now, digest=row.digest, **row.counts)
    return None


def fail_list(*, list_id: UUID, why: LinliError | None = None, by: Actor, now: datetime) -> None:
    """A list came to nothing so far; its page says why and what to do. What was made of it is kept, and is nobody's yet."""
    interrupted(
        GrantList, list_id, {ListState.MAKING: ListState.FAILED, ListState.FAILED: ListState.FAILED}, why or Interrupted(), act="benefits.list_failed",
        subject=lambda row: list_subject(row.pk), by=by, now=now,
    )  # fmt: skip


__all__ = ["ListNotFailed", "ListThere", "NotGranted", "RunAhead", "fail_list", "fill_list", "make_list", "remake_list"]
