"""What registers know of the demonstration's residents and employers: their monthly extracts, and signs of life and of death.

Each resident gets what an invented population says of somebody of the same sex and age, by the doors by which a bureau takes in extracts.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import duckdb

from linli.cli.demo.population import Population
from linli.domains.benefits.commands import enrol, load_evidence, load_extract, make_population, measure, weigh_news
from linli.domains.benefits.queries import vocabulary
from linli.kernel.actors import system
from linli.kernel.calendar import local_date

_INVENTED = 20_000  # enough that every age of both sexes is among them
_HIRES = 6  # of a company


def feed(people: Population, folder: Path, *, now: datetime, progress: Callable[[int, int], None]) -> None:
    """Write the extracts of a month, take them in, enrol who receives a benefit, weigh the signs, and measure how often that was right."""
    by, on = system("benefits.learn", device="linli demo"), local_date(now)
    make_population(folder=folder / "invented", number=_INVENTED, seed=7701, on=on, places=["770102"])
    extracts = _write(people, folder, on)
    for number, file in enumerate(extracts):
        load_extract(file=file, on=on, by=by, now=now)
        progress(number + 1, len(extracts) + 1)
    load_evidence(file=folder / "evidence.parquet", by=by, now=now)
    after = None
    while after := enrol(after=after, by=by, now=now):
        pass
    while weigh_news(by=by, now=now):
        pass
    measure(truth=folder / "truth.parquet", on=on, by=by, now=now)
    shutil.rmtree(folder)
    progress(len(extracts) + 1, len(extracts) + 1)


def _write(people: Population, folder: Path, on: date) -> list[Path]:
    files = []
    with duckdb.connect() as db:
        db.execute("CREATE TABLE residents (id VARCHAR, number VARCHAR, birth DATE, sex VARCHAR)")
        numbers = [(i, people.numbers[i]) for i in people.persons]
        rows = [
            [str(i), n, date(int(n[6:10]), int(n[10:12]), int(n[12:14])), "male" if int(n[16]) % 2 else "female"]
            for i, n in numbers
        ]
        db.executemany("INSERT INTO residents VALUES (?, ?, ?, ?)", rows)
        db.execute("CREATE TABLE firms (place INTEGER, number VARCHAR)")
        db.executemany("INSERT INTO firms VALUES (?, ?)", [[n, people.numbers[i]] for n, i in enumerate(people.employers)])
        invented = f"{folder}/invented"
        # Only of the old some have died: the others come to the hall.
        db.execute(f"""
            CREATE TABLE person AS SELECT r.number, r.id AS resident, r.birth, r.sex, f.* EXCLUDE (birth, sex)
              FROM residents r ASOF JOIN (
                   SELECT f.* FROM '{invented}/facts_person.parquet' f JOIN '{invented}/truth.parquet' t ON t.person = f.subject_id
                    WHERE t.alive_truth OR f.birth < DATE '{on}' - INTERVAL 75 YEAR) f ON r.sex = f.sex AND r.birth >= f.birth""")
        db.execute(f"""
            CREATE TABLE employer AS SELECT number, f.* FROM firms JOIN (
                   SELECT *, row_number() OVER (ORDER BY subject_id) - 1 AS place FROM '{invented}/facts_employer.parquet') f USING (place)""")
        # The first companies have several each, and those among them for whom there may be something: a company is one of them.
        db.execute(f"""
            CREATE TABLE hire AS SELECT e.number AS employer, p.number AS person,
                   f.* EXCLUDE (place) REPLACE (e.size AS size, e.serious_dishonesty AS serious_dishonesty) FROM (
                   SELECT *, row_number() OVER (ORDER BY coalesce(hire_kind, '') = '', subject_id) - 1 AS place
                     FROM '{invented}/facts_hire.parquet') f
              JOIN employer e ON e.place = f.place // {_HIRES}
              JOIN (SELECT number, row_number() OVER (ORDER BY number) - 1 AS place FROM residents
                     WHERE birth BETWEEN DATE '{on}' - INTERVAL 50 YEAR AND DATE '{on}' - INTERVAL 20 YEAR) p ON p.place = f.place * 3""")
        for subject, who in (("person", "number"), ("employer", "number"), ("hire", "employer, person")):
            told: dict[str, list[str]] = {}
            for fact in vocabulary()[subject].values():
                told.setdefault(fact.source.name, []).append(f'"{fact.name}"')
            for source, names in told.items():
                files.append(folder / f"{subject}-{source}.parquet")
                rows_of = f"SELECT {who}, {', '.join(names)} FROM {subject} WHERE seen_{source} IS NOT NULL"
                db.execute(f"COPY ({rows_of}) TO '{files[-1]}' (FORMAT parquet)")
        db.execute(f"""
            COPY (SELECT p.resident AS person, e.kind, e."on", e.source, e.record_id || '-' || right(p.number, 8) AS record_id
                    FROM '{invented}/evidence.parquet' e JOIN person p ON p.subject_id = e.person)
              TO '{folder}/evidence.parquet' (FORMAT parquet)""")
        db.execute(f"""
            COPY (SELECT p.resident AS person, t.died_truth FROM '{invented}/truth.parquet' t JOIN person p ON p.subject_id = t.person)
              TO '{folder}/truth.parquet' (FORMAT parquet)""")
    return files
