"""Scans: asked for by an officer, made by a job in three steps, each of which can be repeated after a crash.

First the facts are frozen and their digests recorded; from then on every repetition works on the same facts and ends with the same
bytes. Then the policies are evaluated and compared with the time before. Last the run is marked as done.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from linli.domains.benefits import scans
from linli.domains.benefits.definitions import Policy, policy_of, shipped_policies
from linli.domains.benefits.dialects import DUCKDB
from linli.domains.benefits.exact import book_of, written, written_out
from linli.domains.benefits.models import Run
from linli.domains.benefits.parameters import Figures, Parameter
from linli.domains.benefits.permissions import RUN, must_serve, run_for
from linli.domains.benefits.queries.book import book_in_force, book_with
from linli.domains.benefits.queries.results import (
    CHANGES,
    FACTS,
    FIGURES,
    MANIFEST,
    NOW_FIGURES,
    NOW_LIST,
    NOW_VERDICT,
    VERDICT,
    file_of,
    folder_of,
    frozen,
)
from linli.domains.benefits.runs import RunState, shortest
from linli.domains.benefits.snapshots import SUBJECTS, freeze, how_many, one_moment, seal, take_over, unchanged
from linli.domains.trace.commands import Subject, once, record
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.errors import Kind, LinliError
from linli.kernel.ids import uuid7
from linli.kernel.jobs import defer
from linli.kernel.text import noop

_PART = ".part"


class PolicyOver(LinliError):
    """A policy is asked to run after its last day."""

    code = "benefits.policy_over"
    kind = Kind.CONFLICT
    template = noop("政策“%(policy)s”执行到 %(until)s 为止，%(on)s 不再执行。")
    remedy = noop("请换一个日期，或者不选这项政策。")


class NothingInForce(LinliError):
    """No policy is in force on the day."""

    code = "benefits.nothing_in_force"
    kind = Kind.CONFLICT
    template = noop("%(on)s 没有在执行的政策。")
    remedy = noop("请换一个日期。")


class NotFailed(LinliError):
    """Only what came to nothing is tried again."""

    code = "benefits.run_not_failed"
    kind = Kind.CONFLICT
    template = noop("这次比对没有失败，不用重做。")
    remedy = noop("请刷新页面看它现在的状态；要新的结果，请发起新的比对。")


def run_subject(run_id: UUID) -> Subject:
    return Subject("benefit_run", run_id)


@once
def start_run(*, on: date, region: str, policies: Sequence[str] | None = None, by: Actor, now: datetime) -> UUID:
    """Ask for a scan of a region as of a day; the policies named, or all in force. Raises :class:`PolicyOver`."""
    by.must(RUN)
    must_serve(by, region)
    figures = Figures(on, region, book_in_force())
    chosen = [policy_of(code) for code in policies] if policies else [p for p in shipped_policies().values() if p.runs(figures)]
    if not chosen:
        raise NothingInForce(field="on", on=on.isoformat())
    for p in chosen:
        if not p.runs(figures):
            raise PolicyOver(field="policies", policy=p.name, until=p.last_day(figures), on=on.isoformat())
    run = Run.objects.create(
        id=uuid7(), on=on, region=region, policies=[p.code for p in chosen], asked_by_id=by.user_id, asked_at=now
    )
    record("benefits.run_asked", subject=run_subject(run.pk), by=by, at=now, new=True, on=on, region=region, policies=run.policies)
    defer("benefits.perform_run", run_id=str(run.pk))
    return run.pk


@once
def repeat_run(*, run_id: UUID, by: Actor, now: datetime) -> None:
    """Have a run that came to nothing tried again, on the facts that it froze if it came so far. Raises :class:`NotFailed`."""
    found = run_for(run_id, by, RUN)
    if not Run.objects.filter(pk=found.pk, state=RunState.FAILED).update(state=RunState.WAITING, finished_at=None, error=""):
        raise NotFailed
    record("benefits.run_repeated", subject=run_subject(run_id), by=by, at=now)
    defer("benefits.perform_run", run_id=str(run_id))


@contextmanager
def only_here(run_id: UUID) -> Iterator[None]:
    """Wait until no other process works on a run; its work is then done, or given up with it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 4712))", [str(run_id)])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 4712))", [str(run_id)])


def freeze_run(*, run_id: UUID, by: Actor, now: datetime) -> None:
    """Take the facts out of the database, or over from another run, and the figures, as they stand now, once for the run."""
    run = Run.objects.get(pk=run_id)
    if run.state == RunState.DONE or run.digests:
        return
    folder = folder_of(run_id)
    shutil.rmtree(folder, ignore_errors=True)  # what a killed process left half done
    folder.mkdir(parents=True)
    kinds = [s for s in SUBJECTS if any(p.subject == s for p in _policies(run))]
    if run.facts_of:
        _take_over(run, kinds)
    else:
        # What would be on a day to come is asked of the facts as they are known today.
        on = min(run.on, local_date(run.asked_at)) if run.change_id else run.on
        with one_moment() as moment:
            numbers = {subject: how_many(moment, subject, run.region) for subject in kinds}
            progress = _Progress(run_id, 2 * sum(numbers.values()))
            for subject in kinds:
                freeze(moment, subject, run.region, on, file_of(run_id, FACTS, subject), tell=progress.more)
    book = book_in_force()
    if run.change:
        _put_json(folder / NOW_FIGURES, written_out(book))
    _put_json(folder / FIGURES, written_out(book_with(run.change, book) if run.change else book))
    digests = {path.name: seal(path) for path in sorted(folder.iterdir())}
    with transaction.atomic():
        before = _before(run)
        Run.objects.filter(pk=run_id).update(digests=digests, before=before)
        record("benefits.run_frozen", subject=run_subject(run_id), by=by, at=now, digests=digests, before=before)


def _take_over(run: Run, kinds: Sequence[str]) -> None:
    """The facts that another run froze, as they were frozen."""
    other = run.facts_of
    assert other
    rows = 0
    for subject in kinds:
        file = file_of(run.pk, FACTS, subject)
        take_over(frozen(other, FACTS, subject, thoroughly=True), subject, file)
        rows += scans.how_many(file)
    _Progress(run.pk, 2 * rows, rows)


def scan_run(*, run_id: UUID, engine: str = "") -> None:
    """Evaluate the policies over the frozen facts and compare with the time before; all that comes of it lies in files.

    ``engine`` (``duckdb``, ``spark``) is that of the settings where none is named.
    """
    run = Run.objects.get(pk=run_id)
    if run.state == RunState.DONE:
        return
    policies = _policies(run)
    progress = _Progress(run_id, run.total, run.total // 2)
    scratch = folder_of(run_id) / f"scratch{_PART}"
    counts: dict[str, Any] = {}
    groups: list[dict[str, Any]] = []
    engine = engine or settings.ENV.benefits_engine
    master = settings.ENV.spark_master
    with scans.engine(scratch) as db, scans.evaluating(engine, db, scratch, master=master) as evaluator:
        for subject in SUBJECTS:
            if of_subject := [p for p in policies if p.subject == subject]:
                found, used, rows = _scan(db, evaluator, run, subject, of_subject)
                counts |= found
                groups += used
                progress.more(rows)
    shutil.rmtree(scratch, ignore_errors=True)
    manifest = {
        "run": str(run_id), "on": run.on.isoformat(), "region": run.region, "policies": run.policies, "before": run.before,
        "engine": engine, "counts": counts, "groups": groups, "frozen": run.digests,
    }  # fmt: skip
    _put_json(folder_of(run_id) / MANIFEST, manifest)


def _scan(
    engine: Any, evaluator: scans.Evaluator, run: Run, subject: str, policies: list[Policy]
) -> tuple[dict[str, Any], list[dict[str, Any]], int]:
    facts = frozen(run, FACTS, subject)
    verdict, changes = file_of(run.pk, VERDICT, subject), file_of(run.pk, CHANGES, subject)
    book, apart, said = _evaluate(engine, evaluator, run, policies, FIGURES, verdict)
    if run.change_id:
        before = _as_it_is(engine, evaluator, run, policies)
    else:
        before = {
            p.code: frozen(Run.objects.get(pk=run.before[p.code]), CHANGES, subject) for p in policies if p.code in run.before
        }
    _put(changes, lambda path: scans.compare(engine, policies, verdict, before, path))
    counts = scans.count(engine, subject, policies, facts, verdict, changes, apart)
    if run.change_id:
        for code, places in scans.by_place(engine, changes, width=_one_below(run.region)).items():
            counts[code]["places"] = places
    used = [
        {
            "subject": subject, "places": list(group.places), "left_out": dict(group.left_out), "statement": sql,
            "rules": {p.code: scans.rule_version(p, group.figures) for p in group.policies},
            "figures": [written(name, book[name], figure) for name, figure in sorted(group.figures.used.items())],
        }
        for group, (_, sql) in zip(apart, said, strict=True)
    ]  # fmt: skip
    return counts, used, engine.execute(f"SELECT count(*) FROM read_parquet('{verdict}')").fetchone()[0]


def _evaluate(
    engine: Any, evaluator: scans.Evaluator, run: Run, policies: list[Policy], figures: str, out: Path
) -> tuple[Mapping[str, Parameter], list[scans.Group], list[tuple[tuple[str, ...], str]]]:
    """Write the verdict of every subject under frozen figures; gives these, the groups of places and what is reckoned for each."""
    subject = policies[0].subject
    facts = frozen(run, FACTS, subject)
    book = book_of(json.loads(unchanged(folder_of(run.pk) / figures, run.digests[figures]).read_text("utf-8")))
    apart = scans.groups(scans.places_in(engine, facts) or [run.region], policies, run.on, book)
    said = {
        dialect: [(group.places, scans.statement(subject, policies, group, dialect)) for group in apart]
        for dialect in {DUCKDB, evaluator.dialect}
    }
    _put(out, lambda path: evaluator.write(subject, facts, said[evaluator.dialect], path))
    return book, apart, said[DUCKDB]


def _as_it_is(engine: Any, evaluator: scans.Evaluator, run: Run, policies: list[Policy]) -> dict[str, Path]:
    """By policy who is entitled to what of the same facts under the figures in force; nobody where it has expired."""
    verdict, listed = (file_of(run.pk, kind, policies[0].subject) for kind in (NOW_VERDICT, NOW_LIST))
    book, _, _ = _evaluate(engine, evaluator, run, policies, NOW_FIGURES, verdict)
    _put(listed, lambda path: scans.compare(engine, policies, verdict, {}, path))
    today = Figures(run.on, run.region, book)
    return dict.fromkeys((p.code for p in policies if p.runs(today)), listed)


def _one_below(region: str) -> int:
    """How many characters the codes of the places have that a region is told by: of a city its counties, of a county its towns."""
    return next((width for width in (2, 4, 6, 9) if width > len(shortest(region))), 12)


def finish_run(*, run_id: UUID, by: Actor, now: datetime) -> None:
    """Mark a run as done: its files are final, their digests recorded."""
    run = Run.objects.get(pk=run_id)
    if run.state == RunState.DONE:
        return
    folder = folder_of(run_id)
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    digests = {path.name: seal(path) for path in sorted(folder.iterdir()) if path.is_file() and path.name not in run.digests}
    figures = [{k: v for k, v in group.items() if k != "statement"} for group in manifest["groups"]]
    with transaction.atomic():
        Run.objects.filter(pk=run_id).update(
            state=RunState.DONE, finished_at=now, done=run.total, counts=manifest["counts"], figures=figures, digests=run.digests | digests,
            error="",
        )  # fmt: skip
        entitled = {code: [found["entitled"], found["fen"]] for code, found in manifest["counts"].items()}
        record("benefits.run_done", subject=run_subject(run_id), by=by, at=now, digests=digests, entitled=entitled)


def fail_run(*, run_id: UUID, why: str, by: Actor, now: datetime) -> None:
    """A run came to nothing; its page says why. A repetition may still bring it to its end."""
    with transaction.atomic():
        waiting = Run.objects.filter(pk=run_id).exclude(state=RunState.DONE)
        if waiting.update(state=RunState.FAILED, finished_at=now, error=why):
            record("benefits.run_failed", subject=run_subject(run_id), by=by, at=now, why=why)


def _policies(run: Run) -> list[Policy]:
    return [policy_of(code) for code in run.policies]


def _before(run: Run) -> dict[str, str]:
    """By policy the newest finished run of the same place that had it."""
    found: dict[str, str] = {}
    if run.change_id:
        return {}
    earlier = Run.objects.filter(
        state=RunState.DONE, change=None, region=run.region, on__lte=run.on, policies__overlap=run.policies
    )
    for pk, had in earlier.order_by("-asked_at", "-id").values_list("pk", "policies").iterator(chunk_size=50):
        for code in set(had) & set(run.policies):
            found.setdefault(code, str(pk))
        if len(found) == len(run.policies):
            break
    return found


class _Progress:
    """Tells the row of a run how far it is."""

    def __init__(self, run_id: UUID, total: int, done: int = 0) -> None:
        self._rows, self._done = Run.objects.filter(pk=run_id), done
        self._rows.update(state=RunState.RUNNING, finished_at=None, total=total, done=done, error="")

    def more(self, rows: int) -> None:
        self._done += rows
        self._rows.update(done=self._done)


def _put(file: Path, write: Callable[[Path], object]) -> None:
    """Write a file so that it is there whole or not at all."""
    part = file.with_name(file.name + _PART)
    write(part)
    part.replace(file)


def _put_json(file: Path, value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=1)
    _put(file, lambda path: path.write_text(text, "utf-8"))
