"""Stages between acceptance and decision: making them from the plan of the standard and opening them by the draw."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from linli.domains.cases import clocks, promises
from linli.domains.cases.clock import ClockKind
from linli.domains.cases.deciding import DecisionText, decision_text
from linli.domains.cases.drawing import draw_for
from linli.domains.cases.grounds import MaterialState
from linli.domains.cases.lifecycle import Move, State
from linli.domains.cases.models import Case, ClockRow, Decision, Draw, Step, StepState
from linli.domains.cases.moves import Work
from linli.domains.catalog.queries import Limit, Standard
from linli.domains.org.queries import ItemAuthority, Power
from linli.kernel import rows
from linli.kernel.calendar import local_date
from linli.kernel.ids import uuid7


def make_stage(case: Case, standard: Standard, index: int, *, now: datetime, attempt: int = 1) -> Step:
    """The step of one stage of the plan, waiting; stage 0 of the plan is step 1, since step 0 is the acceptance."""
    stage = standard.plan.stages[index]
    return Step(
        pk=uuid7(), case=case, ordinal=index + 1, attempt=attempt, kind=stage.kind, name=stage.name[:200], duty=stage.duty,
        automatic=stage.automatic, state=StepState.WAITING, opened_at=now, due_on=case.due_on,
    )  # fmt: skip


def first_stage(case: Case, standard: Standard, *, now: datetime) -> Step:
    return make_stage(case, standard, 0, now=now)


def open_stage(
    work: Work, step: Step, standard: Standard, *, others: Iterable[Step], giving_back: UUID | None = None
) -> tuple[Draw | None, ClockRow | None]:
    """Give a waiting stage to somebody by lot, or to the system where the standard marks it automatic.

    Nothing is saved: the step, the draw and the stage's own clock are the caller's to write. Nobody free leaves the step
    waiting; :func:`linli.domains.cases.commands.draw_waiting` comes back to it.
    """
    case, now = work.case, work.now
    draw = None
    if step.automatic:
        step.state, step.opened_at = StepState.OPEN, now
    else:
        draw = draw_for(step, case, others=others, now=now, giving_back=giving_back)
        if draw is None:
            work.note("cases.draw_waits", step=step.pk, stage=step.ordinal)
            return None, None
        work.note(
            "cases.drawn", step=step.pk, stage=step.ordinal, attempt=step.attempt, day=draw.day_id,
            candidates=len(draw.candidates), excluded=len(draw.excluded), chosen=draw.chosen,
        )  # fmt: skip
    if case.state == State.ACCEPTED:
        work.move(Move.SEND_TO_REVIEW, step=step.pk)
    return draw, _stage_clock(case, step, standard, now)


def _stage_clock(case: Case, step: Step, standard: Standard, now: datetime) -> ClockRow | None:
    """The stage's own clock, where the standard limits one of its links: the longest of them, by its own unit."""
    limits = [link.limit for link in standard.plan.stages[step.ordinal - 1].links if link.limit]
    if not limits:
        return None
    longest: Limit = max(limits, key=lambda limit: limit.number)
    return clocks.new_clock(case, ClockKind.STAGE, longest, start=local_date(now), event="stage_opened", at=now, step=step)


def last_ordinals(case_ids: Collection[UUID]) -> dict[UUID, int]:
    """The place of the last step of each of some cases, in one query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT case_id, max(ordinal) FROM cases_step WHERE case_id = ANY(%s) GROUP BY case_id", [list(case_ids)])
        return dict(cursor.fetchall())


def begin_processing(work: Work, standard: Standard, powers: ItemAuthority, *, start: date, event: str) -> list[ClockRow]:
    """The promise and the statutory clock from day 0, and who will decide. The clocks are the caller's to save."""
    case, times = work.case, standard.times
    assert times.promised  # every published standard has one
    fresh = [clocks.new_clock(case, ClockKind.PROMISED, times.promised, start=start, event=event, at=work.now)]
    if times.statutory:
        fresh.append(clocks.new_clock(case, ClockKind.STATUTORY, times.statutory, start=start, event=event, at=work.now))
    work.change(accepted_at=work.now, deciding_org_id=powers.nearest(Power.DECIDE), **clocks.lift(case, fresh))
    return fresh


def owe_materials(case: Case) -> None:
    """From acceptance on, what other departments hold is owed by the bureau (``docs/architecture.md``, invariant 5)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE cases_casematerial SET state = %s WHERE case_id = %s AND state = %s",
            [MaterialState.OWED, case.pk, MaterialState.WILL_VERIFY],
        )


def conclude(
    work: Work, step: Step, standard: Standard, *, approve: bool, facts: str, reasons: str, legal_basis: str, note: dict[str, Any],
    decided_by_id: UUID | None = None,
) -> None:  # fmt: skip
    """Write the decision of a stage that is done: the processing clocks stop, the time to deliver begins.

    A refusal needs facts and reasons, and is given the remedies (行政许可法 art. 38). Raises :class:`GroundsMissing`.
    """
    promises.at_decision(work, approve=approve)
    text = decision_text(work.case, standard, approve=approve, facts=facts, reasons=reasons, legal_basis=legal_basis)
    kinds = [ClockKind.PROMISED, ClockKind.STATUTORY, ClockKind.STAGE]
    promised = clocks.stop(work.case, kinds, on=work.now).get(ClockKind.PROMISED)
    on_time = promised.outcome == "met" if promised else None
    rows.insert(*decided(work, step, standard, text, on_time=on_time, by_id=decided_by_id or work.by.user_id, note=note))


def decided(
    work: Work,
    step: Step,
    standard: Standard,
    text: DecisionText,
    *,
    on_time: bool | None,
    by_id: UUID | None,
    note: dict[str, Any],
) -> tuple[Decision, ClockRow]:
    """The decision and the clock of the delivery; the caller's to save."""
    case, now = work.case, work.now
    decision = Decision(
        case=case, step=step, approved=text.approved, facts=text.facts, reasons=text.reasons, legal_basis=text.legal_basis,
        remedies=text.remedies, decided_by_id=by_id, decided_at=now,
    )  # fmt: skip
    assert standard.times.delivery
    delivery = clocks.new_clock(case, ClockKind.DELIVERY, standard.times.delivery, start=local_date(now), event="decided", at=now)
    work.change(decided_at=now, approved=text.approved, **clocks.lift(case, [delivery]))
    move = Move.APPROVE if text.approved else Move.REJECT
    work.move(move, step=step.pk, basis=text.legal_basis, on_time=on_time, **note)
    return decision, delivery
