"""Anywhere: a village window accepts, the city decides, and the result is handed over in the village; and one queue for two counters."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.utils import timezone

from linli.domains.cases import commands as do
from linli.domains.cases.queries import Case
from linli.domains.org.commands import grant_many
from linli.domains.org.queries import Power
from linli.kernel.calendar import local_date
from linli.testing.browser import PHONE, axe, login_of, make_login, shot, sign_in, sign_in_resident
from linli.testing.online import fill, resident, started
from linli.testing.story import INSTANT, Story
from linli.testing.world import BUILDER, FIRST_DAY, START

pytestmark = pytest.mark.browser
VILLAGE = "770121100201"


def received(world, clerk, today):
    """A case in the village with everything in hand."""
    story = Story(world, item=INSTANT, region=VILLAGE, day=today.isoformat())
    story.receive(clerk=clerk, region=VILLAGE)
    return story


def test_a_village_window_accepts_the_city_decides_and_the_village_hands_over(page, live, world, open_page):
    today = local_date(timezone.now())
    grant_many(
        org_id=world.orgs["village"], item_codes={INSTANT: [Power.RECEIVE, Power.ACCEPT]}, region=VILLAGE, document="测试授权8号",
        valid_from=FIRST_DAY, by=BUILDER, now=START,
    )  # fmt: skip
    window = make_login("cun", "window-clerk", name="村里窗口", where="village")
    story = received(world, "village", today)
    sign_in(page, window, to=f"/desk/cases/{story.case_id}")
    page.keyboard.press("Control+Enter")
    page.get_by_text("已受理。").first.wait_for()
    axe(page)
    shot(page, "village-accepted")
    case = Case.objects.get()
    assert (case.hall_id, case.deciding_org_id) == (world.orgs["village"], world.orgs["bureau"])
    assert page.get_by_label("领取地点").input_value() == str(world.orgs["village"])
    with ThreadPoolExecutor(1) as aside:  # signing has a loop of its own, and so has the browser
        for act in (story.review, story.issue):
            aside.submit(act, day=today.isoformat()).result()
    agent = open_page(PHONE)
    sign_in(agent, login_of(world, "village"), to=f"/desk/deliver/{story.case_id}/")
    axe(agent)
    shot(agent, "village-deliver")
    page.goto("/desk/deliver/")
    page.get_by_text(case.number).first.click()
    page.get_by_role("link", name="领取码").click()
    page.get_by_label("领取人姓名").fill("赵示例")
    page.get_by_label("领取码", exact=True).fill(Case.objects.get().receipt_code.open())
    page.keyboard.press("Control+Enter")
    page.get_by_text("送达情况").first.wait_for()
    shot(page, "village-delivered")
    assert Case.objects.get().state == "delivered"


def test_somebody_has_the_result_sent_where_they_are(page, live, world, open_page):
    story = Story(world, item=INSTANT, day=local_date(timezone.now()).isoformat())
    story.receive()
    story.accept()
    mine = open_page(PHONE)
    sign_in_resident(mine, world, to=f"/mine/{story.case_id}")
    mine.get_by_text("换一个近的地方").click()
    axe(mine)
    shot(mine, "collect-mine")
    mine.get_by_label("领取地点").select_option(label="上湾村便民服务站")
    mine.get_by_role("button", name="改在这里领").click()
    mine.get_by_text("纸质结果在上湾村便民服务站领取").wait_for()
    sign_in(page, login_of(world, "clerk"), to=f"/desk/cases/{story.case_id}")
    assert page.get_by_label("领取地点").input_value() == str(world.orgs["village"])
    axe(page)
    shot(page, "collect-counter")


def test_two_counters_see_who_is_at_which_application(page, live, world, open_page):
    me, now = resident(world), timezone.now()
    for item in (INSTANT, "normal-retirement"):
        case_id = started(me, item=item, now=now)
        fill(me, case_id, now=now)
        do.submit_online(case_id=case_id, by=me, now=now)
    mate = make_login("mate", "window-clerk", name="阿卜杜热西提·麦麦提图尔荪", where="other-hall")
    sign_in(page, mate, to="/desk/online")
    axe(page)
    shot(page, "online-free")
    page.keyboard.press("n")
    page.get_by_text("您在办，同事看得到").wait_for()
    axe(page)
    shot(page, "online-mine")
    taken = page.url.rsplit("/", 1)[-1]
    other = open_page(PHONE)
    sign_in(other, login_of(world, "elsewhere"), to="/desk/online")
    axe(other)
    shot(other, "online-taken")
    other.goto(f"/desk/cases/{taken}")
    other.get_by_text("正在办这件").first.wait_for()
    axe(other)
    shot(other, "online-others")
    page.keyboard.press("Alt+o")
    page.wait_for_url(lambda url: taken not in url)
    other.reload()
    other.get_by_role("button", name="我来办").wait_for()
