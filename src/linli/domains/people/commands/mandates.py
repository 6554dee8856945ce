"""Letting somebody act for somebody: given by the principal on the portal, registered by a clerk who saw the paper, taken back by either."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from linli.domains.org.queries import is_one_of
from linli.domains.people.commands.records import employer_subject, person_subject
from linli.domains.people.errors import (
    AgentIsClerk,
    AgentIsPrincipal,
    AgentUnknown,
    EvidenceMissing,
    GroundUnfit,
    MandateDaysWrong,
    MandateOver,
    NotVerified,
    ScopeMissing,
)
from linli.domains.people.models import Account, Employer, Mandate, Person
from linli.domains.people.queries.mandates import is_principal, may_end, seen_mandates
from linli.domains.people.queries.records import CONTEXT, looked_today
from linli.domains.people.rules import FOR_EMPLOYERS, FOR_PERSONS, Assurance, Ground, Scope, comes_of_age, longest_mandate
from linli.domains.trace.commands import Subject, once, record
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date, with_weekday
from linli.kernel.errors import NotFound
from linli.kernel.fields import blind
from linli.kernel.ids import uuid7
from linli.kernel.text import Message, msg


def find_agent(*, name: str, id_number: str) -> UUID:
    """Somebody to whom a mandate may be given: name and number must both agree, and which of them does not is not said.

    Raises :class:`AgentUnknown`.
    """
    found = Person.objects.filter(id_index=blind(id_number, context=CONTEXT), verified=True, name=name.strip())
    pk = found.values_list("pk", flat=True).first()
    if pk is None:
        raise AgentUnknown(field="id_number")
    return pk


@once
def give_mandate(
    *, agent_name: str, agent_number: str, scopes: Collection[Scope], items: Collection[str] = (), last_day: date, by: Actor, now: datetime
) -> UUID:  # fmt: skip
    """A resident lets somebody act for them from today to a day (included); it counts at once.

    Raises :class:`NotVerified` for who has only said who they are, :class:`AgentUnknown`, :class:`AgentIsPrincipal`,
    :class:`MandateDaysWrong`, :class:`ScopeMissing`.
    """
    by.must("portal.use")
    account = Account.objects.get(pk=by.user_id)
    if account.assurance == Assurance.LOW:
        raise NotVerified
    agent = find_agent(name=agent_name, id_number=agent_number)
    today = local_date(now)
    row = Mandate(
        id=uuid7(), principal_id=account.person_id, agent_id=agent, scopes=_scopes(scopes), items=sorted(items), first_day=today,
        last_day=last_day, ground=Ground.ONLINE, registered_by_id=by.person_id, registered_at=now,
    )  # fmt: skip
    return _save(row, "people.mandate_given", today, longest_mandate(today), by, now)


@once
def register_mandate(
    *, principal_id: UUID, is_employer: bool, agent_id: UUID, scopes: Collection[Scope], items: Collection[str] = (), last_day: date,
    ground: Ground, evidence: str, document_id: UUID | None = None, by: Actor, now: datetime,
) -> UUID:  # fmt: skip
    """A clerk who has seen the paper registers that somebody may act for a person or an employer, from today to a day (included).

    ``document_id`` is the kept picture of the paper. Nobody registers their own. An employer has one legal representative: a new one
    ends what the one before held. Raises :class:`GroundUnfit`, :class:`EvidenceMissing`, :class:`AgentIsClerk` and those of
    :func:`give_mandate`.
    """
    by.must("people.register")
    today = local_date(now)
    latest = longest_mandate(today)
    if not evidence.strip():
        raise EvidenceMissing(field="evidence")
    if ground not in (FOR_EMPLOYERS if is_employer else FOR_PERSONS) - {Ground.ONLINE}:
        raise GroundUnfit(field="ground", ground=Message(ground.label))
    agent = Person.objects.filter(pk=agent_id, verified=True).first()
    principal = None if is_employer else Person.objects.filter(pk=principal_id, verified=True).first()
    if agent is None or (principal is None and not (is_employer and Employer.objects.filter(pk=principal_id).exists())):
        raise NotFound(what=msg("该人员"))
    if is_one_of(by.person_id, bytes(agent.id_index)):
        raise AgentIsClerk
    if ground is Ground.PARENT:
        grown = comes_of_age(principal.birth_date) if principal and principal.birth_date else today
        if grown <= today:
            raise GroundUnfit(field="ground", ground=Message(ground.label))
        latest = date.fromordinal(grown.toordinal() - 1)
    row = Mandate(
        id=uuid7(), principal_id=None if is_employer else principal_id, employer_id=principal_id if is_employer else None,
        agent_id=agent_id, scopes=_scopes(scopes), items=sorted(items), first_day=today, last_day=last_day, ground=ground,
        evidence=evidence.strip()[:200], document_id=document_id, registered_by_id=by.person_id, registered_at=now,
    )  # fmt: skip
    if ground is Ground.LEGAL_REPRESENTATIVE:
        held = Mandate.objects.select_for_update().filter(employer_id=principal_id, ground=ground, revoked_at=None)
        for before in held.exclude(agent_id=agent_id).order_by("pk"):
            _end(before, by, now)
    return _save(row, "people.mandate_registered", today, latest, by, now)


@once
def revoke_mandate(*, mandate_id: UUID, by: Actor, now: datetime) -> None:
    """Take a mandate back, or give it up; from now on it gives nothing. Its two sides may, who stands for the employer whose it is
    (``queries.may_end``), and a clerk for a principal who is present.

    Safe to repeat. Raises :class:`NotFound`.
    """
    by.must("portal.use" if by.resident_id else "people.register")
    row = Mandate.objects.select_for_update().filter(pk=mandate_id).first()
    if row is None or (by.resident_id and not may_end(row, by.resident_id, on=local_date(now))):
        raise NotFound(what=msg("这份授权"))
    if row.revoked_at is None:
        _end(row, by, now)


def _end(row: Mandate, by: Actor, now: datetime) -> None:
    row.revoked_at, row.revoked_by_id = now, by.person_id
    row.save(update_fields=["revoked_at", "revoked_by_id"])
    record("people.mandate_revoked", subject=_subject(row), by=by, at=now, mandate=row.pk, agent=row.agent_id)


# -- the signed paper -----------------------------------------------------------------------------------------------------------


@once
def attach_paper(*, mandate_id: UUID, document_id: UUID, by: Actor, now: datetime) -> None:
    """Put the kept picture of the signed paper to a mandate in force; once there, it stays. For the principal.

    Raises :class:`NotFound`, :class:`MandateOver`.
    """
    by.must("portal.use")
    today = local_date(now)
    row = Mandate.objects.select_for_update().filter(pk=mandate_id).first()
    if row is None or by.resident_id is None or not is_principal(row, by.resident_id, on=today):
        raise NotFound(what=msg("这份授权"))
    if row.document_id or row.revoked_at or row.last_day < today:
        raise MandateOver
    row.document_id = document_id
    row.save(update_fields=["document_id"])
    record("people.mandate_paper", subject=_subject(row), by=by, at=now, mandate=row.pk, document=document_id)


@transaction.atomic
def read_paper(*, mandate_id: UUID, by: Actor, now: datetime) -> UUID:
    """The kept picture of the paper, for either side and for the counter, whose look is recorded where its owner sees it.

    Raises :class:`NotFound` for everybody else, and where there is none.
    """
    if by.resident_id:
        today = local_date(now)
        row = seen_mandates(by, on=today).filter(pk=mandate_id).first()
        if row and not (is_principal(row, by.resident_id, on=today) or (row.revoked_at is None and today <= row.last_day)):
            row = None  # an agent has no business with it any more
    else:
        by.must("people.register")
        row = Mandate.objects.filter(pk=mandate_id).first()
    if row is None or row.document_id is None:
        raise NotFound(what=msg("委托书扫描件"))
    if not by.resident_id:
        record("people.paper_viewed", subject=_subject(row), by=by, at=now, mandate=row.pk)
    return row.document_id


@transaction.atomic
def note_look(*, party_id: UUID, is_employer: bool, case: UUID, by: Actor, now: datetime) -> None:
    """Record that somebody looked at a case of who lets them act, where its owner sees it: once a day for each case."""
    by.must("portal.use")
    subject = employer_subject(party_id) if is_employer else person_subject(party_id)
    if not looked_today(party_id, by=by, case=case, now=now):
        record("people.viewed", subject=subject, by=by, at=now, case=case)


def _scopes(scopes: Collection[Scope]) -> list[str]:
    if not scopes:
        raise ScopeMissing(field="scopes")
    return [s.value for s in Scope if s in scopes]


def _save(row: Mandate, act: str, first: date, latest: date, by: Actor, now: datetime) -> UUID:
    if row.principal_id == row.agent_id:
        raise AgentIsPrincipal(field="id_number")
    if not first <= row.last_day <= latest:
        raise MandateDaysWrong(field="last_day", first=with_weekday(first), last=with_weekday(latest))
    row.save(force_insert=True)
    record(
        act, subject=_subject(row), by=by, at=now, mandate=row.pk, agent=row.agent_id, scopes=row.scopes, items=row.items,
        last_day=row.last_day, ground=row.ground, document=row.document_id,
    )  # fmt: skip
    return row.pk


def _subject(row: Mandate) -> Subject:
    if row.principal_id:
        return person_subject(row.principal_id)
    assert row.employer_id
    return employer_subject(row.employer_id)
