"""Reading what somebody may ask about what is known of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from uuid import UUID

import yaml
from django.db.models import QuerySet

from linli.domains.org.queries import overseen_ids
from linli.domains.people.models import Consent, Objection
from linli.domains.people.queries.records import LOOKS, own_ids, person_facts
from linli.domains.people.rules import CORRECTABLE, ConsentPurpose
from linli.domains.trace.queries import Event, events_on
from linli.kernel.actors import Actor
from linli.kernel.errors import NotFound
from linli.kernel.text import msg


@dataclass(frozen=True, slots=True)
class ConsentText:
    """What somebody is asked to agree to."""

    code: ConsentPurpose
    version: int
    sensitive: bool
    title: str
    what: str
    why: str
    effect: str
    without: str
    alone: bool = True


@cache
def consent_texts() -> dict[ConsentPurpose, ConsentText]:
    """All that is asked, by code."""
    raw = yaml.safe_load(resources.files("linli.domains.people").joinpath("data/consents.yaml").read_text("utf-8"))
    return {c.code: c for c in (ConsentText(**(row | {"code": ConsentPurpose(row["code"])})) for row in raw["consents"])}


def has_consented(person_id: UUID, purpose: ConsentPurpose) -> bool:
    """Whether somebody agreed to this and has not taken it back."""
    return Consent.objects.filter(person_id=person_id, purpose=purpose, withdrawn_at=None).exists()


def consenting(person_ids: Iterable[UUID], purpose: ConsentPurpose) -> set[UUID]:
    """Of some people those who agreed to this and have not taken it back. One query."""
    agreed = Consent.objects.filter(person_id__one_of=person_ids, purpose=purpose, withdrawn_at=None)
    return set(agreed.values_list("person_id", flat=True))


def consents(*, by: Actor) -> QuerySet[Consent]:
    """What a resident agreed to, also what they took back, newest first."""
    return Consent.objects.filter(person_id__in=own_ids(_me(by))).order_by("-given_at", "-id")


def my_looks(*, by: Actor) -> QuerySet[Event]:
    """Who looked at a resident's record, newest first, for themselves."""
    return events_on(own_ids(_me(by)), acts=LOOKS)


def my_objections(*, by: Actor) -> QuerySet[Objection]:
    """The objections a resident raised, newest first."""
    return Objection.objects.filter(person_id__in=own_ids(_me(by))).select_related("owner").order_by("-raised_at", "-id")


def my_objection(objection_id: UUID, *, by: Actor) -> Objection:
    """One of them. Raises :class:`NotFound`."""
    return _one(my_objections(by=by), objection_id)


def objections(*, by: Actor) -> QuerySet[Objection]:
    """Those that an actor answers for, by their day."""
    by.must("people.answer")
    rows = Objection.objects.filter(owner_id__in=overseen_ids(by)).select_related("owner", "person")
    return rows.order_by("due_on", "id")


def objection(objection_id: UUID, *, by: Actor) -> Objection:
    """One of them. Raises :class:`NotFound`."""
    return _one(objections(by=by), objection_id)


def recorded(row: Objection) -> str | None:
    """What is recorded here of what an objection is about, for who answers it; None where it is another body's record, or a number by
    which somebody is known, which is mended at a counter."""
    if row.subject_id is not None or row.about not in CORRECTABLE:
        return None
    return person_facts(row.person_id).get(row.about, "")


def _one(rows: QuerySet[Objection], objection_id: UUID) -> Objection:
    found = rows.filter(pk=objection_id).first()
    if found is None:
        raise NotFound(what=msg("这件异议"))
    return found


def _me(by: Actor) -> UUID:
    by.must("portal.use")
    if by.resident_id is None:
        raise NotFound(what=msg("该人员"))
    return by.resident_id
