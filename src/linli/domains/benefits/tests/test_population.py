"""The invented population: the same for a seed, of the same shape as the facts, faulty on purpose, with the truth beside it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import duckdb
import pytest

from linli.domains.benefits import commands, queries
from linli.domains.benefits.models import FACTS
from linli.kernel.actors import system

ON = date(2025, 6, 1)
PLACES = ["770102", "770121"]
LOADER = system("benefits.learn")
NOW = datetime(2025, 6, 1, 3, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("population")
    return folder, commands.make_population(folder=folder, number=20_000, seed=7, on=ON, places=PLACES)


def ask(sql, folder):
    return duckdb.sql(sql.replace("@", f"{folder}/")).fetchall()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(made, tmp_path):
    folder, rows = made
    again = commands.make_population(folder=tmp_path / "again", number=20_000, seed=7, on=ON, places=PLACES)
    assert again == rows
    for name in rows:
        assert (folder / f"{name}.parquet").read_bytes() == (tmp_path / "again" / f"{name}.parquet").read_bytes(), name
    commands.make_population(folder=tmp_path / "other", number=20_000, seed=8, on=ON, places=PLACES)
    assert (folder / "truth.parquet").read_bytes() != (tmp_path / "other" / "truth.parquet").read_bytes()


def test_a_larger_population_holds_the_same_people(made, tmp_path):
    folder, _ = made
    commands.make_population(folder=tmp_path, number=3_000, seed=7, on=ON, places=PLACES)
    assert ask(
        f"SELECT count(*) FROM (FROM '{tmp_path}/facts_person.parquet' EXCEPT ALL FROM '@facts_person.parquet')", folder
    ) == [(0,)]


def test_its_people_are_plausible(made):
    folder, _ = made
    (row,) = ask(
        """SELECT avg((date_diff('year', birth, DATE '2025-06-01') >= 60)::INT), avg((sex = 'male')::INT),
                  max(date_diff('year', birth, DATE '2025-06-01')), avg((receiving_pension)::INT), min(birth), count(DISTINCT subject_id)
             FROM '@facts_person.parquet'""",
        folder,
    )
    old, men, oldest, pensioners, born, people = row
    assert 0.2 < old < 0.3 and 0.49 < men < 0.53 and oldest <= 110 and 0.18 < pensioners < 0.35 and born < ON and people == 20_000
    ((largest, homes),) = ask(
        "SELECT max(n), count(*) FROM (SELECT household, count(*) n, count(DISTINCT region) r FROM '@households.parquet' GROUP BY 1)",
        folder,
    )
    assert largest <= 6 and 7_000 < homes < 12_000
    assert ask(
        "SELECT count(*) FROM '@facts_person.parquet' WHERE birth > DATE '2025-06-01' OR died_on < birth AND died_on > DATE '1900-01-01'",
        folder,
    ) == [(0,)]


def test_registers_are_late_silent_and_sometimes_wrong_and_the_truth_tells(made):
    folder, _ = made
    (shares,) = ask(
        """SELECT avg((seen_household IS NULL)::INT), avg((seen_household < DATE '2025-05-02')::INT), avg((birth IS NULL)::INT),
                  avg((on_job_insured AND receiving_pension)::INT) FROM '@facts_person.parquet'""",
        folder,
    )
    assert all(0.001 < share < 0.05 for share in shares), shares
    dead, unnoticed, lent, after = ask(
        """SELECT count(*), count(*) FILTER (d.person IS NULL), count(*) FILTER (t.card_lent), count(*) FILTER (a.person IS NOT NULL)
             FROM '@truth.parquet' t
             LEFT JOIN (SELECT DISTINCT person FROM '@evidence.parquet' WHERE kind IN ('deregistration', 'death_certificate', 'cremation')) d USING (person)
             LEFT JOIN (SELECT DISTINCT e.person FROM '@evidence.parquet' e JOIN '@truth.parquet' USING (person)
                         WHERE kind IN ('hospital', 'bank', 'travel', 'transport', 'vaccination', 'tax') AND "on" > died_truth AND NOT card_lent) a USING (person)
            WHERE NOT t.alive_truth""",
        folder,
    )[0]
    assert 100 < dead < 400 and 0 < unnoticed < dead / 4 and lent < dead / 10 and after == 0
    ((events, records, latest),) = ask("SELECT count(*), count(DISTINCT record_id), max(\"on\") FROM '@evidence.parquet'", folder)
    assert events > 20_000 and records > 0.99 * events and latest <= ON


@pytest.mark.django_db
def test_its_facts_are_taken_into_the_database_as_they_are_and_only_once(made, world):
    folder, rows = made
    assert commands.load_facts(folder=folder, by=LOADER, now=NOW) == {s: rows[f"facts_{s}"] for s in FACTS}
    for subject, model in FACTS.items():
        row = model.objects.order_by("subject_id")[7]
        values = duckdb.sql(f"SELECT * FROM '{folder}/facts_{subject}.parquet' WHERE subject_id = '{row.pk}'")
        for name, value in zip(values.columns, values.fetchall()[0], strict=True):
            assert str(getattr(row, name)) == str(value), (subject, name)
        assert queries.facts_of(subject, row.pk, on=ON)
    assert FACTS["person"].objects.filter(certificate_level="").exists() and FACTS["person"].objects.filter(birth=None).exists()
    with pytest.raises(commands.AlreadyThere):
        commands.load_facts(folder=folder, by=LOADER, now=NOW)
    assert FACTS["person"].objects.count() == 20_000
