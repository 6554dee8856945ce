"""Payments: put together by one officer, agreed to by another, sent as a file that never changes, answered by the bank line by line."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection, transaction

from linli.domains.benefits.bankfile import LONGEST, Answer, Answered, Payment, Problem, pieces, read_answer
from linli.domains.benefits.commands.lists import ListEmpty, SameOfficer
from linli.domains.benefits.definitions import policy_of
from linli.domains.benefits.granting import (
    FUNDS,
    BatchState,
    EntryKind,
    FilePurpose,
    GrantState,
    LineState,
    Told,
    granting_of,
    reference_of,
)
from linli.domains.benefits.models import Grant, GrantList, PayAccount, PayBatch, PayLine
from linli.domains.benefits.permissions import AGREE, COUNTER, PAY, must_serve
from linli.domains.benefits.posting import Moved, enter
from linli.domains.benefits.queries.grants import list_for
from linli.domains.benefits.queries.payments import FILE_TAKEN, Account, batch_for, kept_account, owed, sorted_out, stopped
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
from linli.kernel.ids import uuid7
from linli.kernel.jobs import defer
from linli.kernel.text import Message, joined, msg, noop

_CHUNK = 2_000


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


def batch_subject(batch_id: UUID) -> Subject:
    return Subject("pay_batch", batch_id)


# -- put together ----------------------------------------------------------------------------------------------------------------


@once
def make_batch(*, policy: str, list_id: UUID | None = None, region: str = "", by: Actor, now: datetime) -> UUID:
    """Put all payments of a policy together that can be made now, of one list or of all; the others are counted by what they wait for.

    A grant is in one live payment only, whoever puts batches together at the same time. Raises :class:`NothingToPay`.
    """
    by.must(PAY)
    place = region or by.region
    must_serve(by, place)
    if list_id:
        found = list_for(GrantList.objects.filter(policy=policy), list_id, by)
        place = found.region
    made = PayBatch(pk=uuid7(), policy=policy, list_id=list_id, region=place, made_by_id=by.person_id, made_at=now)
    made.number = f"{local_date(now):%Y%m%d}{sm3(made.pk.bytes).hex()[:8].upper()}"
    made.save(force_insert=True)
    waiting: dict[str, int] = {}
    position = fen = 0
    for grants in _chunks(policy, list_id, place):
        ready, waits = sorted_out(grants)
        for why in waits.values():
            waiting[why] = waiting.get(why, 0) + 1
        _put_in(made, ready, position)
        position, fen = position + len(ready), fen + sum(g.amount_fen for g, _ in ready)
    if not position:
        raise NothingToPay
    made.lines, made.fen, made.waiting = position, fen, waiting
    made.save(update_fields=["lines", "fen", "waiting"])
    record(
        "benefits.batch_made", subject=batch_subject(made.pk), by=by, at=now, new=True, policy=policy, list=list_id, number=made.number,
        lines=position, fen=fen, waiting=waiting,
    )  # fmt: skip
    return made.pk


def _chunks(policy: str, list_id: UUID | None, place: str) -> Iterator[list[Grant]]:
    """What is owed, locked, some at a time in one order; what another batch is taking meanwhile is waited for, and is then not owed."""
    after = UUID(int=0)
    while True:
        rows = owed(policy, list_id=list_id, region=place).filter(pk__gt=after).order_by("pk").select_for_update(of=("self",))
        found = list(rows[:_CHUNK])
        if not found:
            return
        after = found[-1].pk
        yield found


def _put_in(batch: PayBatch, ready: Sequence[tuple[Grant, Account]], start: int) -> None:
    ids = [g.pk for g, _ in ready]
    tried: dict[UUID, int] = {}
    for grant_id, attempt in PayLine.objects.filter(grant_id__in=ids).values_list("grant_id", "attempt"):
        tried[grant_id] = max(tried.get(grant_id, 0), attempt)
    Grant.objects.filter(pk__in=ids).update(state=GrantState.PAYING)
    PayLine.objects.bulk_create(
        PayLine(
            batch=batch, grant=g, attempt=tried.get(g.pk, 0) + 1, position=n, reference=reference_of(g.pk, tried.get(g.pk, 0) + 1),
            amount_fen=g.amount_fen, account={"holder": a.holder, "bank": a.bank, "number": a.number}, account_index=a.index,
        )
        for n, (g, a) in enumerate(ready, start + 1)
    )  # fmt: skip


def _locked(batch_id: UUID, by: Actor, *permissions: str) -> PayBatch:
    """A batch of the actor's place that nobody agreed to yet, locked."""
    if not any(by.can(p) for p in permissions):
        raise NotAllowed(permission=permissions[0])
    row = batch_for(PayBatch.objects.select_for_update(of=("self",)), batch_id, by)
    if row.state != BatchState.MADE:
        raise BatchMoved(state=msg(BatchState(row.state).label))
    return row


@once
def withdraw_batch(*, batch_id: UUID, by: Actor, now: datetime) -> None:
    """Take a batch back before anybody agreed to it; its grants are owed again."""
    row = _locked(batch_id, by, PAY, AGREE)
    _drop(PayLine.objects.filter(batch=row).values_list("pk", flat=True), now)
    row.state, row.withdrawn_by_id, row.withdrawn_at = BatchState.WITHDRAWN, by.person_id, now
    row.save(update_fields=["state", "withdrawn_by_id", "withdrawn_at"])
    record("benefits.batch_withdrawn", subject=batch_subject(row.pk), by=by, at=now)


def _drop(line_ids: Iterable[UUID], now: datetime) -> None:
    """Take payments out of a batch that has not gone to the bank: their grants are owed as before."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH dropped AS (UPDATE benefits_payline SET state = 'dropped', answered_at = %s WHERE id = ANY(%s) RETURNING grant_id, attempt)
            UPDATE benefits_grant g
               SET state = CASE WHEN EXISTS (SELECT 1 FROM benefits_payline l WHERE l.grant_id = g.id AND l.state = 'returned')
                                THEN 'returned' ELSE 'due' END
              FROM dropped WHERE g.id = dropped.grant_id
            """,
            [now, list(line_ids)],
        )


@once
def agree_batch(*, batch_id: UUID, by: Actor, now: datetime) -> str:
    """A second officer agrees: the money is on its way, and the file is what it will always be; gives its digest.

    Whose payments were suspended since it was put together is taken out. Raises :class:`SameOfficer`, :class:`ListEmpty`.
    """
    row = _locked(batch_id, by, AGREE, PAY)
    if row.made_by_id == by.person_id:
        raise SameOfficer
    today = local_date(now)
    lines = PayLine.objects.filter(batch=row)
    people = list(lines.filter(grant__payee_is_employer=False).values_list("grant__payee_id", flat=True))
    # Some at a time: a statement takes no more than 65,535 values.
    held = {one for start in range(0, len(people), _CHUNK) for one in stopped(people[start : start + _CHUNK])}
    if held:
        _drop(lines.filter(grant__payee_id__in=held).values_list("pk", flat=True), now)
    sent = [Moved(*found) for found in lines.filter(state=LineState.OPEN).values_list("pk", "amount_fen", "grant__region")]
    if not sent:
        raise ListEmpty
    row.lines, row.fen = len(sent), sum(m.fen for m in sent)
    row.state, row.agreed_by_id, row.agreed_at = BatchState.AGREED, by.person_id, now
    digest = hashlib.new("sm3")
    for piece in _pieces(row):
        digest.update(piece)
    row.digest = digest.hexdigest()
    row.save(update_fields=["lines", "fen", "state", "agreed_by_id", "agreed_at", "digest"])
    for start in range(0, len(sent), _CHUNK):
        enter(EntryKind.SENT, row.policy, sent[start : start + _CHUNK], on=today, at=now, by_id=by.person_id)
    record(
        "benefits.batch_agreed", subject=batch_subject(row.pk), by=by, at=now, digest=row.digest, lines=row.lines, fen=row.fen,
        dropped=len(held),
    )  # fmt: skip
    return row.digest


# -- the file --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PaymentFile:
    """A file for the bank."""

    name: str
    content: bytes
    digest: str


def _pieces(row: PayBatch) -> Iterator[bytes]:
    assert row.agreed_at
    return pieces(
        number=row.number, day=local_date(row.agreed_at), fund=FUNDS[granting_of(row.policy).fund], purpose=policy_of(row.policy).name,
        lines=row.lines, fen=row.fen, payments=_payments(row),
    )  # fmt: skip


def _payments(row: PayBatch) -> Iterator[Payment]:
    """The payments that went to the bank, in their order, whatever became of them since."""
    lines = PayLine.objects.filter(batch=row).exclude(state=LineState.DROPPED).order_by("position")
    for line in lines.iterator(chunk_size=_CHUNK):
        a = line.account.open_json()
        yield Payment(line.reference, a["holder"], a["bank"], a["number"], line.amount_fen)


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
    content = b"".join(_pieces(row))
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
    news = _held_against(row, answer, today=local_date(now))
    counts = {name: len(news[kind]) for name, kind in _COUNTED.items()}
    counts["known"] = len(answer.rows) - sum(counts.values())
    for kind, told in news.items():
        _answer(row, told, kind, by=by, now=now)
    if counts["known"] < len(answer.rows):
        record(
            "benefits.answer_taken", subject=batch_subject(row.pk), by=by, at=now, digest=sm3(content).hex(), paid=counts["paid"],
            returned=counts["returned"], late=counts["late"], known=counts["known"],
        )  # fmt: skip
        defer("benefits.tell_of_answers", batch_id=str(row.pk), answered_at=now.isoformat())
    return counts


_COUNTED = {"paid": EntryKind.PAID, "returned": EntryKind.RETURNED, "late": EntryKind.LATE_RETURN}
_News = dict[EntryKind, list[tuple[Answered, PayLine]]]


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        some: list[Message] = [msg("第 %(line)s 行：%(what)s；", line=p.line, what=p.what) for p in problems[:LONGEST]]
        raise AnswerWrong(field="file", number=len(problems), what=joined(some).rstrip("；"))


def _held_against(row: PayBatch, answer: Answer, *, today: date) -> _News:
    """The lines that are news, by what they are; every line must be one of the batch, of its amount, and fit what was said before."""
    lines = PayLine.objects.filter(batch=row).exclude(state=LineState.DROPPED).defer("account")
    by_reference = {line.reference: line for line in lines.select_related("grant").order_by("position")}
    problems: list[Problem] = []
    news: _News = {kind: [] for kind in _COUNTED.values()}
    for told in answer.rows:
        line = by_reference.get(told.reference)
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
        elif found and line:
            news[found].append((told, line))
    _refuse(problems)
    return news


def _news(line: PayLine, told: Answered) -> EntryKind | Message | None:
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


def _answer(row: PayBatch, told: Sequence[tuple[Answered, PayLine]], kind: EntryKind, *, by: Actor, now: datetime) -> None:
    paid = kind is EntryKind.PAID
    state, grant = (LineState.PAID, GrantState.PAID) if paid else (LineState.RETURNED, GrantState.RETURNED)
    for start in range(0, len(told), _CHUNK):
        some = told[start : start + _CHUNK]
        with connection.cursor() as cursor:
            cursor.execute(
                """
                UPDATE benefits_payline l
                   SET state = %s, reason = s.reason, answered_on = s.day, answered_at = %s, paid_on = CASE WHEN %s THEN s.day ELSE l.paid_on END
                  FROM unnest(%s::uuid[], %s::text[], %s::date[]) AS s(id, reason, day) WHERE l.id = s.id
                """,
                [state, now, paid, [x.pk for _, x in some], ["" if paid else a.reason for a, _ in some], [a.on for a, _ in some]],
            )
        Grant.objects.filter(pk__in=[x.grant_id for _, x in some]).update(state=grant)
        moved = [Moved(x.pk, x.amount_fen, x.grant.region) for _, x in some]
        enter(kind, row.policy, moved, on=local_date(now), at=now, by_id=by.person_id)


def tell_of_answers(*, batch_id: UUID, answered_at: datetime, by: Actor, now: datetime) -> int:
    """Tell everybody whom the bank's answer of a moment concerns: that money was paid, or came back and what to do; how many were told.

    Each is told of each event once, however often the answer or this job is repeated.
    """
    answered = PayLine.objects.filter(batch_id=batch_id, answered_at=answered_at, state__in=[LineState.PAID, LineState.RETURNED])
    ids, told = list(answered.order_by("position").values_list("pk", flat=True)), 0
    offices: dict[str, Letterhead] = {}
    for start in range(0, len(ids), _CHUNK):
        lines = list(PayLine.objects.filter(pk__in=ids[start : start + _CHUNK]).select_related("grant").order_by("position"))
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
    "AnswerWrong", "BatchMoved", "FileNotAsAgreed", "FilePurposeMissing", "HowMissing", "NoAccountKept",
    "NothingToPay", "PaymentFile", "PeopleGone", "agree_batch", "batch_subject",

    "confirm_account", "forget_accounts", "give_account", "make_batch", "payment_file", "take_in_answer", "tell_of_answers", "withdraw_batch",
]  # fmt: skip
