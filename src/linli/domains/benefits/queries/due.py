"""What residents and employers are due, told to whoever may read their affairs, and to nobody else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from linli.domains.benefits.definitions import Policy, shipped_policies
from linli.domains.benefits.due import Due, Standing, dues, last_reckoned, next_question, policies_of, standing_of
from linli.domains.benefits.facts import Fact
from linli.domains.benefits.granting import GrantState, period_said
from linli.domains.benefits.models import HireFacts
from linli.domains.benefits.parameters import FigureMissing, Figures, Parameter
from linli.domains.benefits.queries.book import book_in_force
from linli.domains.benefits.queries.facts import facts_of, fresh
from linli.domains.benefits.queries.grants import my_grants
from linli.domains.benefits.scanning import Outcome, Reason, assess
from linli.domains.people.queries import Party, Scope, own_ids, parties, party, powers, region_of
from linli.kernel.actors import Actor
from linli.kernel.errors import NotFound
from linli.kernel.identifiers import mask_name
from linli.kernel.text import Message, msg

PORTAL = "portal.use"
MOST_HIRES = 5_000  # looked through for one page; beyond this an employer is told that only so many were


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody whose affairs may be read, and for which items; none means all."""

    party: Party
    items: frozenset[str]


def whose(*, by: Actor, on: date) -> list[Reader]:
    """Whose affairs a resident may read: their own first, then by name those who let them. At most four queries."""
    by.must(PORTAL)
    assert by.resident_id
    items: dict[UUID, frozenset[str] | None] = {}
    for power in powers(by.resident_id, scope=Scope.READ, on=on):
        known = items.get(power.party_id, frozenset())
        # One mandate over everything outweighs any that name items.
        items[power.party_id] = None if known is None or not power.items else known | set(power.items)
    others = sorted(parties(items).values(), key=lambda p: (p.name, p.id))
    me = Reader(party(by.resident_id, is_employer=False), frozenset())
    return [me, *(Reader(p, items[p.id] or frozenset()) for p in others if p.id != by.resident_id)]


def reader_of(party_id: UUID, *, by: Actor, on: date) -> Reader:
    """One of :func:`whose`. Raises :class:`NotFound` for anybody else, though they may exist."""
    found = next((r for r in whose(by=by, on=on) if r.party.id == party_id), None)
    if found is None:
        raise NotFound(what=msg("这一页"))
    return found


def due_to(reader: Reader, *, on: date, told: Mapping[str, Any] | None = None) -> list[Due]:
    """Every policy for a person, or those for an employer itself. ``told``: what the reader says of facts that nobody knows.

    ``reader`` comes from :func:`whose` or :func:`reader_of`, which look at who asks. Three queries, four for a person.
    """
    kind, who = ("employer" if reader.party.is_employer else "person"), reader.party
    region = region_of(who.id, is_employer=who.is_employer)
    facts: dict[str, Any] = {}
    for own in [who.id] if who.is_employer else own_ids(who.id):
        facts = {**facts_of(kind, own, on=on), **facts}
    return dues(kind, facts, on=on, region=region, book=book_in_force(), told=told, items=reader.items)


@dataclass(frozen=True, slots=True)
class Given:
    """A grant that somebody has for the period of today without having applied."""

    grant_id: UUID
    period: Message


def given_now(reader: Reader, *, by: Actor, on: date) -> dict[str, Given]:
    """What a reader's party is granted for the period of a day, by policy: they need not apply for it. Three queries."""
    ids = [reader.party.id] if reader.party.is_employer else own_ids(reader.party.id)
    now = {rule.code: rule.every.period(on) for rule in shipped_policies().values()}
    theirs = my_grants(by=by, on=on).filter(subject_id__in=ids, period__in=set(now.values())).exclude(state=GrantState.VOID)
    return {g.policy: Given(g.pk, period_said(g.period)) for g in theirs if now.get(g.policy) == g.period}


def due_by_word(told: Mapping[str, Any], *, on: date, region: str) -> list[Due]:
    """Every policy for somebody of whom is known only what they said. Nothing is read or kept."""
    return dues("person", {}, on=on, region=region, book=book_in_force(), told=told)


def question_for(told: Mapping[str, Any], asked: Sequence[str], *, on: date, region: str) -> Fact | None:
    """What to ask next of somebody not signed in; None when nothing more is asked."""
    return next_question(told, asked, on=on, region=region, book=book_in_force())


# -- those whom an employer took on -----------------------------------------------------------------------------------------


class Group(StrEnum):
    """How near somebody taken on is to counting for a policy. ``near``: all but one condition is met."""

    COUNTS = "counts"
    NEAR = "near"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class Roster:
    """The people behind what an employer is due under one policy. ``fen``: what those who count come to; ``cut``: there are more than
    were looked through; ``outcome`` of any of them names the figures."""

    policy: Policy
    running: bool
    until: date | None
    ids: Mapping[Group, tuple[UUID, ...]]
    fen: int
    cut: bool
    outcome: Outcome | None

    @property
    def total(self) -> int:
        return sum(len(ids) for ids in self.ids.values())


def rosters_due(reader: Reader, *, on: date, policy: str = "") -> list[Roster]:
    """The policies that follow those an employer took on, each with who counts; one of them if named. Three queries."""
    if not reader.party.is_employer:
        return []
    rules = [p for p in policies_of("hire", reader.items) if policy in ("", p.code)]
    if not rules:
        return []
    region = region_of(reader.party.id, is_employer=True)
    rows = list(HireFacts.objects.filter(employer_id=reader.party.id).order_by("subject_id")[: MOST_HIRES + 1])
    known = [(row.subject_id, fresh(row, "hire", on)) for row in rows[:MOST_HIRES]]
    book = book_in_force()
    today = Figures(on, region, book)
    return [_roster(rule, known, _figures(rule, on, region, book), today, cut=len(rows) > MOST_HIRES) for rule in rules]


def _roster(rule: Policy, known: Sequence[tuple[UUID, dict[str, Any]]], figures: Figures, today: Figures, *, cut: bool) -> Roster:
    ids: dict[Group, list[UUID]] = {group: [] for group in Group}
    fen, last = 0, None
    try:
        for hire_id, facts in known:
            (last,) = assess([rule], facts, figures)
            ids[_group(last)].append(hire_id)
            fen += last.amount or 0
    except FigureMissing:
        ids = {group: [] for group in Group}
    return Roster(
        rule, rule.runs(today), rule.last_day(today), {group: tuple(found) for group, found in ids.items()}, fen, cut, last
    )


def _figures(rule: Policy, on: date, region: str, book: Mapping[str, Parameter]) -> Figures:
    return Figures(last_reckoned(rule, Figures(on, region, book)), region, book)


def _group(outcome: Outcome) -> Group:
    if standing_of(outcome) is Standing.ENTITLED:
        return Group.COUNTS
    return Group.NEAR if sum(not r.holds for r in outcome.reasons) == 1 else Group.REST


def hires_in(roster: Roster, group: Group) -> QuerySet[HireFacts]:
    """Those of one group, to be paged through."""
    return HireFacts.objects.filter(pk__in=roster.ids[group])


@dataclass(frozen=True, slots=True)
class HireLine:
    """Somebody taken on, masked, with what they come to and which conditions they miss."""

    name: str
    number: str
    outcome: Outcome
    missed: tuple[Reason, ...]


def hire_lines(rows: Iterable[HireFacts], roster: Roster, *, on: date) -> list[HireLine]:
    """The lines of a page of :func:`hires_in`. Two queries however many."""
    rows, book = list(rows), book_in_force()
    people = parties(r.person_id for r in rows)
    lines = []
    for row in rows:
        (outcome,) = assess([roster.policy], fresh(row, "hire", on), _figures(roster.policy, on, row.region, book))
        who = people.get(row.person_id)
        missed = tuple(r for r in outcome.reasons if not r.holds)
        lines.append(HireLine(mask_name(who.name) if who else "", who.number if who else "", outcome, missed))
    return lines
