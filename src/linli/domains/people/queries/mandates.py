"""Who may act for whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from linli.domains.people.models import Mandate, Person
from linli.domains.people.queries.records import Party, parties
from linli.domains.people.rules import STANDING, Ground, MandateState, Scope, covers, ends_for_employer, mandate_state
from linli.kernel.actors import Actor
from linli.kernel.errors import NotFound
from linli.kernel.text import msg


def _in_force(resident_id: UUID, on: date) -> QuerySet[Mandate]:
    return Mandate.objects.filter(agent_id=resident_id, first_day__lte=on, last_day__gte=on, revoked_at=None)


def may_act_for(resident_id: UUID, party_id: UUID, *, scope: str, on: date, item: str | None = None) -> bool:
    """Whether a resident may do this for a person or employer: always for oneself, for others within a mandate in force.

    A mandate for some items counts only where ``item`` is one of them.
    """
    if resident_id == party_id:
        return True
    rows = _in_force(resident_id, on).filter(Q(principal=party_id) | Q(employer=party_id)).values_list("scopes", "items")
    if any(covers(scopes=scopes, items=items, scope=scope, item=item) for scopes, items in rows):
        return True
    return Person.objects.filter(pk=party_id, same_as=resident_id).exists()


def principals(resident_id: UUID, *, scope: str, on: date, item: str | None = None) -> list[Party]:
    """Those for whom a resident may do this, by name, without themselves. At most three queries."""
    rows = _in_force(resident_id, on).values_list("principal_id", "employer_id", "scopes", "items")
    ids = {person or firm for person, firm, scopes, items in rows if covers(scopes=scopes, items=items, scope=scope, item=item)}
    return sorted(parties(ids).values(), key=lambda p: (p.name, p.id)) if ids else []


@dataclass(frozen=True, slots=True)
class Power:
    """A scope that a resident holds for somebody; no items means all of them."""

    party_id: UUID
    items: tuple[str, ...]


def powers(resident_id: UUID, *, scope: str, on: date) -> list[Power]:
    """For whom, and for which items, a resident may do this: for lists that hold cases of several items. One query."""
    rows = _in_force(resident_id, on).values_list("principal_id", "employer_id", "scopes", "items")
    return [Power(person or firm, tuple(items)) for person, firm, scopes, items in rows if scope in scopes]


@dataclass(frozen=True, slots=True)
class MandateLine:
    """A mandate as its two sides see it."""

    id: UUID
    principal: Party
    agent: Party
    scopes: tuple[Scope, ...]
    items: tuple[str, ...]
    first_day: date
    last_day: date
    ground: Ground
    evidence: str
    state: MandateState
    has_paper: bool
    registered_at: datetime
    revoked_at: datetime | None


def lines(rows: Sequence[Mandate], *, on: date) -> list[MandateLine]:
    """Mandates with the names of both sides; two further queries however many."""
    who = parties(i for m in rows for i in (m.principal_id, m.employer_id, m.agent_id))
    return [
        MandateLine(
            m.pk, who[m.principal_id or m.employer_id], who[m.agent_id], tuple(s for s in Scope if s in m.scopes), tuple(m.items),  # type: ignore[index]
            m.first_day, m.last_day, Ground(m.ground), m.evidence,
            mandate_state(first_day=m.first_day, last_day=m.last_day, revoked=m.revoked_at is not None, on=on),
            m.document_id is not None, m.registered_at, m.revoked_at,
        )
        for m in rows
    ]  # fmt: skip


def given_by(by: Actor) -> QuerySet[Mandate]:
    """The mandates that a resident gave or that were registered for them, newest first."""
    return Mandate.objects.filter(principal_id=_resident(by)).order_by("-registered_at", "-id")


def held_by(by: Actor) -> QuerySet[Mandate]:
    """The mandates that a resident holds, newest first."""
    return Mandate.objects.filter(agent_id=_resident(by)).order_by("-registered_at", "-id")


def _standing(resident_id: UUID, on: date) -> QuerySet[Mandate]:
    """The mandates by which a resident stands for employers in everything."""
    return _in_force(resident_id, on).filter(employer__isnull=False, ground__in=[g.value for g in STANDING], items=[])


def of_employers(by: Actor, *, on: date) -> QuerySet[Mandate]:
    """The mandates of the employers for which a resident stands, also those of others, newest first."""
    firms = _standing(_resident(by), on).values("employer_id")
    return Mandate.objects.filter(employer_id__in=firms).order_by("-registered_at", "-id")


def stands_for_employers(by: Actor, *, on: date) -> bool:
    """Whether :func:`of_employers` has anything to show."""
    return _standing(_resident(by), on).exists()


def seen_mandates(by: Actor, *, on: date) -> QuerySet[Mandate]:
    """Every mandate that a resident may see: of which they are a side, and those of employers for which they stand."""
    me = _resident(by)
    firms = _standing(me, on).values("employer_id")
    return Mandate.objects.filter(Q(principal_id=me) | Q(agent_id=me) | Q(employer_id__in=firms))


def mandate_for(mandate_id: UUID, *, by: Actor, on: date) -> MandateLine:
    """One of :func:`seen_mandates`. Raises :class:`NotFound` for any other, though it may exist."""
    row = seen_mandates(by, on=on).filter(pk=mandate_id).first()
    if row is None:
        raise NotFound(what=msg("这份授权"))
    return lines([row], on=on)[0]


def is_principal(row: Mandate, resident_id: UUID, *, on: date) -> bool:
    """Whether a resident is whose affairs they are, or stands for the employer whose they are."""
    if row.employer_id is None:
        return row.principal_id == resident_id
    return _standing(resident_id, on).filter(employer_id=row.employer_id).exists()


def may_end(row: Mandate, resident_id: UUID, *, on: date) -> bool:
    """Whether a resident may take a mandate back or give it up."""
    if resident_id in (row.principal_id, row.agent_id):
        return True
    if row.employer_id is None:
        return False
    own = _standing(resident_id, on).filter(employer_id=row.employer_id).values_list("ground", flat=True)
    return any(ends_for_employer(own=Ground(g), other=Ground(row.ground)) for g in own)


@dataclass(frozen=True, slots=True)
class MandateSheet:
    """A mandate, and what the reader may do about it. ``own_side``: it is their affairs, or those of an employer they stand for."""

    line: MandateLine
    own_side: bool
    may_end: bool
    may_attach: bool


def mandate_sheet(mandate_id: UUID, *, by: Actor, on: date) -> MandateSheet:
    """One of :func:`seen_mandates`, for its page. Raises :class:`NotFound`."""
    me = _resident(by)
    row = seen_mandates(by, on=on).filter(pk=mandate_id).first()
    if row is None:
        raise NotFound(what=msg("这份授权"))
    (line,) = lines([row], on=on)
    open_, own = line.state in (MandateState.IN_FORCE, MandateState.COMING), is_principal(row, me, on=on)
    return MandateSheet(line, own, open_ and may_end(row, me, on=on), open_ and own and not line.has_paper)


def mandates_of(party_id: UUID, *, by: Actor) -> QuerySet[Mandate]:
    """Those in which a person or employer is either side, newest first, for the counter."""
    by.must("people.register")
    sides = Q(principal_id=party_id) | Q(employer_id=party_id) | Q(agent_id=party_id)
    return Mandate.objects.filter(sides).order_by("-registered_at", "-id")


def mandate_shown(*, agent_id: UUID, party_id: UUID, scope: Scope, by: Actor, on: date) -> MandateLine | None:
    """The mandate in force under which somebody at the counter does this for a person or an employer, for all items; the one that lasts
    longest. Three queries."""
    by.must("people.register")
    rows = _in_force(agent_id, on).filter(Q(principal=party_id) | Q(employer=party_id)).order_by("-last_day", "-id")
    found = [m for m in rows if covers(scopes=m.scopes, items=m.items, scope=scope, item=None)][:1]
    return next(iter(lines(found, on=on)), None)


def principal_of(mandate_id: UUID, *, by: Actor) -> Party:
    """For whom a mandate is, for the counter. Raises :class:`NotFound`."""
    by.must("people.register")
    row = Mandate.objects.filter(pk=mandate_id).first()
    if row is None:
        raise NotFound(what=msg("这份授权"))
    return next(iter(parties([row.principal_id, row.employer_id]).values()))


def _resident(by: Actor) -> UUID:
    by.must("portal.use")
    assert by.resident_id
    return by.resident_id


def papers_in_use(file_ids: Iterable[UUID]) -> set[UUID]:
    """Of some kept files those that a mandate rests on."""
    found = Mandate.objects.filter(document_id__in=list(file_ids)).values_list("document_id", flat=True)
    return {i for i in found if i}
