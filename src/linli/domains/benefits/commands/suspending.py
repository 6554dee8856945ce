"""Holding payment back, and letting it go on: proposed by one officer, decided by another, each a case with a sealed paper.

Nobody is suspended without having been reached for, nor on the word of one officer: the commands say it kindly, a trigger of the
database holds it. Going on takes neither: it happens at once when somebody is certified, or when an officer sees that it was wrong.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from linli.domains.benefits.certifying import Finding, Settled, rungs_for
from linli.domains.benefits.commands import proceedings
from linli.domains.benefits.commands.certification import certification_subject, end_suspension, tell
from linli.domains.benefits.commands.reaching import InquiryNeeded, reason_of
from linli.domains.benefits.models import Certification, Inquiry, Reach, Suspension, SuspensionProposal
from linli.domains.benefits.permissions import AGREE, CERTIFY
from linli.domains.benefits.queries.certification import certification, reached_by_hand, stop_from
from linli.domains.trace.commands import Subject, once, record
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.errors import Kind, LinliError
from linli.kernel.text import msg, noop


class NotReached(LinliError):
    """Payment is to stop and nobody reached out for the person."""

    code = "benefits.not_reached"
    kind = Kind.CONFLICT
    template = noop("本周期还没有人联系过本人，不能暂停发放。")
    remedy = noop("请先打电话或安排走访，并登记结果。")


class TooEarly(LinliError):
    """Payment is to stop before the warning is over."""

    code = "benefits.too_early"
    kind = Kind.CONFLICT
    template = noop("预警期没有结束，最早 %(day)s 才可以暂停发放。")
    remedy = noop("请在预警期内继续联系本人。")


class StepsOpen(LinliError):
    """Payment is to stop and a step of the ladder has no outcome yet."""

    code = "benefits.steps_open"
    kind = Kind.CONFLICT
    template = noop("“%(step)s”还没有结果，不能暂停发放。")
    remedy = noop("请先完成这一步并登记结果。")


class StillCertified(LinliError):
    """Payment is to stop though the certification runs."""

    code = "benefits.still_certified"
    kind = Kind.CONFLICT
    template = noop("本人的认证在有效期内，不能以未认证为由暂停发放。")
    remedy = noop("发现丧失资格线索的，请先立案核实。")


class SuspendedAlready(LinliError):
    """Payment is held back already."""

    code = "benefits.suspended_already"
    kind = Kind.CONFLICT
    template = noop("已经暂停发放。")


class ProposedAlready(LinliError):
    """It was proposed and waits for the other officer."""

    code = "benefits.proposed_already"
    kind = Kind.CONFLICT
    template = noop("已经提出暂停，正在等复核。")
    remedy = noop("请等复核结果。")


class NothingProposed(LinliError):
    """Nobody proposed to suspend, or it was decided, or the person was certified meanwhile."""

    code = "benefits.nothing_proposed"
    kind = Kind.CONFLICT
    template = noop("没有等待复核的暂停：已经复核过，或者本人已经认证。")
    remedy = noop("请刷新页面，看现在的状态。")


class HadAHand(LinliError):
    """Whoever looked into it or proposed it decides on it."""

    code = "benefits.had_a_hand"
    kind = Kind.NOT_ALLOWED
    template = noop("提出和复核要由不同的人办理，参加过核实的人也不能复核。")
    remedy = noop("请由另一位有复核权限的人员处理。")


class NotSuspended(LinliError):
    """Payment goes on as it is."""

    code = "benefits.not_suspended"
    kind = Kind.CONFLICT
    template = noop("没有暂停发放，不用恢复。")


def _locked(certification_id: UUID, by: Actor, permission: str) -> Certification:
    by.must(permission)
    return Certification.objects.select_for_update().get(pk=certification(certification_id, by=by).pk)


@once
def propose_suspension(*, certification_id: UUID, reason: str, by: Actor, now: datetime) -> UUID:
    """Propose to hold payment back: after an inquiry that found the right lost, or for want of certification when every step was taken
    and the warning is over. Its case is that of the inquiry, or begins now. Raises what is missing."""
    row = _locked(certification_id, by, CERTIFY)
    why = reason_of(reason)
    if Suspension.objects.filter(certification=row, ended_on=None).exists():
        raise SuspendedAlready
    if SuspensionProposal.objects.filter(certification=row, outcome=Settled.OPEN).exists():
        raise ProposedAlready
    lost = _must_be_lost(row, local_date(now))
    spent = lost and SuspensionProposal.objects.filter(inquiry=lost).exists()
    case_id = lost.case_id if lost and lost.case_id and not spent else proceedings.begin(row, "suspension", by=by, now=now)
    made = SuspensionProposal.objects.create(
        certification=row, inquiry=lost, case_id=case_id, reason=why, proposed_at=now, proposed_by_id=by.person_id
    )
    record(
        "benefits.suspension_proposed", subject=certification_subject(row.pk), by=by, at=now, proposal=made.pk, case=case_id,
        ground=lost.finding if lost else "not-certified",
    )  # fmt: skip
    return made.pk


def _must_be_lost(row: Certification, today: date) -> Inquiry | None:
    """The inquiry that found the right lost; without one all that was to be tried was tried. Raises what is missing."""
    reaches = list(Reach.objects.filter(certification=row, cycle_end=row.certified_until))
    inquiry = Inquiry.objects.filter(certification=row).order_by("-opened_at").first()
    lost = inquiry if inquiry and inquiry.finding in (Finding.DEAD, Finding.LOST) else None
    if row.signal and lost is None:
        raise InquiryNeeded
    if not reached_by_hand(reaches):
        raise NotReached
    if lost is None:
        _must_be_over(row, reaches, today)
    return lost


def _must_be_over(row: Certification, reaches: list[Reach], today: date) -> None:
    """The cycle has ended, every step was taken and has an outcome, and the warning is over."""
    if today <= row.certified_until:
        raise StillCertified
    by_rung = {r.rung: r for r in reaches}
    for rung in rungs_for(frail=row.frail, abroad=row.abroad):
        taken = by_rung.get(rung.code)
        if taken is None or not taken.outcome:
            raise StepsOpen(step=msg(rung.label))
    first = stop_from(row, reaches, today)
    if first is None or today < first:
        raise TooEarly(day=first)


def _proposal(row: Certification, by: Actor) -> SuspensionProposal:
    """The one that waits, for whoever had no hand in it."""
    waiting = SuspensionProposal.objects.select_related("inquiry").filter(certification=row, outcome=Settled.OPEN)
    found = waiting.select_for_update(of=("self",)).first()
    if found is None:
        raise NothingProposed
    looked = {found.inquiry.opened_by_id, found.inquiry.concluded_by_id} if found.inquiry else set()
    if by.user_id in looked | {found.proposed_by_id}:
        raise HadAHand
    return found


@once
def agree_suspension(*, certification_id: UUID, by: Actor, now: datetime) -> UUID:
    """Agree that payment is held back, from today. What had to be tried is looked at again; the decision is sealed and delivered."""
    row = _locked(certification_id, by, AGREE)
    proposal, today = _proposal(row, by), local_date(now)
    lost = _must_be_lost(row, today)
    if lost != proposal.inquiry:
        raise InquiryNeeded
    _settle(proposal, Settled.AGREED, by=by, now=now)
    made = Suspension.objects.create(
        certification=row, inquiry=lost, proposal=proposal, since=today, reason=proposal.reason.open(), decided_at=now,
        decided_by_id=by.person_id,
    )  # fmt: skip
    proceedings.decide(row, proposal, today, by=by, now=now)
    record(
        "benefits.suspended", subject=certification_subject(row.pk), by=by, at=now, suspension=made.pk, since=today,
        case=proposal.case_id, proposed_by=proposal.proposed_by_id, ground=lost.finding if lost else "not-certified",
    )  # fmt: skip
    if lost is None or lost.finding != Finding.DEAD:  # nobody writes to the dead
        tell(row, "benefits.suspended", f"suspended:{made.pk}", about=Subject("case", proposal.case_id), by=by, now=now)
    return made.pk


@once
def refuse_suspension(*, certification_id: UUID, reason: str, by: Actor, now: datetime) -> None:
    """Refuse it, with the reason: payment goes on and the case is given up."""
    row = _locked(certification_id, by, AGREE)
    proposal, why = _proposal(row, by), reason_of(reason, "said")
    _settle(proposal, Settled.REFUSED, said=why, by=by, now=now)
    proceedings.give_up(proposal.case_id, reason=why, now=now)
    record("benefits.suspension_refused", subject=certification_subject(row.pk), by=by, at=now, proposal=proposal.pk)


def _settle(proposal: SuspensionProposal, outcome: Settled, *, said: str | None = None, by: Actor, now: datetime) -> None:
    proposal.outcome, proposal.said, proposal.decided_at, proposal.decided_by_id = outcome, said, now, by.user_id
    proposal.save(update_fields=["outcome", "said", "decided_at", "decided_by_id"])


@once
def resume(*, certification_id: UUID, reason: str, by: Actor, now: datetime) -> None:
    """An officer lets payment go on, with what was held back: the suspension was wrong, or its reason is gone."""
    row = _locked(certification_id, by, CERTIFY)
    why = reason_of(reason)
    held = (
        Suspension.objects.select_for_update(of=("self",))
        .select_related("proposal")
        .filter(certification=row, ended_on=None)
        .first()
    )
    if held is None:
        raise NotSuspended
    end_suspension(row, held, reason=why, by=by, now=now)
