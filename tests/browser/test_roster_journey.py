"""A roster at the counter in a real browser: the sheet downloaded, handed in wrong, mended, made into cases, searched, downloaded."""

from io import BytesIO

import pytest
from django.utils import timezone
from openpyxl import load_workbook

from linli.domains.cases import commands as do
from linli.domains.cases.queries import RosterState, rosters
from linli.domains.people.queries import employer_facts
from linli.testing.browser import PHONE, axe, follow, login_of, shot, sign_in
from linli.testing.rosters import ENROL, PLANS, book, person, someone

pytestmark = pytest.mark.browser
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def upload(page, content: bytes):
    page.locator("input[type=file]").set_input_files({"name": "新进职工.xlsx", "mimeType": _XLSX, "buffer": content})
    page.keyboard.press("Control+Enter")


def test_a_roster_comes_back_is_mended_and_becomes_cases(page, live, world, open_page):
    plan, code = PLANS[ENROL], employer_facts(world.people["employer"])["credit_code"]
    sign_in(page, login_of(world, "clerk"))
    page.goto("/desk/rosters")
    axe(page)
    shot(page, "rosters-empty")
    page.get_by_role("link", name="交一份名单").click()
    page.get_by_label("办什么事").select_option(ENROL)
    page.get_by_label("单位").fill(code)
    axe(page)
    shot(page, "roster-choose")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/rosters/new?**")
    with page.expect_download() as got:
        page.get_by_role("link", name="下载名单模板").click()
    heads = [c.value.removesuffix("*") for c in load_workbook(BytesIO(got.value.path().read_bytes()))["名单"][1]]
    assert heads == [f.label for f in plan.columns]
    page.get_by_label("经办人姓名").fill("孙经办")
    page.get_by_label("经办人联系电话").fill("10000000008")
    axe(page)
    shot(page, "roster-new")
    page.keyboard.press("Control+Enter")
    page.get_by_role("alert").filter(has_text="请选择填好的名单").first.wait_for()
    assert page.get_by_label("经办人姓名").input_value() == "孙经办"

    people = [person(plan, n) for n in range(30)]
    people[3] |= {plan.number: someone(3)[:-1] + ("0" if someone(3)[-1] != "0" else "1")}
    people[7] |= {"hire_date": "三月一日"}
    upload(page, book(plan, people).getvalue())
    page.get_by_text("30 人中有 2 行需要修改").wait_for()
    axe(page)
    shot(page, "roster-returned")
    with page.expect_download() as got:
        page.get_by_role("link", name="下载退回的名单").click()
    back = load_workbook(BytesIO(got.value.path().read_bytes()))
    sheet = back["名单"]
    assert "校验码" in sheet.cell(5, len(plan.columns) + 1).value
    sheet.cell(5, 1 + [f.name for f in plan.columns].index(plan.number)).value = someone(3)
    sheet.cell(9, 1 + [f.name for f in plan.columns].index("hire_date")).value = "2026-03-01"
    mended = BytesIO()
    back.save(mended)
    page.get_by_role("link", name="重新上传").click()
    page.get_by_label("经办人姓名").fill("孙经办")
    page.get_by_label("经办人联系电话").fill("10000000008")
    page.get_by_label("收件后一并受理").uncheck()
    upload(page, mended.getvalue())
    page.get_by_text("30 人全部核对无误").wait_for()
    axe(page)
    shot(page, "roster-ready")
    page.keyboard.press("Control+Enter")
    page.get_by_text("正在生成办件").first.wait_for()
    axe(page)
    shot(page, "roster-running")

    roster = rosters(by=world.actor("clerk"), on=timezone.localdate()).filter(state=RosterState.RUNNING).get()
    while not do.run_roster(roster_id=roster.pk, now=timezone.now()):
        pass
    page.get_by_text("30 人已生成办件").wait_for()  # the page notices by itself
    axe(page)
    shot(page, "roster-done")
    page.get_by_label("在名单里找").fill("职工0007")
    page.keyboard.press("Enter")
    page.wait_for_url("**?q=**")
    assert page.get_by_role("row").filter(has_text="职工0007").count() == 1 and page.get_by_role("row").count() == 2
    with page.expect_download() as got:
        page.get_by_role("link", name="下载结果").click()
    rows = list(load_workbook(BytesIO(got.value.path().read_bytes()))["办理结果"].iter_rows(min_row=2, values_only=True))
    assert len({r[3] for r in rows}) == 30

    follow(page.get_by_role("link", name="批量申报").first)
    axe(page)
    shot(page, "rosters")
    for width, large, name in ((PHONE, False, "phone"), (PHONE, True, "large")):
        phone = open_page(width, large=large)
        sign_in(phone, login_of(world, "second-clerk"))
        fresh = f"rosters/new?item={ENROL}&employer={code}"
        for address, what in (("rosters", "rosters"), (f"rosters/{roster.pk}", "roster"), (fresh, "roster-new")):
            phone.goto(f"/desk/{address}")
            axe(phone)
            shot(phone, f"{what}-{name}")
