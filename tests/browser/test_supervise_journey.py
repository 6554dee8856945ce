"""A supervisor's day in a real browser: finding a case, and everything that may be done with it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from linli.domains.cases import commands as do
from linli.domains.cases.models import Load
from linli.kernel.calendar import local_date
from linli.testing.browser import PHONE, axe, follow, login_of, shot, sign_in
from linli.testing.story import Story

pytestmark = pytest.mark.browser


@pytest.fixture
def today():
    return local_date(timezone.now())


@pytest.fixture
def story(live, world, today):
    """A case under review since yesterday, with a request of its reviewer, and some more around it."""
    day = (today - timedelta(days=1)).isoformat()
    for minute in range(3):
        other = Story(world, day=day)
        other.receive(time=f"09:{minute:02d}")
        other.accept(time=f"09:{minute + 10:02d}")
    instant = Story(world, item="job-seeker-registration", day=day)
    instant.receive(time="09:40")
    story = Story(world, day=day)
    story.receive()
    story.accept()
    return story


def ask(story, today, what="suspend"):
    step = story.open_step()
    more = {"ground": "hearing", "until": today + timedelta(days=30)} if what == "suspend" else {}
    return do.ask(
        step_id=step.pk, what=what, reason="申请人要求听证，需要先组织", by=story.holder(step), now=timezone.now(), **more
    )  # fmt: skip


def test_a_supervisor_finds_a_case_by_its_tail_and_handles_it(page, story, world, today):
    sign_in(page, login_of(world, "manager"))
    page.wait_for_url("**/desk/board")
    page.locator("#outlook canvas").wait_for()
    axe(page)
    shot(page, "supervise-board")
    page.get_by_role("link", name="期限内").click()
    page.get_by_role("link", name=story.case.number).wait_for()
    axe(page)
    shot(page, "supervise-cases")

    page.keyboard.press("f")
    page.keyboard.type(story.case.number[-4:])
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/all-cases/{story.case_id}")
    page.get_by_text("首尾相连，没有改动").wait_for()
    axe(page)
    shot(page, "supervise-case")

    follow(page.get_by_role("link", name="中止办理"))
    axe(page)
    page.get_by_label("预计到哪一天").fill((today - timedelta(days=3)).isoformat())
    page.get_by_label("理由").fill("申请人要求听证")
    page.get_by_role("button", name="中止并出具告知书").click()
    summary = page.get_by_role("alert").filter(has_text="需要修改")
    summary.wait_for()
    assert page.get_by_label("理由").input_value() == "申请人要求听证"
    axe(page)
    shot(page, "supervise-suspend-wrong")
    page.get_by_label("法定情形").select_option("hearing")
    page.get_by_label("预计到哪一天").fill((today + timedelta(days=30)).isoformat())
    page.keyboard.press("Control+Enter")
    page.get_by_text("已中止，告知书已生成").wait_for()
    assert (
        story.case.state == "suspended"
        and page.get_by_role("link", name="中止告知书").or_(page.get_by_text("中止")).first.is_visible()
    )
    shot(page, "supervise-suspended")

    page.get_by_role("link", name="恢复办理").click()
    page.get_by_label("理由").fill("听证已经结束")
    page.get_by_role("button", name="恢复并出具通知").click()
    page.get_by_text("新的到期日已推算").wait_for()
    due = story.case.due_on

    follow(page.get_by_role("link", name="延长期限"))
    axe(page)
    shot(page, "supervise-extend")
    page.get_by_label("延长多少").fill("2")
    page.get_by_label("理由").fill("案情复杂，需要补充调查")
    page.get_by_role("button", name="延长并告知申请人").click()
    page.get_by_text("已延长，通知书已生成").wait_for()
    assert story.case.due_on > due

    before = story.open_step().user_id
    page.get_by_role("link", name="重新派件").click()
    page.get_by_label("理由").fill("原审核人临时公出")
    page.get_by_role("button", name="收回并重新抽取").click()
    page.get_by_text("重新抽取的结果").wait_for()
    step = story.open_step()
    assert step.attempt == 2 and step.user_id != before
    page.get_by_text("原审核人临时公出").wait_for()
    page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    shot(page, "supervise-whole")
    axe(page)


def test_a_supervisor_settles_an_ask(page, story, world, today):
    ask(story, today)
    sign_in(page, login_of(world, "manager"))
    follow(page.get_by_role("link", name="待答复请求").last)
    axe(page)
    shot(page, "supervise-asks")
    page.get_by_role("link", name="答复").last.click()
    page.get_by_label("不同意", exact=True).check()
    page.get_by_role("button", name="答复").click()
    page.get_by_role("alert").filter(has_text="不同意的理由").wait_for()
    axe(page)
    shot(page, "supervise-settle")
    page.get_by_label("同意", exact=True).check()
    page.get_by_role("button", name="答复").click()
    page.wait_for_url(f"**/all-cases/{story.case_id}")
    assert story.case.state == "suspended"


def test_an_application_is_refused_in_writing_and_a_waiting_one_says_why(open_page, live, world, today):
    for number in range(1, 5):
        Load.objects.update_or_create(user_id=world.users[f"reviewer-{number}"], defaults={"open": 10_000})
    day = (today - timedelta(days=1)).isoformat()
    waits, fresh = Story(world, day=day), Story(world, day=day)
    waits.receive()
    waits.accept()
    fresh.receive(time="11:00")
    page = open_page(PHONE)
    sign_in(page, login_of(world, "manager"), to="/desk/waiting")
    page.get_by_text("4 人在办件数已达上限").wait_for()
    axe(page)
    shot(page, "supervise-waiting")
    page.goto(f"/desk/all-cases/{fresh.case_id}")
    follow(page.get_by_role("link", name="不予受理"))
    axe(page)
    shot(page, "supervise-refuse")
    page.get_by_label("依法不属于本机关职权范围").check()
    page.get_by_label("应向哪个机关申请").fill("云岭市示例管理局")
    page.get_by_label("理由", exact=True).fill("该许可由示例管理局负责")
    page.get_by_role("button", name="作出不予受理决定").click()
    page.get_by_text("决定书已生成").wait_for()
    assert fresh.case.state == "not_accepted"


def test_a_supervisor_of_another_hall_finds_an_empty_hall(page, story, world):
    sign_in(page, login_of(world, "manager-elsewhere"))
    page.get_by_text("现在没有在办件").wait_for()
    axe(page)
    shot(page, "supervise-board-empty")
    page.keyboard.press("f")
    page.keyboard.type(story.case.number)
    page.keyboard.press("Enter")
    page.get_by_text("没有找到").wait_for()
    shot(page, "supervise-not-found")
    assert page.goto(f"/desk/all-cases/{story.case_id}").status == 404
