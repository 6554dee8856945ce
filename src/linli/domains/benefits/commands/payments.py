"""Payments that were agreed to: sent as a file that never changes; and the accounts they go into."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction

from linli.domains.benefits.commands.batches import BatchMoved, batch_subject, file_pieces
from linli.domains.benefits.granting import BatchState, FilePurpose, Told
from linli.domains.benefits.models import PayAccount, PayBatch
from linli.domains.benefits.permissions import COUNTER, PAY
from linli.domains.benefits.queries.payments import FILE_TAKEN, Account, batch_for, kept_account
from linli.domains.documents.commands import FileChanged
from linli.domains.documents.queries import open_file
from linli.domains.people.commands import note_consent
from linli.domains.people.queries import ConsentPurpose, Scope, may_act_for, own_ids, parties
from linli.domains.trace.commands import Subject, once, record
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.crypto import CannotDecrypt
from linli.kernel.errors import Kind, LinliError, NotAllowed
from linli.kernel.identifiers import check_bank_card
from linli.kernel.text import msg, noop


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


class HowMissing(LinliError):
    """A post gives an account for somebody and does not say how they said it."""

    code = "benefits.how_missing"
    template = noop("请选择本人是怎么告诉您的。")
    remedy = noop("没有本人的意思不能登记；请本人当面说，或交来签名的书面。")


class AgentMissing(LinliError):
    """A clerk notes an account for an employer, and nobody who stands for it is here."""

    code = "benefits.agent_missing"
    template = noop("请填写代表单位来的人。")
    remedy = noop("单位的账户要由法定代表人或者有授权的经办人来登记。")


class AgentUnfit(LinliError):
    """Whoever came does not stand for the employer, or for this only."""

    code = "benefits.agent_unfit"
    kind = Kind.NOT_ALLOWED
    template = noop("这位来办的人没有代表该单位办理的授权。")
    remedy = noop("请先核对营业执照、身份证件或者委托书，登记授权以后再登记账户。")


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
    """A file for the bank, piece by piece, however often it is asked for."""

    name: str
    digest: str
    pieces: Callable[[], Iterator[bytes]] = field(repr=False, compare=False)

    @property
    def content(self) -> bytes:
        """All of it at once."""
        return b"".join(self.pieces())


@transaction.atomic
def payment_file(*, batch_id: UUID, purpose: FilePurpose | None, by: Actor, now: datetime) -> PaymentFile:
    """The file of a batch that was agreed to, the same bytes every time; who took it, when and what for is recorded.

    All of it is held against the digest that was agreed to before anything of it is given out, and no more of it than a piece is held in memory.
    Raises :class:`FilePurposeMissing`, :class:`FileNotAsAgreed`.
    """
    by.must(PAY)
    row = batch_for(PayBatch.objects.all(), batch_id, by)
    if row.state != BatchState.AGREED:
        raise BatchMoved(state=msg(BatchState(row.state).label))
    if purpose is None:
        raise FilePurposeMissing(field="purpose")
    digest, kept = hashlib.new("sm3"), row.file_id
    # Of batches that were sent before files were kept it is made anew.
    made = PaymentFile(f"{row.number}.csv", row.digest, (lambda: open_file(kept).pieces) if kept else partial(file_pieces, row))
    try:
        for piece in made.pieces():
            digest.update(piece)
    except (FileChanged, CannotDecrypt):
        raise FileNotAsAgreed from None
    if digest.hexdigest() != row.digest:
        raise FileNotAsAgreed
    record(FILE_TAKEN, subject=batch_subject(row.pk), by=by, at=now, digest=row.digest, purpose=purpose)
    return made


# -- accounts --------------------------------------------------------------------------------------------------------------------


@once
def give_account(
    *, party_id: UUID, bank: str, account: str, told: Told | None = None, agent_id: UUID | None = None, by: Actor, now: datetime
) -> None:
    """Say into which account benefits are to be paid, and agree to that use of it.

    Whoever receives them says it online, or to a clerk or the payment officer, who note how. For an employer the clerk says who came for it.
    Raises :class:`HowMissing`, :class:`PeopleGone`, :class:`AgentMissing`, :class:`AgentUnfit`.
    """
    _keep(party_id, Account("", bank.strip()[:60], check_bank_card(account, field="account")), told, by, now, agent_id)


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


def _keep(party_id: UUID, account: Account, told: Told | None, by: Actor, now: datetime, agent_id: UUID | None = None) -> None:
    _must_speak_for(party_id, by, now)
    how = Told.ONLINE if by.resident_id else told
    if how is None or (how is Told.ONLINE and not by.resident_id):
        raise HowMissing(field="told")
    party = parties([party_id]).get(party_id)
    if party is None:
        raise PeopleGone
    if party.is_employer and not by.resident_id:
        _must_have_come(agent_id, party_id, by, now)
    made = PayAccount.objects.create(
        party_id=party_id, account={"bank": account.bank, "number": account.number}, account_index=account.index, told=how, given_at=now,
        given_by_id=by.person_id,
    )  # fmt: skip
    if not party.is_employer:
        note_consent(person_id=party_id, purpose=ConsentPurpose.PAY_BENEFITS, by=by, now=now)
    record(
        "benefits.account_given", subject=Subject("pay_account", made.pk), by=by, at=now, new=True, party=party_id, told=how,
        agent=agent_id,
    )  # fmt: skip


def _must_have_come(agent_id: UUID | None, employer_id: UUID, by: Actor, now: datetime) -> None:
    """At a counter somebody stands for the employer; the payment officer may have it on paper alone."""
    if agent_id is None:
        if not by.can(PAY):
            raise AgentMissing(field="number")
    elif not may_act_for(agent_id, employer_id, scope=Scope.APPLY, on=local_date(now)):
        raise AgentUnfit(field="number")


@transaction.atomic
def forget_accounts(*, person_id: UUID, until: datetime, now: datetime) -> int:
    """Forget the accounts that somebody had given before they took their consent back; how many. Safe to repeat."""
    theirs = PayAccount.objects.filter(party_id__in=own_ids(person_id), withdrawn_at=None, given_at__lte=until)
    return theirs.update(withdrawn_at=now, account=None, account_index=None)


__all__ = [
    "AgentMissing", "AgentUnfit",
    "FileNotAsAgreed", "FilePurposeMissing", "HowMissing", "NoAccountKept", "PaymentFile", "PeopleGone", "confirm_account", "forget_accounts",
    "give_account", "payment_file",
]  # fmt: skip
