"""In review: taking the next case, settling materials, opinions, the decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from linli.domains.cases import clocks
from linli.domains.cases.clock import ClockKind
from linli.domains.cases.commands.sharing import look_at_shared
from linli.domains.cases.deciding import check_links
from linli.domains.cases.drawing import give_back_place
from linli.domains.cases.errors import (
    CaseChanged,
    DateMissing,
    GroundUnknown,
    Interested,
    MoveNotPossible,
    NotYourStep,
    OpinionMissing,
    ReasonMissing,
)
from linli.domains.cases.grounds import MaterialState, PauseGround, Received
from linli.domains.cases.lifecycle import State
from linli.domains.cases.models import Ask, Case, CaseMaterial, Step, StepKind, StepState
from linli.domains.cases.moves import Work, subject
from linli.domains.cases.permissions import DECIDE, REVIEW
from linli.domains.cases.reading import answers, whole_lines
from linli.domains.cases.staging import conclude, make_stage, open_stage
from linli.domains.catalog.queries import Standard, get_standard
from linli.domains.org.commands import declare_recusal
from linli.domains.org.queries import recusals_of
from linli.domains.people.commands import employer_subject, person_subject, view_full
from linli.domains.people.queries import Purpose
from linli.domains.trace.commands import expect, once, record
from linli.kernel import rows
from linli.kernel.actors import Actor, system
from linli.kernel.calendar import local_date
from linli.kernel.errors import NotAllowed, NotFound
from linli.kernel.jobs import defer
from linli.kernel.text import Message, msg


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a decision rests on. A refusal needs facts and reasons; the remedies are added from the letterhead."""

    facts: str = ""
    reasons: str = ""
    legal_basis: str = ""


_UNBIASED = " AND NOT EXISTS (SELECT 1 FROM cases_ask a WHERE a.step_id = t.id AND a.what = 'redraw' AND a.settled_at IS NULL)"


def _own_step(step_id: UUID, *, by: Actor, now: datetime, version: int | None = None, judging: bool = False) -> tuple[Work, Step]:
    """Lock the case of a stage that is the actor's own and still open. Raises :class:`NotYourStep`.

    ``judging``: it must be in review, and whoever asked to be let off the case (:func:`recuse`) waits for the answer.
    Raises :class:`Interested`, :class:`MoveNotPossible`.
    """
    if not (by.can(REVIEW) or by.can(DECIDE)):
        raise NotAllowed(permission=REVIEW)
    cases = rows.ask(Case, "JOIN cases_step s ON s.case_id = t.id WHERE s.id = %s FOR UPDATE OF t", [step_id])
    # Asked after the lock: the stage may have been drawn anew while we waited.
    steps = rows.ask(Step, "WHERE t.id = %s" + (_UNBIASED if judging else ""), [step_id])
    case, step = next(iter(cases()), None), next(iter(steps()), None)
    if judging and case is not None and step is None and Step.objects.filter(pk=step_id, user_id=by.user_id).exists():
        raise Interested
    if case is None or step is None or by.user_id is None or step.user_id != by.user_id or step.state != StepState.OPEN:
        raise NotYourStep
    if version is not None and case.version != version:
        raise CaseChanged(state=Message(State(case.state).label))
    if judging and case.state != State.IN_REVIEW:
        raise MoveNotPossible(state=Message(State(case.state).label), move=msg("提出意见或作出决定"))
    step.case = case
    expect(subject(case.pk))
    return Work(case, by=by, now=now), step


def next_step(*, by: Actor, now: datetime) -> UUID | None:
    """The stage the draw gave the actor that is due first; None if there is none. Nobody chooses (``docs/architecture.md``, invariant 2).

    What waits for the answer to a question (a suspension, another person) is left out until it comes.
    """
    if by.user_id is None or not (by.can(REVIEW) or by.can(DECIDE)):
        raise NotAllowed(permission=REVIEW)
    mine = Step.objects.filter(user_id=by.user_id, state=StepState.OPEN, kind__in=["review", "second_review", "decide"])
    asked = Ask.objects.filter(case=OuterRef("case"), what__in=["suspend", "redraw"], settled_at=None)
    ready = mine.filter(~Exists(asked), case__state=State.IN_REVIEW)
    return ready.order_by("due_on", "id").values_list("pk", flat=True).first()


@once
def settle_material(
    *, step_id: UUID, code: str, verified: bool, note: str, version: int | None = None, by: Actor, now: datetime
) -> int:
    """Note in review that a material owed by the bureau was verified with its source, or is still owed, and why.

    Returns the version the case has now, for a page that goes on with it.
    """
    work, _ = _own_step(step_id, by=by, now=now, version=version)
    row = CaseMaterial.objects.filter(case=work.case, code=code, state__in=[MaterialState.OWED, MaterialState.HAVE]).first()
    if row is None:
        raise NotFound(what=msg("该材料"))
    if not note.strip():
        raise ReasonMissing(field="note", what=msg("核验的部门和方式"))
    row.state = MaterialState.HAVE if verified else MaterialState.OWED
    row.received = Received.VERIFIED if verified else ""
    row.note, row.settled_at = note.strip()[:500], now if verified else None
    row.save()
    work.note("cases.material_verified", material=code, verified=verified, note=row.note)
    work.save()
    return work.case.version


@once
def give_opinion(
    *,
    step_id: UUID,
    approve: bool,
    opinion: str,
    links_done: Sequence[str] = (),
    version: int | None = None,
    by: Actor,
    now: datetime,
) -> None:
    """Propose, and pass the case on: the next stage is drawn among people who have had no hand in it.

    For stages before the last; the last one decides (:func:`decide_case`). Raises :class:`OpinionMissing`,
    :class:`LinksOpen`, :class:`NotYourStep`, :class:`Interested`.
    """
    work, step = _own_step(step_id, by=by, now=now, version=version, judging=True)
    if step.kind == StepKind.DECIDE:
        raise NotYourStep
    if not opinion.strip() and not approve:
        raise OpinionMissing(field="opinion")
    standard = get_standard(work.case.standard_id)
    check_links(step, standard, links_done)
    _finish(step, work, approve, opinion, links_done)
    work.note("cases.opinion", step=step.pk, stage=step.ordinal, kind=step.kind, approve=approve, links=list(links_done))
    others = rows.load(Step, "WHERE t.case_id = %s AND t.id <> %s", [work.case.pk, step.pk])
    following = make_stage(work.case, standard, step.ordinal, now=now)
    draw, stage_clock = open_stage(work, following, standard, others=[*others, step], giving_back=step.user_id)
    clocks.stop(work.case, [ClockKind.STAGE], on=now)
    rows.update(step, _FINISHED)
    rows.insert(*filter(None, (following, draw, stage_clock)))
    work.save()
    if following.automatic:
        defer("cases.decide_automatically", step_id=str(following.pk))


_FINISHED = ["state", "done_at", "proposal", "opinion", "links_done"]


def _finish(step: Step, work: Work, approve: bool, opinion: str, links_done: Sequence[str]) -> None:
    step.state, step.done_at = StepState.DONE, work.now
    step.proposal, step.opinion = "approve" if approve else "reject", opinion.strip()
    step.links_done = [entry[:200] for entry in links_done]


@once
def decide_case(
    *, step_id: UUID, approve: bool, grounds: Grounds = Grounds(), links_done: Sequence[str] = (), version: int | None = None, by: Actor,
    now: datetime,
) -> None:  # fmt: skip
    """Decide at the last stage. A refusal says facts, reasons and remedies in writing (行政许可法 art. 38).

    Raises :class:`GroundsMissing`, :class:`LinksOpen`, :class:`NotYourStep`, :class:`Interested`.
    """
    work, step = _own_step(step_id, by=by, now=now, version=version, judging=True)
    if step.kind != StepKind.DECIDE:
        raise NotYourStep
    standard = get_standard(work.case.standard_id)
    check_links(step, standard, links_done)
    _decide(work, step, standard, approve, grounds, links_done)


def _decide(work: Work, step: Step, standard: Standard, approve: bool, grounds: Grounds, links_done: Sequence[str]) -> None:
    _finish(step, work, approve, grounds.reasons, links_done)
    rows.update(step, _FINISHED)
    give_back_place(step.user_id)
    conclude(
        work, step, standard, approve=approve, facts=grounds.facts, reasons=grounds.reasons, legal_basis=grounds.legal_basis,
        note={"links": list(links_done)},
    )  # fmt: skip
    work.save()


def decide_automatically(*, step_id: UUID, now: datetime) -> bool:
    """Decide a stage that the standard marks as the system's own: approved if nothing is lacking, else drawn to a person.

    The form was checked at receipt and the materials at acceptance, so what is left is whether a department still owes
    something; a machine does not refuse. Safe to repeat; False if it went to a person or was done before.
    """
    actor = system(REVIEW, DECIDE)
    with transaction.atomic():
        found = Step.objects.filter(pk=step_id, automatic=True).values_list("case_id", flat=True).first()
        if found is None:
            return False
        case = Case.objects.select_for_update(of=("self",)).get(pk=found)
        step = Step.objects.get(pk=step_id)
        if step.state != StepState.OPEN or case.state != State.IN_REVIEW:
            return False
        step.case = case
        work, standard = Work(case, by=actor, now=now), get_standard(case.standard_id)
        owed = CaseMaterial.objects.filter(case=case, state__in=[MaterialState.OWED, MaterialState.PENDING]).exists()
        if not owed:
            links = [link.name for link in standard.plan.stages[step.ordinal - 1].links]
            _decide(work, step, standard, True, Grounds(), links)
            return True
        others = list(Step.objects.filter(case=case).exclude(pk=step.pk))
        step.automatic, step.state = False, StepState.WAITING
        draw, stage_clock = open_stage(work, step, standard, others=others)
        step.save()
        if draw:
            draw.save(force_insert=True)
        if stage_clock:
            stage_clock.save(force_insert=True)
        work.note("cases.handed_to_person", step=step.pk)
        work.save()
        return False


@once
def ask(
    *, step_id: UUID, what: str, reason: str, ground: str = "", until: date | None = None, version: int | None = None, by: Actor,
    now: datetime,
) -> UUID:  # fmt: skip
    """Ask the supervisor: to suspend on a legal ground until about a day, to extend, or to give the case to another person.

    Raises :class:`GroundUnknown` for a ground that is not on the closed list, :class:`ReasonMissing`, :class:`DateMissing`.
    """
    work, step = _own_step(step_id, by=by, now=now, version=version)
    if what not in ("suspend", "extend", "redraw"):
        raise NotFound(what=msg("这种请求"))
    if what == "suspend":
        if ground not in set(PauseGround):
            raise GroundUnknown(field="ground", ground=ground)
        if until is None or until <= local_date(now):
            raise DateMissing(field="until")
    if not reason.strip():
        raise ReasonMissing(field="reason", what=msg("理由"))
    open_ask = Ask.objects.filter(case=work.case, what=what, settled_at=None).values_list("pk", flat=True).first()
    if open_ask:
        return open_ask
    made = Ask.objects.create(
        case=work.case,
        step=step,
        hall_id=work.case.hall_id,
        what=what,
        ground=ground,
        reason=reason.strip(),
        until=until,
        asked_at=now,
    )
    work.note("cases.asked", ask=made.pk, what=what, ground=ground, until=until)
    work.save()
    return made.pk


@once
def recuse(*, step_id: UUID, reason: str, version: int | None = None, by: Actor, now: datetime) -> UUID:
    """Declare a connection with a party of the case, and ask that somebody else be drawn; returns the ask.

    From now on nothing of these parties is drawn to the actor (``org.declare_recusal``). Raises :class:`ReasonMissing`.
    """
    made = ask(step_id=step_id, what="redraw", reason=reason, version=version, by=by, now=now)
    case = Case.objects.only("applicant_id", "agent_id").get(steps=step_id)
    known = set(recusals_of(by.person_id).values_list("party_id", flat=True))
    for party in {p for p in (case.applicant_id, case.agent_id) if p} - known:
        declare_recusal(user_id=by.person_id, party_id=party, reason=reason.strip()[:200], by=by, now=now)
    return made


@transaction.atomic  # not `once`, which would keep the answer
def show_whole(*, step_id: UUID, field: str, purpose: Purpose, by: Actor, now: datetime) -> str:
    """Show a masked number of the actor's own open case whole, for a stated purpose; the applicant can see that it was looked at.

    ``field`` is ``applicant`` for the applicant's document number, the name of a field of the form, or material and field of what
    another department said (``material.field``).
    Raises :class:`NotYourStep`, :class:`NotFound`.
    """
    case = _own_step(step_id, by=by, now=now)[0].case
    if field == "applicant" and not case.applicant_is_employer:
        return view_full(person_id=case.applicant_id, field="id_number", purpose=purpose, case=case.pk, by=by, now=now).value
    if "." in field:
        return look_at_shared(case, field, purpose=purpose, by=by, now=now)
    form = case.form.open_json()
    answer = next((a for a in answers(get_standard(case.standard_id), form) if a.name == field and a.masked), None)
    if answer is None:
        raise NotFound(what=msg("该字段"))
    whose = employer_subject(case.applicant_id) if case.applicant_is_employer else person_subject(case.applicant_id)
    record("people.shown_whole", subject=whose, by=by, at=now, field=answer.label, purpose=purpose, case=case.pk)
    return "；".join(whole_lines(form[field]))


__all__ = [
    "Grounds", "ask", "decide_automatically", "decide_case", "give_opinion", "next_step", "recuse", "settle_material", "show_whole",
]  # fmt: skip
