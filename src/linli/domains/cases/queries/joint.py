"""What may be asked about joint matters: what a counter can begin, one sheet to fill in, one picture of how all parts stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from linli.domains.cases import joints
from linli.domains.cases.clock import Colour
from linli.domains.cases.joint import Outcome, Promise, Standing, explain, outcome_of
from linli.domains.cases.lifecycle import FINAL, Move, State, may_move
from linli.domains.cases.models import Case, Joint, JointPart
from linli.domains.cases.permissions import RECEIVE, collects_for, counter_cases, own_cases, supervised_cases
from linli.domains.cases.promises import noted_until, notice_for
from linli.domains.cases.promising import Promise as Commitment
from linli.domains.cases.promising import PromiseNotice, credit_noted
from linli.domains.cases.queries.looking import case_colour
from linli.domains.catalog.queries import (
    Bundle,
    BundleInForce,
    FormField,
    Joined,
    JointMaterial,
    Member,
    Required,
    Standard,
    bundle_in_force,
    bundles_in_force,
    get_bundle,
    get_standard,
    joined_here,
    known_facts,
)
from linli.domains.documents.queries import DocumentCard, PaperKind, documents_about
from linli.domains.org.queries import Power, org_names, powers_of
from linli.domains.people.queries import Party, Scope, employer_facts, parties, party, person_facts, principals, region_of
from linli.kernel.actors import Actor, Channel
from linli.kernel.calendar import local_date
from linli.kernel.errors import NotFound
from linli.kernel.search import initials
from linli.kernel.text import Message, msg, noop

_RESULTS = (PaperKind.DECISION, PaperKind.RESULT_CERTIFICATE)
NOT_GRANTED = noop("未予批准")


def bundles_here(text: str = "", *, by: Actor, on: date) -> list[BundleInForce]:
    """Joint matters this counter may begin, since it takes in at least one of their items; by name or pinyin initials if typed."""
    if by.org_id is None or not by.can(RECEIVE):
        return []
    held = powers_of(by.org_id, region=by.region, on=on)
    mine = {code for code, powers in held.items() if powers & {Power.RECEIVE, Power.ACCEPT}}
    wanted = text.strip().lower()
    return [
        found
        for found in bundles_in_force(region=by.region, on=on)
        if any(m.code in mine for m in found.bundle.members)
        and (
            not wanted
            or wanted in found.bundle.name
            or wanted.upper() in initials(found.bundle.name)
            or wanted in found.bundle.trigger
        )
    ]


def joints_here(*, by: Actor) -> QuerySet[Joint]:
    """The joint matters a counter may see, newest first, with how many parts there are and how many have given their result."""
    return _counted(joints.counter_joints(by))


def joints_supervised(*, by: Actor) -> QuerySet[Joint]:
    """The joint matters a supervisor answers for, or for a part of them, newest first."""
    return _counted(joints.supervised_joints(by))


def joints_own(*, by: Actor, on: date) -> QuerySet[Joint]:
    """A resident's joint matters, newest first; drafts given up are not among them."""
    return _counted(joints.own_joints(by, on=on).exclude(withdrawn_at__isnull=False, number=None))


def joints_running(*, by: Actor, on: date) -> QuerySet[Joint]:
    """Of a resident's joint matters those in which something is still to be filled in, decided or fetched."""
    part = JointPart.objects.filter(joint=OuterRef("pk"), chosen=True, given_up_at=None)
    to_come = part.filter(Q(case=None) | ~Q(case__state__in=FINAL))
    return joints_own(by=by, on=on).filter(Q(submitted_at=None) | Exists(to_come), withdrawn_at=None)


def _counted(found: QuerySet[Joint]) -> QuerySet[Joint]:
    wanted = Q(parts__chosen=True)
    granted = Q(parts__case__approved=True) | Q(parts__case__approved=None)
    given = granted & Q(parts__case__state__in=[State.ISSUED, State.DELIVERED, State.CLOSED])
    return (
        found.select_related("bundle")
        .annotate(parts_wanted=Count("parts", filter=wanted), parts_given=Count("parts", filter=wanted & given))
        .order_by("-started_at", "-id")
    )


@dataclass(frozen=True, slots=True)
class JointOffer:
    """Whether somebody can begin a joint matter online: what counts where they live, put together; and why not if they cannot."""

    applicant: Party
    whole: Joined | None
    why_not: Message | None


def joint_applicants(*, by: Actor, on: date) -> list[Party]:
    """For whom a resident may begin a joint matter: themselves first. A mandate for some items does not reach that far."""
    if by.resident_id is None:
        return []
    return [party(by.resident_id, is_employer=False), *principals(by.resident_id, scope=Scope.APPLY, on=on)]


def offer_joint(code: str, applicant: Party, *, on: date) -> JointOffer:
    """What would happen if somebody began a joint matter online now."""
    region = region_of(applicant.id, is_employer=applicant.is_employer)
    try:
        found = bundle_in_force(code, region=region, on=on)
    except NotFound:
        return JointOffer(applicant, None, msg("您所在的地区没有这件事。"))
    whole = joined_here(found, region=region, on=on)
    if ("employer" if applicant.is_employer else "person") not in found.bundle.applicant_kinds:
        why = msg("这件事由个人办理。") if applicant.is_employer else msg("这件事由用人单位办理。")
        return JointOffer(applicant, whole, why)
    always = {m.code for m in found.bundle.members if not m.when}
    whys = [joints.why_not_online(s, region=region, on=on) for s in whole.members if s.code in always]
    nothing = None if whole.members else msg("您所在的地区还没有单位受理这件事，请打服务电话询问。")
    return JointOffer(applicant, whole, next((why for why in whys if why), nothing))


@dataclass(frozen=True, slots=True)
class PartView:
    """One part in the picture: what it is, how it stands in words for everybody, who has it as an office, and its dates.

    ``case_id`` is there only for who may open that case; ``late`` when its promise is over; ``may_take`` for who may take its result
    now; ``waits`` and ``missing`` are the names of parts it waits for, and of those that
    did not give what it needs.
    """

    code: str
    name: str
    office: str
    standing: Standing
    state: State | None
    approved: bool | None
    number: str
    case_id: UUID | None
    due_on: date | None
    late: bool
    ended_on: date | None
    waits: tuple[str, ...]
    missing: tuple[str, ...]
    waits_for: tuple[str, ...]
    may_withdraw: bool
    may_take: bool = False

    @property
    def word(self) -> str:
        """How it stands, in the words residents use."""
        if self.state is None:
            return self.standing.label
        if self.approved is False:
            return NOT_GRANTED
        return self.state.plain_label

    @property
    def outcome(self) -> Outcome:
        if self.state is None:
            return Outcome.FAILED if self.standing in (Standing.BLOCKED, Standing.GIVEN_UP, Standing.LEFT_OUT) else Outcome.OPEN
        return outcome_of(self.state, self.approved)

    @property
    def is_over(self) -> bool:
        return self.outcome is not Outcome.OPEN

    @property
    def may_go_on(self) -> bool:
        """Whether the applicant may bring what did not come another way."""
        return self.standing is Standing.BLOCKED


@dataclass(frozen=True, slots=True)
class Question:
    """Whether a part is wanted; ``wanted`` is None until it is answered. ``by_other`` when only the other party can apply for it.

    ``at_counter`` says why it takes a counter, where the matter is filled in online.
    """

    member: Member
    standard: Standard
    wanted: bool | None
    by_other: bool
    at_counter: Message | None = None


@dataclass(frozen=True)
class JointSheet:
    """All that one sees of a joint matter."""

    joint: Joint
    bundle: Bundle
    applicant: Party
    other: Party | None
    agent: Party | None
    rows: Sequence[JointPart]
    parts: Sequence[PartView]
    promise: Promise
    papers: Sequence[DocumentCard]
    may_work: bool

    @cached_property
    def everything(self) -> Joined:
        """The matter with every part it could have."""
        return joints.joined(self.joint, self.rows, everything=True)

    @cached_property
    def chosen(self) -> Joined:
        """The matter with the parts that are wanted."""
        return joints.joined(self.joint, self.rows)

    @cached_property
    def form(self) -> dict[str, Any]:
        return dict(self.joint.form.open_json())

    @property
    def fields(self) -> tuple[FormField, ...]:
        """The one form of what is wanted."""
        return self.chosen.form.fields

    @property
    def is_draft(self) -> bool:
        return self.joint.submitted_at is None and self.joint.withdrawn_at is None

    @property
    def fillable(self) -> bool:
        return self.is_draft and self.may_work

    @property
    def is_over(self) -> bool:
        """Whether nothing is under way any more."""
        return self.joint.withdrawn_at is not None or (not self.is_draft and all(p.is_over for p in self.wanted))

    @property
    def wanted(self) -> list[PartView]:
        return [p for p in self.parts if p.standing not in (Standing.LEFT_OUT, Standing.UNASKED)]

    @property
    def given(self) -> int:
        return sum(p.outcome is Outcome.GIVEN for p in self.wanted)

    @property
    def questions(self) -> list[Question]:
        """What is asked about the parts that depend on a situation, in the order of the matter."""
        by_code = {row.item_code: row for row in self.rows}
        kind = "employer" if self.joint.applicant_is_employer else "person"
        return [
            Question(m, s := get_standard(row.standard_id), row.chosen, kind not in s.applicant_kinds, self._at_counter(s))
            for m in self.bundle.questions
            if (row := by_code.get(m.code))
        ]

    def _at_counter(self, standard: Standard) -> Message | None:
        if self.joint.channel != Channel.ONLINE or not self.is_draft:
            return None
        return joints.why_not_online(standard, region=self.joint.region, on=local_date(self.joint.started_at))

    @property
    def by_other(self) -> list[Standard]:
        """The wanted parts that only the other party can apply for."""
        kind = "employer" if self.joint.applicant_is_employer else "person"
        return [s for s in self.chosen.members if kind not in s.applicant_kinds]

    @property
    def needs_other(self) -> bool:
        """Whether a wanted part can be applied for only by the other party, who is not named yet."""
        return self.other is None and bool(self.by_other)

    @cached_property
    def known(self) -> frozenset[str]:
        """Which fields of the joint form the bureau could fill in by itself, of whichever party applies for the part."""
        found: set[str] = set()
        mine = self.joint.applicant_is_employer
        for employer, party_id in ((mine, self.joint.applicant_id), (not mine, self.joint.other_id)):
            if party_id is None:
                continue
            facts = employer_facts(party_id) if employer else person_facts(party_id)
            for standard in self.chosen.members:
                known = {name: facts[fact] for name, fact in known_facts(standard, employer=employer).items() if facts.get(fact)}
                found |= {name for name in self.chosen.form.as_asked(standard, known) if self.form.get(name)}
        return frozenset(found)

    def handed(self, line: JointMaterial) -> dict[str, Any]:
        """What was handed in for a line of the list."""
        return dict(self.joint.handed.get(line.code, {}))

    @property
    def still_asked(self) -> list[JointMaterial]:
        """What is still to be brought or said not to apply."""
        return [m for m in self.chosen.asked if m.required is not Required.NO and not joints.settled(self.handed(m))]

    def name_of(self, case_id: UUID) -> str:
        """The part that a case is."""
        return next((p.name for p in self.parts if p.case_id == case_id), "")

    @property
    def why(self) -> Message:
        """Why the whole takes until its day."""
        return explain(self.promise, {p.code: p.name for p in self.parts})


def joint_sheet(joint_id: UUID, *, by: Actor, now: datetime) -> JointSheet:
    """A joint matter the actor may see. Raises :class:`NotFound` for any other, whether or not it exists."""
    today = local_date(now)
    joint = joints.visible_joints(by, on=today).select_related("bundle").filter(pk=joint_id).first()
    if joint is None:
        raise NotFound(what=msg("这个一件事"))
    rows = list(JointPart.objects.filter(joint=joint).select_related("case").order_by("ordinal"))
    who = parties([joint.applicant_id, joint.other_id, joint.agent_id])
    seen = set(_seen(by, today).filter(pk__in=[r.case_id for r in rows if r.case_id]).values_list("pk", flat=True))
    may_work = joints.may_work_on(by, joint, on=today)
    papers = documents_about(_readable(rows, seen, by, today), _RESULTS)
    return JointSheet(
        joint=joint, bundle=get_bundle(joint.bundle_id), applicant=who[joint.applicant_id],
        other=who.get(joint.other_id) if joint.other_id else None, agent=who.get(joint.agent_id) if joint.agent_id else None,
        rows=rows, parts=_part_views(joint, rows, seen, _takeable(rows, seen, by, today), may_work, now), promise=joints.promise_of(joint, rows, now=now),
        papers=[d for d in reversed(papers) if d.sealed_at], may_work=may_work,
    )  # fmt: skip


def _seen(by: Actor, on: date) -> QuerySet[Case]:
    """The cases of a matter that the actor could open."""
    if by.resident_id:
        return own_cases(by, on=on)
    return supervised_cases(by) if by.can("cases.supervise") else counter_cases(by)


def _readable(rows: Sequence[JointPart], seen: set[UUID], by: Actor, on: date) -> list[UUID]:
    """The cases whose results the actor may read: a resident those that were handed over to whoever may take them."""
    cases = [r.case for r in rows if r.case and r.case.pk in seen]
    if by.resident_id:
        cases = [c for c in cases if c.state in (State.DELIVERED, State.CLOSED) and collects_for(by, c, on=on)]
    return [c.pk for c in cases if c.issued_at]


def _takeable(rows: Sequence[JointPart], seen: set[UUID], by: Actor, on: date) -> set[UUID]:
    """The cases whose result a resident may take over now."""
    ready = [r.case for r in rows if r.case and r.case.pk in seen and r.case.state == State.ISSUED] if by.resident_id else []
    return {c.pk for c in ready if collects_for(by, c, on=on)}


def _part_views(
    joint: Joint, rows: Sequence[JointPart], seen: set[UUID], takeable: set[UUID], may_work: bool, now: datetime
) -> list[PartView]:
    stands, known = joints.standings(rows), joints.outcomes(rows)
    names = {r.item_code: get_standard(r.standard_id).name for r in rows}
    offices = org_names(r.case.deciding_org_id or r.case.org_id for r in rows if r.case)
    ahead = joints.offices_ahead((r.item_code for r in rows if r.case is None), region=joint.region, on=local_date(now))
    views = []
    for row in rows:
        case, stand = row.case, stands[row.item_code]
        waiting = (
            [group for group in row.waits_for if not any(known.get(c) is Outcome.GIVEN for c in group)] if case is None else []
        )
        failed = [
            c for group in waiting for c in group if known.get(c, Outcome.OPEN) is Outcome.FAILED or stands[c] is Standing.BLOCKED
        ]
        views.append(
            PartView(
                code=row.item_code, name=names[row.item_code],
                office=offices.get(case.deciding_org_id or case.org_id, "") if case else ahead.get(row.item_code, ""),
                standing=stand, state=State(case.state) if case else None, approved=case.approved if case else None,
                number=(case.number or "") if case else "", case_id=case.pk if case and case.pk in seen else None,
                due_on=case.due_on if case and case.accepted_at and not case.decided_at else None,
                late=bool(case and case.accepted_at and not case.decided_at and case_colour(case, now=now) is Colour.RED),
                ended_on=local_date(end) if case and (end := case.decided_at or case.closed_at) else None,
                waits=tuple(dict.fromkeys(names[c] for group in waiting for c in group if c not in failed and c in names)),
                missing=tuple(dict.fromkeys(names[c] for c in failed if c in names)),
                waits_for=tuple(dict.fromkeys(c for group in row.waits_for for c in group)),
                may_withdraw=may_work and _withdrawable(joint, case, stand), may_take=bool(case and case.pk in takeable),
            )
        )  # fmt: skip
    return views


def _withdrawable(joint: Joint, case: Case | None, stand: Standing) -> bool:
    if joint.submitted_at is None or joint.withdrawn_at:
        return False
    return may_move(State(case.state), Move.WITHDRAW) if case else stand in (Standing.WAITING, Standing.BLOCKED)


def joint_of(case: Case, *, by: Actor, on: date) -> UUID | None:
    """The joint matter of which a case is a part, for who may see it."""
    if case.joint_id is None:
        return None
    return joints.visible_joints(by, on=on).filter(pk=case.joint_id).values_list("pk", flat=True).first()


@dataclass(frozen=True, slots=True)
class PartNotice:
    """What is told before a paper of the joint list is committed to, for one of the parts that need it."""

    item: str
    notice: PromiseNotice


def joint_commitment(sheet: JointSheet, code: str, *, on: date) -> list[PartNotice]:
    """The texts for every part that needs the paper; none where it cannot be committed to."""
    line = sheet.chosen.material(code)
    if line is None or joint_no_promise(sheet, code, on=on):
        return []
    told = []
    for item, material in line.needed_by:
        standard = sheet.chosen.standard(item)
        wanted = standard.material(material)
        assert wanted
        told.append(PartNotice(standard.name, notice_for(standard, wanted, Commitment.COMMITMENT, on=on)))
    return told


def joint_no_promise(sheet: JointSheet, code: str, *, on: date) -> Message | None:
    """Why nothing may be promised in place of a paper of the joint list; None if something may."""
    line = sheet.chosen.material(code)
    if line is None or not line.asked:
        return msg("这份材料不用您提供")
    if not line.may_be_committed:
        return msg("事项标准没有把它列为可以承诺的材料")
    noted = [day for p in (sheet.joint.applicant_id, sheet.joint.other_id) if p and (day := noted_until(p, on=on))]
    return credit_noted(max(noted)) if noted else None


def joint_file(joint_id: UUID, file_id: UUID, *, by: Actor, now: datetime) -> dict[str, Any]:
    """A file handed in with a joint matter: its name and type. Raises :class:`NotFound`."""
    joint = joints.visible_joints(by, on=local_date(now)).filter(pk=joint_id).first()
    if joint is None or not joints.may_work_on(by, joint, on=local_date(now)):
        raise NotFound(what=msg("该文件"))
    for said in joint.handed.values():
        for file in said.get("files", ()):
            if file["id"] == str(file_id):
                return dict(file)
    raise NotFound(what=msg("该文件"))


def drafted_joints(party_id: UUID, *, by: Actor, on: date) -> QuerySet[Joint]:
    """The joint matters of an applicant that are still being filled in here, newest first."""
    drafts = Q(submitted_at=None, withdrawn_at=None, applicant_id=party_id)
    found = joints.visible_joints(by, on=on).filter(drafts)
    return found.select_related("bundle").order_by("-started_at")


__all__ = [
    "JointOffer", "JointSheet", "PartNotice", "PartView", "Question", "bundles_here", "drafted_joints", "joint_applicants",
    "joint_commitment", "joint_file", "joint_no_promise", "joint_of", "joint_sheet", "joints_here", "joints_own", "joints_running", "joints_supervised",
    "offer_joint",
]  # fmt: skip
