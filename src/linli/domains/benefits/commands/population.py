"""Bringing in facts in bulk: an extract of a register as Parquet, or an invented population."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from django.db import connection, transaction
from psycopg import sql
from psycopg.errors import UniqueViolation

from linli.domains.benefits.models import FACTS
from linli.domains.benefits.permissions import LEARN
from linli.domains.benefits.snapshots import digest
from linli.domains.benefits.synthetic import make
from linli.domains.trace.commands import Subject, record
from linli.kernel.actors import Actor
from linli.kernel.errors import Kind, LinliError
from linli.kernel.ids import uuid7
from linli.kernel.text import noop

_BATCH = 50_000


class AlreadyThere(LinliError):
    """Facts are loaded about somebody of whom facts are kept already."""

    code = "benefits.already_there"
    kind = Kind.CONFLICT
    template = noop("事实表里已经有这些对象，没有导入。")
    remedy = noop("请换一个空的数据目录，或者换一份不重复的文件。")


def make_population(*, folder: Path, number: int, seed: int, on: date, places: list[str]) -> dict[str, int]:
    """Write an invented population as Parquet files; the rows of each (``synthetic.make``)."""
    return make(folder, number, seed=seed, on=on, places=places)


def load_facts(
    *, folder: Path, by: Actor, now: datetime, tell: Callable[[int, int], None] = lambda done, total: None
) -> dict[str, int]:
    """Take in ``facts_<subject>.parquet`` as they are, all or nothing; the rows of each. Raises :class:`AlreadyThere`."""
    by.must(LEARN)
    files = {subject: pq.ParquetFile(folder / f"facts_{subject}.parquet") for subject in FACTS}
    total, done = sum(file.metadata.num_rows for file in files.values()), 0
    try:
        with transaction.atomic():
            for subject, file in files.items():
                names = file.schema_arrow.names
                into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
                    sql.Identifier(FACTS[subject]._meta.db_table), sql.SQL(", ").join(map(sql.Identifier, names))
                )
                with connection.cursor() as cursor, cursor.copy(into) as copy:
                    for text, rows in _lines(file):
                        copy.write(text)
                        done += rows
                        tell(done, total)
            loaded = {subject: file.metadata.num_rows for subject, file in files.items()}
            digests = {subject: digest(folder / f"facts_{subject}.parquet") for subject in files}
            record(
                "benefits.facts_loaded",
                subject=Subject("benefit_load", uuid7()),
                by=by,
                at=now,
                new=True,
                rows=loaded,
                digests=digests,
            )
    except UniqueViolation as error:
        raise AlreadyThere from error
    return loaded


def _lines(file: pq.ParquetFile) -> Iterator[tuple[bytes, int]]:
    """Batches as CSV: an empty text in quotes, an unknown as nothing."""
    options = pacsv.WriteOptions(include_header=False, quoting_style="needed")
    for batch in file.iter_batches(_BATCH):
        out = io.BytesIO()
        pacsv.write_csv(pa.Table.from_batches([batch]), out, options)
        yield out.getvalue(), batch.num_rows
