"""Signing in with a real browser: the whole way, on a telephone, and without scripts."""

import re
from datetime import timedelta

import pyotp
import pytest
from django.conf import settings
from django.utils import timezone

from linli.domains.accounts.queries import SignIn, User
from linli.testing.browser import PASSWORD, PHONE, axe, follow, make_login, shot

pytestmark = pytest.mark.browser


def sign_in(page, login, *, to):
    """As somebody would."""
    page.goto(f"/login?next={to}")
    page.locator("[name=username]").fill(login.username)
    page.locator("[name=password]").fill(login.password)
    page.keyboard.press("Enter")  # the same in every language
    page.wait_for_url(lambda url: not url.partition("?")[0].endswith("/login"))


def test_a_clerk_with_two_posts_signs_in_chooses_and_leaves(page):
    login = make_login("wang", "window-clerk", "village-agent", name="阿卜杜热西提·麦麦提图尔荪")
    page.goto("/login")
    axe(page)
    shot(page, "login")
    sign_in(page, login, to="/account")
    axe(page)
    shot(page, "post")
    page.get_by_label("村（社区）代办员").check()
    page.get_by_role("button", name="用这个岗位").click()
    page.wait_for_url("**/account")
    page.get_by_text("正在使用").wait_for()
    axe(page)
    shot(page, "account")
    page.get_by_role("button", name="退出登录").click()
    page.get_by_role("heading", name="已退出登录").wait_for()
    page.goto("/account")
    page.wait_for_url("**/login?next=**")


def test_wrong_passwords_are_counted_and_then_the_account_rests(page):
    login = make_login("wang", "window-clerk")
    for n in range(settings.ENV.lockout_tries):
        page.goto("/login")
        page.get_by_label("用户名").fill(login.username)
        page.get_by_label("密码").fill(f"cuo-{n}")
        page.get_by_role("button", name="登录").click()
        summary = page.get_by_role("alert").filter(has_text="没有登录成功")
        assert "用户名或密码不正确" in summary.inner_text()
        assert summary.evaluate("e => e === document.activeElement")
        assert page.get_by_label("用户名").input_value() == login.username
    shot(page, "login-wrong")
    page.get_by_label("密码").fill(login.password)
    page.get_by_role("button", name="登录").click()
    assert "已锁定" in page.get_by_role("alert").filter(has_text="没有登录成功").inner_text()
    axe(page)
    shot(page, "login-locked")


def test_the_second_factor_is_bound_and_then_asked_for(open_page):
    login = make_login("wang", "window-clerk")
    page = open_page(PHONE)
    sign_in(page, login, to="/account")
    page.get_by_role("link", name=re.compile("绑定")).click()
    page.get_by_label("现在的密码").fill(login.password)
    page.get_by_role("button", name="开始绑定").click()
    page.get_by_role("heading", name="用手机扫一扫").wait_for()
    axe(page)
    shot(page, "second-factor")
    totp = pyotp.TOTP(User.objects.get(pk=login.user_id).totp_secret.open())
    page.get_by_label("动态口令").fill(totp.now())
    page.get_by_role("button", name="完成绑定").click()
    page.wait_for_url("**/account")
    page.get_by_text("动态口令已绑定").wait_for()
    again = open_page()
    again.goto("/login?next=/account")
    again.get_by_label("用户名").fill(login.username)
    again.get_by_label("密码").fill(login.password)
    again.get_by_role("button", name="登录").click()
    again.get_by_role("heading", name="输入动态口令").wait_for()
    assert again.get_by_label("动态口令").evaluate("e => e === document.activeElement")
    axe(again)
    shot(again, "code")
    again.get_by_label("动态口令").fill(totp.at(timezone.now() + timedelta(seconds=30)))  # a code is good once
    again.keyboard.press("Enter")
    again.wait_for_url("**/account")


def test_the_first_password_is_changed_before_anything_else(page):
    login = make_login("new", "window-clerk", must_change=True)
    sign_in(page, login, to="/account")
    page.wait_for_url("**/account/password?next=**")
    shot(page, "password-first")
    follow(page.get_by_role("button", name="更改密码"))
    axe(page)
    page.get_by_role("link", name="请填写新密码").click()
    assert page.get_by_label("新密码", exact=True).evaluate("e => e === document.activeElement")
    shot(page, "password-wrong")
    page.get_by_label("现在的密码").fill(login.password)
    page.get_by_label("新密码", exact=True).fill("lan-tian-bai-yun-9")
    page.get_by_label("再输一遍新密码").fill("lan-tian-bai-yun-9")
    page.get_by_role("button", name="更改密码").click()
    page.wait_for_url(re.compile(r"/account(#|$)"))
    page.get_by_text("密码已更改。").wait_for()


def test_an_expired_session_says_so_and_comes_back_to_the_page(page):
    sign_in(page, make_login("wang", "window-clerk"), to="/account/second-factor")
    SignIn.objects.update(ended_at=timezone.now(), ended_by="idle")
    page.goto("/account/second-factor")
    page.get_by_text("登录已过期").wait_for()
    axe(page)
    shot(page, "login-expired")
    page.get_by_label("用户名").fill("wang")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/account/second-factor")


def test_everything_works_without_scripts(open_page):
    login = make_login("wang", "window-clerk", "village-agent")
    page = open_page(PHONE, scripts=False)
    page.goto("/login?next=/account")
    page.locator("noscript p").wait_for()
    sign_in(page, login, to="/account")
    page.get_by_role("button", name="用这个岗位").click()
    page.get_by_role("heading", name="账号与安全").wait_for()
    page.get_by_role("button", name="大字版").click()
    assert page.locator("html").get_attribute("data-print") == "large"
    page.get_by_role("link", name=re.compile("打电话办")).wait_for()
    page.get_by_role("button", name="English").click()
    assert page.locator("html").get_attribute("lang") == "en"
    page.goto("/ui/?face=desk")
    assert page.locator("[data-needs-script]:visible").count() == 0
    page.locator('input[name="gallery_file"]').wait_for()
    page.locator("#c-menu summary").first.click()
    page.get_by_role("link", name="打印受理通知书").wait_for()
