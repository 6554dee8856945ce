"""Who may see or act on a joint matter, from the same querysets through which single cases are seen; and what a matter computes to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from linli.domains.cases import online
from linli.domains.cases.clock import Budget, CountUnit, due
from linli.domains.cases.clocks import conventions, receipt_day
from linli.domains.cases.joint import Outcome, Promise, Standing, outcome_of, promise, settle
from linli.domains.cases.lifecycle import State
from linli.domains.cases.models import Case, Joint, JointPart
from linli.domains.cases.permissions import (
    ACCEPT,
    DELIVER,
    PORTAL,
    RECEIVE,
    SUPERVISE,
    _at,
    counter_cases,
    supervised_cases,
)
from linli.domains.catalog.queries import Joined, Standard, get_bundle, get_standard, joined_from, partner_departments
from linli.domains.org.queries import Power, authority, calendar, org_names, overseen_ids
from linli.domains.people.queries import Scope, may_act_for, own_ids, powers
from linli.domains.trace.commands import Subject
from linli.kernel.actors import Actor, Channel
from linli.kernel.calendar import local_date
from linli.kernel.text import Message, msg


def joint_subject(joint_id: UUID) -> Subject:
    """A joint matter's own chain."""
    return Subject("joint", joint_id)


# -- who ---------------------------------------------------------------------------------------------------------------------

_OWN_DRAFT = Q(channel=Channel.ONLINE, submitted_at=None)


def _with_part(cases: QuerySet[Case]) -> Exists:
    return Exists(JointPart.objects.filter(joint=OuterRef("pk"), case__in=cases))


def counter_joints(by: Actor) -> QuerySet[Joint]:
    """What a counter sees: the matters it began, and those of which a part lies with it. A resident's own draft is nobody else's."""
    if by.client_id or not (by.can(RECEIVE) or by.can(ACCEPT) or by.can(DELIVER)):
        return Joint.objects.none()
    return Joint.objects.filter(~_OWN_DRAFT, Q(hall_id=_at(by)) | _with_part(counter_cases(by)))


def supervised_joints(by: Actor) -> QuerySet[Joint]:
    """What a supervisor sees: matters begun where they answer for, and those of which a case is theirs to supervise; no drafts."""
    if not by.can(SUPERVISE) or by.org_id is None:
        return Joint.objects.none()
    return Joint.objects.filter(Q(hall_id__in=set(overseen_ids(by))) | _with_part(supervised_cases(by))).exclude(submitted_at=None)


def own_joints(by: Actor, *, on: date) -> QuerySet[Joint]:
    """What a resident sees: their own, and of those who let them read everything, or let them apply and had them begin it."""
    if by.resident_id is None or not by.can(PORTAL):
        return Joint.objects.none()
    reads = [p.party_id for p in powers(by.resident_id, scope=Scope.READ, on=on) if not p.items]
    applies = [p.party_id for p in powers(by.resident_id, scope=Scope.APPLY, on=on) if not p.items]
    mine = Q(applicant_id__in=[*own_ids(by.resident_id), *reads])
    return Joint.objects.filter(mine | Q(applicant_id__in=applies, agent_id=by.resident_id))


def visible_joints(by: Actor, *, on: date) -> QuerySet[Joint]:
    """Everything the actor may see of joint matters, whatever the face."""
    if by.resident_id:
        return own_joints(by, on=on)
    return supervised_joints(by) if by.can(SUPERVISE) else counter_joints(by)


def may_work_on(by: Actor, joint: Joint, *, on: date) -> bool:
    """Whether the actor may fill in, submit and withdraw it: the counter that has it, or whose matter it is."""
    if by.resident_id:
        return is_theirs(by, joint, on=on) and (joint.submitted_at is not None or joint.channel == Channel.ONLINE)
    drafted_online = joint.channel == Channel.ONLINE and joint.submitted_at is None
    return by.client_id is None and by.can(RECEIVE) and joint.hall_id == _at(by) and not drafted_online


def is_theirs(by: Actor, joint: Joint, *, on: date) -> bool:
    """Whether a resident may act in a matter, wherever it is being filled in: their own, or that of somebody who lets them."""
    return (
        by.resident_id is not None
        and by.can(PORTAL)
        and (by.resident_id == joint.agent_id or may_act_for(by.resident_id, joint.applicant_id, scope=Scope.READ, on=on))
        and may_act_for(by.resident_id, joint.applicant_id, scope=Scope.APPLY, on=on)
    )


def why_not_online(standard: Standard, *, region: str, on: date) -> Message | None:
    """Why a part cannot be applied for online; None if it can."""
    if why := online.why_not_online(standard):
        return why
    if authority(standard.code, region=region, on=on).nearest(Power.ACCEPT) is None:
        return msg("您所在的地区还没有单位受理这件事，请打服务电话询问。")
    return None


def offices_ahead(codes: Iterable[str], *, region: str, on: date) -> dict[str, str]:
    """Which office will do each part that is no case yet: the department for those of others, else whoever decides here."""
    partners = partner_departments()
    ours = {code: authority(code, region=region, on=on) for code in codes if code not in partners}
    who = {code: held.nearest(Power.DECIDE) or held.nearest(Power.ACCEPT) for code, held in ours.items()}
    names = org_names(org for org in who.values() if org)
    return partners | {code: names.get(org, "") for code, org in who.items() if org}


def settled(said: Mapping[str, Any] | None) -> bool:
    """Whether what was said of a line of the joint list is enough: it is there, or it does not apply."""
    return bool(said and (said.get("received") or said.get("not_applicable")))


def needing(file_ids: Collection[UUID]) -> set[UUID]:
    """Of some kept files those that a part which is no case yet will need; what became of the others is the business of their cases."""
    to_begin = JointPart.objects.filter(joint=OuterRef("pk"), case=None, given_up_at=None).exclude(chosen=False)
    held = Joint.objects.filter(Exists(to_begin), withdrawn_at=None).extra(
        where=["jsonb_path_query_array(handed, '$.*.files[*].id') ?| %s"], params=[[str(f) for f in file_ids]]
    )
    return {f for handed in held.values_list("handed", flat=True) for f in file_ids_of(handed)} & set(file_ids)


def file_ids_of(handed: Mapping[str, Any]) -> set[UUID]:
    """The files among what was handed in."""
    return {UUID(f["id"]) for said in handed.values() for f in said.get("files", ())}


# -- what it computes to --------------------------------------------------------------------------------------------------------


def joined(joint: Joint, parts: Iterable[JointPart], *, everything: bool = False) -> Joined:
    """The one form and the one list, from the versions the matter began under: of what is chosen, or of all that could be."""
    rows = list(parts)
    wanted = None if everything else [p.item_code for p in rows if p.chosen]
    return joined_from(get_bundle(joint.bundle_id), {p.item_code: get_standard(p.standard_id) for p in rows}, chosen=wanted)


def outcomes(parts: Iterable[JointPart]) -> dict[str, Outcome]:
    """What is settled or open of the parts that are cases, or were given up or left out."""
    found: dict[str, Outcome] = {}
    for part in parts:
        if part.case is not None:
            found[part.item_code] = outcome_of(State(part.case.state), part.case.approved)
        elif part.given_up_at or not part.chosen:
            found[part.item_code] = Outcome.FAILED
    return found


def standings(parts: Iterable[JointPart]) -> dict[str, Standing]:
    """How every part stands."""
    parts = list(parts)
    known = outcomes(parts)
    waiting = settle({p.item_code: p.waits_for for p in parts if p.item_code not in known}, known)
    return {p.item_code: waiting.get(p.item_code) or _apart(p) for p in parts}


def _apart(part: JointPart) -> Standing:
    if part.case_id:
        return Standing.CASE
    if part.given_up_at:
        return Standing.GIVEN_UP
    return Standing.UNASKED if part.chosen is None else Standing.LEFT_OUT


def promise_of(joint: Joint, parts: Iterable[JointPart], *, now: datetime) -> Promise:
    """Until when it all takes: along the longest chain, each part by its own promise from when it begins.

    A case that was accepted brings its own date; one that was decided its day; parts that failed or never begin are not waited for.
    """
    wanted = [p for p in parts if p.chosen and not p.given_up_at]
    stands = standings(wanted)
    live = [p for p in wanted if stands[p.item_code] is not Standing.BLOCKED]
    known: dict[str, date] = {}
    limits: dict[str, Standard] = {}
    for part in live:
        limits[part.item_code] = get_standard(part.standard_id)
        case = part.case
        if case is None:
            continue
        if case.decided_at or case.closed_at:
            known[part.item_code] = local_date(case.decided_at or case.closed_at or now)
        elif case.accepted_at and case.due_on:
            known[part.item_code] = case.due_on
    days = calendar(joint.region)

    def ends(code: str, start: date) -> date | None:
        limit = limits[code].times.promised
        if limit is None:
            return None
        return due(Budget(limit.number, CountUnit(limit.unit), start), calendar=days, conventions=conventions()).day

    needs: Mapping[str, list[list[str]]] = {p.item_code: p.waits_for for p in live}
    begins = receipt_day(joint.region, joint.submitted_at or now)
    return promise(((code, needs[code]) for code in _in_order(needs)), begins=begins, ends=ends, known=known)


def _in_order(needs: Mapping[str, list[list[str]]]) -> list[str]:
    """Parts so that none comes before what it waits for; the catalogue has refused rings already."""
    done: list[str] = []
    left = list(needs)
    while left:
        ready = [c for c in left if not {p for group in needs[c] for p in group if p in needs} - set(done)]
        done += ready
        left = [c for c in left if c not in ready]
    return done
