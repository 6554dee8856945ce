"""Signing in as a resident, page by page."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from linli.domains.accounts.queries import SignIn
from linli.domains.notices.queries import letters, posted
from linli.domains.people.commands import issue_start_code
from linli.domains.people.queries import account_of, person_facts
from linli.testing.browser import login_of, sign_in_resident
from linli.testing.record import events_on
from linli.web.portal.me.signing import WRONG

pytestmark = pytest.mark.django_db
STRANGE = "10000000055"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    WRONG.forget()
    monkeypatch.setattr(settings, "ENV", settings.ENV.model_copy(update={"post_office": True}))


@pytest.fixture
def at(monkeypatch):
    """Moves the clock of the requests that follow."""
    return lambda moment: monkeypatch.setattr("linli.web.middleware.timezone.now", lambda: moment)


def code_for(phone):
    """The newest code that the post office of the demonstration took for a telephone."""
    return next(letter.content["code"] for letter in letters(posted(address=phone)))


def ask(client, phone, **more):
    return client.post(reverse("me:sign_in"), {"phone": phone, **more})


def enter_code(client, phone):
    return client.post(reverse("me:code"), {"code": code_for(phone)})


def test_who_is_known_by_name_number_and_telephone_is_in_and_next_time_by_telephone_alone(client, world, at):
    facts = person_facts(world.people["applicant"])
    assert ask(client, facts["phone"], next="/guides?a=1")["Location"] == reverse("me:code")
    assert enter_code(client, facts["phone"])["Location"] == reverse("me:name")
    assert client.post(reverse("me:name"), {"name": facts["name"]})["Location"] == reverse("me:number")
    answer = client.post(reverse("me:number"), {"id_type": "citizen", "id_number": facts["id_number"]})
    assert answer["Location"] == "/guides?a=1"
    assert facts["name"] in client.get(reverse("me:home")).content.decode()
    client.post(reverse("account:logout"))
    assert client.get(reverse("me:home"))["Location"].startswith(reverse("me:sign_in"))
    at(timezone.now() + timedelta(minutes=3))
    again = Client()
    ask(again, facts["phone"])
    assert enter_code(again, facts["phone"])["Location"] == reverse("me:home")


def test_a_page_says_the_same_whether_or_not_a_telephone_is_known(world):
    known = person_facts(world.people["applicant"])["phone"]
    sign_in_resident(Client(), world)
    said = []
    for phone in ("10000000001", STRANGE):
        client = Client()
        answer = ask(client, phone)
        said.append(
            (answer.status_code, answer["Location"], client.get(answer["Location"]).content.decode().replace(phone[-4:], "····"))
        )
    hide = lambda text: re.sub(r'csrf[^>]*value="[^"]*"|"X-CSRFToken": "[^"]*"', "", text)  # noqa: E731
    assert said[0][:2] == said[1][:2] and hide(said[0][2]) == hide(said[1][2]) and known


def test_no_step_can_be_skipped_and_no_cookie_made_up(client, world):
    for name in ("code", "name", "number", "start_code"):
        for answer in (
            client.get(reverse(f"me:{name}")),
            client.post(reverse(f"me:{name}"), {"id_number": "x", "code": "1", "name": "n"}),
        ):
            assert answer.status_code == 302 and answer["Location"] == reverse("me:sign_in"), name
    ask(client, STRANGE)
    assert client.post(reverse("me:number"), {"id_number": "x"})["Location"] == reverse("me:sign_in")  # the code was not shown
    session = client.session
    session["me.in"] = "AAAA"
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    assert client.get(reverse("me:code"))["Location"] == reverse("me:sign_in")


def test_a_wrong_code_is_said_and_from_one_network_not_for_ever(client, world, monkeypatch):
    monkeypatch.setattr(WRONG, "times", 2)
    ask(client, STRANGE)
    right = code_for(STRANGE)
    for _ in range(2):
        answer = client.post(reverse("me:code"), {"code": f"{(int(right) + 1) % 1_000_000:06d}"})
        assert answer.status_code == 422 and "验证码不对" in answer.content.decode()
    assert client.post(reverse("me:code"), {"code": right}).status_code == 503


def test_pressing_twice_sends_one_code(client):
    for _ in range(2):
        assert ask(client, STRANGE)["Location"] == reverse("me:code")
    assert enter_code(client, STRANGE)["Location"] == reverse("me:name")
    assert ask(Client(), STRANGE).status_code == 422  # from another browser it is too soon


def test_without_any_way_to_send_nobody_is_told_that_a_code_came(client, monkeypatch):
    monkeypatch.setattr(settings, "ENV", settings.ENV.model_copy(update={"post_office": False, "sms_url": ""}))
    assert ask(client, STRANGE).status_code in (422, 503)
    assert client.get(reverse("me:code"))["Location"] == reverse("me:sign_in")


def test_who_only_says_who_they_are_is_told_and_may_show_it_with_a_start_code(client, world):
    facts = person_facts(world.people["applicant"])
    ask(client, STRANGE)
    enter_code(client, STRANGE)
    client.post(reverse("me:name"), {"name": facts["name"]})
    client.post(reverse("me:number"), {"id_type": "citizen", "id_number": facts["id_number"]})
    page = client.get(reverse("me:account")).content.decode()
    assert "身份还没有核实" in page and account_of(world.people["applicant"]) is None
    assert client.post(reverse("me:confirm"), {"code": "AAAAA-BBBBB"}).status_code == 422
    code = issue_start_code(person_id=world.people["applicant"], by=world.actor("clerk"), now=timezone.now())
    assert client.post(reverse("me:confirm"), {"code": code})["Location"] == reverse("me:home")
    assert "身份还没有核实" not in client.get(reverse("me:account")).content.decode()
    assert account_of(world.people["applicant"]).assurance == "identity"


def test_staff_and_residents_are_led_apart(client, world):
    login = login_of(world, "clerk")
    client.post("/login", {"username": login.username, "password": login.password})
    assert client.get(reverse("me:home"))["Location"].startswith(reverse("me:sign_in"))
    assert "工作人员登录" in client.get(reverse("me:sign_in")).content.decode()
    assert client.post(reverse("me:end_others")).status_code == 403
    resident = Client()
    sign_in_resident(resident, world)
    assert resident.get("/account")["Location"].startswith(reverse("me:home"))
    assert resident.post("/account/password", {"old": "x", "new": "y"}).status_code == 403
    assert resident.get(reverse("counter:today")).status_code == 403
    assert "只供工作人员" in resident.get(reverse("counter:today")).content.decode()
    assert resident.post("/account/stay").status_code == 204


def test_signing_in_for_oneself_ends_the_session_of_the_post(client, world):
    login, facts = login_of(world, "clerk"), person_facts(world.people["applicant"])
    client.post("/login", {"username": login.username, "password": login.password})
    staff = client.session["sign_in"]
    ask(client, facts["phone"])
    enter_code(client, facts["phone"])
    client.post(reverse("me:name"), {"name": facts["name"]})
    client.post(reverse("me:number"), {"id_type": "citizen", "id_number": facts["id_number"]})
    assert client.get(reverse("me:home")).status_code == 200
    assert SignIn.objects.get(pk=staff).ended_at is not None


def test_one_sees_and_ends_ones_own_sessions_and_nobody_elses(world):
    mine, theirs = Client(), Client()
    sign_in_resident(mine, world)
    sign_in_resident(theirs, world, "agent")
    other = theirs.session["sign_in"]
    assert mine.post(reverse("me:end_session", args=[other])).status_code == 404
    assert theirs.get(reverse("me:account")).status_code == 200
    mine.post(reverse("me:end_others"))
    assert mine.get(reverse("me:account")).status_code == 200 and theirs.get(reverse("me:account")).status_code == 200
    theirs.post(reverse("me:end_session", args=[other]))
    assert theirs.get(reverse("me:account")).status_code == 302


def test_another_telephone_is_shown_first(world, at):
    mine = Client()
    sign_in_resident(mine, world)
    assert mine.get(reverse("me:phone_code"))["Location"] == reverse("me:phone")
    assert mine.post(reverse("me:phone"), {"phone": STRANGE})["Location"] == reverse("me:phone_code")
    assert mine.post(reverse("me:phone_code"), {"code": "000000" if code_for(STRANGE) != "000000" else "000001"}).status_code == 422
    assert mine.post(reverse("me:phone_code"), {"code": code_for(STRANGE)})["Location"] == "/me/account"
    assert mine.get(reverse("me:account")).status_code == 200  # goes on with a session anew
    assert events_on(world.people["applicant"])[-1][0] == "people.account_phone_changed"


def test_sessions_left_alone_end_later_than_those_of_staff(world, at):
    mine = Client()
    sign_in_resident(mine, world)
    at(timezone.now() + timedelta(minutes=29))
    assert mine.get(reverse("me:account")).status_code == 200
    at(timezone.now() + timedelta(minutes=60))
    assert mine.get(reverse("me:account")).status_code == 302
    assert f'data-idle-minutes="{settings.ENV.resident_idle_minutes}"' not in mine.get(reverse("me:sign_in")).content.decode()


def test_the_list_of_sessions_asks_as_often_for_many(world, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    mine = Client()
    sign_in_resident(mine, world)
    mine.get(reverse("me:account"))  # what a process reads once
    with CaptureQueriesContext(connection) as few:
        mine.get(reverse("me:account"))
    asked = len(few)
    one = SignIn.objects.get(pk=mine.session["sign_in"])
    for _ in range(8):
        SignIn.objects.create(user_id=one.user_id, device="x y", started_at=one.started_at, seen_at=one.seen_at)
    with django_assert_num_queries(asked):
        mine.get(reverse("me:account"))
