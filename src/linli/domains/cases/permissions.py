"""Which cases somebody may see or act on, and as what: as querysets, through which every list, search, export, count and
detail goes, and as predicates on one row, for commands that have it locked. Both say the same (``test_permissions.py``)."""

from __future__ import annotations

from uuid import UUID

from django.db.models import CharField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate

from linli.domains.cases.lifecycle import State
from linli.domains.cases.models import Case, Step
from linli.domains.org.queries import Authority, Power, overseen_ids
from linli.kernel.actors import Actor
from linli.kernel.calendar import SHANGHAI

_NOWHERE = UUID(int=0)
_TO_ISSUE = (State.APPROVED, State.REJECTED, State.ISSUED)
_ISSUING = ("issue", "deliver")
RECEIVE, ACCEPT, REVIEW, DECIDE = "cases.receive", "cases.accept", "cases.review", "cases.decide"
ISSUE, DELIVER, SUPERVISE = "cases.issue", "cases.deliver", "cases.supervise"
SUSPEND, EXTEND, EXTEND_STATUTORY = "cases.suspend", "cases.extend", "cases.extend_statutory"
REDRAW, REFUSE = "cases.redraw", "cases.refuse"


def _at(by: Actor) -> UUID:
    """Where the actor stands: in a hall, or in an office that has none."""
    return by.hall_id or by.org_id or _NOWHERE


def counter_cases(by: Actor) -> QuerySet[Case]:
    """What a counter sees: the cases its own hall (or office) took in, and those it received for another to accept."""
    if not (by.can(RECEIVE) or by.can(ACCEPT) or by.can(DELIVER)):
        return Case.objects.none()
    return Case.objects.filter(Q(hall_id=_at(by)) | Q(origin_id=_at(by)))


def at_counter(by: Actor, case: Case) -> bool:
    """Whether a case is one of :func:`counter_cases`."""
    return (by.can(RECEIVE) or by.can(ACCEPT) or by.can(DELIVER)) and _at(by) in (case.hall_id, case.origin_id)


def step_cases(by: Actor) -> QuerySet[Case]:
    """What a reviewer or approver sees: the cases of which a stage is or was theirs."""
    if by.user_id is None or not (by.can(REVIEW) or by.can(DECIDE)):
        return Case.objects.none()
    mine = Step.objects.filter(
        case=OuterRef("pk"), user_id=by.user_id, state__in=["open", "done"], kind__in=["review", "second_review", "decide"]
    )
    return Case.objects.filter(Exists(mine))


def issue_cases(by: Actor) -> QuerySet[Case]:
    """What an issuer sees: decided cases of their organisation that wait for the result or for delivery, and their own."""
    if not by.can(ISSUE):
        return Case.objects.none()
    mine = Step.objects.filter(case=OuterRef("pk"), user_id=by.user_id, kind__in=_ISSUING)
    return Case.objects.filter(Q(state__in=_TO_ISSUE, deciding_org_id=by.body_id or _NOWHERE) | Exists(mine))


def waiting_cases(by: Actor) -> QuerySet[Case]:
    """Of :func:`issue_cases` those decided here whose result waits: of the organisation, or on the actor's own table.

    Each half is found by its own index; as one condition with "or" PostgreSQL would read every case ever decided.
    """
    if not by.can(ISSUE):
        return Case.objects.none()
    waiting = Case.objects.filter(state__in=[State.APPROVED, State.REJECTED], external=False)
    mine = Step.objects.filter(user_id=by.user_id, kind="issue", state="open").values("case_id")
    few = waiting.filter(deciding_org_id=by.body_id or _NOWHERE).values("pk").union(waiting.filter(pk__in=mine).values("pk"))
    return Case.objects.filter(pk__in=few)


def may_issue(by: Actor, case: Case) -> bool:
    """Whether a case is one of :func:`issue_cases`."""
    if not by.can(ISSUE):
        return False
    if case.state in _TO_ISSUE and by.body_id is not None and case.deciding_org_id == by.body_id:
        return True
    return Step.objects.filter(case=case, user_id=by.user_id, kind__in=_ISSUING).exists()


def delivery_cases(by: Actor) -> QuerySet[Case]:
    """What may be handed over: by the counter that took the case in, or by the organisation that issued it."""
    if not by.can(DELIVER):
        return Case.objects.none()
    return Case.objects.filter(Q(hall_id=_at(by)) | Q(origin_id=_at(by)) | Q(deciding_org_id=by.body_id or _NOWHERE))


def may_deliver(by: Actor, case: Case) -> bool:
    """Whether a case is one of :func:`delivery_cases`."""
    if not by.can(DELIVER):
        return False
    return _at(by) in (case.hall_id, case.origin_id) or (by.body_id is not None and case.deciding_org_id == by.body_id)


def supervised_cases(by: Actor) -> QuerySet[Case]:
    """What a supervisor sees: all cases taken in or decided where they answer for (``overseen_ids``); no drafts."""
    if not by.can(SUPERVISE) or by.org_id is None:
        return Case.objects.none()
    below = set(overseen_ids(by))
    return Case.objects.exclude(state=State.DRAFT).filter(Q(hall_id__in=below) | Q(deciding_org_id__in=below))


def supervises(by: Actor, case: Case) -> bool:
    """Whether a case is one of :func:`supervised_cases`."""
    if not by.can(SUPERVISE) or by.org_id is None or case.state == State.DRAFT:
        return False
    return not {case.hall_id, case.deciding_org_id}.isdisjoint(overseen_ids(by))


def external_cases(by: Actor, *, waiting: bool = False) -> QuerySet[Case]:
    """Cases handled in another system that the actor may see in order to record an act: at the counter that took them in, or
    with the power over the item; with ``waiting`` only those of which the next act is theirs to record.

    Says the same as ``commands.external``.
    """
    at_counter = Q(hall_id=_at(by)) | Q(origin_id=_at(by)) if by.can(ACCEPT) else _NONE
    reviewing = Q(_holds(by, Power.REVIEW, Power.DECIDE)) if by.can(REVIEW) or by.can(DECIDE) else _NONE
    issuing = Q(_holds(by, Power.ISSUE)) if by.can(ISSUE) else _NONE
    own = Step.objects.filter(case=OuterRef("pk"), user_id=by.user_id)
    judged, decided = Exists(own.filter(kind__in=["accept", "review", "decide"])), Exists(own.filter(kind="decide"))
    takes_over = Q(state=State.ACCEPTED) if by.can(REVIEW) else _NONE
    if waiting:
        seen = (
            at_counter & Q(state=State.SUBMITTED)
            | reviewing & (takes_over | Q(state=State.IN_REVIEW)) & ~judged
            | issuing & Q(state__in=[State.APPROVED, State.REJECTED]) & ~decided
        )
    else:
        seen = (
            at_counter
            | reviewing & (Q(state__in=[State.ACCEPTED, State.IN_REVIEW]) | judged)
            | issuing & (Q(state__in=_TO_ISSUE) | Exists(own.filter(kind="issue")))
        )
    began = TruncDate("started_at", tzinfo=SHANGHAI)
    return Case.objects.filter(external=True).exclude(state=State.DRAFT).alias(began_on=began).filter(seen)


_NONE = Q(pk__in=[])


def _holds(by: Actor, *powers: Power) -> Exists:
    """Whether the actor's organisation, or the body it acts for, held one of the powers over the item when the case began."""
    began = OuterRef("began_on")
    place = ExpressionWrapper(OuterRef("region"), output_field=CharField())
    held = Authority.objects.alias(place=place).filter(
        Q(valid_to=None) | Q(valid_to__gt=began), place__startswith=F("region"), item_code=OuterRef("item_code"),
        org_id__in=[o for o in (by.org_id, by.body_id) if o], power__in=powers, valid_from__lte=began,
    )  # fmt: skip
    return Exists(held)


def visible_cases(by: Actor) -> QuerySet[Case]:
    """Everything the post in use may see of cases, whatever the face."""
    if by.can(SUPERVISE):
        return supervised_cases(by)
    if by.can(REVIEW) or by.can(DECIDE):
        return step_cases(by)
    if by.can(ISSUE):
        return issue_cases(by)
    return counter_cases(by)
