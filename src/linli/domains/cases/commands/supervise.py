"""What a supervisor does to a case under way: suspend, resume, extend, draw anew, and answer what reviewers ask."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction

from linli.domains.cases import clocks, papers
from linli.domains.cases.clock import ClockKind
from linli.domains.cases.errors import (
    DateMissing,
    ExtendedBefore,
    ExtensionNotProvided,
    GroundUnknown,
    ReasonMissing,
)
from linli.domains.cases.grounds import PauseGround
from linli.domains.cases.lifecycle import IN_HAND, Move, State
from linli.domains.cases.models import Ask, Case, ClockRow, ExtensionRow, Step, StepState, Suspension
from linli.domains.cases.moves import Work, locked
from linli.domains.cases.permissions import EXTEND, EXTEND_STATUTORY, REDRAW, SUPERVISE, SUSPEND, supervises
from linli.domains.cases.staging import make_stage, open_stage
from linli.domains.catalog.queries import Standard, get_standard, limit_text
from linli.domains.documents.queries import PaperKind
from linli.domains.org.queries import calendar, letterhead
from linli.domains.trace.commands import Subject, once, record
from linli.kernel import rows
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.errors import NotFound
from linli.kernel.text import Message, msg


@once
def suspend_case(
    *, case_id: UUID, ground: PauseGround, reason: str, until: date, version: int | None = None, by: Actor, now: datetime
) -> UUID:
    """Stop the processing clocks on a legal ground, with a written notice of the expected time; returns the notice.

    From today on the days are not counted (行政许可法 art. 45). Raises :class:`GroundUnknown`, :class:`ReasonMissing`,
    :class:`DateMissing`.
    """
    by.must(SUSPEND)
    work = locked(supervises, case_id, by=by, now=now, version=version)
    return _suspend(work, ground, reason, until)


def _suspend(work: Work, ground: PauseGround, reason: str, until: date) -> UUID:
    case, now, by = work.case, work.now, work.by
    today = local_date(now)
    if ground not in set(PauseGround):
        raise GroundUnknown(field="ground", ground=ground)
    if not reason.strip():
        raise ReasonMissing(field="reason", what=msg("中止的具体原因"))
    if until <= today:
        raise DateMissing(field="until")
    standard, head = get_standard(case.standard_id), letterhead(case.org_id)
    running = ClockRow.objects.filter(case=case, kind=ClockKind.PROMISED, outcome="running").first()
    elapsed = max(calendar(case.region).working_days_between(running.start, today) - 1, 0) if running else 0
    document = papers.compose_for(
        case, PaperKind.SUSPENSION_NOTICE,
        papers.addressed(case, standard, head) | {
            "accepted_on": local_date(case.accepted_at or now), "suspended_from": today, "ground": ground.label, "reasons": reason,
            "legal_basis": [ground.basis], "expected_until": until, "elapsed": f"{elapsed} 个工作日",
            "expected": f"至 {until.isoformat()} 前后",
        },
        org_id=head.body_id, by=by, now=now,
    )  # fmt: skip
    Suspension.objects.create(
        case=case,
        ground=ground,
        reason=reason.strip(),
        expected_until=until,
        approved_by_id=by.person_id,
        first=today,
        document_id=document,
    )
    work.move(Move.SUSPEND, ground=ground, reason=reason, until=until, document=document)
    work.save()
    clocks.reproject(case)
    return document


@once
def resume_case(*, case_id: UUID, reason: str, version: int | None = None, by: Actor, now: datetime) -> UUID:
    """Let the clocks run again; today is the last day left out. Returns the notice with the new date."""
    by.must(SUSPEND)
    work = locked(supervises, case_id, by=by, now=now, version=version)
    return _resume(work, reason)


def _resume(work: Work, reason: str) -> UUID:
    case, now, by = work.case, work.now, work.by
    if not reason.strip():
        raise ReasonMissing(field="reason", what=msg("恢复的原因"))
    work.move(Move.RESUME, reason=reason)
    today = local_date(now)
    suspension = Suspension.objects.select_for_update().get(case=case, last=None)
    suspension.last = max(today, suspension.first)
    suspension.save(update_fields=["last"])
    work.save()
    clocks.reproject(case)
    standard, head = get_standard(case.standard_id), letterhead(case.org_id)
    promised = ClockRow.objects.filter(case=case, kind=ClockKind.PROMISED, outcome="running").first()
    document = papers.compose_for(
        case, PaperKind.RESUMPTION_NOTICE,
        papers.addressed(case, standard, head) | {
            "suspended_from": suspension.first, "resumed_on": today, "reasons": reason,
            "not_counted": f"{suspension.first.isoformat()} 至 {suspension.last.isoformat()}",
            "due_on": promised.due_on if promised else None,
            "due_note": papers.due_note(case, promised, list(case.suspensions.all()), list(case.extensions.all())) if promised else "",
            "legal_basis": [PauseGround(suspension.ground).basis],
        },
        org_id=head.body_id, by=by, now=now,
    )  # fmt: skip
    note = Work(case, by=by, now=now)
    note.note("cases.resumption_notice", document=document, due=promised.due_on if promised else None)
    note.save()
    return document


@once
def extend_case(
    *, case_id: UUID, kind: ClockKind, add: int, reason: str, version: int | None = None, by: Actor, now: datetime
) -> UUID:
    """Prolong the promise (within the statutory limit) or the statutory limit (as the law provides), once, with the reason told.

    An extension approved after the due date has no effect and is refused here, the case stays overdue. The statutory limit
    takes the head of the authority (permission ``cases.extend_statutory``). Returns the notice.
    """
    by.must(EXTEND_STATUTORY if kind is ClockKind.STATUTORY else EXTEND)
    work = locked(supervises, case_id, by=by, now=now, version=version)
    return _extend(work, kind, add, reason)


def _extend(work: Work, kind: ClockKind, add: int, reason: str) -> UUID:
    case, now, by = work.case, work.now, work.by
    if not reason.strip():
        raise ReasonMissing(field="reason", what=msg("延长的理由"))
    if case.state not in IN_HAND:
        raise NotFound(what=msg("办理中的时限"))
    if ExtensionRow.objects.filter(case=case, kind=kind).exists():
        raise ExtendedBefore(kind=Message(kind.label))
    standard, head = get_standard(case.standard_id), letterhead(case.org_id)
    clock = ClockRow.objects.filter(case=case, kind=kind, outcome="running").first()
    today = local_date(now)
    if clock is None or (clock.due_on is not None and today > clock.due_on):
        raise NotFound(what=msg("未到期的时限（到期后的延长不生效）"))
    provided = standard.times.extension
    if kind is ClockKind.STATUTORY:
        if provided is None or add > provided.number or add < 1:
            most = provided.number if provided else 0
            raise ExtensionNotProvided(
                field="add",
                most=most,
                unit=Message(provided.unit.label if provided else ""),
                basis=provided.basis if provided else "—",
            )
        basis, approver = provided.basis, provided.approver or "本机关负责人"
    else:
        basis, approver = "《优化营商环境条例》第三十六条", "大厅值班长"
    old = clock.due_on or today
    row = ExtensionRow(
        case=case,
        kind=kind,
        add=add,
        unit=clock.unit,
        approved_on=today,
        approved_by_id=by.person_id,
        approver=approver,
        reason=reason.strip(),
    )
    days, suspensions = calendar(case.region), list(case.suspensions.all())
    new = clocks.derive(clock, days, suspensions, [row])
    statutory = ClockRow.objects.filter(case=case, kind=ClockKind.STATUTORY, outcome="running").first()
    if kind is ClockKind.PROMISED and statutory and statutory.due_on and new.day and new.day > statutory.due_on:
        raise ExtensionNotProvided(
            field="add", most=days.working_days_between(old, statutory.due_on), unit=msg("个工作日"), basis=statutory.basis
        )
    document = papers.compose_for(
        case, PaperKind.EXTENSION_NOTICE,
        papers.addressed(case, standard, head) | {
            "accepted_on": local_date(case.accepted_at or now), "due_on": old,
            "extended_by": limit_text(standard.times.promised.model_copy(update={"number": add})) if standard.times.promised else str(add),
            "new_due_on": new.day or old + timedelta(days=1),
            "reasons": reason, "approved_by": approver, "approved_on": today, "legal_basis": [basis],
        },
        org_id=head.body_id, by=by, now=now,
    )  # fmt: skip
    row.document_id = document
    row.save(force_insert=True)
    work.note("cases.extended", clock=kind, add=add, unit=clock.unit, reason=reason, until=new.day, document=document)
    work.save()
    clocks.reproject(case)
    return document


@once
def redraw_step(*, case_id: UUID, reason: str, version: int | None = None, by: Actor, now: datetime) -> None:
    """Take the open stage from whoever has it and draw again without them; the supervisor does not choose either."""
    by.must(REDRAW)
    work = locked(supervises, case_id, by=by, now=now, version=version)
    _redraw(work, reason)


def _redraw(work: Work, reason: str) -> None:
    if not reason.strip():
        raise ReasonMissing(field="reason", what=msg("重新派件的理由"))
    case = work.case
    steps = list(Step.objects.filter(case=case))
    current = next((s for s in steps if s.state in (StepState.OPEN, StepState.WAITING) and s.duty), None)
    if current is None or case.state not in (State.IN_REVIEW, State.SUSPENDED, State.ACCEPTED):
        raise NotFound(what=msg("正在审核的环节"))
    if current.state == StepState.WAITING:
        _retry(work, current, steps)
        return
    released = current.user_id
    current.state = StepState.RELEASED
    current.save(update_fields=["state"])
    work.note("cases.released", step=current.pk, stage=current.ordinal, reason=reason)
    standard = get_standard(case.standard_id)
    again = make_stage(case, standard, current.ordinal - 1, now=work.now, attempt=current.attempt + 1)
    again.automatic = False
    draw, _ = open_stage(work, again, standard, others=steps, giving_back=released)
    again.save(force_insert=True)
    if draw:
        draw.save(force_insert=True)
    work.save()


@once
def release_issue(*, case_id: UUID, reason: str, version: int | None = None, by: Actor, now: datetime) -> None:
    """Take a result that is being prepared from whoever has it, so that any colleague may issue it."""
    by.must(REDRAW)
    if not reason.strip():
        raise ReasonMissing(field="reason", what=msg("收回的理由"))
    work = locked(supervises, case_id, by=by, now=now, version=version)
    step = rows.one(Step, "WHERE t.case_id = %s AND t.kind = 'issue' AND t.state = 'open'", [case_id])
    if step is None:
        raise NotFound(what=msg("正在出件的环节"))
    step.state = StepState.RELEASED
    rows.update(step, ["state"])
    work.note("cases.released", step=step.pk, stage=step.ordinal, reason=reason)
    work.save()


def _retry(work: Work, step: Step, steps: list[Step]) -> bool:
    """Try again to find somebody for a waiting stage."""
    standard: Standard = get_standard(work.case.standard_id)
    draw, stage_clock = open_stage(work, step, standard, others=[s for s in steps if s.pk != step.pk])
    if draw is None:
        return False
    step.save()
    draw.save(force_insert=True)
    if stage_clock:
        stage_clock.save(force_insert=True)
    work.save()
    return True


def draw_waiting(*, by: Actor, now: datetime, limit: int = 50) -> int:
    """Draw for stages that found nobody before, oldest first; returns how many found somebody. Safe to repeat."""
    drawn = 0
    for step_id, case_id in (
        Step.objects.filter(state=StepState.WAITING).order_by("opened_at", "id").values_list("pk", "case_id")[:limit]
    ):
        with transaction.atomic():
            case = Case.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=case_id).first()
            if case is None:
                continue
            steps = list(Step.objects.filter(case=case))
            step = next(s for s in steps if s.pk == step_id)
            if step.state == StepState.WAITING and case.state in (State.ACCEPTED, State.IN_REVIEW):
                step.case = case
                drawn += _retry(Work(case, by=by, now=now), step, steps)
    return drawn


@once
def settle_ask(*, ask_id: UUID, grant: bool, answer: str, add: int = 0, by: Actor, now: datetime) -> UUID | None:
    """Answer what a reviewer asked. Granting does it at once, with its notice; refusing says why. Returns the notice."""
    found = Ask.objects.filter(pk=ask_id).values_list("case_id", flat=True).first()
    if found is None:
        raise NotFound(what=msg("该请求"))
    work = locked(supervises, found, by=by, now=now)
    request = Ask.objects.select_for_update().get(pk=ask_id)
    if request.settled_at is not None:
        raise NotFound(what=msg("未答复的请求"))
    if not grant and not answer.strip():
        raise ReasonMissing(field="answer", what=msg("不同意的理由"))
    request.settled_at, request.settled_by_id, request.granted, request.answer = now, by.user_id, grant, answer.strip()
    request.save()
    work.note("cases.ask_settled", ask=ask_id, what=request.what, granted=grant, answer=request.answer)
    if not grant:
        work.save()
        return None
    match request.what:
        case "suspend":
            by.must(SUSPEND)
            assert request.until
            return _suspend(work, PauseGround(request.ground), request.reason, request.until)
        case "extend":
            by.must(EXTEND)
            return _extend(work, ClockKind.PROMISED, add, request.reason)
        case _:
            by.must(REDRAW)
            _redraw(work, request.reason)
            return None


@once
def record_export(*, filters: Mapping[str, str], rows: int, by: Actor, now: datetime) -> None:
    """Record that a list of cases left the platform: by what it was filtered and how long it was (``docs/security.md`` SE-05)."""
    by.must(SUPERVISE)
    record("cases.exported", subject=Subject("user", by.person_id), by=by, at=now, filters=dict(filters), rows=rows)


__all__ = ["draw_waiting", "extend_case", "record_export", "redraw_step", "resume_case", "settle_ask", "suspend_case"]
