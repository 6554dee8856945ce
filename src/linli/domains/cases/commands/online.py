"""The resident's track of a case: begun, filled in, submitted, corrected, withdrawn and collected without a counter. There is one
lifecycle, shared with ``intake``; how a case changes tracks stands in ``elsewhere``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from linli.domains.cases.commands.intake import (
    Applicant,
    Handed,
    attached,
    begin,
    corrected,
    keep_form,
    material_row,
    new_case,
    note_material,
    place_nearest,
    standard_for,
    submit,
    take_off,
    withdraw,
)
from linli.domains.cases.commands.issue import Proof, deliver
from linli.domains.cases.errors import (
    NotAskedFor,
    NotOnline,
    PromiseRefused,
    SignatureMissing,
    StillToDo,
)
from linli.domains.cases.form import check_form
from linli.domains.cases.grounds import DeliveryMethod, MaterialState, Received
from linli.domains.cases.lifecycle import State
from linli.domains.cases.models import Case, CaseMaterial, Correction, MaterialFile
from linli.domains.cases.moves import Work, locked, subject
from linli.domains.cases.online import (
    HANDED_ONLINE,
    asked_fields,
    filled_by_submitting,
    is_question,
    still_open,
    why_not_online,
)
from linli.domains.cases.permissions import (
    PORTAL,
    applies_for,
    collects_for,
    own_cases,
)
from linli.domains.cases.promising import Promise, why_not
from linli.domains.cases.queries.counter import fitting, prefill
from linli.domains.cases.queries.looking import case_for
from linli.domains.cases.queries.online import own_paper
from linli.domains.catalog.queries import application_papers, get_standard
from linli.domains.documents.commands import StoredFileRef
from linli.domains.documents.queries import DocumentCard
from linli.domains.org.queries import authority
from linli.domains.people.commands import note_look
from linli.domains.people.queries import Scope, employer_facts, may_act_for, own_ids, party, person_facts, region_of
from linli.domains.trace.commands import once, record
from linli.kernel.actors import Actor, Channel
from linli.kernel.calendar import local_date
from linli.kernel.errors import NotFound
from linli.kernel.identifiers import compact
from linli.kernel.text import msg


def own(now: datetime) -> Callable[[Actor, Case], bool]:
    """The predicate for acting on one's own case."""
    today = local_date(now)
    return lambda by, case: applies_for(by, case, on=today)


def _open_to(work: Work, code: str = "") -> Correction | None:
    """Whether a resident may fill in now: a draft on the own track, or what a correction notice asks for and nothing else."""
    case = work.case
    if case.state == State.DRAFT and case.channel == Channel.ONLINE:
        return None
    correction = (
        Correction.objects.filter(case=case, corrected_at=None).first() if case.state == State.CORRECTION_REQUESTED else None
    )
    if correction is None:
        raise NotFound(what=msg("可修改的办件"))
    if code and code not in {entry["code"] for entry in correction.items}:
        raise NotAskedFor
    return correction


# -- a draft ------------------------------------------------------------------------------------------------------------------


@once
def start_online(*, item_code: str, applicant_id: UUID, is_employer: bool = False, by: Actor, now: datetime) -> UUID:
    """Begin an application for oneself or for somebody who lets the actor apply for them, at the counter that accepts the item
    for the applicant's place. What is known is filled in already. Who has begun before goes on with that draft.

    Raises :class:`NotOnline`, :class:`NoAuthority`, :class:`ApplicantWrong`.
    """
    by.must(PORTAL)
    today = local_date(now)
    if by.resident_id is None or not may_act_for(by.resident_id, applicant_id, scope=Scope.APPLY, on=today, item=item_code):
        raise NotFound(what=msg("该申请人"))
    party(applicant_id, is_employer=is_employer)
    agent = by.resident_id if applicant_id != by.resident_id else None
    with connection.cursor() as cursor:  # two presses at once follow one another
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{item_code} {applicant_id} {agent}"])
    begun = Case.objects.filter(
        applicant_id=applicant_id, item_code=item_code, agent_id=agent, state=State.DRAFT, channel=Channel.ONLINE, client_id=None
    ).values_list("pk", flat=True)  # fmt: skip
    if found := begun.first():
        return found
    region = region_of(applicant_id, is_employer=is_employer)
    applicant = Applicant(applicant_id, is_employer, agent)
    standard = standard_for(item_code, applicant, region=region, on=today)
    if why := why_not_online(standard.standard):
        raise NotOnline(why=why)
    place = place_nearest(standard.standard, authority(item_code, region=region, on=today), on=today)
    case = new_case(standard, applicant, place, region=region, by=by, now=now)
    facts = employer_facts(applicant_id) if is_employer else person_facts(applicant_id)
    known = prefill(standard.standard, facts, employer=is_employer, today=today)
    case.form = fitting(standard.standard, known, today)
    begin(case, standard.standard, filled=application_papers(standard.standard), by=by, now=now)
    if agent:  # whose record it is can see that it was looked at, and by whom
        note_look(party_id=applicant_id, is_employer=is_employer, case=case.pk, by=by, now=now)
    return case.pk


@once
def save_online(*, case_id: UUID, values: Mapping[str, Any], complete: bool = False, by: Actor, now: datetime) -> int:
    """Keep some answers; the others stay as they are. Returns the case's new version.

    Raises :class:`Invalid` for what is filled in wrongly and, with ``complete``, for what must be answered and is not;
    :class:`NotAskedFor` for a field that no notice asks for.
    """
    work = locked(own(now), case_id, by=by, now=now)
    correction = _open_to(work)
    standard = get_standard(work.case.standard_id)
    fields = set(asked_fields(standard))
    if correction is not None:
        fields &= {entry["code"] for entry in correction.items if entry["is_field"]}
    if set(values) - fields:
        raise NotAskedFor
    if complete:
        check_form(tuple(f for f in standard.form if f.name in values), values, today=local_date(now))
    return keep_form(work, work.case.form.open_json() | values)


@once
def answer_online(*, case_id: UUID, code: str, applies: bool, by: Actor, now: datetime) -> None:
    """Say whether the situation is given in which a material is needed. What was handed in stays while it is needed."""
    work = locked(own(now), case_id, by=by, now=now)
    _open_to(work, code)
    wanted = get_standard(work.case.standard_id).material(code)
    if wanted is None or not is_question(wanted):
        raise NotFound(what=msg("该材料"))
    row = material_row(work.case, code)
    if row.applies is applies:
        return
    if not applies:
        _put_away(row, now)
    note_material(work, Handed(code, not_applicable=not applies), applies=applies)


def _put_away(row: CaseMaterial, now: datetime) -> None:
    """What is not needed, or was replaced by something else, is not kept in the file of the case."""
    MaterialFile.objects.filter(material=row, removed_at=None).update(removed_at=now)


@once
def take_back_online(*, case_id: UUID, code: str, by: Actor, now: datetime) -> None:
    """Take back everything said of a material: files, or a commitment in its place."""
    work = locked(own(now), case_id, by=by, now=now)
    _open_to(work, code)
    row = material_row(work.case, code)
    if row.state != MaterialState.HAVE:
        return
    _put_away(row, now)
    note_material(work, Handed(code))


@once
def hand_in_online(*, case_id: UUID, material: Handed, by: Actor, now: datetime) -> None:
    """Add files to a material, uploaded or photographed; one that is there already is not added again.

    Raises :class:`NotAskedFor` for what the bureau gets itself.
    """
    work = locked(own(now), case_id, by=by, now=now)
    _open_to(work, material.code)
    wanted = get_standard(work.case.standard_id).material(material.code)
    if wanted is None or material.received not in HANDED_ONLINE or not material.files:
        raise NotFound(what=msg("该材料"))
    if wanted.from_departments:
        raise NotAskedFor
    row = material_row(work.case, material.code)
    if row.received == Received.COMMITTED:
        _put_away(row, now)
    there = {bytes(sm3).hex() for sm3 in MaterialFile.objects.filter(material=row, removed_at=None).values_list("sm3", flat=True)}
    fresh = tuple((ref, name) for ref, name in material.files if ref.digest not in there)
    if not fresh:
        return
    note_material(work, replace(material, files=fresh), applies=True if is_question(wanted) else None)


@once
def commit_online(*, case_id: UUID, code: str, signature: StoredFileRef | None, name: str = "", by: Actor, now: datetime) -> None:
    """Commit instead of handing a material in, where the standard allows it: with a drawn signature, or with the name typed out.

    What was told and promised is kept with the signature (``promises.keep``).
    Raises :class:`PromiseRefused` with the reason, :class:`CreditNoted`, :class:`SignatureMissing`.
    """
    work = locked(own(now), case_id, by=by, now=now)
    _open_to(work, code)
    standard = get_standard(work.case.standard_id)
    wanted = standard.material(code)
    if wanted is None:
        raise NotFound(what=msg("该材料"))
    if why := why_not(wanted, Promise.COMMITMENT, instant=standard.times.instant):
        raise PromiseRefused(field="materials", name=wanted.name, why=why)
    if by.resident_id is None:
        raise NotFound(what=msg("该申请人"))
    own_name = party(by.resident_id, is_employer=False).name
    if signature is None and compact(name) != compact(own_name):
        raise SignatureMissing(field="name", name=own_name)
    _put_away(material_row(work.case, code), now)
    files = ((signature, "signature.png"),) if signature else ()
    typed = "" if signature else name.strip()
    note_material(
        work, Handed(code, Received.COMMITTED, files, note=typed, typed=typed),
        applies=True if is_question(wanted) else None,
    )  # fmt: skip


@once
def take_off_online(*, case_id: UUID, file_id: UUID, by: Actor, now: datetime) -> None:
    """Take a file off a material again; it is marked, not erased."""
    work = locked(own(now), case_id, by=by, now=now)
    found = MaterialFile.objects.filter(material__case=work.case, pk=file_id).select_related("material").first()
    _open_to(work, found.material.code if found else "")
    take_off(work, file_id)


# -- submitted, corrected, withdrawn ---------------------------------------------------------------------------------------------


@once
def submit_online(*, case_id: UUID, by: Actor, now: datetime) -> str:
    """Submit a draft: it gets its number and the time to tell what is missing begins. Returns the number.

    Whoever submits again hears the same number. Raises :class:`Invalid` with every field that is missing or wrong and with every
    material that is still open (:class:`StillToDo`).
    """
    work = locked(own(now), case_id, by=by, now=now)
    if work.case.number and work.case.state != State.DRAFT:
        return work.case.number
    _open_to(work)
    standard = get_standard(work.case.standard_id)
    values = work.case.form.open_json() | filled_by_submitting(standard, local_date(now))
    check_form(standard.form, values, today=local_date(now), attached=attached(work.case, standard))
    lacking = [
        row.name
        for row in CaseMaterial.objects.filter(case=work.case).order_by("code")
        if (wanted := standard.material(row.code)) and still_open(wanted, MaterialState(row.state), row.applies)
    ]
    if lacking:
        raise StillToDo(names="、".join(lacking))
    work.change(channel=by.channel)
    return submit(work, values)


@once
def correct_online(*, case_id: UUID, by: Actor, now: datetime) -> None:
    """Send back what the correction notice asked for. Raises :class:`StillMissing`; sent twice it is sent once."""
    work = locked(own(now), case_id, by=by, now=now)
    if (
        work.case.state != State.CORRECTION_REQUESTED
        and Correction.objects.filter(case=work.case).exclude(corrected_at=None).exists()
    ):
        return
    corrected(work)


@once
def withdraw_online(*, case_id: UUID, reason: str = "", by: Actor, now: datetime) -> None:
    """Take an application back, or give a draft up, as long as nothing was decided."""
    work = locked(own(now), case_id, by=by, now=now)
    if work.case.state == State.WITHDRAWN:
        return
    withdraw(work, reason=reason.strip()[:500])


# -- papers and the result ---------------------------------------------------------------------------------------------------------


def note_agent_look(*, case_id: UUID, by: Actor, now: datetime) -> None:
    """Record in the applicant's own chain that somebody looked who acts for them; of one's own cases nothing is to be recorded."""
    case = case_for(case_id, by=by, among=own_cases(by, on=local_date(now)))
    if by.resident_id and case.applicant_id not in own_ids(by.resident_id):
        note_look(party_id=case.applicant_id, is_employer=case.applicant_is_employer, case=case_id, by=by, now=now)


def read_own_paper(*, case_id: UUID, document_id: UUID, by: Actor, now: datetime) -> DocumentCard:
    """A sealed paper of one's own case, for downloading; each look is recorded in the case."""
    card = own_paper(case_id, document_id, by=by, on=local_date(now))
    with transaction.atomic():
        record("cases.paper_read", subject=subject(case_id), by=by, at=now, document=document_id)
    return card


@once
def collect_online(*, case_id: UUID, by: Actor, now: datetime) -> None:
    """Take the result over electronically; with this it is delivered. Collected twice it is delivered once."""
    today = local_date(now)
    work = locked(lambda who, case: collects_for(who, case, on=today), case_id, by=by, now=now)
    if work.case.state in (State.DELIVERED, State.CLOSED):
        return
    assert by.resident_id
    who = party(by.resident_id, is_employer=False)
    deliver(
        work, method=DeliveryMethod.ELECTRONIC, recipient=who.name, proof=Proof(), is_agent=work.case.applicant_id != by.resident_id
    )


__all__ = [
    "answer_online", "collect_online", "commit_online", "correct_online", "hand_in_online", "note_agent_look", "read_own_paper", "save_online",
    "start_online", "submit_online", "take_back_online", "take_off_online", "withdraw_online",
]  # fmt: skip
