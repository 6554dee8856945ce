"""From the decision to the hand-over in a real browser: issuer, window, another system, and a paper taken back."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.utils import timezone

from linli.domains.cases import commands as do
from linli.domains.cases.queries import State
from linli.domains.documents.queries import documents_of, verify
from linli.testing.browser import PHONE, axe, follow, login_of, shot, sign_in
from linli.testing.story import Story

pytestmark = pytest.mark.browser


def decided(world, **kw):
    story = Story(world)
    story.receive()
    story.accept()
    story.review(**kw)
    return story


def aside(work):
    """Do something in a thread of its own: signing needs one without the event loop that the browser keeps in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()
        pool.submit(connections.close_all).result()


def issued(world):
    story = decided(world)
    aside(story.issue)
    return story


def draw(page):
    """A signature with the mouse."""
    pad = page.locator("canvas.l-pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 100)
    page.mouse.down()
    for x, y in ((90, 40), (140, 120), (200, 60), (260, 110)):
        page.mouse.move(box["x"] + x, box["y"] + y, steps=4)
    page.mouse.up()


def test_the_issuer_takes_the_next_looks_seals_and_goes_on_by_keyboard(page, world):
    first, second = decided(world), decided(world, approve=False)
    sign_in(page, login_of(world, "issuer"))
    page.wait_for_url("**/desk/issue/")  # where an issuer begins
    axe(page)
    shot(page, "issue-queue")
    page.keyboard.press("n")
    page.wait_for_url(f"**/desk/issue/{first.case_id}/")
    axe(page)
    shot(page, "issue-case")
    page.keyboard.press("p")
    page.get_by_text("结果文书已制作").wait_for()
    pictures = page.locator("a.l-sheet img")
    assert pictures.count() == 2
    for n in range(2):
        pictures.nth(n).scroll_into_view_if_needed()
        assert page.wait_for_function("i => i.complete && i.naturalWidth > 700", arg=pictures.nth(n).element_handle())
    axe(page)
    shot(page, "issue-prepared")
    page.keyboard.press("Control+Enter")
    page.get_by_text(re.compile("已于 .* 出件")).wait_for()
    assert first.case.state == State.ISSUED
    axe(page)
    shot(page, "issue-issued")
    page.keyboard.press("n")
    page.wait_for_url(f"**/desk/issue/{second.case_id}/")
    page.get_by_text("救济途径", exact=True).wait_for()
    shot(page, "issue-rejection")
    page.goto("/desk/issue/?outcome=approved")
    page.get_by_text("没有符合条件的办件").wait_for()
    axe(page)
    shot(page, "issue-queue-nothing")


def test_a_clerk_hands_over_for_a_signature_and_prints_the_receipt(page, world):
    story = issued(world)
    sign_in(page, login_of(world, "clerk"), to="/desk/deliver/")
    axe(page)
    shot(page, "deliver-list")
    page.get_by_label("办件编号或尾号").fill(story.case.number[-6:])
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/desk/deliver/{story.case_id}/")
    axe(page)
    shot(page, "deliver-sign")
    page.get_by_label("代理人或经办人").check()
    page.get_by_label("领取人姓名").fill("阿卜杜热合曼·买买提依明")
    page.keyboard.press("Control+Enter")
    summary = page.get_by_role("alert").filter(has_text="请领取人签名")
    summary.wait_for()
    assert page.get_by_label("领取人姓名").input_value() == "阿卜杜热合曼·买买提依明"
    axe(page)
    shot(page, "deliver-wrong")
    draw(page)
    with page.expect_navigation():
        page.get_by_role("button", name="确认送达").dblclick()  # one hand-over all the same
    page.get_by_text(re.compile("已于 .* 送达")).wait_for()
    page.get_by_text("阿卜杜热合曼·买买提依明（代理人）").wait_for()
    axe(page)
    shot(page, "deliver-done")
    assert [d.kind for d in documents_of(story.case_id)].count("delivery_receipt") == 1
    answer = page.request.get(page.get_by_role("link", name="打印送达回证").get_attribute("href"))
    assert answer.ok and answer.body().startswith(b"%PDF")


def test_the_code_of_receipt_on_a_phone_without_scripts(open_page, world):
    story = issued(world)
    page = open_page(PHONE, scripts=False)
    sign_in(page, login_of(world, "second-clerk"), to=f"/desk/deliver/{story.case_id}/")
    page.get_by_role("link", name="领取码领取").click()
    page.get_by_label("领取码", exact=True).fill("12345")
    page.get_by_role("button", name="确认送达").click()
    page.get_by_role("alert").get_by_text("领取码为 6 位数字").wait_for()
    page.get_by_label("领取码", exact=True).fill(story.case.receipt_code.open())
    page.get_by_label("本人（单位由法定代表人）").check()
    page.get_by_label("领取人姓名").fill("孙示例")
    page.get_by_role("button", name="确认送达").click()
    page.get_by_text(re.compile("已于 .* 送达")).wait_for()
    assert story.case.delivery.proof == "code"


def test_the_other_ways_of_handing_over_look_as_they_should(page, world):
    story = issued(world)
    sign_in(page, login_of(world, "issuer"), to=f"/desk/deliver/{story.case_id}/?way=post")
    axe(page)
    shot(page, "deliver-post")
    page.goto(f"/desk/deliver/{story.case_id}/?way=code")
    shot(page, "deliver-code")
    page.goto(f"/desk/deliver/{story.case_id}/?way=electronic")
    axe(page)
    shot(page, "deliver-electronic")


def test_a_case_of_another_system_goes_through_the_hands_of_four(open_page, world):
    story = Story(world, item="card-application")
    story.receive()

    def at_it(name, picture):
        tab = open_page()
        sign_in(tab, login_of(world, name), to="/desk/external/")
        axe(tab)
        shot(tab, f"external-list-{picture}")
        follow(tab.locator(f'a[href="/desk/external/{story.case_id}/"]'))
        axe(tab)
        shot(tab, f"external-{picture}")
        return tab

    clerk = at_it("clerk", "accept")
    clerk.get_by_label("外部系统的办件编号").fill("SBK-20260302-000017")
    clerk.keyboard.press("Control+Enter")
    clerk.get_by_text("已登记“受理”").wait_for()
    first = at_it("reviewer-1", "take-over")
    assert story.case.number not in first.content()
    first.keyboard.press("Control+Enter")
    first.get_by_text("“审核”不能由您登记").wait_for()
    axe(first)
    shot(first, "external-own")
    second = at_it("reviewer-2", "review")
    second.get_by_label("准予", exact=True).check()
    second.keyboard.press("Control+Enter")
    second.get_by_text("已登记“审核”").wait_for()
    issuer = at_it("issuer", "issue")
    issuer.keyboard.press("Control+Enter")
    issuer.get_by_text("各环节都已登记").wait_for()
    shot(issuer, "external-done")
    issuer.keyboard.press("s")
    issuer.wait_for_url(f"**/desk/deliver/{story.case_id}/")
    shot(issuer, "deliver-external")


def test_a_leader_finds_a_paper_in_the_ledger_and_declares_it_void(page, world):
    story = issued(world)
    paper = next(d for d in documents_of(story.case_id) if d.kind == "result_certificate")
    sign_in(page, login_of(world, "leader"), to="/desk/seals/uses/")
    axe(page)
    shot(page, "ledger")
    follow(page.get_by_role("link", name="印章", exact=True))
    axe(page)
    shot(page, "seals")
    page.goto("/desk/seals/uses/?day=2026-01-01")
    shot(page, "ledger-nothing")
    page.goto("/desk/seals/uses/")
    follow(page.get_by_role("link", name=re.compile(re.escape(paper.title))).first)
    axe(page)
    shot(page, "paper")
    page.get_by_role("button", name="作废文书").click()
    axe(page)
    page.get_by_label("作废原因").fill("证书中的有效期写错，2026-03-03 由申请人指出。")
    page.get_by_label("法律依据").fill("《中华人民共和国行政许可法》第六十九条第一款")
    page.get_by_role("button", name="作废文书").click()
    page.get_by_text(re.compile("已于 .* 作废")).wait_for()
    axe(page)
    shot(page, "paper-void")
    assert verify(paper.code).state == "revoked"


def test_a_closed_case_still_shows_its_receipt(page, world):
    story = issued(world)
    story.deliver()
    do.close_case(case_id=story.case_id, now=timezone.now())
    sign_in(page, login_of(world, "clerk"), to=f"/desk/deliver/?q={story.case.number}")
    page.wait_for_url(f"**/desk/deliver/{story.case_id}/")
    page.get_by_role("link", name="打印送达回证").wait_for()
