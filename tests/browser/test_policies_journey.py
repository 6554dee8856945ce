"""A figure in a browser, by two officers: from the proposal over a case that fails to the calculator that shows it."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils import timezone

from linli.domains.benefits import commands
from linli.domains.benefits.queries import changes
from linli.domains.benefits.tasks import perform_run
from linli.kernel.calendar import local_date
from linli.testing.benefits import tell
from linli.testing.browser import PHONE, axe, follow, login_of, shot, sign_in
from linli.testing.scanning import scan

pytestmark = pytest.mark.browser
CLAIM, BASE = "na-resident-pension-claim-reminder", "resident_pension.base"
NAME, LABEL = "城乡居民养老保险到龄待遇主动领取", "城乡居民基础养老金全国最低标准"


def old_enough(world, who, account):
    person = world.people[who]
    tell("person", person, "household", birth=date(1960, 1, 1))
    tell("person", person, "contributions", resident_paid_months=180, resident_account=account, resident_transitional=False)
    tell("person", person, "benefits", receiving_pension=False)


@pytest.fixture
def town(world, live):
    """Three who have reached the age; a scan of them."""
    for who, account in (("applicant", 13_900_00), ("neighbour", 27_800_00), ("agent", 13_900_00)):
        old_enough(world, who, account)
    scan(world, policies=[CLAIM])


def fill(page, value):
    page.get_by_label("新的数").or_(page.locator("#id_value")).last.fill(value)
    page.get_by_label("从哪天起").fill(local_date(timezone.now()).isoformat())
    page.get_by_label("依据的文件名称").fill("云岭市关于调整城乡居民基础养老金最低标准的通知")
    page.get_by_label("文号或条款").fill("云人社发〔2026〕1号")
    page.get_by_label("文件日期").fill("2026-11-01")


def test_two_officers_change_a_figure_and_everybody_sees_it(open_page, world, town):
    page = open_page()
    sign_in(page, login_of(world, "policies"), to="/console/policies/")
    axe(page)
    shot(page, "policies-list")
    page.get_by_label("政策名称").fill("到龄")
    page.get_by_role("button", name="筛选").click()
    page.get_by_role("link", name="高龄津贴").wait_for(state="detached")
    follow(page.get_by_role("link", name=NAME))
    axe(page)
    shot(page, "policies-one")
    follow(page.get_by_role("link", name=LABEL))
    axe(page)
    shot(page, "policies-figure")
    follow(page.get_by_role("link", name="提出修改"))
    axe(page)
    shot(page, "policies-new")
    page.get_by_role("button", name="保存草稿").click()
    page.get_by_role("alert").filter(has_text="需要修改").wait_for()
    axe(page)
    shot(page, "policies-wrong")
    fill(page, "136")
    follow(page.get_by_role("button", name="保存草稿"))
    axe(page)
    shot(page, "policies-draft")
    follow(page.get_by_role("link", name=f"加一个用例：{NAME}"))
    axe(page)
    shot(page, "policies-case")
    page.get_by_label("这个用例核对什么").fill("满 60 岁、缴满 15 年的人")
    page.get_by_label("出生日期").fill("1960-01-01")
    page.locator("[name='given.resident_paid_months']").fill("180")
    page.locator("[name='given.resident_account']").fill("13900")
    page.locator("[name='given.resident_transitional']").select_option("no")
    page.locator("[name='given.receiving_pension']").select_option("no")
    page.get_by_label("结论").select_option("entitled")
    page.get_by_label("金额").fill("263")
    follow(page.get_by_role("button", name="加入用例"))
    page.get_by_text("有 1 个用例没有通过").wait_for()
    page.get_by_text("236.00").wait_for()
    axe(page)
    shot(page, "policies-failing")
    follow(page.get_by_role("button", name="提交复核"))
    page.get_by_text("待复核").first.wait_for()

    # The second officer is not let through while a case fails, and sends it back.
    other = open_page()
    sign_in(other, login_of(world, "second-policies"), to="/console/policies/changes/")
    axe(other)
    shot(other, "policies-changes")
    follow(other.get_by_role("link", name=LABEL))
    other.get_by_role("button", name="同意并公布").click()
    other.get_by_text("有 1 个用例没有通过：满 60 岁").wait_for()
    axe(other)
    shot(other, "policies-not-published")
    other.locator("summary", has_text="退回提出人").click()
    other.get_by_label("为什么退回").fill("数和通知不一致，应为 163")
    other.get_by_role("button", name="退回", exact=True).click()
    other.get_by_text("已退回").first.wait_for()

    # Mended, weighed over everybody, proposed again.
    page.reload()
    page.get_by_text("数和通知不一致").first.wait_for()
    shot(page, "policies-refused")
    follow(page.get_by_role("link", name="改草稿"))
    fill(page, "163")
    follow(page.get_by_role("button", name="保存草稿"))
    page.get_by_text("个用例全部通过").wait_for()
    follow(page.get_by_role("button", name="用最近一次比对的信息测算"))
    page.get_by_role("progressbar", name="正在测算").wait_for()
    axe(page)
    shot(page, "policies-weighing")
    (row,) = changes(by=world.actor("policies"))
    run = commands.ask_what_if(change_id=row.pk, fresh=True, by=world.actor("policies"), now=timezone.now())
    perform_run(page.url.rsplit("/", 1)[-1])
    page.get_by_role("heading", name="哪些地方受影响？").wait_for()
    page.locator("figure canvas, figure svg").first.wait_for()
    page.get_by_text("+60.00").wait_for()
    page.get_by_text("比对时封存的信息").wait_for()
    axe(page)
    shot(page, "policies-weighed")
    with page.expect_download() as file:
        page.get_by_role("link", name="导出 XLSX").click()
    assert file.value.suggested_filename.endswith(".xlsx")
    commands.fail_run(run_id=run, why="磁盘空间不足", by=world.actor("policies"), now=timezone.now())
    page.goto(f"/console/policies/what-if/{run}")
    page.get_by_text("磁盘空间不足").wait_for()
    shot(page, "policies-weighing-failed")
    page.goto(f"/console/policies/changes/{row.pk}")
    follow(page.get_by_role("button", name="提交复核"))

    other.reload()
    follow(other.get_by_role("button", name="同意并公布"))
    other.get_by_text("已同意并公布").wait_for()
    axe(other)
    shot(other, "policies-published")
    page.goto(f"/console/policies/figures/{BASE}/")
    page.get_by_text("云岭市关于调整城乡居民基础养老金最低标准的通知").first.wait_for()
    shot(page, "policies-figure-after")
    page.goto("/console/policies/")
    page.get_by_text("近 30 天公布的参数").wait_for()
    axe(page)

    resident = open_page()
    resident.goto("/calculators/resident-pension?region=770121")
    assert resident.get_by_label("当地的基础养老金").input_value() == "163"
    resident.get_by_text("云人社发〔2026〕1号").first.wait_for()


@pytest.mark.parametrize(("width", "large"), [(PHONE, False), (PHONE, True)])
def test_the_pages_hold_on_a_phone_and_in_large_print(open_page, world, town, width, large):
    page = open_page(width, large=large)
    sign_in(page, login_of(world, "policies"), to="/console/policies/")
    ground = commands.Ground("关于调整高龄津贴标准的通知", "云民发〔2026〕2号", date(2026, 11, 1))
    change = commands.draft_change(
        name="elderly_allowance.bands", region="770121", typed={"value": [{"key": "80", "": "60"}, {"key": "90", "": "120.5"}]},
        since=date(2027, 1, 1), ground=ground, note="", by=world.actor("policies"), now=timezone.now(),
    )  # fmt: skip
    for address in (
        "policies/", "policies/figures/", "policies/figures/elderly_allowance.bands/", "policies/figures/elderly_allowance.bands/new",
        "policies/figures/injury.grades/new", "policies/na-elderly-allowance", "policies/changes/", f"policies/changes/{change}",
        "policies/cases/na-elderly-allowance/new",
    ):  # fmt: skip
        page.goto(f"/console/{address}")
        page.get_by_role("heading", level=1).wait_for()
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{address} is wider than the screen"


def test_an_expired_policy_is_prolonged_by_two_officers_with_its_figures(open_page, world, live):
    policy, figure = "阶段性降低失业保险费率", "失业保险总费率（降费前、现行）"
    page = open_page()
    sign_in(page, login_of(world, "policies"), to="/console/policies/na-rate-reduction")
    page.get_by_text("2025-12-31 (周三) 到期").wait_for()
    axe(page)
    shot(page, "prolong-expired")
    follow(page.get_by_role("link", name="延长执行期限"))
    assert page.get_by_label("从哪天起").input_value() == "2026-01-01", "the day after the last one"
    axe(page)
    shot(page, "prolong-new")
    ground(page, since="2026-01-01")
    page.locator("#id_value").fill("2025-06-30")
    page.get_by_role("button", name="保存草稿").click()
    page.get_by_text("最后一天不能早于 2026-01-01").first.wait_for()
    page.locator("#id_value").fill("2027-12-31")
    follow(page.get_by_role("button", name="保存草稿"))
    draft = page.url
    page.get_by_role("button", name="提交复核").click()
    page.get_by_text(f"用的参数也到期了：{figure}").wait_for()
    axe(page)
    shot(page, "prolong-figures-over")

    # The figure first: the same rates, with a last day of their own.
    page.goto("/console/policies/figures/unemployment.rate/")
    page.get_by_text("这里现在没有可用的数").wait_for()
    axe(page)
    shot(page, "prolong-figure-over")
    follow(page.get_by_role("link", name="提出延长"))
    ground(page, since="2026-01-01")
    page.get_by_label("到哪天止").fill("2027-12-31")
    follow(page.get_by_role("button", name="保存草稿"))
    page.get_by_text("到哪天止").first.wait_for()
    axe(page)
    shot(page, "prolong-figure-draft")
    follow(page.get_by_role("button", name="提交复核"))
    other = open_page()
    sign_in(other, login_of(world, "second-policies"), to="/console/policies/changes/")
    follow(other.get_by_role("link", name=figure))
    follow(other.get_by_role("button", name="同意并公布"))
    page.goto(draft)
    follow(page.get_by_role("button", name="提交复核"))
    other.goto(draft)
    follow(other.get_by_role("button", name="同意并公布"))
    other.get_by_text("已同意并公布").wait_for()
    axe(other)
    shot(other, "prolong-published")
    page.goto("/console/policies/")
    page.locator("tr", has_text=policy).get_by_text("到 2027-12-31").wait_for()
    axe(page)
    shot(page, "prolong-list")


def ground(page, *, since):
    page.get_by_label("从哪天起").fill(since)
    page.get_by_label("依据的文件名称").fill("关于延续实施失业保险稳岗惠民政策的通知")
    page.get_by_label("文号或条款").fill("云人社发〔2026〕3号")
    page.get_by_label("文件日期").fill("2026-01-05")
