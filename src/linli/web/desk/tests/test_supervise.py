"""The supervisor's pages: what they show, to whom, and at what cost."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from linli.domains.cases import commands as do
from linli.domains.cases.queries import Ask, Case, asks
from linli.domains.documents.queries import documents_of
from linli.domains.trace.queries import timeline
from linli.kernel.calendar import local_date
from linli.testing.story import Story
from linli.testing.world import PASSWORD, person_id
from linli.web.desk.supervise.cases import harmless

pytestmark = pytest.mark.django_db


@pytest.fixture
def yesterday():
    """The stories begin yesterday, and what the pages do happens now."""
    return (local_date(timezone.now()) - timedelta(days=1)).isoformat()


@pytest.fixture
def story(world, yesterday):
    story = Story(world, day=yesterday)
    story.receive()
    story.accept()
    return story


def enter(name: str) -> Client:
    client = Client()
    assert client.post("/login", {"username": name, "password": PASSWORD}).status_code == 302
    return client


def ask_for_suspension(story):
    step = story.open_step()
    until = local_date(timezone.now()) + timedelta(days=30)
    by = story.holder(step)
    return do.ask(
        step_id=step.pk,
        what="suspend",
        ground="hearing",
        reason="需要组织听证",
        until=until,
        by=by,
        now=timezone.now() - timedelta(hours=1),
    )


def test_the_board_opens_into_the_rows_behind_its_numbers(story):
    client = enter("manager")
    assert client.get("/begin", follow=True).request["PATH_INFO"] == reverse("supervise:board")
    page = client.get(reverse("supervise:board"))
    assert page.status_code == 200 and "?shade=red" in page.content.decode()
    rows = client.get(reverse("supervise:cases"), {"due": story.case.due_on.isoformat()})
    assert story.case.number in rows.content.decode()


def test_the_board_is_silent_while_nothing_changes(story):
    client = enter("manager")
    digest = client.get(reverse("supervise:board")).context["digest"]
    assert client.get(reverse("supervise:now"), {"seen": digest}).status_code == 204
    ask_for_suspension(story)
    changed = client.get(reverse("supervise:now"), {"seen": digest})
    assert changed.status_code == 200 and changed.content.decode().lstrip().startswith("<div id=")


@pytest.mark.parametrize("text", ["whole", "tail", "lower"])
def test_a_number_or_its_tail_leads_straight_to_the_case(story, text):
    number = story.case.number
    typed = {"whole": number, "tail": number[-5:], "lower": number[-6:].lower()}[text]
    answer = enter("manager").post(reverse("supervise:find"), {"q": typed}, follow=True)
    assert answer.request["PATH_INFO"] == reverse("supervise:case", args=[story.case_id])


def test_a_document_number_stands_in_no_address(world, yesterday):
    story = Story(world, item="job-seeker-registration", day=yesterday)
    story.receive()
    client = enter("manager")
    answer = client.post(reverse("supervise:find"), {"q": person_id(0)})
    assert person_id(0) not in answer["Location"] and str(world.people["applicant"]) in answer["Location"]
    assert story.case.number in client.get(answer["Location"]).content.decode()
    assert client.post(reverse("supervise:find"), {"q": person_id(7)})["Location"] == reverse("supervise:cases")


def test_another_hall_sees_nothing_of_a_case(story):
    ask = ask_for_suspension(story)
    client, number = enter("manager-elsewhere"), story.case.number
    paper = documents_of(story.case_id)[0]
    lists = ["supervise:board", "supervise:now", "supervise:cases", "supervise:asks", "supervise:waiting"]
    for name in lists:
        page = client.get(reverse(name))
        assert page.status_code == 200 and number not in page.content.decode(), name
    board = client.get(reverse("supervise:board")).context
    assert board["total"] == board["asks"] == board["waits"] == 0
    for text in (number, number[-5:], "7701"):
        found = client.post(reverse("supervise:find"), {"q": text}, follow=True)
        assert found.context["lines"] == [] and found.context["page"].count == 0
    export = client.post(reverse("supervise:export"), {"once": str(uuid4())})
    assert number not in b"".join(export.streaming_content).decode()
    applicant = client.get(reverse("supervise:cases"), {"applicant": str(story.case.applicant_id)})
    assert number not in applicant.content.decode()
    closed = [
        reverse("supervise:case", args=[story.case_id]), reverse("supervise:act", args=[story.case_id, "suspend"]),
        reverse("supervise:paper", args=[story.case_id, paper.id]), reverse("supervise:settle", args=[ask]),
        reverse("supervise:why", args=[story.open_step().pk]),
    ]  # fmt: skip
    for url in closed:
        assert client.get(url).status_code == 404, url
    posted = {"once": str(uuid4()), "version": story.case.version, "reason": "x", "grant": "yes"}
    assert client.post(reverse("supervise:act", args=[story.case_id, "redraw"]), posted).status_code == 404
    assert client.post(reverse("supervise:settle", args=[ask]), posted).status_code == 404
    assert story.case.state == "in_review" and Ask.objects.get(pk=ask).settled_at is None


@pytest.mark.parametrize("who", ["clerk", "reviewer-1", "issuer", "administrator"])
def test_other_posts_are_refused(story, who):
    client = enter(who)
    for name, args in [
        ("board", []),
        ("cases", []),
        ("case", [story.case_id]),
        ("asks", []),
        ("waiting", []),
        ("act", [story.case_id, "redraw"]),
    ]:
        assert client.get(reverse(f"supervise:{name}", args=args)).status_code == 403, name


def test_the_auditor_reads_and_does_nothing(story):
    client = enter("auditor")
    page = client.get(reverse("supervise:case", args=[story.case_id]))
    assert page.status_code == 200 and page.context["acts"] == []
    assert client.get(reverse("supervise:act", args=[story.case_id, "redraw"])).status_code == 403


def test_the_case_shows_the_whole_record_and_that_it_holds(story):
    page = enter("manager").get(reverse("supervise:case", args=[story.case_id]))
    text = page.content.decode()
    entries = timeline(story.case_id)
    assert len(page.context["events"]) == len(entries) == page.context["verdict"].events
    assert page.context["verdict"].ok, page.context["verdict"].faults
    assert "没有改动" in text and "复算一致" in text
    assert f"留痕第 {entries[-1].seq} 位" in text
    assert not [e.state for e in page.context["events"] if e.state.startswith(("cases.", "documents."))]


def send(client, case_id, act, **given):
    case = Case.objects.get(pk=case_id)
    return client.post(reverse("supervise:act", args=[case_id, act]), {"once": str(uuid4()), "version": case.version, **given})


def test_an_act_said_twice_is_done_once(story):
    client, key = enter("manager"), str(uuid4())
    before = story.open_step().user_id
    posted = {"once": key, "version": story.case.version, "reason": "原审核人临时公出"}
    for _ in range(2):
        answer = client.post(reverse("supervise:act", args=[story.case_id, "redraw"]), posted)
        assert answer.status_code == 302
    assert story.open_step().attempt == 2 and story.open_step().user_id != before


def test_what_was_typed_comes_back_with_a_sentence_at_the_field(story):
    client = enter("manager")
    answer = send(client, story.case_id, "suspend", ground="hearing", until="2020-01-01", reason="组织听证，双方到场")
    text = answer.content.decode()
    assert answer.status_code == 422 and "组织听证，双方到场" in text and "预计日期应在今天之后" in text
    assert send(client, story.case_id, "extend", kind="promised", add=500, reason="很多").status_code == 422
    stale = client.post(
        reverse("supervise:act", args=[story.case_id, "redraw"]), {"once": str(uuid4()), "version": 1, "reason": "写了很久的理由"}
    )
    assert stale.status_code == 409 and "写了很久的理由" in stale.content.decode()
    assert story.case.state == "in_review"


def test_an_ask_is_settled_once_and_then_leads_to_the_case(story):
    ask = ask_for_suspension(story)
    client, url = enter("manager"), reverse("supervise:settle", args=[ask])
    refused = client.post(url, {"once": str(uuid4()), "grant": "no", "answer": ""})
    assert refused.status_code == 422 and "不同意的理由" in refused.content.decode()
    posted = {"once": str(uuid4()), "grant": "yes", "answer": ""}
    assert client.post(url, posted).status_code == client.post(url, posted).status_code == 302
    assert story.case.state == "suspended" and not asks(by=story.who("manager")).exists()
    assert client.get(url)["Location"] == reverse("supervise:case", args=[story.case_id])


def test_a_case_not_yet_accepted_may_be_refused_in_writing(world, yesterday):
    story = Story(world, day=yesterday)
    story.receive()
    client = enter("manager")
    wrong = send(client, story.case_id, "refuse", ground="not_ours", reason="属于他局职权")
    assert wrong.status_code == 422 and "有权受理的机关" in wrong.content.decode()
    assert send(client, story.case_id, "refuse", ground="not_needed", reason="本事项已取消").status_code == 302
    assert story.case.state == "not_accepted"
    page = client.get(reverse("supervise:case", args=[story.case_id]))
    assert "本事项已取消" in page.content.decode() and page.context["acts"] == []


def test_the_export_is_what_is_shown_and_is_recorded(story):
    client = enter("manager")
    answer = client.post(reverse("supervise:export"), {"once": str(uuid4()), "state": "in_review", "sort": "due_on"})
    text = b"".join(answer.streaming_content).decode()
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [r[0] for r in rows[1:]] == [story.case.number] and len(rows[0]) == len(rows[1])
    noted = [e for e in timeline(story.who("manager").user_id) if e.act == "cases.exported"]
    assert noted[-1].data == {"filters": {"state": "in_review"}, "rows": 1}


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_cell_is_taken_for_a_formula(cell):
    assert harmless(cell) == "'" + cell and harmless("云岭市") == "云岭市"


def test_lists_cost_the_same_however_long_they_are(world, yesterday):
    client = enter("manager")

    def more(n):
        for k in range(n):
            story = Story(world, day=yesterday)
            story.receive(time=f"10:{k:02d}")
            story.accept(time=f"11:{k:02d}")
            ask_for_suspension(story)

    def cost(name):
        client.get(reverse(name))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse(name))
        return len(queries)

    names = ["supervise:cases", "supervise:asks", "supervise:waiting", "supervise:board"]
    more(1)
    few = {n: cost(n) for n in names}
    more(4)
    assert {n: cost(n) for n in names} == few
