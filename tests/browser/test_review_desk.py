"""The reviewer's and approver's desk in a real browser: with hands on the keyboard, from the next case to the decision."""

import re

import pytest
from PIL import Image, ImageDraw

from linli.domains.cases import commands as do
from linli.domains.cases.queries import Ask, Decision, Step
from linli.domains.documents.commands import store_file
from linli.testing.browser import PHONE, axe, login_of, shot, sign_in
from linli.testing.story import PERMIT, Story, at

pytestmark = pytest.mark.browser
PERSONAL = "startup-social-subsidy"


@pytest.fixture(autouse=True)
def _morning(monkeypatch):
    monkeypatch.setattr("linli.web.middleware.timezone.now", lambda: at("2026-03-03 10:00"))


def scan(text: str, kind: str = "PNG"):
    """A page with writing on it, as a window scans it."""
    from io import BytesIO

    page, out = Image.new("RGB", (900, 1200), "white"), BytesIO()
    draw = ImageDraw.Draw(page)
    for n in range(12):
        draw.text((90, 120 + n * 70), f"{text} {n}", fill="black", font_size=40)
    page.save(out, kind)
    out.seek(0)
    return out


def told(world, item: str = PERMIT, *, time: str = "10:00", files: bool = True) -> Story:
    """A case in review, with two pictures and a PDF of its first material."""
    story = Story(world, item)
    story.receive(time=time)
    by, now = story.who("clerk"), at(f"2026-03-02 {time}")
    if files:
        first = next(m.code for m in story.standard.materials if not m.from_departments)
        names = ("a.png", "b.png", "c.pdf")
        scans = tuple(
            (store_file(content=scan(f"page {name}", name[-3:].upper()), declared_name=name, by=by, now=now), name)
            for name in names
        )
        do.hand_in(case_id=story.case_id, material=do.Handed(first, do.Received.UPLOADED, scans), by=by, now=now)
    story.accept(time=time)
    return story


def name_of(story: Story, step: Step | None = None) -> str:
    step = step or story.open_step()
    return next(n for n, u in story.world.users.items() if u == step.user_id)


def opinion(story: Story, *, approve: bool = True) -> None:
    step = story.open_step()
    do.give_opinion(
        step_id=step.pk, approve=approve, opinion="经审查，材料齐全，符合法定形式。", links_done=story.links(step), by=story.holder(step),
        now=at("2026-03-02 15:00"),
    )  # fmt: skip


def at_step(page, step: Step) -> None:
    page.wait_for_url(f"**/desk/review/{step.pk}")


def test_a_reviewer_works_through_a_case_with_the_keyboard_alone(page, world):
    story = told(world)
    step = story.open_step()
    sign_in(page, login_of(world, name_of(story)), to="/desk/review")
    axe(page)
    shot(page, "review-mine")
    page.keyboard.press("n")
    at_step(page, step)
    axe(page)
    shot(page, "review-sheet")
    place = page.locator("[data-viewer-place]")
    total = int(place.inner_text().split("/")[1])
    assert place.inner_text().startswith("1 /") and total > 2
    picture = page.locator("[data-current] [data-picture]").first
    assert picture.evaluate("p => p.complete && p.naturalWidth") == 900
    page.keyboard.press("=")
    page.keyboard.press("r")
    assert picture.evaluate("p => [p.style.width, p.style.rotate]") == ["150%", "90deg"]
    page.keyboard.press("j")
    assert place.inner_text().startswith("2 /")
    page.keyboard.press("k")
    page.keyboard.press("k")
    assert place.inner_text().startswith(f"{total} /")
    page.keyboard.press("l")
    page.keyboard.press("a")
    page.keyboard.press("o")
    page.keyboard.type("材料齐全，现场核查属实。")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/desk/review")
    page.get_by_text("已提出同意的意见").wait_for()
    page.get_by_text("没有等您办理的办件").first.wait_for()
    step.refresh_from_db()
    assert (step.proposal, step.opinion) == ("approve", "材料齐全，现场核查属实。")
    axe(page)
    shot(page, "review-empty")


def test_a_second_reviewer_sees_the_first_opinion_and_joins_it(page, world):
    story = told(world)
    opinion(story)
    step = story.open_step()
    assert step.kind == "second_review"
    sign_in(page, login_of(world, name_of(story)), to=f"/desk/review/{step.pk}")
    page.get_by_text("经审查，材料齐全，符合法定形式。").wait_for()
    axe(page)
    shot(page, "review-joint")
    for key in ("l", "a", "Control+Enter"):
        page.keyboard.press(key)
    page.wait_for_url("**/desk/review")
    assert story.open_step().kind == "decide"


def test_an_approver_grants_by_keyboard_and_is_led_to_the_next(page, world):
    """Two cases: after the first decision the second one opens by itself."""
    stories = [told(world, time=time, files=False) for time in ("10:00", "10:10")]
    for story in stories:
        opinion(story)
        opinion(story)
    holders = [name_of(story) for story in stories]
    story, step = stories[0], stories[0].open_step()
    sign_in(page, login_of(world, holders[0]), to=f"/desk/review/{step.pk}")
    for key in ("l", "a", "Control+Enter"):
        page.keyboard.press(key)
    page.get_by_role("heading", name="核对决定全文").wait_for()
    axe(page)
    shot(page, "review-confirm")
    assert not Decision.objects.exists()
    page.keyboard.press("Control+Enter")
    if holders[1] == holders[0]:
        at_step(page, stories[1].open_step())
    else:
        page.wait_for_url("**/desk/review")
    page.get_by_text("已决定准予").wait_for()
    assert Decision.objects.get(case_id=story.case_id).approved


def test_an_approver_refuses_with_facts_reasons_and_remedies(page, world):
    story = told(world, files=False)
    opinion(story)
    opinion(story, approve=False)
    step = story.open_step()
    sign_in(page, login_of(world, name_of(story)), to=f"/desk/review/{step.pk}")
    page.keyboard.press("l")
    page.keyboard.press("x")
    page.keyboard.press("Control+Enter")
    summary = page.get_by_role("alert").filter(has_text="需要修改")
    assert "应当写明查明的事实" in summary.inner_text()
    axe(page)
    shot(page, "review-refuse-wrong")
    page.get_by_label("查明的事实").fill("经查，申请单位注册资本未达到法定数额。")
    page.get_by_label(re.compile("^理由")).fill("不符合《劳务派遣行政许可实施办法》第七条规定的条件。")
    page.keyboard.press("Control+Enter")
    page.get_by_role("heading", name="核对决定全文").wait_for()
    page.get_by_text("行政复议").wait_for()
    shot(page, "review-confirm-refusal")
    page.keyboard.press("e")
    assert page.get_by_label("查明的事实").input_value() == "经查，申请单位注册资本未达到法定数额。"
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="作出不予批准决定").click()
    page.wait_for_url("**/desk/review")
    kept = Decision.objects.get(case_id=story.case_id)
    assert not kept.approved and "行政诉讼" in kept.remedies


def test_a_suspension_is_asked_for_and_the_answer_is_read(page, world):
    story = told(world, files=False)
    step = story.open_step()
    sign_in(page, login_of(world, name_of(story)), to=f"/desk/review/{step.pk}")
    page.keyboard.press("q")
    page.wait_for_url("**/ask")
    assert not page.get_by_label("法定事由", exact=True).is_visible()
    axe(page)
    page.keyboard.press("1")
    page.get_by_label("法定事由", exact=True).select_option("inspection")
    page.get_by_label("预计到哪一天").fill("2026-03-20")
    page.get_by_label("具体理由").fill("需到经营场所现场核查。")
    shot(page, "review-ask")
    page.keyboard.press("Control+Enter")
    at_step(page, step)
    page.get_by_text("等待答复").wait_for()
    ask = Ask.objects.get()
    do.settle_ask(ask_id=ask.pk, grant=True, answer="", by=story.who("manager"), now=at("2026-03-03 10:00"))
    page.reload()
    page.get_by_text("本案已中止，暂不能提出意见或作出决定").wait_for()
    axe(page)
    shot(page, "review-suspended")
    page.goto("/desk/review?show=suspended")
    page.get_by_text("已暂停计时").wait_for()


def test_a_number_is_covered_again_and_a_settled_material_leaves_the_opinion_alone(page, world):
    story = told(world, PERSONAL, files=False)
    step = story.open_step()
    sign_in(page, login_of(world, name_of(story)), to=f"/desk/review/{step.pk}")
    number = page.locator("#whole-applicant")
    masked = number.locator("#whole-applicant-value").inner_text()
    number.locator("summary").click()
    number.get_by_role("button", name=re.compile("显示")).click()
    whole = page.locator("#whole-applicant [data-conceal]")
    whole.wait_for()
    assert len(whole.inner_text()) == 18 and whole.inner_text() != masked
    page.get_by_label(re.compile("^意见")).fill("先写一半")
    owed = story.case.materials.filter(state="owed").order_by("code").first()
    page.locator(f'[data-show="m-{owed.code}"]').click()
    piece = page.locator(f"#m-{owed.code}")
    piece.get_by_role("button", name="登记已核验").click()
    piece.get_by_text("请写明核验的部门和方式").wait_for()
    piece.get_by_label(re.compile("核验的部门和方式")).fill("市场监督管理局，公示系统查询")
    piece.get_by_role("button", name="登记已核验").click()
    piece.get_by_text("经部门核验").wait_for()
    axe(page)
    assert page.get_by_label(re.compile("^意见")).input_value() == "先写一半"
    shot(page, "review-settled")
    page.locator("h1").click()  # out of the field
    for key in ("l", "a", "Control+Enter"):
        page.keyboard.press(key)
    page.wait_for_url("**/desk/review")
    step.refresh_from_db()
    assert step.opinion == "先写一半"


def test_without_scripts_a_case_is_judged_on_a_phone(open_page, world):
    story = told(world)
    step = story.open_step()
    page = open_page(PHONE, scripts=False)
    sign_in(page, login_of(world, name_of(story)), to=f"/desk/review/{step.pk}")
    assert page.locator("[data-piece]:visible").count() == len(story.standard.materials)
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("radio", name="同意", exact=True).check()
    page.get_by_role("button", name="提交意见").click()
    page.wait_for_url("**/desk/review")
    step.refresh_from_db()
    assert step.state == "done"
