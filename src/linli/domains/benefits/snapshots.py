"""Taking the facts out of PostgreSQL as they stand at one moment, and keeping files that nobody can change unnoticed.

One transaction sees all tables at the same moment. Rows leave it in batches in the order of their key, so that memory stays
bounded; what is stale on the day of the scan is unknown from here on.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from cryptography.hazmat.primitives import hashes
from django.db import connections
from psycopg import IsolationLevel, sql

from linli.domains.benefits.facts import REGION, SUBJECT_ID, sources_of, vocabulary
from linli.domains.benefits.models import FACTS, seen
from linli.domains.benefits.runs import shortest
from linli.kernel.errors import Kind, LinliError
from linli.kernel.text import noop

BATCH = 65_536
SUBJECTS = tuple(FACTS)
_TOLD = "told"
_ARROW = {"int64": pa.int64(), "string": pa.string(), "boolean": pa.bool_(), "date": pa.date32()}


class SnapshotChanged(LinliError):
    """A file that was frozen is not what it was, or is gone."""

    code = "benefits.snapshot_changed"
    kind = Kind.UNAVAILABLE
    template = noop("比对所用的文件 %(file)s 与封存时不一致，不能再作为依据。")
    remedy = noop("请停止使用这次比对的结果，从备份恢复该文件，并报告安全管理员。")


# -- out of PostgreSQL -----------------------------------------------------------------------------------------------


@contextmanager
def one_moment() -> Iterator[Any]:
    """A connection of its own whose every statement sees the database as it was at the first."""
    wrapper = connections["default"].copy()
    wrapper.ensure_connection()
    connection: Any = wrapper.connection
    try:
        connection.isolation_level, connection.read_only = IsolationLevel.REPEATABLE_READ, True
        connection.autocommit = False
        yield connection
    finally:
        wrapper.close()


def how_many(connection: Any, subject: str, region: str) -> int:
    """The subjects of a kind in a region."""
    table = sql.Identifier(FACTS[subject]._meta.db_table)
    found = connection.execute(sql.SQL("SELECT count(*) FROM {} WHERE region LIKE %s").format(table), [shortest(region) + "%"])
    return int(found.fetchone()[0])


def freeze(connection: Any, subject: str, region: str, on: date, file: Path, *, tell: Callable[[int], None]) -> None:
    """Write what is known of all subjects of a kind in a region on a day; ``tell`` hears of every batch."""
    with duckdb.connect(config={"threads": 1}) as engine, pq.ParquetWriter(file, _frozen(subject), compression="zstd") as writer:
        for batch in _ahead(_batches(connection, subject, region)):
            engine.register("batch", batch)
            writer.write_table(engine.sql(_as_known(subject, on)).to_arrow_table().cast(_frozen(subject)))
            engine.unregister("batch")
            tell(batch.num_rows)


def take_over(facts: Path, subject: str, file: Path) -> None:
    """The facts of an earlier freeze under another name; what the vocabulary did not have then is unknown of everybody."""
    wanted, earlier = _frozen(subject), pq.ParquetFile(facts)
    if earlier.schema_arrow.names == wanted.names:
        os.link(facts, file)
        return
    with pq.ParquetWriter(file, wanted, compression="zstd") as writer:
        for batch in earlier.iter_batches():
            told = {name: batch.column(name) for name in batch.schema.names}
            columns = [told[f.name] if f.name in told else pa.nulls(batch.num_rows, f.type) for f in wanted]
            writer.write_batch(pa.record_batch(columns, schema=wanted))


def _ahead(batches: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The next batch leaves the database while this one is written: two cores work, two batches are in memory."""
    with ThreadPoolExecutor(1) as fetching:
        coming = fetching.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = fetching.submit(next, batches, None)
            yield batch


def _batches(connection: Any, subject: str, region: str) -> Iterator[pa.Table]:
    schema = _columns(subject)
    names = sql.SQL(", ").join(map(sql.Identifier, schema))
    table = sql.Identifier(FACTS[subject]._meta.db_table)
    options = pacsv.ConvertOptions(
        column_types=schema, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False, true_values=["t"], false_values=["f"],
    )  # fmt: skip
    here = sql.SQL("region LIKE {}").format(sql.Literal(shortest(region) + "%"))
    beyond: sql.Composable = sql.SQL("true")
    while True:
        statement = sql.SQL("COPY (SELECT {} FROM {} WHERE {} AND {} ORDER BY subject_id LIMIT {}) TO STDOUT (FORMAT csv)").format(
            names, table, here, beyond, sql.Literal(BATCH)
        )
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            text = b"".join(copy)
        if not text:
            return
        batch = pacsv.read_csv(io.BytesIO(text), pacsv.ReadOptions(column_names=list(schema)), convert_options=options)
        yield batch
        if batch.num_rows < BATCH:
            return
        beyond = sql.SQL("subject_id > {}").format(sql.Literal(str(batch[SUBJECT_ID][-1])))


@cache
def _columns(subject: str) -> Mapping[str, pa.DataType]:
    facts = {name: _ARROW[fact.kind.type] for name, fact in vocabulary()[subject].items()}
    days = {seen(source): pa.date32() for source in sources_of(subject)}
    return {SUBJECT_ID: pa.string(), REGION: pa.string(), _TOLD: pa.string(), **days, **facts}


@cache
def _frozen(subject: str) -> pa.Schema:
    facts = {name: _ARROW[fact.kind.type] for name, fact in vocabulary()[subject].items()}
    return pa.schema([(SUBJECT_ID, pa.string()), (REGION, pa.string()), *facts.items()])


def _as_known(subject: str, on: date) -> str:
    """A batch with what is stale on a day made unknown; by the day of the source, and the fact's own where it has one."""
    known = []
    for name, fact in vocabulary()[subject].items():
        since = fact.source.fresh_from(on)
        own = f"(told IS NULL OR coalesce(json_extract_string(told, '$.{name}'), '9999') >= '{since}')"
        known.append(f'CASE WHEN {seen(fact.source.name)} >= DATE \'{since}\' AND {own} THEN "{name}" END AS "{name}"')
    return f"SELECT subject_id, region, {', '.join(known)} FROM batch"


# -- kept ------------------------------------------------------------------------------------------------------------


def digest(file: Path) -> str:
    """SM3 of a file, read piece by piece."""
    made = hashes.Hash(hashes.SM3())
    with file.open("rb") as handle:
        while piece := handle.read(1 << 20):
            made.update(piece)
    return made.finalize().hex()


def seal(file: Path) -> str:
    """Nobody writes to a file any more; gives its digest."""
    file.chmod(0o444)
    return digest(file)


_looked_at: dict[Path, tuple[tuple[int, ...], str]] = {}


def unchanged(file: Path, wanted: str, *, thoroughly: bool = False) -> Path:
    """A file that is still what it was when it was sealed. Raises :class:`SnapshotChanged`.

    It is read whole the first time, and again whenever the file system says that anything about it changed; ``thoroughly`` does not
    ask the file system.
    """
    try:
        info = file.stat()
        marks = (info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)
        if thoroughly or _looked_at.get(file, ((), ""))[0] != marks:
            _looked_at[file] = marks, digest(file)
    except OSError:
        raise SnapshotChanged(file=file.name) from None
    if _looked_at[file][1] != wanted:
        raise SnapshotChanged(file=file.name)
    return file
