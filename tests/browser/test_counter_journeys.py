"""A clerk's mornings with the keyboard alone: from the sign-in page to the accepted case, the correction notice, a demand."""

import re
import time
from datetime import timedelta

import pytest

from linli.domains.cases.queries import Case, State
from linli.domains.voice.queries import Demand
from linli.testing.browser import PHONE, axe, login_of, shot, sign_in
from linli.testing.concurrency import at_once
from linli.testing.story import INSTANT, PERMIT, Story, at
from linli.testing.world import person_id

pytestmark = pytest.mark.browser
MORNING = at("2026-03-02 10:00")


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    """A Monday morning for which the world has its seed; it goes on while the test runs."""
    begun = time.monotonic()
    monkeypatch.setattr("linli.web.middleware.timezone.now", lambda: MORNING + timedelta(seconds=time.monotonic() - begun))


def focus(page):
    """The name or id of what has the focus."""
    return page.evaluate("document.activeElement.name || document.activeElement.id")


def enter_by_keyboard(page, login):
    """Sign in without a mouse."""
    page.goto("/login")
    for _ in range(12):
        if focus(page) == "username":
            break
        page.keyboard.press("Tab")
    page.keyboard.type(login.username)
    page.keyboard.press("Tab")
    page.keyboard.type(login.password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/today")


def fill_by_keyboard(page, answers):
    """Tab through a form; where a field with one of the names has the focus, type its answer."""
    left = dict(answers)
    for _ in range(200):
        name = focus(page)
        if name in left:
            answer = left.pop(name)
            kind = page.evaluate("document.activeElement.type")
            if kind == "checkbox":
                page.keyboard.press("Space")
            elif kind == "select-one":
                while not page.evaluate("document.activeElement.value").startswith(answer):
                    page.keyboard.press("ArrowDown")
            else:
                page.keyboard.type(answer)
        if not left:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"never reached: {left}")


def saved(page):
    """Wait until the page says that all was saved."""
    page.locator('[data-saved][data-state="saved"]').wait_for()


def test_from_the_card_to_the_accepted_case(page, world):
    enter_by_keyboard(page, login_of(world, "clerk"))
    assert focus(page) == "q"
    axe(page)
    shot(page, "counter-today-empty")
    page.keyboard.type(person_id(0))  # a card reader types the number and presses Enter
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/people/*")
    assert person_id(0) not in page.content() and focus(page) == "q"
    axe(page)
    page.keyboard.type("qzxx")
    page.get_by_role("button", name=re.compile("求职信息登记")).wait_for()
    axe(page)
    shot(page, "counter-person")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/cases/*")
    axe(page)
    shot(page, "counter-intake")
    fill_by_keyboard(page, {"f_education": "大学本科", "f_intent_post": "钳工", "f_status": "失业"})
    page.keyboard.press("Control+Enter")
    page.get_by_text("已受理。").wait_for()
    case = Case.objects.get()
    assert case.state == State.IN_REVIEW and case.form.open_json()["intent_post"] == "钳工"
    axe(page)
    shot(page, "counter-accepted")
    with page.expect_popup() as opened:
        page.keyboard.press("p")
    assert ".pdf" in opened.value.url
    opened.value.close()
    page.bring_to_front()
    page.keyboard.press("n")
    page.wait_for_url("**/desk/today")
    assert focus(page) == "q" and page.get_by_role("link", name=case.number).is_visible()
    axe(page)
    shot(page, "counter-today")


def test_from_an_item_in_the_palette_to_the_correction_notice_and_back(page, world):
    enter_by_keyboard(page, login_of(world, "clerk"))
    page.keyboard.press("Tab")
    page.keyboard.press("/")
    page.keyboard.type("lwpqjyxk")
    page.keyboard.press("Enter")  # before the answer is there
    page.wait_for_url(f"**/desk/items/{PERMIT}")
    axe(page)
    shot(page, "counter-item")
    page.keyboard.type("云岭示例服务")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/cases/*")
    fill_by_keyboard(
        page,
        {
            "f_handler_name": "吴示例", "f_handler_phone": "10000000007", "f_reg_capital": "2000000", "f_paid_capital": "2000000",
            "f_biz_place": "云岭市示例路9号", "f_place_area": "120", "f_biz_scope": "劳务派遣", "f_facilities-0-line": "电脑十台",
            "f_rules-0-line": "派遣员工管理办法", "f_org_opinion": "已在纸质",
        },
    )  # fmt: skip
    page.keyboard.press("Alt+1")
    page.get_by_role("button", name=re.compile("改为未收")).wait_for()
    axe(page)
    shot(page, "counter-intake-long")
    held, area = [], page.locator("#id_f_place_area")
    page.route("**/save", lambda route: held.append((route, route.fetch())), times=1)
    with page.expect_request("**/save"):
        area.fill("121")
        area.press("Tab")
    area.fill("122")
    page.keyboard.press("Control+Enter")  # while the form saves itself: nobody else changed it
    page.wait_for_function("document.getElementById('case-form').dataset.waits")
    while not held:  # the hall has saved it, the page does not know yet
        page.evaluate("0")
    held[0][0].fulfill(response=held[0][1])
    page.get_by_role("alert").filter(has_text="还缺").wait_for()
    assert page.locator("#id_f_handler_name").input_value() == "吴示例" and Case.objects.get().state == State.DRAFT
    axe(page)
    shot(page, "counter-missing")
    page.keyboard.press("Alt+b")
    page.wait_for_url("**/correction")
    axe(page)
    shot(page, "counter-correction")
    page.keyboard.press("Control+Enter")
    page.get_by_text("已出具补正告知书").wait_for()
    case = Case.objects.get()
    assert case.state == State.CORRECTION_REQUESTED and len(case.correction.items) == 3
    axe(page)
    shot(page, "counter-waiting")
    with page.expect_popup() as opened:
        page.keyboard.press("Alt+p")
    opened.value.close()
    page.bring_to_front()

    page.keyboard.press("Alt+n")
    page.wait_for_url("**/desk/today")
    page.keyboard.type(case.number[-6:])
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/desk/cases/{case.pk}")
    for key in ("Alt+2", "Alt+3", "Alt+4"):
        page.keyboard.press(key)
        page.locator(f'button[value="back"][data-key="{key}"]').wait_for()
    page.keyboard.press("Control+Enter")
    page.get_by_text("已受理。").wait_for()
    assert Case.objects.get().state == State.IN_REVIEW


def test_what_is_no_item_is_registered_as_a_demand(page, world):
    enter_by_keyboard(page, login_of(world, "clerk"))
    page.keyboard.press("Tab")
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.wait_for_url("**/desk/demands/new")
    page.keyboard.press("Control+Enter")
    page.get_by_role("link", name=re.compile("请填写需要解决的问题")).wait_for()
    axe(page)
    shot(page, "counter-demand-wrong")
    fill_by_keyboard(
        page, {"summary": "工地拖欠工资三个月，老板不见人", "wish": "帮我要回工资", "name": "周示例", "phone": "10000000007"}
    )
    page.keyboard.press("Control+Enter")
    page.get_by_text("诉求已登记。").wait_for()
    demand = Demand.objects.get()
    page.get_by_text("云岭市人力资源和社会保障局").first.wait_for()
    assert demand.owner.name == "云岭市人力资源和社会保障局"
    axe(page)
    shot(page, "counter-demand")
    with page.expect_popup() as opened:
        page.keyboard.press("p")
    opened.value.close()
    page.goto("/desk/demands")
    page.get_by_role("link", name=demand.number).wait_for()
    axe(page)
    shot(page, "counter-demands")


def test_what_is_typed_saves_itself_and_is_taken_up_again(page, open_page, world):
    sign_in(page, login_of(world, "clerk"), to="/desk/today")
    page.get_by_label(re.compile("刷身份证")).fill(person_id(1))  # a long name
    page.keyboard.press("Enter")
    page.get_by_label(re.compile("事项名称")).type("求职信息登记")
    page.keyboard.press("Enter")  # before the list is there
    page.wait_for_url("**/desk/cases/*")
    page.get_by_label("求职意向岗位").fill("裁缝")
    saved(page)
    page.get_by_label("联系电话").fill("100")
    page.get_by_text("还没填对").wait_for()
    shot(page, "counter-autosave")
    other = open_page(PHONE)
    sign_in(other, login_of(world, "second-clerk"), to="/desk/today")
    other.get_by_role("link", name=re.compile("草稿")).click()
    assert other.get_by_label("求职意向岗位").input_value() == "裁缝"
    other.get_by_label("求职意向岗位").fill("厨师")
    saved(other)
    page.get_by_label("求职意向岗位").fill("木匠")
    page.get_by_text("在您打开之后已被他人办理").wait_for()
    assert page.get_by_label("求职意向岗位").input_value() == "木匠"
    page.keyboard.press("Control+s")
    page.get_by_text("同事保存的是：厨师").wait_for()
    assert page.get_by_label("求职意向岗位").input_value() == "木匠"
    axe(page)
    shot(page, "counter-conflict")


def test_photographs_come_in_are_taken_off_and_come_back(page, world):
    sign_in(page, login_of(world, "clerk"), to=f"/desk/items/{PERMIT}")
    page.keyboard.type("云岭示例服务")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/cases/*")
    first = page.locator(".l-material").first
    first.get_by_text("上传或拍照").click()
    first.get_by_role("button", name="打开摄像头").click()
    page.get_by_role("dialog").get_by_role("button", name="拍照").wait_for()
    page.locator("dialog[open] video").evaluate("v => v.videoWidth || new Promise(r => v.addEventListener('loadedmetadata', r))")
    page.get_by_role("dialog").get_by_role("button", name="拍照").click()
    first.get_by_role("button", name=re.compile("移除")).wait_for()
    first.get_by_text("窗口拍照").wait_for()
    assert first.locator(".l-thumb").evaluate("async i => (await i.decode(), i.naturalWidth)") > 0
    axe(page)
    shot(page, "counter-photo")
    first.get_by_role("button", name=re.compile("移除")).click()
    page.get_by_role("button", name=re.compile("撤销")).click()
    page.locator(".l-material").first.get_by_role("button", name=re.compile("移除")).wait_for()


def test_everything_works_without_scripts(open_page, world):
    page = open_page(scripts=False)
    sign_in(page, login_of(world, "clerk"), to="/desk/today")
    page.get_by_label(re.compile("刷身份证")).fill(person_id(0))
    page.get_by_role("button", name=re.compile("查找")).first.click()
    page.get_by_label(re.compile("事项名称")).fill("qzxxdj")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/cases/*")
    assert Case.objects.get().item_code == INSTANT


def test_pages_nobody_sees_every_day(page, world):
    story = Story(world)
    assert at_once([story.whole]) == [story.case_id]  # signing wants a thread without Playwright's event loop
    sign_in(page, login_of(world, "clerk"), to=f"/desk/cases/{story.case_id}")
    axe(page)
    shot(page, "counter-closed")
    for name, path in {
        "find": "/desk/find?q=ldbz", "find-nothing": "/desk/find?q=zzzzzz", "register": "/desk/people/new",
        "register-employer": "/desk/employers/new", "demands-empty": "/desk/demands",
        "employer": f"/desk/employers/{world.people['employer']}", "long-name": f"/desk/people/{world.people['neighbour']}",
        "external": "/desk/items/foreigner-work-permit",
    }.items():  # fmt: skip
        page.goto(path)
        axe(page)
        shot(page, f"counter-{name}")


def test_the_village_receives_and_hands_on(page, world):
    sign_in(page, login_of(world, "village"), to=f"/desk/items/{INSTANT}")
    page.keyboard.type(person_id(0))
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/cases/*")
    fill_by_keyboard(page, {"f_education": "大学本科", "f_intent_post": "钳工", "f_status": "失业"})
    shot(page, "counter-village")
    page.keyboard.press("Control+Enter")
    page.get_by_text("已收件，编号").wait_for()
    assert Case.objects.get().state == State.SUBMITTED and page.get_by_role("button", name=re.compile("受理")).count() == 0
    axe(page)
    shot(page, "counter-village-received")
