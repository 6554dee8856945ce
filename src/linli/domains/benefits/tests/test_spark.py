"""A real Apache Spark: row by row what DuckDB says, for every policy and every formula, and the same run whichever engine makes it."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import duckdb
import ibis
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from linli.domains.benefits import checks, commands, engine, queries, scans, spark
from linli.domains.benefits.commands import make_population
from linli.domains.benefits.definitions import shipped_policies
from linli.domains.benefits.engine import SQL_TYPES
from linli.domains.benefits.facts import vocabulary
from linli.domains.benefits.formulas import FORMULAS
from linli.domains.benefits.parameters import Figures, shipped_parameters
from linli.domains.benefits.scanning import assess, column, state_of
from linli.domains.benefits.staging import staged
from linli.domains.benefits.tests.test_policies import people
from linli.domains.benefits.tests.test_runs import NOW, fill, officer  # noqa: F401

ON = date(2025, 6, 1)
SUBJECTS = ("person", "employer", "hire")
DRAWN, INVENTED = 400, 2_000
# Places with the same figures, so that a kind of subject is one statement; employers are few, and lie in places that differ.
PLACES = {"person": ["770102"], "employer": ["770102", "440000", "500000"], "hire": ["770102"]}

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(spark.lacking() is not None, reason=f"no Apache Spark here: {spark.lacking()}"),
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::ResourceWarning"),  # pyspark's own
]


@pytest.fixture
def session(tmp_path):
    """A session of its own for each test; the machine under it starts once."""
    with spark.session(tmp_path / "spark", master="local[2]") as started:
        yield started


def drawn(subject):
    """What Hypothesis thinks of: values around where conditions turn, and unknowns of every kind."""
    rows = []

    @settings(max_examples=DRAWN // 10, phases=[Phase.generate], database=None)
    @given(st.lists(people(subject), min_size=10, max_size=10))
    def draw(more):
        rows.extend(more)

    draw()
    return rows


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    """By subject a file with an invented population, faults and all, and with what Hypothesis thinks of."""
    folder = tmp_path_factory.mktemp("facts")
    for subject in SUBJECTS:
        made = folder / subject
        make_population(folder=made, number=INVENTED * (25 if subject != "person" else 1), seed=11, on=ON, places=PLACES[subject])
        fields = vocabulary()[subject].values()
        names = ", ".join(f'"{f.name}"' for f in fields)
        with duckdb.connect() as db:
            declared = ", ".join(f'"{f.name}" {SQL_TYPES[f.kind.type]}' for f in fields)
            db.execute(f"CREATE TABLE facts (subject_id VARCHAR, region VARCHAR, {declared})")
            db.executemany(
                f"INSERT INTO facts VALUES ({', '.join('?' * (len(fields) + 2))})",
                [
                    [f"drawn-{n:05d}", PLACES[subject][n % len(PLACES[subject])], *(row[f.name] for f in fields)]
                    for n, row in enumerate(drawn(subject))
                ],
            )
            db.execute(f"INSERT INTO facts SELECT subject_id, region, {names} FROM '{made}/facts_{subject}.parquet'")
            db.execute(f"COPY (FROM facts ORDER BY subject_id) TO '{folder}/{subject}.parquet' (FORMAT parquet)")
    return folder


def rows_of(db, file):
    found = db.execute(f"SELECT * FROM read_parquet('{file}') ORDER BY subject_id")
    names = [c[0] for c in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_row_is_the_same_on_both_engines_and_for_one_person(session, facts, subject, tmp_path):
    policies = [p for p in shipped_policies().values() if p.subject == subject]
    source, here, there = facts / f"{subject}.parquet", tmp_path / "here.parquet", tmp_path / "there.parquet"
    with scans.engine(tmp_path / "scratch") as db:
        apart = scans.groups(scans.places_in(db, source), policies, ON, shipped_parameters())
        assert len(apart) == len(PLACES[subject])
        scans.evaluate(db, subject, source, [(g.places, scans.statement(subject, policies, g)) for g in apart], here)
        statements = [(g.places, scans.statement(subject, policies, g, spark.DIALECT)) for g in apart]
        scans.on_spark(session, db, tmp_path / "scratch", subject, source, statements, there)
        assert db.execute(f"DESCRIBE FROM '{here}'").fetchall() == db.execute(f"DESCRIBE FROM '{there}'").fetchall()
        by_duckdb, by_spark = rows_of(db, here), rows_of(db, there)
        given_rows = rows_of(db, source)
    assert len(by_spark) == len(given_rows) > DRAWN
    assert [row for row, other in zip(by_spark, by_duckdb, strict=True) if row != other] == []
    figures = {place: group for group in apart for place in group.places}
    for row, said in zip(given_rows, by_spark, strict=True):
        group = figures[row["region"]]
        for outcome in assess(group.policies, row, group.figures):
            met, still_open, fen = (said[column(outcome.policy, part)] for part in ("met", "open", "fen"))
            assert (state_of(outcome.policy, met, still_open), fen) == (outcome.state, outcome.amount), outcome.policy.code
    states = {
        (p.code, state_of(p, row[column(p, "met")], row[column(p, "open")]))
        for p in policies
        for row in by_spark
        if row[column(p, "met")] is not None
    }
    assert len(states) >= 2.5 * len(policies)  # yes, no and cannot be told all occur


def test_every_formula_gives_what_the_cases_say(session, monkeypatch, tmp_path):
    """All cases as one row each of one wide table, every formula with the figures of its day and place as columns."""
    asked, answer = defaultdict(list), engine.answer

    def kept(formula, given_values, figures):
        found = answer(formula, given_values, figures)
        asked[formula, figures.on, figures.region].append((given_values, found))
        return found

    monkeypatch.setattr(engine, "answer", kept)
    assert all(o.passed for o in checks.run_file(checks.shipped_cases(), today=date(2026, 11, 20)))
    inputs, outputs, wanted = {}, {}, []
    for place, ((formula, on, region), cases) in enumerate(asked.items()):
        rule = FORMULAS[formula]
        inputs |= {f"i{place}_{f.name}": f.kind.type for f in rule.inputs}
        wanted.append((place, rule, on, region, cases))
    table = ibis.table({"row": "int64", **inputs}, name="given")
    for place, rule, on, region, _ in wanted:
        results = rule.build({f.name: table[f"i{place}_{f.name}"] for f in rule.inputs}, Figures(on, region))
        outputs |= {f"o{place}_{f.name}": results[f.name].cast(f.kind.type) for f in rule.gives}
    rows = max(len(cases) for *_, cases in wanted)
    lines = [
        {"row": n}
        | {f"i{place}_{name}": value for place, *_, cases in wanted if n < len(cases) for name, value in cases[n][0].items()}
        for n in range(rows)
    ]
    assert sum(len(cases) for *_, cases in wanted) > 170
    declared = ", ".join(f'"{name}" {SQL_TYPES[kind]}' for name, kind in {"row": "int64", **inputs}.items())
    with duckdb.connect() as db:
        db.execute(f"CREATE TABLE given ({declared})")
        names = ["row", *inputs]
        db.executemany(
            f"INSERT INTO given VALUES ({', '.join('?' * len(names))})", [[line.get(n) for n in names] for line in lines]
        )
        db.execute(f"COPY given TO '{tmp_path}/given.parquet' (FORMAT parquet)")
    session.read.parquet(f"{tmp_path}/given.parquet").createOrReplaceTempView("given")
    sql = staged("given", {"row": table.row, **outputs}, name="answers", dialect=spark.DIALECT)
    found = {row["row"]: row for row in session.sql(f"WITH {sql} SELECT * FROM answers").collect()}
    for place, rule, on, region, cases in wanted:
        for n, (values, answers) in enumerate(cases):
            said = {f.name: found[n][f"o{place}_{f.name}"] for f in rule.gives}
            assert said == answers, (rule.name, on, region, values)


def test_a_run_is_the_same_whichever_engine_makes_it(officer):  # noqa: F811
    """Two runs of the same facts, made by the commands: the same counts, and nothing changed between them."""
    fill(number=120, places=("7701", "440000"))
    codes = [p.code for p in shipped_policies().values() if p.subject == "employer"]
    found = []
    for name in ("duckdb", "spark"):
        run = commands.start_run(on=ON, region="", policies=codes, by=officer, now=NOW)
        commands.freeze_run(run_id=run, by=officer, now=NOW)
        commands.scan_run(run_id=run, engine=name)
        commands.finish_run(run_id=run, by=officer, now=NOW)
        found.append(queries.run(run, by=officer))
    first, second = found
    for code in codes:
        assert first.counts[code]["entitled"] == second.counts[code]["entitled"] == second.counts[code]["same"]
        assert [first.counts[code][n] for n in ("unknown", "not_entitled", "fen", "missing")] == [
            second.counts[code][n] for n in ("unknown", "not_entitled", "fen", "missing")
        ]
