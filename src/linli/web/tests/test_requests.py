"""What the middleware does: who acts, headers, references, and errors that become pages."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from linli.domains.accounts.queries import SignIn
from linli.testing.browser import make_login
from linli.web import errors, middleware, site
from linli.web.access import Access
from linli.web.reference import ReferenceFilter
from linli.web.ui import views

pytestmark = [pytest.mark.django_db, pytest.mark.urls("linli.web.tests.urls")]


@pytest.fixture
def clerk(client):
    login = make_login("wang", "window-clerk")
    client.post("/login", {"username": login.username, "password": login.password})
    return client


def test_every_answer_carries_its_headers(client):
    answer = client.get("/login")
    assert answer["Content-Security-Policy"] == middleware.CSP and "unsafe" not in middleware.CSP
    assert answer["X-Content-Type-Options"] == "nosniff" and answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "SAMEORIGIN" and len(answer["Linli-Reference"]) == 9


def test_a_signed_in_page_is_not_kept_by_the_browser(client, clerk):
    assert clerk.get("/account")["Cache-Control"] == "no-store"
    assert "no-store" not in Client().get("/login").get("Cache-Control", "")


def test_who_acts_costs_two_queries(clerk, django_assert_num_queries):
    clerk.get("/offline")
    with django_assert_num_queries(2):
        clerk.get("/offline")


def test_a_stranger_costs_none(client, django_assert_num_queries):
    client.get("/offline")  # the name of the bureau is kept for some seconds
    with django_assert_num_queries(0):
        client.get("/offline")


def test_the_session_is_touched_once_a_minute_and_not_by_what_refreshes_itself(clerk):
    long_ago = timezone.now() - timedelta(minutes=5)
    SignIn.objects.update(seen_at=long_ago)
    clerk.get("/offline", headers={middleware.BACKGROUND_HEADER: "1"})
    assert SignIn.objects.get().seen_at == long_ago
    clerk.get("/offline")
    first = SignIn.objects.get().seen_at
    assert first > long_ago
    clerk.get("/offline")
    assert SignIn.objects.get().seen_at == first


def test_the_device_keeps_its_name(client):
    login = make_login("wang", "window-clerk")
    agent = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/150.0 Safari/537.36 Edg/150.0"
    for _ in range(2):
        client.post("/login", {"username": login.username, "password": login.password}, headers={"User-Agent": agent})
        client.post("/logout")
    devices = set(SignIn.objects.values_list("device", flat=True))
    assert len(devices) == 1 and devices.pop().endswith(" Edge · Windows")


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        ("invalid", 422, "有 1 处需要修改"), ("not_allowed", 403, "没有这项权限"), ("not_found", 404, "没有找到机构"),
        ("conflict", 409, "刚被别人改过"), ("unavailable", 503, "没有回应"),
    ],
)  # fmt: skip
def test_an_expected_error_becomes_its_page_or_its_fragment(client, kind, status, words):
    answer = client.post(f"/t/trouble/{kind}")
    text = answer.content.decode()
    assert answer.status_code == status and words in text and answer["Linli-Reference"] in text
    assert "这次提交没有更改任何内容" in text and "</html>" in text
    fragment = client.post(f"/t/trouble/{kind}", headers={"HX-Request": "true"})
    assert fragment.status_code == status and fragment["HX-Retarget"] == "#l-messages"
    assert words in fragment.content.decode() and "</html>" not in fragment.content.decode()


@pytest.mark.parametrize(("kind", "status"), [("bug", 500), ("database", 503)])
def test_an_unexpected_one_shows_the_reference_that_the_log_has(kind, status, caplog):
    client = Client(raise_request_exception=False)
    caplog.handler.addFilter(ReferenceFilter())
    answer = client.post(f"/t/trouble/{kind}")
    text = answer.content.decode()
    assert answer.status_code == status and answer["Linli-Reference"] in text and "系统错误" not in text
    assert "不能确定这次有没有保存" in text
    assert {r.reference for r in caplog.records if r.name == "django.request"} == {answer["Linli-Reference"]}


def test_the_page_for_a_bug_needs_no_database(monkeypatch):
    monkeypatch.setattr(site, "tree", lambda: (_ for _ in ()).throw(site.DatabaseError))
    answer = Client(raise_request_exception=False).get("/t/trouble/bug")
    assert answer.status_code == 500 and "人力资源和社会保障局" in answer.content.decode()


def test_when_even_templates_fail_there_is_a_page(monkeypatch):
    monkeypatch.setattr(errors, "render", lambda *a, **k: 1 / 0)
    answer = Client(raise_request_exception=False).get("/t/trouble/bug")
    assert answer.status_code == 500 and answer["Linli-Reference"] in answer.content.decode()


def test_a_request_that_cannot_be_understood_gets_a_page_too(client):
    answer = client.get("/login", headers={"Host": "evil.example", "Referer": "http://elsewhere/"})
    assert answer.status_code == 400 and "这个请求无法识别" in answer.content.decode()


def test_the_way_back_leads_only_to_our_own_pages(client):
    ours = client.get("/t/trouble/conflict", headers={"Referer": "http://testserver/login", "Host": "testserver"})
    assert "返回上一页" in ours.content.decode()
    theirs = client.get("/t/trouble/conflict", headers={"Referer": "http://testserver.evil/login", "Host": "testserver"})
    assert "返回上一页" not in theirs.content.decode()


def test_addresses_that_do_not_exist_and_forms_that_are_stale(client):
    assert "没有找到这一页" in client.get("/nowhere").content.decode()
    answer = Client(enforce_csrf_checks=True).post("/t/once", {})
    assert answer.status_code == 403 and "打开得太久" in answer.content.decode()
    assert client.post("/t/once", {}).status_code == 422


def test_a_post_without_the_permission_is_told_so(client):
    login = make_login("li", "reviewer")
    client.post("/login", {"username": login.username, "password": login.password})
    answer = client.get("/t/desk")
    assert answer.status_code == 403 and "审核员" in answer.content.decode() and "受理申请" in answer.content.decode()


def test_the_right_post_gets_in_and_a_stranger_is_led_to_the_sign_in_page(clerk):
    assert clerk.get("/t/desk").status_code == 200
    assert Client().get("/t/desk?a=1")["Location"] == "/login?next=%2Ft%2Fdesk%3Fa%3D1"


def test_an_htmx_request_of_a_stranger_leaves_the_page_as_it_is(client):
    answer = client.get("/t/desk", headers={"HX-Request": "true"})
    assert answer.status_code == 401 and answer["HX-Retarget"] == "#l-messages"
    assert "在新窗口登录" in answer.content.decode()


def test_somebody_without_a_post_is_told_what_to_do(client):
    login = make_login("zhao")
    client.post("/login", {"username": login.username, "password": login.password})
    answer = client.get("/t/desk", follow=True)
    assert "您今天没有岗位" in answer.content.decode()


def test_large_print_and_language_are_kept_in_cookies(client):
    assert client.post("/display", {"size": "large", "next": "/offline"})["Location"] == "/offline"
    assert 'data-print="large"' in client.get("/offline").content.decode()
    client.post("/display", {"size": "normal"})
    assert 'data-print="large"' not in client.get("/offline").content.decode()
    client.post("/language", {"language": "en", "next": "/offline"})
    assert '<html lang="en"' in client.get("/offline").content.decode()


@pytest.mark.parametrize("there", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_nobody_is_led_away_from_our_pages(client, there):
    assert client.post("/display", {"next": there})["Location"] == "/"
    login = make_login("wang", "window-clerk")
    answer = client.post("/login", {"username": login.username, "password": login.password, "next": there})
    assert answer["Location"] == "/begin"


def test_the_gallery_is_for_staff():
    assert views.gallery.access == Access()
