"""Cases that the bureau begins by itself (依职权启动): what reaches people without an application, decided by the officers who agreed.

Nothing is received and nothing is accepted, so neither is pretended: the case begins in review. Whoever began it, whoever decided and
whoever issues are still different: two officers, and the system, which seals and delivers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from linli.domains.cases import clocks, papers
from linli.domains.cases.clock import ClockKind
from linli.domains.cases.commands.intake import Applicant, Place, new_case, next_number, no_authority, standard_for
from linli.domains.cases.commands.issue import Proof, deliver
from linli.domains.cases.errors import SamePerson
from linli.domains.cases.grounds import DeliveryMethod
from linli.domains.cases.lifecycle import Move, State
from linli.domains.cases.models import Step, StepKind, StepState
from linli.domains.cases.moves import Work, lock, subject
from linli.domains.cases.staging import conclude
from linli.domains.catalog.queries import Stage
from linli.domains.documents.commands import seal_document
from linli.domains.documents.queries import PaperKind
from linli.domains.org.queries import Power, authority, letterhead
from linli.domains.trace.commands import expect, once
from linli.kernel import rows
from linli.kernel.actors import Actor, system
from linli.kernel.calendar import local_date
from linli.kernel.jobs import defer

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
    if started.user_id == decided.user_id:
        raise SamePerson
    today = local_date(now)
    found = standard_for(item_code, applicant, region=region, on=today)
    standard, powers = found.standard, authority(item_code, region=region, on=today)
    deciding = powers.nearest(Power.DECIDE)
    if deciding is None:
        raise no_authority(standard, powers, Power.DECIDE, on=today)
    case = new_case(found, applicant, Place(deciding, deciding), region=region, by=by, now=now)
    work = Work(case, by=by, now=now, new=True, quiet=True)
    assert standard.times.promised
    promised = clocks.new_clock(case, ClockKind.PROMISED, standard.times.promised, start=today, event="accepted", at=now)
    work.change(
        number=next_number(case, today), received_at=now, accepted_at=now, deciding_org_id=deciding, **clocks.lift(case, [promised])
    )
    work.note("cases.started", item=case.item_code, standard=case.standard_id, channel=case.channel)
    work.move(
        Move.START, number=case.number, start=today, promised=promised.due_on, basis=promised.basis, started_by=started.user_id,
        applicant_is_employer=case.applicant_is_employer,
    )  # fmt: skip
    steps = _steps(work, standard.plan.stages, started, decided)
    rows.insert(promised)
    conclude(
        work, steps[-1], standard, approve=True, facts=facts, reasons=reasons, legal_basis=legal_basis, decided_by_id=decided.user_id,
        note={"decided_by": decided.user_id},
    )  # fmt: skip
    head = letterhead(deciding)
    notice = papers.compose_for(
        case, PaperKind.BENEFIT_NOTICE,
        papers.addressed(case, standard, head) | {"remedy": papers.remedy(head), "decided_on": today} | dict(paper),
        org_id=deciding, by=by, now=now,
    )  # fmt: skip
    work.note("cases.result_composed", documents=[notice])
    work.save()
    rows.insert(*steps)
    defer("cases.finish_ex_officio", case_id=str(case.pk))
    return case.pk


def _steps(work: Work, stages: Sequence[Stage], started: Hand, decided: Hand) -> list[Step]:
    """Who began it, what the comparison of data did in between, and who decided, at the places of the item's own plan."""
    case, now = work.case, work.now
    made = [
        Step(
            case=case, ordinal=0, kind=StepKind.ACCEPT, name="依职权启动", state=StepState.DONE, user_id=started.user_id,
            org_id=started.org_id, opened_at=now, done_at=now,
        )
    ]  # fmt: skip
    for n, stage in enumerate(stages, 1):
        judge = decided if n == len(stages) else None
        made.append(
            Step(
                case=case, ordinal=n, kind=StepKind.DECIDE if judge else stage.kind, name=stage.name[:200], duty=stage.duty,
                state=StepState.DONE, automatic=judge is None, user_id=judge.user_id if judge else None,
                org_id=judge.org_id if judge else None, opened_at=now, done_at=now, proposal="approve",
            )
        )  # fmt: skip
    return made


@once
def finish_ex_officio(*, case_id: UUID, now: datetime) -> bool:
    """Seal the notice of such a case, issue it and deliver it to its owner's own space, all of it or nothing. Safe to repeat; False if
    it was done before."""
    by = system("documents.seal", "cases.issue", "cases.deliver")
    case = lock(case_id)
    if case is None or case.state != State.APPROVED:
        return False
    expect(subject(case_id))
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
    deliver(work, method=DeliveryMethod.ELECTRONIC, recipient=papers.applicant(case).name, proof=Proof(), is_agent=False)
    return True


__all__ = ["EX_OFFICIO", "Hand", "finish_ex_officio", "open_ex_officio"]
