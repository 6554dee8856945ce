"""My data: everybody sees their own and nobody else's."""

from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from linli.domains.people import commands as do
from linli.domains.people.queries import ConsentPurpose, has_consented, person_facts
from linli.testing.browser import sign_in_resident
from linli.testing.record import events_on

pytestmark = pytest.mark.django_db


@pytest.fixture
def residents(world):
    found = {}
    for name in ("applicant", "agent"):
        found[name] = Client()
        sign_in_resident(found[name], world, name)
    return found


def text(answer):
    return answer.content.decode()


def test_what_is_kept_is_covered_until_asked_for(residents, world):
    client, facts = residents["applicant"], person_facts(world.people["applicant"])
    page = text(client.get(reverse("me:data")))
    assert facts["name"] in page and not any(facts[k] in page for k in ("id_number", "phone", "address"))
    assert facts["id_number"] in text(client.post(reverse("me:whole", args=["id_number"])))
    assert events_on(world.people["applicant"])[-1] == ("people.own_shown", {"field": "id_number"})
    assert client.get(reverse("me:whole", args=["id_number"])).status_code == 405
    assert client.post(reverse("me:whole", args=["name"])).status_code == 404
    copy = client.post(reverse("me:copy"))
    assert facts["address"] in text(copy) and "attachment" in copy["Content-Disposition"] and copy["Cache-Control"] == "no-store"


def test_who_looked_is_said_by_place_and_not_by_name(residents, world):
    do.view_person(person_id=world.people["applicant"], by=world.actor("clerk"), now=timezone.now())
    page = text(residents["applicant"].get(reverse("me:looks")))
    assert "云岭市政务服务大厅" in page and "调取资料填表" in page and "工作人员0" not in page
    assert "调取资料填表" not in text(residents["agent"].get(reverse("me:looks")))


def test_an_objection_is_raised_once_and_seen_by_its_owner_only(residents, world):
    client, key = residents["applicant"], uuid4()
    address = reverse("me:object") + "?about=address"
    empty = client.post(address, {"once": uuid4(), "text": " "})
    assert empty.status_code == 422 and "请填写哪里不对" in text(empty)
    raised = client.post(address, {"once": key, "text": "早就搬了"})["Location"]
    assert client.post(address, {"once": key, "text": "早就搬了"})["Location"] == raised
    assert "早就搬了" in text(client.get(raised)) and "清溪县人力资源和社会保障局" in text(client.get(raised))
    assert residents["agent"].get(raised).status_code == 404
    assert residents["agent"].post(raised + "/withdraw", {"once": uuid4()}).status_code == 404
    assert text(client.get(reverse("me:objections"))).count(raised) == 1
    client.post(raised + "/withdraw", {"once": uuid4()})
    assert "您已撤回" in text(client.get(raised))


@pytest.mark.parametrize("query", ["", "?about=nothing", "?about=profile", f"?asked={UUID(int=7)}", "?asked=x"])
def test_what_is_not_ones_own_cannot_be_objected_to(residents, query):
    assert residents["applicant"].get(reverse("me:object") + query).status_code == 404
    assert residents["applicant"].post(reverse("me:object") + query, {"once": uuid4(), "text": "x"}).status_code == 404


def test_consent_stands_on_a_page_of_its_own_and_is_taken_back_as_easily(residents, world):
    client, page = residents["applicant"], reverse("me:consent", args=["keep-account"])
    assert "不同意会怎样" in text(client.get(page))
    assert not has_consented(world.people["applicant"], ConsentPurpose.KEEP_ACCOUNT)
    client.post(page, {"once": uuid4()})
    assert has_consented(world.people["applicant"], ConsentPurpose.KEEP_ACCOUNT)
    assert not has_consented(world.people["agent"], ConsentPurpose.KEEP_ACCOUNT)
    client.post(reverse("me:withdraw_consent", args=["keep-account"]), {"once": uuid4()})
    assert not has_consented(world.people["applicant"], ConsentPurpose.KEEP_ACCOUNT)
    assert client.get(reverse("me:consent", args=["everything"])).status_code == 404


@pytest.mark.parametrize("name", ["looks", "objections", "asked", "consents"])
def test_the_lists_ask_as_often_for_many(residents, world, django_assert_num_queries, name):
    client = residents["applicant"]

    def more():
        do.view_person(person_id=world.people["applicant"], by=world.actor("clerk"), now=timezone.now())
        client.post(reverse("me:object") + "?about=phone", {"once": uuid4(), "text": "x"})
        client.post(reverse("me:consent", args=["keep-account"]), {"once": uuid4()})
        client.post(reverse("me:withdraw_consent", args=["keep-account"]), {"once": uuid4()})

    more()
    client.get(reverse(f"me:{name}"))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse(f"me:{name}"))
    asked = len(few)
    for _ in range(4):
        more()
    with django_assert_num_queries(asked):
        client.get(reverse(f"me:{name}"))
