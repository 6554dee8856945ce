"""Batches of payments: asked for by an officer and put together by a job; agreed to by another, and entered into the ledger by a job.

Either job takes some payments a transaction, and the batch says with it how far it is: a job that is killed goes on there, and of two that
work at once one finds the step taken. Until all payments are in nobody can agree to it, until all are entered there is no file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from io import BytesIO
from typing import BinaryIO, cast
from uuid import UUID

from django.db import connection, transaction

from linli.domains.benefits.bankfile import Payment, pieces
from linli.domains.benefits.commands.lists import ListEmpty, SameOfficer
from linli.domains.benefits.commands.steps import as_was, in_steps, interrupted, locked
from linli.domains.benefits.definitions import policy_of
from linli.domains.benefits.granting import FUNDS, BatchState, LineState, granting_of, reference_of
from linli.domains.benefits.models import GrantList, PayBatch, PayLine
from linli.domains.benefits.permissions import AGREE, PAY, must_serve
from linli.domains.benefits.posting import ENTERED, terms
from linli.domains.benefits.queries.grants import list_for
from linli.domains.benefits.queries.payments import Ready, batch_for, holds, owed, some_ready, sorted_out
from linli.domains.documents.commands import keep_data
from linli.domains.trace.commands import Subject, once, record
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.crypto import sm3
from linli.kernel.errors import Kind, LinliError, NotAllowed
from linli.kernel.fields import Sealed
from linli.kernel.ids import uuid7
from linli.kernel.jobs import defer
from linli.kernel.text import msg, noop

_STEP = 5_000
_STOPS = {BatchState.MAKING: BatchState.FAILED, BatchState.AGREEING: BatchState.STALLED}
_STORE = "documents.store"
_PLACE = ("state", "after", "sent")  # what each step changes


class BatchMoved(LinliError):
    """A batch is not in the state that this needs."""

    code = "benefits.batch_moved"
    kind = Kind.CONFLICT
    template = noop("这批付款现在是“%(state)s”，不能这样处理。")
    remedy = noop("请刷新页面，按最新状态处理。")


class NothingToPay(LinliError):
    """Nothing is owed that can be paid now."""

    code = "benefits.nothing_to_pay"
    kind = Kind.CONFLICT
    template = noop("没有现在可以发放的待遇。")
    remedy = noop("请在待发放清单里查看每一笔在等什么。")


class BatchThere(LinliError):
    """A batch of the same is being put together."""

    code = "benefits.batch_there"
    kind = Kind.CONFLICT
    template = noop("这项政策已经有一批付款正在编制。")
    remedy = noop("请打开那一批看进度；中断了的，请继续编制或者撤回它。")


class BatchNotStopped(LinliError):
    """Only what was interrupted goes on by hand."""

    code = "benefits.batch_not_stopped"
    kind = Kind.CONFLICT
    template = noop("这批付款没有中断，不用继续。")
    remedy = noop("请刷新页面看它现在的状态。")


class BatchInterrupted(LinliError):
    """Something nobody foresaw: the log of the server says what."""

    code = "benefits.batch_interrupted"
    kind = Kind.UNAVAILABLE
    template = noop("处理意外中断。")
    remedy = noop("已经做好的部分都在，请点“继续处理”；还是不行的，请联系系统管理员查看后台日志。")


def batch_subject(batch_id: UUID) -> Subject:
    return Subject("pay_batch", batch_id)


# -- by officers -----------------------------------------------------------------------------------------------------------------


@once
def make_batch(*, policy: str, list_id: UUID | None = None, region: str = "", by: Actor, now: datetime) -> UUID:
    """Ask for a batch of all payments of a policy that can be made now, of one list or of all; a job makes it (:func:`fill_batch`).

    Raises :class:`NothingToPay`, :class:`BatchThere`.
    """
    by.must(PAY)
    place = region or by.region
    must_serve(by, place)
    if list_id:
        place = list_for(GrantList.objects.filter(policy=policy), list_id, by).region
    made = PayBatch(pk=uuid7(), policy=policy, list_id=list_id, region=place, made_by_id=by.person_id, made_at=now)
    made.number = f"{local_date(now):%Y%m%d}{sm3(made.pk.bytes).hex()[:8].upper()}"
    # Who asks for the same batch at the same moment is waited for here.
    PayBatch.objects.bulk_create([made], ignore_conflicts=True)
    if not PayBatch.objects.filter(pk=made.pk).exists():
        raise BatchThere
    if not some_ready(policy, list_id=list_id, region=place):
        raise NothingToPay
    record(
        "benefits.batch_asked", subject=batch_subject(made.pk), by=by, at=now, new=True, policy=policy, list=list_id, number=made.number,
        region=place,
    )  # fmt: skip
    defer("benefits.fill_batch", batch_id=str(made.pk))
    return made.pk


def _locked(batch_id: UUID, by: Actor, *states: BatchState, permissions: tuple[str, ...] = (PAY, AGREE)) -> PayBatch:
    """A batch of the actor's place, locked, in one of some states. Raises :class:`BatchMoved`."""
    if not any(by.can(p) for p in permissions):
        raise NotAllowed(permission=permissions[0])
    row = batch_for(PayBatch.objects.select_for_update(of=("self",)), batch_id, by)
    if row.state not in states:
        raise BatchMoved(state=msg(BatchState(row.state).label))
    return row


@once
def agree_batch(*, batch_id: UUID, by: Actor, now: datetime) -> None:
    """A second officer agrees: a job puts the money on its way and makes the file what it will always be (:func:`send_batch`).

    Whose payments were suspended since it was put together is taken out. Raises :class:`SameOfficer`, :class:`ListEmpty`.
    """
    row = _locked(batch_id, by, BatchState.MADE, permissions=(AGREE, PAY))
    if row.made_by_id == by.person_id:
        raise SameOfficer
    if not _payable(row):
        raise ListEmpty
    row.state, row.agreed_by_id, row.agreed_at = BatchState.AGREEING, by.person_id, now
    row.save(update_fields=["state", "agreed_by_id", "agreed_at"])
    record("benefits.batch_agreed", subject=batch_subject(row.pk), by=by, at=now, lines=row.lines, fen=row.fen)
    defer("benefits.send_batch", batch_id=str(row.pk))


@once
def resume_batch(*, batch_id: UUID, by: Actor, now: datetime) -> None:
    """Go on with a batch that was interrupted, from where it stopped. Raises :class:`BatchNotStopped`."""
    try:
        row = _locked(batch_id, by, BatchState.FAILED, BatchState.STALLED)
    except BatchMoved:
        raise BatchNotStopped from None
    making = row.state == BatchState.FAILED
    row.state, row.error = BatchState.MAKING if making else BatchState.AGREEING, ""
    row.save(update_fields=["state", "error"])
    record("benefits.batch_resumed", subject=batch_subject(row.pk), by=by, at=now)
    defer("benefits.fill_batch" if making else "benefits.send_batch", batch_id=str(row.pk))


@once
def withdraw_batch(*, batch_id: UUID, by: Actor, now: datetime) -> None:
    """Take a batch back before anybody agreed to it, also one that is being put together; its grants are owed again.

    The first are owed at once; of a long batch a job goes on (:func:`drop_withdrawn`).
    """
    row = _locked(batch_id, by, BatchState.MAKING, BatchState.FAILED, BatchState.MADE)
    row.state, row.withdrawn_by_id, row.withdrawn_at = BatchState.WITHDRAWN, by.person_id, now
    row.save(update_fields=["state", "withdrawn_by_id", "withdrawn_at"])
    record("benefits.batch_withdrawn", subject=batch_subject(row.pk), by=by, at=now)
    if drop_withdrawn(batch_id=row.pk, now=now) == _STEP:
        defer("benefits.drop_withdrawn", batch_id=str(row.pk))


# -- by jobs ---------------------------------------------------------------------------------------------------------------------


def fill_batch(*, batch_id: UUID, size: int = _STEP, by: Actor, now: datetime) -> None:
    """Put the payments into a batch that was asked for; what has to wait is counted by what it waits for.

    A grant is in one live payment only, whoever puts batches together at the same time. Safe to break off, repeat and run twice at once.
    """
    in_steps(PayBatch, batch_id, {BatchState.MAKING: partial(_put_some_in, size=size, by=by, now=now)}, _STOPS)


def send_batch(*, batch_id: UUID, size: int = _STEP, by: Actor, now: datetime) -> None:
    """Enter the payments of a batch that was agreed to, and make its file ready. Safe to break off, repeat and run twice at once."""
    in_steps(PayBatch, batch_id, {BatchState.AGREEING: partial(_enter_some, size=size, by=by, now=now)}, _STOPS)


@transaction.atomic
def _put_some_in(was: PayBatch, *, size: int, by: Actor, now: datetime) -> None:
    row = as_was(was, *_PLACE)
    if row is None:
        return
    there = owed(row.policy, list_id=row.list_id, region=row.region)
    if row.total is None:
        row.total = there.count()
    some = list(there.filter(pk__gt=row.after or UUID(int=0)).order_by("pk").values_list("pk", flat=True)[:size])
    # What another batch takes meanwhile is waited for, and is then not owed.
    grants = there.filter(pk__one_of=some).order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True)
    ready, waits = sorted_out(list(grants))
    _put_in(row, ready)
    for why in waits.values():
        row.waiting[why] = row.waiting.get(why, 0) + 1
    row.lines, row.fen, row.done = row.lines + len(ready), row.fen + sum(one.fen for one in ready), row.done + len(some)
    row.after = some[-1] if some else row.after
    if not some and not row.lines:
        _nothing_left(row, NothingToPay(), by=by, now=now)
        return
    if not some:
        row.state, row.total = BatchState.MADE, row.lines
        record(
            "benefits.batch_made", subject=batch_subject(row.pk), by=by, at=now, number=row.number, lines=row.lines, fen=row.fen,
            waiting=row.waiting,
        )  # fmt: skip
    row.save()


_INTO = """
    WITH put AS MATERIALIZED (
        SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::int[], %s::text[], %s::bigint[], %s::text[], %s::uuid[])
            AS p(id, grant_id, attempt, position, reference, fen, holder, account_id)
    ), paying AS (UPDATE benefits_grant g SET state = 'paying' FROM put WHERE g.id = put.grant_id)
    INSERT INTO benefits_payline (id, batch_id, grant_id, attempt, position, reference, amount_fen, holder, account, account_index, state, reason)
    SELECT put.id, %s, grant_id, attempt, position, reference, fen, holder, a.account, a.account_index, 'open', ''
      FROM put JOIN benefits_payaccount a ON a.id = put.account_id ORDER BY position
"""


def _put_in(row: PayBatch, ready: Sequence[Ready]) -> None:
    """Make payments of some grants. The database copies the accounts as they are sealed; one that was taken back at this very moment
    is refused by it, and the job tries again."""
    if not ready:
        return
    grants, amounts, holders, accounts, attempts = map(list, zip(*ready, strict=True))
    columns = [
        [uuid7() for _ in ready], grants, attempts, list(range(row.lines + 1, row.lines + len(ready) + 1)),
        [reference_of(one.grant_id, one.attempt) for one in ready], amounts, holders, accounts,
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_INTO, [*columns, row.pk])


def _payable(row: PayBatch) -> bool:
    """Whether anybody in a batch may be paid still."""
    lines = PayLine.objects.filter(batch=row, state=LineState.OPEN).order_by("position")
    for start in range(0, row.total or 0, _STEP):
        some = lines.filter(position__gt=start, position__lte=start + _STEP)
        grants = list(some.values_list("grant_id", flat=True))
        if len(holds(grants)) < len(grants):
            return True
    return False


@transaction.atomic
def _enter_some(was: PayBatch, *, size: int, by: Actor, now: datetime) -> None:
    assert was.agreed_at and was.total is not None
    # What is entered stays as it is: the file needs no lock.
    file = _file(was) if was.sent >= was.total and was.lines else None
    row = as_was(was, *_PLACE)
    if row is None:
        return
    if was.sent >= was.total:
        _sent(row, file, by=by, now=now)
        return
    upto = min(was.sent + size, was.total)
    some = PayLine.objects.filter(batch=row, state=LineState.OPEN, position__gt=was.sent, position__lte=upto)
    held = holds(list(some.values_list("grant_id", flat=True)))
    out = dict(some.filter(grant__one_of=list(held)).values_list("pk", "amount_fen")) if held else {}
    drop(list(out), now)
    with connection.cursor() as cursor:
        cursor.execute(
            _SENT,
            {
                "batch": row.pk, "after": was.sent, "upto": upto,
                **terms(row.policy, on=local_date(was.agreed_at), at=was.agreed_at, by_id=row.agreed_by_id),
            },
        )  # fmt: skip
    row.sent, row.lines, row.fen = upto, row.lines - len(out), row.fen - sum(out.values())
    row.save(update_fields=["sent", "lines", "fen"])


_SENT = f"""
    WITH moved AS (
        SELECT 'sent' AS kind, l.id AS source_id, l.amount_fen AS fen, g.region FROM benefits_payline l JOIN benefits_grant g ON g.id = l.grant_id
         WHERE l.batch_id = %(batch)s AND l.state = 'open' AND l.position > %(after)s AND l.position <= %(upto)s
    ), {ENTERED} SELECT 1
"""


def _sent(row: PayBatch, file: BinaryIO | None, *, by: Actor, now: datetime) -> None:
    """All are entered: from here on the file is what it will always be."""
    if file is None:
        _nothing_left(row, ListEmpty(), by=by, now=now)
        return
    kept = keep_data(content=file, name=f"{row.number}.csv", by=replace(by, permissions=by.permissions | {_STORE}), now=now)
    row.state, row.digest, row.file_id = BatchState.AGREED, kept.digest, kept.id
    row.save(update_fields=["state", "digest", "file"])
    dropped = (row.total or 0) - row.lines
    record(
        "benefits.batch_sent",
        subject=batch_subject(row.pk),
        by=by,
        at=now,
        digest=row.digest,
        lines=row.lines,
        fen=row.fen,
        dropped=dropped,
    )


def _nothing_left(row: PayBatch, why: LinliError, *, by: Actor, now: datetime) -> None:
    """Nothing is in a batch: it is over, and its page says why."""
    row.state, row.withdrawn_at, row.error = BatchState.WITHDRAWN, now, str(why.message)
    row.save()
    record("benefits.batch_withdrawn", subject=batch_subject(row.pk), by=by, at=now, why=why.code)


@transaction.atomic
def drop_withdrawn(*, batch_id: UUID, limit: int = _STEP, now: datetime) -> int:
    """Let some grants be owed again whose batch was taken back; how many. Safe to repeat; who does the same meanwhile is waited for."""
    row = locked(PayBatch, batch_id)
    if row.state != BatchState.WITHDRAWN:
        return 0
    ids = list(PayLine.objects.filter(batch=row, state=LineState.OPEN).order_by("position").values_list("pk", flat=True)[:limit])
    drop(ids, now)
    return len(ids)


def drop(line_ids: Sequence[UUID], now: datetime) -> None:
    """Take payments out of a batch that has not gone to the bank: their grants are owed as before."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH dropped AS (UPDATE benefits_payline SET state = 'dropped', answered_at = %s WHERE id = ANY(%s) RETURNING grant_id)
            UPDATE benefits_grant g
               SET state = CASE WHEN EXISTS (SELECT 1 FROM benefits_payline l WHERE l.grant_id = g.id AND l.state = 'returned')
                                THEN 'returned' ELSE 'due' END
              FROM dropped WHERE g.id = dropped.grant_id
            """,
            [now, list(line_ids)],
        )


def fail_batch(*, batch_id: UUID, why: LinliError | None = None, by: Actor, now: datetime) -> None:
    """A job of a batch was interrupted; its page says why and what to do. What was done stays."""
    interrupted(
        PayBatch, batch_id, _STOPS, why or BatchInterrupted(), act="benefits.batch_failed", subject=lambda row: batch_subject(row.pk), by=by,
        now=now,
    )  # fmt: skip


# -- what the file says ----------------------------------------------------------------------------------------------------------


def file_pieces(row: PayBatch) -> Iterator[bytes]:
    """The file of a batch whose payments are all entered, line by line."""
    assert row.agreed_at
    return pieces(
        number=row.number, day=local_date(row.agreed_at), fund=FUNDS[granting_of(row.policy).fund], purpose=policy_of(row.policy).name,
        lines=row.lines, fen=row.fen, payments=_payments(row),
    )  # fmt: skip


def _payments(row: PayBatch) -> Iterator[Payment]:
    """The payments that went to the bank, in their order, whatever became of them since."""
    lines = PayLine.objects.filter(batch=row).exclude(state=LineState.DROPPED).order_by("position")
    rows = lines.values_list("reference", "holder", "account", "amount_fen")
    for reference, holder, account, fen in rows.iterator(chunk_size=_STEP):
        told = cast("Sealed", account).open_json()
        yield Payment(reference, holder, told["bank"], told["number"], fen)


def _file(row: PayBatch) -> BytesIO:
    """The whole file, in memory only: it says every account, and lies nowhere but sealed."""
    out = BytesIO()
    out.writelines(file_pieces(row))
    return out


__all__ = [
    "BatchMoved", "BatchNotStopped", "BatchThere", "NothingToPay", "agree_batch", "batch_subject", "drop_withdrawn", "fail_batch",
    "file_pieces", "fill_batch", "make_batch", "resume_batch", "send_batch", "withdraw_batch",
]  # fmt: skip
