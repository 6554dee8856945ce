"""From the first paper to acceptance: drafts, materials, receipt, the one correction, acceptance, withdrawal."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from linli.domains.cases import clocks, papers, promises
from linli.domains.cases.attention import must_be_mine
from linli.domains.cases.clock import ClockKind
from linli.domains.cases.drawing import give_back_place
from linli.domains.cases.errors import (
    AcceptedElsewhere,
    ApplicantWrong,
    AskedForTooMuch,
    CommitmentNotAllowed,
    CorrectionOnce,
    GoesElsewhere,
    HandledElsewhere,
    MaterialsMissing,
    NoAuthority,
    NothingToCorrect,
    PromiseRefused,
    ReasonMissing,
    StillMissing,
)
from linli.domains.cases.form import check_form
from linli.domains.cases.grounds import MaterialState, Received, RefusalGround
from linli.domains.cases.lifecycle import Move, State
from linli.domains.cases.models import (
    Case,
    CaseMaterial,
    ClockRow,
    Correction,
    MaterialFile,
    Refusal,
    Step,
    StepKind,
    StepState,
)
from linli.domains.cases.moves import Work, locked
from linli.domains.cases.online import is_question
from linli.domains.cases.permissions import (
    ACCEPT,
    RECEIVE,
    REFUSE,
    at_counter,
    supervises,
)
from linli.domains.cases.promising import Promise, why_not
from linli.domains.cases.sharing import want_shared
from linli.domains.cases.staging import begin_processing, first_stage, open_stage, owe_materials
from linli.domains.catalog.queries import (
    CHOICES,
    InForce,
    Limit,
    Material,
    Required,
    Standard,
    get_standard,
    known_facts,
    must_be_in_force,
)
from linli.domains.documents.commands import StoredFileRef, forget_unused, hold_files
from linli.domains.documents.queries import PaperKind
from linli.domains.org.queries import ItemAuthority, Power, authority, calendar, counter_of, get_org, letterhead
from linli.domains.people.commands import learn
from linli.domains.trace.commands import once
from linli.kernel import rows
from linli.kernel.actors import Actor, Channel
from linli.kernel.calendar import local_date
from linli.kernel.errors import NotFound
from linli.kernel.identifiers import CaseNumber
from linli.kernel.ids import uuid7
from linli.kernel.jobs import defer
from linli.kernel.text import Message, msg

_VERIFIED_BY = "有关部门"


@dataclass(frozen=True, slots=True)
class Applicant:
    """For whom a case is: a person or an employer the bureau knows, and who acts for them."""

    id: UUID
    is_employer: bool = False
    agent_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Handed:
    """A material as it was handed in: how, with which files, and a remark; or why it does not apply."""

    code: str
    received: Received | None = None
    files: tuple[tuple[StoredFileRef, str], ...] = ()
    note: str = ""
    not_applicable: bool = False
    signature: StoredFileRef | None = None  # of a promise; a commitment is its own file
    on_paper: bool = False  # a promise signed on the printed sheet, of which the files are a scan
    typed: str = ""  # the name typed out under a promise, where nothing is drawn


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing a correction notice asks for: a material or a field of the form, and what is wrong with it."""

    code: str
    what: str
    is_field: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a case lies: the office that accepts it, its counter, and the place that only received it, if that is another."""

    org_id: UUID
    hall_id: UUID
    origin_id: UUID | None = None


def standard_for(item_code: str, applicant: Applicant, *, region: str, on: date) -> InForce:
    """The standard that counts for an application. Raises :class:`ItemUnknown`, :class:`ApplicantWrong`."""
    found = must_be_in_force(item_code, region=region, on=on)
    kind = "employer" if applicant.is_employer else "person"
    if kind not in found.standard.applicant_kinds:
        raise ApplicantWrong(field="applicant", item=found.standard.name, kind=Message(CHOICES["applicant_kinds"][kind]))
    return found


def place_of_counter(standard: Standard, *, region: str, by: Actor, on: date) -> Place:
    """Where a case lies that the actor's organisation takes in: a place that may only receive hands it to the nearest counter
    that may accept it, and keeps seeing it. Raises :class:`NoAuthority`."""
    powers = authority(standard.code, region=region, on=on)
    held = powers.powers(by.org_id, by.body_id)
    if not by.org_id or not held & {Power.RECEIVE, Power.ACCEPT}:
        raise no_authority(standard, powers, Power.RECEIVE, on=on)
    here = by.hall_id or by.org_id
    if Power.ACCEPT in held:
        return Place(by.org_id, here)
    return replace(place_nearest(standard, powers, on=on), origin_id=here)


def no_authority(standard: Standard, powers: ItemAuthority, power: Power, *, on: date, here: bool = False) -> NoAuthority:
    """That a place may not do something with an item, and who may; ``here``: it was received here and goes there by itself."""
    nearest = powers.nearest(power) or powers.nearest(Power.ACCEPT)
    label = Message(power.label)
    if nearest is None:
        return NoAuthority(field="item_code", item=standard.name, power=label)
    refusal = AcceptedElsewhere if here else GoesElsewhere
    return refusal(field="item_code", item=standard.name, power=label, place=get_org(counter_of(nearest, on=on)).name)


def place_nearest(standard: Standard, powers: ItemAuthority, *, on: date) -> Place:
    """The counter nearest to the case that may accept it. Raises :class:`NoAuthority`."""
    acceptor = powers.nearest(Power.ACCEPT)
    if acceptor is None:
        raise NoAuthority(field="item_code", item=standard.name, power=Message(Power.ACCEPT.label))
    counter = counter_of(acceptor, on=on)
    return Place(counter, counter)


def new_case(found: InForce, applicant: Applicant, place: Place, *, region: str, by: Actor, now: datetime) -> Case:
    """A draft of a standard at a place; not saved."""
    standard = found.standard
    return Case(
        pk=uuid7(), item_code=standard.code, standard_id=found.id, region=region, org_id=place.org_id, hall_id=place.hall_id,
        origin_id=place.origin_id, applicant_id=applicant.id, applicant_is_employer=applicant.is_employer, agent_id=applicant.agent_id,
        channel=by.channel, client_id=by.client_id, external=standard.handled_in == "external", form={},
        receipt_code=f"{secrets.randbelow(1_000_000):06d}", started_at=now,
    )  # fmt: skip


def _new_case(item_code: str, applicant: Applicant, by: Actor, now: datetime, region: str) -> tuple[Case, Standard]:
    """A case of the standard in force, if the actor's organisation may take the item in."""
    today = local_date(now)
    found = standard_for(item_code, applicant, region=region, on=today)
    place = place_of_counter(found.standard, region=region, by=by, on=today)
    return new_case(found, applicant, place, region=region, by=by, now=now), found.standard


def initial_state(material: Material) -> MaterialState:
    """What the bureau can lawfully get itself is never asked for (国令716号 art. 7; ``docs/architecture.md``, invariant 5)."""
    if material.from_departments:
        return MaterialState.WILL_VERIFY
    return MaterialState.COMMITTABLE if material.may_be_committed else MaterialState.PROVIDE


def material_rows(case: Case, standard: Standard) -> list[CaseMaterial]:
    return [CaseMaterial(case=case, code=m.code, name=m.name, state=initial_state(m)) for m in standard.to_hand_in]


@once
def start_case(*, item_code: str, applicant: Applicant, region: str = "", by: Actor, now: datetime) -> UUID:
    """Open a draft at the counter: form and materials are kept as they come, until it is received.

    Raises :class:`NoAuthority` when this organisation may not take the item in.
    """
    by.must(RECEIVE)
    case, standard = _new_case(item_code, applicant, by, now, region or by.region)
    return begin(case, standard, by=by, now=now)


def begin(case: Case, standard: Standard, *, filled: Collection[str] = (), by: Actor, now: datetime) -> UUID:
    """Save a new draft with a row for each material; ``filled`` are those that filling in the form hands in."""
    work = Work(case, by=by, now=now, new=True)
    work.note("cases.started", item=case.item_code, standard=case.standard_id, channel=case.channel)
    work.save()
    listed = material_rows(case, standard)
    for row in listed:
        if row.code in filled:
            row.state, row.received, row.settled_at = MaterialState.HAVE, Received.FILLED, now
    rows.insert(*listed)
    want_shared(case, standard, by=by)
    return case.pk


@once
def save_form(*, case_id: UUID, values: Mapping[str, Any], version: int | None = None, by: Actor, now: datetime) -> int:
    """Keep the form as far as it is filled; returns the case's new version. Raises :class:`Invalid` for what is filled wrongly.

    In a draft, or while a correction is awaited.
    """
    work = locked(at_counter, case_id, by=by, now=now, version=version)
    _must_be_open(work)
    return keep_form(work, values)


def keep_form(work: Work, values: Mapping[str, Any]) -> int:
    """Keep what a form says as far as it is filled; returns the case's new version."""
    standard = get_standard(work.case.standard_id)
    clean = check_form(standard.form, values, today=local_date(work.now), complete=False)
    if clean == work.case.form.open_json():
        return work.case.version  # a page that saves by itself often has nothing new to say
    work.change(form=clean)
    work.note("cases.form_saved", fields=sorted(clean))
    work.save()
    return work.case.version


def _must_be_open(work: Work) -> None:
    if work.case.state not in (State.DRAFT, State.SUBMITTED, State.CORRECTION_REQUESTED):
        raise NotFound(what=msg("可修改的办件"))
    must_be_mine(work)


@once
def hand_in(*, case_id: UUID, material: Handed, by: Actor, now: datetime) -> None:
    """Note one material: seen, taken on paper, uploaded, photographed, committed to, or that it does not apply.

    Files are added to those already there.
    """
    work = locked(at_counter, case_id, by=by, now=now)
    _must_be_open(work)
    note_material(work, material)


def note_material(work: Work, material: Handed, *, applies: bool | None = None, **more: Any) -> None:
    """Note one material of a locked case; ``more`` goes into the event. ``applies`` is said where the applicant was asked."""
    row = material_row(work.case, material.code)
    if applies is not None:
        row.applies = applies
    _apply(row, material, get_standard(work.case.standard_id), work.now)
    row.save()
    add_files(row, material, work.now)
    _keep_promise(work, row, material)
    work.note(
        "cases.material_noted", material=material.code, state=row.state, received=row.received,
        files=[{"sm3": ref.digest, "name": name} for ref, name in material.files], **more,
    )  # fmt: skip
    work.save()


def note_handed(work: Work, row: CaseMaterial, handed: Handed) -> None:
    """Note a material that comes in after acceptance, where somebody promised it."""
    _apply(row, handed, get_standard(work.case.standard_id), work.now)
    row.save()
    add_files(row, handed, work.now)
    work.note(
        "cases.material_noted", material=handed.code, state=row.state, received=row.received,
        files=[{"sm3": ref.digest, "name": name} for ref, name in handed.files],
    )  # fmt: skip


def _keep_promise(work: Work, row: CaseMaterial, handed: Handed) -> None:
    """A promise in place of the material, kept as it was told; any other way of handing it in ends an earlier one."""
    if handed.received not in (Received.COMMITTED, Received.PROMISED):
        promises.let_go(work, code=row.code)
        return
    promise = Promise.PENDING if handed.received is Received.PROMISED else Promise.COMMITMENT
    signature = handed.signature or (handed.files[0][0] if handed.files and not handed.on_paper else None)
    promises.keep(work, row, promise, signature=signature, typed=handed.typed)


def material_row(case: Case, code: str) -> CaseMaterial:
    row = CaseMaterial.objects.filter(case=case, code=code).first()
    if row is None:
        raise NotFound(what=msg("该材料"))
    return row


def _apply(row: CaseMaterial, handed: Handed, standard: Standard, now: datetime) -> None:
    wanted = standard.material(row.code)
    if handed.not_applicable:
        if wanted and wanted.required is Required.YES:
            raise MaterialsMissing(names=row.name)
        row.state, row.received = MaterialState.NOT_APPLICABLE, ""
    elif handed.received or handed.files:
        if handed.received is Received.COMMITTED and not (wanted and wanted.may_be_committed):
            why = why_not(wanted, Promise.COMMITMENT, instant=False) if wanted else None
            raise PromiseRefused(field="materials", name=row.name, why=why) if why else CommitmentNotAllowed(name=row.name)
        promised = handed.received is Received.PROMISED
        row.state = MaterialState.PENDING if promised else MaterialState.HAVE
        row.received = "" if promised else handed.received or Received.UPLOADED
    else:  # taken back
        row.state, row.received = initial_state(wanted) if wanted else MaterialState.PROVIDE, ""
    row.note = handed.note[:500]
    row.settled_at = now if MaterialState(row.state).settled else None


def add_files(row: CaseMaterial, handed: Handed, now: datetime) -> None:
    """Lay files to a material; the act of the caller names them."""
    if handed.files:
        hold_files(ref.id for ref, _ in handed.files)
    rows.insert(
        *(
            MaterialFile(
                material=row, file_id=ref.id, name=name[:200], content_type=ref.content_type, size=ref.size,
                sm3=bytes.fromhex(ref.digest), added_at=now,
            )
            for ref, name in handed.files
        )
    )  # fmt: skip


@once
def remove_file(*, case_id: UUID, file_id: UUID, by: Actor, now: datetime) -> None:
    """Take a file off a material again; it is marked, not erased, and can be brought back."""
    work = locked(at_counter, case_id, by=by, now=now)
    _must_be_open(work)
    take_off(work, file_id)


def take_off(work: Work, file_id: UUID) -> None:
    """Mark a file of a locked case as taken off; without files its material is wanted again."""
    now = work.now
    found = MaterialFile.objects.filter(material__case=work.case, pk=file_id, removed_at=None).select_related("material").first()
    if found is None:
        raise NotFound(what=msg("该文件"))
    found.removed_at = now
    found.save(update_fields=["removed_at"])
    if not MaterialFile.objects.filter(material=found.material, removed_at=None).exists():
        standard = get_standard(work.case.standard_id)
        _apply(found.material, Handed(found.material.code), standard, now)
        found.material.save()
    work.note("cases.file_removed", material=found.material.code, sm3=bytes(found.sm3))
    work.save()


@once
def restore_file(*, case_id: UUID, file_id: UUID, by: Actor, now: datetime) -> None:
    """Undo :func:`remove_file`."""
    work = locked(at_counter, case_id, by=by, now=now)
    _must_be_open(work)
    found = (
        MaterialFile.objects.filter(material__case=work.case, pk=file_id)
        .exclude(removed_at=None)
        .select_related("material")
        .first()
    )
    if found is None:
        raise NotFound(what=msg("该文件"))
    found.removed_at = None
    found.save(update_fields=["removed_at"])
    found.material.state, found.material.settled_at = MaterialState.HAVE, now
    found.material.received = found.material.received or Received.UPLOADED
    found.material.save()
    work.note("cases.file_restored", material=found.material.code, sm3=bytes(found.sm3))
    work.save()


# -- receipt -----------------------------------------------------------------------------------------------------------------


@once
def submit_case(*, case_id: UUID, version: int | None = None, by: Actor, now: datetime) -> str:
    """Receive a draft: it gets its number and the time to tell what is missing begins. Returns the number.

    The form must be complete; missing materials are no hindrance, they are what a correction notice is for.
    """
    by.must(RECEIVE)
    work = locked(at_counter, case_id, by=by, now=now, version=version)
    _must_be_open(work)
    return submit(work)


def attached(case: Case, standard: Standard) -> set[str]:
    """For which fields of a case's form something was handed in."""
    wanted = [m.code for m in standard.attachments]
    if not wanted:
        return set()
    found = CaseMaterial.objects.filter(case=case, code__in=wanted, state=MaterialState.HAVE)
    return set(found.values_list("code", flat=True))


def submit(work: Work, values: Mapping[str, Any] | None = None) -> str:
    """Receive a locked draft whose form, as it is kept or as given, must be complete; returns its number."""
    standard = get_standard(work.case.standard_id)
    values = work.case.form.open_json() if values is None else values
    work.change(form=check_form(standard.form, values, today=local_date(work.now), attached=attached(work.case, standard)))
    notice = _receive(work, standard)
    work.save()
    rows.insert(notice)
    assert work.case.number
    return work.case.number


@once
def receive_case(
    *, item_code: str, applicant: Applicant, form: Mapping[str, Any], materials: Sequence[Handed] = (), region: str = "", by: Actor,
    now: datetime,
) -> UUID:  # fmt: skip
    """Take a complete application in at once, without a draft: as the API, bundles and benefits do. Returns the case.

    Raises :class:`Invalid` with every wrong field, :class:`NoAuthority`.
    """
    by.must(RECEIVE)
    case, standard = _new_case(item_code, applicant, by, now, region or by.region)
    return take_in(case, standard, form=form, materials=materials, by=by, now=now)


def take_in(
    case: Case, standard: Standard, *, form: Mapping[str, Any], materials: Sequence[Handed], by: Actor, now: datetime
) -> UUID:
    """Receive a case that is not saved yet, with its form and materials. Raises :class:`Invalid` with every wrong field."""
    given = {h.code for h in materials if h.received or h.files}
    case.form = check_form(standard.form, form, today=local_date(now), attached=given)
    work = Work(case, by=by, now=now, new=True)
    work.note("cases.started", item=case.item_code, standard=case.standard_id, channel=case.channel)
    notice = _receive(work, standard)
    listed = material_rows(case, standard)
    by_code = {row.code: row for row in listed}
    for handed in materials:
        row = by_code.get(handed.code)
        if row is None:
            raise NotFound(what=msg("该材料"))
        _apply(row, handed, standard, now)
        if by.resident_id and (wanted := standard.material(row.code)) and is_question(wanted):
            row.applies = not handed.not_applicable
    work.save(notice, *listed)
    for handed in materials:
        if handed.files:
            add_files(by_code[handed.code], handed, now)
        if handed.received in (Received.COMMITTED, Received.PROMISED):
            _keep_promise(work, by_code[handed.code], handed)
    return case.pk


def _receive(work: Work, standard: Standard) -> ClockRow:
    case, now = work.case, work.now
    received = clocks.receipt_day(case.region, now)
    work.change(number=next_number(case, local_date(now)), received_at=now)
    assert standard.times.notice
    notice = clocks.new_clock(case, ClockKind.NOTICE, standard.times.notice, start=received, event="received", at=now)
    work.change(**clocks.lift(case, [notice]))
    work.move(Move.SUBMIT, number=case.number, received_on=received, applicant_is_employer=case.applicant_is_employer)
    want_shared(case, standard, by=work.by)
    return notice


def next_number(case: Case, day: date) -> str:
    """The next number of a division, day and channel. The counter row stays locked until the case is committed."""
    return next_numbers([case], day)[case.pk]


def next_numbers(cases: Sequence[Case], day: date) -> dict[UUID, str]:
    """The same for many cases, with a statement for each division and channel, always in the same order."""
    same: dict[tuple[str, str], list[UUID]] = {}
    for case in cases:
        same.setdefault((case.region[:6].ljust(6, "0"), case.channel), []).append(case.pk)
    found: dict[UUID, str] = {}
    with connection.cursor() as cursor:
        for (area, channel), ids in sorted(same.items()):
            cursor.execute(
                "INSERT INTO cases_counter AS c (area, day, channel, last) VALUES (%s, %s, %s, %s) "
                "ON CONFLICT (area, day, channel) DO UPDATE SET last = c.last + excluded.last RETURNING last",
                [area, day, channel, len(ids)],
            )
            first = cursor.fetchone()[0] - len(ids) + 1
            found |= {pk: str(CaseNumber(area, day, Channel(channel), n)) for n, pk in enumerate(ids, first)}
    return found


# -- correction ----------------------------------------------------------------------------------------------------------------


@once
def request_correction(
    *, case_id: UUID, missing: Sequence[Missing], version: int | None = None, by: Actor, now: datetime
) -> UUID | None:
    """Tell the applicant everything that is missing, once, in writing; returns the notice.

    What the bureau can get from another department is not asked for (:class:`AskedForTooMuch`). A second notice is refused
    (:class:`CorrectionOnce`). If the time to tell has run out and silence counts as acceptance, the case is accepted as of
    the day of receipt instead, and None is returned (行政许可法 art. 32(4)).
    """
    by.must(ACCEPT)
    work = locked(at_counter, case_id, by=by, now=now, version=version)
    must_be_mine(work)
    case, standard = work.case, get_standard(work.case.standard_id)
    earlier = Correction.objects.filter(case=case).first()
    if earlier:
        raise CorrectionOnce(day=earlier.given_on.isoformat())
    if not missing:
        raise NothingToCorrect(field="missing")
    _check_request(missing, standard)
    notice = ClockRow.objects.filter(case=case, kind=ClockKind.NOTICE, outcome="running").first()
    today = local_date(now)
    late = notice is not None and notice.due_on is not None and today > notice.due_on
    if late and standard.times.notice and standard.times.notice.deemed_accepted:
        _accept(work, standard, deemed=True)
        return None
    days = calendar(case.region)
    limit = Limit(number=settings.ENV.correction_days, unit="workday", basis="补正告知书所定期限", certainty="L")
    waiting = clocks.new_clock(case, ClockKind.CORRECTION, limit, start=today, event="correction_requested", at=now)
    assert waiting.due_on
    head = letterhead(case.org_id)
    document = papers.compose_for(
        case,
        PaperKind.CORRECTION_NOTICE,
        _correction_data(case, standard, missing, waiting.due_on),
        org_id=head.body_id,
        by=by,
        now=now,
    )
    Correction.objects.create(
        case=case, items=[{"code": m.code, "what": m.what, "is_field": m.is_field} for m in missing], given_at=now, given_on=today,
        due_on=waiting.due_on, late=late, document_id=document,
    )  # fmt: skip
    clocks.stop(case, [ClockKind.NOTICE], on=now)
    rows.insert(waiting)
    work.change(due_on=waiting.due_on, amber_on=waiting.amber_on, provisional=not days.is_announced(waiting.due_on))
    work.move(
        Move.REQUEST_CORRECTION, items=[{"code": m.code, "what": m.what} for m in missing], until=waiting.due_on, document=document,
        late=late,
    )  # fmt: skip
    work.save()
    return document


def _check_request(missing: Sequence[Missing], standard: Standard) -> None:
    fields = {f.name for f in standard.typed}
    for entry in missing:
        if not entry.what.strip():
            raise ReasonMissing(field=entry.code, what=msg("需要补正什么"))
        if entry.is_field:
            if entry.code not in fields:
                raise NotFound(what=msg("该表单栏目"))
            continue
        material = standard.material(entry.code)
        if material is None:
            raise NotFound(what=msg("该材料"))
        if material.from_departments:
            raise AskedForTooMuch(field=entry.code, name=material.name, issuer=material.issued_by or _VERIFIED_BY)


def _correction_data(case: Case, standard: Standard, missing: Sequence[Missing], until: date) -> dict[str, Any]:
    labels = {f.name: f"表单栏目“{f.label}”" for f in standard.form} | {m.code: m.name for m in standard.to_hand_in}
    return papers.addressed(case, standard, letterhead(case.org_id)) | {
        "submitted_on": local_date(case.received_at or case.started_at),
        "items": [{"material": labels[m.code][:500], "problem": m.what} for m in missing],
        "reply_by": until,
        "ways": ["到任一窗口补交", "由他人代为补交", "邮寄到收件窗口"],
        "consequence": "逾期未补正的，本次申请视为撤回；您可以随时重新申请，已收的材料继续有效。",
        "help": "补正有困难的，请告诉窗口工作人员，我们帮您一起办。未列入本告知书的内容，不再要求补正。",
        "legal_basis": ["《中华人民共和国行政许可法》第三十二条第一款第四项"],
    }


@once
def receive_correction(*, case_id: UUID, version: int | None = None, by: Actor, now: datetime) -> None:
    """Note that everything the notice asked for has come in; the case can be accepted.

    Raises :class:`StillMissing` naming what has not. Nothing outside the notice is looked at.
    """
    by.must(RECEIVE)
    corrected(locked(at_counter, case_id, by=by, now=now, version=version))


def corrected(work: Work) -> None:
    """Note on a locked case that everything asked for has come in. Raises :class:`StillMissing`."""
    case, standard, now = work.case, get_standard(work.case.standard_id), work.now
    correction = Correction.objects.select_for_update().filter(case=case, corrected_at=None).first()
    if correction is None:
        raise NotFound(what=msg("待补正的办件"))
    listed = {m.code: m for m in CaseMaterial.objects.filter(case=case)}
    values = case.form.open_json()
    lacking = [
        entry["code"]
        for entry in correction.items
        if not (values.get(entry["code"]) if entry["is_field"] else MaterialState(listed[entry["code"]].state).settled)
    ]
    if lacking:
        labels = {f.name: f.label for f in standard.form} | {m.code: m.name for m in standard.to_hand_in}
        raise StillMissing(names="、".join(labels[c] for c in lacking))
    correction.corrected_at = now
    correction.save(update_fields=["corrected_at"])
    clocks.stop(case, [ClockKind.CORRECTION], on=now)
    # Some laws give the authority fresh time from the day all corrections are in (工伤认定办法 art. 8).
    assert standard.times.notice
    fresh = clocks.new_clock(
        case, ClockKind.NOTICE, standard.times.notice, start=clocks.receipt_day(case.region, now), event="corrected", at=now
    )
    rows.insert(fresh)
    work.change(**clocks.lift(case, [fresh]))
    work.move(Move.CORRECT)
    work.save()


# -- acceptance ------------------------------------------------------------------------------------------------------------------


@once
def accept_case(*, case_id: UUID, version: int | None = None, by: Actor, now: datetime) -> UUID:
    """Accept a case: the promise begins, the acceptance notice is written, and the draw settles who reviews it.

    Returns the acceptance notice. Raises :class:`MaterialsMissing` naming what the applicant still has to bring; what
    other departments hold never stands in the way and becomes owed by the bureau.
    """
    by.must(ACCEPT)
    work = locked(at_counter, case_id, by=by, now=now, version=version)
    case, standard = work.case, get_standard(work.case.standard_id)
    if case.external:
        raise HandledElsewhere(item=standard.name, system=standard.external_system)
    powers = authority(case.item_code, region=case.region, on=local_date(now))
    if case.org_id != by.org_id or Power.ACCEPT not in powers.powers(by.org_id, by.body_id):
        raise no_authority(standard, powers, Power.ACCEPT, on=local_date(now), here=True)
    must_be_mine(work)
    return _accept(work, standard, powers, deemed=False)


def _accept(work: Work, standard: Standard, powers: ItemAuthority | None = None, *, deemed: bool) -> UUID:
    """Accept a locked case. ``deemed``: by law, because nothing was said in time; day 0 is then the day of receipt."""
    case, by, now = work.case, work.by, work.now
    powers = powers or authority(case.item_code, region=case.region, on=local_date(now))
    materials = rows.load(CaseMaterial, "WHERE t.case_id = %s ORDER BY t.code", [case.pk])
    if not deemed:
        _must_be_complete(materials, standard)
    for material in materials:
        if material.state == MaterialState.WILL_VERIFY:
            material.state = MaterialState.OWED
    owed = [material for material in materials if material.state == MaterialState.OWED]
    notice = clocks.stop(case, [ClockKind.NOTICE], on=now).get(ClockKind.NOTICE)
    start = notice.start if deemed and notice else local_date(now)
    fresh = begin_processing(work, standard, powers, start=start, event="deemed_accepted" if deemed else "accepted")
    work.change(accepted_deemed=deemed)
    accepted = Step(
        case=case, ordinal=0, kind=StepKind.ACCEPT, name="受理", state=StepState.DONE, user_id=by.user_id, org_id=by.org_id,
        automatic=by.user_id is None, opened_at=now, done_at=now,
    )  # fmt: skip
    work.move(
        Move.DEEM_ACCEPTED if deemed else Move.ACCEPT, start=start, promised=fresh[0].due_on, owed=[m.code for m in owed],
        basis=fresh[0].basis,
    )  # fmt: skip
    stage = first_stage(case, standard, now=now)
    draw, stage_clock = open_stage(work, stage, standard, others=[accepted])
    pending = promises.at_acceptance(work, standard) if any(map(_is_promised, materials)) else {}
    document = papers.compose_for(
        case, PaperKind.ACCEPTANCE_NOTICE,
        papers.acceptance_data(
            case, standard, materials, fresh[0], case.receipt_code.open() if case.receipt_code else "", pending=pending
        ),
        org_id=letterhead(case.org_id).body_id, by=by, now=now,
    )  # fmt: skip
    rows.insert(*filter(None, (accepted, stage, draw, *fresh, stage_clock)))
    if owed:
        owe_materials(case)
    work.save()
    if stage.automatic:
        defer("cases.decide_automatically", step_id=str(stage.pk))
    return document


def _is_promised(row: CaseMaterial) -> bool:
    return row.received == Received.COMMITTED or row.state == MaterialState.PENDING


def _must_be_complete(materials: Iterable[CaseMaterial], standard: Standard) -> None:
    required = {m.code for m in standard.to_hand_in if m.required is Required.YES}
    lacking = [row.name for row in materials if row.code in required and not MaterialState(row.state).settled]
    # A conditional material must be settled one way or the other, so that nobody forgets to ask whether it applies.
    conditional = {m.code for m in standard.materials if m.required is Required.CONDITIONAL and not m.from_departments}
    lacking += [row.name for row in materials if row.code in conditional and not MaterialState(row.state).settled]
    if lacking:
        raise MaterialsMissing(names="、".join(lacking))


def remember_form(*, case_id: UUID, by: Actor, now: datetime) -> None:
    """Keep what the form told of the applicant that will be asked again, so that it is said only once."""
    case = Case.objects.get(pk=case_id)
    values = case.form.open_json()
    names = known_facts(get_standard(case.standard_id), employer=case.applicant_is_employer)
    facts = {fact: str(values[name]) for name, fact in names.items() if values.get(name)}
    learn(party_id=case.applicant_id, is_employer=case.applicant_is_employer, facts=facts, by=by, now=now)


# -- not accepted, withdrawn -----------------------------------------------------------------------------------------------------


@once
def refuse_case(
    *,
    case_id: UUID,
    ground: RefusalGround,
    reason: str,
    right_authority: str = "",
    version: int | None = None,
    by: Actor,
    now: datetime,
) -> UUID:
    """Not accept an application, in writing, on a legal ground, with the right authority and the remedies.

    No window can do this: it takes a supervisor (否定报备). Returns the decision.
    """
    by.must(REFUSE)
    work = locked(supervises, case_id, by=by, now=now, version=version)
    if not reason.strip():
        raise ReasonMissing(field="reason", what=msg("不予受理的事实和理由"))
    if ground is RefusalGround.NOT_OURS and not right_authority.strip():
        raise ReasonMissing(field="right_authority", what=msg("有权受理的机关"))
    case, standard = work.case, get_standard(work.case.standard_id)
    head = letterhead(case.org_id)
    work.move(Move.REFUSE, ground=ground, reason=reason, right_authority=right_authority)
    document = papers.compose_for(
        case, PaperKind.NON_ACCEPTANCE,
        papers.addressed(case, standard, head) | {
            "submitted_on": local_date(case.received_at or case.started_at),
            "ground": ground.value if ground in (RefusalGround.NOT_NEEDED, RefusalGround.NOT_OURS) else "other",
            "reasons": reason, "legal_basis": [ground.basis], "remedy": papers.remedy(head),
            "right_authority": {"name": right_authority} if right_authority else None,
        },
        org_id=letterhead(case.org_id).body_id, by=by, now=now,
    )  # fmt: skip
    Refusal.objects.create(
        case=case, ground=ground, reason=reason, right_authority=right_authority, remedies=papers.remedy_text(head),
        approved_by_id=by.person_id, document_id=document, at=now,
    )  # fmt: skip
    _void_clocks(work)
    work.save()
    return document


@once
def withdraw_case(*, case_id: UUID, reason: str = "", version: int | None = None, by: Actor, now: datetime) -> None:
    """End a case because its applicant wants it so; the clocks become void and count neither as on time nor as late."""
    by.must(RECEIVE)
    work = locked(at_counter, case_id, by=by, now=now, version=version)
    withdraw(work, reason=reason)


def withdraw(work: Work, *, reason: str) -> None:
    """Withdraw a locked case; also for corrections that never came and drafts given up, which are forgotten (PI-06).

    What the bureau began by itself nobody takes back but the bureau.
    """
    if work.case.channel == Channel.AUTOMATIC and work.by.channel != Channel.AUTOMATIC:
        raise NotFound(what=msg("可以撤回的申请"))
    gone = _forget_draft(work) if work.case.state == State.DRAFT else ()
    work.move(Move.WITHDRAW, reason=reason)
    for step in Step.objects.filter(case=work.case, state__in=[StepState.WAITING, StepState.OPEN]):
        if step.state == StepState.OPEN:
            give_back_place(step.user_id)
        step.state = StepState.RELEASED
        step.save(update_fields=["state"])
    _void_clocks(work)
    work.save()
    if gone:
        forget_unused(gone, but=work.case.pk)


def _forget_draft(work: Work) -> tuple[UUID, ...]:
    """Of what was never submitted nothing is to be kept: neither what was filled in nor what was handed in; the files to be forgotten."""
    work.change(form={})
    CaseMaterial.objects.filter(case=work.case).update(note="")
    laid = MaterialFile.objects.filter(material__case=work.case)
    laid.filter(removed_at=None).update(removed_at=work.now)
    return tuple(laid.values_list("file_id", flat=True))


def _void_clocks(work: Work) -> None:
    promises.let_go(work)
    clocks.stop(work.case, ClockKind, on=work.now, void=True)
    work.change(due_on=None, amber_on=None, statutory_due_on=None, provisional=False)


__all__ = [
    "Applicant", "Handed", "Missing", "accept_case", "hand_in", "receive_case", "receive_correction", "refuse_case",
    "remember_form", "remove_file", "request_correction", "restore_file", "save_form", "start_case", "submit_case", "withdraw_case",
]  # fmt: skip
