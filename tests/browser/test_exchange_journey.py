"""Materials that come by themselves: at the window, before the reviewer, and in the ledger; in good days and bad."""

from datetime import UTC, datetime

import pytest

from linli.domains.cases import commands as do
from linli.domains.cases.queries import Case
from linli.domains.exchange import commands as exchange
from linli.domains.exchange.queries import interfaces, still_waiting
from linli.testing.browser import PHONE, axe, login_of, shot, sign_in
from linli.testing.departments import MANAGER, Departments, departments, sandbox_server  # noqa: F401
from linli.testing.story import INSTANT, PERMIT, Story, filled
from linli.testing.world import COUNTY, person_id

pytestmark = pytest.mark.browser
WIDE = 1440
SUBSIDY = "flexible-social-subsidy"


def now():
    return datetime.now(UTC)


def draft(world, item=INSTANT):
    story = Story(world, item=item)
    by = world.actor("clerk", on=now().date())
    story.case_id = do.open_draft(item_code=item, applicant=story.applicant, by=by, now=now())
    return story


def answer(story):
    """What the worker does."""
    exchange.fetch(question_ids=still_waiting(story.case_id), now=now())
    do.take_in_shared(case_id=story.case_id, now=now())


def places(page):
    """Where every button of the page stands."""
    return page.locator(".l-checklist form button:visible").evaluate_all(
        "all => all.map(b => Math.round(b.getBoundingClientRect().top))"
    )


def test_a_clerk_sees_materials_arrive_by_themselves(open_page, world, live, departments: Departments):  # noqa: F811
    departments.connect(now())
    story = draft(world, PERMIT)
    do.ask_departments(case_id=story.case_id, user_id=world.users["clerk"], now=now())
    page = open_page(WIDE)
    sign_in(page, login_of(world, "clerk"), to=f"/desk/cases/{story.case_id}")
    waiting = page.locator(".l-arrival").first
    assert "正在向" in waiting.inner_text()
    field = page.locator("#case-form input[type=text]:visible").first
    field.fill("打到一半")
    before = places(page)
    assert before
    shot(page, "exchange-waiting")
    answer(story)
    page.locator(".l-arrival").nth(1).get_by_text("已答复，不用申请人提供").wait_for()
    waiting.get_by_text("已答复，不用申请人提供").wait_for()
    assert places(page) == before, "nothing moves under the cursor"
    assert field.input_value() == "打到一半"
    waiting.get_by_text("查看回执").click()
    assert "答复摘要（SM3）" in waiting.inner_text()
    assert person_id(0) not in waiting.inner_text()
    axe(page)
    shot(page, "exchange-arrived")
    page.set_viewport_size({"width": 360, "height": 800})
    axe(page)
    shot(page, "exchange-arrived-360")


def test_an_answer_fills_a_field_of_the_open_page_and_leaves_what_was_typed(open_page, world, live, departments: Departments):  # noqa: F811
    departments.connect(now())
    story = draft(world, SUBSIDY)
    do.ask_departments(case_id=story.case_id, user_id=world.users["clerk"], now=now())
    page = open_page(WIDE)
    sign_in(page, login_of(world, "clerk"), to=f"/desk/cases/{story.case_id}")
    bank = page.get_by_label("开户银行")
    assert bank.input_value() == ""
    before = places(page)
    answer(story)
    page.get_by_text("来自社会保障卡合作银行").wait_for()
    assert bank.input_value()
    assert places(page)[: len(before)] == before, "nothing moves under the cursor"
    axe(page)
    shot(page, "exchange-filled")
    bank.fill("本人写的银行")
    with page.expect_response("**/save"):
        bank.press("Tab")
    page.reload()
    assert bank.input_value() == "本人写的银行"
    other = draft(world, SUBSIDY)
    do.ask_departments(case_id=other.case_id, user_id=world.users["clerk"], now=now())
    page.goto(f"/desk/cases/{other.case_id}")
    bank.fill("先写的银行")
    with page.expect_response("**/save"):
        bank.press("Tab")
    answer(other)
    page.locator(".l-arrival").get_by_text("已答复，不用申请人提供").first.wait_for()
    assert bank.input_value() == "先写的银行"


def test_a_masked_name_is_shown_for_a_purpose(open_page, world, live, departments: Departments):  # noqa: F811
    departments.connect(now())
    story = draft(world, SUBSIDY)
    do.ask_departments(case_id=story.case_id, user_id=world.users["clerk"], now=now())
    answer(story)
    page = open_page(WIDE)
    sign_in(page, login_of(world, "clerk"), to=f"/desk/cases/{story.case_id}")
    line = page.locator(".l-arrival", has=page.locator("[id^=shared-]")).first
    line.get_by_text("查看回执").click()
    line.locator("[id^=shared-] summary").first.click()
    axe(page)
    shot(page, "exchange-look")
    line.get_by_role("button", name="显示 30 秒").first.click()
    line.get_by_text("赵示例").wait_for()


def test_without_script_a_button_asks(open_page, world, live, departments: Departments):  # noqa: F811
    departments.connect(now())
    story = draft(world)
    page = open_page(WIDE, scripts=False)
    sign_in(page, login_of(world, "clerk"), to=f"/desk/cases/{story.case_id}")
    page.get_by_role("button", name="立即核验").click()
    assert "已答复" in page.locator(".l-arrival").first.inner_text()


def test_a_source_that_is_down_or_has_no_record_stops_nobody(open_page, world, live, departments: Departments):  # noqa: F811
    departments.connect(now(), timeout_ms=300)
    departments.fault("down")
    story = draft(world)
    page = open_page(WIDE)
    sign_in(page, login_of(world, "clerk"), to=f"/desk/cases/{story.case_id}")
    for _ in range(3):
        with page.expect_response("**/ask*"):
            page.get_by_role("button", name="立即核验").click()
        page.wait_for_load_state("networkidle")
    page.locator(".l-arrival").get_by_text("由我局继续取").first.wait_for()
    shot(page, "exchange-down")
    departments.mend()
    departments.fault("empty")
    for face in interfaces():
        exchange.try_again(code=face.code, by=MANAGER, now=now())
    other = draft(world)
    page.goto(f"/desk/cases/{other.case_id}")
    for _ in range(3):
        with page.expect_response("**/ask*"):
            page.get_by_role("button", name="立即核验").click()
        page.wait_for_load_state("networkidle")
    page.locator(".l-arrival").get_by_text("没有这条记录").first.wait_for()
    axe(page)
    shot(page, "exchange-absent")
    page.get_by_role("button", name="收本人纸质件").first.click()
    page.get_by_role("button", name="改为未收").first.wait_for()
    shot(page, "exchange-own-paper")


def test_the_reviewer_sees_what_was_shared_and_the_console_counts_it(open_page, world, live, departments: Departments):  # noqa: F811
    departments.connect(now())
    story = Story(world, item="startup-social-subsidy")
    form = filled(story.standard)
    numbers = {f.name: person_id(0) for f in story.standard.form if f.type == "id-number"}
    clerk = world.actor("clerk", on=now().date())
    story.case_id = do.receive_case(
        item_code=story.item,
        applicant=story.applicant,
        form=form | numbers,
        materials=story.handed(),
        region=COUNTY,
        by=clerk,
        now=now(),
    )
    do.fetch_shared(case_id=story.case_id, by=clerk, now=now())
    do.accept_case(case_id=story.case_id, by=clerk, now=now())
    step = story.open_step()
    name = next(n for n, u in world.users.items() if u == step.user_id)
    page = open_page(WIDE)
    sign_in(page, login_of(world, name), to=f"/desk/review/{step.pk}")
    page.locator(".l-shared-sheet").first.wait_for(state="attached")
    link = page.locator(".l-viewer-list a").filter(
        has_text=Case.objects.get(pk=story.case_id).materials.filter(received="shared").first().name[:20]
    )
    link.first.click()
    assert "数据来源" in page.locator(".l-shared-sheet:visible").first.inner_text()
    axe(page)
    shot(page, "exchange-review")
    departments.fault("down", "rs-card")
    pages = {
        "saved": "/console/exchange/saved",
        "asked": "/console/exchange/asked",
        "faces": "/console/exchange/interfaces",
        "face": "/console/exchange/interfaces/ga-identity",
    }
    for who in ("manager", "administrator"):
        for width, large in ((WIDE, False), (PHONE, False), (WIDE, True)):
            page = open_page(width, large=large)
            sign_in(page, login_of(world, who), to="/console/exchange/interfaces")
            for name, address in (pages if who == "manager" else pages | {"settings": pages["face"] + "/settings"}).items():
                if who == "administrator" and name in ("saved", "asked"):
                    continue
                page.goto(address)
                page.wait_for_load_state("networkidle")
                axe(page)
                if width == WIDE and not large:
                    shot(page, f"exchange-{who}-{name}")


def test_an_administrator_switches_a_fault_with_the_keyboard_and_sees_it_hurt(open_page, world, live, departments: Departments):  # noqa: F811
    departments.connect(now(), timeout_ms=300)
    page = open_page(WIDE)
    sign_in(page, login_of(world, "administrator"), to="/console/exchange/interfaces/ga-identity")
    page.get_by_label("让沙箱出故障（仅演示）").select_option("down")
    page.get_by_role("button", name="设置故障").press("Enter")
    page.get_by_text("沙箱现在：中断").first.wait_for()
    for _ in range(6):
        story = draft(world)
        do.ask_departments(case_id=story.case_id, now=now())
        exchange.fetch(question_ids=still_waiting(story.case_id), now=now())
    page.goto("/console/exchange/interfaces/ga-identity")
    page.get_by_text("这个来源现在没有答复").wait_for()
    axe(page)
    shot(page, "exchange-face-down")
    page.goto("/console/exchange/interfaces?state=down")
    shot(page, "exchange-faces-down")
