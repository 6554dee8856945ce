"""Reaching out, and deciding: the ladder takes its steps, people say what came of it, doubts are looked into, payment stops and goes on.

Nobody is suspended without having been reached for: the commands say it kindly, a trigger of the database holds it.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from linli.domains.benefits.certifying import OUTCOMES, Finding, ReachOutcome, ReachWay, due_rungs, next_day, rungs_for
from linli.domains.benefits.commands.certification import Told, certification_subject, end_suspension, keep, next_step, tell, weigh
from linli.domains.benefits.models import Certification, Inquiry, Reach, Suspension
from linli.domains.benefits.permissions import CERTIFY, VISIT
from linli.domains.benefits.queries.certification import certification, reach, reached_by_hand, stop_from
from linli.domains.people.queries import parties, person_facts
from linli.domains.trace.commands import once, record
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.errors import Kind, LinliError, NotAllowed
from linli.kernel.text import msg, noop

ASKED = "asked"


class SaidAlready(LinliError):
    """What came of it was said before."""

    code = "benefits.said_already"
    kind = Kind.CONFLICT
    template = noop("这一条已经登记过结果。")
    remedy = noop("请刷新名单；结果有变化的，请联系资格认证员。")


class OutcomeWrong(LinliError):
    """An outcome that this way of reaching out does not have."""

    code = "benefits.outcome_wrong"
    template = noop("请从列出的结果里选一项。")


class ReasonNeeded(LinliError):
    """A decision about somebody's right without a reason."""

    code = "benefits.reason_needed"
    template = noop("请写明理由。")


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


class InquiryNeeded(LinliError):
    """A doubt has to be looked into first."""

    code = "benefits.inquiry_needed"
    kind = Kind.CONFLICT
    template = noop("有丧失资格的线索，要先调查核实，才能决定是否暂停。")
    remedy = noop("请先立案核实，写明核实结论。")


class InquiryOpen(LinliError):
    """It is being looked into already."""

    code = "benefits.inquiry_open"
    kind = Kind.CONFLICT
    template = noop("已经在核实。")
    remedy = noop("请等核实结论。")


class SuspendedAlready(LinliError):
    """Payment is held back already."""

    code = "benefits.suspended_already"
    kind = Kind.CONFLICT
    template = noop("已经暂停发放。")


class NotSuspended(LinliError):
    """Payment goes on as it is."""

    code = "benefits.not_suspended"
    kind = Kind.CONFLICT
    template = noop("没有暂停发放，不用恢复。")


# -- the ladder ------------------------------------------------------------------------------------------------------------------


def climb(*, limit: int = 500, by: Actor, now: datetime) -> int:
    """Take the steps that are due of some people, oldest first; how many people. Safe to repeat, and for several workers at once."""
    today = local_date(now)
    with transaction.atomic():
        due = Certification.objects.filter(over_on=None, signal="", next_on__lte=today).order_by("next_on", "id")
        rows = list(due.select_for_update(skip_locked=True)[:limit])
        taken: dict[UUID, set[str]] = {r.pk: set() for r in rows}
        of_cycle = Reach.objects.filter(certification__in=rows, cycle_end=F("certification__certified_until"))
        for certification_id, rung in of_cycle.values_list("certification_id", "rung"):
            taken[certification_id].add(rung)
        known = set(parties(r.person_id for r in rows))
        for row in rows:
            _steps(row, taken[row.pk], row.person_id in known, by=by, now=now)
    return len(rows)


def _steps(row: Certification, taken: set[str], known: bool, *, by: Actor, now: datetime) -> None:
    """The due steps of one person. Of messages that are due together only the last goes out."""
    today = local_date(now)
    due = due_rungs(until=row.certified_until, on=today, done=taken, frail=row.frail, abroad=row.abroad)
    messages = [r for r in due if r.way is ReachWay.MESSAGE]
    made = []
    for rung in due:
        outcome = ReachOutcome.OPEN
        if rung.way is ReachWay.MESSAGE:
            outcome = ReachOutcome.PASSED_OVER
            if rung is messages[-1]:
                kind = "benefits.remind_last" if rung.before < 0 else "benefits.remind"
                told = known and tell(row, kind, f"{row.certified_until}:{rung.code}", by=by, now=now)
                outcome = ReachOutcome.SENT if told and person_facts(row.person_id)["phone"] else ReachOutcome.NO_ADDRESS
        made.append(Reach(
            certification=row, cycle_end=row.certified_until, rung=rung.code, way=rung.way, made_on=today, outcome=outcome,
            outcome_at=now if outcome else None,
        ))  # fmt: skip
    Reach.objects.bulk_create(made)
    record(
        "benefits.reached", subject=certification_subject(row.pk), by=by, at=now, until=row.certified_until,
        steps=[f"{r.rung}:{r.outcome}" for r in made],
    )  # fmt: skip
    done = taken | {r.rung for r in made}
    row.next_on = next_day(until=row.certified_until, done=done, frail=row.frail, abroad=row.abroad)
    row.save(update_fields=["next_on"])


@once
def note_reach(*, reach_id: UUID, outcome: ReachOutcome, note: str = "", by: Actor, now: datetime) -> None:
    """Somebody called or visited, and says what came of it, once. Seen: certified. Said to be dead: a doubt. Abroad: nobody calls again."""
    if not (by.can(VISIT) or by.can(CERTIFY)):
        raise NotAllowed(permission=VISIT)
    found = reach(reach_id, by=by)
    if outcome not in OUTCOMES[ReachWay(found.way)]:
        raise OutcomeWrong(field="outcome")
    row = Certification.objects.select_for_update().get(pk=found.certification_id)
    said = Reach.objects.filter(pk=reach_id, outcome="").update(
        outcome=outcome, outcome_at=now, outcome_by_id=by.user_id, note=note.strip()[:500] or None
    )
    if not said:
        raise SaidAlready
    record("benefits.reach_noted", subject=certification_subject(row.pk), by=by, at=now, reach=reach_id, outcome=outcome)
    today = local_date(now)
    if outcome is ReachOutcome.ABROAD and not row.abroad:
        row.abroad = True
        row.next_on = next_step(row)
        row.save(update_fields=["abroad", "next_on"])
    kind, source = {
        ReachOutcome.SEEN: ("visit", "community"), ReachOutcome.SPOKEN: ("phone_answered", "office"),
        ReachOutcome.DIED: ("reported_dead", "community" if found.way != ReachWay.PHONE else "office"),
    }.get(outcome, ("", ""))  # fmt: skip
    if kind:
        keep([Told(row.person_id, kind, source, f"reach-{reach_id}", today)], by=by, now=now)


@once
def ask_visit(*, certification_id: UUID, by: Actor, now: datetime) -> UUID:
    """An officer asks for somebody to be visited, outside the ladder; one that waits already is given instead."""
    by.must(CERTIFY)
    row = Certification.objects.select_for_update().get(pk=certification(certification_id, by=by, write=True).pk)
    earlier = list(Reach.objects.filter(certification=row, cycle_end=row.certified_until))
    waiting = next((r for r in earlier if r.way in (ReachWay.VISIT, ReachWay.HOME) and not r.outcome), None)
    if waiting:
        return waiting.pk
    turn = sum(r.rung.startswith(ASKED) for r in earlier) + 1
    made = Reach.objects.create(
        certification=row, cycle_end=row.certified_until, rung=f"{ASKED}-{turn}", way=ReachWay.HOME if row.frail else ReachWay.VISIT,
        made_on=local_date(now),
    )  # fmt: skip
    record("benefits.visit_asked", subject=certification_subject(row.pk), by=by, at=now, reach=made.pk)
    return made.pk


# -- doubts ----------------------------------------------------------------------------------------------------------------------


def _reason(text: str, field: str = "reason") -> str:
    if not text.strip():
        raise ReasonNeeded(field=field)
    return text.strip()[:2000]


@once
def open_inquiry(*, certification_id: UUID, reason: str, by: Actor, now: datetime) -> UUID:
    """Look into a doubt; somebody is visited meanwhile."""
    by.must(CERTIFY)
    why = _reason(reason)
    row = Certification.objects.select_for_update().get(pk=certification(certification_id, by=by, write=True).pk)
    if Inquiry.objects.filter(certification=row, concluded_at=None).exists():
        raise InquiryOpen
    made = Inquiry.objects.create(certification=row, reason=why, opened_at=now, opened_by_id=by.person_id)
    record("benefits.inquiry_opened", subject=certification_subject(row.pk), by=by, at=now, inquiry=made.pk)
    if not row.abroad:
        ask_visit(certification_id=row.pk, by=by, now=now)
    return made.pk


@once
def conclude_inquiry(*, certification_id: UUID, finding: Finding, ground: str, by: Actor, now: datetime) -> None:
    """Say what was found and on which ground. Alive: the signs of death heard so far are settled, and it counts as a success."""
    by.must(CERTIFY)
    why = _reason(ground, "ground")
    row = Certification.objects.select_for_update().get(pk=certification(certification_id, by=by, write=True).pk)
    inquiry = Inquiry.objects.select_for_update().filter(certification=row, concluded_at=None).first()
    if inquiry is None:
        raise InquiryNeeded
    inquiry.finding, inquiry.ground, inquiry.concluded_at, inquiry.concluded_by_id = finding, why, now, by.person_id
    inquiry.save(update_fields=["finding", "ground", "concluded_at", "concluded_by_id"])
    record("benefits.inquiry_concluded", subject=certification_subject(row.pk), by=by, at=now, inquiry=inquiry.pk, finding=finding)
    if finding is Finding.ALIVE:
        row.cleared_at = now
        row.save(update_fields=["cleared_at"])
        keep([Told(row.person_id, "officer_check", "office", f"inquiry-{inquiry.pk}", local_date(now))], by=by, now=now)
        weigh(person_ids=[row.person_id], by=by, now=now)


# -- stopping and going on -------------------------------------------------------------------------------------------------------


@once
def suspend(*, certification_id: UUID, reason: str, by: Actor, now: datetime) -> UUID:
    """Hold payment back from today: after an inquiry that found the right lost, or for want of certification when every step was taken
    and the warning is over. Raises what is missing."""
    by.must(CERTIFY)
    why = _reason(reason)
    today = local_date(now)
    row = Certification.objects.select_for_update().get(pk=certification(certification_id, by=by, write=True).pk)
    if Suspension.objects.filter(certification=row, ended_on=None).exists():
        raise SuspendedAlready
    reaches = list(Reach.objects.filter(certification=row, cycle_end=row.certified_until))
    inquiry = Inquiry.objects.filter(certification=row).order_by("-opened_at").first()
    lost = inquiry if inquiry and inquiry.finding in (Finding.DEAD, Finding.LOST) else None
    if row.signal and lost is None:
        raise InquiryNeeded
    if not reached_by_hand(reaches):
        raise NotReached
    if lost is None:
        _must_be_over(row, reaches, today)
    made = Suspension.objects.create(
        certification=row, inquiry=lost, since=today, reason=why, decided_at=now, decided_by_id=by.person_id
    )
    record(
        "benefits.suspended", subject=certification_subject(row.pk), by=by, at=now, suspension=made.pk, since=today,
        ground=lost.finding if lost else "not-certified",
    )  # fmt: skip
    if lost is None or lost.finding != Finding.DEAD:  # nobody writes to the dead
        tell(row, "benefits.suspended", f"suspended:{made.pk}", by=by, now=now)
    return made.pk


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


@once
def resume(*, certification_id: UUID, reason: str, by: Actor, now: datetime) -> None:
    """An officer lets payment go on, with what was held back: the suspension was wrong, or its reason is gone."""
    by.must(CERTIFY)
    why = _reason(reason)
    row = Certification.objects.select_for_update().get(pk=certification(certification_id, by=by, write=True).pk)
    held = Suspension.objects.select_for_update().filter(certification=row, ended_on=None).first()
    if held is None:
        raise NotSuspended
    end_suspension(row, held, reason=why, by=by, now=now)
