"""Facts follow what the bureau learns: its register of people, answers of other departments, cases that were closed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from linli.domains.benefits import commands, tasks
from linli.domains.benefits.facts import vocabulary
from linli.domains.benefits.projection import projection
from linli.domains.benefits.queries import facts_of
from linli.domains.catalog.queries import package_standards
from linli.domains.exchange import commands as exchange
from linli.domains.exchange.queries import interface, interfaces
from linli.domains.people.commands import register_person
from linli.domains.people.queries import Gender, IdType
from linli.domains.trace.queries import timeline
from linli.kernel.actors import system
from linli.kernel.calendar import local_date
from linli.kernel.ids import uuid7
from linli.testing.departments import Departments
from linli.testing.story import Story
from linli.testing.world import person_id

pytestmark = pytest.mark.django_db


def now():
    return datetime.now(UTC)


def today():
    return local_date(now())


def jobs(name):
    return list(ProcrastinateJob.objects.filter(task_name=name).order_by("pk").values_list("args", flat=True))


def test_the_data_names_facts_interfaces_fields_and_items_that_there_are():
    told = projection()
    items = {s.code for s in package_standards()}
    assert set(told.cases) <= items and set(told.exchange) <= {i.code for i in interfaces()}
    for code, register in told.exchange.items():
        fields = {f.name: f for f in interface(code).response}
        for tells in register.tells.values():
            for telling in tells:
                assert telling.field in fields and set(telling.when) <= set(fields), (code, telling.fact.name)
                assert set(telling.words or ()) <= set(fields[telling.field].values or telling.words or ()), (
                    code,
                    telling.fact.name,
                )
    for register in (told.people, *told.exchange.values(), *told.cases.values()):
        for subject, tells in register.tells.items():
            for telling in tells:
                assert telling.fact is vocabulary()[subject][telling.fact.name]
                for value in [telling.says] if telling.words is None else telling.words.values():
                    telling.fact.checked(value)


def test_a_registered_person_has_facts_as_soon_as_the_job_has_run_and_running_it_again_changes_nothing(world):
    person = register_person(
        name="孙示例", id_type=IdType.CITIZEN, id_number=person_id(90), gender=Gender.MALE, region="770121", by=system("people.register"), now=now()
    )  # fmt: skip
    (job,) = (j for j in jobs("benefits.project_person") if j["chain_id"] == str(person))
    for _ in range(3):
        tasks.project_person(**job)
    assert facts_of("person", person, on=today()) == {"sex": "male", "birth": date(1970, 1, 10)}
    assert [e.act for e in timeline(person)] == ["people.registered", "benefits.learned"]


def test_an_answer_is_told_of_whom_it_is_about_and_not_of_the_applicant(world, departments: Departments):
    departments.connect(now())
    case = exchange.About(
        subject_id=uuid7(), item_code="x", region="770121", org_id=world.orgs["county"], hall_id=world.orgs["hall"],
        party_id=world.people["applicant"],
    )  # fmt: skip
    wanted = exchange.Wanted("m1", "居民身份证", "公安机关")
    facts = {"id_number": person_id(1), "name": "阿卜杜热合曼·买买提依明"}
    ids = exchange.ask(about=case, wanted=[wanted], facts=facts, by=world.actor("clerk"), now=now())
    assert exchange.fetch(question_ids=ids, now=now()) == {ids[0]: "answered"}
    (job,) = jobs("benefits.project_answers")
    for _ in range(2):
        tasks.project_answers(**job)
    about = facts_of("person", world.people["neighbour"], on=today())
    assert set(about) == {"sex", "birth"}
    assert facts_of("person", world.people["applicant"], on=today()) == {}


def test_a_closed_case_tells_of_its_applicant_for_as_long_as_its_result_holds(world):
    story = Story(world, "hardship-identification")
    case_id = story.whole()
    story.close()
    (job,) = jobs("benefits.project_case")
    assert job["chain_id"] == str(case_id)
    tasks.project_case(**job)
    known = {"employment_hardship": True}
    decided = story.case.decided_at
    days = projection().cases["hardship-identification"].days
    applicant = world.people["applicant"]
    for later, still in ((timedelta(0), known), (timedelta(days - 1), known), (timedelta(days + 36), {})):
        moment = decided + later
        commands.project_on(of="cases", after=None, now=moment)
        assert facts_of("person", applicant, on=local_date(moment)) == still


def test_a_refused_case_tells_nothing(world):
    story = Story(world, "hardship-identification")
    case_id = story.whole(approve=False)
    story.close()
    commands.project_case(case_id=case_id, now=now())
    assert facts_of("person", world.people["applicant"], on=today()) == {}


def test_every_night_everything_is_gone_through_in_chunks(world, monkeypatch):
    monkeypatch.setattr("linli.domains.benefits.commands.projection._CHUNK", 2)
    commands.project_everything()
    done = 0
    while len(todo := jobs("benefits.project_all")) > done:
        tasks.project_all(**todo[done])
        done += 1
    assert done > 3
    assert all(
        facts_of("person", world.people[name], on=today()).keys() >= {"birth"} for name in ("applicant", "neighbour", "agent")
    )
