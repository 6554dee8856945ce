"""Having money back that was paid wrongly: ordered by two officers with a legal ground, repaid in parts, given up only by two."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from linli.domains.benefits.commands.lists import AmountWrong, GrantMoved, SameOfficer
from linli.domains.benefits.commands.reaching import ReasonNeeded
from linli.domains.benefits.definitions import policy_of
from linli.domains.benefits.granting import ClawBackState, EntryKind, GrantState
from linli.domains.benefits.models import ClawBack, Grant, Repayment, WriteOff
from linli.domains.benefits.permissions import AGREE, PAY
from linli.domains.benefits.posting import Moved, enter
from linli.domains.benefits.queries.grants import grant_for
from linli.domains.benefits.queries.payments import claw_back_for, sheet_of
from linli.domains.benefits.values import MONEY
from linli.domains.notices.commands import Recipient, notify
from linli.domains.org.queries import bureau_for, letterhead
from linli.domains.people.queries import parties
from linli.domains.trace.commands import Subject, once, record
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.errors import Kind, LinliError
from linli.kernel.text import msg, noop


class ClawBackThere(LinliError):
    """A grant is being had back already."""

    code = "benefits.claw_back_there"
    kind = Kind.CONFLICT
    template = noop("这笔待遇已经有一项追回。")
    remedy = noop("请打开已有的追回处理。")


class ClawBackMoved(LinliError):
    """A claw-back is not in the state that this needs."""

    code = "benefits.claw_back_moved"
    kind = Kind.CONFLICT
    template = noop("这项追回现在是“%(state)s”，不能这样处理。")
    remedy = noop("请刷新页面，按最新状态处理。")


class RepaymentWrong(LinliError):
    """A day or a number of the bank that cannot be meant."""

    code = "benefits.repayment_wrong"
    template = noop("这笔退款不能登记：%(why)s。")
    remedy = noop("请对照银行回单重新填写。")


class WriteOffMissing(LinliError):
    """Nobody proposed to give a claw-back up."""

    code = "benefits.write_off_missing"
    kind = Kind.CONFLICT
    template = noop("还没有人提出核销。")
    remedy = noop("请先由待遇发放员写明理由提出核销。")


def claw_back_subject(claw_back_id: UUID) -> Subject:
    return Subject("claw_back", claw_back_id)


def _said(text: str, field: str) -> str:
    if not text.strip():
        raise ReasonNeeded(field=field)
    return text.strip()


def _locked(claw_back_id: UUID, by: Actor, permission: str, *states: ClawBackState) -> ClawBack:
    by.must(permission)
    row = claw_back_for(ClawBack.objects.select_for_update(of=("self",)).select_related("grant"), claw_back_id, by)
    if row.state not in states:
        raise ClawBackMoved(state=msg(ClawBackState(row.state).label))
    return row


@once
def propose_claw_back(*, grant_id: UUID, amount_fen: int, reason: str, legal_basis: str, by: Actor, now: datetime) -> UUID:
    """Ask for money back of a paid grant, all or part of it, with reason and legal ground. Nothing moves before somebody agrees."""
    by.must(PAY)
    why, basis = _said(reason, "reason")[:2000], _said(legal_basis, "legal_basis")[:200]
    grant = grant_for(Grant.objects.select_for_update(of=("self",)), grant_id, by)
    if grant.state != GrantState.PAID:
        raise GrantMoved(state=msg(GrantState(grant.state).label))
    if not 0 < amount_fen <= grant.amount_fen:
        raise AmountWrong(field="amount_fen", why=msg("要大于零，不超过已发放的金额"))
    if ClawBack.objects.filter(grant=grant).exclude(state=ClawBackState.REFUSED).exists():
        raise ClawBackThere
    made = ClawBack.objects.create(
        grant=grant, amount_fen=amount_fen, reason=why, legal_basis=basis, made_by_id=by.person_id, made_at=now
    )
    record(
        "benefits.claw_back_proposed", subject=claw_back_subject(made.pk), by=by, at=now, new=True, grant=grant.pk, fen=amount_fen,
        basis=basis,
    )  # fmt: skip
    return made.pk


@once
def settle_claw_back(*, claw_back_id: UUID, agreed: bool, by: Actor, now: datetime) -> None:
    """A second officer orders it, and whoever owes it is told; or does not agree. Raises :class:`SameOfficer`."""
    row = _locked(claw_back_id, by, AGREE, ClawBackState.PROPOSED)
    if row.made_by_id == by.person_id:
        raise SameOfficer
    if agreed and row.grant.state != GrantState.PAID:  # the bank sent it back meanwhile
        raise GrantMoved(state=msg(GrantState(row.grant.state).label))
    row.state = ClawBackState.ORDERED if agreed else ClawBackState.REFUSED
    row.agreed_by_id, row.agreed_at = by.person_id, now
    row.save(update_fields=["state", "agreed_by_id", "agreed_at"])
    record("benefits.claw_back_settled", subject=claw_back_subject(row.pk), by=by, at=now, agreed=agreed)
    if not agreed:
        return
    grant = row.grant
    enter(
        EntryKind.CLAWED_BACK,
        grant.policy,
        [Moved(row.pk, row.amount_fen, grant.region)],
        on=local_date(now),
        at=now,
        by_id=by.person_id,
    )
    if parties([grant.payee_id]):
        office = letterhead(bureau_for(grant.region, on=local_date(now)))
        notify(
            "benefits.claw_back", to=Recipient(grant.payee_id, grant.payee_is_employer), about=claw_back_subject(row.pk),
            values={
                "item": policy_of(grant.policy).name, "office": office.name, "phone": office.phone, "amount": MONEY.said(row.amount_fen),
                "reason": row.reason.open(), "basis": row.legal_basis,
            },
            key=f"claw-back:{row.pk}", by=by, now=now,
        )  # fmt: skip


@once
def note_repayment(*, claw_back_id: UUID, amount_fen: int, on: date, reference: str, by: Actor, now: datetime) -> int:
    """Note that some of it came in; gives what is left. The same number of the bank again changes nothing."""
    number = _said(reference, "reference")[:64]
    row = _locked(claw_back_id, by, PAY, ClawBackState.ORDERED, ClawBackState.SETTLED)
    sheet = sheet_of(row)
    if any(r.reference == number and r.amount_fen == amount_fen for r in sheet.repayments):
        return sheet.left_fen
    if row.state != ClawBackState.ORDERED:
        raise ClawBackMoved(state=msg(ClawBackState(row.state).label))
    if not 0 < amount_fen <= sheet.left_fen:
        raise AmountWrong(field="amount_fen", why=msg("要大于零，不超过还没有追回的金额"))
    if any(r.reference == number for r in sheet.repayments):
        raise RepaymentWrong(field="reference", why=msg("这个银行流水号已经登记过，金额不同"))
    if on > local_date(now):
        raise RepaymentWrong(field="on", why=msg("日期在将来"))
    made = Repayment.objects.create(
        claw_back=row, amount_fen=amount_fen, on=on, reference=number, noted_by_id=by.person_id, noted_at=now
    )
    enter(
        EntryKind.REPAID,
        row.grant.policy,
        [Moved(made.pk, amount_fen, row.grant.region)],
        on=local_date(now),
        at=now,
        by_id=by.person_id,
    )
    record("benefits.repaid", subject=claw_back_subject(row.pk), by=by, at=now, fen=amount_fen, on=on, reference=number)
    left = sheet.left_fen - amount_fen
    if not left:
        row.state = ClawBackState.SETTLED
        row.save(update_fields=["state"])
    return left


@once
def propose_write_off(*, claw_back_id: UUID, reason: str, by: Actor, now: datetime) -> None:
    """Propose to give up what is left. Nothing moves before somebody agrees; said again, the newest reason counts."""
    why = _said(reason, "reason")[:2000]
    row = _locked(claw_back_id, by, PAY, ClawBackState.ORDERED)
    WriteOff.objects.update_or_create(claw_back=row, defaults={"reason": why, "made_by_id": by.person_id, "made_at": now})
    record("benefits.write_off_proposed", subject=claw_back_subject(row.pk), by=by, at=now)


@once
def agree_write_off(*, claw_back_id: UUID, by: Actor, now: datetime) -> None:
    """A second officer agrees that what is left is given up. Raises :class:`SameOfficer`, :class:`WriteOffMissing`."""
    row = _locked(claw_back_id, by, AGREE, ClawBackState.ORDERED)
    sheet = sheet_of(row)
    if sheet.write_off is None:
        raise WriteOffMissing
    if sheet.write_off.made_by_id == by.person_id:
        raise SameOfficer
    given_up = sheet.write_off
    given_up.amount_fen, given_up.agreed_by_id, given_up.agreed_at = sheet.left_fen, by.person_id, now
    given_up.save(update_fields=["amount_fen", "agreed_by_id", "agreed_at"])
    row.state = ClawBackState.SETTLED
    row.save(update_fields=["state"])
    lost = Moved(given_up.pk, sheet.left_fen, row.grant.region)
    enter(EntryKind.WRITTEN_OFF, row.grant.policy, [lost], on=local_date(now), at=now, by_id=by.person_id)
    record("benefits.written_off", subject=claw_back_subject(row.pk), by=by, at=now, fen=sheet.left_fen)


@once
def lift_claw_back(*, claw_back_id: UUID, by: Actor, now: datetime) -> None:
    """Lift what is left of a claim, because the bank sent the payment itself back; by somebody who did not ask for it.

    The grant is then owed as before: it is paid again, or given up. Raises :class:`SameOfficer`, :class:`GrantMoved` while the money is out.
    """
    row = _locked(claw_back_id, by, AGREE, ClawBackState.ORDERED)
    if row.made_by_id == by.person_id:
        raise SameOfficer
    grant = row.grant
    if grant.state != GrantState.RETURNED:
        raise GrantMoved(state=msg(GrantState(grant.state).label))
    row.state, row.lifted_fen, row.lifted_by_id, row.lifted_at = ClawBackState.LIFTED, sheet_of(row).left_fen, by.person_id, now
    row.save(update_fields=["state", "lifted_fen", "lifted_by_id", "lifted_at"])
    lifted = Moved(row.pk, row.lifted_fen, grant.region)
    enter(EntryKind.LIFTED, grant.policy, [lifted], on=local_date(now), at=now, by_id=by.person_id)
    record("benefits.claw_back_lifted", subject=claw_back_subject(row.pk), by=by, at=now, fen=row.lifted_fen)
    if parties([grant.payee_id]):
        office = letterhead(bureau_for(grant.region, on=local_date(now)))
        notify(
            "benefits.claw_back_lifted", to=Recipient(grant.payee_id, grant.payee_is_employer), about=claw_back_subject(row.pk),
            values={
                "item": policy_of(grant.policy).name, "office": office.name, "phone": office.phone, "amount": MONEY.said(row.lifted_fen),
            },
            key=f"claw-back:{row.pk}:lifted", by=by, now=now,
        )  # fmt: skip


__all__ = [
    "ClawBackMoved", "ClawBackThere", "WriteOffMissing", "agree_write_off", "claw_back_subject", "lift_claw_back", "note_repayment", "propose_claw_back",
    "propose_write_off", "settle_claw_back",
]  # fmt: skip
