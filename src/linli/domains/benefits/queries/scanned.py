"""The people and employers behind the lines of a scan: who they are, how to find them, and one of them with every reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from linli.domains.benefits import scans
from linli.domains.benefits.definitions import Policy, policy_of
from linli.domains.benefits.exact import book_of
from linli.domains.benefits.facts import REGION, Fact, vocabulary
from linli.domains.benefits.models import Grant, HireFacts, Run
from linli.domains.benefits.parameters import Figure, Figures, shipped_parameters
from linli.domains.benefits.permissions import AUDIT, RUN, VIEW, run_for
from linli.domains.benefits.queries.results import FACTS, VERDICT, RunNotDone, folder_of, frozen
from linli.domains.benefits.runs import RunState, shortest
from linli.domains.benefits.scanning import FEN, MET, OPEN, Outcome, State, assess, column, state_of
from linli.domains.benefits.shapes import said
from linli.domains.org.queries import Region, regions
from linli.domains.people.queries import Party, find_named, parties
from linli.domains.people.queries.register import whose_number
from linli.kernel.actors import Actor
from linli.kernel.errors import NotFound
from linli.kernel.text import msg

MOST_FOUND = 20_000  # people whose name begins alike: of five million no whole name has so many, only a surname by itself


def places_to_scan(*, by: Actor) -> list[Region]:
    """The divisions that an officer may scan: the own and those in it. One query."""
    by.must(RUN)
    return list(regions().filter(code__startswith=shortest(by.region)))


@dataclass(frozen=True, slots=True)
class FigureUsed:
    """A figure that a run was made with; ``said``: its value, of a table each entry with its label."""

    label: str
    figure: Figure
    said: tuple[tuple[str, str], ...]


def figures_of(found: Run) -> list[tuple[tuple[str, ...], list[FigureUsed]]]:
    """The figures that a run was made with, by group of places; one that several groups share stands with the first only."""
    apart: list[tuple[tuple[str, ...], list[FigureUsed]]] = []
    known: dict[str, list[Figure]] = {}
    shipped = shipped_parameters()
    for group in found.figures:
        mine = []
        for name, parameter in book_of(group["figures"]).items():
            (figure,) = parameter.figures
            if figure not in known.setdefault(name, []):
                known[name].append(figure)
                words = replace(shipped.get(name, parameter), figures=(figure,))
                mine.append(FigureUsed(parameter.label, figure, tuple(said(words, figure.value))))
        if mine:
            apart.append((tuple(group["places"]), sorted(mine, key=lambda used: used.label)))
    return apart


@dataclass(frozen=True, slots=True)
class Who:
    """Whom a line is about: a person or an employer if the register knows them, of a hire both. Numbers are masked."""

    party: Party | None
    employer: Party | None = None


def who_are(subject: str, ids: Iterable[UUID]) -> dict[UUID, Who]:
    """The names behind some lines. Two queries however many, three of hires."""
    wanted = list(ids)
    if subject != "hire":
        known = parties(wanted)
        return {i: Who(known.get(i)) for i in wanted}
    hires = {h.pk: h for h in HireFacts.objects.filter(pk__in=wanted).only("subject_id", "person_id", "employer_id")}
    known = parties(i for h in hires.values() for i in (h.person_id, h.employer_id))
    return {i: Who(known.get(hires[i].person_id), known.get(hires[i].employer_id)) if i in hires else Who(None) for i in wanted}


def person_behind(subject: str, subject_id: UUID) -> UUID | None:
    """Whose affairs a line tells: the person or the employer, of a hire the person taken on."""
    if subject != "hire":
        return subject_id
    return HireFacts.objects.filter(pk=subject_id).values_list("person_id", flat=True).first()


@dataclass(frozen=True, slots=True)
class Named:
    """Subjects of a name. ``more``: there are others, who were not looked at."""

    ids: list[UUID]
    more: bool


def subjects_named(subject: str, text: str) -> Named:
    """The subjects of a kind whose name, or whose employer's, begins so, as many as :data:`MOST_FOUND`. Two queries, three of hires."""
    found = find_named(text, size=MOST_FOUND + 1)
    more = len(found) > MOST_FOUND
    if subject != "hire" or not found:
        return Named(found, more)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT subject_id FROM benefits_hire_facts WHERE person_id = ANY(%(ids)s) "
            "UNION SELECT subject_id FROM benefits_hire_facts WHERE employer_id = ANY(%(ids)s) LIMIT %(most)s",
            {"ids": found, "most": MOST_FOUND + 1},
        )
        hired = [row[0] for row in cursor.fetchall()]
    return Named(hired, more or len(hired) > MOST_FOUND)


def subjects_numbered(subject: str, number: str) -> list[UUID]:
    """The subjects of a kind under a whole document number or credit code; of somebody taken on each hire, the newest first."""
    found = whose_number(number.strip(), is_employer=subject == "employer")
    if found is None or subject != "hire":
        return [found] if found else []
    return list(HireFacts.objects.filter(person_id=found).order_by("-pk").values_list("pk", flat=True))


# -- one of them -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """What a run said of one subject and one policy, with the reasons out of the frozen facts.

    ``state`` is None where the policy had no figures in the place; ``outcome`` is None then, and where the policy means something
    else today, so that the reasons of today would mislead.
    """

    policy: Policy
    state: State | None
    fen: int | None
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class SubjectInRun:
    """One subject of a run: what was known and what was not, what came of it, and the figures it was reckoned with."""

    run: Run
    on: date
    subject: str
    subject_id: UUID
    region: str
    facts: tuple[tuple[Fact, Any], ...]
    policies: tuple[Found, ...]

    def figures(self) -> Mapping[str, Figure]:
        """The figures that its answers rest on, by name."""
        return {name: f for found in self.policies if found.outcome for name, f in found.outcome.figures.items()}


def subject_in_run(run_id: UUID, subject_id: UUID, *, by: Actor) -> SubjectInRun:
    """One subject of a finished run with every reason. One query.

    Raises :class:`NotFound`, :class:`RunNotDone`, :class:`SnapshotChanged`.
    """
    found = run_for(run_id, by, VIEW, AUDIT)
    if found.state != RunState.DONE:
        raise RunNotDone
    with scans.engine(folder_of(run_id), threads=1) as engine:
        for subject in dict.fromkeys(policy_of(code).subject for code in found.policies):
            row = scans.row_of(engine, frozen(found, FACTS, subject), str(subject_id))
            if row is not None:
                told = scans.row_of(engine, frozen(found, VERDICT, subject), str(subject_id)) or {}
                known = tuple((fact, row[name]) for name, fact in vocabulary()[subject].items() if name in row)
                return SubjectInRun(found, found.on, subject, subject_id, row[REGION], known, _found(found, subject, row, told))
    raise NotFound(what=msg("这个对象在这次比对中的记录"))


def found_for(grant: Grant) -> Found:
    """What the run said of a grant, with every reason; who asks is looked at by the caller. Raises :class:`SnapshotChanged`."""
    run, kind, subject_id = grant.run, grant.subject_kind, str(grant.subject_id)
    with scans.engine(folder_of(run.pk), threads=1) as engine:
        row = scans.row_of(engine, frozen(run, FACTS, kind), subject_id)
        told = scans.row_of(engine, frozen(run, VERDICT, kind), subject_id)
    if row is None or told is None:
        raise NotFound(what=msg("这个对象在这次比对中的记录"))
    return _found(run, kind, row, told, grant.policy)[0]


def _found(run: Run, subject: str, row: Mapping[str, Any], told: Mapping[str, Any], only: str = "") -> tuple[Found, ...]:
    group = next(g for g in run.figures if g["subject"] == subject and row[REGION] in g["places"])
    figures = Figures(run.on, row[REGION], book_of(group["figures"]))
    facts = {name: row[name] for name in vocabulary()[subject] if row.get(name) is not None}  # there were fewer facts then
    policies = []
    for policy in map(policy_of, [only] if only else run.policies):
        met = told.get(column(policy, MET))
        if policy.subject == subject:
            state = None if met is None else state_of(policy, met, told[column(policy, OPEN)])
            alike = state is not None and scans.rule_version(policy, figures) == group["rules"].get(policy.code)
            outcome = assess([policy], facts, figures)[0] if alike else None
            policies.append(Found(policy, state, told.get(column(policy, FEN)), outcome))
    return tuple(policies)
