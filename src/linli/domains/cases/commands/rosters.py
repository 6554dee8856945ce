"""Rosters of people: checked as a whole, then made into cases in batches that can be broken off at any point and never double."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, BinaryIO
from uuid import UUID

from django.db import IntegrityError, transaction

from linli.domains.cases.commands.intake import Applicant, Handed, accept_case, place_of_counter, receive_case, standard_for
from linli.domains.cases.errors import RosterChanged, RosterNotOffered, RosterSeen, RosterUnreadable
from linli.domains.cases.form import check_form
from linli.domains.cases.grounds import Received
from linli.domains.cases.models import Roster, RosterRow
from linli.domains.cases.permissions import ACCEPT, RECEIVE, at_roster
from linli.domains.cases.rosterbook import read_roster
from linli.domains.cases.rostering import (
    LINES_A_CASE,
    Problem,
    RosterPlan,
    RosterShape,
    RosterState,
    Spoilt,
    check_row,
    filled_by_handing_in,
    line_of,
    plan_of,
    said_twice,
)
from linli.domains.catalog.queries import InForce, get_standard
from linli.domains.documents.commands import store_file
from linli.domains.documents.queries import FileType, open_file
from linli.domains.people.commands import register_person
from linli.domains.people.queries import CONTEXT, Gender, IdType, names_known, party
from linli.domains.trace.commands import Subject, once, record
from linli.kernel import rows
from linli.kernel.actors import Actor, Channel
from linli.kernel.calendar import local_date
from linli.kernel.crypto import sm3
from linli.kernel.errors import Invalid, LinliError, NotFound
from linli.kernel.fields import blind
from linli.kernel.jobs import defer
from linli.kernel.text import Message, msg

BATCH = 20
_JOB = 15  # batches until a job hands on to the next, so that a worker has time for others
_STALE = timedelta(minutes=3)
KEPT_DAYS = 30
_HOW = {"paper": Received.PAPER, "seen": Received.SEEN, "uploaded": Received.UPLOADED, "committed": Received.COMMITTED}
NOT_APPLICABLE = "not_applicable"
_CARRIED = (RECEIVE, ACCEPT, "people.register")


def _chain(roster_id: UUID) -> Subject:
    return Subject("roster", roster_id)


# -- checking ----------------------------------------------------------------------------------------------------------------------


def roster_plan(found: InForce) -> RosterPlan:
    """How the roster of an item looks. Raises :class:`RosterNotOffered`."""
    plan = plan_of(found.standard)
    if plan is None:
        raise RosterNotOffered(field="item_code", item=found.standard.name)
    return plan


@once
def check_roster(
    *, item_code: str, employer_id: UUID, content: BinaryIO, file_name: str, common: Mapping[str, Any], materials: Mapping[str, str],
    accept: bool = False, by: Actor, now: datetime,
) -> UUID:  # fmt: skip
    """Check a sheet of people as a whole and keep it: ready to be made into cases, or returned with what is wrong row by row.

    Nothing is imported by this. ``common`` is what is said once for all, ``materials`` how each was handed in for all (``paper``,
    ``seen``, ``committed``, ``not_applicable``). Raises :class:`RosterUnreadable` for a file that is no roster of this item,
    :class:`Invalid` for what is said for all, :class:`RosterSeen` for the same people again, :class:`RosterNotOffered`.
    """
    by.must(RECEIVE)
    if accept:
        by.must(ACCEPT)
    employer, today = party(employer_id, is_employer=True), local_date(now)
    found = _standard(item_code, employer.id, by, today)
    plan = roster_plan(found)
    if plan.shape is RosterShape.EACH_FOR_PERSON:
        by.must("people.register")
    place = place_of_counter(found.standard, region=by.region, by=by, on=today)
    said = check_form(plan.common, common, today=today)
    raw = _workbook(content, file_name, by, now)
    lines = list(read_roster(raw, plan))
    clean: dict[int, dict[str, Any]] = {}
    problems: dict[int, list[Problem]] = {}
    for number, cells in lines:
        values, wrong = check_row(plan, cells, today=today)
        clean[number] = values
        if wrong:
            problems[number] = wrong
    _check_among(plan, clean, problems)
    digest = sm3(json.dumps([said, [clean[n] for n, _ in lines]], sort_keys=True, ensure_ascii=False).encode())
    roster = Roster(
        item_code=item_code, standard_id=found.id, shape=plan.shape, employer_id=employer.id, region=by.region,
        hall_id=place.origin_id or place.hall_id, client_id=by.client_id, resident_id=by.resident_id, file_name=file_name[:200], digest=digest,
        common=said, materials={k: v for k, v in materials.items() if v in (*_HOW, NOT_APPLICABLE)}, accept=accept,
        state=RosterState.RETURNED if problems else RosterState.READY, rows=len(lines), wrong=len(problems), actor=_kept(by),
        handed_in_at=now, touched_at=now,
    )  # fmt: skip
    if problems:
        roster.sheet = _returned(plan, lines, problems)
    try:
        with transaction.atomic():
            roster.save(force_insert=True)
    except IntegrityError as error:
        if "cases_roster_once" not in str(error):
            raise
        earlier = Roster.objects.filter(
            employer_id=employer.id, item_code=item_code, digest=digest, state__in=["ready", "running", "done"]
        ).get()  # fmt: skip
        raise RosterSeen(field="file", day=local_date(earlier.handed_in_at), rows=earlier.rows) from None
    if not problems:
        _keep_rows(roster, plan, [(n, clean[n]) for n, _ in lines])
    record(
        "cases.roster_checked", subject=_chain(roster.pk), by=by, at=now, new=True, item=item_code, employer=employer.id,
        rows=len(lines), wrong=len(problems), digest=digest,
    )  # fmt: skip
    return roster.pk


def _standard(item_code: str, employer_id: UUID, by: Actor, today: Any) -> InForce:
    """The standard in force for employers, or where only persons apply, for them."""
    try:
        return standard_for(item_code, Applicant(employer_id, is_employer=True), region=by.region, on=today)
    except LinliError:
        return standard_for(item_code, Applicant(employer_id), region=by.region, on=today)


def _workbook(content: BinaryIO, name: str, by: Actor, now: datetime) -> bytes:
    """The bytes of a workbook, looked through for programs and bombs as any file that is handed in."""
    ref = store_file(content=content, declared_name=name, by=by, now=now)
    if ref.content_type != FileType.XLSX:
        raise RosterUnreadable(field="file", why=msg("不是 XLSX 工作簿"))
    return open_file(ref.id).read()


def _check_among(plan: RosterPlan, clean: Mapping[int, Mapping[str, Any]], problems: dict[int, list[Problem]]) -> None:
    """What only shows among the rows or against the register: somebody twice, a number that is somebody else's."""
    label = {f.name: f.label for f in plan.columns}
    numbers = {n: str(values.get(plan.number, "")) for n, values in clean.items()}
    for n, what in said_twice(sorted(numbers.items())).items():
        problems.setdefault(n, []).append(Problem(label[plan.number], what))
    known = names_known(number for number in numbers.values() if number)
    for n, number in numbers.items():
        name = str(clean[n].get(plan.name, "")).strip()
        if name and known.get(number, name) != name:
            problems.setdefault(n, []).append(Problem(label[plan.name], msg("与这个证件号码已登记的姓名不一致，请核对姓名和号码")))


def _returned(plan: RosterPlan, lines: list[tuple[int, dict[str, Any]]], problems: Mapping[int, list[Problem]]) -> dict[str, Any]:
    """A sheet as it is kept to be handed back: what was filled in as text, and what is wrong in words."""
    return {
        "rows": [
            [n, [str(cells[f.name]) if not isinstance(cells[f.name], Spoilt) else "" for f in plan.columns]] for n, cells in lines
        ],
        "problems": {str(n): [[p.column, str(p.what)] for p in found] for n, found in problems.items()},
    }


def _keep_rows(roster: Roster, plan: RosterPlan, lines: list[tuple[int, dict[str, Any]]]) -> None:
    people = [
        RosterRow(
            roster=roster, number=n, name=str(values[plan.name])[:200], number_index=blind(str(values[plan.number]), context=CONTEXT),
            values=values,
        )
        for n, values in lines
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


def _locked(roster_id: UUID, by: Actor) -> Roster:
    roster = Roster.objects.select_for_update(of=("self",)).filter(pk=roster_id).first()
    if roster is None or not at_roster(by, roster):
        raise NotFound(what=msg("这份名单"))
    return roster


@once
def start_roster(*, roster_id: UUID, by: Actor, now: datetime) -> None:
    """Have the cases of a good roster made, or those that failed tried again; the making is a job. Pressed twice it runs once."""
    by.must(RECEIVE)
    roster = _locked(roster_id, by)
    if roster.state == RosterState.RUNNING:
        return
    failed = RosterRow.objects.filter(roster=roster, case=None).exclude(problem=[])
    if roster.state == RosterState.DONE and failed.exists():
        failed.update(problem=[])
    elif roster.state != RosterState.READY:
        raise RosterChanged(state=Message(RosterState(roster.state).label))
    roster.state, roster.started_at, roster.touched_at, roster.done_at = RosterState.RUNNING, now, now, None
    roster.save(update_fields=["state", "started_at", "touched_at", "done_at"])
    record("cases.roster_started", subject=_chain(roster.pk), by=by, at=now, rows=roster.rows)
    defer("cases.run_roster", roster_id=str(roster.pk))


@once
def cancel_roster(*, roster_id: UUID, by: Actor, now: datetime) -> None:
    """Give up a roster that was checked and not started; what it held is forgotten."""
    by.must(RECEIVE)
    roster = _locked(roster_id, by)
    if roster.state not in (RosterState.READY, RosterState.RETURNED):
        raise RosterChanged(state=Message(RosterState(roster.state).label))
    RosterRow.objects.filter(roster=roster).delete()
    roster.state, roster.sheet, roster.touched_at = RosterState.CANCELLED, None, now
    roster.save(update_fields=["state", "sheet", "touched_at"])
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
        roster.state, roster.done_at, roster.touched_at, roster.sheet = RosterState.DONE, now, now, None
        roster.save(update_fields=["state", "done_at", "touched_at", "sheet"])
        made = RosterRow.objects.filter(roster=roster).exclude(case=None).count()
        record(
            "cases.roster_done", subject=_chain(roster.pk), by=_actor(roster.actor), at=now, made=made, failed=roster.rows - made
        )
        return True
    groups = [people] if plan.shape is RosterShape.TABLE else [[person] for person in people]
    for group in groups:
        try:
            case_id = _make_case(roster, plan, group, now)
        except LinliError as error:
            raise _RowFailed([p.number for p in group], error) from error
        for person in group:
            person.case_id = case_id
    RosterRow.objects.bulk_update(people, ["case"])
    roster.touched_at = now
    roster.save(update_fields=["touched_at"])
    return None


def _make_case(roster: Roster, plan: RosterPlan, people: list[RosterRow], now: datetime) -> UUID:
    """One case of one person, or of all the lines of a table."""
    by, standard = _actor(roster.actor), get_standard(roster.standard_id)
    values: dict[str, Any] = filled_by_handing_in(standard, local_date(now)) | roster.common.open_json()
    applicant = Applicant(roster.employer_id, is_employer=True)
    if plan.shape is RosterShape.TABLE:
        values[plan.table] = [line_of(plan, p.values.open_json()) for p in people]
    else:
        said = people[0].values.open_json()
        values |= said
        if plan.shape is RosterShape.EACH_FOR_PERSON:
            applicant = Applicant(_person(said, plan, by, now))
    wanted = {m.code for m in standard.materials if not m.from_departments}
    handed = [
        Handed(code, not_applicable=True) if how == NOT_APPLICABLE else Handed(code, _HOW[how])
        for code, how in sorted(roster.materials.items())
        if code in wanted
    ]
    case_id = receive_case(
        item_code=roster.item_code, applicant=applicant, form=values, materials=handed, region=roster.region, by=by, now=now
    )
    if roster.accept:
        accept_case(case_id=case_id, by=by, now=now)
    return case_id


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


def forget_rosters(*, now: datetime) -> int:
    """Forget what returned and unstarted sheets held, after a month (PI-06). Returns how many."""
    old = now - timedelta(days=KEPT_DAYS)
    found = list(Roster.objects.filter(state__in=["returned", "ready"], handed_in_at__lt=old).values_list("pk", flat=True)[:500])
    with transaction.atomic():
        RosterRow.objects.filter(roster__in=found, case=None).delete()
        Roster.objects.filter(pk__in=found).update(state=RosterState.CANCELLED, sheet=None, touched_at=now)
    return len(found)


__all__ = [
    "cancel_roster", "check_roster", "forget_rosters", "roster_plan", "run_roster", "start_roster", "sweep_rosters",
]  # fmt: skip
