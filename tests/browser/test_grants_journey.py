"""The way of the money in a browser: list, second officer, publication, an objection from the portal, payment, return, sent again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from linli.domains.benefits.queries import grant_lists, ledger_differences, pay_batches
from linli.domains.benefits.queries.results import folder_of
from linli.domains.people.queries import Scope
from linli.kernel.calendar import local_date
from linli.testing.benefits import hire
from linli.testing.browser import DESKTOP, PHONE, axe, follow, login_of, shot, sign_in, sign_in_resident
from linli.testing.grants import POLICY, answer, due, hands, known, payments_in, scanned, work
from linli.testing.rosters import firm_mandate
from linli.testing.scanning import HIRING, scan

pytestmark = pytest.mark.browser


@pytest.fixture
def offices(open_page, world, live):
    """The desks of the officers, each in a browser of its own."""
    return {name: open_page() for name in ("benefits", "second-policies", "payments")}


def at_desk(offices, world, name, url):
    sign_in(offices[name], login_of(world, name), to=url)
    return offices[name]


def test_a_list_becomes_money_and_what_comes_back_is_sent_again(offices, open_page, world, live, tmp_path):
    who, today = hands(world), local_date(timezone.now())
    due([world.people["applicant"], known(1), known(2)], on=today)
    run_id = scanned(who, on=today, now=timezone.now())
    officer = at_desk(offices, world, "benefits", f"/console/runs/{run_id}/policies/{POLICY}")
    follow(officer.get_by_role("button", name="编制发放名单"))
    officer.get_by_text("编制名单的人不能自己复核").wait_for()
    axe(officer)
    shot(officer, "grants-made")
    row = grant_lists(by=who.maker).get()
    second = at_desk(offices, world, "second-policies", f"/console/grants/lists/{row.pk}")
    follow(second.get_by_role("button", name="复核同意"))
    second.get_by_text("已复核同意").wait_for()
    officer.reload()
    follow(officer.get_by_role("button", name="公示 5 个工作日"))
    officer.get_by_text("异议收到").first.wait_for()
    axe(officer)
    shot(officer, "grants-published")
    public = open_page()
    public.goto("/published/")
    axe(public)
    shot(public, "portal-published")
    follow(public.locator("main").get_by_role("link", name="领金期间"))
    axe(public)
    shot(public, "portal-list")
    assert "赵示例" not in public.content()
    mine = open_page()
    sign_in_resident(mine, world, to="/me/benefits")
    axe(mine)
    shot(mine, "portal-mine")
    follow(mine.get_by_role("link", name="为什么发给我"))
    axe(mine)
    shot(mine, "portal-why")
    mine.goto("/me/benefits")
    follow(mine.get_by_role("link", name="提出异议"))
    mine.get_by_role("button", name="提交异议").click()
    mine.get_by_text("请填写哪里不对").first.wait_for()
    axe(mine)
    shot(mine, "portal-object")
    mine.get_by_label("哪里不对").fill("我上个月已经上班了，不该再发")
    mine.get_by_role("button", name="提交异议").click()
    mine.get_by_text("已收到您的异议").wait_for()
    second.goto("/console/grants/objections")
    axe(second)
    shot(second, "grants-objections")
    follow(second.locator("tbody").get_by_role("link"))
    axe(second)
    second.get_by_label("不成立：名单不变").check()
    second.get_by_label("理由").fill("参保记录显示您目前没有单位，按规定发放")
    shot(second, "grants-objection")
    second.get_by_role("button", name="答复").click()
    second.get_by_text("已答复，并通知了提出人").wait_for()
    axe(second)
    mine.reload()
    mine.get_by_text("参保记录显示").wait_for()
    axe(mine)
    shot(mine, "portal-answered")
    work(now=timezone.now() + timedelta(days=10))
    mine.reload()
    follow(mine.get_by_role("link", name="登记账户"))
    axe(mine)
    shot(mine, "portal-account")
    mine.get_by_label("开户银行").fill("示例银行")
    mine.get_by_role("textbox", name="账号").fill("800000000099")
    mine.get_by_role("button", name="登记账户").click()
    mine.get_by_text("收款账户已登记").wait_for()
    payer = at_desk(offices, world, "payments", "/console/payments/waiting")
    axe(payer)
    shot(payer, "payments-waiting")
    payer.goto("/console/payments/")
    axe(payer)
    shot(payer, "payments-empty")
    payer.get_by_label("政策").select_option(POLICY)
    payer.get_by_role("button", name="编制付款批次").click()
    payer.get_by_text("编制批次的人不能自己复核").wait_for()
    axe(payer)
    batch = pay_batches(by=who.payer).get()
    second.goto(f"/console/payments/{batch.pk}")
    second.get_by_role("button", name="复核同意付款").click()
    second.get_by_text("付款文件可以下载了").wait_for()
    payer.reload()
    axe(payer)
    shot(payer, "payments-batch")
    with payer.expect_download() as file:
        payer.get_by_role("button", name="下载付款文件").click()
    number, rows = payments_in(Path(file.value.path()).read_bytes())
    (tmp_path / "bad.csv").write_bytes(answer(number, [(rows[0][0], "0.01")], on=today))
    (tmp_path / "good.csv").write_bytes(answer(number, rows, returned={rows[0][0]: "账号与户名不符"}, on=today))
    payer.goto("/console/payments/answer")
    payer.locator("input[type=file]").set_input_files(tmp_path / "bad.csv")
    payer.get_by_role("button", name="上传并入账").click()
    payer.get_by_text("金额与付款文件不符").wait_for()
    axe(payer)
    shot(payer, "payments-answer-wrong")
    payer.locator("input[type=file]").set_input_files(tmp_path / "good.csv")
    payer.get_by_role("button", name="上传并入账").click()
    payer.get_by_text("账号与户名不符").wait_for()
    axe(payer)
    shot(payer, "payments-returned")
    follow(payer.locator("tbody tr").first.get_by_role("link").first)
    axe(payer)
    shot(payer, "grants-grant")
    payer.get_by_text("更正收款账户").click()
    payer.get_by_label("开户银行").fill("示例银行")
    payer.get_by_role("textbox", name="账号").fill("800000000077")
    payer.get_by_role("button", name="登记账户").click()
    payer.get_by_text("收款账户已登记").wait_for()
    payer.goto("/console/payments/")
    payer.get_by_label("政策").select_option(POLICY)
    payer.get_by_role("button", name="编制付款批次").click()
    payer.get_by_text("编制批次的人不能自己复核").wait_for()
    newest = pay_batches(by=who.payer).first()
    assert newest.lines == 1
    second.goto(f"/console/payments/{newest.pk}")
    second.get_by_role("button", name="复核同意付款").click()
    second.get_by_text("付款文件可以下载了").wait_for()
    payer.reload()
    with payer.expect_download() as file:
        payer.get_by_role("button", name="下载付款文件").click()
    number, rows = payments_in(Path(file.value.path()).read_bytes())
    (tmp_path / "last.csv").write_bytes(answer(number, rows, on=today))
    payer.goto("/console/payments/answer")
    payer.locator("input[type=file]").set_input_files(tmp_path / "last.csv")
    payer.get_by_role("button", name="上传并入账").click()
    payer.get_by_text("到账 1 笔").wait_for()
    axe(payer)
    shot(payer, "payments-list")
    payer.goto("/console/ledger/")
    payer.get_by_text("账目平衡").wait_for()
    axe(payer)
    shot(payer, "ledger")
    assert ledger_differences(by=who.payer) == []
    mine.goto("/me/benefits")
    mine.get_by_text("已发放").wait_for()
    follow(mine.get_by_role("link", name="看告知书"))
    axe(mine)


def test_an_employer_objects_confirms_and_an_auditor_learns_of_a_changed_file(offices, open_page, world, live):
    firm_mandate(world, Scope.READ, Scope.APPLY, now=timezone.now())
    for n in range(2):
        hire(world, n)
    run_id = scan(world, policies=[HIRING])
    officer = at_desk(offices, world, "benefits", f"/console/runs/{run_id}/policies/{HIRING}")
    axe(officer)
    shot(officer, "grants-to-make")
    follow(officer.get_by_role("button", name="编制发放名单"))
    who = hands(world)
    row = grant_lists(by=who.maker).get()
    second = at_desk(offices, world, "second-policies", f"/console/grants/lists/{row.pk}")
    follow(second.get_by_role("button", name="复核同意"))
    follow(second.get_by_role("button", name="公示 5 个工作日"))
    axe(second)
    shot(second, "grants-hires")
    clerk = open_page(PHONE)
    sign_in_resident(clerk, world, "agent", to="/me/benefits")
    clerk.get_by_role("button", name="确认领取").first.click()
    clerk.get_by_text("已确认").first.wait_for()
    axe(clerk)
    shot(clerk, "portal-employer")
    follow(clerk.get_by_role("link", name="提出异议").first)
    clerk.get_by_label("哪里不对").fill("这个人上个月已经离职")
    clerk.get_by_role("button", name="提交异议").click()
    clerk.get_by_text("已收到您的异议").wait_for()
    second.goto("/console/grants/objections")
    follow(second.locator("tbody").get_by_role("link"))
    second.get_by_label("成立：不发，或者改金额").check()
    second.get_by_label("理由").fill("参保已停，属实")
    second.get_by_role("button", name="答复").click()
    second.get_by_text("已答复，并通知了提出人").wait_for()
    clerk.reload()
    clerk.get_by_text("不予发放").wait_for()
    auditor = open_page(DESKTOP)
    sign_in(auditor, login_of(world, "auditor"), to=f"/console/grants/lists/{row.pk}")
    auditor.locator("tbody").get_by_role("link").first.click()
    auditor.get_by_text("复算一致").wait_for()
    axe(auditor)
    shot(auditor, "grants-audited")
    file = folder_of(run_id) / "verdict_hire.parquet"
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    auditor.reload()
    auditor.get_by_text("封存的文件被改动过").wait_for()
    axe(auditor)
