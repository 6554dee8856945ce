"""Signing in: password, code, post, expiry, and what must be done first."""

import re
from datetime import timedelta

import pyotp
import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from linli.domains.accounts.commands import begin_second_factor, confirm_second_factor
from linli.domains.accounts.queries import SignIn, User
from linli.domains.org.commands import end_posting
from linli.kernel.actors import Actor, system
from linli.testing.browser import PASSWORD, make_login
from linli.web.accounts.sealed_step import seal, unseal

pytestmark = [pytest.mark.django_db, pytest.mark.urls("linli.web.tests.urls")]


@pytest.fixture
def wang():
    return make_login("wang", "window-clerk")


@pytest.fixture
def at(monkeypatch):
    """Moves the clock of the requests that follow."""
    return lambda moment: monkeypatch.setattr("linli.web.middleware.timezone.now", lambda: moment)


def enter(client, login, **more):
    return client.post("/login", {"username": login.username, "password": login.password, **more})


def with_factor(login) -> pyotp.TOTP:
    by = Actor(user_id=login.user_id)
    earlier = timezone.now() - timedelta(minutes=10)
    totp = pyotp.TOTP(begin_second_factor(password=login.password, by=by, now=earlier))
    confirm_second_factor(code=totp.at(earlier), by=by, now=earlier)
    return totp


def test_one_post_is_chosen_by_itself(client, wang):
    assert enter(client, wang)["Location"] == "/begin"
    assert client.get("/t/desk").status_code == 200
    assert "综合窗口受理员" in client.get("/t/desk").content.decode()


def test_the_name_of_a_face_leads_to_where_the_work_there_begins(client, wang):
    assert client.get("/desk/")["Location"] == "/login?next=%2Fdesk%2F"
    enter(client, wang)
    work = client.get("/begin")["Location"]
    assert client.get("/desk/")["Location"] == work != "/account"
    assert client.get("/console/")["Location"] == work  # nothing to do there


def test_the_address_asked_for_comes_next(client, wang):
    assert enter(client, wang, next="/t/desk?a=1")["Location"] == "/t/desk?a=1"


def test_of_several_posts_one_is_chosen_and_can_be_changed(client):
    login = make_login("li", "window-clerk", "village-agent")
    assert enter(client, login, next="/t/desk")["Location"] == "/login/post?next=%2Ft%2Fdesk"
    text = client.get("/login/post").content.decode()
    posts = re.findall(r'name="posting" value="([^"]+)"', text)
    assert len(posts) == 2 and "云岭市政务服务大厅" in text
    assert client.post("/login/post", {"posting": posts[0], "next": "/t/desk"})["Location"] == "/t/desk"
    assert client.get("/t/desk").status_code == 200
    client.post("/login/post", {"posting": posts[1]})
    assert client.get("/t/desk").status_code == 403
    assert "换一个岗位" in client.get("/t/desk").content.decode()


def test_a_post_of_somebody_else_cannot_be_chosen(client, wang):
    other = make_login("li", "reviewer", "approver")
    enter(client, other)
    posts = re.findall(r'name="posting" value="([^"]+)"', client.get("/login/post").content.decode())
    stranger = Client()
    enter(stranger, wang)
    assert stranger.post("/login/post", {"posting": posts[0]}).status_code == 422


def test_a_wrong_password_says_what_to_do_and_keeps_the_name(client, wang):
    answer = client.post("/login", {"username": "wang", "password": "cuo-de-mi-ma"})
    text = answer.content.decode()
    assert answer.status_code == 422 and "用户名或密码不正确" in text and 'value="wang"' in text and "cuo-de-mi-ma" not in text


def test_too_many_wrong_passwords_lock_the_account(client, wang):
    for _ in range(settings.ENV.lockout_tries):
        client.post("/login", {"username": "wang", "password": "cuo-de-mi-ma"})
    answer = enter(client, wang)
    assert answer.status_code == 403 and "已锁定" in answer.content.decode() and "后可再试" in answer.content.decode()


def test_the_code_is_a_second_step_and_the_password_is_not_in_the_page(client, wang):
    totp = with_factor(wang)
    answer = enter(client, wang, next="/t/desk")
    text = answer.content.decode()
    assert "输入动态口令" in text and PASSWORD not in text
    step = re.search(r'name="step" value="([^"]+)"', text)[1]
    wrong = client.post("/login", {"step": step, "code": "000000", "next": "/t/desk"})
    assert wrong.status_code == 422 and "动态口令不正确" in wrong.content.decode() and step in wrong.content.decode()
    assert client.post("/login", {"step": step, "code": totp.now(), "next": "/t/desk"})["Location"] == "/t/desk"


def test_the_second_step_is_good_for_five_minutes_on_one_device():
    now = timezone.now()
    token = seal("wang", "secret", device="d", now=now)
    assert unseal(token, device="d", now=now + timedelta(minutes=4)) == ("wang", "secret")
    assert unseal(token, device="other", now=now) is None
    assert unseal(token, device="d", now=now + timedelta(minutes=6)) is None
    assert unseal("x" + token, device="d", now=now) is None and unseal("", device="d", now=now) is None


def test_a_stale_second_step_begins_anew(client, wang, at):
    with_factor(wang)
    step = re.search(r'name="step" value="([^"]+)"', enter(client, wang).content.decode())[1]
    at(timezone.now() + timedelta(minutes=6))
    answer = client.post("/login", {"step": step, "code": "123456"})
    assert answer.status_code == 422 and "等得太久" in answer.content.decode()


def test_the_first_password_must_be_changed_first(client):
    login = make_login("new", "window-clerk", must_change=True)
    enter(client, login)
    assert client.get("/t/desk")["Location"] == "/account/password?next=%2Ft%2Fdesk"
    answer = client.post("/account/password", {"old": PASSWORD, "new": "short", "again": "short"})
    assert answer.status_code == 422 and "新密码不符合要求" in answer.content.decode()
    answer = client.post("/account/password", {"old": PASSWORD, "new": "xin-mi-ma-2026", "again": "other"})
    assert "两遍新密码不一样" in answer.content.decode()
    answer = client.post(
        "/account/password", {"old": PASSWORD, "new": "xin-mi-ma-2026", "again": "xin-mi-ma-2026", "next": "/t/desk"}
    )
    assert answer["Location"] == "/t/desk" and client.get("/t/desk").status_code == 200


def test_where_it_is_required_the_second_factor_is_bound_first(client, wang, settings):
    settings.ENV = settings.ENV.model_copy(update={"second_factor": "required"})
    enter(client, wang)
    assert client.get("/t/desk")["Location"] == "/account/second-factor?next=%2Ft%2Fdesk"
    text = client.post("/account/second-factor", {"password": wang.password}).content.decode()
    assert "<svg" in text
    secret = User.objects.get(pk=wang.user_id).totp_secret.open()
    assert " ".join(secret[n : n + 4] for n in range(0, 32, 4)) in text
    wrong = client.post("/account/second-factor", {"code": "000000"})
    assert wrong.status_code == 422 and "<svg" in wrong.content.decode()
    answer = client.post("/account/second-factor", {"code": pyotp.TOTP(secret).now(), "next": "/t/desk"})
    assert answer["Location"] == "/t/desk" and client.get("/t/desk").status_code == 200


def test_an_idle_session_expires_and_leads_back_to_the_page(client, wang, at):
    enter(client, wang)
    at(timezone.now() + timedelta(minutes=settings.ENV.idle_minutes + 1))
    answer = client.get("/t/desk", follow=True)
    text = answer.content.decode()
    assert "登录已过期" in text and 'name="next" value="/t/desk"' in text
    assert client.post("/t/work", {"once": "x"}).status_code == 401
    assert enter(client, wang, next="/t/desk")["Location"] == "/t/desk"


def test_a_form_left_open_can_still_be_sent_after_signing_in_again(wang, at):
    client = Client(enforce_csrf_checks=True)

    def token(path):
        return re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get(path).content.decode())[1]

    enter(client, wang, csrfmiddlewaretoken=token("/login"))
    left_open = token("/t/work")
    at(timezone.now() + timedelta(hours=1))
    enter(client, wang, csrfmiddlewaretoken=token("/login"))
    assert client.post("/t/work", {"csrfmiddlewaretoken": left_open, "once": "x"}).status_code == 302


def test_staying_keeps_the_session(client, wang, at):
    enter(client, wang)
    start = timezone.now()
    at(start + timedelta(minutes=settings.ENV.idle_minutes - 1))
    assert client.post("/account/stay").status_code == 204
    at(start + timedelta(minutes=settings.ENV.idle_minutes + 5))
    assert client.get("/t/desk").status_code == 200


def test_signing_out_ends_the_session_and_may_be_repeated(client, wang):
    enter(client, wang)
    cookies = client.cookies["sessionid"].value
    answer = client.post("/logout")
    assert "已退出登录" in answer.content.decode() and answer["Clear-Site-Data"] == '"cache"'
    assert client.post("/logout").status_code == 200
    stolen = Client()
    stolen.cookies["sessionid"] = cookies
    assert stolen.get("/account").status_code == 302
    assert client.get("/logout").status_code == 405


def test_one_sees_ones_own_sessions_and_ends_one_elsewhere(client, wang):
    elsewhere = Client()
    enter(elsewhere, wang)
    enter(client, wang)
    text = client.get("/account").content.decode()
    assert "这台设备" in text and text.count("/end") == 1
    other = SignIn.objects.order_by("started_at").first()
    assert client.post(f"/account/sessions/{other.pk}/end").status_code == 302
    assert elsewhere.get("/account").status_code == 302


def test_the_session_of_somebody_else_is_not_found(client, wang):
    other = Client()
    enter(other, make_login("li", "reviewer"))
    enter(client, wang)
    theirs = SignIn.objects.exclude(user_id=wang.user_id).get()
    assert client.post(f"/account/sessions/{theirs.pk}/end").status_code == 404
    assert SignIn.objects.get(pk=theirs.pk).ended_at is None


def test_a_post_that_has_ended_carries_nothing(client, wang, at):
    enter(client, wang)
    posting = SignIn.objects.get().posting_id
    end_posting(posting_id=posting, last_day=timezone.localdate() - timedelta(days=1), by=system("org.manage"), now=timezone.now())
    assert client.get("/t/desk")["Location"].startswith("/login/post")
