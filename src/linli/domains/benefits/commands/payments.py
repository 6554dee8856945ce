"""Payments that were agreed to: sent as a file that never changes, answered by the bank line by line; and the accounts they go into."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction

from linli.domains.benefits.bankfile import LONGEST, Answer, Answered, Problem, read_answer
from linli.domains.benefits.commands.batches import BatchMoved, batch_subject, file_pieces
from linli.domains.benefits.definitions import policy_of
from linli.domains.benefits.granting import (
    BatchState,
    EntryKind,
    FilePurpose,
    GrantState,
    LineState,
    Told,
)
from linli.domains.benefits.models import Grant, PayAccount, PayBatch, PayLine
from linli.domains.benefits.permissions import COUNTER, PAY
from linli.domains.benefits.posting import Moved, enter
from linli.domains.benefits.queries.payments import FILE_TAKEN, Account, batch_for, kept_account
from linli.domains.benefits.runs import shortest
from linli.domains.benefits.values import MONEY
from linli.domains.notices.commands import Recipient, Words, notify
from linli.domains.org.queries import Letterhead, bureau_for, letterhead
from linli.domains.people.commands import note_consent
from linli.domains.people.queries import ConsentPurpose, Scope, may_act_for, own_ids, parties
from linli.domains.trace.commands import Subject, once, record
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.crypto import sm3
from linli.kernel.errors import Kind, LinliError, NotAllowed
from linli.kernel.identifiers import check_bank_card
from linli.kernel.jobs import defer
from linli.kernel.text import Message, joined, msg, noop

_CHUNK = 5_000


class FileNotAsAgreed(LinliError):
    """The file that would go to the bank is not the one that was agreed to."""

    code = "benefits.file_not_as_agreed"
    kind = Kind.UNAVAILABLE
    template = noop("付款文件与复核时的内容不一致，不能下载。")
    remedy = noop("请不要付款，马上报告安全管理员。")


class FilePurposeMissing(LinliError):
    """A file of account numbers is asked for without saying what for."""

    code = "benefits.file_purpose_missing"
    template = noop("请选择下载付款文件做什么用。")
    remedy = noop("文件里是完整的姓名和账号，每次下载连同用途写入留痕。")


class AnswerWrong(LinliError):
    """An answer of the bank has lines that cannot be right; nothing of it was taken in."""

    code = "benefits.bank_answer_wrong"
    template = noop("回盘文件有 %(number)s 处不正确，没有入账：%(what)s。")
    remedy = noop("请与银行核对后重新上传整个文件。")


class HowMissing(LinliError):
    """A post gives an account for somebody and does not say how they said it."""

    code = "benefits.how_missing"
    template = noop("请选择本人是怎么告诉您的。")
    remedy = noop("没有本人的意思不能登记；请本人当面说，或交来签名的书面。")


class NoAccountKept(LinliError):
    """There is no account in the record that could be confirmed."""

    code = "benefits.no_account_kept"
    kind = Kind.CONFLICT
    template = noop("登记信息里没有账户可以确认。")
    remedy = noop("请直接填写开户银行和账号。")


class PeopleGone(LinliError):
    """Whoever gives an account is not whom it is for."""

    code = "benefits.not_theirs"
    kind = Kind.NOT_FOUND
    template = noop("没有找到可以登记账户的对象。")
    remedy = noop("请核对后重试。")


# -- the file --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PaymentFile:
    """A file for the bank."""

    name: str
    content: bytes
    digest: str


@transaction.atomic
def payment_file(*, batch_id: UUID, purpose: FilePurpose | None, by: Actor, now: datetime) -> PaymentFile:
    """The file of a batch that was agreed to, the same bytes every time; who took it, when and what for is recorded.

    Raises :class:`FilePurposeMissing`, :class:`FileNotAsAgreed`.
    """
    by.must(PAY)
    row = batch_for(PayBatch.objects.all(), batch_id, by)
    if row.state != BatchState.AGREED:
        raise BatchMoved(state=msg(BatchState(row.state).label))
    if purpose is None:
        raise FilePurposeMissing(field="purpose")
    content = b"".join(file_pieces(row))
    digest = sm3(content).hex()
    if digest != row.digest:
        raise FileNotAsAgreed
    record(FILE_TAKEN, subject=batch_subject(row.pk), by=by, at=now, digest=digest, purpose=purpose)
    return PaymentFile(f"{row.number}.csv", content, digest)


# -- the answer ------------------------------------------------------------------------------------------------------------------


@once
def take_in_answer(*, content: bytes, by: Actor, now: datetime) -> dict[str, int]:
    """Take in what the bank says: how many were paid, sent back, sent back late (after they had arrived), and known before.

    The same file again changes nothing; some lines may come now and others later. Raises :class:`AnswerWrong` with the lines that are wrong;
    then nothing was taken in.
    """
    by.must(PAY)
    answer = read_answer(content)
    _refuse(answer.problems)
    mine = PayBatch.objects.filter(number=answer.number, state=BatchState.AGREED, region__startswith=shortest(by.region))
    row = mine.select_for_update().first()
    if row is None:
        _refuse([Problem(1, msg("没有批次号为 %(number)s 的已送银行付款", number=answer.number[:24]))])
        raise AssertionError
    _must_fit(row, answer, today=local_date(now))
    counts = dict.fromkeys(_COUNTED, 0)
    for news in _steps(row, answer):
        for name, kind in _COUNTED.items():
            told = [(a, line) for a, line in news if line and _news(line, a) is kind]
            _answer(row, told, kind, by=by, now=now)
            counts[name] += len(told)
    counts["known"] = len(answer.rows) - sum(counts.values())
    if counts["known"] < len(answer.rows):
        record(
            "benefits.answer_taken", subject=batch_subject(row.pk), by=by, at=now, digest=sm3(content).hex(), paid=counts["paid"],
            returned=counts["returned"], late=counts["late"], known=counts["known"],
        )  # fmt: skip
        defer("benefits.tell_of_answers", batch_id=str(row.pk), answered_at=now.isoformat())
    return counts


_COUNTED = {"paid": EntryKind.PAID, "returned": EntryKind.RETURNED, "late": EntryKind.LATE_RETURN}


class _Line(NamedTuple):
    """What an answer is held against."""

    pk: UUID
    grant_id: UUID
    region: str
    amount_fen: int
    state: str
    answered_on: date | None
    paid_on: date | None


_Told = tuple[Answered, _Line]


def _steps(row: PayBatch, answer: Answer) -> Iterator[list[tuple[Answered, _Line | None]]]:
    """An answer some lines at a time, each with the payment of the batch that it is of."""
    lines = PayLine.objects.filter(batch=row).exclude(state=LineState.DROPPED)
    for start in range(0, len(answer.rows), _CHUNK):
        some = answer.rows[start : start + _CHUNK]
        named = lines.filter(reference__one_of=[a.reference for a in some]).values_list(
            "reference", "pk", "grant_id", "grant__region", "amount_fen", "state", "answered_on", "paid_on"
        )
        found: dict[str, _Line] = {reference: _Line._make(rest) for reference, *rest in named}
        yield [(a, found.get(a.reference)) for a in some]


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        some: list[Message] = [msg("第 %(line)s 行：%(what)s；", line=p.line, what=p.what) for p in problems[:LONGEST]]
        raise AnswerWrong(field="file", number=len(problems), what=joined(some).rstrip("；"))


def _must_fit(row: PayBatch, answer: Answer, *, today: date) -> None:
    """Every line must be one of the batch, of its amount, and fit what was said before."""
    problems: list[Problem] = []
    for some in _steps(row, answer):
        for told, line in some:
            if line is None:
                found: EntryKind | Message | None = msg("流水号 %(reference)s 不在这一批里", reference=told.reference[:32])
            elif line.amount_fen != told.fen:
                found = msg("金额与付款文件不符")
            elif told.on > today:
                found = msg("日期在将来")
            else:
                found = _news(line, told)
            if isinstance(found, Message):
                problems.append(Problem(told.line, found))
    _refuse(problems)


def _news(line: _Line, told: Answered) -> EntryKind | Message | None:
    """What an answer changes of a payment: that it arrived, came back, or came back late; nothing if it was known; or why it cannot be.

    Of two answers the later day counts, whichever comes first: money that arrived may come back, what came back does not arrive. What
    says that it arrived before it came back is old news. Nothing that an older answer says again ever moves money.
    """
    if line.state == LineState.OPEN:
        return EntryKind.PAID if told.paid else EntryKind.RETURNED
    assert line.answered_on
    state = msg(LineState(line.state).label)
    if told.paid:
        if told.on == line.paid_on or (line.state == LineState.RETURNED and told.on < line.answered_on):
            return None
        return msg("这一笔先前回盘为“%(state)s”（%(day)s），不能改变", state=state, day=line.answered_on.isoformat())
    if line.state == LineState.RETURNED:
        return None
    if told.on < line.answered_on:
        return msg("这一笔 %(day)s 才到账，退回不会更早", day=line.answered_on.isoformat())
    return EntryKind.LATE_RETURN


def _answer(row: PayBatch, told: Sequence[_Told], kind: EntryKind, *, by: Actor, now: datetime) -> None:
    if not told:
        return
    paid = kind is EntryKind.PAID
    state, grant = (LineState.PAID, GrantState.PAID) if paid else (LineState.RETURNED, GrantState.RETURNED)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE benefits_payline l
               SET state = %s, reason = s.reason, answered_on = s.day, answered_at = %s, paid_on = CASE WHEN %s THEN s.day ELSE l.paid_on END
              FROM unnest(%s::uuid[], %s::text[], %s::date[]) AS s(id, reason, day) WHERE l.id = s.id
            """,
            [state, now, paid, [x.pk for _, x in told], ["" if paid else a.reason for a, _ in told], [a.on for a, _ in told]],
        )
    Grant.objects.filter(pk__one_of=[x.grant_id for _, x in told]).update(state=grant)
    enter(kind, row.policy, [Moved(x.pk, x.amount_fen, x.region) for _, x in told], on=local_date(now), at=now, by_id=by.person_id)


def tell_of_answers(*, batch_id: UUID, answered_at: datetime, by: Actor, now: datetime) -> int:
    """Tell everybody whom the bank's answer of a moment concerns: that money was paid, or came back and what to do; how many were told.

    Each is told of each event once, however often the answer or this job is repeated.
    """
    answered = PayLine.objects.filter(batch_id=batch_id, answered_at=answered_at, state__in=[LineState.PAID, LineState.RETURNED])
    ids, told = list(answered.order_by("position").values_list("pk", flat=True)), 0
    offices: dict[str, Letterhead] = {}
    for start in range(0, len(ids), _CHUNK):
        lines = list(PayLine.objects.filter(pk__one_of=ids[start : start + _CHUNK]).select_related("grant").order_by("position"))
        known = parties([line.grant.payee_id for line in lines])
        for line in lines:
            place = line.grant.region
            if place not in offices:
                offices[place] = letterhead(bureau_for(place, on=local_date(now)))
            if line.grant.payee_id in known:
                told += _tell(line, offices[place], by=by, now=now)
    return told


def _tell(line: PayLine, office: Letterhead, *, by: Actor, now: datetime) -> bool:
    grant, state = line.grant, LineState(line.state)
    assert line.answered_on
    values: dict[str, Words] = {
        "item": policy_of(grant.policy).name, "office": office.name, "phone": office.phone, "amount": MONEY.said(line.amount_fen),
        "tail": line.account.open_json()["number"][-4:], "day": line.answered_on.isoformat(), "reason": line.reason.rstrip("。；"),
    }  # fmt: skip
    to, key = Recipient(grant.payee_id, grant.payee_is_employer), f"payment:{line.reference}:{state.value}"
    about = batch_subject(line.batch_id)
    return notify(f"benefits.{state.value}", to=to, about=about, values=values, key=key, by=by, now=now) is not None


# -- accounts --------------------------------------------------------------------------------------------------------------------


@once
def give_account(*, party_id: UUID, bank: str, account: str, told: Told | None = None, by: Actor, now: datetime) -> None:
    """Say into which account benefits are to be paid, and agree to that use of it.

    Whoever receives them says it online, or to a clerk or the payment officer, who note how. Raises :class:`HowMissing`, :class:`PeopleGone`.
    """
    _keep(party_id, Account("", bank.strip()[:60], check_bank_card(account, field="account")), told, by, now)


@once
def confirm_account(*, party_id: UUID, by: Actor, now: datetime) -> None:
    """Say that the account which one's record has for filling forms is also to be paid into. Raises :class:`NoAccountKept`."""
    _must_speak_for(party_id, by, now)
    kept = kept_account(party_id)
    if kept is None:
        raise NoAccountKept
    _keep(party_id, kept, None, by, now)


def _must_speak_for(party_id: UUID, by: Actor, now: datetime) -> None:
    """Only for oneself, or for whom one may act; or a post to which people come."""
    if by.resident_id:
        if party_id not in own_ids(by.resident_id) and not may_act_for(
            by.resident_id, party_id, scope=Scope.APPLY, on=local_date(now)
        ):
            raise PeopleGone
    elif not by.can(PAY) and not by.can(COUNTER):
        raise NotAllowed(permission=PAY)


def _keep(party_id: UUID, account: Account, told: Told | None, by: Actor, now: datetime) -> None:
    _must_speak_for(party_id, by, now)
    how = Told.ONLINE if by.resident_id else told
    if how is None or (how is Told.ONLINE and not by.resident_id):
        raise HowMissing(field="told")
    party = parties([party_id]).get(party_id)
    if party is None:
        raise PeopleGone
    made = PayAccount.objects.create(
        party_id=party_id, account={"bank": account.bank, "number": account.number}, account_index=account.index, told=how, given_at=now,
        given_by_id=by.person_id,
    )  # fmt: skip
    if not party.is_employer:
        note_consent(person_id=party_id, purpose=ConsentPurpose.PAY_BENEFITS, by=by, now=now)
    record("benefits.account_given", subject=Subject("pay_account", made.pk), by=by, at=now, new=True, party=party_id, told=how)


@transaction.atomic
def forget_accounts(*, person_id: UUID, until: datetime, now: datetime) -> int:
    """Forget the accounts that somebody had given before they took their consent back; how many. Safe to repeat."""
    theirs = PayAccount.objects.filter(party_id__in=own_ids(person_id), withdrawn_at=None, given_at__lte=until)
    return theirs.update(withdrawn_at=now, account=None, account_index=None)


__all__ = [
    "AnswerWrong", "FileNotAsAgreed", "FilePurposeMissing", "HowMissing", "NoAccountKept", "PaymentFile", "PeopleGone",
    "confirm_account", "forget_accounts", "give_account", "payment_file", "take_in_answer", "tell_of_answers",
]  # fmt: skip
