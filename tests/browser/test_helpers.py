"""What the scripts add: keys, palette, saving, undo, warnings, files, signatures, and one submission for one press."""

import re

import pytest
from playwright.sync_api import expect

from linli.testing.browser import PHONE, axe, make_login, shot, sign_in
from linli.web.tests import urls as addresses

pytestmark = pytest.mark.browser


@pytest.fixture
def site(live, settings):
    settings.ROOT_URLCONF = "linli.web.tests.urls"
    addresses.SENT.clear()
    addresses.SAVED.clear()
    return live


@pytest.fixture
def work(site, page):
    sign_in(page, make_login("wang", "window-clerk"), to="/t/work")
    return page


def test_keys_work_and_are_listed_and_rest_while_somebody_types(site, page):
    sign_in(page, make_login("wang", "window-clerk"), to="/t/desk")
    page.keyboard.press("x")
    dialog = page.get_by_role("dialog", name="键盘快捷键")
    dialog.get_by_role("row", name="X 做").wait_for()
    axe(page)
    page.get_by_label("使用单个字母的快捷键").uncheck()
    page.get_by_role("button", name="关闭").click()
    page.keyboard.press("x")
    assert dialog.is_hidden()
    page.reload()
    page.keyboard.press("/")
    assert page.get_by_role("dialog", name="查找").is_hidden()


def test_the_palette_finds_pages_by_initials_and_follows_the_arrows(site, page):
    from linli.web import navigation

    before = dict(navigation._entries)
    navigation.register(
        navigation.Entry("desk", "我的账号", "account:home", "user"), navigation.Entry("desk", "组件库", "ui:gallery", "table")
    )
    try:
        sign_in(page, make_login("wang", "window-clerk"), to="/t/desk")
        page.keyboard.press("/")
        options = page.get_by_role("option")
        options.nth(1).wait_for()
        axe(page)
        assert options.nth(0).get_attribute("aria-selected") == "true"
        page.keyboard.press("ArrowDown")
        assert page.get_by_role("combobox").get_attribute("aria-activedescendant") == options.nth(1).get_attribute("id")
        page.keyboard.type("zjk")
        expect(options).to_have_count(1)
        page.keyboard.press("Enter")
        page.wait_for_url("**/ui/")
    finally:
        navigation._entries.clear()
        navigation._entries.update(before)


def test_a_form_saves_itself_and_says_when(work):
    work.get_by_label("甲").fill("写了一半")
    work.get_by_text(re.compile(r"已保存 \d\d:\d\d")).wait_for()
    assert addresses.SAVED[-1] == "写了一半"


def test_saving_that_fails_says_so_and_tries_again(work):
    work.route("**/t/save", lambda route: route.abort())
    work.get_by_label("甲").fill("x")
    work.get_by_text("还没有保存，正在重试").wait_for()
    work.get_by_text("服务暂时连不上").wait_for()
    work.unroute("**/t/save")
    work.get_by_text(re.compile("已保存")).wait_for()
    assert work.locator("#l-connection").is_hidden()


def test_a_double_click_sends_once_and_what_was_done_can_be_undone(work):
    work.get_by_role("button", name="提交", exact=True).dblclick()
    work.get_by_text("已受理。").wait_for()
    assert len(addresses.SENT) == 1
    axe(work)
    shot(work, "toast")
    work.keyboard.press("u")
    work.get_by_text("已撤销。").wait_for()


def test_an_error_of_a_fragment_is_told_and_what_was_typed_stays(work):
    work.get_by_label("甲").fill("还在")
    work.get_by_role("button", name="出错").click()
    work.get_by_text("这一条刚被别人改过。").wait_for()
    work.get_by_text("页面上填写的都还在").wait_for()
    assert work.get_by_label("甲").input_value() == "还在"
    axe(work)
    shot(work, "fragment-error")


def test_long_numbers_are_read_back_in_groups(work):
    work.get_by_label("乙").fill("11010519491231002X")
    work.get_by_text("110105 19491231 002X · 18 位").wait_for()


def test_a_file_is_checked_when_it_is_chosen(work):
    chooser = work.locator('input[name="f"]')
    chooser.set_input_files({"name": "a.exe", "mimeType": "application/x-exe", "buffer": b"x"})
    work.get_by_text("a.exe 不是可以上传的类型").wait_for()
    chooser.set_input_files({"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"x" * 1_200_000})
    work.get_by_text("a.pdf 有 1.1 MB，超过 1 MB").wait_for()
    chooser.set_input_files({"name": "b.pdf", "mimeType": "application/pdf", "buffer": b"x" * 1000})
    work.get_by_text("b.pdf · 0.0 MB").wait_for()
    assert chooser.evaluate("e => e.files.length") == 1


def test_a_photograph_is_taken_with_the_camera(work):
    work.get_by_role("button", name="打开摄像头").click()
    dialog = work.get_by_role("dialog", name="拍照")
    work.wait_for_timeout(500)
    axe(work)
    dialog.get_by_role("button", name="拍照").click()
    work.get_by_alt_text("已拍的照片").wait_for()
    assert work.locator('input[name="p"]').evaluate("e => e.files[0].type") == "image/jpeg"
    assert dialog.is_hidden()


def test_a_signature_is_drawn_undone_and_can_be_replaced(work):
    pad = work.get_by_role("img", name=re.compile("签名区"))
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    for y in (0.4, 0.6):
        work.mouse.move(box["x"] + 30, box["y"] + box["height"] * y)
        work.mouse.down()
        work.mouse.move(box["x"] + 200, box["y"] + box["height"] * y, steps=5)
        work.mouse.up()
    data = work.locator('input[name="s"]')
    work.get_by_text("已签名").wait_for()
    assert data.input_value().startswith("data:image/png;base64,")
    for _ in range(2):
        work.get_by_role("button", name="撤销一笔").click()
    assert data.input_value() == "" and work.get_by_text("还没有签名").is_visible()
    work.get_by_text("无法签名？").click()
    work.get_by_label("由在场的见证人代签").check()


def test_rows_are_added_and_removed(work):
    work.get_by_role("button", name="加一行").click()
    assert work.locator('input[name="kin-1-name"]').evaluate("e => e === document.activeElement")
    work.get_by_role("button", name="删除这一行").first.click()
    assert work.locator('[name^="kin-"]').count() == 1
    work.get_by_role("button", name="加一行").click()
    work.locator('input[name="kin-2-name"]').wait_for()


def test_copying_says_so(work):
    work.context.grant_permissions(["clipboard-read", "clipboard-write"])
    work.get_by_role("button", name="复制编号").click()
    work.get_by_text("已复制").wait_for()
    assert work.evaluate("navigator.clipboard.readText()") == "42"


def test_a_number_is_shown_for_a_reason_and_covered_again(work):
    work.clock.install()
    work.locator("#m summary").click()
    work.get_by_role("button", name="显示 30 秒").click()
    work.get_by_text("12342").wait_for()
    work.clock.run_for(31_000)
    assert work.locator("#m").inner_text() == "1***2"


def test_a_lost_connection_says_so(work):
    work.context.set_offline(True)
    work.get_by_text("网络断开了").wait_for()
    axe(work)
    shot(work, "offline-banner")
    work.context.set_offline(False)
    work.get_by_text("已重新连上").wait_for()


def test_the_end_of_a_session_is_announced_and_can_be_put_off(site, open_page):
    page = open_page()
    page.clock.install()
    sign_in(page, make_login("wang", "window-clerk"), to="/t/work")
    page.clock.run_for(13.5 * 60_000)
    dialog = page.locator("#l-session")
    assert "15 分钟没有操作，即将自动退出" in dialog.inner_text() and "还有" in dialog.inner_text()
    axe(page)
    shot(page, "session")
    page.get_by_role("button", name="继续使用").click()
    page.get_by_text("已保持登录").wait_for()
    assert dialog.is_hidden()
    page.clock.run_for(16 * 60_000)
    assert "已自动退出" in dialog.inner_text() and page.get_by_role("link", name="在新窗口登录").is_visible()
    page.get_by_role("button", name="回到页面").click()
    assert dialog.is_hidden()


@pytest.mark.parametrize("kind", ["invalid", "not_allowed", "not_found", "conflict", "unavailable", "bug", "database"])
def test_error_pages_are_clean_and_can_be_read(site, open_page, kind):
    make_login("wang", "window-clerk")
    page = open_page(PHONE)
    page.goto(f"/t/trouble/{kind}")
    axe(page)
    shot(page, f"error-{kind}")
    page.get_by_text(re.compile("告诉我们编号")).wait_for()
    site.trouble[:] = [t for t in site.trouble if not t.startswith(("500", "503"))]


def test_the_page_without_network_is_clean(page):
    page.goto("/offline")
    axe(page)
    shot(page, "offline")


def test_the_first_visit_to_the_portal_is_light(page):
    bodies = []
    page.on("requestfinished", lambda request: bodies.append(request.sizes()["responseBodySize"]))
    page.goto("/login")
    page.wait_for_load_state("networkidle")
    assert sum(bodies) < 100_000, bodies
