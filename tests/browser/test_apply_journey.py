"""A resident on a phone: from the guide to the receipt, with the network cut at every step, in large print and without scripts."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connections
from django.utils import timezone

from linli.cli.demo.forms import filled
from linli.domains.cases import commands as do
from linli.domains.cases.queries import Case, State
from linli.domains.catalog.queries import get_standard
from linli.domains.trace.queries import timeline
from linli.testing.browser import PHONE, axe, follow, login_of, shot, sign_in, sign_in_resident
from linli.testing.story import picture
from linli.web.itemform import PREFIX

CLAIM = "flexible-social-subsidy"
UPLOAD = "gap-payment"


@pytest.fixture
def phone(open_page, world):
    page = open_page(PHONE)
    sign_in_resident(page, world, "applicant", to="/")
    return page


def fill_in(page, case):
    """Type what a page asks for, as far as it is not there yet."""
    values = filled(get_standard(case.standard_id))
    for control in page.locator(f"main [name^={PREFIX}]:visible").all():
        name, kind = control.get_attribute("name"), control.evaluate("e => e.tagName + ':' + e.type")
        field = name.removeprefix(PREFIX).split("-")[0]
        value = values.get(field, "1")
        if isinstance(value, list):
            value = value[0] if value else "1"
        if kind.startswith("SELECT"):
            control.select_option(str(value)) if control.locator(f'option[value="{value}"]').count() else control.select_option(
                index=1
            )
        elif "checkbox" in kind:
            control.check()
        elif not control.input_value():
            control.fill(str(value))


def on(page):
    page.get_by_role("button", name=re.compile("下一步|交上，继续|签署承诺|提交申请|开始填写|都对")).first.click()


def turn(page):
    """The same without scripts, where each press leads to another page."""
    with page.expect_navigation():
        on(page)


def case_of(page):
    return Case.objects.get(pk=re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", page.url)[0])


def step(page, case, look):
    """Do what one page asks for, up to the press of its button."""
    look(page)
    if page.locator("[name=applies]").count():
        page.get_by_label(re.compile("^是")).check()
    elif page.locator("[name=photo]").count() and not page.locator(".p-files").count():
        if page.get_by_role("link", name="看看承诺的内容").count():
            page.get_by_role("link", name="看看承诺的内容").click()
            page.wait_for_url("**/commit")
            look(page)
            page.get_by_label("我看明白了").check()
            page.get_by_label(re.compile("完整输入您的姓名")).fill("赵示例")
        else:
            page.locator("[name=photo]").set_input_files(
                {"name": "证明.png", "mimeType": "image/png", "buffer": picture(page.url).read()}
            )
    else:
        fill_in(page, case)


def walk(page, look, press=on):
    """Every page of an application up to the review; ``look`` sees each, ``press`` sends each."""
    case = case_of(page)
    for _n in range(40):
        page.wait_for_load_state("load")
        if page.url.endswith("/review"):
            return case
        step(page, case, look)
        before = page.url, page.locator(".p-files li").count()
        press(page)
        page.wait_for_function(
            "([url, files]) => location.href !== url || document.querySelectorAll('.p-files li').length !== files", arg=list(before)
        )
    raise AssertionError("no end")


def test_a_resident_applies_on_a_phone_from_the_guide_to_the_receipt(phone, world):
    seen = []

    def look(page):
        name = page.url.split("/")[-1].split("?")[0]
        if name not in seen:
            seen.append(name)
            axe(page)
            shot(page, f"apply-{len(seen):02d}-{name}")

    phone.goto("/")
    look(phone)
    axe(phone)
    shot(phone, "apply-home")
    phone.goto("/life/retire")
    look(phone)
    phone.goto("/guides?q=失业了")
    axe(phone)
    shot(phone, "apply-search")
    phone.goto(f"/guides/{CLAIM}")
    shot(phone, "apply-guide")
    follow(phone.get_by_role("link", name="在线办理"))
    look(phone)
    on(phone)
    phone.wait_for_url("**/p/known")
    case = walk(phone, look)
    look(phone)
    phone.get_by_label("以上内容都是真的").check()
    on(phone)
    phone.wait_for_url("**/receipt")
    case.refresh_from_db()
    assert phone.get_by_text(case.number).count()
    look(phone)
    follow(phone.get_by_role("link", name="看进度"))
    axe(phone)
    shot(phone, "mine-case")
    phone.goto("/mine")
    axe(phone)
    shot(phone, "mine-list")
    phone.goto(f"/mine/{case.pk}/withdraw")
    axe(phone)
    shot(phone, "mine-withdraw")
    phone.goto(f"/mine/{case.pk}/code")
    phone.get_by_role("button", name="取接着办码").click()
    phone.get_by_role("button", name="换一个新码").wait_for()
    axe(phone)
    shot(phone, "mine-code")
    phone.goto("/mine/code")
    phone.get_by_label("接着办码").fill("1234 5678")
    phone.get_by_role("button", name="接着办").click()
    phone.get_by_text("没有找到这个接着办码").first.wait_for()
    axe(phone)
    shot(phone, "mine-take-over")
    clerk, now = world.actor("elsewhere", on=timezone.localdate()), timezone.now()
    do.request_correction(case_id=case.pk, missing=[do.Missing("m03", "看不清，请重新拍一张")], by=clerk, now=now)
    phone.goto(f"/mine/{case.pk}")
    axe(phone)
    shot(phone, "mine-correction")
    follow(phone.get_by_role("link", name="现在补正"))
    axe(phone)
    shot(phone, "apply-correct")


def test_in_large_print_nothing_is_cut_off(open_page, world):
    page = open_page(PHONE, large=True)
    sign_in_resident(page, world, "neighbour", to=f"/apply/item/{CLAIM}")

    def look(at):
        width = at.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE, (at.url, width)

    look(page)
    on(page)
    page.wait_for_url("**/p/known")
    case = case_of(page)
    for _n in range(40):
        if page.url.endswith("/review"):
            break
        look(page)
        if page.locator("[name=applies]").count():
            page.get_by_label(re.compile("^不是")).check()
        else:
            fill_in(page, case)
        before = page.url
        on(page)
        page.wait_for_url(lambda url, before=before: url != before)
    look(page)


@contextmanager
def cut(page):
    """No network at all."""
    page.context.set_offline(True)
    try:
        yield
    finally:
        page.context.set_offline(False)


def test_with_the_network_cut_at_every_step_nothing_is_lost_and_nothing_is_done_twice(phone, world):
    phone.goto(f"/apply/item/{CLAIM}")

    def press_without_network(page):
        with cut(page):
            on(page)
            page.locator("[data-keep-says]").filter(has_text="没有网络").wait_for()
        # The network is back: what was pressed goes on by itself.

    press_without_network(phone)
    phone.wait_for_url("**/p/known")
    case = walk(phone, lambda page: None, press_without_network)
    phone.get_by_label("以上内容都是真的").check()
    press_without_network(phone)
    phone.wait_for_url("**/receipt")
    case.refresh_from_db()
    acts = [e.act for e in timeline(case.pk)]
    assert case.state == State.SUBMITTED and Case.objects.count() == 1 and acts.count("cases.submitted") == 1


def test_an_answer_that_is_lost_on_its_way_is_asked_for_again_and_done_once(phone, world):
    phone.goto(f"/apply/item/{CLAIM}")

    def press_and_lose_the_answer(page):
        lost = []

        def lose(route):
            if route.request.method == "POST" and not lost:
                lost.append(route.fetch(max_redirects=0))  # the server did it; the phone never hears of it
                route.abort("connectionreset")
            else:
                route.continue_()

        page.route("**/*", lose)
        on(page)
        page.get_by_role("button", name="再试一次").wait_for()
        page.unroute("**/*")
        assert lost
        page.get_by_role("button", name="再试一次").click()

    press_and_lose_the_answer(phone)
    phone.wait_for_url("**/p/known")
    case = walk(phone, lambda page: None, press_and_lose_the_answer)
    phone.get_by_label("以上内容都是真的").check()
    press_and_lose_the_answer(phone)
    phone.wait_for_url("**/receipt")
    acts = [e.act for e in timeline(case.pk)]
    assert Case.objects.count() == 1 and acts.count("cases.submitted") == 1 and acts.count("cases.started") == 1
    phone.go_back()
    phone.wait_for_load_state("load")
    phone.reload()
    assert f"/mine/{case.pk}" in phone.url or "review" not in phone.url


def test_what_was_typed_without_network_is_there_after_a_reload(phone, world):
    phone.goto(f"/apply/item/{CLAIM}")
    on(phone)
    phone.wait_for_url("**/p/known")
    on(phone)
    phone.wait_for_url("**/p/form-1")
    control = phone.locator(f"main [name^={PREFIX}]:visible").first
    name = control.get_attribute("name")
    phone.context.set_offline(True)
    if control.evaluate("e => e.tagName") == "SELECT":
        control.select_option(index=1)
    else:
        control.fill("在网吧打零工")
    typed = control.input_value()
    phone.locator("[data-keep-says]").wait_for()
    phone.context.set_offline(False)
    phone.reload()
    assert phone.locator(f"[name={name}]").input_value() == typed
    phone.get_by_text("已保存").first.wait_for()


def test_a_photograph_is_made_small_before_it_is_sent(phone, world):
    import os
    from io import BytesIO

    from PIL import Image

    from linli.domains.cases.queries import MaterialFile

    phone.goto(f"/apply/item/{UPLOAD}")
    on(phone)
    phone.wait_for_url("**/p/*")
    case = case_of(phone)
    for _n in range(30):
        if phone.locator("[name=photo]").count():
            break
        if phone.locator("[name=applies]").count():
            phone.get_by_label(re.compile("^是")).check()
        else:
            fill_in(phone, case)
        before = phone.url
        on(phone)
        phone.wait_for_url(lambda url, before=before: url != before)
    out = BytesIO()
    Image.frombytes("RGB", (2600, 2000), os.urandom(2600 * 2000 * 3)).save(out, "JPEG", quality=90)
    assert len(out.getvalue()) > 4_000_000
    phone.locator("[name=photo]").set_input_files({"name": "大.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()})
    phone.wait_for_function("() => document.querySelector('[name=photo]').files[0]?.size < 4000000")
    on(phone)
    phone.locator(".p-files li").first.wait_for()
    shot(phone, "apply-photo-given")
    kept = MaterialFile.objects.get(material__case=case)
    assert kept.content_type == "image/jpeg" and kept.size < 4_000_000


def test_it_works_without_scripts(open_page, world):
    page = open_page(PHONE, scripts=False)
    sign_in_resident(page, world, "applicant", to=f"/apply/item/{CLAIM}")
    turn(page)
    case = case_of(page)
    for _n in range(40):
        if page.url.endswith("/review"):
            break
        step(page, case, lambda at: None)
        turn(page)
    page.get_by_label("以上内容都是真的").check()
    turn(page)
    assert page.url.endswith("/receipt")
    case.refresh_from_db()
    assert case.number


def test_a_clerk_takes_online_submissions_from_the_queue_by_key(phone, open_page, world):
    phone.goto(f"/apply/item/{CLAIM}")
    on(phone)
    phone.wait_for_url("**/p/known")
    case = walk(phone, lambda page: None)
    phone.get_by_label("以上内容都是真的").check()
    on(phone)
    phone.wait_for_url("**/receipt")
    desk = open_page()
    sign_in(desk, login_of(world, "elsewhere"), to="/desk/online")
    axe(desk)
    shot(desk, "desk-online")
    desk.keyboard.press("n")
    desk.wait_for_url(f"**/{case.pk}*")
    shot(desk, "desk-online-case")
    desk.keyboard.press("Control+Enter")
    desk.get_by_text("已受理").first.wait_for()
    phone.goto(f"/mine/{case.pk}")
    assert phone.get_by_text("承诺办结").count()
    axe(phone)
    shot(phone, "mine-accepted")


def test_a_clerk_goes_on_with_what_a_resident_began_by_its_code(phone, open_page, world):
    phone.goto(f"/apply/item/{CLAIM}")
    on(phone)
    phone.wait_for_url("**/p/known")
    case = case_of(phone)
    phone.goto(f"/mine/{case.pk}/code")
    phone.get_by_role("button", name="取接着办码").click()
    code = re.search(r"\d{8}", phone.locator(".p-code-shown").get_attribute("aria-label"))[0]
    desk = open_page()
    sign_in(desk, login_of(world, "clerk"), to="/desk/today")
    desk.get_by_text("工作人员").first.click()  # away from the field that a card reader types into
    desk.keyboard.press("Escape")
    desk.keyboard.press("/")
    desk.locator("#l-palette input").fill(code)
    desk.locator("#l-palette-list").get_by_text("接着办").wait_for()
    desk.locator("#l-palette input").press("Enter")
    desk.get_by_role("button", name=re.compile("接过来")).wait_for()
    axe(desk)
    shot(desk, "desk-take-over")
    desk.keyboard.press("Control+Enter")
    desk.wait_for_url(f"**/cases/{case.pk}")
    desk.get_by_role("button", name="给申请人接着办码").click()
    desk.wait_for_url("**/code")
    shot(desk, "desk-give-back")
    back = re.search(r"(\d{4}) (\d{4})", desk.locator("main").inner_text())
    phone.goto("/mine/code")
    phone.get_by_label("接着办码").fill("".join(back.groups()))
    phone.get_by_role("button", name="接着办").click()
    phone.wait_for_url("**/apply/**")


def issue_beside(story):
    """In a thread of its own: the one of the browser keeps an event loop, under which nothing can be signed."""

    def issue():
        try:
            story.issue(time="23:51")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(issue).result()


def test_a_resident_takes_the_result_over_and_reads_it(phone, world):
    """The way of a case whose result is ready: taken over with one press, read, and the record says that it was read."""
    from linli.domains.people.queries import account_of, resident_actor
    from linli.testing.online import fill, started
    from linli.testing.story import Story
    from linli.testing.world import COUNTY

    account = account_of(world.people["applicant"])
    now = timezone.now()
    me = resident_actor(account.pk, device="test")
    case_id = started(me, item=CLAIM, now=now)
    fill(me, case_id, now=now)
    do.submit_online(case_id=case_id, by=me, now=now)
    day = timezone.localdate().isoformat()
    do.accept_case(case_id=case_id, by=world.actor("elsewhere", on=timezone.localdate()), now=now)
    story = Story(world, item=CLAIM, region=COUNTY, day=day, case_id=case_id)
    phone.goto(f"/mine/{case_id}")
    shot(phone, "mine-in-review")
    story.review(time="23:50")
    issue_beside(story)
    phone.goto(f"/mine/{case_id}")
    axe(phone)
    shot(phone, "mine-issued")
    phone.get_by_role("button", name="在线领取结果").click()
    phone.get_by_text("同意您的申请").first.wait_for()
    axe(phone)
    shot(phone, "mine-delivered")
    with phone.expect_response(lambda answer: answer.url.endswith(".pdf")) as paper:
        phone.evaluate("() => { fetch(document.querySelector('a[href$=\".pdf\"]').href); }")
    assert paper.value.status == 200 and paper.value.headers["content-type"] == "application/pdf"
    acts = [e.act for e in timeline(case_id)]
    assert acts.count("cases.delivered") == 1 and "cases.paper_read" in acts
