"""Reaching out: the ladder takes its steps, people say what came of it, doubts are looked into, each a case of its own."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from linli.domains.benefits.certifying import OUTCOMES, Finding, ReachOutcome, ReachWay, due_rungs, next_day
from linli.domains.benefits.commands import proceedings
from linli.domains.benefits.commands.certification import Told, certification_subject, keep, next_step, tell, weigh
from linli.domains.benefits.models import Certification, Inquiry, Reach
from linli.domains.benefits.permissions import CERTIFY, VISIT
from linli.domains.benefits.queries.certification import certification, reach
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


def reason_of(text: str, field: str = "reason") -> str:
    """What an officer wrote of a decision about somebody's right. Raises :class:`ReasonNeeded`."""
    if not text.strip():
        raise ReasonNeeded(field=field)
    return text.strip()[:2000]


@once
def open_inquiry(*, certification_id: UUID, reason: str, by: Actor, now: datetime) -> UUID:
    """Look into a doubt: a case begins, and somebody is visited meanwhile."""
    by.must(CERTIFY)
    why = reason_of(reason)
    row = Certification.objects.select_for_update().get(pk=certification(certification_id, by=by, write=True).pk)
    if Inquiry.objects.filter(certification=row, concluded_at=None).exists():
        raise InquiryOpen
    case_id = proceedings.begin(row, "inquiry", by=by, now=now)
    made = Inquiry.objects.create(certification=row, case_id=case_id, reason=why, opened_at=now, opened_by_id=by.person_id)
    record("benefits.inquiry_opened", subject=certification_subject(row.pk), by=by, at=now, inquiry=made.pk, case=case_id)
    if not row.abroad:
        ask_visit(certification_id=row.pk, by=by, now=now)
    return made.pk


@once
def conclude_inquiry(*, certification_id: UUID, finding: Finding, ground: str, by: Actor, now: datetime) -> None:
    """Say what was found and on which ground. Alive: the signs of death heard so far are settled, it counts as a success, and the case
    is given up. Else it stays open for a proposal to suspend, on which another officer decides."""
    by.must(CERTIFY)
    why = reason_of(ground, "ground")
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
        proceedings.give_up(inquiry.case_id, reason=msg("核实后本人在世，资格没有变化"), now=now)
        keep([Told(row.person_id, "officer_check", "office", f"inquiry-{inquiry.pk}", local_date(now))], by=by, now=now)
        weigh(person_ids=[row.person_id], by=by, now=now)
