"""Facts in bulk: extracts that registers send every month about whom they know by number, and what certification knows.

An extract is Parquet, one file for each kind of subject and source (``person-contributions.parquet``), with the ``number`` of whom a row is about
(for a hire ``employer`` and ``person``) and any of the source's facts, as the engine keeps them. Telling the same again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pyarrow.parquet as pq
from django.db import transaction

from linli.domains.benefits.certifying import vital_facts
from linli.domains.benefits.commands.facts import SourceWrong, checked_facts, take_in
from linli.domains.benefits.facts import sources_of
from linli.domains.benefits.models import FACTS, Certification, seen
from linli.domains.benefits.permissions import LEARN
from linli.domains.benefits.queries.certification import signs_of
from linli.domains.benefits.snapshots import digest
from linli.domains.benefits.values import NEVER, ValueWrong
from linli.domains.people.queries.register import registered_under
from linli.domains.trace.commands import Subject, record
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.errors import LinliError
from linli.kernel.ids import uuid7
from linli.kernel.text import noop

_BATCH = 1_000
_WHO = {"person": ("number",), "employer": ("number",), "hire": ("employer", "person")}


class ExtractWrong(LinliError):
    """A file that is not an extract of a register."""

    code = "benefits.extract_wrong"
    template = noop("%(file)s 不能导入：%(why)s。")
    remedy = noop("请核对文件名和列名，改正后重新导入；已导入的不会重复。")


def load_extract(*, file: Path, on: date, by: Actor, now: datetime) -> tuple[int, int]:
    """Take in what a source said on a day; of how many, and how many of them nobody here is. All or nothing. Raises :class:`ExtractWrong`."""
    by.must(LEARN)
    subject, _, source = file.stem.partition("-")
    if subject not in FACTS or source not in sources_of(subject):
        raise ExtractWrong(file=file.name, why=f"{subject}, {source}")
    extract = pq.ParquetFile(file)
    lacking = [name for name in _WHO[subject] if name not in extract.schema_arrow.names]
    if lacking:
        raise ExtractWrong(file=file.name, why=", ".join(lacking))
    number = known = 0
    with transaction.atomic():
        for batch in extract.iter_batches(_BATCH):
            rows = batch.to_pylist()
            number += len(rows)
            try:
                known += _take_in_rows(subject, source, rows, on)
            except (SourceWrong, ValueWrong) as error:
                raise ExtractWrong(file=file.name, why=error.message) from error
        record(
            "benefits.extract_loaded", subject=Subject("benefit_load", uuid7()), by=by, at=now, new=True, file=file.name, on=on, rows=number,
            known=known, digest=digest(file),
        )  # fmt: skip
    return number, number - known


def _take_in_rows(subject: str, source: str, rows: list[dict[str, Any]], on: date) -> int:
    whose = {
        name: registered_under([str(row[name]) for row in rows], is_employer="employer" in (name, subject))
        for name in _WHO[subject]
    }
    told: dict[UUID, dict[str, Any]] = {}
    fresh = []
    for row in rows:
        who = [found for name in _WHO[subject] if (found := whose[name].get(str(row[name])))]
        if len(who) < len(_WHO[subject]):
            continue
        (first, region), (last, _) = who[0], who[-1]
        subject_id = uuid5(first, str(last)) if subject == "hire" else first
        more = {"employer_id": first, "person_id": last} if subject == "hire" else {}
        fresh.append(FACTS[subject](subject_id=subject_id, region=region, **more))
        told[subject_id] = {name: value for name, value in row.items() if name not in _WHO[subject] and value is not None}
    FACTS[subject].objects.bulk_create(fresh, ignore_conflicts=True)
    tell_many(subject, source, told, on)
    return len(told)


def tell_many(subject: str, source: str, told: Mapping[UUID, Mapping[str, Any]], on: date) -> int:
    """Put what a source said of many on a day into what is known of them already; how many now read otherwise."""
    model = FACTS[subject]
    rows = list(model.objects.select_for_update().filter(subject_id__in=told).order_by("subject_id"))
    changed, facts = [], checked_facts(subject, source, {})
    for row in rows:
        values = told[row.pk]
        checked_facts(subject, source, values)
        before = (getattr(row, seen(source)), row.told)
        news = take_in(row, source, facts, values, on)
        if news or before != (getattr(row, seen(source)), row.told):
            changed.append(row)
    model.objects.bulk_update(changed, [seen(source), "told", *facts], batch_size=250)
    return len(changed)


# -- what certification knows ----------------------------------------------------------------------------------------------------


def tell_certified(person_ids: Iterable[UUID], *, now: datetime) -> None:
    """The same signs that certification weighs, as the facts that policies ask: so that a scan sees what the officer sees."""
    today = local_date(now)
    for some in _some(sorted(set(person_ids))):
        last: dict[UUID, date] = {}
        cleared: dict[UUID, datetime | None] = {}
        for c in Certification.objects.filter(person_id__in=some, over_on=None).order_by("id"):
            last[c.person_id] = max(c.certified_on, last.get(c.person_id, NEVER))
            cleared[c.person_id] = c.cleared_at
        with transaction.atomic():
            signs = signs_of(last)
            vital = {}
            for person in last:
                found = vital_facts(signs.get(person, []), on=today, cleared_at=cleared[person])
                vital[person] = found | {"life_strong_on": found["life_strong_on"] or NEVER}
            tell_many("person", "vital", vital, today)
            tell_many("person", "benefits", {person: {"certified_on": day} for person, day in last.items()}, today)


def _some(ids: list[UUID]) -> Iterator[list[UUID]]:
    for start in range(0, len(ids), _BATCH):
        yield ids[start : start + _BATCH]
