"""Letting somebody act, on the portal."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from linli.domains.people.queries import may_act_for, person_facts
from linli.kernel.calendar import local_date
from linli.testing.browser import sign_in_resident
from linli.web.portal.me.signing import WRONG

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh():
    WRONG.forget()


@pytest.fixture
def residents(world):
    """The three residents, each in a browser of their own."""
    found = {}
    for name in ("applicant", "agent", "neighbour"):
        found[name] = Client()
        sign_in_resident(found[name], world, name)
    return found


def walk(client, world, *, to="agent", scopes=("read",), length="month", key=None):
    """Through all the questions; gives the last answer."""
    facts = person_facts(world.people[to])
    client.get(reverse("me:mandate_who"))
    client.post(reverse("me:mandate_who"), {"agent_name": facts["name"]})
    client.post(reverse("me:mandate_number"), {"id_number": facts["id_number"]})
    client.post(reverse("me:mandate_scopes"), {"scopes": scopes})
    client.post(reverse("me:mandate_until"), {"length": length})
    page = client.get(reverse("me:mandate_review"))
    assert page.status_code == 200 and facts["id_number"] not in page.content.decode()
    return client.post(reverse("me:mandate_review"), {"once": key or uuid4()})


def test_it_is_given_page_by_page_and_counts_as_said(residents, world):
    key = uuid4()
    given = walk(residents["applicant"], world, key=key)["Location"]
    assert residents["applicant"].post(reverse("me:mandate_review"), {"once": key})["Location"] == given  # pressed twice
    me, them, today = world.people["agent"], world.people["applicant"], local_date(timezone.now())
    assert may_act_for(me, them, scope="read", on=today) and not may_act_for(me, them, scope="apply", on=today)
    assert may_act_for(me, them, scope="read", on=today + timedelta(days=30))
    assert not may_act_for(me, them, scope="read", on=today + timedelta(days=31))
    assert "赵示例" in residents["agent"].get(reverse("me:mandates") + "?side=held").content.decode()
    for who in ("applicant", "agent"):
        assert residents[who].get(given).status_code == 200
    assert residents["applicant"].post(given + "/revoke", {"once": uuid4()})["Location"] == given
    assert not may_act_for(me, them, scope="read", on=today)


def test_nobody_else_opens_or_ends_it(residents, world, client):
    given = walk(residents["applicant"], world)["Location"]
    assert residents["neighbour"].get(given).status_code == 404
    assert residents["neighbour"].post(given + "/revoke", {"once": uuid4()}).status_code == 404
    assert residents["neighbour"].get(reverse("me:mandate", args=[uuid4()])).status_code == 404
    assert client.get(given)["Location"].startswith(reverse("me:sign_in"))
    today = local_date(timezone.now())
    assert may_act_for(world.people["agent"], world.people["applicant"], scope="read", on=today)


def test_no_question_is_skipped(residents):
    for name in ("number", "scopes", "until", "review"):
        for method in ("get", "post"):
            answer = getattr(residents["applicant"], method)(reverse(f"me:mandate_{name}"))
            assert answer["Location"] == reverse("me:mandate_who"), name


def test_a_name_and_a_number_that_do_not_agree_are_not_told_apart(residents, world):
    client, facts = residents["applicant"], person_facts(world.people["agent"])
    said = set()
    for name, number in (("别人", facts["id_number"]), (facts["name"], "770121198802291230")):
        client.post(reverse("me:mandate_who"), {"agent_name": name})
        answer = client.post(reverse("me:mandate_number"), {"id_number": number})
        assert answer.status_code == 422 and number in answer.content.decode()  # what was typed is still there
        said.add("没有找到姓名和证件号码都相符的人" in answer.content.decode())
    assert said == {True}


@pytest.mark.parametrize(
    ("step", "typed", "sentence"),
    [
        ("who", {"agent_name": " "}, "请填写对方的姓名"),
        ("scopes", {}, "请选择可以替您做什么"),
        ("scopes", {"scopes": ["everything"]}, "everything"),
        ("until", {"length": "day"}, "请填写最后一天"),
        ("until", {"length": "day", "last_day": "2020-01-01"}, "最长三年"),
        ("until", {}, "请选择到什么时候为止"),
    ],
)
def test_bad_input_comes_back_with_a_sentence(residents, world, step, typed, sentence):
    client, facts = residents["applicant"], person_facts(world.people["agent"])
    client.post(reverse("me:mandate_who"), {"agent_name": facts["name"]})
    client.post(reverse("me:mandate_number"), {"id_number": facts["id_number"]})
    client.post(reverse("me:mandate_scopes"), {"scopes": ["read"]})
    answer = client.post(reverse(f"me:mandate_{step}"), typed)
    assert answer.status_code == 422 and sentence in answer.content.decode()


def test_the_lists_ask_as_often_for_many(residents, world, django_assert_num_queries):
    from django.db import connection

    client = residents["applicant"]
    walk(client, world)
    client.get(reverse("me:mandates"))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("me:mandates"))
    asked = len(few)
    for to in ("neighbour", "agent", "neighbour"):
        walk(client, world, to=to)
    with django_assert_num_queries(asked):
        client.get(reverse("me:mandates"))
