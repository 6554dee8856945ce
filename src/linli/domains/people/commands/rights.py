"""What somebody may do about what is known of them: see it whole, agree and take back, say that it is wrong."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from linli.domains.org.queries import bureau_for, calendar, overseen_ids
from linli.domains.people.commands.records import Shown, person_subject
from linli.domains.people.errors import AnswerEmpty, CorrectionMissing, CorrectionWrong, ObjectionEmpty, ObjectionOver
from linli.domains.people.models import Consent, Objection, Person
from linli.domains.people.queries.mandates import may_act_for
from linli.domains.people.queries.records import own_ids, person_facts
from linli.domains.people.queries.rights import consent_texts, recorded
from linli.domains.people.rules import NEEDS_CONSENT, ConsentPurpose, Gender, ObjectionState, Scope
from linli.domains.trace.commands import once, record
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.errors import NotAllowed, NotFound
from linli.kernel.fields import blind
from linli.kernel.identifiers import check_phone
from linli.kernel.ids import uuid7
from linli.kernel.text import msg


@transaction.atomic
def show_own(*, field: str, by: Actor, now: datetime) -> Shown:
    """One's own number or address whole; recorded, since a telephone may be in other hands (PI-12)."""
    me = _me(by)
    value = person_facts(me).get(field)
    if field not in ("id_number", "phone", "address", "bank_account") or not value:
        raise NotFound(what=msg("该字段"))
    record("people.own_shown", subject=person_subject(me), by=by, at=now, field=field)
    return Shown(value)


@transaction.atomic
def copy_own(*, by: Actor, now: datetime) -> dict[str, str]:
    """Everything the bureau keeps of somebody, whole, for themselves (PI-07)."""
    me = _me(by)
    record("people.own_copied", subject=person_subject(me), by=by, at=now)
    return {k: v for k, v in person_facts(me).items() if v}


# -- consent -----------------------------------------------------------------------------------------------------------------


@once
def give_consent(*, purpose: ConsentPurpose, by: Actor, now: datetime) -> None:
    """Agree to one thing, in the words that count today. Safe to repeat."""
    _agree(_me(by), purpose, by, now)


# Posts to which somebody may say it in person or on paper.
_MAY_NOTE = ("people.register", "benefits.pay")


@transaction.atomic
def note_consent(*, person_id: UUID, purpose: ConsentPurpose, by: Actor, now: datetime) -> None:
    """Note that somebody agrees, by themselves, by who may act for them, or said to a post that serves them. Safe to repeat.

    Raises :class:`NotAllowed`, :class:`NotFound`.
    """
    if by.resident_id is None:
        if not any(by.can(p) for p in _MAY_NOTE):
            raise NotAllowed(permission=_MAY_NOTE[0])
    elif person_id not in own_ids(by.resident_id) and not may_act_for(
        by.resident_id, person_id, scope=Scope.APPLY, on=local_date(now)
    ):
        raise NotFound(what=msg("该人员"))
    _agree(person_id, purpose, by, now)


def _agree(person_id: UUID, purpose: ConsentPurpose, by: Actor, now: datetime) -> None:
    text = consent_texts()[purpose]
    try:
        with transaction.atomic():
            Consent.objects.create(person_id=person_id, purpose=purpose, version=text.version, given_at=now)
    except IntegrityError:
        return
    record("people.consented", subject=person_subject(person_id), by=by, at=now, purpose=purpose, version=text.version)


@once
def withdraw_consent(*, purpose: ConsentPurpose, by: Actor, now: datetime) -> None:
    """Take it back, as easily as it was given; what was kept because of it is gone at once. Safe to repeat."""
    me = _me(by)
    if Consent.objects.filter(person_id__in=own_ids(me), purpose=purpose, withdrawn_at=None).update(withdrawn_at=now):
        person = Person.objects.select_for_update().get(pk=me)
        kept = dict(person.profile.open_json()) if person.profile else {}
        left = {k: v for k, v in kept.items() if k not in NEEDS_CONSENT[purpose]}
        if left != kept:
            person.profile, person.updated_at = left or None, now
            person.save(update_fields=["profile", "updated_at"])
        record(
            "people.consent_withdrawn",
            subject=person_subject(me),
            by=by,
            at=now,
            purpose=purpose,
            forgotten=sorted(set(kept) - set(left)),
        )


# -- objections ----------------------------------------------------------------------------------------------------------------


@once
def object_to(*, about: str, label: str, source: str, subject_id: UUID | None = None, text: str, by: Actor, now: datetime) -> UUID:
    """Say that a record about oneself is wrong. The bureau of one's place owns it and answers within the days of the setting (PI-07)."""
    me = _me(by)
    if not text.strip():
        raise ObjectionEmpty(field="text")
    owner = bureau_for(by.region, on=local_date(now))
    due = calendar(by.region).add_working_days(local_date(now), settings.ENV.objection_days)
    row = Objection(
        pk=uuid7(), person_id=me, about=about[:64], label=label[:200], source=source[:100], subject_id=subject_id,
        text=text.strip(), owner_id=owner, raised_by_id=by.person_id, raised_at=now, due_on=due,
    )  # fmt: skip
    row.save(force_insert=True)
    record("people.objected", subject=person_subject(me), by=by, at=now, objection=row.pk, about=about, owner=owner, due=due)
    return row.pk


@once
def withdraw_objection(*, objection_id: UUID, by: Actor, now: datetime) -> None:
    """Who raised it lets it be. Raises :class:`NotFound`, :class:`ObjectionOver`."""
    row = _open(objection_id, people=own_ids(_me(by)))
    row.state, row.answered_at = ObjectionState.WITHDRAWN, now
    row.save(update_fields=["state", "answered_at"])
    record("people.objection_withdrawn", subject=person_subject(row.person_id), by=by, at=now, objection=row.pk)


@once
def answer_objection(
    *, objection_id: UUID, outcome: ObjectionState, answer: str, correction: str = "", by: Actor, now: datetime
) -> None:
    """Say what came of it: corrected, or not and why; or pass it on to the department whose record it is, the day staying the same.

    What is recorded here and found wrong is corrected with the answer, so that none says what is not so. For who answers for its owner.
    Raises :class:`NotFound`, :class:`AnswerEmpty`, :class:`CorrectionMissing`, :class:`ObjectionOver`, and what is wrong with the value.
    """
    by.must("people.answer")
    if not answer.strip():
        raise AnswerEmpty(field="answer")
    if outcome not in (ObjectionState.CORRECTED, ObjectionState.REFUSED, ObjectionState.PASSED):
        raise NotFound(what=msg("这种处理结果"))
    row = _open(objection_id, owners=overseen_ids(by))
    if outcome is ObjectionState.CORRECTED and recorded(row) is not None:
        _correct(row.person_id, row.about, correction.strip(), by, now)
    row.state, row.answer = outcome, answer.strip()
    if outcome.is_over:
        row.answered_by_id, row.answered_at = by.person_id, now
    row.save(update_fields=["state", "answer", "answered_by_id", "answered_at"])
    record(
        "people.objection_passed" if outcome is ObjectionState.PASSED else "people.objection_answered",
        subject=person_subject(row.person_id), by=by, at=now, objection=row.pk, outcome=outcome,
    )  # fmt: skip


def _correct(person_id: UUID, fact: str, value: str, by: Actor, now: datetime) -> None:
    """Put right one fact; what it was and is stands in no record, only that it was changed."""
    if not value:
        raise CorrectionMissing(field="correction")
    person = Person.objects.select_for_update().get(pk=person_id)
    if fact == "phone":
        number = check_phone(value, field="correction")
        person.phone, person.phone_index = number, blind(number, context="phone")
    elif fact == "birth_date":
        try:
            person.birth_date = date.fromisoformat(value)
        except ValueError:
            raise CorrectionWrong(field="correction") from None
    elif fact == "gender":
        known = {g.label: g for g in Gender}
        if value not in known:
            raise CorrectionWrong(field="correction")
        person.gender = known[value]
    elif fact == "address":
        person.address = value[:200]
    else:
        person.profile = (dict(person.profile.open_json()) if person.profile else {}) | {fact: value[:200]}
    person.updated_at = now
    person.save()
    record("people.corrected", subject=person_subject(person_id), by=by, at=now, fields=[fact])


def _open(objection_id: UUID, *, people: Collection[UUID] = (), owners: Collection[UUID] = ()) -> Objection:
    rows = Objection.objects.select_for_update().filter(pk=objection_id)
    row = (rows.filter(person_id__in=people) if people else rows.filter(owner_id__in=owners)).first()
    if row is None:
        raise NotFound(what=msg("这件异议"))
    if ObjectionState(row.state).is_over:
        raise ObjectionOver
    return row


def _me(by: Actor) -> UUID:
    by.must("portal.use")
    if by.resident_id is None:
        raise NotFound(what=msg("该人员"))
    return by.resident_id
