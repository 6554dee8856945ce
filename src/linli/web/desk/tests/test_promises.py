"""Promises, checks and rosters over HTTP: who comes in where, what a refusal keeps, and lists that cost no more for more."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linli.domains.cases import commands as do
from linli.domains.cases.queries import Commitment, promises_of
from linli.domains.documents.queries import documents_of
from linli.domains.people.queries import employer_facts
from linli.kernel.ids import uuid7
from linli.testing.rosters import COMMON, ENROL, PLANS, book, person
from linli.testing.story import Story, at
from linli.testing.world import PASSWORD

pytestmark = pytest.mark.django_db
NOW = at("2026-03-10 09:00")
SKILL, CODE = "skill-evaluation-application", "m04"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    monkeypatch.setattr("linli.web.middleware.timezone.now", lambda: NOW)


@pytest.fixture
def enter():
    def as_(name):
        client = Client()
        assert client.post("/login", {"username": name, "password": PASSWORD})["Location"] == "/begin"
        return client

    return as_


def promised(world, decided=True):
    story = Story(world, item=SKILL)
    story.receive(complete=False)
    for one in story.handed():
        if one.code != CODE:
            do.hand_in(case_id=story.case_id, material=one, by=story.who("clerk"), now=at("2026-03-02 10:02"))
    do.commit_to(case_id=story.case_id, code=CODE, by=story.who("clerk"), now=at("2026-03-02 10:03"))
    if decided:
        story.accept()
        story.review()
    return story, promises_of(story.case_id)[CODE]


def owner_of(world, row: Commitment) -> str:
    return next(n for n, u in world.users.items() if u == row.owner_id)


def post(client, url, **data):
    return client.post(url, {"once": str(uuid7())} | data)


def status(client, url, method="get"):
    return getattr(client, method)(url).status_code if method == "get" else post(client, url).status_code


def test_a_check_opens_to_its_owner_and_its_supervisors_only(world, enter):
    story, row = promised(world)
    paper = next(d for d in documents_of(story.case_id) if d.kind.value == "commitment")
    pages = [f"/desk/checks/{row.pk}", f"/desk/checks/{row.pk}/papers/{paper.id}.pdf"]
    other = next(n for n in ("reviewer-1", "reviewer-2", "reviewer-3") if n != owner_of(world, row))
    for name, list_status, page_status in (
        (owner_of(world, row), 200, 200), ("manager", 200, 200), ("leader", 200, 200), (other, 200, 404), ("manager-elsewhere", 200, 404),
        ("clerk", 403, 403), ("issuer", 403, 403), ("administrator", 403, 403),
    ):  # fmt: skip
        client = enter(name)
        assert status(client, "/desk/checks") == list_status, name
        for page in pages:
            assert status(client, page) == page_status, (name, page)
        if page_status != 200:
            assert status(client, f"/desk/checks/{row.pk}/keep", "post") == page_status
    case_paper = next(d for d in documents_of(story.case_id) if d.kind.value == "acceptance_notice")
    assert status(enter("manager"), f"/desk/checks/{row.pk}/papers/{case_paper.id}.pdf") == 404
    assert status(enter("manager"), f"/desk/checks/{row.pk}/signature") == 404, "signed on paper: there is no picture"


def test_what_was_typed_comes_back_with_the_refusal_and_a_double_click_counts_once(world, enter):
    _, row = promised(world)
    client = enter(owner_of(world, row))
    back = post(client, f"/desk/checks/{row.pk}/keep", **{"keep-text": " "})
    assert back.status_code == 422 and "请填写" in back.content.decode()
    once = str(uuid7())
    for _n in range(2):
        answer = client.post(f"/desk/checks/{row.pk}/keep", {"once": once, "keep-text": "电话核实。"})
        assert answer.status_code in (302, 409)
    row.refresh_from_db()
    assert (row.standing, row.finding) == ("kept", "电话核实。")
    assert status(client, f"/desk/checks/{row.pk}/nothing", "post") == 404


def test_a_supervisor_gives_a_check_to_somebody_who_had_no_hand_in_the_case(world, enter):
    story, row = promised(world)
    manager = enter("manager")
    hands = set(story.case.steps.values_list("user_id", flat=True))
    free = next(n for n in ("reviewer-1", "reviewer-2", "reviewer-3", "reviewer-4") if world.users[n] not in hands | {row.owner_id})
    wrong = next(n for n, u in world.users.items() if u in hands)
    assert post(manager, f"/desk/checks/{row.pk}/give", **{"give-to": str(world.users[wrong])}).status_code == 422
    assert post(manager, f"/desk/checks/{row.pk}/give", **{"give-to": str(world.users[free])}).status_code == 302
    row.refresh_from_db()
    assert row.owner_id == world.users[free]


def test_the_list_of_checks_costs_no_more_for_more(world, enter):
    manager = enter("manager")

    def look():
        with CaptureQueriesContext(connection) as queries:
            answer = manager.get("/desk/checks")
        return len(queries), answer.content.decode().count('href="/desk/checks/')

    promised(world)
    look()
    few, one = look()
    for _n in range(3):
        promised(world)
    many, four = look()
    assert four == one + 3 and many <= few


def test_the_page_of_a_promise_is_the_counters_own(world, enter):
    story, _row = promised(world, decided=False)
    page = f"/desk/cases/{story.case_id}/promises/{CODE}"
    for name, wanted in (("clerk", 200), ("second-clerk", 200), ("elsewhere", 404), ("reviewer-1", 403), ("manager", 403)):
        assert status(enter(name), page) == wanted, name
        assert status(enter(name), f"{page}.pdf") == wanted, name
        assert status(enter(name), f"/desk/cases/{story.case_id}/pending/{CODE}", "post") == (404 if wanted == 200 else wanted), (
            name
        )
    clerk = enter("clerk")
    assert clerk.get(f"{page}.pdf").content.startswith(b"%PDF-")
    assert post(clerk, page).status_code == 422, "nobody signed"
    assert post(clerk, page, signature="data:image/png;base64,AAAA").status_code == 422, "that is no picture"
    assert post(clerk, page, signature_instead="paper").status_code == 302
    assert clerk.get(f"/desk/cases/{story.case_id}/promises/m99").status_code == 404
    assert "不能以承诺代替" in clerk.get(f"{page}?later=1").content.decode()
    assert clerk.get(f"{page}.pdf?later=1").status_code == 404


def test_rosters_open_to_the_counter_they_were_handed_in_at(world, enter):
    clerk, code = enter("clerk"), employer_facts(world.people["employer"])["credit_code"]
    fields = {f"f_{k}": v for k, v in (COMMON | {"uscc": code}).items()} | {"m_m01": "paper"}
    address = f"/desk/rosters/new?item={ENROL}&employer={code}"

    def hand_in(people, **more):
        file = SimpleUploadedFile("名单.xlsx", book(PLANS[ENROL], people).getvalue(), content_type=_XLSX)
        return post(clerk, address, file=file, **(fields | more))

    good = hand_in([person(PLANS[ENROL], n) for n in range(3)])["Location"]
    bad = hand_in([person(PLANS[ENROL], 5, hire_date="?")])["Location"]
    again = hand_in([person(PLANS[ENROL], n) for n in range(3)])
    assert again.status_code == 422 and "已于" in again.content.decode() and "孙经办" in again.content.decode()
    assert hand_in([person(PLANS[ENROL], 8)], f_handler_name="").status_code == 422
    assert post(clerk, address, **fields).status_code == 422
    for name, wanted in (("second-clerk", 200), ("elsewhere", 404), ("village", 404), ("reviewer-1", 403), ("manager", 403)):
        client = enter(name)
        assert status(client, "/desk/rosters") == (403 if wanted == 403 else 200)
        for url in (good, f"{good}/progress", f"{good}/results.xlsx", bad, f"{bad}/returned.xlsx"):
            assert status(client, url) == wanted, (name, url)
        if wanted != 200:
            for act in ("start", "cancel"):
                assert status(client, f"{good}/{act}", "post") == wanted, (name, act)
    assert status(clerk, f"{good}/returned.xlsx") == 404
    assert status(clerk, f"/desk/rosters/template/{ENROL}.xlsx") == 200
    assert status(clerk, "/desk/rosters/template/labour-dispatch-permit.xlsx") == 404
    assert post(clerk, f"{bad}/start").status_code == 409
    assert post(clerk, f"{good}/start").status_code == 302
    assert "正在生成办件" in clerk.get(good).content.decode()
    assert clerk.get("/desk/rosters/new?item=labour-dispatch-permit&employer=nobody").status_code == 200
