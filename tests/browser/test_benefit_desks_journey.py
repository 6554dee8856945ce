"""What officers and clerks see of benefits at their desks: whose turn it is, why a payment waits, an employer's account, a last day."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone

from linli.domains.benefits import commands
from linli.domains.benefits.queries import accounts_of, policy_sheet
from linli.domains.people.queries import employer_facts, person_facts
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.testing.browser import DESKTOP, PHONE, axe, follow, login_of, shot, sign_in, sign_in_resident
from linli.testing.grants import due, hands, known, listed, scanned, work
from linli.testing.rosters import firm_mandate

pytestmark = pytest.mark.browser
FEED = Actor(user_id=None, permissions=frozenset({"benefits.learn"}), device="test")
NARROW = 240  # the entry with the count lies beyond the edge, as most do on a phone
ALLOWANCE = "na-elderly-allowance"


def test_the_menu_says_whose_turn_it_is_and_the_pages_why_a_payment_waits(open_page, world, live):
    who, today, now = hands(world), local_date(timezone.now()), timezone.now()
    due([me := world.people["applicant"], world.people["neighbour"], known(1)], on=today)
    list_id = listed(who, scanned(who, on=today, now=now), now=now)
    second = open_page()
    sign_in(second, login_of(world, "second-policies"), to=reverse("grants:lists"))
    entry = second.get_by_role("navigation", name="主导航").get_by_role("link", name="发放名单")
    assert entry.locator(".l-count").inner_text().split() == ["1", "件等您办"]
    axe(second)
    shot(second, "turns-menu")
    second.keyboard.press("/")
    second.get_by_role("combobox", name="查找事项、人员、办件").fill("发放名单")
    second.get_by_role("option", name="发放名单").get_by_text("1 件等您办").wait_for()
    axe(second)
    shot(second, "turns-palette")
    second.keyboard.press("Escape")
    second.set_viewport_size({"width": NARROW, "height": 740})
    axe(second)
    second.set_viewport_size({"width": DESKTOP, "height": 900})
    commands.agree_list(list_id=list_id, by=who.second, now=now)
    second.reload()
    assert second.get_by_role("navigation", name="主导航").locator(".l-count").count() == 0
    commands.publish_list(list_id=list_id, by=who.maker, now=now)
    work(now=now + timedelta(days=10))
    commands.learn(
        subject="person", subject_id=me, source="vital", values={"death_sources": 1, "died_on": today - timedelta(3)}, on=today, by=FEED, now=now
    )  # fmt: skip
    payer = open_page()
    sign_in(payer, login_of(world, "payments"), to=reverse("grants:waiting"))
    payer.get_by_text("比这笔的比对日期早").wait_for()
    axe(payer)
    shot(payer, "turns-waiting")
    follow(payer.get_by_role("link", name=person_facts(me)["name"]))
    payer.get_by_text("核实本人在世以后").wait_for()
    axe(payer)
    shot(payer, "turns-grant")
    mine = open_page(PHONE)
    sign_in_resident(mine, world, to=reverse("benefits:mine"))
    mine.get_by_text("暂缓发放，钱没有取消").wait_for()
    axe(mine)
    shot(mine, "turns-mine")


def test_a_clerk_notes_the_account_of_an_employer(open_page, world, live):
    firm, agent = world.people["employer"], world.people["agent"]
    desk = open_page()
    sign_in(desk, login_of(world, "clerk"), to="/desk/accounts/")
    axe(desk)
    shot(desk, "account-person")
    follow(desk.get_by_role("link", name="单位", exact=True))
    axe(desk)
    shot(desk, "account-employer")
    desk.get_by_label("统一社会信用代码").fill(employer_facts(firm)["credit_code"])
    desk.get_by_label("来办的人的证件号码").fill(person_facts(agent)["id_number"])
    follow(desk.get_by_role("button", name="核对"))
    desk.get_by_text("没有代表该单位办理的授权").first.wait_for()
    axe(desk)
    shot(desk, "account-refused")
    firm_mandate(world, now=timezone.now())
    follow(desk.get_by_role("button", name="核对"))
    desk.get_by_text("单位经办人").wait_for()
    axe(desk)
    shot(desk, "account-shown")
    desk.get_by_label("开户银行").fill("示例农商行")
    desk.get_by_role("textbox", name="账号").fill("12")
    desk.get_by_label("来办的人当面说的").check()
    follow(desk.get_by_role("button", name="登记账户"))
    axe(desk)
    shot(desk, "account-wrong")
    desk.get_by_role("textbox", name="账号").fill("80001111111111")
    follow(desk.get_by_role("button", name="登记账户"))
    desk.get_by_text("的收款账户已登记").wait_for()
    assert accounts_of([firm])[firm].number == "80001111111111"


def test_a_policy_without_a_last_day_is_given_one(open_page, world, live):
    today = local_date(timezone.now())
    last = today + timedelta(days=30)
    page = open_page()
    sign_in(page, login_of(world, "policies"), to=f"/console/policies/{ALLOWANCE}")
    page.get_by_text("没有期限").wait_for()
    axe(page)
    shot(page, "last-day-policy")
    follow(page.get_by_role("link", name="设定最后一天"))
    page.locator("input[name=value]").fill((today - timedelta(days=1)).isoformat())
    page.get_by_label("依据的文件名称").fill("关于停止发放高龄津贴的通知")
    page.get_by_label("文件日期").fill("2026-11-01")
    axe(page)
    shot(page, "last-day-form")
    follow(page.get_by_role("button", name="保存草稿"))
    page.get_by_text("不能早于").first.wait_for()
    page.locator("input[name=value]").fill(last.isoformat())
    follow(page.get_by_role("button", name="保存草稿"))
    follow(page.get_by_role("button", name="提交复核"))
    axe(page)
    shot(page, "last-day-change")
    second = open_page()
    sign_in(second, login_of(world, "second-policies"), to=urlsplit(page.url).path)
    assert second.get_by_role("navigation", name="主导航").get_by_role("link", name="参数修改").locator(".l-count").count() == 1
    follow(second.get_by_role("button", name="同意并公布"))
    assert policy_sheet(ALLOWANCE, by=world.actor("policies"), on=today).until == last
    page.goto(f"/console/policies/{ALLOWANCE}")
    page.get_by_text("执行到").first.wait_for()
    shot(page, "last-day-after")
    page.goto(reverse("policies:figures") + "?q=执行到哪天")
    page.get_by_text("没有期限").first.wait_for()
    axe(page)
    shot(page, "last-day-figures")
