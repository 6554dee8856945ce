"""Which cases somebody may see or act on, and as what: as querysets, through which every list, search, export, count and
detail goes, and as predicates on one row, for commands that have it locked. Both say the same (``test_permissions.py``)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db.models import CharField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate

from linli.domains.cases.lifecycle import State
from linli.domains.cases.models import Case, Roster, Step
from linli.domains.org.queries import Authority, Power, overseen_ids
from linli.domains.people.queries import Scope, may_act_for, own_ids, powers
from linli.kernel.actors import Actor, Channel
from linli.kernel.calendar import SHANGHAI

_NOWHERE = UUID(int=0)
_TO_ISSUE = (State.APPROVED, State.REJECTED, State.ISSUED)
_ISSUING = ("issue", "deliver")
RECEIVE, ACCEPT, REVIEW, DECIDE = "cases.receive", "cases.accept", "cases.review", "cases.decide"
FOLLOW, COLLECT = "cases.follow", "cases.collect"  # of other systems: how their cases stand, and the papers of these
ISSUE, DELIVER, SUPERVISE = "cases.issue", "cases.deliver", "cases.supervise"
SUSPEND, EXTEND, EXTEND_STATUTORY = "cases.suspend", "cases.extend", "cases.extend_statutory"
REDRAW, REFUSE = "cases.redraw", "cases.refuse"
CHECK, BREACH = "cases.check", "cases.breach"  # of commitments: to check them, and to decide that one was untrue
PORTAL = "portal.use"  # of residents


def _at(by: Actor) -> UUID:
    """Where the actor stands: in a hall, or in an office that has none."""
    return by.hall_id or by.org_id or _NOWHERE


# What a resident is still filling in on the own phone is nobody else's until it is submitted or handed over at a counter; what
# another system is filling in is that system's.
_RESIDENTS_OWN = Q(state=State.DRAFT, channel=Channel.ONLINE, client_id=None)
_SYSTEMS_OWN = Q(state=State.DRAFT, client_id__isnull=False)


def _is_another_s_draft(by: Actor, case: Case) -> bool:
    own = case.client_id is not None and by.client_id == case.client_id
    return case.state == State.DRAFT and not own and (case.channel == Channel.ONLINE or case.client_id is not None)


def counter_cases(by: Actor) -> QuerySet[Case]:
    """What a counter sees: the cases its own hall (or office) took in, and those it received for another to accept."""
    if not (by.can(RECEIVE) or by.can(ACCEPT) or by.can(DELIVER)):
        return Case.objects.none()
    here = Case.objects.filter(~_RESIDENTS_OWN, Q(hall_id=_at(by)) | Q(origin_id=_at(by)))
    return here.filter(client_id=by.client_id) if by.client_id else here.exclude(_SYSTEMS_OWN)


def at_counter(by: Actor, case: Case) -> bool:
    """Whether a case is one of :func:`counter_cases`."""
    here = (by.can(RECEIVE) or by.can(ACCEPT) or by.can(DELIVER)) and _at(by) in (case.hall_id, case.origin_id)
    return here and by.client_id in (None, case.client_id) and not _is_another_s_draft(by, case)


def client_cases(by: Actor, *permissions: str) -> QuerySet[Case]:
    """What another system sees: the cases it brought itself to the counter of its organisation, and of nobody else any."""
    if by.client_id is None or not any(by.can(p) for p in permissions or (FOLLOW, RECEIVE)):
        return Case.objects.none()
    return Case.objects.filter(Q(hall_id=_at(by)) | Q(origin_id=_at(by)), client_id=by.client_id)


def seen_rosters(by: Actor, *, on: date) -> QuerySet[Roster]:
    """The rosters handed in at the actor's counter; of another system those it handed in itself; of a resident those of employers who
    let them read, and of those for whom they apply the ones they handed in themselves."""
    if by.client_id is not None:
        return Roster.objects.filter(client_id=by.client_id) if by.can(RECEIVE) or by.can(FOLLOW) else Roster.objects.none()
    if by.resident_id is not None:
        return _residents_rosters(by, on)
    return Roster.objects.filter(hall_id=_at(by), client_id=None, resident_id=None) if by.can(RECEIVE) else Roster.objects.none()


def _residents_rosters(by: Actor, on: date) -> QuerySet[Roster]:
    if by.resident_id is None or not by.can(PORTAL):
        return Roster.objects.none()
    read, applied = (_covered(by.resident_id, scope, on, "employer_id") for scope in (Scope.READ, Scope.APPLY))
    online = Roster.objects.filter(client_id=None, resident_id__isnull=False)
    return online.filter(read | applied & Q(resident_id=by.resident_id) if applied != _NONE else read)


def at_roster(by: Actor, roster: Roster, *, on: date) -> bool:
    """Whether a roster is one of :func:`seen_rosters` that the actor may also act on."""
    if by.client_id is not None:
        return by.can(RECEIVE) and roster.client_id == by.client_id
    if by.resident_id is not None:
        if not by.can(PORTAL) or roster.client_id is not None or roster.resident_id is None:
            return False
        may = {
            s: may_act_for(by.resident_id, roster.employer_id, scope=s, on=on, item=roster.item_code)
            for s in (Scope.READ, Scope.APPLY)
        }
        return may[Scope.APPLY] and (may[Scope.READ] or roster.resident_id == by.resident_id)
    return by.can(RECEIVE) and roster.hall_id == _at(by) and roster.client_id is None and roster.resident_id is None


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
    waiting = Case.objects.filter(state__in=[State.APPROVED, State.REJECTED], external=False).exclude(channel=Channel.AUTOMATIC)
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
    """What may be handed over: by the counter that took the case in or where the applicant wants to collect it, or by the
    organisation that issued it."""
    if not by.can(DELIVER):
        return Case.objects.none()
    here = Q(hall_id=_at(by)) | Q(origin_id=_at(by)) | Q(collect_id=_at(by))
    return Case.objects.filter(here | Q(deciding_org_id=by.body_id or _NOWHERE))


def may_deliver(by: Actor, case: Case) -> bool:
    """Whether a case is one of :func:`delivery_cases`."""
    if not by.can(DELIVER):
        return False
    here = _at(by) in (case.hall_id, case.origin_id, case.collect_id)
    return here or (by.body_id is not None and case.deciding_org_id == by.body_id)


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


# -- residents ---------------------------------------------------------------------------------------------------------------


def own_cases(by: Actor, *, on: date) -> QuerySet[Case]:
    """What a resident sees: their own cases, those of whoever lets them read, and of those for whom they apply the ones
    they brought themselves; where a mandate is for some items, cases of these. Three queries before the list itself."""
    if by.resident_id is None or not by.can(PORTAL):
        return Case.objects.none()
    seen = Q(applicant_id__in=own_ids(by.resident_id)) | _covered(by.resident_id, Scope.READ, on)
    applied = _covered(by.resident_id, Scope.APPLY, on)
    return Case.objects.filter(seen | applied & Q(agent_id=by.resident_id) if applied != _NONE else seen)


def _covered(resident_id: UUID, scope: Scope, on: date, whose: str = "applicant_id") -> Q:
    """The cases, or by another column the rosters, of those for whom a resident may do something."""
    held = powers(resident_id, scope=scope, on=on)
    if not held:
        return _NONE
    covered = Q(**{f"{whose}__in": [p.party_id for p in held if not p.items]})
    for p in held:
        if p.items:
            covered |= Q(**{whose: p.party_id, "item_code__in": p.items})
    return covered


def sees_own(by: Actor, case: Case, *, on: date) -> bool:
    """Whether a case is one of :func:`own_cases`."""
    if acts_for(by, case, Scope.READ, on=on):
        return True
    return case.agent_id == by.resident_id and acts_for(by, case, Scope.APPLY, on=on)


def applies_for(by: Actor, case: Case, *, on: date) -> bool:
    """Whether a resident may act on a case they see: fill in, submit, correct, withdraw."""
    return sees_own(by, case, on=on) and acts_for(by, case, Scope.APPLY, on=on)


def collects_for(by: Actor, case: Case, *, on: date) -> bool:
    """Whether a resident may take the result of a case they see."""
    return sees_own(by, case, on=on) and acts_for(by, case, Scope.COLLECT, on=on)


def acts_for(by: Actor, case: Case, scope: Scope, *, on: date) -> bool:
    """Whether a resident may do something for the applicant of a case: for themselves, or within a mandate."""
    if by.resident_id is None or not by.can(PORTAL):
        return False
    return may_act_for(by.resident_id, case.applicant_id, scope=scope, on=on, item=case.item_code)


def visible_cases(by: Actor) -> QuerySet[Case]:
    """Everything the post in use may see of cases, whatever the face."""
    if by.client_id:
        return client_cases(by)
    if by.can(SUPERVISE):
        return supervised_cases(by)
    if by.can(REVIEW) or by.can(DECIDE):
        return step_cases(by)
    if by.can(ISSUE):
        return issue_cases(by)
    return counter_cases(by)
