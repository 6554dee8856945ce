"""Keeping the bureau's own particulars right in a real browser: a hall moves, somebody is away, a leader goes from face to face."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.utils import timezone

from linli.domains.voice.commands import Wish, register_demand
from linli.testing.browser import PHONE, axe, login_of, shot, sign_in

pytestmark = pytest.mark.browser


def apart(work, **given):
    """Do something in a thread of its own: the browser keeps an event loop in this one."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(work, **given).result()
        pool.submit(connections.close_all).result()


def fits(page):
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than the screen"


def test_a_hall_moves_and_the_public_page_says_so(open_page, live, world):
    page, other = open_page(), open_page()
    address = f"/console/orgs/{world.orgs['hall']}"
    sign_in(page, login_of(world, "administrator"), to=address)
    page.locator("main h1").click()
    page.keyboard.press("e")
    page.wait_for_url("**/edit")
    axe(page)
    shot(page, "upkeep-org-edit")
    sign_in(other, login_of(world, "administrator"), to=f"{address}/edit")
    page.get_by_label("地址").fill("云岭市新路8号三层东侧")
    page.get_by_label("统一社会信用代码").fill("9177")
    page.keyboard.press("Control+Enter")
    page.get_by_role("alert").filter(has_text="应为 18 位").wait_for()
    axe(page)
    shot(page, "upkeep-org-error")
    assert page.get_by_label("地址").input_value() == "云岭市新路8号三层东侧"
    page.get_by_label("统一社会信用代码").fill("")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(lambda url: url.endswith(address))
    shot(page, "upkeep-org")
    public = open_page(PHONE)
    public.goto("/halls?region=7701")
    public.get_by_text("云岭市新路8号三层东侧").wait_for()
    other.get_by_label("地址").fill("云岭市旧路1号")
    other.get_by_role("button", name="保存").click()
    other.get_by_text("现在登记的是：云岭市新路8号三层东侧").wait_for()
    axe(other)
    shot(other, "upkeep-org-conflict")


def test_a_reviewer_says_when_they_are_away_and_the_administrator_sees_it(open_page, live, world):
    page = open_page()
    sign_in(page, login_of(world, "reviewer-1"), to="/desk/review")
    shot(page, "upkeep-review")
    page.keyboard.press("b")
    page.wait_for_url("**/account/absences")
    axe(page)
    shot(page, "upkeep-absences-none")
    page.get_by_label("从哪天起").fill("2031-03-05")
    page.get_by_label("到哪天止").fill("2031-03-04")
    page.get_by_label("事由").fill("全省工伤认定业务培训（第二期）")
    page.keyboard.press("Control+Enter")
    page.get_by_role("alert").filter(has_text="结束日期").wait_for()
    axe(page)
    page.get_by_label("到哪天止").fill("2031-03-07")
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name=re.compile("^取消")).wait_for()
    page.goto("/account/absences")
    axe(page)
    shot(page, "upkeep-absences-mine")
    page.goto("/account")
    axe(page)
    shot(page, "upkeep-account")
    boss = open_page()
    sign_in(boss, login_of(world, "administrator"), to=f"/console/staff/{world.users['reviewer-1']}")
    axe(boss)
    shot(boss, "upkeep-member")
    boss.get_by_role("link", name="不在岗").click()
    boss.get_by_text("全省工伤认定业务培训（第二期）").wait_for()
    axe(boss)
    shot(boss, "upkeep-absences-staff")
    boss.get_by_role("button", name=re.compile("^取消")).click()
    boss.get_by_text("没有登记过不在岗").wait_for()


def test_a_leader_goes_from_face_to_face_and_reads_the_demands(open_page, live, world):
    apart(
        register_demand, name="阿卜杜热合曼·买买提依明", wish=Wish("村里的公交车晚上七点就没有了", "希望延长到九点"),
        phone="10000000077", by=world.actor("village"), now=timezone.now(),
    )  # fmt: skip
    page = open_page()
    sign_in(page, login_of(world, "leader"))
    page.wait_for_url("**/desk/**")
    axe(page)
    shot(page, "upkeep-faces-desk")
    for there, current in (("**/console/**", "管理台"), ("**/desk/**", "工作台")):
        page.keyboard.press("g")
        page.keyboard.press("g")
        page.wait_for_url(there)
        assert page.locator(".l-faces [aria-current]").inner_text() == current
        axe(page)
    page.get_by_role("link", name="管理台").click()
    page.wait_for_url("**/console/**")
    shot(page, "upkeep-faces-console")
    page.goto("/desk/demands")
    axe(page)
    shot(page, "upkeep-demands")
    page.get_by_role("link", name=re.compile("^SQ")).click()
    page.get_by_text("希望延长到九点").wait_for()
    axe(page)
    shot(page, "upkeep-demand")
    for large in (False, True):
        phone = open_page(PHONE, large=large)
        sign_in(phone, login_of(world, "leader"), to="/desk/demands")
        fits(phone)
        phone.get_by_role("link", name="管理台").click()
        phone.wait_for_url("**/console/**")
        fits(phone)
        axe(phone, also=["color-contrast-enhanced"] if large else [])
