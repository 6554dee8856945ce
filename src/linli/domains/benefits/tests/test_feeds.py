"""Facts in bulk: registers' monthly extracts by number, and what certification knows as the facts that policies ask."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.domains.benefits import commands
from linli.domains.benefits.certifying import vital_facts
from linli.domains.benefits.models import FACTS
from linli.domains.benefits.parameters import Figures
from linli.domains.benefits.queries import facts_of, policy_of
from linli.domains.benefits.queries.certification import signs_of
from linli.domains.benefits.scanning import State, assess
from linli.domains.benefits.tests.test_certification import receiver
from linli.domains.people.commands import register_person
from linli.domains.people.queries import Gender, IdType
from linli.kernel.actors import system
from linli.kernel.errors import NotAllowed
from linli.kernel.identifiers import credit_code_with_checks
from linli.testing.world import person_id

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
BY = system("benefits.learn")
EMPLOYER = credit_code_with_checks("9177010012345678")


def extract(folder, name, rows):
    pq.write_table(pa.Table.from_pylist(rows), folder / f"{name}.parquet")
    return folder / f"{name}.parquet"


def load(file, on=TODAY):
    return commands.load_extract(file=file, on=on, by=BY, now=NOW)


def test_an_extract_is_told_of_whom_it_names_and_whoever_is_not_known_here_is_counted(world, tmp_path):
    file = extract(tmp_path, "person-contributions", [
        {"number": person_id(0), "employee_paid_months": 120, "on_job_insured": True, "resident_account": None},
        {"number": person_id(1), "employee_paid_months": 0, "on_job_insured": None, "resident_account": 123_45},
        {"number": person_id(77), "employee_paid_months": 5, "on_job_insured": True, "resident_account": None},
    ])  # fmt: skip
    assert load(file) == load(file) == (3, 1)
    assert facts_of("person", world.people["applicant"], on=TODAY) == {"employee_paid_months": 120, "on_job_insured": True}
    assert facts_of("person", world.people["neighbour"], on=TODAY) == {"employee_paid_months": 0, "resident_account": 123_45}
    assert FACTS["person"].objects.get(pk=world.people["applicant"]).region == "770121"


def test_an_older_extract_undoes_nothing_and_what_is_old_is_unknown_again(world, tmp_path):
    load(extract(tmp_path, "person-contributions", [{"number": person_id(0), "employee_paid_months": 120}]))
    load(extract(tmp_path, "person-contributions", [{"number": person_id(0), "employee_paid_months": 7}]), on=TODAY - timedelta(31))
    person = world.people["applicant"]
    assert facts_of("person", person, on=TODAY) == {"employee_paid_months": 120}
    assert facts_of("person", person, on=TODAY + timedelta(36)) == {}


def test_employers_and_hires_are_told_of_by_their_numbers(world, tmp_path):
    load(extract(tmp_path, "employer-contributions", [{"number": EMPLOYER, "insured_staff": 12, "unemployment_insured": True}]))
    assert facts_of("employer", world.people["employer"], on=TODAY) == {"insured_staff": 12, "unemployment_insured": True}
    for source, fact in (("employment", {"hire_kind": "hardship", "contract_months": 12}), ("business", {"size": "small"})):
        load(extract(tmp_path, f"hire-{source}", [{"employer": EMPLOYER, "person": person_id(0), **fact}]))
    (hire,) = FACTS["hire"].objects.all()
    assert (hire.employer_id, hire.person_id) == (world.people["employer"], world.people["applicant"])
    assert facts_of("hire", hire.pk, on=TODAY) == {"hire_kind": "hardship", "contract_months": 12, "size": "small"}


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("person-weather", {"number": "1", "birth": TODAY}),
        ("person-contributions", {"employee_paid_months": 1}),
        ("person-contributions", {"number": person_id(0), "birth": TODAY}),
        ("person-contributions", {"number": person_id(0), "employee_paid_months": "many"}),
    ],
)
def test_a_file_that_is_no_extract_is_refused_whole(world, tmp_path, name, row):
    good = dict.fromkeys(row) | {"number": person_id(1), "employee_paid_months": 3}
    rows = [good, row] if "number" in row and isinstance(row.get("employee_paid_months", 0), int) else [row]
    with pytest.raises(commands.ExtractWrong):
        load(extract(tmp_path, name, rows))
    assert not FACTS["person"].objects.exists()
    with pytest.raises(NotAllowed):
        commands.load_extract(file=tmp_path / f"{name}.parquet", on=TODAY, by=system(), now=NOW)


def test_many_rows_cost_no_more_questions_than_few(world, tmp_path):
    for number in range(40, 60):
        register_person(
            name=f"孙{number}", id_type=IdType.CITIZEN, id_number=person_id(number), gender=Gender.MALE, region="770121",
            by=system("people.register"), now=NOW,
        )  # fmt: skip
    counts = []
    for name, numbers in (("few", range(40, 42)), ("many", range(40, 60))):
        folder = tmp_path / name
        folder.mkdir()
        file = extract(folder, "person-benefits", [{"number": person_id(n), "flexible_subsidy_months": n} for n in numbers])
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert load(file) == (len(numbers), 0)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_scan_sees_what_certification_knows(world):
    row = receiver(world, since=date(2020, 1, 1), on=TODAY)
    person, policy = row.person_id, policy_of("na-pension-certification")

    def state():
        (outcome,) = assess(
            [policy], facts_of("person", person, on=TODAY) | {"long_term_benefit": "pension"}, Figures(TODAY, row.region)
        )
        return outcome.state

    commands.project_on(of="certified", after=None, now=NOW)
    assert state() is State.NOT_ENTITLED  # nothing was heard since the first payment years ago
    sign = commands.Told(person, "hospital", "health", "1", TODAY - timedelta(40))
    commands.take_in_signs(rows=[sign], by=BY, now=NOW)
    known = facts_of("person", person, on=TODAY)
    assert known["certified_on"] == known["life_strong_on"] == sign.day and known["death_sources"] == 0
    assert known.items() >= vital_facts(signs_of([person])[person], on=TODAY).items()
    assert state() is State.ENTITLED
    commands.take_in_signs(rows=[commands.Told(person, "deregistration", "police", "2", TODAY - timedelta(3))], by=BY, now=NOW)
    assert facts_of("person", person, on=TODAY)["death_sources"] == 1
    assert state() is State.NOT_ENTITLED
    # Every night it is told anew, so that it does not look stale while nothing is heard.
    later = NOW + timedelta(60)
    commands.project_on(of="certified", after=None, now=later)
    assert facts_of("person", person, on=later.date())["certified_on"] == sign.day
