"""Admitting a system in a real browser: the key is shown once, works at once, is changed over and shut out; and the reference page."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from linli.domains.clients import commands
from linli.domains.clients.queries import ApiClient, Delivery, Webhook
from linli.testing.browser import DESKTOP, PHONE, axe, follow, login_of, shot, sign_in

pytestmark = pytest.mark.browser


def call(page, key, path="/halls"):
    return page.request.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {key}"}).status


def test_a_system_is_admitted_calls_changes_its_key_and_is_shut_out(page, world):
    sign_in(page, login_of(world, "security"), to="/console/clients")
    axe(page)
    shot(page, "clients-empty")
    page.get_by_role("link", name="登记接入系统").click()
    page.get_by_role("button", name=re.compile("登记并生成密钥")).click()
    page.get_by_role("alert").filter(has_text="请填写系统名称").wait_for()
    shot(page, "clients-form-errors")
    page.get_by_label("系统名称").fill("示例省一体化政务服务平台（省内跨层级跨部门协同办理）")
    page.get_by_label("受理窗口单位").select_option(str(world.orgs["hall"]))
    page.get_by_label("负责人和联系方式").fill("省厅信息处 赵某 0000-1230000")
    page.get_by_label("查询事项和指南").check()
    page.get_by_label("提交、补正和撤回申请").check()
    page.get_by_label("允许的网络地址").fill("不是地址")
    page.get_by_role("button", name=re.compile("登记并生成密钥")).click()
    page.get_by_role("alert").filter(has_text="不是网络地址").wait_for()
    assert page.get_by_label("系统名称").input_value().startswith("示例省")  # what was typed is kept
    page.get_by_label("允许的网络地址").fill("127.0.0.0/8\n10.1.0.0/16")
    axe(page)
    shot(page, "clients-form")
    follow(page.get_by_role("button", name=re.compile("登记并生成密钥")))
    key = re.search(r"linli_[a-z2-9]{10}_[\w-]{43}", page.content())[0]
    page.get_by_text("密钥只显示这一次").wait_for()
    axe(page)
    shot(page, "clients-key")
    assert call(page, key) == 200 and call(page, key, "/cases") == 403
    follow(page.get_by_role("link", name=re.compile("返回")))
    assert key not in page.content()
    axe(page)
    shot(page, "client")
    page.get_by_role("link", name=re.compile("更换密钥")).click()
    page.get_by_label("旧密钥还能用多久").select_option("0")
    axe(page)
    shot(page, "clients-rotate")
    follow(page.get_by_role("button", name=re.compile("生成新密钥")))
    fresh = re.search(r"linli_[a-z2-9]{10}_[\w-]{43}", page.content())[0]
    assert (call(page, key), call(page, fresh)) == (401, 200)
    follow(page.get_by_role("link", name=re.compile("返回")))

    client, now = ApiClient.objects.get(), timezone.now()
    hook = Webhook.objects.create(
        client=client,
        url="https://platform.example.org/linli/notifications?region=7701",
        acts=["cases.accepted"],
        secret="s",
        made_at=now,
    )
    line = {"at": now.isoformat(), "status": None, "milliseconds": 10_000, "error": "time"}
    Delivery.objects.create(
        webhook=hook, act="cases.accepted", body="{}", state="given_up", tries=11, log=[line], made_at=now, done_at=now
    )
    soon = now + timedelta(minutes=10)
    Delivery.objects.create(
        webhook=hook,
        act="cases.decided",
        body="{}",
        tries=2,
        log=[line | {"status": 503, "error": "status"}],
        made_at=now,
        next_at=soon,
    )
    page.reload()
    shot(page, "client-webhooks")
    follow(page.get_by_role("link", name=re.compile("platform.example.org")))
    axe(page)
    shot(page, "webhook-log")
    page.get_by_role("button", name=re.compile("重发")).click()
    page.get_by_text("已安排重发").wait_for()
    assert Delivery.objects.get(act="cases.accepted").state == "waiting"
    page.goto(f"/console/clients/{client.pk}")
    page.get_by_role("button", name=re.compile("停用这个系统")).click()
    page.get_by_role("dialog").get_by_role("button", name="停用").click()
    page.get_by_text("密钥从现在起都不能用").wait_for()
    assert call(page, fresh) == 401
    shot(page, "client-revoked")
    page.goto("/console/clients")
    axe(page)
    shot(page, "clients")


@pytest.mark.parametrize("who", ["administrator", "clerk", "manager", "auditor"])
def test_nobody_else_gets_in(world, who, client, db):
    from linli.testing.world import PASSWORD

    client.post("/login", {"username": who, "password": PASSWORD})
    now = timezone.now()
    from linli.kernel.actors import system

    made, _ = commands.admit_client(
        name="x",
        org_id=world.orgs["hall"],
        owner="y",
        scopes=["status"],
        expires_at=now + timedelta(days=1),
        by=system("clients.manage"),
        now=now,
    )
    for path in ("", "/new", f"/{made}", f"/{made}/edit", f"/{made}/key"):
        assert client.get(f"/console/clients{path}").status_code == 403, path
    assert client.post(f"/console/clients/{made}/revoke").status_code == 403
    assert ApiClient.objects.get().revoked_at is None


def test_the_reference_page_reads_well(open_page):
    for width in (DESKTOP, PHONE):
        page = open_page(width)
        page.goto("/api/reference")
        axe(page)
    shot(page, "reference")
