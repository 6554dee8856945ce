"""Cases whose business system is elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from linli.domains.cases.deciding import Decided, decided
from linli.domains.cases.grounds import (
    ExternalAct,
)
from linli.domains.cases.lifecycle import State
from linli.domains.cases.models import (
    Case,
    StepKind,
    StepState,
)
from linli.domains.cases.permissions import (
    DECIDE,
    REVIEW,
    external_cases,
)
from linli.domains.cases.queries.looking import case_for
from linli.domains.cases.queries.review import alias_of
from linli.domains.catalog.queries import Standard, get_standard
from linli.domains.people.queries import Party, parties
from linli.kernel.actors import Actor


def external_waiting(*, by: Actor) -> QuerySet[Case]:
    """Cases handled in another system of which the next act is the actor's to record, the longest waiting first."""
    return external_cases(by, waiting=True).order_by("received_at", "id")


@dataclass(frozen=True, slots=True)
class ExternalLine:
    """One act of a case handled elsewhere: when it was recorded (None: still missing), and whether by the actor."""

    act: ExternalAct
    at: datetime | None
    mine: bool


@dataclass(frozen=True, slots=True)
class ExternalSheet:
    """All that somebody sees who records what was done in another system. ``number`` is empty for a reviewer, to whom it
    would tell where the case came in; ``may`` says whether ``next`` is the actor's to record, ``own`` that they must not
    because they recorded another act."""

    case: Case
    alias: str
    number: str
    standard: Standard
    applicant: Party
    lines: list[ExternalLine]
    next: ExternalAct | None
    may: bool
    own: bool
    decided: Decided | None


_EXTERNAL_STEPS = {
    ExternalAct.ACCEPT: StepKind.ACCEPT, ExternalAct.TAKE_OVER: StepKind.REVIEW, ExternalAct.REVIEW: StepKind.DECIDE,
    ExternalAct.ISSUE: StepKind.ISSUE,
}  # fmt: skip
_EXTERNAL_NEXT = {
    State.SUBMITTED: ExternalAct.ACCEPT, State.ACCEPTED: ExternalAct.TAKE_OVER, State.IN_REVIEW: ExternalAct.REVIEW,
    State.APPROVED: ExternalAct.ISSUE, State.REJECTED: ExternalAct.ISSUE,
}  # fmt: skip


def external_sheet(case_id: UUID, *, by: Actor) -> ExternalSheet:
    """A case handled elsewhere, for whoever may record one of its acts. Raises :class:`NotFound`."""
    case = case_for(case_id, by=by, among=external_cases(by))
    steps = {s.kind: s for s in case.steps.filter(state=StepState.DONE)}
    lines = []
    for act, kind in _EXTERNAL_STEPS.items():
        step = steps.get(kind)
        lines.append(ExternalLine(act, step.done_at if step else None, step is not None and step.user_id == by.user_id))
    coming = _EXTERNAL_NEXT.get(State(case.state))
    clash = [StepKind.DECIDE] if coming is ExternalAct.ISSUE else [StepKind.ACCEPT, StepKind.REVIEW, StepKind.DECIDE]
    reviewing = by.can(REVIEW) or by.can(DECIDE)
    return ExternalSheet(
        case=case, alias=alias_of(case.pk), number="" if reviewing else case.number or "", standard=get_standard(case.standard_id),
        applicant=parties([case.applicant_id])[case.applicant_id], lines=lines, next=coming,
        may=external_waiting(by=by).filter(pk=case.pk).exists(),
        own=coming is not None and any(line.mine and _EXTERNAL_STEPS[line.act] in clash for line in lines),
        decided=decided(case),
    )  # fmt: skip
