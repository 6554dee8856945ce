"""A joint matter from its first question to its last result. Its parts are ordinary cases: one lifecycle, one clock, one draw for each.

The row of the matter is locked by whoever changes it or hands a result on, so that a waiting part is begun exactly once.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from io import BytesIO
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from linli.domains.cases import joints, papers
from linli.domains.cases.commands.intake import (
    Applicant,
    Handed,
    Place,
    accept_case,
    begin,
    new_case,
    note_material,
    place_nearest,
    place_of_counter,
    submit,
    withdraw,
)
from linli.domains.cases.errors import (
    ApplicantWrong,
    CaseChanged,
    CommitmentNotAllowed,
    HandledElsewhere,
    JointOpen,
    MaterialsMissing,
    MoveNotPossible,
    NoAuthority,
    NotAskedFor,
    NothingChosen,
    NotOnline,
    OtherPartyMissing,
    StillToDo,
)
from linli.domains.cases.form import check_form
from linli.domains.cases.grounds import MaterialState, Received
from linli.domains.cases.joint import Outcome, Standing
from linli.domains.cases.lifecycle import Move, State, may_move
from linli.domains.cases.models import Case, CaseMaterial, Joint, JointPart
from linli.domains.cases.moves import Work, lock
from linli.domains.cases.online import HANDED_ONLINE, filled_by_submitting
from linli.domains.cases.permissions import ACCEPT, PORTAL, RECEIVE
from linli.domains.cases.queries.counter import fitting, prefill
from linli.domains.catalog.queries import (
    CHOICES,
    How,
    InForce,
    Joined,
    JointMaterial,
    Required,
    Standard,
    bundle_in_force,
    get_bundle,
    get_standard,
    in_force,
)
from linli.domains.documents.commands import StoredFileRef, compose, forget_unused, hold_files, store_file, vouched
from linli.domains.documents.queries import PaperKind, documents_of, pdf
from linli.domains.org.queries import Power, authority, letterhead
from linli.domains.people.commands import employer_subject, person_subject
from linli.domains.people.queries import Scope, employer_facts, may_act_for, party, person_facts, region_of
from linli.domains.trace.commands import once, record
from linli.kernel.actors import Actor, Channel, system
from linli.kernel.calendar import local_date
from linli.kernel.errors import NotFound
from linli.kernel.identifiers import CaseNumber
from linli.kernel.ids import uuid7
from linli.kernel.jobs import defer
from linli.kernel.text import Message, msg

_HANDED = frozenset({Received.SEEN, Received.PAPER, Received.UPLOADED, Received.PHOTOGRAPHED, Received.COMMITTED})
_RESULTS = (PaperKind.RESULT_CERTIFICATE, PaperKind.DECISION)


# -- beginning and filling in -----------------------------------------------------------------------------------------------


@once
def start_joint(*, bundle_code: str, applicant: Applicant, region: str = "", by: Actor, now: datetime) -> UUID:
    """Begin a joint matter, at a counter or by a resident; what is known of the applicant is filled in already.

    A counter may begin it when it may take in at least one of its items: the others go to whoever has authority over them.
    A resident who has begun before goes on with that draft; parts that take a counter are left out of it.
    Raises :class:`NotFound` (no such matter here), :class:`ApplicantWrong`, :class:`NoAuthority`, :class:`NotOnline`.
    """
    today = local_date(now)
    if by.resident_id:
        by.must(PORTAL)
        if not may_act_for(by.resident_id, applicant.id, scope=Scope.APPLY, on=today):
            raise NotFound(what=msg("该申请人"))
        region = region_of(applicant.id, is_employer=applicant.is_employer)
        agent = by.resident_id if by.resident_id != applicant.id else None
        applicant = Applicant(applicant.id, applicant.is_employer, agent)
        if begun := _begun_online(bundle_code, applicant):
            return begun
    else:
        by.must(RECEIVE)
        region = region or by.region
    party(applicant.id, is_employer=applicant.is_employer)
    found = bundle_in_force(bundle_code, region=region, on=today)
    kind = "employer" if applicant.is_employer else "person"
    if kind not in found.bundle.applicant_kinds:
        raise ApplicantWrong(field="applicant", item=found.bundle.name, kind=Message(CHOICES["applicant_kinds"][kind]))
    members = [(m, s) for m in found.bundle.members if (s := in_force(m.code, region=region, on=today))]
    org_id, hall_id = where_it_lies([s.standard for _, s in members], found.bundle.name, region=region, by=by, on=today)
    joint = Joint(
        pk=uuid7(), bundle_id=found.id, region=region, org_id=org_id, hall_id=hall_id, applicant_id=applicant.id,
        applicant_is_employer=applicant.is_employer, agent_id=applicant.agent_id, channel=by.channel, form={}, started_at=now,
    )  # fmt: skip
    parts = [
        JointPart(joint=joint, ordinal=n, item_code=m.code, standard_id=s.id, chosen=None if m.when else True)
        for n, (m, s) in enumerate(members, 1)
    ]
    if by.resident_id:
        leave_to_counters(parts, region=region, on=today)
    joint.form = _known(joint, parts, today)
    joint.save(force_insert=True)
    JointPart.objects.bulk_create(parts)
    record(
        "cases.joint_started", subject=joints.joint_subject(joint.pk), by=by, at=now, new=True, bundle=found.bundle.code,
        version=found.version, items=[p.item_code for p in parts], channel=joint.channel,
    )  # fmt: skip
    if by.resident_id and applicant.agent_id:  # whose record it is can see that it was looked at, and by whom
        whose = employer_subject(applicant.id) if applicant.is_employer else person_subject(applicant.id)
        record("people.viewed", subject=whose, by=by, at=now, joint=joint.pk)
    return joint.pk


def _begun_online(bundle_code: str, applicant: Applicant) -> UUID | None:
    """The draft somebody has begun for the same applicant; of two presses at once the second waits and finds it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{bundle_code} {applicant.id} {applicant.agent_id}"]
        )
    drafts = Joint.objects.filter(
        bundle__code=bundle_code, applicant_id=applicant.id, agent_id=applicant.agent_id, submitted_at=None, withdrawn_at=None,
        channel=Channel.ONLINE,
    )  # fmt: skip
    return drafts.order_by("-started_at").values_list("pk", flat=True).first()


def leave_to_counters(parts: list[JointPart], *, region: str, on: date) -> None:
    """Leave out what cannot be applied for online. Raises :class:`NotOnline` if it always belongs to the matter."""
    for part in parts:
        why = joints.why_not_online(get_standard(part.standard_id), region=region, on=on)
        if why and part.chosen:
            raise NotOnline(why=why)
        if why:
            part.chosen = False


def where_it_lies(standards: list[Standard], name: str, *, region: str, by: Actor, on: date) -> tuple[UUID, UUID]:
    """Where the matter lies: the counter that begins it, or for a resident the counter of its first item."""
    if not standards:
        raise NoAuthority(field="bundle", item=name, power=Message(Power.RECEIVE.label))
    if by.resident_id:
        first = standards[0]
        place = place_nearest(first, authority(first.code, region=region, on=on), on=on)
        return place.org_id, place.hall_id
    for standard in standards:
        held = authority(standard.code, region=region, on=on).powers(by.org_id, by.body_id)
        if by.org_id and held & {Power.RECEIVE, Power.ACCEPT}:
            return by.org_id, by.hall_id or by.org_id
    raise NoAuthority(field="bundle", item=name, power=Message(Power.RECEIVE.label))


def _known(joint: Joint, parts: list[JointPart], today: date) -> dict[str, Any]:
    """What the joint form can be filled with from what is known of the applicant and, where there is one, of the other party.

    A member only the other party can apply for takes its facts from there; where two members know different things, the first counts.
    """
    whole = joints.joined(joint, parts, everything=True)
    facts: dict[bool, dict[str, str]] = {joint.applicant_is_employer: _facts(joint.applicant_id, joint.applicant_is_employer)}
    if joint.other_id:
        facts[not joint.applicant_is_employer] = _facts(joint.other_id, not joint.applicant_is_employer)
    values: dict[str, Any] = {}
    for standard in whole.members:
        employer = _by_employer(joint, standard)
        if employer not in facts:
            continue
        mine = fitting(standard, prefill(standard, facts[employer], employer=employer, today=today), today)
        for name, value in whole.form.as_asked(standard, mine).items():
            values.setdefault(name, value)
    return _fitting(whole, values, today)


def _facts(party_id: UUID, is_employer: bool) -> dict[str, str]:
    return employer_facts(party_id) if is_employer else person_facts(party_id)


def _fitting(whole: Joined, values: Mapping[str, Any], today: date) -> dict[str, Any]:
    return fitting(whole.members[0].model_copy(update={"form": whole.form.fields}), values, today)


def _by_employer(joint: Joint, standard: Standard) -> bool:
    """Whether the employer applies for a part: whoever began the matter, unless only the other kind can."""
    mine = "employer" if joint.applicant_is_employer else "person"
    return joint.applicant_is_employer if mine in standard.applicant_kinds else not joint.applicant_is_employer


class JointWork:
    """A locked joint matter with its parts, as one command changes it."""

    def __init__(self, joint: Joint, *, by: Actor, now: datetime) -> None:
        self.joint, self.by, self.now = joint, by, now
        self.parts = list(JointPart.objects.filter(joint=joint).select_related("case").order_by("ordinal"))

    def part(self, code: str) -> JointPart:
        found = next((p for p in self.parts if p.item_code == code), None)
        if found is None:
            raise NotFound(what=msg("该事项"))
        return found

    def save(self, act: str, *fields: str, **data: Any) -> None:
        """Write what changed and record it."""
        if fields:
            self.joint.version += 1
            self.joint.save(update_fields=[*fields, "version"])
        record(act, subject=joints.joint_subject(self.joint.pk), by=self.by, at=self.now, **data)


def locked_joint(joint_id: UUID, *, by: Actor, now: datetime, draft: bool | None = None, version: int | None = None) -> JointWork:
    """Lock a joint matter the actor may work on; ``draft`` says whether it must still be one, or must no longer be."""
    joint = Joint.objects.select_for_update(of=("self",)).filter(pk=joint_id).first()
    if joint is None or not joints.may_work_on(by, joint, on=local_date(now)):
        raise NotFound(what=msg("这个一件事"))
    if joint.withdrawn_at or (draft is not None and draft is not (joint.submitted_at is None)):
        raise JointOpen
    if version is not None and joint.version != version:
        raise CaseChanged(state=msg("填写中"))
    return JointWork(joint, by=by, now=now)


@once
def choose_part(*, joint_id: UUID, code: str, wanted: bool, by: Actor, now: datetime) -> None:
    """Answer the question of a part: whether its situation is given, and so whether it is wanted."""
    work = locked_joint(joint_id, by=by, now=now, draft=True)
    choose(work, work.part(code), wanted)


def choose(work: JointWork, part: JointPart, wanted: bool) -> None:
    """Note the answer about a part. Raises :class:`NotAskedFor` for one that always belongs to the matter."""
    member = get_bundle(work.joint.bundle_id).member(part.item_code)
    if member is None or not member.when:
        raise NotAskedFor
    if part.chosen is wanted:
        return
    if wanted and work.by.resident_id:
        standard = get_standard(part.standard_id)
        if why := joints.why_not_online(standard, region=work.joint.region, on=local_date(work.now)):
            raise NotOnline(field="wanted", why=why)
    part.chosen = wanted
    part.save(update_fields=["chosen"])
    work.save("cases.joint_part_chosen", "version", item=part.item_code, wanted=wanted)


@once
def name_other(*, joint_id: UUID, party_id: UUID, by: Actor, now: datetime) -> None:
    """Name the party of the other kind, for parts that only the employer, or only the person, can apply for."""
    work = locked_joint(joint_id, by=by, now=now, draft=True)
    joint = work.joint
    if by.resident_id and not may_act_for(by.resident_id, party_id, scope=Scope.APPLY, on=local_date(now)):
        raise NotFound(what=msg("该申请人"))
    party(party_id, is_employer=not joint.applicant_is_employer)
    joint.other_id = party_id
    joint.form = _known(joint, work.parts, local_date(now)) | joint.form.open_json()
    work.save("cases.joint_other_named", "other_id", "form", party=party_id)


@once
def save_joint(
    *, joint_id: UUID, values: Mapping[str, Any], version: int | None = None, complete: bool = False, by: Actor, now: datetime
) -> int:
    """Keep some answers to the joint form; the others stay as they are. Returns the new version.

    Raises :class:`Invalid` for what is filled in wrongly and, with ``complete``, for what must be answered and is not.
    """
    work = locked_joint(joint_id, by=by, now=now, draft=True, version=version)
    if complete:
        asked = joints.joined(work.joint, work.parts).form.fields
        check_form(tuple(f for f in asked if f.name in values), values, today=local_date(now))
    return _save(work, values)


def _save(work: JointWork, values: Mapping[str, Any]) -> int:
    joint = work.joint
    whole = joints.joined(joint, work.parts, everything=True)
    clean = check_form(whole.form.fields, joint.form.open_json() | values, today=local_date(work.now), complete=False)
    if clean != joint.form.open_json():
        joint.form = clean
        work.save("cases.joint_form_saved", "form", fields=sorted(clean))
    return joint.version


@once
def hand_in_joint(*, joint_id: UUID, material: Handed, by: Actor, now: datetime) -> None:
    """Note one paper of the joint list for all parts that need it; nothing said takes it back. Files are added to those there.

    A resident hands in photographs and files, and commits with :func:`commit_joint`.
    Raises :class:`NotAskedFor` for what departments hold, what the joint form stands for and what a part produces.
    """
    work = locked_joint(joint_id, by=by, now=now, draft=True)
    line = asked_line(work, material.code)
    if material.not_applicable and line.required is Required.YES:
        raise MaterialsMissing(names=line.name)
    if material.received is Received.COMMITTED and not line.may_be_committed:
        raise CommitmentNotAllowed(field="materials", name=line.name)
    if material.received and material.received not in (HANDED_ONLINE if by.resident_id else _HANDED):
        raise NotFound(what=msg("该材料"))
    if material.files:
        hold_files(ref.id for ref, _ in material.files)
    if by.resident_id and material.received and not material.files:
        raise NotFound(what=msg("该材料"))
    said: dict[str, Any] = {}
    if material.not_applicable:
        said = {"not_applicable": True}
    elif material.received or material.files:
        before = work.joint.handed.get(line.code, {})
        kept = [] if before.get("received") == Received.COMMITTED else before.get("files", [])
        there = {f["sm3"] for f in kept}
        files = [kept_file(ref, name) for ref, name in material.files if ref.digest not in there]
        if by.resident_id and not files:
            return  # the same photograph once more
        said = {"received": (material.received or Received.UPLOADED).value, "files": kept + files}
    if material.note.strip():
        said["note"] = material.note.strip()[:500]
    note_line(work, line, said)


def asked_line(work: JointWork, code: str) -> JointMaterial:
    """A line of the joint list that the applicant brings. Raises :class:`NotFound`, :class:`NotAskedFor`."""
    line = joints.joined(work.joint, work.parts).material(code)
    if line is None:
        raise NotFound(what=msg("该材料"))
    if not line.asked:
        raise NotAskedFor
    return line


def kept_file(ref: StoredFileRef, name: str) -> dict[str, Any]:
    """A file as a line of the joint list keeps it until it goes to the parts."""
    return {"id": str(ref.id), "name": name[:200], "type": ref.content_type, "size": ref.size, "sm3": ref.digest}


def note_line(work: JointWork, line: JointMaterial, said: dict[str, Any]) -> None:
    """Keep what is said of a line; nothing takes it back."""
    joint = work.joint
    joint.handed = {k: v for k, v in joint.handed.items() if k != line.code} | ({line.code: said} if said else {})
    work.save("cases.joint_material_noted", "handed", material=line.code, how=said.get("received", ""), name=line.name)


# -- submitting ------------------------------------------------------------------------------------------------------------------


@once
def submit_joint(
    *, joint_id: UUID, values: Mapping[str, Any] | None = None, version: int | None = None, by: Actor, now: datetime
) -> str:
    """Submit a joint matter once: every part that waits for nobody becomes a case of whoever has authority over its item.

    What this counter may accept itself is accepted at once if nothing is missing. All of it or nothing; whoever submits again hears the
    same number. Raises :class:`Invalid` naming each missing or wrong field, :class:`StillToDo` naming unanswered questions and papers,
    :class:`NothingChosen`, :class:`OtherPartyMissing`, :class:`NoAuthority`.
    """
    work = locked_joint(joint_id, by=by, now=now)
    joint, today = work.joint, local_date(now)
    if joint.number:
        return joint.number
    if version is not None and joint.version != version:
        raise CaseChanged(state=msg("填写中"))
    if values is not None:
        _save(work, values)
    open_questions = [get_standard(p.standard_id).name for p in work.parts if p.chosen is None]
    if open_questions:
        raise StillToDo(names="、".join(f"是否要办“{name}”" for name in open_questions))
    chosen = [p for p in work.parts if p.chosen]
    if not chosen:
        raise NothingChosen
    _must_have_other(joint, chosen)
    whole = joints.joined(joint, work.parts)
    said = joint.form.open_json()
    if joint.channel == Channel.ONLINE:
        like = whole.members[0].model_copy(update={"form": whole.form.fields})
        said |= filled_by_submitting(like, today)
    said = check_form(whole.form.fields, said, today=today)
    lacking = [m.name for m in whole.asked if m.required is not Required.NO and not joints.settled(joint.handed.get(m.code))]
    if lacking:
        raise StillToDo(names="、".join(lacking))
    for part in chosen:
        part.waits_for = [list(m.producers) for m in whole.of_member(part.item_code).values() if m.how is How.RESULT]
    JointPart.objects.bulk_update(chosen, ["waits_for"])
    joint.number, joint.submitted_at = _next_number(joint, today), now
    joint.promised_on = joints.promise_of(joint, work.parts, now=now).day or today
    begun = _begin_ready(work, whole, said)
    joint.form = said
    _give_receipt(work, whole, chosen)
    work.save(
        "cases.joint_submitted", "form", "number", "submitted_at", "promised_on", number=joint.number, promised=joint.promised_on,
        cases={p.item_code: p.case_id for p in begun}, waiting=[p.item_code for p in chosen if p not in begun],
    )  # fmt: skip
    return joint.number


def _give_receipt(work: JointWork, whole: Joined, chosen: list[JointPart]) -> None:
    """Compose what the applicant takes home; it is sealed soon after, or when somebody prints it."""
    joint = work.joint
    promised = joints.promise_of(joint, work.parts, now=work.now)
    ahead = joints.offices_ahead((p.item_code for p in chosen if p.case is None), region=joint.region, on=local_date(work.now))
    document = compose(
        kind=PaperKind.JOINT_RECEIPT, subject_id=joint.pk, subject_kind="joint", standard_id=None,
        org_id=letterhead(joint.hall_id).body_id, data=papers.joint_receipt_data(joint, whole, chosen, promised, ahead), by=vouched(work.by), now=work.now,
    )  # fmt: skip
    defer("cases.seal_notice", document_id=str(document))


def _must_have_other(joint: Joint, chosen: list[JointPart]) -> None:
    if joint.other_id:
        return
    names = [s.name for p in chosen if _by_employer(joint, s := get_standard(p.standard_id)) is not joint.applicant_is_employer]
    if names:
        kind = "person" if joint.applicant_is_employer else "employer"
        raise OtherPartyMissing(field="other", names="、".join(names), kind=Message(CHOICES["applicant_kinds"][kind]))


def _next_number(joint: Joint, day: date) -> str:
    """The next number of joint matters of a division and day; with a letter in front no case has one like it."""
    area = joint.region[:6].ljust(6, "0")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO cases_counter AS c (area, day, channel, last) VALUES (%s, %s, 'joint', 1) "
            "ON CONFLICT (area, day, channel) DO UPDATE SET last = c.last + 1 RETURNING last",
            [area, day],
        )
        sequence = cursor.fetchone()[0]
    return f"L{CaseNumber(area, day, Channel(joint.channel), sequence)}"


def _begin_ready(work: JointWork, whole: Joined, said: Mapping[str, Any]) -> list[JointPart]:
    """Begin every part that need not wait any longer; those that were begun."""
    stands = joints.standings([p for p in work.parts if p.chosen])
    ready = [p for p in work.parts if stands.get(p.item_code) is Standing.READY]
    for part in ready:
        _begin_part(work, part, whole, said)
    return ready


def _begin_part(work: JointWork, part: JointPart, whole: Joined, said: Mapping[str, Any]) -> None:
    """Make a case of a part: with its form from the joint one, its papers from the joint list, the results of those it waited for."""
    joint, now = work.joint, work.now
    # A part begun later is begun for whoever submitted the matter, where it was submitted.
    by = work.by if work.by.user_id else _as_begun(joint)
    standard = get_standard(part.standard_id)
    employer = _by_employer(joint, standard)
    applicant = _applicant(joint, employer)
    found = InForce(part.standard_id, "", 0, local_date(joint.started_at), standard)
    case = _own_draft(standard, applicant, joint) or new_case(
        found, applicant, _place(joint, standard, by=by, on=local_date(now)), region=joint.region, by=by, now=now
    )
    case.channel, case.joint_id = joint.channel, joint.pk
    lines = whole.of_member(part.item_code)
    if case._state.adding:
        begin(case, standard, by=work.by, now=now)
    locked = lock(case.pk)
    assert locked
    locked.joint_id = joint.pk
    one = Work(locked, by=work.by, now=now)
    one.change("joint_id")
    for material in standard.to_hand_in:
        line = lines[material.code]
        _note(one, material.code, _of_line(work, line, joint.handed.get(line.code)))
        if line.how is How.DEPARTMENTS and not material.from_departments:
            CaseMaterial.objects.filter(case=locked, code=material.code).update(state=MaterialState.WILL_VERIFY, settled_at=now)
    one.note("cases.joined", number=joint.number)
    submit(one, whole.form.of_member(standard, said))
    part.case, part.begun_at = locked, now
    part.save(update_fields=["case", "begun_at"])
    _accept_here(locked, by=work.by, now=now)


def _as_begun(joint: Joint) -> Actor:
    """The counter of the matter, for placing what a job begins."""
    return Actor(
        user_id=None,
        org_id=joint.org_id,
        body_id=joint.org_id,
        hall_id=joint.hall_id,
        region=joint.region,
        channel=Channel(joint.channel),
    )


def _applicant(joint: Joint, employer: bool) -> Applicant:
    if employer is joint.applicant_is_employer:
        return Applicant(joint.applicant_id, employer, joint.agent_id)
    assert joint.other_id
    # For the other party acts whoever began the matter, if that is a person.
    return Applicant(joint.other_id, employer, joint.agent_id or (None if joint.applicant_is_employer else joint.applicant_id))


def _own_draft(standard: Standard, applicant: Applicant, joint: Joint) -> Case | None:
    """The draft of the same item that the resident began online before; the joint matter goes on with it."""
    if joint.channel != Channel.ONLINE:
        return None
    return Case.objects.filter(
        applicant_id=applicant.id, item_code=standard.code, agent_id=applicant.agent_id, state=State.DRAFT, channel=Channel.ONLINE,
        client_id=None,
    ).first()  # fmt: skip


def _place(joint: Joint, standard: Standard, *, by: Actor, on: date) -> Place:
    """Where a part lies: at this counter if it may take the item in, else at the nearest of whoever may accept it; this one keeps
    seeing it."""
    if joint.channel != Channel.ONLINE:
        with suppress(NoAuthority):
            return place_of_counter(standard, region=joint.region, by=by, on=on)
    place = place_nearest(standard, authority(standard.code, region=joint.region, on=on), on=on)
    origin = joint.hall_id if joint.hall_id != place.hall_id and joint.channel != Channel.ONLINE else None
    return Place(place.org_id, place.hall_id, origin)


def _of_line(work: JointWork, line: Any, said: dict[str, Any] | None) -> Handed | None:
    """A line of the joint list as one part is handed it; the code is the part's to fill in."""
    if line.how is How.JOINT_FORM:
        return Handed("", Received.FILLED, note=f"由联办申请表代替（{work.joint.number}）")
    if line.how is How.RESULT:
        return _result(work, line.producers)
    if said is None or line.how is How.DEPARTMENTS or not joints.settled(said):
        return Handed("", not_applicable=True) if line.asked and line.required is Required.NO else None
    if said.get("not_applicable"):
        return Handed("", not_applicable=True)
    files = tuple(
        (StoredFileRef(UUID(f["id"]), f["name"], f["type"], f["size"], f["sm3"]), f["name"]) for f in said.get("files", ())
    )
    return Handed("", Received(said["received"]), files, note=said.get("note", ""), typed=said.get("typed", ""))


def _note(one: Work, code: str, handed: Handed | None) -> None:
    if handed is None:
        return
    try:
        with transaction.atomic():
            note_material(one, replace(handed, code=code))
    except CommitmentNotAllowed:
        # Between the matter and a part that waited an earlier promise was broken: the counter asks for the paper itself.
        if one.by.user_id:
            raise


def _result(work: JointWork, producers: tuple[str, ...]) -> Handed | None:
    """What the first part that gave its result hands on: the sealed paper itself, and where it comes from."""
    known = joints.outcomes(work.parts)
    giver = next((p for p in work.parts if p.item_code in producers and known.get(p.item_code) is Outcome.GIVEN), None)
    if giver is None or giver.case is None:
        return None
    found = [d for d in documents_of(giver.case.pk) if d.kind in _RESULTS and d.sealed_at]
    paper = min(found, key=lambda d: _RESULTS.index(d.kind), default=None)
    note = f"由同一件事中的“{get_standard(giver.standard_id).name}”办出（{giver.case.number}）"
    if paper is None:
        return Handed("", Received.VERIFIED, note=note)
    ref = store_file(
        content=BytesIO(pdf(paper.id)), declared_name=f"{paper.number}.pdf", by=system("documents.store"), now=work.now
    )
    return Handed("", Received.VERIFIED, ((ref, f"{paper.title} {paper.number}.pdf"),), note=note)


def _accept_here(case: Case, *, by: Actor, now: datetime) -> None:
    """Accept a part that lies at this very counter, where nothing stands in the way; else it waits there as any case does."""
    if not by.can(ACCEPT) or case.org_id != by.org_id or case.channel == Channel.ONLINE:
        return
    with suppress(MaterialsMissing, HandledElsewhere, NoAuthority), transaction.atomic():
        accept_case(case_id=case.pk, by=by, now=now)


# -- results, failures, withdrawal -------------------------------------------------------------------------------------------------


def hand_on(*, case_id: UUID, now: datetime) -> list[UUID]:
    """A part gave its result, or will not: begin what waited for it and now can, and note what never will. Returns the new cases.

    Called by a job, as often as it likes: the row of the matter is locked, and a part that became a case is one.
    """
    with transaction.atomic():
        joint = Joint.objects.select_for_update(of=("self",)).filter(parts__case_id=case_id).first()
        if joint is None or joint.submitted_at is None or joint.withdrawn_at:
            return []
        work = JointWork(joint, by=system("documents.store", device="joint"), now=now)
        whole = joints.joined(joint, work.parts)
        begun = _begin_ready(work, whole, joint.form.open_json())
        for part in begun:
            work.save("cases.joint_part_begun", item=part.item_code, case=part.case_id)
        return [part.case_id for part in begun if part.case_id]


@once
def bring_otherwise(*, joint_id: UUID, code: str, by: Actor, now: datetime) -> UUID:
    """Go on with a part although what it waited for did not come: the applicant brings it another way. Returns the new case.

    What departments hold the bureau asks for itself, as in any case; what they do not, the counter asks for in the one correction notice.
    """
    work = locked_joint(joint_id, by=by, now=now, draft=False)
    part = work.part(code)
    if part.case_id:
        return part.case_id
    if not part.chosen or joints.standings(work.parts)[code] is not Standing.BLOCKED:
        raise MoveNotPossible(state=Message(joints.standings(work.parts)[code].label), move=msg("另行提供材料后办理"))
    whole = joints.joined(work.joint, work.parts)
    _begin_part(work, part, whole, work.joint.form.open_json())
    assert part.case_id
    work.save("cases.joint_part_begun", item=code, case=part.case_id, otherwise=True)
    return part.case_id


@once
def withdraw_part(*, joint_id: UUID, code: str, reason: str = "", by: Actor, now: datetime) -> None:
    """Take one part back; the others go on. What waits for it is told so by its standing, and can be brought another way."""
    work = locked_joint(joint_id, by=by, now=now, draft=False)
    _take_back(work, work.part(code), reason)


@once
def withdraw_joint(*, joint_id: UUID, reason: str = "", by: Actor, now: datetime) -> None:
    """Take back all that is not decided yet, or give up a draft; what was decided stays."""
    work = locked_joint(joint_id, by=by, now=now)
    # What waits first: a part that is given up is not begun by the withdrawal of another.
    for part in sorted((p for p in work.parts if p.chosen), key=lambda p: p.case_id is not None):
        with suppress(MoveNotPossible):
            _take_back(work, part, reason)
    _end(work, reason.strip()[:500])


def _end(work: JointWork, reason: str) -> None:
    """The matter is taken back. A draft is forgotten with it: of what was never submitted nothing is to be kept (PI-06)."""
    joint, gone = work.joint, set[UUID]()
    joint.withdrawn_at = work.now
    if joint.submitted_at is None:
        gone = joints.file_ids_of(joint.handed)
        joint.form, joint.handed = {}, {}
    work.save("cases.joint_withdrawn", "withdrawn_at", "form", "handed", reason=reason)
    forget_unused(gone)


def lapse_joint_drafts(*, before: datetime, by: Actor, now: datetime, limit: int) -> int:
    """Give up the drafts of joint matters begun before a moment, and forget what they held; how many."""
    stale = Joint.objects.filter(submitted_at=None, withdrawn_at=None, started_at__lt=before).order_by("started_at")
    done = 0
    for joint_id in list(stale.values_list("pk", flat=True)[:limit]):
        with transaction.atomic():
            joint = stale.select_for_update(of=("self",), skip_locked=True).filter(pk=joint_id).first()
            if joint is not None:
                _end(JointWork(joint, by=by, now=now), "未提交")
                done += 1
    return done


def _take_back(work: JointWork, part: JointPart, reason: str) -> None:
    reason = reason.strip()[:500]
    if part.case_id is None:
        if part.given_up_at or not part.chosen:
            return
        part.given_up_at = work.now
        part.save(update_fields=["given_up_at"])
        work.save("cases.joint_part_given_up", item=part.item_code, reason=reason)
        return
    case = lock(part.case_id)
    assert case
    if case.state == State.WITHDRAWN:
        return
    if not may_move(State(case.state), Move.WITHDRAW):
        raise MoveNotPossible(state=Message(State(case.state).label), move=msg("撤回"))
    withdraw(Work(case, by=work.by, now=work.now), reason=reason)
    part.case = case
    work.save("cases.joint_part_withdrawn", item=part.item_code, case=case.pk, reason=reason)


__all__ = [
    "bring_otherwise", "choose_part", "hand_in_joint", "hand_on", "name_other", "save_joint", "start_joint", "submit_joint",
    "withdraw_joint", "withdraw_part",
]  # fmt: skip
