"""A resident reads what they were told and says how they want to be told; IT tries again what failed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from linli.domains.cases import commands as cases
from linli.domains.notices.commands import send_code
from linli.domains.notices.models import Delivery
from linli.domains.notices.queries import letters, posted
from linli.kernel.actors import system
from linli.testing.browser import PHONE, axe, login_of, shot, sign_in, sign_in_resident
from linli.testing.concurrency import at_once
from linli.testing.story import INSTANT, Story

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def told(story):
    """Play a case and tell of each of its acts, as the worker does."""
    from linli.domains.cases.commands.telling import TELLS
    from linli.domains.trace.queries import timeline

    for entry in timeline(story.case_id):
        if entry.act in TELLS:
            cases.tell(case_id=story.case_id, seq=entry.seq, by=system(), now=entry.at)


@pytest.fixture
def stories(world, live):
    """Two cases, played in a thread of their own: signing keeps an event loop, and so does the browser's driver."""
    (done,) = at_once([lambda: _play(world)])
    assert done is None, done


def _play(world):
    for day in ("2026-03-02", "2026-03-03"):
        story = Story(world, item=INSTANT, day=day)
        if day == "2026-03-02":
            story.whole()
        else:
            story.receive()
        told(story)


def test_a_resident_reads_messages_by_keyboard_and_chooses_how_to_be_told(open_page, world, stories):
    page = open_page(PHONE)
    sign_in_resident(page, world, to="/messages/")
    for address, name in (("/messages/", "list"), ("/messages/settings", "settings"), ("/demo/post/", "post")):
        page.goto(address)
        axe(page)
        shot(page, f"messages-{name}")
    page.goto("/messages/")
    page.locator("main ul.p-list a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/messages/*-*/")
    axe(page)
    shot(page, "messages-one")
    page.get_by_role("link", name="换一种方式通知我").click()
    page.get_by_role("link", name="添加邮箱").click()
    page.get_by_label("电子邮箱").fill("zhao@")
    page.keyboard.press("Enter")
    page.get_by_text("邮箱地址“zhao@”不完整").first.wait_for()
    axe(page)
    shot(page, "messages-email-error")
    page.get_by_label("电子邮箱").fill("zhao@example.cn")
    page.keyboard.press("Enter")
    page.get_by_label("验证码", exact=True).fill("abc")
    page.keyboard.press("Enter")
    page.get_by_text("验证码不对").first.wait_for()
    axe(page)
    shot(page, "messages-email-code-wrong")
    page.get_by_label("验证码", exact=True).fill(letters(posted(address="zhao@example.cn"))[0].content["code"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/messages/settings")
    page.get_by_label("电子邮件", exact=True).check()
    axe(page)
    shot(page, "messages-settings-email")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/messages/")
    page.get_by_text("通知方式已保存").wait_for()
    page.context.add_cookies([{"name": "linli_print", "value": "large", "url": page.url}])
    page.goto("/messages/")
    page.locator("main ul.p-list a").last.click()
    page.wait_for_url("**/messages/*-*/")
    page.get_by_text("材料我们收到了").wait_for()
    axe(page)
    shot(page, "messages-one-plain")
    nobody = open_page(PHONE)
    sign_in_resident(nobody, world, "neighbour", to="/messages/")
    nobody.get_by_text("还没有消息").wait_for()
    axe(nobody)
    shot(nobody, "messages-empty")


def test_it_sees_what_failed_and_tries_again(open_page, world, stories, monkeypatch):
    loud = {"quiet_from": settings.ENV.quiet_until}  # at whatever hour the test runs
    monkeypatch.setattr(settings, "ENV", settings.ENV.model_copy(update=loud))
    send_code(phone="10000000000", code="112233", now=timezone.now())
    pk = Delivery.objects.filter(message__isnull=False).latest("made_at").pk
    Delivery.objects.filter(pk=pk).update(state="failed", error="http_503", made_at=timezone.now() - timedelta(hours=1))
    login = login_of(world, "administrator")
    page = open_page()
    sign_in(page, login, to="/console/deliveries")
    axe(page)
    shot(page, "deliveries-1440")
    page.get_by_role("link", name="未能送达").click()
    page.get_by_text("http_503").wait_for()
    shot(page, "deliveries-1440-failed")
    page.get_by_role("button", name="重新发送").click()
    page.get_by_text("已安排重新发送").wait_for()
    assert Delivery.objects.get(pk=pk).state == "sent"
    narrow = open_page(PHONE)
    sign_in(narrow, login, to="/console/deliveries")
    axe(narrow)
    shot(narrow, "deliveries-360")
    clerk = open_page()
    sign_in(clerk, login_of(world, "clerk"), to="/console/deliveries")
    clerk.get_by_text("没有这项权限").first.wait_for()
