"""What the bank answers: a file that is kept by the request, read and checked by a job, and entered by it, some lines a transaction.

Nothing is entered before every line was checked, and nothing of a file with mistakes. Of a batch one answer is worked on at a time, so that nothing
comes between the check and the entry; what a line changes is decided once more, under a lock, when it is entered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from io import SEEK_END
from itertools import islice
from typing import Any, BinaryIO
from uuid import UUID

from django.db import connection, transaction

from linli.domains.benefits.bankfile import LONGEST, Answered, AnswerState, Problem, Sums, number_in, read_answer
from linli.domains.benefits.commands.batches import BatchInterrupted, batch_subject
from linli.domains.benefits.commands.steps import as_was, in_steps, interrupted, locked
from linli.domains.benefits.definitions import policy_of
from linli.domains.benefits.granting import BatchState, EntryKind, LineState
from linli.domains.benefits.models import AnswerLine, BankAnswer, PayBatch, PayLine
from linli.domains.benefits.permissions import PAY
from linli.domains.benefits.posting import ENTERED, terms
from linli.domains.benefits.queries.answers import answer_for
from linli.domains.benefits.runs import shortest
from linli.domains.benefits.values import MONEY
from linli.domains.documents.commands import FileChanged, keep_data
from linli.domains.documents.queries import open_file
from linli.domains.notices.commands import Recipient, Telling, Words, notify_many
from linli.domains.org.queries import Letterhead, bureau_for, letterhead
from linli.domains.people.queries import parties
from linli.domains.trace.commands import once, record
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.errors import Kind, LinliError
from linli.kernel.jobs import defer
from linli.kernel.text import Message, msg, noop

_STEP = 5_000
_TOLD_AT_ONCE = 200  # people of one transaction
_STOPS = {AnswerState.READING: AnswerState.FAILED, AnswerState.ENTERING: AnswerState.STALLED}


class AnswerWrong(LinliError):
    """A file is no answer of the bank to a batch of the actor's place."""

    code = "benefits.bank_answer_wrong"
    template = noop("回盘文件不正确，没有入账：%(what)s。")
    remedy = noop("请与银行核对后重新上传整个文件。")


class AnswerUnderWay(LinliError):
    """Another answer to the same batch is worked on."""

    code = "benefits.answer_under_way"
    kind = Kind.CONFLICT
    template = noop("这一批还有一个回盘文件没有处理完，这个文件没有收下。")
    remedy = noop("请等它处理完再上传；中断了的，请在批次页面点“继续处理”。")


class AnswerNotStopped(LinliError):
    """Only what was interrupted goes on by hand."""

    code = "benefits.answer_not_stopped"
    kind = Kind.CONFLICT
    template = noop("这个回盘文件的处理没有中断，不用继续。")
    remedy = noop("请刷新页面看它现在的状态。")


# -- by officers -----------------------------------------------------------------------------------------------------------------


@transaction.atomic
def take_in_answer(*, content: BinaryIO, by: Actor, now: datetime) -> UUID:
    """Keep what the bank says of a batch, and have a job take it in (:func:`enter_answer`); gives what tells how far that is.

    The same file again is the same answer: nothing changes, and what was interrupted goes on. Raises :class:`AnswerWrong`, :class:`AnswerUnderWay`.
    """
    by.must(PAY)
    content.seek(0)
    number = number_in(content.read(1_000))
    if isinstance(number, Problem):
        raise AnswerWrong(field="file", what=_told(number))
    mine = PayBatch.objects.filter(number=number, state=BatchState.AGREED, region__startswith=shortest(by.region))
    batch = mine.select_for_update().first()  # who brings another at the same moment waits
    if batch is None:
        raise AnswerWrong(field="file", what=_told(Problem(1, msg("没有批次号为 %(number)s 的已送银行付款", number=number[:24]))))
    digest, lines = _measured(content)
    under_way = BankAnswer.objects.filter(batch=batch, ended_at=None).first()
    if under_way and under_way.digest != digest:
        raise AnswerUnderWay
    if under_way:
        if under_way.state in _STOPS.values():
            resume_answer(answer_id=under_way.pk, by=by, now=now)
        return under_way.pk
    before = BankAnswer.objects.filter(batch=batch, digest=digest, state=AnswerState.DONE, wrong=0).first()
    if before:
        return before.pk
    kept = keep_data(content=content, name=f"{number}.csv", by=by, now=now)
    made = BankAnswer.objects.create(
        batch=batch, file_id=kept.id, digest=digest, total=lines, given_by_id=by.person_id, given_at=now
    )
    record("benefits.answer_given", subject=batch_subject(batch.pk), by=by, at=now, answer=made.pk, digest=digest)
    defer("benefits.enter_answer", answer_id=str(made.pk))
    return made.pk


def _told(problem: Problem) -> Message:
    return msg("第 %(line)s 行：%(what)s", line=problem.line, what=problem.what)


def _measured(content: BinaryIO) -> tuple[str, int]:
    """The digest of a file, and how many lines it seems to have between the first and the last."""
    digest, lines = hashlib.new("sm3"), 0
    content.seek(0)
    while piece := content.read(1 << 20):
        digest.update(piece)
        lines += piece.count(b"\n")
    content.seek(0, SEEK_END)
    return digest.hexdigest(), max(lines - 2, 0)


@once
def resume_answer(*, answer_id: UUID, by: Actor, now: datetime) -> None:
    """Go on with an answer that was interrupted, from where it stopped. Raises :class:`AnswerNotStopped`."""
    by.must(PAY)
    row = answer_for(BankAnswer.objects.select_for_update(of=("self",)), answer_id, by)
    going = {stopped: state for state, stopped in _STOPS.items()}.get(AnswerState(row.state))
    if going is None:
        raise AnswerNotStopped
    row.state, row.error = going, ""
    row.save(update_fields=["state", "error"])
    record("benefits.answer_resumed", subject=batch_subject(row.batch_id), by=by, at=now, answer=row.pk)
    defer("benefits.enter_answer", answer_id=str(row.pk))


# -- by the job ------------------------------------------------------------------------------------------------------------------


def enter_answer(*, answer_id: UUID, size: int = _STEP, by: Actor, now: datetime) -> None:
    """Read an answer that was given, check all of it, and enter it. Safe to break off, repeat and run twice at once."""
    read, enter = partial(_read, size=size, by=by, now=now), partial(_enter_some, size=size, by=by, now=now)
    in_steps(BankAnswer, answer_id, {AnswerState.READING: read, AnswerState.ENTERING: enter}, _STOPS)


def fail_answer(*, answer_id: UUID, why: LinliError | None = None, by: Actor, now: datetime) -> None:
    """The job of an answer was interrupted; the page of its batch says why and what to do. What was done stays."""
    interrupted(
        BankAnswer, answer_id, _STOPS, why or BatchInterrupted(), act="benefits.answer_failed", subject=lambda row: batch_subject(row.batch_id),
        by=by, now=now,
    )  # fmt: skip


def _read(row: BankAnswer, *, size: int, by: Actor, now: datetime) -> None:
    """Put down what the lines say, as far as nobody did, and look whether all of it can be right."""
    said: Sums | None = None
    try:
        lines = read_answer(open_file(row.file_id).pieces)
        while some := list(islice(lines, size)):
            rows = [one for one in some if not isinstance(one, Sums)]
            said = next((one for one in some if isinstance(one, Sums)), said)
            if rows and not _put_down(row.pk, rows):
                return
    except FileChanged as error:
        _check(row.pk, None, [Problem(1, error.message)], by=by, now=now)
    else:
        _check(row.pk, said, [], by=by, now=now)


@transaction.atomic
def _put_down(answer_id: UUID, rows: Sequence[Answered | Problem]) -> bool:
    """Keep some lines of an answer to be entered; whether it still is being read."""
    row = locked(BankAnswer, answer_id)
    if row.state != AnswerState.READING:
        return False
    fresh = [one for one in rows if one.line > row.read]
    if not fresh:
        return True
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for one in fresh:
            if isinstance(one, Answered):
                copy.write_row((row.pk, one.line, one.reference, one.fen, one.paid, one.on, one.reason))
    _note(row, [one for one in fresh if isinstance(one, Problem)])
    row.read = fresh[-1].line
    row.save(update_fields=["read", "wrong", "problems"])
    return True


_COPY = 'COPY benefits_answerline (answer_id, line, reference, fen, paid, "on", reason) FROM STDIN'


def _note(row: BankAnswer, problems: Sequence[Problem], number: int | None = None) -> None:
    row.problems += [[p.line, str(p.what)] for p in problems[: LONGEST - len(row.problems)]]
    row.wrong += len(problems) if number is None else number


@transaction.atomic
def _check(answer_id: UUID, said: Sums | None, problems: Sequence[Problem], *, by: Actor, now: datetime) -> None:
    """Everything is read: nothing of it is taken in unless all of it can be right."""
    row = locked(BankAnswer, answer_id)
    if row.state != AnswerState.READING:
        return
    _note(row, problems)
    for look in (_twice, partial(_sums, said=said), _unfit):
        if not row.wrong:
            look(row)
    if row.wrong:
        AnswerLine.objects.filter(answer=row).delete()
        row.state, row.ended_at = AnswerState.REFUSED, now
        record("benefits.answer_refused", subject=batch_subject(row.batch_id), by=by, at=now, answer=row.pk, wrong=row.wrong)
    else:
        row.state = AnswerState.ENTERING
    row.save()


def _twice(row: BankAnswer) -> None:
    """A payment may be in a file once."""
    with connection.cursor() as cursor:
        cursor.execute(_TWICE, {"answer": row.pk, "most": LONGEST})
        found = cursor.fetchall()
    number = found[0][2] if found else 0
    _note(row, [Problem(n, msg("流水号 %(reference)s 在文件里出现了两次", reference=ref)) for n, ref, _ in found], number)


_TWICE = """
    SELECT line, reference, count(*) OVER () FROM (
        SELECT line, reference, row_number() OVER (PARTITION BY reference COLLATE "C" ORDER BY line) AS time
          FROM benefits_answerline WHERE answer_id = %(answer)s) every
     WHERE time > 1 ORDER BY line LIMIT %(most)s
"""


def _sums(row: BankAnswer, said: Sums | None) -> None:
    """The last line must fit the others."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), coalesce(sum(fen) FILTER (WHERE paid), 0)::bigint, coalesce(sum(fen) FILTER (WHERE NOT paid), 0)::bigint "
            "FROM benefits_answerline WHERE answer_id = %s",
            [row.pk],
        )
        rows, paid, returned = cursor.fetchone()
    row.total = rows
    assert said
    if what := said.unlike(rows, paid, returned):
        _note(row, [Problem(said.line, what)])


def _unfit(row: BankAnswer) -> None:
    """Every line must be one of the batch, of its amount, and fit what was said before."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT *, count(*) OVER () FROM (SELECT s.line, {_VERDICT} AS verdict, s.reference, l.state, l.answered_on {_LINES}) every "
            "WHERE NOT verdict = ANY(%(fitting)s) ORDER BY line LIMIT %(most)s",
            {**_asked(row), "fitting": [*_MOVES, _KNOWN], "most": LONGEST},
        )
        found = cursor.fetchall()
    number = found[0][-1] if found else 0
    _note(row, [Problem(line, _wrong(*rest)) for line, *rest, _ in found], number)


# Of two answers the later day counts, whichever comes first: money that arrived may come back, what came back does not arrive. What
# says that it arrived before it came back is old news. Nothing that an older answer says again ever moves money.
_VERDICT = """
    CASE WHEN l.id IS NULL THEN 'stranger' WHEN l.amount_fen <> s.fen THEN 'amount' WHEN s."on" > %(today)s THEN 'ahead'
         WHEN l.state = 'open' THEN CASE WHEN s.paid THEN 'paid' ELSE 'returned' END
         WHEN s.paid THEN CASE WHEN s."on" = l.paid_on OR (l.state = 'returned' AND s."on" < l.answered_on) THEN 'known' ELSE 'answered' END
         WHEN l.state = 'returned' THEN 'known' WHEN s."on" < l.answered_on THEN 'earlier' ELSE 'late_return' END
"""
# Payments are found by their reference, never by going through the batch: hence the words that no index knows.
_LINES = """
    FROM benefits_answerline s
    LEFT JOIN benefits_payline l ON l.reference = s.reference AND l.batch_id IS NOT DISTINCT FROM %(batch)s AND l.state <> 'dropped'
   WHERE s.answer_id = %(answer)s
"""
_MOVES, _KNOWN = {EntryKind.PAID: "paid", EntryKind.RETURNED: "returned", EntryKind.LATE_RETURN: "late"}, "known"


def _asked(row: BankAnswer) -> dict[str, Any]:
    return {"answer": row.pk, "batch": row.batch_id, "today": local_date(row.given_at)}


def _wrong(verdict: str, reference: str, state: str | None, day: date | None) -> Message:
    """Why a line cannot be."""
    match verdict:
        case "stranger":
            return msg("流水号 %(reference)s 不在这一批里", reference=reference)
        case "amount":
            return msg("金额与付款文件不符")
        case "ahead":
            return msg("日期在将来")
    assert state and day
    if verdict == "earlier":
        return msg("这一笔 %(day)s 才到账，退回不会更早", day=day.isoformat())
    return msg("这一笔先前回盘为“%(state)s”（%(day)s），不能改变", state=msg(LineState(state).label), day=day.isoformat())


@transaction.atomic
def _enter_some(was: BankAnswer, *, size: int, by: Actor, now: datetime) -> None:
    row = as_was(was, "state", "taken")
    if row is None:
        return
    some = AnswerLine.objects.filter(answer=row, line__gt=row.taken).order_by("line")
    lines = list(some.values_list("line", flat=True)[:size])
    if not lines:
        _done(row, by=by, now=now)
        return
    batch = row.batch
    given = {
        **_asked(row), "upto": lines[-1], "answered_at": row.given_at,
        **terms(batch.policy, on=local_date(row.given_at), at=row.given_at, by_id=row.given_by_id),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, given)
        cursor.execute(_TAKE, given)
        found = cursor.fetchall()
    for line, verdict, *rest, number in found:
        if line is None:
            name = _MOVES.get(verdict, _KNOWN)
            row.counts[name] = row.counts.get(name, 0) + number
        else:
            _note(row, [Problem(line, _wrong(verdict, *rest))])
    row.taken = lines[-1]
    row.save(update_fields=["taken", "counts", "wrong", "problems"])


_LOCK = """
    SELECT count(*) FROM (SELECT 1 FROM benefits_answerline s
      JOIN benefits_payline l ON l.reference = s.reference AND l.batch_id IS NOT DISTINCT FROM %(batch)s
      JOIN benefits_grant g ON g.id = l.grant_id
     WHERE s.answer_id = %(answer)s AND s.line <= %(upto)s ORDER BY l.position FOR UPDATE OF l, g) every
"""
# What a line changes is decided under the lock, and what was decided is done: of a payment, of its grant, and in the ledger.
_TAKE = f"""
    WITH told AS MATERIALIZED (
        SELECT s.line, s.reference, s."on", s.reason, {_VERDICT} AS verdict, l.id, l.grant_id, l.amount_fen, l.state, l.answered_on {_LINES}
           AND s.line <= %(upto)s
    ), answered AS (
        UPDATE benefits_payline l
           SET state = CASE verdict WHEN 'paid' THEN 'paid' ELSE 'returned' END, reason = CASE verdict WHEN 'paid' THEN '' ELSE told.reason END,
               answered_on = told."on", answered_at = %(answered_at)s, paid_on = CASE verdict WHEN 'paid' THEN told."on" ELSE l.paid_on END
          FROM told WHERE l.id = told.id AND verdict IN ('paid', 'returned', 'late_return')
    ), moved AS (
        UPDATE benefits_grant g SET state = CASE verdict WHEN 'paid' THEN 'paid' ELSE 'returned' END
          FROM told WHERE g.id = told.grant_id AND verdict IN ('paid', 'returned', 'late_return')
        RETURNING verdict AS kind, told.id AS source_id, told.amount_fen AS fen, g.region
    ), {ENTERED}, entered_now AS (DELETE FROM benefits_answerline WHERE answer_id = %(answer)s AND line <= %(upto)s)
    SELECT NULL::int AS line, verdict, '', NULL, NULL::date, count(*) FROM told
     WHERE verdict IN ('paid', 'returned', 'late_return', 'known') GROUP BY verdict
    UNION ALL
    SELECT line, verdict, reference, state, answered_on, 1 FROM told WHERE verdict NOT IN ('paid', 'returned', 'late_return', 'known')
     ORDER BY line
"""


def _done(row: BankAnswer, *, by: Actor, now: datetime) -> None:
    """All of it is entered; whoever it concerns is told."""
    row.state, row.ended_at = AnswerState.DONE, now
    row.counts = dict.fromkeys((*_MOVES.values(), _KNOWN), 0) | row.counts
    row.save(update_fields=["state", "ended_at", "counts"])
    record(
        "benefits.answer_taken", subject=batch_subject(row.batch_id), by=by, at=now, answer=row.pk, digest=row.digest, wrong=row.wrong,
        **row.counts,
    )  # fmt: skip
    defer("benefits.tell_of_answers", batch_id=str(row.batch_id), answered_at=row.given_at.isoformat())


# -- people are told -------------------------------------------------------------------------------------------------------------


def tell_of_answers(*, batch_id: UUID, answered_at: datetime, by: Actor, now: datetime) -> int:
    """Tell everybody whom the bank's answer of a moment concerns: that money was paid, or came back and what to do; how many were told.

    Each is told of each event once, however often the answer or this job is repeated.
    """
    answered = PayLine.objects.filter(batch_id=batch_id, answered_at=answered_at, state__in=[LineState.PAID, LineState.RETURNED])
    offices: dict[str, Letterhead] = {}
    told = after = 0
    while lines := list(answered.filter(position__gt=after).select_related("grant").order_by("position")[:_TOLD_AT_ONCE]):
        after = lines[-1].position
        known = parties([line.grant.payee_id for line in lines])
        for place in {line.grant.region for line in lines} - offices.keys():
            offices[place] = letterhead(bureau_for(place, on=local_date(now)))
        told += notify_many(
            [_telling(line, offices[line.grant.region]) for line in lines if line.grant.payee_id in known], by=by, now=now
        )
    return told


def _telling(line: PayLine, office: Letterhead) -> Telling:
    grant, state = line.grant, LineState(line.state)
    assert line.answered_on
    values: dict[str, Words] = {
        "item": policy_of(grant.policy).name, "office": office.name, "phone": office.phone, "amount": MONEY.said(line.amount_fen),
        "tail": line.account.open_json()["number"][-4:], "day": line.answered_on.isoformat(), "reason": line.reason.rstrip("。；"),
    }  # fmt: skip
    to, key = Recipient(grant.payee_id, grant.payee_is_employer), f"payment:{line.reference}:{state.value}"
    return Telling(f"benefits.{state.value}", to, batch_subject(line.batch_id), values, key)


__all__ = [
    "AnswerNotStopped", "AnswerUnderWay", "AnswerWrong", "enter_answer", "fail_answer", "resume_answer", "take_in_answer", "tell_of_answers",
]  # fmt: skip
