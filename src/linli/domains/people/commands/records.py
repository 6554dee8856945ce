"""Registering and correcting persons and employers, and looking at their records."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from linli.domains.people.models import Consent, Employer, Person
from linli.domains.people.queries.records import CONTEXT, employer_facts, person_facts
from linli.domains.people.rules import EMPLOYER_PROFILE, NEEDS_CONSENT, PERSON_PROFILE, Gender, IdType, Purpose, check_document
from linli.domains.trace.commands import Subject, once, record
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.errors import LinliError, NotAllowed, NotFound
from linli.kernel.fields import blind
from linli.kernel.identifiers import check_credit_code, check_phone
from linli.kernel.search import vector
from linli.kernel.text import msg, noop


class NameDiffers(LinliError):
    code = "people.name_differs"
    template = noop("该证件号码已登记在“%(known)s”名下，与输入的姓名不同。")
    remedy = noop("请核对证件；如姓名确已变更，请先更正登记信息。")


class ReasonMissing(LinliError):
    code = "people.reason_missing"
    template = noop("请写明为什么要查。")


def person_subject(person_id: UUID) -> Subject:
    return Subject("person", person_id)


def employer_subject(employer_id: UUID) -> Subject:
    return Subject("employer", employer_id)


@once
def register_person(
    *, name: str, id_type: IdType, id_number: str, gender: Gender = Gender.UNKNOWN, birth_date: date | None = None, phone: str = "",
    address: str = "", region: str, by: Actor, now: datetime,
) -> UUID:  # fmt: skip
    """Register a person, or find the one with that document. Raises errors that name the field.

    The birth date of an 18-character number is taken where none is given. Raises :class:`NameDiffers` if the document
    is known under another name.
    """
    by.must("people.register")
    number, born = check_document(id_type, id_number, today=local_date(now), field="id_number")
    index = blind(number, context=CONTEXT)
    known = Person.objects.filter(id_type=id_type, id_index=index, verified=True).first()
    if known is None:
        tel = check_phone(phone, field="phone") if phone else None
        person = Person(
            name=name.strip(), id_type=id_type, id_number=number, id_index=index, gender=gender, birth_date=birth_date or born,
            phone=tel, phone_index=blind(tel, context="phone") if tel else None, address=address.strip() or None, region=region,
            created_at=now, updated_at=now,
        )  # fmt: skip
        try:
            with transaction.atomic():
                person.save(force_insert=True)
        except IntegrityError:  # registered at another window this very moment
            known = Person.objects.get(id_type=id_type, id_index=index, verified=True)
        else:
            record("people.registered", subject=person_subject(person.pk), by=by, at=now, new=True, id_type=id_type)
            return person.pk
    if known.name != name.strip():
        raise NameDiffers(field="name", known=known.name)
    return known.pk


@once
def register_employer(
    *, name: str, credit_code: str, legal_representative: str = "", phone: str = "", address: str = "", region: str, by: Actor,
    now: datetime,
) -> UUID:  # fmt: skip
    """Register an employer, or find the one with that code."""
    by.must("people.register")
    code = check_credit_code(credit_code, field="credit_code").value
    known = Employer.objects.filter(credit_code=code).first()
    if known is not None:
        return known.pk
    tel = check_phone(phone, field="phone") if phone else None
    employer = Employer(
        name=name.strip(), search=vector(name), credit_code=code, legal_representative=legal_representative.strip(), phone=tel,
        address=address.strip(), region=region, created_at=now, updated_at=now,
    )  # fmt: skip
    try:
        with transaction.atomic():
            employer.save(force_insert=True)
    except IntegrityError:
        return Employer.objects.get(credit_code=code).pk
    record("people.employer_registered", subject=employer_subject(employer.pk), by=by, at=now, new=True)
    return employer.pk


def update_person(*, person_id: UUID, changes: Mapping[str, str], by: Actor, now: datetime) -> None:
    """Correct name, gender, phone or address. What changed is recorded, not the values."""
    by.must("people.register")
    with transaction.atomic():
        person = Person.objects.select_for_update().filter(pk=person_id).first()
        if person is None:
            raise NotFound(what=msg("该人员"))
        for field, value in changes.items():
            if field == "phone":
                tel = check_phone(value, field="phone") if value else None
                person.phone, person.phone_index = tel, blind(tel, context="phone") if tel else None
            elif field in ("name", "gender", "address"):
                setattr(person, field, value.strip() or None if field == "address" else value.strip())
            else:
                raise ValueError(field)
        person.updated_at = now
        person.save()
        record("people.corrected", subject=person_subject(person_id), by=by, at=now, fields=sorted(changes))


def learn(*, party_id: UUID, is_employer: bool, facts: Mapping[str, str], by: Actor, now: datetime) -> None:
    """Keep what a form said that will be asked again, so that a resident says it once. Unknown facts are left alone."""
    allowed = EMPLOYER_PROFILE if is_employer else PERSON_PROFILE
    told = {k: v for k, v in facts.items() if k in allowed and v and (is_employer or not _unwanted(party_id, k, by))}
    if not told:
        return
    with transaction.atomic():
        model = Employer if is_employer else Person
        party = model.objects.select_for_update().get(pk=party_id)
        profile = dict(party.profile.open_json()) if party.profile else {}
        fresh = profile | told
        if fresh != profile:
            party.profile, party.updated_at = fresh, now
            party.save(update_fields=["profile", "updated_at"])


def _unwanted(person_id: UUID, fact: str, by: Actor) -> bool:
    """Whether a fact is kept only with consent, and there is none: never given on the portal, or taken back (PI-03, PI-04)."""
    for purpose, kept in NEEDS_CONSENT.items():
        if fact in kept:
            newest = Consent.objects.filter(person_id=person_id, purpose=purpose).order_by("-given_at", "-id").first()
            return by.resident_id is not None if newest is None else newest.withdrawn_at is not None
    return False


def find_person(*, number: str, by: Actor, now: datetime) -> UUID | None:
    """Find somebody by the whole number of a document; a hit is recorded in their chain."""
    by.must("people.register")
    index = blind(number, context=CONTEXT)
    found = Person.objects.filter(id_index=index, verified=True).values_list("pk", flat=True).first()
    if found:
        with transaction.atomic():
            record("people.looked_up", subject=person_subject(found), by=by, at=now)
    return found


def audit_looks(*, number: str, reason: str, by: Actor, now: datetime) -> UUID:
    """Find whose record is to be audited, by the whole number of a document; the auditor's own look is recorded with its reason.

    Raises :class:`NotFound`, :class:`ReasonMissing`.
    """
    by.must("trace.verify")
    if not reason.strip():
        raise ReasonMissing(field="reason")
    found = Person.objects.filter(id_index=blind(number, context=CONTEXT), verified=True).values_list("pk", flat=True).first()
    if found is None:
        raise NotFound(field="number", what=msg("这个证件号码对应的人员"))
    with transaction.atomic():
        record("people.looks_audited", subject=person_subject(found), by=by, at=now, purpose=reason.strip())
    return found


# Posts that serve people at a counter or judge their cases; nobody else has a use for what is known of somebody.
_MAY_LOOK = ("people.register", "cases.review", "cases.decide", "benefits.certify", "benefits.run")


def _must_serve(by: Actor) -> None:
    if not any(by.can(permission) for permission in _MAY_LOOK):
        raise NotAllowed(permission=_MAY_LOOK[0])


@dataclass(frozen=True, slots=True)
class Shown:
    """A value shown whole, and for how long a page should keep it."""

    value: str
    seconds: int = 60


def view_person(*, person_id: UUID, by: Actor, now: datetime, case: UUID | None = None) -> dict[str, str]:
    """What the bureau knows, for filling a form; recorded in the person's chain, where they can see it."""
    _must_serve(by)
    with transaction.atomic():
        facts = person_facts(person_id)
        record("people.viewed", subject=person_subject(person_id), by=by, at=now, case=case)
    return facts


def view_employer(*, employer_id: UUID, by: Actor, now: datetime, case: UUID | None = None) -> dict[str, str]:
    """The same for an employer."""
    _must_serve(by)
    with transaction.atomic():
        facts = employer_facts(employer_id)
        record("people.viewed", subject=employer_subject(employer_id), by=by, at=now, case=case)
    return facts


def view_full(*, person_id: UUID, field: str, purpose: Purpose, case: UUID | None = None, by: Actor, now: datetime) -> Shown:
    """Show a whole number for a stated purpose; the showing is an event in the person's chain (PI-12)."""
    _must_serve(by)
    if field not in ("id_number", "phone", "address"):
        raise NotFound(what=msg("该字段"))
    with transaction.atomic():
        person = Person.objects.filter(pk=person_id).first()
        if person is None:
            raise NotFound(what=msg("该人员"))
        sealed = getattr(person, field)
        record("people.shown_whole", subject=person_subject(person_id), by=by, at=now, field=field, purpose=purpose, case=case)
    return Shown(sealed.open() if sealed else "")


@transaction.atomic
def view_numbers(*, person_ids: Collection[UUID], purpose: Purpose, by: Actor, now: datetime) -> dict[UUID, str]:
    """The whole numbers of several people for a stated purpose, as a list needs them; each showing is an event in that person's chain."""
    _must_serve(by)
    found = {p.pk: p.id_number.open() for p in Person.objects.filter(pk__in=person_ids).only("id", "id_number")}
    for person_id in sorted(found):  # always in one order, so that two lists taken at once do not wait for each other
        record("people.shown_whole", subject=person_subject(person_id), by=by, at=now, field="id_number", purpose=purpose)
    return found
