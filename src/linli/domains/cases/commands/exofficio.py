"""Cases that the bureau begins by itself (依职权启动): what reaches people without an application, and what is held back from them.

Nothing is received and nothing is accepted, so neither is pretended: the case begins in review. Whoever began it, whoever decided and
whoever issues are still different: two officers, and the system, which seals and delivers. What two officers have agreed on already
is written down at once (:func:`open_ex_officio`); what has to be looked into begins, and is decided or given up later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Model

from linli.domains.cases import clocks, papers, staging
from linli.domains.cases.clock import ClockKind
from linli.domains.cases.commands.intake import (
    Applicant,
    Place,
    new_case,
    next_number,
    next_numbers,
    no_authority,
    standard_for,
    withdraw,
)
from linli.domains.cases.commands.issue import deliver_to_own_space
from linli.domains.cases.deciding import decision_text
from linli.domains.cases.errors import SamePerson
from linli.domains.cases.lifecycle import Move, State
from linli.domains.cases.models import Case, ClockRow, Step, StepKind, StepState
from linli.domains.cases.moves import Work, lock, save_many
from linli.domains.catalog.queries import InForce, Limit, Stage, Standard, get_standard
from linli.domains.documents.commands import Resting, seal_each
from linli.domains.documents.queries import PaperKind
from linli.domains.documents.queries import State as PaperState
from linli.domains.org.queries import Power, authority, letterhead
from linli.domains.people.queries import Party, parties
from linli.domains.trace.commands import once
from linli.kernel import rows
from linli.kernel.actors import Actor, Channel, system
from linli.kernel.calendar import local_date
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.jobs import defer, defer_many
from linli.kernel.text import msg

EX_OFFICIO = "cases.ex_officio"


@dataclass(frozen=True, slots=True)
class Hand:
    """Who did something, in which organisation."""

    user_id: UUID
    org_id: UUID | None


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


@dataclass(frozen=True, slots=True)
class Wanted:
    """Somebody for whom a case is made, in which place, for which organisation both officers acted, and what their notice says beyond
    what all of them say."""

    applicant: Applicant
    region: str
    org_id: UUID
    paper: Mapping[str, Any]


@once
def open_ex_officio(
    *, item_code: str, wanted: Sequence[Wanted], started_by: UUID, decided_by: UUID, verdict: Verdict, by: Actor, now: datetime
) -> list[UUID | LinliError]:
    """Begin cases for many who did not apply, and write down what two officers decided for all of them, with some statements in all.

    Gives for each the case, or why there is none: :class:`NoAuthority`, :class:`ApplicantWrong`, :class:`NotFound` for an unknown party.
    Jobs seal and deliver the notices. The clock of a case is the promise of the item, from today. Raises :class:`SamePerson`, and
    :class:`PaperWrong` when a notice cannot be written: then there is none for anybody.
    """
    by.must(EX_OFFICIO)
    if started_by == decided_by:
        raise SamePerson
    today = local_date(now)
    known = parties(w.applicant.id for w in wanted)
    grounds: dict[tuple[str, bool], _Ground | LinliError] = {}
    made: list[Case | LinliError] = []
    for w in wanted:
        place = w.region, w.applicant.is_employer
        if place not in grounds:
            grounds[place] = _ground_or_why_not(item_code, w.applicant, w.region, on=today)
        ground, who = grounds[place], known.get(w.applicant.id)
        if isinstance(ground, LinliError):
            made.append(ground)
        elif who is None or who.is_employer is not w.applicant.is_employer:
            made.append(NotFound(what=msg("该申请人")))
        else:
            made.append(ground.case(w.applicant, w.region, by=by, now=now))
    numbers = next_numbers([c for c in made if isinstance(c, Case)], today)
    works: list[Work] = []
    others: list[Model] = []
    notices: dict[tuple[UUID, UUID], dict[UUID, dict[str, Any]]] = {}
    for case, w in zip(made, wanted, strict=True):
        if isinstance(case, LinliError):
            continue
        standard = get_standard(case.standard_id)
        work, promised, first = _begin(case, standard, numbers[case.pk], Hand(started_by, w.org_id), None, by=by, now=now)
        steps = _steps(work, standard.plan.stages, Hand(decided_by, w.org_id), approve=verdict.approve)
        text = decision_text(
            case, standard, approve=verdict.approve, facts=verdict.facts, reasons=verdict.reasons, legal_basis=verdict.legal_basis
        )
        met = clocks.stop_early(promised, on=now)
        others += staging.decided(work, steps[-1], standard, text, on_time=met, by_id=decided_by, note={"decided_by": decided_by})
        others += [promised, first, *steps]
        paper = _notice(case, standard, verdict, now=now, who=known[case.applicant_id]) | dict(w.paper)
        notices.setdefault((case.org_id, case.standard_id), {})[case.pk] = paper
        works.append(work)
    composed: dict[UUID, UUID] = {}
    for (org_id, standard_id), same in sorted(notices.items()):
        composed |= papers.compose_for_many(same, verdict.kind, standard_id, org_id=org_id, by=by, now=now)
    for work in works:
        work.note("cases.result_composed", documents=[composed[work.case.pk]])
    save_many(works, *others)
    finish_later([w.case.pk for w in works])
    return [c if isinstance(c, LinliError) else c.pk for c in made]


@once
def begin_ex_officio(
    *, item_code: str, applicant: Applicant, region: str, started: Hand, limit: Limit, by: Actor, now: datetime
) -> UUID:
    """Begin a case in which something is to be looked into before another officer decides; gives the case.

    Its clock is ``limit``, from today: the item's own promise speaks of applications. Raises :class:`NoAuthority`,
    :class:`ApplicantWrong`.
    """
    by.must(EX_OFFICIO)
    today = local_date(now)
    ground = _ground(item_code, applicant, region, on=today)
    case = ground.case(applicant, region, by=by, now=now)
    work, promised, first = _begin(case, ground.found.standard, next_number(case, today), started, limit, by=by, now=now)
    work.save(promised, first)
    return work.case.pk


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


@dataclass(frozen=True, slots=True)
class _Ground:
    """The standard that counts in a place, and who decides there."""

    found: InForce
    deciding: UUID

    def case(self, applicant: Applicant, region: str, *, by: Actor, now: datetime) -> Case:
        return new_case(self.found, applicant, Place(self.deciding, self.deciding), region=region, by=by, now=now)


def _ground(item_code: str, applicant: Applicant, region: str, *, on: date) -> _Ground:
    found = standard_for(item_code, applicant, region=region, on=on)
    powers = authority(item_code, region=region, on=on)
    deciding = powers.nearest(Power.DECIDE)
    if deciding is None:
        raise no_authority(found.standard, powers, Power.DECIDE, on=on)
    return _Ground(found, deciding)


def _ground_or_why_not(item_code: str, applicant: Applicant, region: str, *, on: date) -> _Ground | LinliError:
    try:
        return _ground(item_code, applicant, region, on=on)
    except LinliError as error:
        return error


def _begin(
    case: Case, standard: Standard, number: str, started: Hand, limit: Limit | None, *, by: Actor, now: datetime
) -> tuple[Work, ClockRow, Step]:
    """The case, in review, with its clock and the step of whoever began it; all three are the caller's to save."""
    today = local_date(now)
    work = Work(case, by=by, now=now, new=True, quiet=True)
    limit = limit or standard.times.promised
    assert limit
    promised = clocks.new_clock(case, ClockKind.PROMISED, limit, start=today, event="accepted", at=now)
    work.change(number=number, received_at=now, accepted_at=now, deciding_org_id=case.org_id, **clocks.lift(case, [promised]))
    work.note("cases.started", item=case.item_code, standard=case.standard_id, channel=case.channel)
    work.move(
        Move.START, number=case.number, start=today, promised=promised.due_on, basis=promised.basis, started_by=started.user_id,
        applicant_is_employer=case.applicant_is_employer,
    )  # fmt: skip
    first = Step(
        case=case, ordinal=0, kind=StepKind.ACCEPT, name="依职权启动", state=StepState.DONE, user_id=started.user_id,
        org_id=started.org_id, opened_at=now, done_at=now,
    )  # fmt: skip
    return work, promised, first


def _decide(work: Work, standard: Standard, first: Step, decided: Hand, verdict: Verdict) -> list[Step]:
    """The decision and its paper, which are written; the steps are the caller's to save, after the case."""
    if first.user_id == decided.user_id:
        raise SamePerson
    case, now = work.case, work.now
    steps = _steps(work, standard.plan.stages, decided, approve=verdict.approve)
    staging.conclude(
        work, steps[-1], standard, approve=verdict.approve, facts=verdict.facts, reasons=verdict.reasons,
        legal_basis=verdict.legal_basis, decided_by_id=decided.user_id, note={"decided_by": decided.user_id},
    )  # fmt: skip
    data = _notice(case, standard, verdict, now=now)
    notice = papers.compose_for(case, verdict.kind, data, org_id=case.org_id, by=work.by, now=now)
    work.note("cases.result_composed", documents=[notice])
    return steps


def _notice(case: Case, standard: Standard, verdict: Verdict, *, now: datetime, who: Party | None = None) -> dict[str, Any]:
    head = letterhead(case.org_id)
    return (
        papers.addressed(case, standard, head, who)
        | {"remedy": papers.remedy(head), "decided_on": local_date(now), "legal_basis": papers.basis_lines(standard)}
        | dict(verdict.paper)
    )


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


_AT_ONCE = 100  # cases of one job: others wait for their turn only as long as these take


def finish_later(case_ids: Sequence[UUID]) -> None:
    """Have jobs seal and deliver the notices of many decided cases."""
    ids = [str(i) for i in case_ids]
    defer_many("cases.finish_many", [{"case_ids": ids[n : n + _AT_ONCE]} for n in range(0, len(ids), _AT_ONCE)])


@once
def finish_ex_officio(*, case_id: UUID, by_hand: bool = False, now: datetime) -> bool:
    """Seal the notice of such a case, issue it and deliver it to its owner's own space, all of it or nothing; ``by_hand`` it waits at
    the counter instead. Safe to repeat; False if it was done before."""
    return bool(_finish([case_id], by_hand=by_hand, now=now))


_SEALED_AT_ONCE = 25  # by one transaction


def finish_many(*, case_ids: Sequence[UUID], now: datetime) -> int:
    """:func:`finish_ex_officio` for many, some in a transaction; how many. One that cannot be finished keeps no other: the first such
    refusal is raised at the end."""
    done, refused = 0, None
    for first in range(0, len(case_ids), _SEALED_AT_ONCE):
        some = case_ids[first : first + _SEALED_AT_ONCE]
        try:
            done += _finish_some(case_ids=some, now=now)
        except LinliError:
            for case_id in some:
                try:
                    done += finish_ex_officio(case_id=case_id, now=now)
                except LinliError as error:
                    refused = refused or error
    if refused:
        raise refused
    return done


@once
def _finish_some(*, case_ids: Sequence[UUID], now: datetime) -> int:
    return _finish(case_ids, by_hand=False, now=now)


def _finish(case_ids: Sequence[UUID], *, by_hand: bool, now: datetime) -> int:
    """Papers are sealed first, which takes long, and receipts numbered last, for whose numbers everybody waits."""
    by = system("documents.seal", "cases.issue", "cases.deliver")
    decided = "WHERE t.id = ANY(%s) AND t.state = ANY(%s) ORDER BY t.id FOR UPDATE"
    cases = rows.load(Case, decided, [list(case_ids), [State.APPROVED, State.REJECTED]])
    if not cases:
        return 0
    of_case = papers.results_of([c.pk for c in cases])
    seal_each(
        papers={
            d.id: Resting(c.item_code, c.region, str(c.pk)) for c in cases for d in of_case[c.pk] if d.state is PaperState.COMPOSED
        },
        by=by, now=now,
    )  # fmt: skip
    works = [Work(case, by=by, now=now, quiet=True) for case in cases]
    last = staging.last_ordinals([c.pk for c in cases])
    steps = [
        Step(
            case=w.case, ordinal=last[w.case.pk] + 1, kind=StepKind.ISSUE, name="出件", state=StepState.DONE, automatic=True,
            org_id=w.case.deciding_org_id, opened_at=now, done_at=now,
        )
        for w in works
    ]  # fmt: skip
    for work in works:
        work.change(issued_at=now)
        work.move(Move.ISSUE, documents=[d.id for d in of_case[work.case.pk]])
    if by_hand:
        save_many(works, *steps)
    else:
        deliver_to_own_space(works, of_case, *steps)
    return len(cases)


__all__ = [
    "EX_OFFICIO", "Hand", "Verdict", "Wanted", "add_paper", "begin_ex_officio", "decide_ex_officio", "end_ex_officio",
    "finish_ex_officio", "finish_later", "finish_many", "open_ex_officio",
]  # fmt: skip
