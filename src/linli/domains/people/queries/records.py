"""Reading persons and employers, masked unless a command recorded why not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from linli.domains.people.models import Employer, Person
from linli.domains.people.rules import Gender, IdType
from linli.domains.trace.queries import Event, events_of
from linli.kernel import rows
from linli.kernel.actors import Actor
from linli.kernel.calendar import SHANGHAI, local_date
from linli.kernel.errors import NotFound
from linli.kernel.fields import TokenQuery, blind
from linli.kernel.identifiers import mask_account, mask_id, mask_phone
from linli.kernel.search import query
from linli.kernel.text import msg

CONTEXT = "id_number"  # of the blind index; the same numbers are compared by other rooms (org.Staff)


@dataclass(frozen=True, slots=True)
class PersonCard:
    """A person as a clerk sees them: masked."""

    id: UUID
    name: str
    id_type: IdType
    id_number: str
    phone: str
    gender: Gender
    birth_date: date | None
    region: str


def person_card(person_id: UUID) -> PersonCard:
    """The masked card of a person."""
    p = Person.objects.filter(pk=person_id).first()
    if p is None:
        raise NotFound(what=msg("该人员"))
    phone = p.phone.open() if p.phone else ""
    return PersonCard(
        p.pk, p.name, IdType(p.id_type), mask_id(p.id_number.open()), mask_phone(phone) if phone else "", Gender(p.gender),
        p.birth_date, p.region,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Party:
    """Who a case is for, in few words."""

    id: UUID
    name: str
    is_employer: bool
    number: str  # masked for persons, whole for employers, whose code is public


def parties(ids: Iterable[UUID | None]) -> dict[UUID, Party]:
    """Names and masked numbers of persons and employers, in two queries however many."""
    wanted = {i for i in ids if i}
    found = {
        p.pk: Party(p.pk, p.name, False, mask_id(p.id_number.open()))
        for p in Person.objects.filter(pk__one_of=wanted).only("id", "name", "id_number")
    }
    if len(found) < len(wanted):
        for e in Employer.objects.filter(pk__one_of=wanted - set(found)).only("id", "name", "credit_code"):
            found[e.pk] = Party(e.pk, e.name, True, e.credit_code)
    return found


def party_names(ids: Collection[UUID]) -> dict[UUID, tuple[str, bool]]:
    """Of very many persons and employers the name, and whether it is an employer; nothing is opened. Two queries however many."""
    people = Person.objects.filter(pk__one_of=ids).values_list("pk", "name")
    employers = Employer.objects.filter(pk__one_of=ids).values_list("pk", "name")
    return {pk: (name, False) for pk, name in people} | {pk: (name, True) for pk, name in employers}


def party(party_id: UUID, *, is_employer: bool) -> Party:
    """One of :func:`parties`, of which is known what it is. Raises :class:`NotFound`."""
    if is_employer and (e := rows.one(Employer, "WHERE t.id = %s", [party_id])):
        return Party(e.pk, e.name, True, e.credit_code)
    if not is_employer and (p := rows.one(Person, "WHERE t.id = %s", [party_id])):
        return Party(p.pk, p.name, False, mask_id(p.id_number.open()))
    raise NotFound(what=msg("该申请人"))


def region_of(party_id: UUID, *, is_employer: bool) -> str:
    """The division a person lives in, or an employer stands in. Raises :class:`NotFound`."""
    model = Employer if is_employer else Person
    found = model.objects.filter(pk=party_id).values_list("region", flat=True).first()
    if found is None:
        raise NotFound(what=msg("该申请人"))
    return found


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Whose account it is, with which bank, and its number; empty where none is known. Never shown: pages show it masked."""

    holder: str
    bank: str
    number: str


def bank_accounts(ids: Iterable[UUID]) -> dict[UUID, BankAccount]:
    """The accounts that some people and employers have in their records, for a room that pays them; two queries however many."""
    wanted = list(ids)
    found = {}
    known: list[Person | Employer] = [*Person.objects.filter(pk__in=wanted), *Employer.objects.filter(pk__in=wanted)]
    for p in known:
        kept = p.profile.open_json() if p.profile else {}
        found[p.pk] = BankAccount(p.name, kept.get("bank_name", ""), kept.get("bank_account", ""))
    return found


def party_indexes(ids: Iterable[UUID]) -> list[bytes]:
    """Blind indexes of persons, for telling whether a member of staff is one of them."""
    wanted = list(ids)
    if not wanted:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT id_index FROM people_person WHERE id = ANY(%s)", [wanted])
        return [bytes(row[0]) for row in cursor.fetchall()]


def person_facts(person_id: UUID) -> dict[str, str]:
    """What is known of a person, by the names of the fact vocabulary; for prefilling a form."""
    p = Person.objects.filter(pk=person_id).first()
    if p is None:
        raise NotFound(what=msg("该人员"))
    facts = {
        "name": p.name,
        "id_type": IdType(p.id_type).label,
        "id_number": p.id_number.open(),
        "gender": Gender(p.gender).label if p.gender != Gender.UNKNOWN else "",
        "birth_date": p.birth_date.isoformat() if p.birth_date else "",
        "phone": p.phone.open() if p.phone else "",
        "address": p.address.open() if p.address else "",
    }
    return dict(p.profile.open_json() if p.profile else {}) | facts


def employer_facts(employer_id: UUID) -> dict[str, str]:
    """The same for an employer."""
    e = Employer.objects.filter(pk=employer_id).first()
    if e is None:
        raise NotFound(what=msg("该单位"))
    facts = {
        "org_name": e.name,
        "credit_code": e.credit_code,
        "legal_representative": e.legal_representative,
        "phone": e.phone.open() if e.phone else "",
        "address": e.address,
    }
    return dict(e.profile.open_json() if e.profile else {}) | facts


_MASKS: dict[str, Callable[[str], str]] = {
    "id_number": mask_id, "credit_code": str, "phone": mask_phone, "handler_phone": mask_phone, "bank_account": mask_account,
    "address": lambda text: text[:6] + "…" if len(text) > 6 else text,
}  # fmt: skip


def masked_facts(facts: Mapping[str, str]) -> dict[str, str]:
    """Facts as a page shows them: numbers masked, of an address the place only."""
    return {name: _MASKS.get(name, str)(value) if value else "" for name, value in facts.items()}


def find_employers(text: str) -> QuerySet[Employer]:
    """Employers by part of the name, pinyin initials, or credit code."""
    code = text.strip().upper()
    if len(code) == 18 and code.isalnum():
        return Employer.objects.filter(credit_code=code)
    wanted = query(text)
    if not wanted:
        return Employer.objects.none()
    return Employer.objects.filter(search=TokenQuery(wanted)).order_by("name", "id")


def find_named(text: str, *, size: int) -> list[UUID]:
    """Persons whose name begins so, and employers as :func:`find_employers` finds them; at most ``size`` of each, in no order: of a
    surname that a tenth of a city bears only as many are looked at as are asked for. Two queries."""
    name = text.strip()
    if not name:
        return []
    persons = Person.objects.filter(name__startswith=name).order_by().values_list("pk", flat=True)[:size]
    return [*persons, *find_employers(name).order_by().values_list("pk", flat=True)[:size]]


# Acts by which somebody saw a person's record.
LOOKS = ("people.viewed", "people.shown_whole", "people.looked_up", "people.looks_audited", "people.paper_viewed")


def looks(person_id: UUID, *, by: Actor) -> QuerySet[Event]:
    """Who looked at a person's record, newest first, for the auditor."""
    by.must("trace.verify")
    return events_of(person_id, acts=LOOKS)


def looked_today(party_id: UUID, *, by: Actor, case: UUID, now: datetime) -> bool:
    """Whether an actor has already been recorded today as looking at a case of somebody."""
    midnight = datetime.combine(local_date(now), time.min, SHANGHAI)
    looks_ = events_of(party_id, acts=("people.viewed",)).filter(user_id=by.user_id, at__gte=midnight, data__case=str(case))
    return looks_.exists()


def person_by_index(index: bytes) -> UUID | None:
    """A person by blind index, for rooms that look for their own rows by a number."""
    return Person.objects.filter(id_index=index, verified=True).values_list("pk", flat=True).first()


def names_known(numbers: Iterable[str]) -> dict[str, str]:
    """The registered names of those of some citizens' numbers that are known, in one query; for telling whether a roster names
    them rightly, never for showing."""
    by_index = {blind(number, context=CONTEXT): number for number in set(numbers)}
    people = Person.objects.filter(id_index__in=list(by_index), verified=True).values_list("id_index", "name")
    return {by_index[bytes(index)]: name for index, name in people}


def is_verified(person_id: UUID) -> bool:
    """Whether the bureau knows who this is, or somebody only says so."""
    return Person.objects.filter(pk=person_id, verified=True).exists()


def recognised(person_id: UUID) -> UUID:
    """Whose a row is under which somebody applied before it was shown who they are; any other is its own."""
    return Person.objects.filter(pk=person_id).values_list("same_as", flat=True).first() or person_id


@dataclass(frozen=True, slots=True)
class Contact:
    """Who somebody is to whom a message goes, and their telephone; of the person they turned out to be, where they applied before."""

    id: UUID
    name: str
    phone: str


def contacts(ids: Collection[UUID], *, employers: bool = False) -> dict[UUID, Contact]:
    """Of very many persons, or employers, how they are told; at most two queries. Raises :class:`NotFound` if somebody is not known."""
    model: Any = Employer if employers else Person
    fields = ("id", "name", "phone") if employers else ("id", "name", "phone", "same_as")
    found = {p.pk: p for p in model.objects.filter(pk__one_of=ids).only(*fields)}
    if any(i not in found for i in ids):
        raise NotFound(what=msg("该单位") if employers else msg("该人员"))
    whose = {pk: pk if employers else p.same_as_id or pk for pk, p in found.items()}
    if others := {i for i in whose.values() if i not in found}:
        found |= {p.pk: p for p in model.objects.filter(pk__one_of=others).only(*fields)}
    told = {pk: Contact(pk, p.name, p.phone.open() if p.phone else "") for pk, p in found.items()}
    return {i: told[whose[i]] for i in ids}


def own_ids_of(ids: Collection[UUID]) -> dict[UUID, UUID]:
    """:func:`own_ids` of many: of each row the person, or employer, it is about."""
    others = Person.objects.filter(same_as__one_of=ids).only("same_as")
    return {p.pk: p.same_as_id for p in others if p.same_as_id} | {i: i for i in ids}


def own_ids(person_id: UUID) -> list[UUID]:
    """A person and the rows under which they applied before it was shown who they are."""
    return [person_id, *Person.objects.filter(same_as=person_id).values_list("pk", flat=True)]
