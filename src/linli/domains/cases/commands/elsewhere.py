"""Going on elsewhere: the codes with which a case, or the draft of a joint matter, goes on at a counter, or from a counter on the phone."""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID

from linli.domains.cases import joints
from linli.domains.cases.commands.intake import Place, place_of_counter
from linli.domains.cases.commands.joint import JointWork, leave_to_counters, locked_joint, where_it_lies
from linli.domains.cases.commands.online import own
from linli.domains.cases.errors import CodeUnknown, OtherPartyThere
from linli.domains.cases.lifecycle import State
from linli.domains.cases.models import Case, HandOver, Joint, JointPart
from linli.domains.cases.moves import Work, lock, locked
from linli.domains.cases.online import CODE_DIGITS, CODE_LIFE
from linli.domains.cases.permissions import PORTAL, RECEIVE, at_counter
from linli.domains.cases.queries.online import HAND_OVER
from linli.domains.catalog.queries import get_bundle, get_standard
from linli.domains.people.queries import Scope, may_act_for, party
from linli.domains.trace.commands import once
from linli.kernel.actors import Actor, Channel
from linli.kernel.calendar import local_date
from linli.kernel.errors import NotFound
from linli.kernel.fields import blind
from linli.kernel.text import msg

_HOLDING = (State.DRAFT, State.SUBMITTED, State.CORRECTION_REQUESTED)  # states in which a case can change tracks


# -- the codes -----------------------------------------------------------------------------------------------------------------


@once
def make_hand_over(*, case_id: UUID, by: Actor, now: datetime) -> str:
    """A code for going on elsewhere: made by the resident it leads to a counter, made at a counter to the resident's phone.

    It is good once, for a day; a new one replaces the last. Returns the code.
    """
    to_counter = by.resident_id is not None
    work = locked(own(now) if to_counter else at_counter, case_id, by=by, now=now)
    if not to_counter:
        by.must(RECEIVE)
    if work.case.state not in _HOLDING or (not to_counter and work.case.state != State.DRAFT):
        raise NotFound(what=msg("可以换个地方接着办的办件"))
    if to_counter and work.case.state == State.DRAFT and work.case.channel != Channel.ONLINE:
        raise NotFound(what=msg("可以换个地方接着办的办件"))
    code = _new_code(work.case, to_counter=to_counter, now=now)
    work.note("cases.hand_over_made", to=_track(to_counter), until=local_date(now))
    work.save()
    return code


@once
def make_joint_hand_over(*, joint_id: UUID, by: Actor, now: datetime) -> str:
    """The same for the draft of a joint matter.

    Raises :class:`NotOnline` at a counter whose draft has a part that can be applied for nowhere else.
    """
    to_counter = by.resident_id is not None
    work = locked_joint(joint_id, by=by, now=now, draft=True)
    if not to_counter:
        leave_to_counters(work.parts, region=work.joint.region, on=local_date(now))
    code = _new_code(work.joint, to_counter=to_counter, now=now)
    work.save("cases.hand_over_made", to=_track(to_counter), until=local_date(now))
    return code


def _track(to_counter: bool) -> str:
    return "counter" if to_counter else "online"


def _new_code(of: Case | Joint, *, to_counter: bool, now: datetime) -> str:
    """A new code in the place of the last; no other live code has its digits, one that ran out makes room."""
    case, joint = (of, None) if isinstance(of, Case) else (None, of)
    HandOver.objects.filter(case=case, joint=joint, used_at=None).delete()
    while True:
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        taken = HandOver.objects.filter(code_index=blind(code, context=HAND_OVER), used_at=None)
        taken.filter(expires_at__lte=now).delete()
        if not taken.exists():
            break
    HandOver.objects.create(
        case=case, joint=joint, code=code, code_index=blind(code, context=HAND_OVER), to_counter=to_counter, made_at=now,
        expires_at=now + CODE_LIFE,
    )  # fmt: skip
    return code


# -- taking over ----------------------------------------------------------------------------------------------------------------


@once
def take_over(*, code: str, by: Actor, now: datetime) -> UUID:
    """Go on with a case or with the draft of a joint matter by its code: a clerk at the counter with what a resident began, a
    resident with what a clerk began. Returns the id of either.

    A draft moves to the track of whoever takes it over; a case that was submitted stays where it lies and is seen here too.
    Raises :class:`CodeUnknown` for a code that is wrong, used, run out, or not for this person; :class:`NoAuthority`,
    :class:`NotOnline`, :class:`OtherPartyThere` where it cannot go on.
    """
    digits = "".join(ch for ch in code if ch.isdigit())
    at_window = by.resident_id is None
    by.must(RECEIVE if at_window else PORTAL)
    found = HandOver.objects.select_for_update().filter(code_index=blind(digits, context=HAND_OVER), used_at=None).first()
    if found is None or found.expires_at <= now or found.to_counter != at_window:
        raise CodeUnknown(field="code")
    if found.case_id:
        taken = _take_case(found.case_id, by=by, now=now)
    else:
        assert found.joint_id
        taken = _take_joint(found.joint_id, by=by, now=now)
    found.used_at, found.used_by_id = now, by.person_id
    found.save(update_fields=["used_at", "used_by_id"])
    return taken


def _take_case(case_id: UUID, *, by: Actor, now: datetime) -> UUID:
    case, at_window = lock(case_id), by.resident_id is None
    assert case
    if case.state not in _HOLDING or not (at_window or own(now)(by, case)):
        raise CodeUnknown(field="code")
    work = Work(case, by=by, now=now)
    if at_window:
        _bring_here(work)
    else:
        work.change(channel=by.channel)
    work.note("cases.handed_over", to=_track(at_window), hall=case.hall_id)
    work.save()
    return case.pk


def _region(of: Case | Joint, by: Actor) -> str:
    """A station receives for its own village, which lies within the division the case is of."""
    return by.region if by.region.startswith(of.region) else of.region


def _bring_here(work: Work) -> None:
    """Let the counter of the actor go on with a case. Raises :class:`NoAuthority` where it may not take the item in."""
    case, by = work.case, work.by
    standard = get_standard(case.standard_id)
    place: Place = place_of_counter(standard, region=_region(case, by), by=by, on=local_date(work.now))
    if case.state == State.DRAFT:
        work.change(org_id=place.org_id, hall_id=place.hall_id, origin_id=place.origin_id, channel=by.channel)
    elif not at_counter(by, case):
        work.change(origin_id=by.hall_id or by.org_id)


def _take_joint(joint_id: UUID, *, by: Actor, now: datetime) -> UUID:
    joint, at_window = Joint.objects.select_for_update(of=("self",)).get(pk=joint_id), by.resident_id is None
    gone = joint.submitted_at or joint.withdrawn_at
    if gone or not (at_window or joints.is_theirs(by, joint, on=local_date(now))):
        raise CodeUnknown(field="code")
    work = JointWork(joint, by=by, now=now)
    if at_window:
        _bring_joint_here(work)
    else:
        _give_joint_back(work)
    joint.channel = by.channel
    JointPart.objects.bulk_update(work.parts, ["chosen"])
    work.save("cases.handed_over", "channel", "org_id", "hall_id", to=_track(at_window), hall=joint.hall_id)
    return joint.pk


def _bring_joint_here(work: JointWork) -> None:
    """Let the counter of the actor go on with it, as if it had been begun here: what takes a counter is asked about again."""
    joint, by, today = work.joint, work.by, local_date(work.now)
    bundle = get_bundle(joint.bundle_id)
    standards = {p.item_code: get_standard(p.standard_id) for p in work.parts}
    joint.org_id, joint.hall_id = where_it_lies(list(standards.values()), bundle.name, region=_region(joint, by), by=by, on=today)
    asked = {m.code for m in bundle.questions}
    for part in work.parts:
        code = part.item_code
        if part.chosen is False and code in asked and joints.why_not_online(standards[code], region=joint.region, on=today):
            part.chosen = None


def _give_joint_back(work: JointWork) -> None:
    """Let the resident go on with it, if all that was chosen can be done online and all it says is theirs to read."""
    joint, by, today = work.joint, work.by, local_date(work.now)
    assert by.resident_id
    if joint.other_id and not may_act_for(by.resident_id, joint.other_id, scope=Scope.APPLY, on=today):
        raise OtherPartyThere(name=party(joint.other_id, is_employer=not joint.applicant_is_employer).name)
    leave_to_counters(work.parts, region=joint.region, on=today)


__all__ = ["make_hand_over", "make_joint_hand_over", "take_over"]
