"""The pages of scans: who may open what, what is said, and what a list costs."""

from __future__ import annotations

from io import BytesIO
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from linli.domains.benefits import commands
from linli.domains.benefits.queries import audits_of, run, runs, scanned
from linli.domains.trace.queries import events_of, timeline
from linli.kernel.actors import system
from linli.kernel.calendar import local_date
from linli.kernel.errors import LinliError
from linli.testing.benefits import hire, old
from linli.testing.scanning import ALLOWANCE, HIRING, scan, town
from linli.testing.world import CITY, COUNTY, PASSWORD, person_id


def enter(name: str) -> Client:
    client = Client()
    assert client.post("/login", {"username": name, "password": PASSWORD}).status_code == 302
    return client


def send(client, url, **given):
    return client.post(url, {"once": str(uuid4()), **given})


def text(answer):
    return answer.content.decode()


def reckoned(run_id, audit_id):
    """What the job does that the auditor waits for."""
    asked = {"run_id": run_id, "audit_id": audit_id, "by": system(), "now": timezone.now()}
    try:
        commands.perform_audit(**asked)
    except LinliError as error:
        commands.fail_audit(**asked, why=str(error.message))


@pytest.fixture
def done(world, committed_db):
    """A finished scan of the city."""
    town(world)
    return scan(world)


@pytest.fixture
def addresses(world, done):
    who = world.people["applicant"]
    return {
        "see": [
            reverse("runs:list"), reverse("runs:run", args=[done]), reverse("runs:policy", args=[done, ALLOWANCE]),
            reverse("runs:missing", args=[done, ALLOWANCE, "death_sources"]), reverse("runs:subject", args=[done, who]),
        ],
        "audit": [reverse("runs:audit", args=[done]), reverse("runs:audit_subject", args=[done, who])],
        "take": [reverse("runs:export", args=[done, ALLOWANCE, "csv"])],
    }  # fmt: skip


MAY = {  # see, start, audit, take along
    "benefits": (200, 200, 403, 200), "auditor": (200, 403, 200, 200), "payments": (200, 403, 403, 403), "leader": (200, 403, 403, 403),
    "policies": (200, 403, 403, 403), "clerk": (403, 403, 403, 403), "village": (403, 403, 403, 403),
}  # fmt: skip


def test_each_post_opens_what_it_may(world, done, addresses):
    for who, (see, start, audit, take) in MAY.items():
        client = enter(who)
        assert {client.get(url).status_code for url in addresses["see"]} == {see}, who
        assert client.get(reverse("runs:new")).status_code == start, who
        assert {client.get(url).status_code for url in addresses["audit"]} == {audit}, who
        assert {send(client, url, list="entitled").status_code for url in addresses["take"]} == {take}, who
        if start == 403:
            assert send(client, reverse("runs:new"), on="2026-01-05", region=CITY, policies=ALLOWANCE).status_code == 403
            assert send(client, reverse("runs:repeat", args=[done])).status_code == 403
        if audit == 403:
            assert send(client, reverse("runs:audit", args=[done]), size="0").status_code == 403


def test_who_serves_another_place_finds_no_scan_here(world, done, addresses):
    client = enter("benefits-elsewhere")
    assert client.get(reverse("runs:list")).status_code == 200
    for url in addresses["see"][1:]:
        assert client.get(url).status_code == 404, url
    assert send(client, addresses["take"][0]).status_code == 404
    assert client.get(reverse("runs:progress", args=[done]), headers={"hx-request": "true"}).status_code == 404
    answer = send(client, reverse("runs:new"), on=local_date(timezone.now()).isoformat(), region=CITY, policies=ALLOWANCE)
    assert answer.status_code == 422
    assert COUNTY in text(client.get(reverse("runs:new"))) and f'value="{CITY}"' not in text(client.get(reverse("runs:new")))


def test_a_scan_is_asked_for_once_and_shows_how_far_it_is(world, committed_db):
    client, key = enter("benefits"), str(uuid4())
    today = local_date(timezone.now()).isoformat()
    page = text(client.get(reverse("runs:new")))
    assert page.count("checked") >= 14 and "已不执行，不能选" in page
    assert "已不执行，不能选" not in text(client.get(reverse("runs:new") + "?on=2025-06-01"))
    wrong = send(client, reverse("runs:new"), on="x", region=CITY)
    assert wrong.status_code == 422 and "请至少选一项政策" in text(wrong) and 'value="x"' in text(wrong)
    over = send(client, reverse("runs:new"), on=today, region=CITY, policies="na-skill-upgrade")
    assert over.status_code == 409 and "不再执行" in text(over)
    for _ in range(2):
        answer = client.post(reverse("runs:new"), {"once": key, "on": today, "region": CITY, "policies": [ALLOWANCE, HIRING]})
        assert answer.status_code == 302
    (found,) = runs(by=world.actor("benefits"))
    assert found.policies == [ALLOWANCE, HIRING]
    assert "等待开始" in text(client.get(answer["Location"]))
    where = reverse("runs:progress", args=[found.pk])
    part = client.get(where, headers={"hx-request": "true"})
    assert "hx-get" in text(part) and "HX-Refresh" not in part
    assert client.get(where).status_code == 302
    commands.fail_run(run_id=found.pk, why="磁盘满了", by=world.actor("benefits"), now=timezone.now())
    assert client.get(where, headers={"hx-request": "true"})["HX-Refresh"] == "true"
    assert "磁盘满了" in text(client.get(answer["Location"]))
    assert "重新比对" not in text(enter("leader").get(answer["Location"]))
    assert send(client, reverse("runs:repeat", args=[found.pk])).status_code == 302
    assert run(found.pk, by=world.actor("benefits")).state == "waiting"
    assert send(client, reverse("runs:repeat", args=[found.pk])).status_code == 409


def test_the_pages_of_an_unfinished_scan_say_so(world, committed_db):
    by = world.actor("benefits")
    run_id = commands.start_run(on=local_date(timezone.now()), region=CITY, policies=[ALLOWANCE], by=by, now=timezone.now())
    client = enter("benefits")
    assert client.get(reverse("runs:policy", args=[run_id, ALLOWANCE])).status_code == 409
    assert client.get(reverse("runs:policy", args=[run_id, HIRING])).status_code == 404
    assert client.get(reverse("runs:policy", args=[run_id, "no-such"])).status_code == 404
    assert send(client, reverse("runs:export", args=[run_id, ALLOWANCE, "csv"])).status_code == 409
    assert client.get(reverse("runs:subject", args=[run_id, uuid4()])).status_code == 409
    assert "完成后才能复算" in text(enter("auditor").get(reverse("runs:audit", args=[run_id])))


def test_lists_differences_and_gaps_name_who_they_are_about_and_mask_numbers(world, done, monkeypatch):
    client = enter("benefits")
    first = text(client.get(reverse("runs:policy", args=[done, ALLOWANCE])))
    assert "赵示例" in first and person_id(0) not in first and "全部算新增" in first
    old(world.people["applicant"], 95)
    old(world.people["neighbour"], 92)
    second = scan(world)
    url = reverse("runs:policy", args=[second, ALLOWANCE])
    changed = text(client.get(url + "?list=changed"))
    assert "赵示例" in changed and "阿卜杜热合曼" not in changed and "+" in changed
    assert "这里没有人" in text(client.get(url + "?list=joined"))
    found = text(client.get(url + "?q=赵"))
    assert "赵示例" in found and "下面不全" not in found and "这里没有人" in text(client.get(url + "?q=钱"))
    monkeypatch.setattr(scanned, "MOST_FOUND", 0)
    assert "下面不全" in text(client.get(url + "?q=赵")) and "最好是完整的姓名" in text(client.get(url + "?q=赵"))
    unknown = text(client.get(url + "?list=unknown"))
    assert "报告死亡的部门数" in unknown and "生存和死亡信息" in unknown
    assert "赵示例" not in text(client.get(reverse("runs:missing", args=[second, ALLOWANCE, "death_sources"])))
    assert client.get(reverse("runs:missing", args=[second, ALLOWANCE, "no_such"])).status_code == 404
    hires = text(client.get(reverse("runs:policy", args=[second, HIRING])))
    assert "职工000" in hires and "1\u2009500.00" in hires and "3\u2009000.00" in hires


def test_one_subject_is_told_with_reasons_and_the_look_is_recorded(world, done):
    client, who = enter("benefits"), world.people["applicant"]
    page = text(client.get(reverse("runs:subject", args=[done, who]) + f"?policy={ALLOWANCE}"))
    assert "赵示例" in page and person_id(0) not in page and "r-yes" in page and "当时掌握的信息" in page
    client.get(reverse("runs:subject", args=[done, who]))
    assert events_of(who, acts=("people.viewed",)).filter(data__benefit_run=str(done)).count() == 1
    assert client.get(reverse("runs:subject", args=[done, uuid4()])).status_code == 404


def test_a_list_is_taken_along_without_numbers_unless_for_a_purpose(world, done):
    client, who = enter("benefits"), world.people["applicant"]

    def take(form, **given):
        return send(client, reverse("runs:export", args=[done, ALLOWANCE, form]), **given)

    csv = b"".join(take("csv", list="joined").streaming_content).decode()
    assert "赵示例" in csv and person_id(0) not in csv
    book = load_workbook(BytesIO(take("xlsx", list="entitled", purpose="lawful_request").content)).active
    rows = [[c.value for c in row] for row in book.iter_rows()]
    assert person_id(0) in [r[1] for r in rows] and len(rows) == 3
    assert events_of(who, acts=("people.shown_whole",)).filter(data__purpose="lawful_request").count() == 1
    assert [e.data.get("purpose") for e in timeline(done) if e.act == "benefits.list_exported"] == [None, "lawful_request"]
    assert take("csv", list="entitled", purpose="curiosity").status_code == 404
    assert take("pdf", list="entitled").status_code == 404
    assert send(enter("auditor"), reverse("runs:export", args=[done, ALLOWANCE, "csv"]), purpose="contact").status_code == 403


def test_an_auditor_has_it_reckoned_again_and_a_changed_file_is_told(world, done):
    client, by = enter("auditor"), world.actor("auditor")
    url = reverse("runs:audit", args=[done])
    assert send(client, url, size="-1", seed="x").status_code == 422
    assert send(client, url, size="5", seed=" ").status_code == 422
    assert send(client, url, size="5", seed="种子").status_code == 302
    assert "正在复算" in text(client.get(url))
    (audit,) = audits_of(done, by=by)
    reckoned(done, audit.id)
    where = reverse("runs:audit_progress", args=[done])
    assert client.get(where, headers={"hx-request": "true"})["HX-Refresh"] == "true"
    assert "结果一致" in text(client.get(url)) and "种子" in text(client.get(url))
    again = reverse("runs:audit_subject", args=[done, world.people["applicant"]])
    assert "结果一致" in text(client.get(again))
    from linli.domains.benefits.queries.results import folder_of

    file = folder_of(done) / "verdict_person.parquet"
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    told = client.get(again)
    assert told.status_code == 200 and "封存的文件被改动过" in text(told) and file.name in text(told)
    send(client, url, size="0")
    reckoned(done, audits_of(done, by=by)[0].id)
    assert "不能复算" in text(client.get(url)) and file.name in text(client.get(url))


def test_the_pages_cost_the_same_for_few_and_for_many(world, committed_db):
    client = enter("benefits")
    town(world)

    def cost(run_id):
        urls = [reverse("runs:list"), reverse("runs:policy", args=[run_id, HIRING]), reverse("runs:run", args=[run_id])]
        found = []
        for url in urls:
            client.get(url)
            with CaptureQueriesContext(connection) as seen:
                assert client.get(url).status_code == 200
            found.append(len(seen))
        return found

    scan(world)
    few = cost(scan(world))
    for n in range(10, 25):
        hire(world, n)
    scan(world)
    assert cost(scan(world)) == few
