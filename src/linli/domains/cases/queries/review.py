"""What a reviewer or approver sees: nothing of where a case came in or who took it in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from linli.domains.cases.clock import ClockKind
from linli.domains.cases.deciding import DecisionText, check_links, decision_text
from linli.domains.cases.lifecycle import State
from linli.domains.cases.models import (
    Ask,
    CaseMaterial,
    MaterialFile,
    Step,
    StepState,
)
from linli.domains.cases.permissions import (
    step_cases,
)
from linli.domains.cases.queries.looking import ClockView, case_for, clock_views, materials_of
from linli.domains.cases.reading import Answer, answers
from linli.domains.catalog.queries import Standard, get_standard
from linli.domains.exchange.queries import Shared, shared_of
from linli.domains.people.queries import Party, parties
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.errors import NotAllowed, NotFound
from linli.kernel.text import msg


def my_steps(*, by: Actor) -> QuerySet[Step]:
    """The open stages the draw gave the actor, due first; those of suspended cases last."""
    if by.user_id is None or not (by.can("cases.review") or by.can("cases.decide")):
        raise NotAllowed(permission="cases.review")
    return (
        Step.objects.filter(user_id=by.user_id, state=StepState.OPEN, kind__in=["review", "second_review", "decide"])
        .select_related("case")
        .order_by("due_on", "id")
    )


class Pile(StrEnum):
    """A reviewer's lists: what can be worked on, what waits for a special procedure, what is done."""

    OPEN = "open"
    SUSPENDED = "suspended"
    DONE = "done"

    @property
    def order(self) -> str:
        """By which column its pages go: due first, or done last."""
        return {"open": "due_on", "suspended": "opened_at", "done": "-done_at"}[self.value]


def my_pile(pile: Pile, *, by: Actor) -> QuerySet[Step]:
    """One of the actor's own lists, in its order."""
    if pile is Pile.DONE:
        if by.user_id is None or not (by.can("cases.review") or by.can("cases.decide")):
            raise NotAllowed(permission="cases.review")
        done = Step.objects.filter(user_id=by.user_id, state=StepState.DONE, kind__in=["review", "second_review", "decide"])
        done = done.filter(case__external=False)  # what was done elsewhere has a list of its own
        return done.select_related("case").order_by(pile.order, "id")
    waits = Q(case__state=State.SUSPENDED)
    return my_steps(by=by).filter(waits if pile is Pile.SUSPENDED else ~waits).order_by(pile.order, "id")


def pile_counts(*, by: Actor) -> dict[Pile, int]:
    """How much lies open and suspended; the load limit of the draw keeps both small."""
    waits = Q(case__state=State.SUSPENDED)
    row = my_steps(by=by).order_by().aggregate(suspended=Count("pk", filter=waits), open=Count("pk", filter=~waits))
    return {Pile.OPEN: row["open"], Pile.SUSPENDED: row["suspended"]}


@dataclass(frozen=True, slots=True)
class Opinion:
    """What an earlier stage said; by its name, never by a person's."""

    stage: str
    proposal: str
    text: str
    links: list[str]
    at: datetime | None


@dataclass(frozen=True, slots=True)
class ReviewSheet:
    """All that a reviewer sees of a case: nothing of where it came in or who took it in (``docs/architecture.md``, invariant 3).

    ``alias`` stands for the case instead of its number, which names place and channel.
    """

    step: Step
    alias: str
    version: int
    state: State
    standard: Standard
    applicant: Party
    answers: list[Answer]
    materials: list[CaseMaterial]
    files: dict[UUID, list[MaterialFile]]
    opinions: list[Opinion]
    clocks: list[ClockView]
    asked: list[Ask]
    received_on: date | None
    shared: dict[str, Shared] = field(default_factory=dict)


def alias_of(step: Step | UUID) -> str:
    """A short name for a stage that says nothing about place or channel."""
    hexed = (step if isinstance(step, UUID) else step.pk).hex[-10:].upper()
    return f"{hexed[:5]}-{hexed[5:]}"


def review_sheet(step_id: UUID, *, by: Actor, now: datetime) -> ReviewSheet:
    """The actor's own stage, open or done. Raises :class:`NotFound` for anybody else's."""
    step = _own_step(step_id, by)
    case = case_for(step.case_id, by=by, among=step_cases(by))
    materials, files = materials_of(case)
    standard = get_standard(case.standard_id)
    earlier = case.steps.filter(state=StepState.DONE, ordinal__gt=0, ordinal__lt=step.ordinal).order_by("ordinal")
    return ReviewSheet(
        step=step, alias=alias_of(step), version=case.version, state=State(case.state), standard=standard,
        applicant=parties([case.applicant_id])[case.applicant_id], answers=answers(standard, case.form.open_json()),
        materials=materials, files=files,
        opinions=[Opinion(s.name, s.proposal, s.opinion, s.links_done, s.done_at) for s in earlier],
        clocks=[c for c in clock_views(case, now=now) if c.kind in (ClockKind.PROMISED, ClockKind.STATUTORY, ClockKind.STAGE)],
        asked=list(case.asks.filter(step=step).order_by("-asked_at")),
        received_on=local_date(case.received_at) if case.received_at else None, shared=shared_of(case.pk),
    )  # fmt: skip


def preview_decision(
    step_id: UUID,
    *,
    approve: bool,
    facts: str = "",
    reasons: str = "",
    legal_basis: str = "",
    links_done: Sequence[str] = (),
    by: Actor,
) -> DecisionText:
    """What a decision at the actor's own stage would say, before it is made. Raises :class:`GroundsMissing`, :class:`LinksOpen`."""
    step = _own_step(step_id, by)
    case = case_for(step.case_id, by=by, among=step_cases(by))
    standard = get_standard(case.standard_id)
    check_links(step, standard, links_done)
    return decision_text(case, standard, approve=approve, facts=facts, reasons=reasons, legal_basis=legal_basis)


def _own_step(step_id: UUID, by: Actor) -> Step:
    step = Step.objects.filter(
        pk=step_id, user_id=by.user_id, state__in=[StepState.OPEN, StepState.DONE], kind__in=["review", "second_review", "decide"]
    ).first()
    if step is None or by.user_id is None or not (by.can("cases.review") or by.can("cases.decide")):
        raise NotFound(what=msg("这一环节"))
    return step


def review_file(step_id: UUID, file_id: UUID, *, by: Actor) -> MaterialFile:
    """A file of the actor's own stage."""
    step = _own_step(step_id, by)
    found = MaterialFile.objects.filter(pk=file_id, material__case_id=step.case_id, removed_at=None).first()
    if found is None:
        raise NotFound(what=msg("该文件"))
    return found
