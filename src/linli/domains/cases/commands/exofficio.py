"""Cases that the bureau begins by itself (依职权启动): what reaches people without an application, and what is held back from them.

Nothing is received and nothing is accepted, so neither is pretended: the case begins in review. Whoever began it, whoever decided and
whoever issues are still different: two officers, and the system, which seals and delivers. What two officers have agreed on already
is written down at once (:func:`open_ex_officio`); what has to be looked into begins, and is decided or given up later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from linli.domains.cases import clocks, papers
from linli.domains.cases.clock import ClockKind
from linli.domains.cases.commands.intake import Applicant, Place, new_case, next_number, no_authority, standard_for, withdraw
from linli.domains.cases.commands.issue import Proof, deliver
from linli.domains.cases.errors import SamePerson
from linli.domains.cases.grounds import DeliveryMethod
from linli.domains.cases.lifecycle import Move, State
from linli.domains.cases.models import Step, StepKind, StepState
from linli.domains.cases.moves import Work, lock
from linli.domains.cases.staging import conclude
from linli.domains.catalog.queries import Limit, Stage, Standard, get_standard
from linli.domains.documents.commands import seal_document
from linli.domains.documents.queries import PaperKind
from linli.domains.org.queries import Power, authority, letterhead
from linli.domains.trace.commands import once
from linli.kernel import rows
from linli.kernel.actors import Actor, Channel, system
from linli.kernel.calendar import local_date
from linli.kernel.errors import NotFound
from linli.kernel.jobs import defer
from linli.kernel.text import msg

EX_OFFICIO = "cases.ex_officio"


@dataclass(frozen=True, slots=True)
class Hand:
    """Who did something, in which organisation."""

    user_id: UUID
    org_id: UUID | None


@once
def open_ex_officio(
    *, item_code: str, applicant: Applicant, region: str, started: Hand, decided: Hand, facts: str, reasons: str, legal_basis: str,
    paper: Mapping[str, Any], by: Actor, now: datetime,
) -> UUID:  # fmt: skip
    """Begin a case for somebody who did not apply, and write down what two officers decided for them; gives the case.

    ``paper`` is what the notice says beyond the case itself. A job seals and delivers it. Its clock is the promise of the item, from today.
    Raises :class:`SamePerson`, :class:`NoAuthority`, :class:`ApplicantWrong`, and :class:`NotFound` for an unknown party.
    """
    by.must(EX_OFFICIO)
    work, standard, first = _begin(item_code, applicant, region, started, None, by=by, now=now)
    steps = _decide(work, standard, first, decided, Verdict(True, facts, reasons, legal_basis, PaperKind.BENEFIT_NOTICE, paper))
    work.save()
    rows.insert(first, *steps)
    defer("cases.finish_ex_officio", case_id=str(work.case.pk))
    return work.case.pk


@once
def begin_ex_officio(
    *, item_code: str, applicant: Applicant, region: str, started: Hand, limit: Limit, by: Actor, now: datetime
) -> UUID:
    """Begin a case in which something is to be looked into before another officer decides; gives the case.

    Its clock is ``limit``, from today: the item's own promise speaks of applications. Raises as :func:`open_ex_officio`.
    """
    by.must(EX_OFFICIO)
    work, _standard, first = _begin(item_code, applicant, region, started, limit, by=by, now=now)
    work.save()
    rows.insert(first)
    return work.case.pk


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is decided, on which facts and why, and the paper that says so; without a basis of its own it rests on the item's.

    ``by_hand``: the paper waits for somebody to collect it (those who survive a person), instead of going to their own space.
    """

    approve: bool
    facts: str
    reasons: str
    legal_basis: str
    kind: PaperKind
    paper: Mapping[str, Any]
    by_hand: bool = False


@once
def decide_ex_officio(*, case_id: UUID, decided: Hand, verdict: Verdict, by: Actor, now: datetime) -> None:
    """Write down what an officer decided who did not begin the case; a job seals and delivers it.

    Raises :class:`SamePerson`, :class:`NotFound`, and :class:`MoveNotPossible` when it was decided or given up.
    """
    by.must(EX_OFFICIO)
    work = _locked(case_id, by=by, now=now)
    first = rows.one(Step, "WHERE t.case_id = %s AND t.ordinal = 0", [case_id])
    assert first
    steps = _decide(work, get_standard(work.case.standard_id), first, decided, verdict)
    work.save()
    rows.insert(*steps)
    defer("cases.finish_ex_officio", case_id=str(case_id), by_hand=verdict.by_hand)


@once
def end_ex_officio(*, case_id: UUID, reason: str, by: Actor, now: datetime) -> bool:
    """Give such a case up: what was looked into came to nothing. Safe to repeat; False if it was decided or given up before."""
    by.must(EX_OFFICIO)
    work = _locked(case_id, by=by, now=now)
    if work.case.state != State.IN_REVIEW:
        return False
    withdraw(work, reason=reason)
    return True


@once
def add_paper(*, case_id: UUID, kind: PaperKind, paper: Mapping[str, Any], by: Actor, now: datetime) -> UUID:
    """A further notice in a case that the bureau began, about what became of its decision; sealed by a job. Gives the document."""
    by.must(EX_OFFICIO)
    work = _locked(case_id, by=by, now=now)
    case, head = work.case, letterhead(work.case.org_id)
    data = papers.addressed(case, get_standard(case.standard_id), head) | {"remedy": papers.remedy(head)} | dict(paper)
    document = papers.compose_for(case, kind, data, org_id=case.org_id, by=by, now=now)
    work.note("cases.paper_added", documents=[document])
    work.save()
    return document


def _locked(case_id: UUID, *, by: Actor, now: datetime) -> Work:
    case = lock(case_id)
    if case is None or case.channel != Channel.AUTOMATIC:
        raise NotFound(what=msg("这件办件"))
    return Work(case, by=by, now=now, quiet=True)


def _begin(
    item_code: str, applicant: Applicant, region: str, started: Hand, limit: Limit | None, *, by: Actor, now: datetime
) -> tuple[Work, Standard, Step]:
    """The case, in review, with its clock; the case and the step of whoever began it are the caller's to save."""
    today = local_date(now)
    found = standard_for(item_code, applicant, region=region, on=today)
    standard, powers = found.standard, authority(item_code, region=region, on=today)
    deciding = powers.nearest(Power.DECIDE)
    if deciding is None:
        raise no_authority(standard, powers, Power.DECIDE, on=today)
    case = new_case(found, applicant, Place(deciding, deciding), region=region, by=by, now=now)
    work = Work(case, by=by, now=now, new=True, quiet=True)
    limit = limit or standard.times.promised
    assert limit
    promised = clocks.new_clock(case, ClockKind.PROMISED, limit, start=today, event="accepted", at=now)
    work.change(
        number=next_number(case, today), received_at=now, accepted_at=now, deciding_org_id=deciding, **clocks.lift(case, [promised])
    )
    work.note("cases.started", item=case.item_code, standard=case.standard_id, channel=case.channel)
    work.move(
        Move.START, number=case.number, start=today, promised=promised.due_on, basis=promised.basis, started_by=started.user_id,
        applicant_is_employer=case.applicant_is_employer,
    )  # fmt: skip
    rows.insert(promised)
    first = Step(
        case=case, ordinal=0, kind=StepKind.ACCEPT, name="依职权启动", state=StepState.DONE, user_id=started.user_id,
        org_id=started.org_id, opened_at=now, done_at=now,
    )  # fmt: skip
    return work, standard, first


def _decide(work: Work, standard: Standard, first: Step, decided: Hand, verdict: Verdict) -> list[Step]:
    """The decision and its paper, which are written; the steps are the caller's to save, after the case."""
    if first.user_id == decided.user_id:
        raise SamePerson
    case, now = work.case, work.now
    steps = _steps(work, standard.plan.stages, decided, approve=verdict.approve)
    conclude(
        work, steps[-1], standard, approve=verdict.approve, facts=verdict.facts, reasons=verdict.reasons,
        legal_basis=verdict.legal_basis, decided_by_id=decided.user_id, note={"decided_by": decided.user_id},
    )  # fmt: skip
    head = letterhead(case.org_id)
    notice = papers.compose_for(
        case, verdict.kind,
        papers.addressed(case, standard, head)
        | {"remedy": papers.remedy(head), "decided_on": local_date(now), "legal_basis": papers.basis_lines(standard)}
        | dict(verdict.paper),
        org_id=case.org_id, by=work.by, now=now,
    )  # fmt: skip
    work.note("cases.result_composed", documents=[notice])
    return steps


def _steps(work: Work, stages: Sequence[Stage], decided: Hand, *, approve: bool) -> list[Step]:
    """What the comparison of data did, and who decided, at the places of the item's own plan."""
    made, now = [], work.now
    for n, stage in enumerate(stages, 1):
        judge = decided if n == len(stages) else None
        made.append(
            Step(
                case=work.case, ordinal=n, kind=StepKind.DECIDE if judge else stage.kind, name=stage.name[:200], duty=stage.duty,
                state=StepState.DONE, automatic=judge is None, user_id=judge.user_id if judge else None,
                org_id=judge.org_id if judge else None, opened_at=now, done_at=now, proposal="approve" if approve else "reject",
            )
        )  # fmt: skip
    return made


@once
def finish_ex_officio(*, case_id: UUID, by_hand: bool = False, now: datetime) -> bool:
    """Seal the notice of such a case, issue it and deliver it to its owner's own space, all of it or nothing; ``by_hand`` it waits at
    the counter instead. Safe to repeat; False if it was done before."""
    by = system("documents.seal", "cases.issue", "cases.deliver")
    case = lock(case_id)
    if case is None or case.state not in (State.APPROVED, State.REJECTED):
        return False
    work = Work(case, by=by, now=now, quiet=True)
    documents = papers.results(case)
    for document in documents:
        if document.state == "composed":
            seal_document(
                document_id=document.id, item_code=case.item_code, region=case.region, decision_ref=str(case.pk), by=by, now=now
            )
    last = max(s.ordinal for s in rows.load(Step, "WHERE t.case_id = %s", [case.pk]))
    rows.insert(
        Step(
            case=case, ordinal=last + 1, kind=StepKind.ISSUE, name="出件", state=StepState.DONE, automatic=True, org_id=case.deciding_org_id,
            opened_at=now, done_at=now,
        )
    )  # fmt: skip
    work.change(issued_at=now)
    work.move(Move.ISSUE, documents=[d.id for d in documents])
    if by_hand:
        work.save()
        return True
    deliver(work, method=DeliveryMethod.ELECTRONIC, recipient=papers.applicant(case).name, proof=Proof(), is_agent=False)
    return True


__all__ = [
    "EX_OFFICIO", "Hand", "Verdict", "add_paper", "begin_ex_officio", "decide_ex_officio", "end_ex_officio", "finish_ex_officio",
    "open_ex_officio",
]  # fmt: skip
