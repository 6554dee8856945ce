"""Invariant 9 at the pages: to the colleague of another hall an address of a case that is there answers like one of a case that is not,
and no list, search or export of theirs shows its number."""

import re
from uuid import UUID

import pytest
from django.test import Client

from linli.domains.cases.models import Step
from linli.domains.documents.models import Document
from linli.kernel.ids import uuid7
from linli.testing.story import PERMIT, Story
from linli.testing.world import PASSWORD, person_id
from linli.web.access import all_views

pytestmark = pytest.mark.django_db
_PLACE = re.compile(r"<(?:\w+:)?(\w+)>")


@pytest.fixture
def story(world) -> Story:
    made = Story(world, item=PERMIT)
    made.receive()
    made.accept()
    return made


def sign_in(who) -> Client:
    client = Client()
    answer = client.post("/login", {"username": who, "password": PASSWORD})
    assert answer.status_code == 302, who
    client.get(answer["Location"])
    return client


def body(answer) -> str:
    return (b"".join(answer) if answer.streaming else answer.content).decode(errors="replace")


def known(story) -> dict[str, UUID | str]:
    """Every id and number of the case, by the names that addresses give their places."""
    step = Step.objects.filter(case_id=story.case_id, state="open").values_list("pk", flat=True)[0]
    paper = Document.objects.filter(subject_id=story.case_id).values_list("pk", flat=True)[0]
    return {"case_id": story.case_id, "step_id": step, "document_id": paper, "file_id": uuid7(), "number": story.case.number}


@pytest.mark.parametrize("who", ["elsewhere", "manager-elsewhere"])
def test_an_address_of_a_case_answers_like_one_of_no_case(story, who):
    client, real = sign_in(who), known(story)
    unknown = {name: uuid7() for name in real} | {"number": "770100202603020000001X"}
    told, tried = [], 0
    for route, _ in all_views():
        places = _PLACE.findall(route)
        if not places or not set(places) <= set(real):
            continue
        for method in (client.get, client.post):
            there = method("/" + _PLACE.sub(lambda place: str(real[place[1]]), route))
            not_there = method("/" + _PLACE.sub(lambda place: str(unknown[place[1]]), route))
            tried += 1
            if there.status_code != not_there.status_code or there.status_code in (200, 204):
                told.append((route, there.status_code, not_there.status_code))
            if "number" not in places and str(real["number"]) in body(there):
                told.append((route, "shows the number"))
    assert tried > 20
    assert not told, told


@pytest.mark.parametrize("who", ["elsewhere", "manager-elsewhere"])
def test_no_list_search_or_export_of_another_hall_shows_it(story, who):
    client, number = sign_in(who), story.case.number
    looked = 0
    for route, pattern in all_views():
        if "<" in route or not pattern.name:
            continue
        for query in ("", f"?q={number}", f"?q={person_id(0)}"):
            answer = client.get(f"/{route}{query}")
            if answer.status_code != 200:
                continue
            looked += 1
            text = body(answer)
            assert str(story.case_id) not in text, (route, query)
            assert number in query or number not in text, (route, query)
    assert looked > 5
