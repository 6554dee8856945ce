"""Scans in a browser: from asking for one to what changed and one person's reasons; an auditor has one reckoned again."""

from __future__ import annotations

import pytest
from django.utils import timezone

from linli.domains.benefits import commands
from linli.domains.benefits.queries import audits_of, runs
from linli.domains.benefits.queries.results import folder_of
from linli.domains.benefits.tasks import perform_audit, perform_run
from linli.kernel.calendar import local_date
from linli.testing.benefits import old, tell
from linli.testing.browser import PHONE, axe, follow, login_of, shot, sign_in
from linli.testing.scanning import ALLOWANCE, scan, town

pytestmark = pytest.mark.browser
NAME = "高龄津贴"


def test_an_officer_scans_and_follows_a_difference_to_its_reasons(open_page, world, live):
    town(world)
    page = open_page()
    sign_in(page, login_of(world, "benefits"), to="/console/runs/")
    page.get_by_text("还没有比对过").wait_for()
    axe(page)
    shot(page, "runs-empty")
    scan(world)
    old(world.people["applicant"], 95)
    tell("person", world.people["neighbour"], "civil", elderly_allowance_paid=True)
    follow(page.get_by_role("link", name="发起比对"))
    axe(page)
    shot(page, "runs-new")
    assert page.locator("input[name=policies]:disabled").count() == 4
    page.get_by_label("比对日期").fill("2025-06-01")
    page.get_by_label("比对日期").dispatch_event("change")
    page.locator("input[name=policies]:disabled").first.wait_for(state="detached")
    page.get_by_label("比对日期").fill(local_date(timezone.now()).isoformat())
    page.get_by_label("比对日期").dispatch_event("change")
    page.locator("input[name=policies]:disabled").first.wait_for()
    page.get_by_role("button", name="开始比对").click()
    page.get_by_role("progressbar", name="等待开始").wait_for()
    axe(page)
    shot(page, "runs-waiting")
    found = runs(by=world.actor("benefits")).first()
    page.reload()
    page.get_by_role("progressbar", name="等待开始").wait_for()
    commands.fail_run(run_id=found.pk, why="磁盘空间不足", by=world.actor("benefits"), now=timezone.now())
    page.get_by_text("磁盘空间不足").wait_for()
    axe(page)
    shot(page, "runs-failed")
    page.get_by_role("button", name="重新比对").click()
    page.get_by_text("已重新开始比对").wait_for()
    perform_run(str(found.pk))
    page.get_by_role("heading", name="逐项政策").wait_for()
    axe(page)
    shot(page, "runs-run")
    page.get_by_text("封存的文件和摘要").click()
    page.get_by_text("当时用到的标准").click()
    axe(page)
    shot(page, "runs-run-open")
    follow(page.get_by_role("link", name=NAME).first)
    axe(page)
    shot(page, "runs-policy")
    follow(page.get_by_role("link", name="金额变化"))
    page.get_by_role("link", name="赵示例").wait_for()
    axe(page)
    shot(page, "runs-changed")
    page.get_by_role("button", name="导出").click()
    page.get_by_role("button", name="导出 CSV").wait_for()
    axe(page)
    shot(page, "runs-export")
    with page.expect_download() as file:
        page.get_by_role("button", name="导出 CSV").click()
    assert file.value.suggested_filename.endswith(".csv")
    page.keyboard.press("Escape")
    follow(page.get_by_role("link", name="退出"))
    page.get_by_role("link", name="阿卜杜热合曼").wait_for()
    axe(page)
    shot(page, "runs-left")
    follow(page.get_by_role("link", name="不能确定").last)
    page.get_by_role("link", name="报告死亡的部门数").wait_for()
    axe(page)
    shot(page, "runs-unknown")
    follow(page.get_by_role("link", name="报告死亡的部门数"))
    axe(page)
    shot(page, "runs-missing")
    page.goto(f"/console/runs/{found.pk}/policies/{ALLOWANCE}?list=changed")
    follow(page.get_by_role("link", name="赵示例"))
    page.get_by_text("符合", exact=True).first.wait_for()
    axe(page)
    page.get_by_text("当时掌握的信息").click()
    shot(page, "runs-subject")
    page.goto("/console/runs/")
    axe(page)
    shot(page, "runs-list")


def test_an_auditor_has_a_scan_reckoned_again_and_learns_of_a_changed_file(open_page, world, live):
    town(world)
    done = scan(world)
    page, by = open_page(), world.actor("auditor")
    sign_in(page, login_of(world, "auditor"), to=f"/console/runs/{done}/")
    follow(page.get_by_role("link", name="复算"))
    axe(page)
    page.get_by_label("每类抽多少个").fill("50")
    page.get_by_label("抽取种子").fill("2026 年第 1 号根")
    page.get_by_role("button", name="开始复算").click()
    page.get_by_role("progressbar", name="正在复算").wait_for()
    axe(page)
    shot(page, "runs-auditing")
    perform_audit(str(done), str(audits_of(done, by=by)[0].id))
    page.get_by_text("结果一致").wait_for()
    axe(page)
    page.goto(f"/console/runs/{done}/audit/subjects/{world.people['applicant']}")
    page.get_by_text("结果一致").wait_for()
    axe(page)
    shot(page, "runs-again")
    file = folder_of(done) / "facts_person.parquet"
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-9] + b"x" + file.read_bytes()[-8:])
    page.reload()
    page.get_by_text("封存的文件被改动过").wait_for()
    axe(page)
    shot(page, "runs-tampered")
    follow(page.get_by_role("link", name="复算").last)
    page.get_by_label("每类抽多少个").fill("0")
    page.get_by_role("button", name="开始复算").click()
    page.get_by_role("progressbar", name="正在复算").wait_for()
    perform_audit(str(done), str(audits_of(done, by=by)[0].id))
    page.get_by_text("facts_person.parquet").first.wait_for()
    axe(page)
    shot(page, "runs-audit")


@pytest.mark.parametrize(("width", "large"), [(PHONE, False), (PHONE, True)])
def test_the_pages_hold_on_a_phone_and_in_large_print(open_page, world, live, width, large):
    town(world)
    scan(world)
    old(world.people["neighbour"], 95)
    done, name = scan(world), f"{width}{'-large' if large else ''}"
    page = open_page(width, large=large)
    sign_in(page, login_of(world, "benefits"), to="/console/runs/")
    axe(page)
    shot(page, f"runs-list-{name}")
    where = f"/console/runs/{done}"
    pages = {
        "new": "/console/runs/new", "run": f"{where}/", "policy": f"{where}/policies/{ALLOWANCE}?list=changed",
        "unknown": f"{where}/policies/{ALLOWANCE}?list=unknown", "subject": f"{where}/subjects/{world.people['neighbour']}",
    }  # fmt: skip
    for what, url in pages.items():
        page.goto(url)
        axe(page)
        shot(page, f"runs-{what}-{name}")
