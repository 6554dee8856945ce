"""Scans: how they stand, what came of them, and any of their answers reckoned again."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from linli.domains.benefits import scans
from linli.domains.benefits.definitions import policy_of
from linli.domains.benefits.exact import book_of
from linli.domains.benefits.facts import REGION, SUBJECT_ID, Fact, vocabulary
from linli.domains.benefits.models import Run
from linli.domains.benefits.parameters import Figures
from linli.domains.benefits.permissions import AUDIT, VIEW, run_for
from linli.domains.benefits.runs import Change, RunState, shortest
from linli.domains.benefits.scanning import FEN, MET, OPEN, Outcome, State, assess, column, state_of
from linli.domains.benefits.snapshots import SnapshotChanged, unchanged
from linli.domains.trace.queries import timeline
from linli.kernel.actors import Actor
from linli.kernel.errors import Kind, LinliError, NotFound
from linli.kernel.text import msg, noop

FACTS, VERDICT, CHANGES, FIGURES, MANIFEST = "facts", "verdict", "changes", "figures.json", "manifest.json"
# Of a run that asks what would be: the same facts under the figures in force.
NOW_VERDICT, NOW_LIST, NOW_FIGURES = "now-verdict", "now-list", "now-figures.json"


class RunNotDone(LinliError):
    """A run has no results yet."""

    code = "benefits.run_not_done"
    kind = Kind.CONFLICT
    template = noop("这次比对还没有完成。")
    remedy = noop("请等比对完成后再看结果。")


def folder_of(run_id: UUID) -> Path:
    """Where the files of a run lie."""
    return Path(settings.ENV.data) / "benefits" / "runs" / str(run_id)


def file_of(run_id: UUID, kind: str, subject: str) -> Path:
    return folder_of(run_id) / f"{kind}_{subject}.parquet"


def frozen(run: Run, kind: str, subject: str, *, thoroughly: bool = False) -> Path:
    """A file of a run, as it was sealed. Raises :class:`SnapshotChanged`."""
    file = file_of(run.pk, kind, subject)
    return unchanged(file, run.digests.get(file.name, ""), thoroughly=thoroughly)


def runs(*, by: Actor) -> QuerySet[Run]:
    """The runs that an actor may see, newest first; without their bulky columns."""
    by.must(VIEW)
    return (
        Run.objects.filter(change=None, region__startswith=shortest(by.region))
        .defer("figures", "digests")
        .order_by("-asked_at", "-id")
    )


def run(run_id: UUID, *, by: Actor) -> Run:
    """One run. Raises :class:`NotFound`."""
    return run_for(run_id, by)


def finished(run_id: UUID, by: Actor, policy: str, *permissions: str) -> Run:
    """A run that has results of a policy. Raises :class:`NotFound`, :class:`RunNotDone`."""
    found = run_for(run_id, by, *permissions)
    if policy not in found.policies:
        raise NotFound(what=msg("这项政策在这次比对中的结果"))
    if found.state != RunState.DONE:
        raise RunNotDone
    return found


@dataclass(frozen=True, slots=True)
class Line:
    """One subject of a list. ``fen`` now, ``before_fen`` the time before; None where there was none."""

    subject_id: UUID
    region: str
    change: Change
    fen: int | None
    before_fen: int | None


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines of a list, and how long it is."""

    rows: tuple[Line, ...]
    total: int


ENTITLED = (Change.CHANGED, Change.JOINED, Change.SAME)


def differences(
    run_id: UUID, policy: str, kind: str, *, by: Actor, offset: int = 0, size: int = 20, among: Collection[UUID] | None = None
) -> Lines:
    """Who joined, left, has another amount or the same, compared with the run before; only ``among`` some subjects if they are named.

    One query to PostgreSQL.
    """
    return _listed(finished(run_id, by, policy), policy, [Change(kind)], offset, size, among)


def entitled(
    run_id: UUID, policy: str, *, by: Actor, offset: int = 0, size: int = 20, among: Collection[UUID] | None = None
) -> Lines:
    """Who is entitled in this run."""
    return _listed(finished(run_id, by, policy), policy, ENTITLED, offset, size, among)


def whole_list(run_id: UUID, policy: str, kind: Change | None, *, by: Actor, size: int = 1000) -> Iterator[list[Line]]:
    """A list from its first line to its last, some lines at a time; without a kind those who are entitled."""
    found = finished(run_id, by, policy)
    file = frozen(found, CHANGES, policy_of(policy).subject)

    def lines() -> Iterator[list[Line]]:
        with scans.engine(folder_of(found.pk), threads=1) as engine:
            for rows in scans.pieces(engine, file, policy, [kind] if kind else ENTITLED, size):
                yield [_line(row) for row in rows]

    return lines()


def _listed(found: Run, policy: str, wanted: Sequence[Change], offset: int, size: int, among: Collection[UUID] | None) -> Lines:
    file = frozen(found, CHANGES, policy_of(policy).subject)
    chosen = None if among is None else [str(i) for i in among]
    with scans.engine(folder_of(found.pk), threads=1) as engine:
        rows = scans.listed(engine, file, policy, wanted, max(offset, 0), size, chosen)
        number = None if chosen is None else scans.number_listed(engine, file, policy, wanted, chosen)
    total = sum(found.counts[policy][change] for change in wanted) if number is None else number
    return Lines(tuple(_line(row) for row in rows), total)


def _line(row: Mapping[str, Any]) -> Line:
    return Line(UUID(row["subject_id"]), row["region"], Change(row["change"]), row["fen"], row["before_fen"])


@dataclass(frozen=True, slots=True)
class Gap:
    """A missing fact, and of how many a policy cannot be told yet who lack it."""

    fact: Fact
    subjects: int


def unknowns(run_id: UUID, policy: str, *, by: Actor) -> list[Gap]:
    """The facts that keep a policy from being told, the most missed first. One query."""
    found = finished(run_id, by, policy)
    facts = vocabulary()[policy_of(policy).subject]
    return [Gap(facts[name], number) for name, number in found.counts[policy]["missing"].items() if name in facts]


def unknown_subjects(
    run_id: UUID, policy: str, fact: str, *, by: Actor, offset: int = 0, size: int = 20
) -> tuple[list[tuple[UUID, str]], int]:
    """Who lacks a fact that keeps a policy from being told: ids and places, and how many there are in all."""
    found = finished(run_id, by, policy)
    total = found.counts[policy]["missing"].get(fact, 0)
    rule = policy_of(policy)
    apart = groups_of(found, rule.subject)
    lacks = scans.lacking(rule, apart).get(fact)
    if not total or lacks is None:
        return [], 0
    facts, verdict = (frozen(found, kind, rule.subject) for kind in (FACTS, VERDICT))
    with scans.engine(folder_of(found.pk), threads=1) as engine:
        return [(UUID(i), place) for i, place in scans.lackers(engine, facts, verdict, lacks, max(offset, 0), size)], total


def groups_of(found: Run, subject: str) -> list[scans.Group]:
    """The groups of places of a run, with the figures of then."""
    return [
        scans.Group(tuple(g["places"]), Figures(found.on, g["places"][0], book_of(g["figures"])), (), g["left_out"])
        for g in found.figures
        if g["subject"] == subject
    ]


# -- reckoned again --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Again:
    """One policy for one subject: what the run said, what the same facts and figures say now, and why.

    ``rule_changed``: the policy means something else today, so that the reasons of today would mislead; ``outcome`` is None then.
    """

    policy: str
    state: State | None
    fen: int | None
    state_again: State | None
    fen_again: int | None
    rule_changed: bool
    outcome: Outcome | None

    @property
    def same(self) -> bool:
        return (self.state, self.fen) == (self.state_again, self.fen_again)


@dataclass(frozen=True, slots=True)
class Rerun:
    """A subject of a past run: the day, the facts of then, and each policy reckoned again."""

    on: date
    subject: str
    region: str
    facts: dict[str, Any]
    policies: tuple[Again, ...]

    @property
    def same(self) -> bool:
        return all(again.same for again in self.policies)


def rerun(run_id: UUID, subject_id: UUID, *, by: Actor) -> Rerun:
    """Reckon one subject of a past run again: the facts that were frozen, the rule and the figures of then.

    Every file is read whole and held against what the trace says of it. Raises :class:`SnapshotChanged`, :class:`NotFound`.
    """
    found = run_for(run_id, by, AUDIT)
    if found.state != RunState.DONE:
        raise RunNotDone
    as_recorded(found)
    manifest = manifest_of(found)
    with scans.engine(folder_of(run_id), threads=1) as engine:
        for subject in dict.fromkeys(policy_of(code).subject for code in found.policies):
            facts = frozen(found, FACTS, subject, thoroughly=True)
            row = scans.row_of(engine, facts, str(subject_id))
            if row is not None:
                group = next(g for g in manifest["groups"] if g["subject"] == subject and row[REGION] in g["places"])
                said = scans.row_of(engine, frozen(found, VERDICT, subject, thoroughly=True), str(subject_id))
                again = scans.evaluate_one(engine, subject, facts, group["statement"], str(subject_id))
                return _rerun(found, subject, row, group, said or {}, again)
    raise NotFound(what=msg("这个对象在这次比对中的记录"))


def manifest_of(found: Run) -> dict[str, Any]:
    """What a finished run says of itself: its groups of places with the statements and figures of then. Raises :class:`SnapshotChanged`."""
    file = unchanged(folder_of(found.pk) / MANIFEST, found.digests.get(MANIFEST, ""), thoroughly=True)
    return dict(json.loads(file.read_text("utf-8")))


def as_recorded(found: Run) -> None:
    """The digests in the row of a run are those that the trace tells of. Raises :class:`SnapshotChanged`."""
    told: dict[str, str] = {}
    for entry in timeline(found.pk):
        told |= entry.data.get("digests", {})
    for name in {*told, *found.digests}:
        if told.get(name) != found.digests.get(name):
            raise SnapshotChanged(file=name)


def _rerun(
    found: Run, subject: str, row: dict[str, Any], group: Mapping[str, Any], said: Mapping[str, Any], again: Mapping[str, Any]
) -> Rerun:
    figures = Figures(found.on, row[REGION], book_of(group["figures"]))
    facts = {name: value for name, value in row.items() if name not in (SUBJECT_ID, REGION) and value is not None}
    policies = []
    for policy in (policy_of(code) for code in found.policies):
        if policy.subject == subject:
            left_out = policy.code in group["left_out"]
            changed = not left_out and scans.rule_version(policy, figures) != group["rules"][policy.code]
            outcome = None if left_out or changed else assess([policy], facts, figures)[0]
            states = [
                None if v[column(policy, MET)] is None else state_of(policy, v[column(policy, MET)], v[column(policy, OPEN)])
                for v in (said, again)
            ]
            fen = [v[column(policy, FEN)] for v in (said, again)]
            policies.append(Again(policy.code, states[0], fen[0], states[1], fen[1], changed, outcome))
    return Rerun(found.on, subject, row[REGION], facts, tuple(policies))
