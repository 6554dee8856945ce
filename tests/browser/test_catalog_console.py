"""The catalogue in the console with a real browser: a standard rewritten and published, two editors at once, a county's own
values, a table that goes out and comes back; with and without scripts."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from openpyxl import load_workbook
from playwright.sync_api import expect

from linli.domains.catalog.queries import drafts, get_row, in_force
from linli.kernel.calendar import local_date
from linli.testing.browser import PHONE, axe, follow, login_of, make_login, shot, sign_in
from linli.testing.world import CITY, COUNTY

pytestmark = pytest.mark.browser
CODE, NAME = "labour-dispatch-permit", "劳务派遣经营许可(设立)"


def today():
    return local_date(timezone.now())


def looked_at(page, name):
    axe(page)
    shot(page, f"catalog-{name}")


def pick(page, label, value):
    page.get_by_label(label, exact=True).select_option(value)


def save(page):
    with page.expect_navigation():
        page.get_by_role("button", name="保存", exact=True).last.click()


def test_an_editor_rewrites_a_standard_and_publishes_it_for_tomorrow(page, world):
    sign_in(page, login_of(world, "editor"))
    assert page.url.endswith("/console/catalog/"), page.url  # the editor's home
    looked_at(page, "list")
    page.get_by_role("searchbox", name="查找").fill("lwpq")
    page.keyboard.press("Enter")
    page.get_by_role("link", name=NAME).click()
    page.get_by_role("heading", name=NAME, level=1).wait_for()
    looked_at(page, "item")

    page.keyboard.press("e")  # write a new version
    page.wait_for_url("**/drafts/**")
    looked_at(page, "edit-names")
    page.get_by_role("button", name=re.compile("办理时限")).click()
    page.wait_for_url("**part=times")
    promised = page.get_by_role("group", name="承诺办结").get_by_label("长度")
    promised.fill("60")
    page.locator("#cat-findings").get_by_text("承诺时限 60").wait_for()  # said while typing, before saving
    looked_at(page, "edit-times-wrong")
    page.get_by_role("button", name="保存并准备发布").click()
    page.get_by_text("这些问题改好后才能发布").wait_for()
    looked_at(page, "publish-refused")
    page.get_by_role("link", name="办理时限", exact=True).click()
    page.get_by_role("group", name="承诺办结").get_by_label("长度").fill("五天")
    save(page)
    assert page.get_by_role("alert").filter(has_text="应填整数").evaluate("e => e === document.activeElement")
    looked_at(page, "edit-times-mistake")
    page.get_by_role("link", name=re.compile("应填整数")).click()
    assert page.evaluate("document.activeElement.id") == "id_times-promised-number"
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("5")
    page.keyboard.press("Control+Enter")
    page.get_by_text("已保存").first.wait_for()

    page.get_by_role("button", name="申请材料").click()
    page.wait_for_url("**part=materials")
    looked_at(page, "edit-materials")
    names = page.locator("input[name$='-name']").evaluate_all("all => all.map(e => e.value)")
    page.get_by_role("button", name="第 2 项上移").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[name=materials-0-name]")).to_have_value(names[1])
    expect(page.locator("#materials-0-down")).to_be_focused()
    page.get_by_role("button", name="删除第 3 项").press("Enter")
    expect(page.locator("input[name$='-name']")).to_have_count(len(names) - 1)
    expect(page.locator("#materials-2-remove")).to_be_focused()
    page.get_by_role("button", name="加一份材料").press("Enter")
    expect(page.locator("input[name$='-name']")).to_have_count(len(names))
    expect(page.locator(f"#id_materials-{len(names) - 1}-name")).to_be_focused()
    page.keyboard.type("派遣员工名册")
    page.keyboard.press("Enter")
    page.get_by_text("已保存").first.wait_for()
    kept = page.locator("input[name$='-name']").evaluate_all("all => all.map(e => e.value)")
    assert kept == [names[1], names[0], *names[3:], "派遣员工名册"]

    for part in ("经办流程", "表单内容", "条件、结果和渠道", "全文（YAML）"):
        page.get_by_role("button", name=re.compile(re.escape(part))).first.click()
        page.get_by_role("heading", name=part, level=2).wait_for()
        looked_at(page, f"edit-{['经办流程', '表单内容', '条件、结果和渠道', '全文（YAML）'].index(part)}")
    page.get_by_role("button", name="保存并准备发布").click()
    page.get_by_role("heading", name=re.compile("^发布")).wait_for()
    assert "−5 个工作日" in page.locator(".l-gains").inner_text()
    looked_at(page, "publish")
    tomorrow = today() + timedelta(days=1)
    assert page.get_by_label("从哪天起生效").input_value() == tomorrow.isoformat()
    page.get_by_role("button", name="发布", exact=True).click()
    page.get_by_text("已发布第 2 版").wait_for()
    assert in_force(CODE, region=CITY, on=today()).standard.times.promised.number == 10
    assert in_force(CODE, region=CITY, on=tomorrow).standard.times.promised.number == 5
    looked_at(page, "version-upcoming")

    page.get_by_role("link", name="对比", exact=True).click()
    page.locator(".l-gains").wait_for()
    page.locator("ins", has_text="5").first.wait_for()
    looked_at(page, "compare")
    page.go_back()
    for name in ("guide", "window-guide"):
        pdf = page.request.get(page.url.partition("?")[0].partition("#")[0] + f"/{name}.pdf")
        assert pdf.headers["content-type"] == "application/pdf"
        assert pdf.body().startswith(b"%PDF")
    page.goto("/console/catalog/upcoming")
    page.get_by_role("link", name=NAME).wait_for()
    looked_at(page, "upcoming")


def test_two_editors_at_once_and_nothing_is_lost(open_page, world):
    one, two = open_page(), open_page()
    sign_in(one, login_of(world, "editor"))
    sign_in(two, make_login("second-editor", "catalogue-editor", name="阿依古丽·吐尔逊江", where="bureau"))
    for tab in (one, two):
        tab.goto(f"/console/catalog/items/{CODE}")
        tab.keyboard.press("e")
        tab.wait_for_url("**/drafts/**")
        tab.get_by_role("button", name=re.compile("办理时限")).click()
        tab.wait_for_url("**part=times")
    one.get_by_role("group", name="承诺办结").get_by_label("长度").fill("8")
    save(one)
    two.get_by_role("group", name="承诺办结").get_by_label("长度").fill("6")
    two.get_by_label("时限说明").fill("第二位编辑写的说明")
    save(two)
    two.get_by_text("已被").first.wait_for()
    assert two.get_by_label("时限说明").input_value() == "第二位编辑写的说明"
    two.locator("ins", has_text="6").first.wait_for()
    looked_at(two, "conflict")
    two.get_by_role("button", name="按我填写的保存").click()
    two.get_by_text("已保存").first.wait_for()
    (draft,) = drafts()
    assert (draft.doc["times"]["promised"]["number"], draft.doc["times"]["note"]) == (6, "第二位编辑写的说明")
    two.get_by_text("更多").click()
    two.get_by_role("link", name="放弃草稿").click()
    two.get_by_role("heading", name=re.compile("放弃")).wait_for()
    looked_at(two, "discard")
    two.get_by_role("button", name="放弃草稿").click()
    two.get_by_text("没有正在编写的草稿").wait_for()
    looked_at(two, "drafts-empty")


def test_a_county_changes_only_what_it_may_and_its_difference_shows(page, world):
    sign_in(page, make_login("county-editor", "catalogue-publisher", name="县编辑", where="county"))
    page.goto(f"/console/catalog/items/{CODE}")
    page.get_by_text("没有另定本地值").wait_for()
    page.get_by_role("button", name=re.compile("编写清溪县的本地值")).click()
    page.wait_for_url("**/drafts/**")
    assert page.locator("input[name=name][type=text]").count() == 0
    looked_at(page, "local-locked")
    page.get_by_role("button", name=re.compile("申请材料")).click()
    page.wait_for_url("**part=materials")
    assert page.get_by_role("button", name="加一份材料").count() == 0
    page.get_by_role("button", name="删除第 6 项").click()
    expect(page.locator(".cat-rows > li")).to_have_count(5)
    looked_at(page, "local-materials")
    page.get_by_role("button", name=re.compile("办理时限")).click()
    page.wait_for_url("**part=times")
    length = page.get_by_role("group", name="承诺办结").get_by_label("长度")
    length.fill("15")
    page.locator("#cat-findings").get_by_text("不能长于上级规定").wait_for()
    save(page)
    page.get_by_role("alert").filter(has_text="不能长于上级规定").wait_for()
    looked_at(page, "local-times")
    length.fill("4")
    page.get_by_role("button", name="保存并准备发布").click()
    page.get_by_label("从哪天起生效").fill(today().isoformat())
    page.get_by_role("button", name="发布", exact=True).click()
    page.get_by_text("已发布").first.wait_for()
    looked_at(page, "local-version")
    page.goto("/console/catalog/drift")
    row = page.get_by_role("row").filter(has_text=NAME)
    assert "申请材料" in row.inner_text() and "办理时限" in row.inner_text()
    looked_at(page, "drift")
    row.get_by_role("link", name=re.compile("逐项对比")).click()
    assert "−6 个工作日" in page.locator(".l-gains").inner_text()
    page.goto(f"/console/catalog/items/{CODE}")
    page.get_by_role("link", name="停办").click()
    page.get_by_role("heading", name=re.compile("停办")).wait_for()
    page.get_by_role("button", name="停办这个事项").click()
    page.get_by_role("alert").filter(has_text="请填写停办的原因").wait_for()
    looked_at(page, "withdraw")
    page.get_by_label("停办的原因").fill("划转市级办理，清人社〔2026〕1号")
    page.get_by_role("button", name="停办这个事项").click()
    page.get_by_text("已登记停办").wait_for()
    assert in_force(CODE, region=COUNTY, on=today()) and not in_force(CODE, region=COUNTY, on=today() + timedelta(days=1))


def test_a_table_goes_out_is_changed_and_comes_back(page, world, tmp_path):
    sign_in(page, login_of(world, "editor"))
    page.goto("/console/catalog/?q=失业保险金申领")
    page.get_by_text("导出所列").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="八统一表（XLSX）").click()
    path = tmp_path / "表.xlsx"
    waiting.value.save_as(path)
    book = load_workbook(path)
    heads = [c.value for c in book["事项"][1]]
    row = next(r for r in book["事项"].iter_rows(min_row=2) if r[2].value == "unemployment-benefit-claim")
    row[heads.index("到现场次数")].value = "一次"
    row[heads.index("事项类型")].value = "不知道"
    book.save(path)
    page.goto("/console/catalog/import")
    looked_at(page, "import")
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="查看会有什么变化").click()
    wrong = page.get_by_role("alert").filter(has_text="文件没有导入")
    assert "到现场次数" in wrong.inner_text() and "事项类型" in wrong.inner_text()
    looked_at(page, "import-wrong")
    row[heads.index("到现场次数")].value, row[heads.index("事项类型")].value = 0, "行政给付"
    book.save(path)
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="查看会有什么变化").click()
    page.get_by_role("button", name="导入 1 项为草稿").wait_for()
    looked_at(page, "import-preview")
    page.get_by_role("button", name="导入 1 项为草稿").click()
    page.get_by_text("已导入：1 个草稿").wait_for()
    (draft,) = drafts()
    assert (draft.item_id, draft.doc["trips"]) == ("unemployment-benefit-claim", 0)
    looked_at(page, "drafts")


def test_a_draft_can_be_written_without_scripts_on_a_phone(open_page, world):
    page = open_page(PHONE, scripts=False)
    sign_in(page, login_of(world, "editor"), to=f"/console/catalog/items/{CODE}")
    follow(page.get_by_role("button", name="编写新版本"))
    follow(page.get_by_role("button", name=re.compile("办事流程")))
    steps = page.locator("input[name$='-text']")
    before = steps.evaluate_all("all => all.map(e => e.value)")
    follow(page.get_by_role("button", name="第 1 项下移"))
    follow(page.get_by_role("button", name="加一步"))
    steps.last.fill("领取许可证")
    follow(page.get_by_role("button", name="保存", exact=True).last)
    (draft,) = drafts()
    assert get_row(draft.pk).doc["applicant_steps"] == [before[1], before[0], *before[2:], "领取许可证"]


def test_an_auditor_reads_and_a_clerk_does_not(open_page, world):
    auditor, clerk = open_page(), open_page()
    sign_in(auditor, login_of(world, "auditor"), to="/console/catalog/")
    auditor.get_by_role("searchbox", name="查找").fill("失业金")
    auditor.keyboard.press("Enter")
    follow(auditor.get_by_role("link", name="失业保险金申领", exact=True))
    assert auditor.get_by_role("button", name="编写新版本").count() == 0
    auditor.locator(".l-flow svg").wait_for()
    sign_in(clerk, login_of(world, "clerk"))
    clerk.goto("/console/catalog/")
    clerk.get_by_role("heading", name="您现在不能打开这一页").wait_for()
    clerk.goto("/console/catalog/?q=" + "没有这个事项")
    auditor.goto("/console/catalog/?q=没有这样的事项名称&main=unemployment-benefit")
    looked_at(auditor, "list-empty")
