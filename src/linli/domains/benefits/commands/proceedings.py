"""Certification as cases of the spine: an inquiry and a proposal to suspend begin one, what was decided is written down in it, and the
sealed paper says on which facts and ground, what was tried to reach the person, how payment goes on and how to object."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from linli.domains.benefits.certifying import Finding, ReachOutcome, ReachWay, book
from linli.domains.benefits.models import Certification, Inquiry, Reach, Suspension, SuspensionProposal
from linli.domains.benefits.permissions import CERTIFY
from linli.domains.cases.commands import (
    EX_OFFICIO,
    Applicant,
    Hand,
    Verdict,
    add_paper,
    begin_ex_officio,
    decide_ex_officio,
    end_ex_officio,
)
from linli.domains.catalog.queries import Limit, Unit
from linli.domains.documents.queries import PaperKind, documents_of
from linli.domains.org.queries import bureau_for
from linli.domains.people.queries import parties
from linli.kernel.actors import Actor, system
from linli.kernel.calendar import local_date
from linli.kernel.errors import Kind, LinliError, NotAllowed
from linli.kernel.text import noop

_ASKED = noop("另行安排的走访")


class NotRegistered(LinliError):
    """A decision about somebody whom the register of people does not know: nobody could be told."""

    code = "benefits.not_registered"
    kind = Kind.CONFLICT
    template = noop("这位领取人员还没有登记，文书没有办法送达，不能立案。")
    remedy = noop("请先在窗口登记本人的身份信息。")


def begin(row: Certification, kind: str, *, by: Actor, now: datetime) -> UUID:
    """Begin the case of an ``inquiry`` or of a ``suspension``; gives it."""
    if by.user_id is None:
        raise NotAllowed(permission=CERTIFY)
    if not parties([row.person_id]):
        raise NotRegistered
    term = book().proceedings[kind]
    return begin_ex_officio(
        item_code=book().benefits[row.benefit].item, applicant=Applicant(row.person_id, False), region=row.region,
        started=Hand(by.user_id, _org(row, now)),
        limit=Limit(number=term.number, unit=Unit(term.unit), basis=term.source, certainty=term.tag), by=system(EX_OFFICIO), now=now,
    )  # fmt: skip


def give_up(case_id: UUID | None, *, reason: object, now: datetime) -> None:
    """What was looked into, or proposed, came to nothing."""
    if case_id:
        end_ex_officio(case_id=case_id, reason=str(reason), by=system(EX_OFFICIO), now=now)


def decide(row: Certification, proposal: SuspensionProposal, since: date, *, by: Actor, now: datetime) -> None:
    """Write down that payment is held back; the decision goes to the person, of whom died to those who come for it."""
    assert by.user_id
    name, died = parties([row.person_id])[row.person_id].name, bool(proposal.inquiry and proposal.inquiry.finding == Finding.DEAD)
    facts, reached = _facts(row, proposal.inquiry), _reached(row)
    paper = {
        "receiver": name, "benefit": book().benefits[row.benefit].label, "since": since, "facts": facts, "reached": reached,
        "reasons": proposal.reason.open(), "resume": list(book().resume),
    } | ({"addressee": f"{name}的近亲属"} if died else {})  # fmt: skip
    record = "；".join(f"{r['on']:%Y-%m-%d} {r['way']}，{r['outcome']}" for r in reached)
    verdict = Verdict(
        approve=False, facts=f"{facts}\n本机关联系的经过：{record}。", reasons=proposal.reason.open(), legal_basis="",
        kind=PaperKind.PAYMENT_STOPPED, paper=paper, by_hand=died,
    )  # fmt: skip
    decide_ex_officio(
        case_id=proposal.case_id, decided=Hand(by.user_id, _org(row, now)), verdict=verdict, by=system(EX_OFFICIO), now=now
    )


def say_resumed(row: Certification, held: Suspension, months: Iterable[int], *, reason: object, now: datetime) -> None:
    """A further paper in the case of the suspension: payment goes on, from when and with which months."""
    if held.proposal is None or held.ended_on is None:
        return
    case_id, name = held.proposal.case_id, parties([row.person_id])[row.person_id].name
    stopped = next((d.number for d in documents_of(case_id) if d.kind == PaperKind.PAYMENT_STOPPED), "")
    paper = {
        "receiver": name, "benefit": book().benefits[row.benefit].label, "stopped_by": stopped, "since": held.since,
        "resumed_on": held.ended_on, "reasons": str(reason), "owed": [f"{m // 12}年{m % 12 + 1}月" for m in months],
    }  # fmt: skip
    add_paper(case_id=case_id, kind=PaperKind.PAYMENT_RESUMED, paper=paper, by=system(EX_OFFICIO), now=now)


def _org(row: Certification, now: datetime) -> UUID:
    return bureau_for(row.region, on=local_date(now))


def _said(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _facts(row: Certification, inquiry: Inquiry | None) -> str:
    if inquiry is None:
        return f"领取资格认证的有效期到{_said(row.certified_until)}。期满后没有新的认证，也没有收到有关部门的实名记录。"
    assert inquiry.ground
    why, found = inquiry.reason.open().rstrip("。"), Finding(inquiry.finding).label
    return f"因{why}，本机关于{_said(local_date(inquiry.opened_at))}立案核实。核实结论：{found}。依据：{inquiry.ground.open().rstrip('。')}。"


def _reached(row: Certification) -> list[dict[str, date | str]]:
    """What was tried in this cycle and what came of it: the evidence of the decision."""
    labels = {r.code: r.label for r in book().ladder}
    rows = Reach.objects.filter(certification=row, cycle_end=row.certified_until).exclude(
        outcome__in=[ReachOutcome.OPEN, ReachOutcome.PASSED_OVER]
    )
    return [
        {
            "on": local_date(r.outcome_at) if r.outcome_at else r.made_on,
            "way": f"{labels.get(r.rung, _ASKED)}（{ReachWay(r.way).label}）",
            "outcome": ReachOutcome(r.outcome).label,
        }
        for r in rows.order_by("outcome_at", "id")
    ]


__all__ = ["NotRegistered", "begin", "decide", "give_up", "say_resumed"]
