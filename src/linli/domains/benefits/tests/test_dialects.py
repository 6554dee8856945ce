"""Expressions as SQL: every operation that is reckoned for one is written for many, and means the same."""

from __future__ import annotations

from datetime import date

import duckdb
import ibis
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from linli.domains.benefits import scans, spark
from linli.domains.benefits.arithmetic import floor_div, rounded, unknown, when, whole
from linli.domains.benefits.dialects import DUCKDB, SPARK
from linli.domains.benefits.reckoning import NotReckoned, Program
from linli.domains.benefits.staging import staged

TYPES = {"n": "int64", "m": "int64", "yes": "boolean", "also": "boolean", "word": "string", "day": "date", "since": "date"}
DECLARED = {"int64": "BIGINT", "boolean": "BOOLEAN", "string": "VARCHAR", "date": "DATE"}
WORDS = ("", "it's", "a\\b", '"', "`", "%s", "{0}", "镇、街道", "'; --", "\\'")


def expressions():
    """Every operation, each by a name; some within others."""
    t = ibis.table(TYPES, name="given")
    size = (t.n + 1000).abs()
    made = {
        "sum": t.n + t.m - 7, "product": t.n * -3, "rest": t.n % 7, "floor": floor_div(size, 12), "half_up": rounded(size, 7), "negated": -t.m,
        "bits": (whole(t.yes) + ibis.ifelse(t.also, 2, 0)).cast("int32"), "big": whole(4_000_000) * 4_000_000 + t.n, "as_text": t.n.cast("string"),
        "year": whole(t.day.year()), "month": whole(t.day.month()), "of_month": whole(t.day.day()), "days": whole(t.day.delta(t.since, unit="day")),
        "as_day": ibis.literal("2024-02-29").cast("date"), "a_day": ibis.literal(date(1900, 1, 1)), "later": t.day > ibis.literal(date(2020, 2, 29)),
        "less": t.n < t.m, "least": t.n <= t.m, "more": t.n > t.m, "most": t.n >= t.m, "like": t.n == t.m, "unlike": t.word != "",
        "both": t.yes & t.also, "either": t.yes | t.also, "neither": ~(t.yes | t.also), "unknown": unknown(t.yes | ~t.also), "gap": t.day.isnull(),
        "between": t.n.between(-5, t.m), "among": t.word.isin(WORDS[1:4]), "first": ibis.coalesce(t.n, t.m, 3), "chosen": when(t.yes, t.n, t.m),
        "case": ibis.cases((t.word == "a\\b", 1), (t.word == "it's", 2), else_=ibis.null("int64")), "nothing": ibis.null("int32"),
        "order": (t.n - (t.m - 2)) * 2, "never": ibis.literal(False),
    }  # fmt: skip
    made |= {f"is_{place}": t.word == word for place, word in enumerate(WORDS)}
    return made


def rows():
    def maybe(values):
        return st.one_of(st.none(), values, values, values)

    days = st.dates(date(1899, 12, 30), date(2100, 1, 1))
    kinds = {"int64": st.integers(-900, 10**9), "boolean": st.booleans(), "string": st.sampled_from(WORDS), "date": days}
    return st.fixed_dictionaries({name: maybe(kinds[kind]) for name, kind in TYPES.items()})


def reckoned(lines):
    program = Program(expressions())
    return [program.run(line) for line in lines]


def asked(dialect):
    table = ibis.table({"line": "int64"}, name="given")
    return f"WITH {staged('given', {'line': table.line, **expressions()}, name='told', dialect=dialect)} SELECT * FROM told ORDER BY line"


def given_to(db, lines):
    db.execute(f"CREATE TABLE given (line BIGINT, {', '.join(f'{name} {DECLARED[kind]}' for name, kind in TYPES.items())})")
    db.executemany(
        f"INSERT INTO given VALUES ({', '.join('?' * (len(TYPES) + 1))})",
        [[n, *(line[name] for name in TYPES)] for n, line in enumerate(lines)],
    )


def test_names_are_quoted():
    odd = {name: ibis.literal(1) for name in ('a "b', "c `d", "e'f")}
    with duckdb.connect() as db:
        db.execute("CREATE TABLE given AS SELECT 1 AS x")
        found = db.execute(f"WITH {staged('given', odd, name='told', dialect=DUCKDB)} SELECT * FROM told")
        assert [column[0] for column in found.description] == list(odd)


@settings(max_examples=20, phases=[Phase.generate])
@given(lines=st.lists(rows(), min_size=30, max_size=30))
def test_every_operation_means_the_same_on_duckdb_as_here(lines):
    with duckdb.connect() as db:
        given_to(db, lines)
        found = db.execute(asked(DUCKDB))
        names = [column[0] for column in found.description]
        told = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    assert [{k: v for k, v in line.items() if k != "line"} for line in told] == reckoned(lines)


@pytest.mark.spark
@pytest.mark.skipif(spark.lacking() is not None, reason=f"no Apache Spark here: {spark.lacking()}")
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::ResourceWarning")
@settings(max_examples=2, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(rows(), min_size=300, max_size=300))
def test_every_operation_means_the_same_on_spark_as_here(tmp_path, lines):
    with spark.session(tmp_path / "spark", master="local[2]") as session, duckdb.connect() as db:
        given_to(db, lines)
        db.execute(f"COPY given TO '{tmp_path}/given.parquet' (FORMAT parquet)")
        session.read.parquet(f"{tmp_path}/given.parquet").createOrReplaceTempView("given")
        told = [row.asDict() for row in session.sql(asked(SPARK)).collect()]
    assert [{k: v for k, v in line.items() if k != "line"} for line in told] == reckoned(lines)


def test_what_is_not_understood_is_refused_and_named():
    t = ibis.table(TYPES, name="given")
    for wrong, named in ((t.word.upper(), "Uppercase"), (t.n.cast("decimal(10, 2)"), "decimal"), (ibis.literal(1.5), "float64")):
        with pytest.raises(NotReckoned, match=named):
            staged("given", {"wrong": wrong}, name="told")


@pytest.mark.parametrize("apart", [([1, 2], [3, 4]), ([3, 4], [1, 2]), ([2, 1], [3, 4]), ([1, 3], [2, 4])])
def test_what_workers_wrote_in_parts_is_put_together_in_the_order_of_the_subjects(tmp_path, apart):
    with duckdb.connect() as db:
        for place, part in enumerate(apart):
            values = ", ".join(f"('{n}', {n * 10})" for n in part)
            db.execute(
                f"COPY (FROM (VALUES {values}) t(subject_id, fen)) TO '{tmp_path / f'part-{place}.parquet'}' (FORMAT parquet)"
            )

        found = db.execute(f"FROM {scans._in_order(db, tmp_path)}").fetchall()

    assert found == [("1", 10), ("2", 20), ("3", 30), ("4", 40)]
