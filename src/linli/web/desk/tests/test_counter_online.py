"""What came in online at the counter: its own, the oldest first; and codes that carry a case from the phone to a counter and back."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from linli.domains.cases import commands as do
from linli.domains.cases.queries import Case
from linli.testing.browser import make_login
from linli.testing.online import fill, resident, started
from linli.testing.world import PASSWORD
from linli.web.desk.counter.online import WRONG_CODES

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_remembered():
    WRONG_CODES.forget()
    yield
    WRONG_CODES.forget()


def enter(name):
    client = Client()
    assert client.post("/login", {"username": name, "password": PASSWORD}).status_code == 302
    return client


def text(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def key():
    return {"once": str(uuid4())}


def send_in(world, *items):
    """Applications that the applicant submits now, one after the other."""
    me, sent = resident(world), []
    for item in items:
        now = timezone.now()
        case_id = started(me, item=item, now=now)
        fill(me, case_id, now=now)
        do.submit_online(case_id=case_id, by=me, now=now)
        sent.append(case_id)
    return sent


def test_who_takes_a_case_up_is_seen_by_the_others_who_cannot_begin_it_too(world):
    (case_id,) = send_in(world, "job-seeker-registration")
    mate = make_login("mate", "window-clerk", name="同窗", where="other-hall")
    mine, other = enter("elsewhere"), Client()
    assert other.post("/login", {"username": mate.username, "password": mate.password}).status_code == 302
    page = f"/desk/cases/{case_id}"
    assert "我来办" in text(other.get("/desk/online")) and "还没有人办" in text(other.get(page))
    assert other.post(f"{page}/attend").url == page and "您在办" in text(other.get(page))
    assert "同窗正在办这件" in text(mine.get(page)) and "同窗" in text(mine.get("/desk/online"))
    assert mine.post("/desk/online/next").url == "/desk/online", "nothing is left that nobody attends to"
    shown = text(mine.post(f"{page}/attend", follow=True))
    assert "同事正在办这件网上收件" in shown
    note = mine.post(f"{page}/materials/m01", key() | {"how": "seen"}, headers={"HX-Request": "true"})
    assert "同事正在办这件网上收件" in text(note)
    assert mine.post(f"{page}/leave").status_code == 302 and "您在办" in text(other.get(page)), "only who has it leaves it"
    assert other.post(f"{page}/leave").status_code == 302
    assert mine.post("/desk/online/next").url == page and "您在办" in text(mine.get(page))
    stranger = enter("clerk")
    assert stranger.post(f"{page}/attend").status_code == 404 and enter("issuer").post(f"{page}/attend").status_code == 403


def test_the_queue_is_the_counters_own_and_leads_from_one_to_the_next(world):
    first, second = send_in(world, "job-seeker-registration", "normal-retirement")
    started(resident(world), item="card-replacement-lost", now=timezone.now())  # being filled in, and nobody's business
    clerk, elsewhere = enter("elsewhere"), enter("clerk")
    page = text(clerk.get("/desk/online"))
    numbers = [Case.objects.get(pk=pk).number for pk in (first, second)]
    assert page.index(numbers[0]) < page.index(numbers[1]) and page.count('data-label="编号"') == 2
    assert "网上收件都看完了" in text(elsewhere.get("/desk/online"))
    assert clerk.post("/desk/online/next").url == f"/desk/cases/{first}"
    assert clerk.post("/desk/online/next", {"after": first}).url == f"/desk/cases/{second}"
    assert clerk.post("/desk/online/next", {"after": second}).url == f"/desk/cases/{first}"
    assert elsewhere.post("/desk/online/next", {"after": "x"}).url == "/desk/online"
    assert "下一件网上收件" in text(clerk.get(f"/desk/cases/{first}"))
    assert elsewhere.get(f"/desk/cases/{first}").status_code == 404


@pytest.mark.parametrize("name", ["reviewer-1", "approver-1", "issuer", "manager", "auditor"])
def test_other_posts_see_no_queue_and_take_nothing_over(world, name):
    me, now = resident(world), timezone.now()
    case_id = started(me, now=now)
    code = do.make_hand_over(case_id=case_id, by=me, now=now)
    client = enter(name)
    for url in ("/desk/online", "/desk/online/next", f"/desk/hand-over/{code}", f"/desk/cases/{case_id}/code"):
        assert client.get(url).status_code == 403, url
    for url in (f"/desk/hand-over/{code}", f"/desk/cases/{case_id}/give-code"):
        assert client.post(url, key()).status_code == 403, url


def test_a_code_brings_a_draft_here_once_and_another_gives_it_back(world):
    me, now = resident(world), timezone.now()
    case_id = started(me, now=now)
    code = do.make_hand_over(case_id=case_id, by=me, now=now)
    clerk, once = enter("clerk"), key()
    assert clerk.get(f"/desk/cases/{case_id}").status_code == 404
    assert "赵示例" in text(clerk.get(f"/desk/hand-over/{code}"))
    assert clerk.post("/desk/find", key() | {"q": code}).url == f"/desk/hand-over/{code}"
    for _twice in range(2):
        assert clerk.post(f"/desk/hand-over/{code}", once).url == f"/desk/cases/{case_id}"
    assert clerk.get(f"/desk/hand-over/{code}").status_code == 404
    assert "给申请人接着办码" in text(clerk.get(f"/desk/cases/{case_id}"))
    assert enter("elsewhere").post(f"/desk/cases/{case_id}/give-code", key()).status_code == 404
    assert clerk.post(f"/desk/cases/{case_id}/give-code", key()).url == f"/desk/cases/{case_id}/code"
    back = "".join(re.search(r">(\d{4}) (\d{4})<", text(clerk.get(f"/desk/cases/{case_id}/code"))).groups())
    do.take_over(code=back, by=me, now=timezone.now())
    assert clerk.get(f"/desk/cases/{case_id}").status_code == 404


def test_codes_cannot_be_tried_without_end(world):
    clerk = enter("clerk")
    answers = [clerk.get(f"/desk/hand-over/{n:08d}").status_code for n in range(31)]
    assert set(answers[:30]) == {404} and answers[30] == 429


def test_the_queue_costs_the_same_for_one_and_for_many(world):
    def cost():
        with CaptureQueriesContext(connection) as seen:
            assert clerk.get("/desk/online").status_code == 200
        return len(seen)

    send_in(world, "job-seeker-registration")
    clerk = enter("elsewhere")
    few = cost()
    send_in(world, "normal-retirement", "resident-pension-enrolment", "flexible-social-subsidy")
    assert cost() == few
