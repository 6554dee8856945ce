"""Items whose business system is elsewhere: their acts are recorded by hand into the same lifecycle and the same trace, by
different people. What is recorded is what was done there, by whom of us and when, under the number it has there."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from linli.domains.cases import clocks, promises
from linli.domains.cases.clock import ClockKind
from linli.domains.cases.errors import NotElsewhere, OpinionMissing, ReasonMissing, SamePerson
from linli.domains.cases.grounds import ExternalAct
from linli.domains.cases.lifecycle import Move, State
from linli.domains.cases.models import Case, Step, StepKind, StepState
from linli.domains.cases.moves import Work, lock, locked
from linli.domains.cases.permissions import ACCEPT, DECIDE, ISSUE, REVIEW, at_counter
from linli.domains.cases.staging import begin_processing, conclude, owe_materials
from linli.domains.catalog.queries import get_standard
from linli.domains.org.queries import Power, authority
from linli.domains.trace.commands import once
from linli.kernel import rows
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.errors import NotAllowed, NotFound
from linli.kernel.text import msg

# Which act may follow in which state, and the permission it takes.
_NEXT = {
    ExternalAct.ACCEPT: (State.SUBMITTED, ACCEPT, StepKind.ACCEPT),
    ExternalAct.TAKE_OVER: (State.ACCEPTED, REVIEW, StepKind.REVIEW),
    ExternalAct.REVIEW: (State.IN_REVIEW, REVIEW, StepKind.DECIDE),
    ExternalAct.ISSUE: (None, ISSUE, StepKind.ISSUE),
}


_ORDER = (StepKind.ACCEPT, StepKind.REVIEW, StepKind.DECIDE, StepKind.ISSUE)


def external_cases(by: Actor) -> set[Power]:
    """What the post in use may record of external cases."""
    return {p for p, needed in ((Power.ACCEPT, ACCEPT), (Power.REVIEW, REVIEW), (Power.ISSUE, ISSUE)) if by.can(needed)}


@once
def record_external(
    *, case_id: UUID, act: ExternalAct, external_number: str = "", approve: bool | None = None, facts: str = "", reasons: str = "",
    note: str = "", by: Actor, now: datetime,
) -> None:  # fmt: skip
    """Record one act done in another system. Acceptance, review and issue are by different people, as anywhere.

    The number over there is given at acceptance. A review says whether it was approved; a refusal says facts and reasons.
    Raises :class:`NotElsewhere`, :class:`SamePerson`, :class:`ReasonMissing`, :class:`OpinionMissing`.
    """
    state, permission, kind = _NEXT[act]
    if not (by.can(permission) or (act is ExternalAct.REVIEW and by.can(DECIDE))):
        raise NotAllowed(permission=permission)
    case = _lock(case_id, act, by, now)
    work = Work(case, by=by, now=now)
    standard = get_standard(case.standard_id)
    if not case.external:
        raise NotElsewhere(item=standard.name)
    if (state is not None and case.state != state) or (
        act is ExternalAct.ISSUE and case.state not in (State.APPROVED, State.REJECTED)
    ):
        raise NotFound(what=msg("可登记这一环节的办件"))
    if act is ExternalAct.ACCEPT and not external_number.strip():
        raise ReasonMissing(field="external_number", what=msg("外部系统的办件编号"))
    step = _step(case, kind, act, by, now, note)
    match act:
        case ExternalAct.ACCEPT:
            _accept(work, external_number.strip())
        case ExternalAct.TAKE_OVER:
            work.move(Move.SEND_TO_REVIEW, external=True, note=note)
        case ExternalAct.REVIEW:
            if approve is None:
                raise OpinionMissing(field="approve")
            conclude(
                work,
                step,
                standard,
                approve=approve,
                facts=facts,
                reasons=reasons,
                legal_basis="",
                note={"external": True, "said": note},
            )
        case ExternalAct.ISSUE:
            work.change(issued_at=now)
            work.move(Move.ISSUE, external=True, note=note)
    work.save()


def _lock(case_id: UUID, act: ExternalAct, by: Actor, now: datetime) -> Case:
    """At the counter for acceptance; otherwise by an organisation with the power over the item."""
    if act is ExternalAct.ACCEPT:
        return locked(at_counter, case_id, by=by, now=now).case
    case = lock(case_id)
    if case is None or not case.external or by.org_id is None:
        raise NotFound(what=msg("这件办件"))
    held = authority(case.item_code, region=case.region, on=local_date(case.started_at)).powers(by.org_id, by.body_id)
    if not held & ({Power.ISSUE} if act is ExternalAct.ISSUE else {Power.REVIEW, Power.DECIDE}):
        raise NotFound(what=msg("这件办件"))
    return case


def _step(case: Case, kind: StepKind, act: ExternalAct, by: Actor, now: datetime, note: str) -> Step:
    ordinal = list(_ORDER).index(kind)
    try:
        with transaction.atomic():
            return Step.objects.create(
                case=case, ordinal=ordinal, kind=kind, name=f"{act.label}（外部系统）", state=StepState.DONE, user_id=by.user_id,
                org_id=by.org_id, opened_at=now, done_at=now, opinion=note,
            )  # fmt: skip
    except IntegrityError as error:
        if "cases_step_one_hand" in str(error) or "cases_step_own_issue" in str(error):
            raise SamePerson from None
        raise


def _accept(work: Work, external_number: str) -> None:
    case, now = work.case, work.now
    clocks.stop(case, [ClockKind.NOTICE], on=now)
    powers = authority(case.item_code, region=case.region, on=local_date(now))
    standard = get_standard(case.standard_id)
    fresh = begin_processing(work, standard, powers, start=local_date(now), event="accepted")
    rows.insert(*fresh)
    owe_materials(case)
    promises.at_acceptance(work, standard)
    work.change(external_number=external_number)
    work.move(Move.ACCEPT, external=True, external_number=external_number, promised=fresh[0].due_on)


__all__ = ["ExternalAct", "external_cases", "record_external"]
