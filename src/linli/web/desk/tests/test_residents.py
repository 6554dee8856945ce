"""What the desk does for residents' own affairs."""

import re
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from linli.domains.accounts.queries import SignIn
from linli.domains.catalog.queries import names_of
from linli.domains.notices.queries import messages_about
from linli.domains.people import commands as do
from linli.domains.people.queries import may_act_for, person_facts, resident_actor
from linli.kernel.calendar import local_date
from linli.testing.browser import resident_session
from linli.testing.record import events_on
from linli.testing.story import picture
from linli.testing.world import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def enter():
    def as_(name):
        client = Client()
        assert client.post("/login", {"username": name, "password": PASSWORD})["Location"] == "/begin"
        return client

    return as_


def text(answer):
    return answer.content.decode()


def typed(world, *, to="agent", **more):
    facts = person_facts(world.people[to])
    return {
        "once": uuid4(), "agent_name": facts["name"], "id_number": facts["id_number"], "ground": "written", "evidence": "委托书原件",
        "scopes": ["apply"], "last_day": local_date(timezone.now()).isoformat(),
    } | more  # fmt: skip


def objected(world, name="applicant"):
    me = resident_actor(SignIn.objects.get(pk=resident_session(world, name)).user_id, device="d")
    return do.object_to(about="address", label="地址", source="本局", text="早就搬了", by=me, now=timezone.now())


def test_a_start_code_is_given_only_to_who_showed_their_document(enter, world):
    clerk, address = enter("clerk"), reverse("residents:start_code", args=[world.people["applicant"]])
    assert clerk.get(reverse("residents:person", args=[world.people["applicant"]])).status_code == 200
    assert clerk.post(address).status_code == 404
    page = text(clerk.post(address, {"seen": "on"}))
    assert re.search(r"[A-Z2-9]{5}-[A-Z2-9]{5}", page)
    assert events_on(world.people["applicant"])[-1][0] == "people.start_code_issued"
    assert clerk.post(reverse("residents:start_code", args=[uuid4()]), {"seen": "on"}).status_code == 404
    for who in ("reviewer-1", "issuer", "auditor"):
        assert enter(who).post(address, {"seen": "on"}).status_code == 403


def test_a_mandate_on_paper_is_registered_once_and_ended(enter, world):
    clerk, post = enter("clerk"), typed(world)
    address = reverse("residents:person_mandate", args=[world.people["applicant"]])
    assert clerk.get(address).status_code == 200
    for _ in range(2):
        assert clerk.post(address, post)["Location"] == reverse("residents:person", args=[world.people["applicant"]])
    today = local_date(timezone.now())
    assert may_act_for(world.people["agent"], world.people["applicant"], scope="apply", on=today)
    page = text(clerk.get(reverse("residents:person", args=[world.people["applicant"]])))
    ends = re.findall(r"/desk/residents/mandates/[0-9a-f-]+/revoke", page)
    assert len(ends) == 1
    # the page of the other side shows it too, and offers no end to it
    assert "revoke" not in text(clerk.get(reverse("residents:person", args=[world.people["agent"]])))
    assert enter("reviewer-1").post(ends[0], {"once": uuid4()}).status_code == 403
    clerk.post(ends[0], {"once": uuid4()})
    assert not may_act_for(world.people["agent"], world.people["applicant"], scope="apply", on=today)
    assert clerk.post(reverse("residents:revoke", args=[uuid4()]), {"once": uuid4()}).status_code == 404


def test_an_employers_clerk_is_registered_on_its_own_grounds(enter, world):
    clerk, address = enter("clerk"), reverse("residents:employer_mandate", args=[world.people["employer"]])
    refused = clerk.post(address, typed(world, ground="parent"))
    assert refused.status_code == 422 and "委托书原件" in text(refused)
    assert clerk.post(address, typed(world, ground="company-clerk")).status_code == 302
    assert may_act_for(world.people["agent"], world.people["employer"], scope="apply", on=local_date(timezone.now()))


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"agent_name": "别人"}, "没有找到姓名和证件号码都相符的人"),
        ({"last_day": "2099-01-01"}, "截止日应在"),
        ({"ground": "parent"}, "不适用于这位委托人"),
        ({"evidence": ""}, "请填写核对了哪份文书"),
        ({"scopes": []}, "请选择可以做什么"),
    ],
)
def test_what_does_not_fit_comes_back_with_a_sentence(enter, world, more, sentence):
    address = reverse("residents:person_mandate", args=[world.people["applicant"]])
    answer = enter("clerk").post(address, typed(world, **more))
    assert answer.status_code == 422 and sentence in text(answer)


def test_an_objection_is_answered_by_who_answers_for_it_and_the_person_is_told_once(enter, world):
    raised = objected(world)
    address, manager = reverse("residents:objection", args=[raised]), enter("manager-elsewhere")
    assert address in text(manager.get(reverse("residents:objections"))) and "早就搬了" in text(manager.get(address))
    assert address not in text(enter("manager").get(reverse("residents:objections")))
    assert enter("manager").get(address).status_code == 404
    assert enter("manager").post(address, {"once": uuid4(), "outcome": "corrected", "answer": "x"}).status_code == 404
    assert enter("clerk").get(address).status_code == 403
    assert manager.post(address, {"once": uuid4(), "outcome": "corrected", "answer": " "}).status_code == 422
    key = uuid4()
    for _ in range(2):
        manager.post(address, {"once": key, "outcome": "corrected", "correction": "示例路8号", "answer": "已按户口簿更正。"})
    assert "已更正" in text(manager.get(address))
    assert messages_about(world.people["applicant"]).filter(kind="people.objection").count() == 1


@pytest.mark.parametrize("page", ["objections", "person"])
def test_the_lists_ask_as_often_for_many(enter, world, django_assert_num_queries, page):
    who = "manager-elsewhere" if page == "objections" else "clerk"
    client = enter(who)
    clerk = client if who == "clerk" else enter("clerk")
    address = (
        reverse("residents:objections") if page == "objections" else reverse("residents:person", args=[world.people["applicant"]])
    )

    def more(to="agent"):
        objected(world) if page == "objections" and to == "agent" else None
        clerk.post(reverse("residents:person_mandate", args=[world.people["applicant"]]), typed(world, to=to))

    more()
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    asked = len(few)
    me = resident_actor(SignIn.objects.filter(user__is_resident=True)[0].user_id, device="d") if page == "objections" else None
    for to in ("neighbour", "agent", "neighbour"):
        clerk.post(reverse("residents:person_mandate", args=[world.people["applicant"]]), typed(world, to=to))
        if me:
            do.object_to(about="phone", label="电话", source="本局", text="x", by=me, now=timezone.now())
    with django_assert_num_queries(asked):
        client.get(address)


def test_a_clerk_limits_it_to_some_items_and_keeps_its_picture(enter, world):
    clerk, item, other = enter("clerk"), "flexible-social-subsidy", "normal-retirement"
    address = reverse("residents:person_mandate", args=[world.people["applicant"]])
    looked = text(clerk.post(address, typed(world, q="退休", items=[item], evidence="别的文书")))
    assert (
        f'value="{item}" checked' in looked
        and f'value="{other}"' in looked
        and "别的文书" in looked
        and "error-summary" not in looked
    )
    post = typed(world, items=[item], photo=SimpleUploadedFile("w.png", picture("委托").read()))
    assert clerk.post(address, post).status_code == 302
    today = local_date(timezone.now())
    me, them = world.people["agent"], world.people["applicant"]
    assert may_act_for(me, them, scope="apply", on=today, item=item) and not may_act_for(
        me, them, scope="apply", on=today, item=other
    )
    page = text(clerk.get(reverse("residents:person", args=[them])))
    paper = re.search(r'href="(/desk/residents/mandates/[^"]+/paper)"', page)[1]
    assert names_of([item])[item] in page and enter("second-clerk").get(paper).status_code == 200
    assert [a for a, _ in events_on(them)][-1] == "people.paper_viewed"
    assert enter("reviewer-1").get(paper).status_code == 403


def test_a_picture_that_is_none_registers_nothing(enter, world):
    address = reverse("residents:person_mandate", args=[world.people["applicant"]])
    answer = enter("clerk").post(address, typed(world, file=SimpleUploadedFile("w.pdf", b"MZ\x90 no paper")))
    assert answer.status_code in (400, 422) and "w.pdf" in text(answer)
    assert not may_act_for(world.people["agent"], world.people["applicant"], scope="apply", on=local_date(timezone.now()))
