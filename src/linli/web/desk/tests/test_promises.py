"""Promises, checks and rosters over HTTP: who comes in where, what a refusal keeps, and lists that cost no more for more."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linli.domains.cases import commands as do
from linli.domains.cases.queries import Commitment, MaterialFile, promises_of
from linli.domains.documents.queries import documents_of
from linli.domains.people.commands import register_mandate
from linli.domains.people.queries import Ground, Scope, employer_facts
from linli.kernel.ids import uuid7
from linli.testing.browser import sign_in_resident
from linli.testing.rosters import COMMON, ENROL, PLANS, book, person
from linli.testing.story import PERMIT, Story, at, picture
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


def give_mandate(world, story):
    register_mandate(
        principal_id=world.people["employer"], is_employer=True, agent_id=world.people["agent"], scopes=(Scope.APPLY, Scope.READ), items=(),
        last_day=date(2026, 6, 30), ground=Ground.COMPANY_CLERK, evidence="授权委托书原件", by=story.who("clerk"), now=NOW,
    )  # fmt: skip


def owner_of(world, row: Commitment) -> str:
    return next(n for n, u in world.users.items() if u == row.owner_id)


def post(client, url, **data):
    return client.post(url, {"once": str(uuid7())} | data)


def status(client, url, method="get"):
    return getattr(client, method)(url).status_code if method == "get" else post(client, url).status_code


def test_what_may_not_be_committed_to_is_refused_at_the_counter_with_the_reason(world, enter):
    story = Story(world, item=SKILL)
    story.receive(complete=False)
    clerk = enter("clerk")
    held = next(m for m in story.standard.materials if m.from_departments)
    plain = next(m for m in story.standard.materials if not m.from_departments and not m.may_be_committed)
    for code, why, more in (
        (held.code, "核验", ""), (plain.code, "没有把它列为可以承诺", ""), (CODE, "没有把它列为可以容缺", "?later=1"),
    ):  # fmt: skip
        address = f"/desk/cases/{story.case_id}/promises/{code}{more}"
        page = clerk.get(address).content.decode()
        assert "不能以承诺代替" in page and why in page and "确认承诺" not in page
        forced = post(clerk, address, signature_instead="paper")
        assert forced.status_code == 422 and why in forced.content.decode(), forced.content.decode()
        line = clerk.post(
            f"/desk/cases/{story.case_id}/materials/{code}",
            {"once": str(uuid7()), "how": "committed"},
            headers={"HX-Request": "true"},
        ).content.decode()
        assert more or why in line
    assert not any(p.code != CODE for p in promises_of(story.case_id).values())


def test_a_signed_sheet_is_kept_with_the_case_at_once_or_later(world, enter):
    story = Story(world, item=SKILL)
    story.receive(complete=False)
    clerk, address = enter("clerk"), f"/desk/cases/{story.case_id}/promises/{CODE}"
    assert post(clerk, address).status_code == 422, "neither signed nor on paper"
    scan = SimpleUploadedFile("扫描.png", picture().read(), "image/png")
    assert post(clerk, address, sheet=scan).status_code == 302
    assert promises_of(story.case_id)[CODE].signed == "paper"
    page = clerk.get(f"/desk/cases/{story.case_id}").content.decode()
    assert "承诺书签字件：扫描.png" in page and "存入签字件" in page
    assert post(clerk, f"{address}/sheet").status_code == 302  # nothing chosen: said, and nothing happens
    bad = SimpleUploadedFile("扫描.png", b"MZ not a picture", "image/png")
    assert post(clerk, f"{address}/sheet", sheet=bad).status_code == 302
    second = SimpleUploadedFile("第二页.png", picture("2").read(), "image/png")
    assert post(clerk, f"{address}/sheet", photo=second).status_code == 302
    files = [f.name for f in MaterialFile.objects.filter(material__case_id=story.case_id, material__code=CODE)]
    assert sorted(files) == ["承诺书签字件：扫描.png", "承诺书签字件：第二页.png"]
    for name, expected in (("elsewhere", 404), ("issuer", 403), ("second-clerk", 302)):
        assert status(enter(name), f"{address}/sheet", "post") == expected, name


def test_until_when_a_promised_material_is_to_come_stands_on_both_pages_and_it_can_be_brought_from_a_phone(world, enter):
    story = Story(world, item=PERMIT)
    story.receive(complete=False)
    for one in story.handed():
        if one.code != CODE:
            do.hand_in(case_id=story.case_id, material=one, by=story.who("clerk"), now=at("2026-03-06 10:02"))
    do.commit_to(case_id=story.case_id, code=CODE, promise=do.Promise.PENDING, by=story.who("clerk"), now=at("2026-03-06 10:03"))
    story.accept(day="2026-03-06")
    clerk = enter("clerk").get(f"/desk/cases/{story.case_id}").content.decode()
    assert "容缺补交：" in clerk and "2026-03-13" in clerk and "还剩 3 个工作日" in clerk
    me, other = Client(), Client()
    sign_in_resident(me, world, "agent")
    assert me.get(f"/mine/{story.case_id}").status_code == 404, "nobody's agent yet"
    sign_in_resident(other, world, "neighbour")
    give_mandate(world, story)
    mine = me.get(f"/mine/{story.case_id}").content.decode()
    assert "请您最迟补交" in mine and "2026-03-13" in mine and "撤销受理" in mine and "现在补交" in mine
    bring = f"/mine/{story.case_id}/pending/{CODE}"
    assert post(me, bring).status_code in (302, 303) and promises_of(story.case_id)[CODE].standing == "due"  # no file
    for who, expected in ((other, 404), (me, 303)):
        file = SimpleUploadedFile("补交.png", picture().read(), "image/png")
        assert post(who, bring, file=file).status_code == expected
    assert promises_of(story.case_id)[CODE].standing == "kept"
    file = SimpleUploadedFile("补交.png", picture().read(), "image/png")
    assert post(me, bring, file=file).status_code == 404, "brought once"


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
    many, four = min(look(), look())  # what is kept for some seconds may have to be read again in one of them
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
