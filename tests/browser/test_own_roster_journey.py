"""An employer's clerk hands a list in from the portal, on a desk and on a phone: wrong, mended, confirmed once, followed."""

from io import BytesIO

import pytest
from django.utils import timezone
from openpyxl import load_workbook

from linli.domains.cases import commands as do
from linli.domains.cases.queries import Case, RosterState, rosters
from linli.domains.people.queries import Scope
from linli.testing.browser import DESKTOP, PHONE, axe, shot, sign_in_resident
from linli.testing.online import resident
from linli.testing.rosters import ENROL, PLANS, book, firm_mandate, person, someone

pytestmark = pytest.mark.browser
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def choose(page, content: bytes):
    page.locator("input[name=file]").set_input_files({"name": "新进职工.xlsx", "mimeType": _XLSX, "buffer": content})


def journey(page, world, who: str, first: int, name: str):
    plan = PLANS[ENROL]

    def look(what):
        axe(page)
        shot(page, f"own-roster-{what}-{name}")

    page.goto("/mine/rosters")
    look("list")
    page.goto(f"/guides/{ENROL}")
    page.get_by_role("link", name="为单位批量申报").first.click()
    page.wait_for_url("**/roster")
    with page.expect_download() as got:
        page.get_by_role("link", name="下载名单模板").click()
    assert load_workbook(BytesIO(got.value.path().read_bytes()))["名单"]["A1"].value
    look("new")
    page.get_by_role("button", name="上传并核对").click()
    page.get_by_role("alert").filter(has_text="请选择填好的名单").first.wait_for()
    page.get_by_label("经办人姓名").fill("孙经办")
    page.get_by_label("经办人联系电话").fill("10000000008")
    look("errors")
    people = [person(plan, n) for n in range(first, first + 25)]
    people[3] |= {plan.number: someone(first + 3)[:-1] + ("0" if someone(first + 3)[-1] != "0" else "1")}
    people[7] |= {"hire_date": "三月一日"}
    page.get_by_label("名单上的人都用不到").check()
    choose(page, book(plan, people).getvalue())
    page.get_by_role("button", name="上传并核对").click()
    page.get_by_text("25 人中有 2 行需要修改").wait_for()
    look("returned")
    with page.expect_download() as got:
        page.get_by_role("link", name="下载退回的名单").click()
    back = load_workbook(BytesIO(got.value.path().read_bytes()))
    sheet = back["名单"]
    at = [c.value for c in sheet[1]].index("需要修改") + 1
    assert "校验码" in sheet.cell(5, at).value and "三月一日" in sheet.cell(9, at).value
    sheet.cell(5, 1 + [f.name for f in plan.columns].index(plan.number)).value = someone(first + 3)
    sheet.cell(9, 1 + [f.name for f in plan.columns].index("hire_date")).value = "2026-03-01"
    mended = BytesIO()
    back.save(mended)
    choose(page, mended.getvalue())
    page.get_by_role("button", name="上传改好的名单").click()
    page.get_by_text("25 人全部核对无误").wait_for()
    look("ready")
    page.get_by_role("button", name="确认提交这 25 人").dblclick()
    page.get_by_text("正在生成办件").first.wait_for()
    look("running")
    me = resident(world, who)
    roster = rosters(by=me, on=timezone.localdate()).filter(state=RosterState.RUNNING).get()
    while not do.run_roster(roster_id=roster.pk, now=timezone.now()):
        pass
    page.get_by_text("25 人已提交").wait_for()  # the page notices by itself
    mine = Case.objects.filter(form__isnull=False, agent_id=me.resident_id).order_by("-number")[:25]
    do.withdraw_online(case_id=mine[0].pk, by=me, now=timezone.now())
    page.reload()
    look("done")
    page.get_by_role("link", name="已提交 24 件").click()
    page.wait_for_url("**?state=**")
    page.get_by_label("在名单里找").fill(f"职工{first + 7:04d}")
    page.keyboard.press("Enter")
    page.wait_for_url("**?q=**")
    assert page.get_by_text(f"职工{first + 7:04d}").count() == 1
    look("found")
    page.get_by_role("link", name="为单位批量申报").first.click()
    page.wait_for_url("**/mine/rosters")
    look("lists")


def test_an_employers_clerk_at_a_desk_and_on_a_phone(open_page, live, world):
    desk, phone, large = open_page(DESKTOP), open_page(PHONE), open_page(PHONE, large=True)
    sign_in_resident(phone, world, "neighbour", to=f"/apply/item/{ENROL}/roster")
    phone.get_by_text("您现在不能为单位批量申报这件事").wait_for()
    axe(phone)
    shot(phone, "own-roster-none")
    for who in ("agent", "neighbour"):
        firm_mandate(world, Scope.APPLY, agent=who, now=timezone.now())
    sign_in_resident(desk, world, "agent")
    journey(desk, world, "agent", 0, "wide")
    journey(phone, world, "neighbour", 100, "phone")
    assert Case.objects.filter(channel="online").count() == 50
    firm_mandate(world, Scope.APPLY, Scope.READ, agent="applicant", now=timezone.now())
    sign_in_resident(large, world, "applicant")
    newest = rosters(by=resident(world, "applicant"), on=timezone.localdate()).filter(state=RosterState.DONE).first()
    for address, what in (
        ("/mine/rosters", "lists"), (f"/mine/rosters/{newest.pk}", "done"), (f"/apply/item/{ENROL}/roster", "new"),
    ):  # fmt: skip
        large.goto(address)
        axe(large)
        assert large.evaluate("document.documentElement.scrollWidth") <= PHONE, address
        shot(large, f"own-roster-{what}-large")
