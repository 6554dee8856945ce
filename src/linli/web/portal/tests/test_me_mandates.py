"""Letting somebody act, on the portal."""

import re
from datetime import timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from linli.domains.cases.queries import own_list
from linli.domains.catalog.queries import names_of
from linli.domains.people.queries import may_act_for, person_facts
from linli.kernel.calendar import local_date
from linli.testing.browser import sign_in_resident
from linli.testing.online import resident
from linli.testing.story import picture
from linli.testing.world import PASSWORD
from linli.web.portal.me.signing import WRONG

pytestmark = pytest.mark.django_db
ITEM = "flexible-social-subsidy"


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


def walk(client, world, *, to="agent", scopes=("read",), items=(), length="month", key=None):
    """Through all the questions; gives the last answer."""
    facts = person_facts(world.people[to])
    client.get(reverse("me:mandate_who"))
    client.post(reverse("me:mandate_who"), {"agent_name": facts["name"]})
    client.post(reverse("me:mandate_number"), {"id_number": facts["id_number"]})
    client.post(reverse("me:mandate_scopes"), {"scopes": scopes})
    client.post(reverse("me:mandate_items"), {"which": "some", "items": items} if items else {"which": "all"})
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
    for name in ("number", "scopes", "items", "until", "review"):
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
        ("items", {"which": "some"}, "请至少选一件事"),
        ("items", {"which": "some", "items": ["no-such-item"]}, "请至少选一件事"),
        ("items", {}, "请选择替您办哪些事"),
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
    if step == "until":
        client.post(reverse("me:mandate_items"), {"which": "all"})
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


def test_it_is_for_the_items_that_were_ticked_and_no_other(residents, world):
    client, facts = residents["applicant"], person_facts(world.people["agent"])
    client.post(reverse("me:mandate_who"), {"agent_name": facts["name"]})
    client.post(reverse("me:mandate_number"), {"id_number": facts["id_number"]})
    client.post(reverse("me:mandate_scopes"), {"scopes": ["apply"]})
    found = client.post(
        reverse("me:mandate_items"), {"which": "all", "items": [ITEM], "q": "退休"}
    )  # Enter in the search goes nowhere
    page = found.content.decode()
    assert found.status_code == 200 and f'value="{ITEM}" checked' in page and 'value="normal-retirement"' in page
    assert client.post(reverse("me:mandate_items"), {"which": "some", "items": [ITEM], "find": "1"}).status_code == 200
    given = walk(client, world, scopes=("apply",), items=(ITEM,))["Location"]
    me, them, today = world.people["agent"], world.people["applicant"], local_date(timezone.now())
    assert may_act_for(me, them, scope="apply", on=today, item=ITEM)
    assert not may_act_for(me, them, scope="apply", on=today, item="normal-retirement") and not may_act_for(
        me, them, scope="apply", on=today
    )
    assert names_of([ITEM])[ITEM] in client.get(given).content.decode()
    assert residents["agent"].get(reverse("apply:start", args=["normal-retirement"])).status_code == 200
    assert "赵示例" not in residents["agent"].get(reverse("apply:start", args=["normal-retirement"])).content.decode()
    assert "赵示例" in residents["agent"].get(reverse("apply:start", args=[ITEM])).content.decode()


def test_the_signed_paper_is_put_to_it_and_shown_to_its_sides_only(residents, world, client):
    given = walk(residents["applicant"], world)["Location"]
    for wrong, sentence in (({}, "请先拍照或选择文件"), ({"file": SimpleUploadedFile("a.png", b"<script>")}, "a.png")):
        answer = residents["applicant"].post(given + "/attach", {"once": uuid4()} | wrong)
        assert answer.status_code in (400, 422) and sentence in answer.content.decode()
    sent = {"once": uuid4(), "photo": SimpleUploadedFile("w.png", picture("授权").read())}
    assert residents["agent"].post(given + "/attach", sent).status_code == 404
    sent["photo"].seek(0)
    assert residents["applicant"].post(given + "/attach", sent)["Location"] == given
    for who in ("applicant", "agent"):
        answer = residents[who].get(given + "/paper")
        assert answer.status_code == 200 and b"".join(answer.streaming_content).startswith(b"\x89PNG")
    assert residents["neighbour"].get(given + "/paper").status_code == 404
    assert client.get(given + "/paper")["Location"].startswith(reverse("me:sign_in"))
    clerk, reviewer = Client(), Client()
    for desk_client, name in ((clerk, "clerk"), (reviewer, "reviewer-1")):
        desk_client.post("/login", {"username": name, "password": PASSWORD})
    desk = reverse("residents:paper", args=[given.rsplit("/", 1)[1]])
    assert clerk.get(desk).status_code == 200 and reviewer.get(desk).status_code == 403
    assert "查看委托书" in residents["applicant"].get(reverse("me:looks")).content.decode()


def test_each_use_is_shown_to_who_gave_it_and_by_name_among_the_looks(residents, world):
    given = walk(residents["applicant"], world, scopes=("apply", "read"))["Location"]
    assert "还没有用过" in residents["applicant"].get(given).content.decode()
    begun = residents["agent"].post(reverse("apply:start", args=[ITEM]), {"once": uuid4(), "who": str(world.people["applicant"])})
    assert begun.status_code == 303
    page = residents["applicant"].get(given).content.decode()
    assert "开始填写申请" in page and names_of([ITEM])[ITEM] in page and "查看办件" in page
    assert "受您委托的人：钱代办" in residents["applicant"].get(reverse("me:looks")).content.decode()
    assert residents["neighbour"].get(given).status_code == 404


def test_who_stands_for_an_employer_finds_its_mandates(residents, world):
    from linli.domains.people.commands import register_mandate
    from linli.domains.people.queries import Ground, Scope

    now, made = timezone.now(), {}
    for agent, ground in (("agent", Ground.LEGAL_REPRESENTATIVE), ("neighbour", Ground.WRITTEN)):
        made[agent] = register_mandate(
            principal_id=world.people["employer"], is_employer=True, agent_id=world.people[agent], scopes=list(Scope),
            last_day=local_date(now), ground=ground, evidence="执照", by=world.actor("clerk", on=local_date(now)), now=now,
        )  # fmt: skip
    firm = reverse("me:mandates") + "?side=firm"
    assert reverse("me:mandate", args=[made["neighbour"]]) in residents["agent"].get(firm).content.decode()
    assert reverse("me:mandate", args=[made["agent"]]) not in residents["neighbour"].get(firm).content.decode()
    one = reverse("me:mandate", args=[made["neighbour"]])
    assert residents["applicant"].get(one).status_code == 404
    residents["agent"].post(one + "/revoke", {"once": uuid4()})
    assert "已撤销" in residents["agent"].get(one).content.decode()


def test_many_uses_come_page_by_page_and_cost_no_more(residents, world, django_assert_num_queries):
    from django.db import connection

    given = walk(residents["applicant"], world, scopes=("apply", "read"))["Location"]
    start = {"who": str(world.people["applicant"])}
    for n, item in enumerate(
        (ITEM, "normal-retirement", "job-seeker-registration", "entrepreneurship-training", "archive-custody")
    ):
        residents["agent"].post(reverse("apply:start", args=[item]), start | {"once": uuid4()})
        if n == 0:
            residents["applicant"].get(given)
            with CaptureQueriesContext(connection) as few:
                residents["applicant"].get(given)
            asked = len(few)
        for case in own_list(by=resident(world, "agent"), on=local_date(timezone.now())):
            residents["agent"].post(reverse("apply:withdraw", args=[case.pk]), {"once": uuid4()})
    with django_assert_num_queries(asked):
        first = residents["applicant"].get(given).content.decode()
    second = given + unescape(re.search(r'href="(\?after=[^"]+)"', first)[1])
    further = residents["applicant"].get(second).content.decode()
    assert 'rel="prev"' in further and "撤回申请" in first
    shown = [page.count('class="l-hint p-line"') for page in (first, further)]
    assert shown[0] == 10 and shown[1] >= 1
