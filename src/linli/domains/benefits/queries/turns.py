"""Whose turn it is: what waits for this officer and nobody before them, so that a menu can say how much. Nothing of another place."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from linli.domains.benefits.changing import ChangeState
from linli.domains.benefits.granting import BatchState, ClawBackState, ListState, ObjectionState
from linli.domains.benefits.models import (
    ClawBack,
    FigureChange,
    GrantList,
    GrantObjection,
    PayBatch,
    SuspensionProposal,
    WriteOff,
)
from linli.domains.benefits.permissions import AGREE, PAY
from linli.domains.benefits.queries.certification import suspensions_waiting
from linli.domains.benefits.runs import shortest
from linli.kernel.actors import Actor

M = TypeVar("M", bound=Model)


def _of(rows: QuerySet[M], by: Actor, *permissions: str, place: str = "region") -> QuerySet[M]:
    """Those of the actor's place, if one of the permissions is theirs."""
    if not any(by.can(p) for p in permissions):
        return rows.none()
    return rows.filter(**{f"{place}__startswith": shortest(by.region)})


def lists_to_agree(*, by: Actor) -> QuerySet[GrantList]:
    """Lists that wait for a second officer."""
    return _of(GrantList.objects.filter(state=ListState.MADE).exclude(made_by_id=by.person_id), by, AGREE)


def objections_to_answer(*, by: Actor) -> QuerySet[GrantObjection]:
    """Objections that nobody has answered, to lists that somebody else made."""
    found = GrantObjection.objects.filter(state=ObjectionState.OPEN).exclude(list__made_by_id=by.person_id)
    return _of(found, by, AGREE, place="list__region")


def batches_to_agree(*, by: Actor) -> QuerySet[PayBatch]:
    """Batches of payments that wait for a second officer."""
    return _of(PayBatch.objects.filter(state=BatchState.MADE).exclude(made_by_id=by.person_id), by, AGREE, PAY)


def claw_backs_to_agree(*, by: Actor) -> QuerySet[ClawBack]:
    """Claw-backs to be ordered, and what is left of others to be given up, by a second officer."""
    given_up = WriteOff.objects.filter(claw_back=OuterRef("pk"), agreed_at=None).exclude(made_by_id=by.person_id)
    proposed = Q(state=ClawBackState.PROPOSED) & ~Q(made_by_id=by.person_id)
    found = ClawBack.objects.filter(proposed | Q(Exists(given_up), state=ClawBackState.ORDERED))
    return _of(found, by, AGREE, place="grant__region")


def changes_to_agree(*, by: Actor) -> QuerySet[FigureChange]:
    """Figures that wait for a second officer, for places that the actor serves."""
    return _of(FigureChange.objects.filter(state=ChangeState.PROPOSED).exclude(proposed_by_id=by.person_id), by, AGREE)


def suspensions_to_agree(*, by: Actor) -> QuerySet[SuspensionProposal]:
    """Suspensions that wait for a second officer, who had no hand in looking into it."""
    if not by.can(AGREE):
        return SuspensionProposal.objects.none()
    had_a_hand = (
        Q(proposed_by_id=by.person_id)
        | Q(inquiry__opened_by_id=by.person_id, inquiry__isnull=False)
        | Q(inquiry__concluded_by_id=by.person_id, inquiry__isnull=False)
    )
    return suspensions_waiting(by=by).exclude(had_a_hand)
