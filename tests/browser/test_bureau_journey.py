"""The bureau's own affairs in a real browser: a new calendar, a new colleague, an audit."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from django.db import connections
from django.utils import timezone

from linli.cli.serve import run_worker
from linli.domains.cases.models import Case
from linli.domains.trace.commands import seal_heads
from linli.kernel.calendar import local_date
from linli.testing.browser import PHONE, axe, follow, login_of, shot, sign_in
from linli.testing.story import Story
from linli.testing.world import person_id

pytestmark = pytest.mark.browser


def apart(work, **given):
    """Do something in a thread of its own: the browser keeps an event loop in this one."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(work, **given).result()
        pool.submit(connections.close_all).result()


@pytest.fixture
def story(live, world):
    story = Story(world, day=(local_date(timezone.now()) - timedelta(days=1)).isoformat())
    story.receive()
    story.accept()
    return story


def test_an_administrator_loads_a_notice_and_open_cases_follow_with_an_explanation(open_page, story, world):
    due = story.case.due_on
    page = open_page()
    sign_in(page, login_of(world, "administrator"), to=f"/console/calendar?year={due.year}")
    axe(page)
    shot(page, "bureau-calendar")
    follow(page.get_by_role("link", name="导入放假通知"))
    axe(page)
    shot(page, "bureau-load")
    page.get_by_label("年份").fill(str(due.year))
    page.get_by_label("文号").fill("示例放假通知1号")
    page.get_by_label("放假安排").fill("随便写点什么")
    page.get_by_role("button", name="看会改变什么").click()
    page.get_by_role("alert").filter(has_text="没有日期").wait_for()
    # The day the case comes due, and the days after it, become days off.
    last = min(due + timedelta(days=4), date(due.year, 12, 31))
    page.get_by_label("放假安排").fill(f"一、示例节：{due.month}月{due.day}日至{last.month}月{last.day}日放假。")
    page.get_by_role("button", name="看会改变什么").click()
    page.get_by_role("heading", name="会改变什么").wait_for()
    axe(page)
    shot(page, "bureau-preview")
    page.get_by_role("button", name="导入这份通知").click()
    page.get_by_text("正在重新推算到期日").wait_for()
    apart(run_worker, until_empty=True)
    moved = Case.objects.get(pk=story.case_id).due_on
    assert moved > due
    boss = open_page()
    sign_in(boss, login_of(world, "manager"), to=f"/desk/all-cases/{story.case_id}")
    boss.get_by_text(f"因放假安排更新，承诺办结时限由 {due.isoformat()}").wait_for()
    boss.get_by_text("为什么是这一天").first.click()
    boss.get_by_text(f"{due.isoformat()}").first.wait_for()
    shot(boss, "bureau-projected-anew")


def test_an_administrator_takes_somebody_on_who_signs_in_and_must_change_the_password(open_page, live, world):
    page = open_page()
    sign_in(page, login_of(world, "administrator"))
    page.wait_for_url("**/console/orgs")
    axe(page)
    shot(page, "bureau-orgs")
    follow(page.locator("table").get_by_role("link", name="云岭市人力资源和社会保障局"))
    axe(page)
    shot(page, "bureau-org")
    follow(page.get_by_role("link", name="人员与岗位").first)
    axe(page)
    shot(page, "bureau-staff")
    follow(page.get_by_role("link", name="新增人员"))
    axe(page)
    shot(page, "bureau-new")
    page.get_by_label("姓名").fill("阿卜杜热合曼·买买提依明")
    page.get_by_label("用户名").fill("xinren")
    page.get_by_label("工号").fill("N001")
    page.get_by_label("岗位", exact=True).select_option("window-clerk")
    page.get_by_label("所在机构").select_option(str(world.orgs["hall"]))
    page.get_by_label("在哪个大厅办公").select_option(str(world.orgs["hall"]))
    page.get_by_role("button", name="建立账号并任职").click()
    password = page.locator("#first-password").inner_text()
    axe(page)
    shot(page, "bureau-password")

    follow(page.get_by_role("link", name="已交给本人"))
    axe(page)
    shot(page, "bureau-member")
    page.get_by_role("link", name="任职", exact=True).click()
    page.get_by_label("岗位", exact=True).select_option("reviewer")
    page.get_by_label("所在机构").select_option(str(world.orgs["division"]))
    page.get_by_label("在哪个大厅办公").select_option(str(world.orgs["hall"]))
    page.get_by_role("button", name="任职").click()
    page.get_by_role("alert").filter(has_text="不相容").wait_for()
    axe(page)
    shot(page, "bureau-incompatible")

    new = open_page(PHONE)
    new.goto("/login")
    new.get_by_label("用户名").fill("xinren")
    new.get_by_label("密码").fill(password)
    new.get_by_role("button", name="登录").click()
    new.wait_for_url("**/account/password**")


def test_an_auditor_checks_the_record_and_the_draws(page, story, world):
    apart(seal_heads, now=timezone.now())
    sign_in(page, login_of(world, "auditor"))
    page.wait_for_url("**/console/record")
    page.get_by_role("button", name="核验全部留痕").click()
    page.get_by_text("正在核验全部留痕").wait_for()
    apart(run_worker, until_empty=True)
    page.get_by_text("核验通过").wait_for()
    axe(page)
    shot(page, "bureau-record")
    page.get_by_role("link", name="抽取台账").first.click()
    page.get_by_text("1 次全部一致").wait_for()
    axe(page)
    shot(page, "bureau-draws")
    page.get_by_role("link", name=story.day).first.click()
    page.get_by_text(story.case.number).wait_for()
    axe(page)
    shot(page, "bureau-draw-day")
    follow(page.get_by_role("link", name="谁看过谁").first)
    axe(page)
    shot(page, "bureau-find-looks")
    page.get_by_label("证件号码").fill(person_id(1))
    page.get_by_label("为什么要查").fill("信访核查")
    page.get_by_role("button", name="查询").click()
    page.get_by_role("heading", name="谁看过阿卜杜热合曼").wait_for()
    axe(page)
    shot(page, "bureau-looks")


def test_a_security_administrator_authorises_and_ends_sessions(page, open_page, live, world):
    sign_in(open_page(PHONE), login_of(world, "clerk"))
    sign_in(page, login_of(world, "security"), to="/console/sessions")
    axe(page)
    shot(page, "bureau-sessions")
    page.get_by_role("button", name="结束").first.click()
    page.get_by_text("该登录已结束").wait_for()
    page.goto(f"/console/orgs/{world.orgs['village']}")
    follow(page.get_by_role("link", name="授予权限"))
    axe(page)
    shot(page, "bureau-grant")
