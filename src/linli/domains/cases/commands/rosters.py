"""Rosters of people: checked as a whole, then made into cases in batches that can be broken off at any point and never double.

They come from a counter, from another system, or from a resident who applies for an employer within a mandate; a resident's roster
takes the resident's own track: nearest counter, nothing on paper, the resident as the agent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from linli.domains.cases.commands.intake import (
    Applicant,
    Handed,
    Place,
    accept_case,
    new_case,
    place_nearest,
    place_of_counter,
    standard_for,
    take_in,
)
from linli.domains.cases.errors import NotOnline, RosterChanged, RosterNotOffered, RosterSeen, RosterUnreadable, StillToDo
from linli.domains.cases.form import check_form
from linli.domains.cases.grounds import Received
from linli.domains.cases.models import Roster, RosterRow
from linli.domains.cases.online import filled_by_submitting, why_not_online
from linli.domains.cases.permissions import ACCEPT, PORTAL, RECEIVE, at_roster
from linli.domains.cases.rosterbook import read_roster
from linli.domains.cases.rostering import (
    LINES_A_CASE,
    MOST_ROWS,
    Problem,
    RosterPlan,
    RosterShape,
    RosterState,
    Spoilt,
    check_row,
    filled_by_handing_in,
    line_of,
    plan_of,
    read_line,
    said_twice,
)
from linli.domains.catalog.queries import InForce, Required, Standard, application_papers, get_standard
from linli.domains.documents.commands import StoredFileRef, forget_unused, looked_through, store_file
from linli.domains.documents.queries import FileType
from linli.domains.org.queries import authority
from linli.domains.people.commands import employer_subject, register_person
from linli.domains.people.queries import (
    CONTEXT,
    Gender,
    IdType,
    Party,
    Scope,
    may_act_for,
    names_known,
    party,
    region_of,
)
from linli.domains.trace.commands import Subject, once, record
from linli.kernel import rows
from linli.kernel.actors import Actor, Channel, system
from linli.kernel.calendar import local_date
from linli.kernel.crypto import sm3
from linli.kernel.errors import Invalid, LinliError, NotFound
from linli.kernel.fields import blind
from linli.kernel.jobs import defer
from linli.kernel.text import Message, msg

BATCH = 20
_JOB = 15  # batches until a job hands on to the next, so that a worker has time for others
_STALE = timedelta(minutes=3)
_HOW = {"paper": Received.PAPER, "seen": Received.SEEN, "uploaded": Received.UPLOADED, "committed": Received.COMMITTED}
NOT_APPLICABLE = "not_applicable"
_CARRIED = (RECEIVE, ACCEPT, PORTAL, "people.register")
_NOT_STARTED = (RosterState.READY, RosterState.RETURNED)


def _chain(roster_id: UUID) -> Subject:
    return Subject("roster", roster_id)


# -- checking ----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RosterFile:
    """A file that was looked through for programs and bombs and is kept only with the roster it belongs to; told by its digest."""

    name: str
    digest: str
    content: bytes = field(repr=False)


def roster_file(content: BinaryIO, name: str) -> RosterFile:
    """Take a file as a workbook. Raises :class:`FileRefused`, and :class:`RosterUnreadable` for another kind of file."""
    data, found = looked_through(content=content, declared_name=name)
    if found.type is not FileType.XLSX:
        raise RosterUnreadable(field="file", why=msg("不是 XLSX 工作簿"))
    return RosterFile(found.name, sm3(data).hex(), data)


def roster_paper(content: BinaryIO, name: str) -> RosterFile:
    """Take a file as a material for all people of a roster. Raises :class:`FileRefused`."""
    data, found = looked_through(content=content, declared_name=name)
    return RosterFile(found.name, sm3(data).hex(), data)


People = RosterFile | Sequence[Mapping[str, Any]]  # a workbook, or rows by the names of the columns
Papers = Mapping[str, Sequence[RosterFile]]  # what is uploaded for all, by the code of the material
_Stored = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class _Terms:
    """On what terms somebody hands a roster in: which standard, how its sheet looks, where its cases will lie."""

    employer: Party
    standard_id: UUID
    standard: Standard
    plan: RosterPlan
    region: str
    place: Place


def _terms(item_code: str, employer_id: UUID, by: Actor, today: date) -> _Terms:
    """Raises :class:`RosterNotOffered`, :class:`NotOnline`, :class:`NoAuthority`, and :class:`NotFound` for an employer whose roster
    is not the actor's to hand in."""
    if by.resident_id is not None:
        return _online_terms(item_code, employer_id, by.resident_id, by, today)
    by.must(RECEIVE)
    employer = party(employer_id, is_employer=True)
    found = _at_counter(item_code, employer.id, by, today)
    plan = plan_of(found.standard)
    if plan is None:
        raise RosterNotOffered(field="item_code", item=found.standard.name)
    if plan.shape is RosterShape.EACH_FOR_PERSON:
        by.must("people.register")
    place = place_of_counter(found.standard, region=by.region, by=by, on=today)
    return _Terms(employer, found.id, found.standard, plan, by.region, place)


def _online_terms(item_code: str, employer_id: UUID, resident_id: UUID, by: Actor, today: date) -> _Terms:
    """For an employer, whose own application it must be: nobody applies for 500 others who have not asked for it."""
    by.must(PORTAL)
    if not may_act_for(resident_id, employer_id, scope=Scope.APPLY, on=today, item=item_code):
        raise NotFound(what=msg("该单位"))
    employer = party(employer_id, is_employer=True)
    region = region_of(employer_id, is_employer=True)
    found = standard_for(item_code, Applicant(employer_id, is_employer=True), region=region, on=today)
    plan = plan_of(found.standard)
    if plan is None or not plan.for_employer:
        raise RosterNotOffered(field="item_code", item=found.standard.name)
    if why := why_not_online(found.standard):
        raise NotOnline(why=why)
    place = place_nearest(found.standard, authority(item_code, region=region, on=today), on=today)
    return _Terms(employer, found.id, found.standard, plan, region, place)


def _at_counter(item_code: str, employer_id: UUID, by: Actor, today: date) -> InForce:
    """The standard in force for employers, or where only persons apply, for them."""
    try:
        return standard_for(item_code, Applicant(employer_id, is_employer=True), region=by.region, on=today)
    except LinliError:
        return standard_for(item_code, Applicant(employer_id), region=by.region, on=today)


@once
def check_roster(
    *, item_code: str, employer_id: UUID, people: People, common: Mapping[str, Any], materials: Mapping[str, str],
    papers: Papers | None = None, accept: bool = False, by: Actor, now: datetime,
) -> UUID:  # fmt: skip
    """Check a list of people as a whole and keep it: ready to be made into cases, or returned with what is wrong row by row.

    Nothing is imported by this. ``common`` is what is said once for all, ``materials`` how each was handed in for all (``paper``,
    ``seen``, ``uploaded`` with ``papers``, ``committed``, ``not_applicable``). Raises :class:`RosterUnreadable` for what is no roster of
    this item, :class:`Invalid` for what is said for all, :class:`RosterSeen` for the same people again, :class:`RosterNotOffered`.
    """
    if accept:
        by.must(ACCEPT)
    terms = _terms(item_code, employer_id, by, local_date(now))
    how = {k: v for k, v in materials.items() if v in (*_HOW, NOT_APPLICABLE)}
    if by.resident_id is not None:
        how = _settled_online(terms.standard, how, papers or {})
    return _keep(terms, people, common, how, papers or {}, {}, accept, by, now)


@once
def check_again(*, roster_id: UUID, people: People, by: Actor, now: datetime) -> UUID:
    """Check a mended list in place of one that was not made into cases, with all else as it was said then; returns the new roster.

    The earlier one is given up and what it held forgotten.
    """
    earlier = _locked(roster_id, by, now)
    if earlier.state not in _NOT_STARTED:
        raise RosterChanged(state=Message(RosterState(earlier.state).label))
    terms = _terms(earlier.item_code, earlier.employer_id, by, local_date(now))
    common, materials, kept = earlier.common.open_json(), earlier.materials, earlier.files.open_json() if earlier.files else {}
    accept = earlier.accept and by.can(ACCEPT)
    Roster.objects.filter(pk=earlier.pk).update(state=RosterState.CANCELLED)  # the same people may come in its place
    roster_id = _keep(terms, people, common, materials, {}, kept, accept, by, now)
    _give_up(earlier, now)
    record("cases.roster_cancelled", subject=_chain(earlier.pk), by=by, at=now)
    return roster_id


def _settled_online(standard: Standard, materials: Mapping[str, str], papers: Papers) -> dict[str, str]:
    """How each material is handed in online: filled in by the form, uploaded for all, or not needed. Raises :class:`Invalid`."""
    filled = application_papers(standard)
    said: dict[str, str] = {}
    lacking: list[LinliError] = []
    for m in standard.materials:
        if m.from_departments or m.code in filled:
            continue
        if papers.get(m.code):
            said[m.code] = "uploaded"
        elif m.required is Required.CONDITIONAL and materials.get(m.code) == NOT_APPLICABLE:
            said[m.code] = NOT_APPLICABLE
        elif m.required is not Required.NO:
            lacking.append(StillToDo(field=m.code, names=m.name))
    if lacking:
        raise Invalid(lacking)
    return said


def _keep(
    terms: _Terms, people: People, common: Mapping[str, Any], materials: Mapping[str, str], papers: Papers,
    kept: _Stored, accept: bool, by: Actor,
    now: datetime,
) -> UUID:  # fmt: skip
    plan, employer, today = terms.plan, terms.employer, local_date(now)
    said = check_form(plan.common, common, today=today)
    clean, problems, notes_at = _judged(plan, people, by, today)
    digest = sm3(json.dumps([said, list(clean.values())], sort_keys=True, ensure_ascii=False).encode())
    roster = Roster(
        item_code=terms.standard.code, standard_id=terms.standard_id, shape=plan.shape, employer_id=employer.id, region=terms.region,
        hall_id=terms.place.origin_id or terms.place.hall_id, client_id=by.client_id, resident_id=by.resident_id,
        file_name=people.name[:200] if isinstance(people, RosterFile) else "", digest=digest, common=said, materials=dict(materials),
        accept=accept,
        state=RosterState.RETURNED if problems else RosterState.READY, rows=len(clean), wrong=len(problems), actor=_kept(by),
        handed_in_at=now, touched_at=now,
    )  # fmt: skip
    same = Roster.objects.filter(
        employer_id=employer.id, item_code=roster.item_code, digest=digest, state__in=["ready", "running", "done"]
    )
    if not problems and (earlier := same.first()):
        raise RosterSeen(field="file", day=local_date(earlier.handed_in_at), rows=earlier.rows)
    if problems:
        roster.sheet = {
            "notes_at": notes_at, "who": {str(n): str(clean[n].get(plan.name, "")) for n in problems},
            "problems": {str(n): [[p.column, str(p.what)] for p in found] for n, found in sorted(problems.items())},
        }  # fmt: skip
    if isinstance(people, RosterFile):
        roster.file_id = _stored(people, by, now).id
    wanted = {m.code for m in terms.standard.materials}
    fresh = {code: [_of_file(_stored(one, by, now)) for one in those] for code, those in papers.items() if code in wanted}
    files = kept | fresh
    roster.files, roster.paper_ids = files or None, [UUID(f["id"]) for those in files.values() for f in those]
    try:
        with transaction.atomic():
            roster.save(force_insert=True)
    except IntegrityError as error:  # somebody handed in the same people at this very moment
        if "cases_roster_once" not in str(error):
            raise
        raise RosterSeen(field="file", day=today, rows=roster.rows) from None
    if not problems:
        _keep_rows(roster, plan, clean)
    record(
        "cases.roster_checked", subject=_chain(roster.pk), by=by, at=now, new=True, item=roster.item_code, employer=employer.id,
        rows=len(clean), wrong=len(problems), digest=digest,
    )  # fmt: skip
    if by.resident_id is not None:  # whose record it is can see that it was used, and by whom
        record("people.viewed", subject=employer_subject(employer.id), by=by, at=now, roster=roster.pk)
    return roster.pk


def _judged(
    plan: RosterPlan, people: People, by: Actor, today: date
) -> tuple[dict[int, dict[str, Any]], dict[int, list[Problem]], int]:
    """The values of every row, what is wrong in which, and where a workbook has notes of an earlier check."""
    lines, problems, notes_at = _lines(plan, people)
    clean: dict[int, dict[str, Any]] = {}
    for number, cells in lines:
        values, wrong = check_row(plan, cells, today=today)
        clean[number] = values or {
            name: "" if isinstance(cells[name], Spoilt) else cells[name] for name in (plan.name, plan.number)
        }
        if wrong:
            problems.setdefault(number, []).extend(wrong)
    _check_among(plan, clean, problems, by)
    return clean, problems, notes_at


def _lines(plan: RosterPlan, people: People) -> tuple[list[tuple[int, dict[str, Any]]], dict[int, list[Problem]], int]:
    if isinstance(people, RosterFile):
        book = read_roster(people.content, plan)
        return book.lines, {}, book.notes_at
    if not 0 < len(people) <= MOST_ROWS:
        raise RosterUnreadable(field="rows", why=msg("应有 1 到 %(n)s 人", n=MOST_ROWS))
    problems: dict[int, list[Problem]] = {}
    lines = []
    for number, row in enumerate(people, 1):
        cells, wrong = read_line(plan, row)
        lines.append((number, cells))
        if wrong:
            problems[number] = wrong
    return lines, problems, 0


def _check_among(plan: RosterPlan, clean: Mapping[int, Mapping[str, Any]], problems: dict[int, list[Problem]], by: Actor) -> None:
    """What only shows among the rows or against the register: somebody twice, a number that is somebody else's.

    A resident is not told what the register says of others.
    """
    label = {f.name: f.label for f in plan.columns}
    numbers = {n: str(values.get(plan.number, "")) for n, values in clean.items()}
    for n, what in said_twice(sorted(numbers.items())).items():
        problems.setdefault(n, []).append(Problem(label[plan.number], what))
    if by.resident_id is not None:
        return
    known = names_known(number for number in numbers.values() if number)
    for n, number in numbers.items():
        name = str(clean[n].get(plan.name, "")).strip()
        if name and known.get(number, name) != name:
            problems.setdefault(n, []).append(Problem(label[plan.name], msg("与这个证件号码已登记的姓名不一致，请核对姓名和号码")))


def _stored(file: RosterFile, by: Actor, now: datetime) -> StoredFileRef:
    return store_file(content=BytesIO(file.content), declared_name=file.name, by=by, now=now)


def _of_file(ref: StoredFileRef) -> dict[str, Any]:
    return {"id": str(ref.id), "name": ref.name, "content_type": ref.content_type, "size": ref.size, "sm3": ref.digest}


def _files_of(roster: Roster) -> dict[str, tuple[tuple[StoredFileRef, str], ...]]:
    kept: _Stored = roster.files.open_json() if roster.files else {}
    return {
        code: tuple((StoredFileRef(UUID(f["id"]), f["name"], f["content_type"], f["size"], f["sm3"]), f["name"]) for f in those)
        for code, those in kept.items()
    }


def _keep_rows(roster: Roster, plan: RosterPlan, clean: Mapping[int, Mapping[str, Any]]) -> None:
    people = [
        RosterRow(
            roster=roster, number=n, name=str(values[plan.name])[:200], number_index=blind(str(values[plan.number]), context=CONTEXT),
            values=values,
        )
        for n, values in clean.items()
    ]  # fmt: skip
    for at in range(0, len(people), 500):
        rows.insert(*people[at : at + 500])


def _kept(by: Actor) -> dict[str, Any]:
    """Who pressed, with no more than the job needs."""
    ids = {name: str(getattr(by, name)) for name in _ACTOR_IDS if getattr(by, name)}
    allowed = [p for p in _CARRIED if by.can(p)]
    return ids | {"region": by.region, "device": by.device, "channel": str(by.channel), "name": by.name, "permissions": allowed}


_ACTOR_IDS = ("user_id", "posting_id", "org_id", "body_id", "hall_id", "resident_id", "client_id")


def _actor(kept: Mapping[str, Any]) -> Actor:
    ids: dict[str, Any] = {name: UUID(kept[name]) if name in kept else None for name in _ACTOR_IDS}
    return Actor(
        **ids, region=kept["region"], device=kept["device"], channel=Channel(kept["channel"]), name=kept["name"],
        permissions=frozenset(kept["permissions"]),
    )  # fmt: skip


# -- made into cases ----------------------------------------------------------------------------------------------------------------


def _locked(roster_id: UUID, by: Actor, now: datetime) -> Roster:
    roster = Roster.objects.select_for_update(of=("self",)).filter(pk=roster_id).first()
    if roster is None or not at_roster(by, roster, on=local_date(now)):
        raise NotFound(what=msg("这份名单"))
    return roster


@once
def start_roster(*, roster_id: UUID, by: Actor, now: datetime) -> None:
    """Have the cases of a good roster made, or those that failed tried again; the making is a job. Pressed twice it runs once."""
    roster = _locked(roster_id, by, now)
    if roster.state == RosterState.RUNNING:
        return
    failed = RosterRow.objects.filter(roster=roster, case=None).exclude(problem=[])
    if roster.state == RosterState.DONE and not failed.exists():
        return
    if roster.state == RosterState.DONE:
        failed.update(problem=[])
    elif roster.state != RosterState.READY:
        raise RosterChanged(state=Message(RosterState(roster.state).label))
    roster.state, roster.started_at, roster.touched_at, roster.done_at = RosterState.RUNNING, now, now, None
    roster.save(update_fields=["state", "started_at", "touched_at", "done_at"])
    record("cases.roster_started", subject=_chain(roster.pk), by=by, at=now, rows=roster.rows)
    defer("cases.run_roster", roster_id=str(roster.pk))


@once
def cancel_roster(*, roster_id: UUID, by: Actor, now: datetime) -> None:
    """Give up a roster that was checked and not started; what it held is forgotten. Given up twice it is given up once."""
    roster = _locked(roster_id, by, now)
    if roster.state == RosterState.CANCELLED:
        return
    if roster.state not in _NOT_STARTED:
        raise RosterChanged(state=Message(RosterState(roster.state).label))
    _give_up(roster, now)
    record("cases.roster_cancelled", subject=_chain(roster.pk), by=by, at=now)


class _RowFailed(Exception):
    """One row could not be made into a case; its batch is done again without it."""

    def __init__(self, numbers: list[int], error: LinliError) -> None:
        self.numbers, self.error = numbers, error


def run_roster(*, roster_id: UUID, now: datetime, batches: int = _JOB) -> bool:
    """Make cases of the next rows; True when nothing is left to do. Safe to break off, repeat and run twice at once.

    Each batch is one transaction with the cases and the marks on their rows, so a row has a case or has none.
    """
    for _ in range(batches):
        try:
            left = _make_batch(roster_id=roster_id, now=now)
        except _RowFailed as failed:
            _mark(roster_id, failed)
            continue
        if left is not None:
            return left
    defer("cases.run_roster", roster_id=str(roster_id))
    return False


@once
def _make_batch(*, roster_id: UUID, now: datetime) -> bool | None:
    """One batch; None while more is to do, True when the roster is done, False where somebody else works on it."""
    roster = Roster.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=roster_id).first()
    if roster is None or roster.state != RosterState.RUNNING:
        return roster is not None
    standard = get_standard(roster.standard_id)
    plan = plan_of(standard)
    assert plan
    size = LINES_A_CASE if plan.shape is RosterShape.TABLE else BATCH
    people = list(RosterRow.objects.filter(roster=roster, case=None, problem=[]).order_by("number")[:size])
    if not people:
        roster.state, roster.done_at, roster.touched_at = RosterState.DONE, now, now
        roster.save(update_fields=["state", "done_at", "touched_at"])
        made = RosterRow.objects.filter(roster=roster).exclude(case=None).count()
        record(
            "cases.roster_done", subject=_chain(roster.pk), by=_actor(roster.actor), at=now, made=made, failed=roster.rows - made
        )
        return True
    try:
        making = _making(roster, standard, plan, now)
    except LinliError as error:  # nobody may take the item in any more
        raise _RowFailed([p.number for p in people], error) from error
    groups = [people] if plan.shape is RosterShape.TABLE else [[person] for person in people]
    for group in groups:
        try:
            case_id = _make_case(making, group)
        except LinliError as error:
            raise _RowFailed([p.number for p in group], error) from error
        for person in group:
            person.case_id = case_id
    RosterRow.objects.bulk_update(people, ["case"])
    roster.touched_at = now
    roster.save(update_fields=["touched_at"])
    return None


@dataclass(frozen=True, slots=True)
class _Making:
    """What the cases of a batch have in common, so that it is looked up once."""

    roster: Roster
    plan: RosterPlan
    found: InForce
    place: Place
    values: dict[str, Any]
    handed: list[Handed]
    by: Actor
    now: datetime


def _making(roster: Roster, standard: Standard, plan: RosterPlan, now: datetime) -> _Making:
    """By the standard and at the place of the day, as any application: what was handed in is received today.

    What a resident confirmed within a mandate counts; that the mandate ended while the job ran takes nothing back.
    """
    by, today = _actor(roster.actor), local_date(now)
    found = standard_for(roster.item_code, Applicant(roster.employer_id, plan.for_employer), region=roster.region, on=today)
    if by.resident_id:
        filled = filled_by_submitting(standard, today)
        place = place_nearest(found.standard, authority(roster.item_code, region=roster.region, on=today), on=today)
    else:
        filled = filled_by_handing_in(standard, today)
        place = place_of_counter(found.standard, region=roster.region, by=by, on=today)
    return _Making(roster, plan, found, place, filled | roster.common.open_json(), _handed(roster, found.standard), by, now)


def _make_case(making: _Making, people: list[RosterRow]) -> UUID:
    """One case of one person, or of all the lines of a table; a resident is the agent of the employer."""
    m, values = making, dict(making.values)
    applicant = Applicant(m.roster.employer_id, is_employer=True, agent_id=m.by.resident_id)
    if m.plan.shape is RosterShape.TABLE:
        values[m.plan.table] = [line_of(m.plan, p.values.open_json()) for p in people]
    else:
        said = people[0].values.open_json()
        values |= said
        if m.plan.shape is RosterShape.EACH_FOR_PERSON:
            applicant = Applicant(_person(said, m.plan, m.by, m.now))
    case = new_case(m.found, applicant, m.place, region=m.roster.region, by=m.by, now=m.now)
    case_id = take_in(case, m.found.standard, form=values, materials=m.handed, by=m.by, now=m.now)
    if m.roster.accept:
        accept_case(case_id=case_id, by=m.by, now=m.now)
    return case_id


def _handed(roster: Roster, standard: Standard) -> list[Handed]:
    """The materials as they were handed in for all; online the form itself is one of them."""
    files = _files_of(roster)
    filled = application_papers(standard) if roster.resident_id else ()
    wanted = {m.code for m in standard.materials if not m.from_departments}
    return [
        Handed(code, not_applicable=True) if how == NOT_APPLICABLE else Handed(code, _HOW[how], files.get(code, ()))
        for code, how in sorted(roster.materials.items())
        if code in wanted
    ] + [Handed(code, Received.FILLED) for code in sorted(filled)]


_ID_TYPES = {t.label: t for t in IdType}


def _person(said: Mapping[str, Any], plan: RosterPlan, by: Actor, now: datetime) -> UUID:
    """The person of a row, registered where nobody knew them."""
    number = str(said[plan.number])
    kind = next((t for label, t in _ID_TYPES.items() if label in str(said.get("id_type", ""))), None)
    kind = kind or (IdType.CITIZEN if len(number) == 18 else IdType.PASSPORT)
    phone = str(said.get("phone") or "")
    gender = {"男": Gender.MALE, "女": Gender.FEMALE}.get(str(said.get("gender", "")), Gender.UNKNOWN)
    return register_person(
        name=str(said[plan.name]), id_type=kind, id_number=number, gender=gender, phone=phone, region=by.region, by=by, now=now
    )


@transaction.atomic
def _mark(roster_id: UUID, failed: _RowFailed) -> None:
    """Write down why a row has no case, so that the others go on without it."""
    errors = failed.error.errors if isinstance(failed.error, Invalid) else [failed.error]
    said = [str(e.message) + (str(e.what_to_do) if e.what_to_do else "") for e in errors]
    RosterRow.objects.filter(roster_id=roster_id, number__in=failed.numbers, case=None).update(problem=said)


def sweep_rosters(*, now: datetime) -> int:
    """Take up again what a killed worker left; returns how many. A roster that moves is left alone."""
    stale = list(Roster.objects.filter(state=RosterState.RUNNING, touched_at__lt=now - _STALE).values_list("pk", flat=True)[:50])
    for roster_id in stale:
        defer("cases.run_roster", roster_id=str(roster_id))
    return len(stale)


# -- forgotten --------------------------------------------------------------------------------------------------------------------------


def _give_up(roster: Roster, now: datetime) -> None:
    RosterRow.objects.filter(roster=roster).delete()
    roster.state, roster.touched_at = RosterState.CANCELLED, now
    _forget(roster, now)


def _forget(roster: Roster, now: datetime) -> None:
    """Forget all that a roster says of people; which row became which case stays (PI-06)."""
    files = {*roster.paper_ids, *([roster.file_id] if roster.file_id else [])}
    RosterRow.objects.filter(roster=roster).update(name="", number_index=b"", values="")
    roster.sheet, roster.files, roster.paper_ids, roster.common, roster.file_id, roster.file_name = None, None, [], {}, None, ""
    roster.actor, roster.forgotten_at = {k: v for k, v in roster.actor.items() if k != "name"}, now
    roster.save()
    forget_unused(files)


def forget_rosters(*, now: datetime, limit: int = 500) -> int:
    """Forget what rosters held some days after they were made or left lying (``roster_days``). Returns how many. Safe to repeat."""
    old = Roster.objects.filter(forgotten_at=None, touched_at__lt=now - timedelta(days=settings.ENV.roster_days))
    done = 0
    for roster_id in old.exclude(state=RosterState.RUNNING).order_by("touched_at").values_list("pk", flat=True)[:limit]:
        with transaction.atomic():
            roster = old.select_for_update(of=("self",), skip_locked=True).filter(pk=roster_id).first()
            if roster is None or roster.state == RosterState.RUNNING:
                continue
            if roster.state in _NOT_STARTED:
                _give_up(roster, now)
            else:
                RosterRow.objects.filter(roster=roster, case=None).delete()
                _forget(roster, now)
            record("cases.roster_forgotten", subject=_chain(roster.pk), by=system(), at=now)
            done += 1
    return done


__all__ = [
    "cancel_roster", "check_again", "check_roster", "forget_rosters", "roster_file", "RosterFile", "run_roster", "start_roster",
    "sweep_rosters",
]  # fmt: skip
