"""What anybody does without signing in: find an item, read and print its guide, check a paper, check the record."""

import re
import subprocess
import sys
from datetime import timedelta

import pytest
from django.utils import timezone

from linli.domains.cases.commands import reveal_draws
from linli.domains.documents.commands import revoke_document
from linli.domains.documents.queries import PaperKind, documents_of, pdf
from linli.domains.trace.commands import public_folder, seal_heads
from linli.kernel.actors import system
from linli.testing.browser import DESKTOP, PHONE, TABLET, axe, login_of, shot, sign_in
from linli.testing.concurrency import at_once
from linli.testing.story import PERMIT, Story, at
from linli.web.portal.verify.views import FILES, WRONG_CODES

pytestmark = pytest.mark.browser

PAGES = ["/", "/guides", f"/guides/{PERMIT}", f"/guides/{PERMIT}/form", "/halls", "/verify", "/record/"]


@pytest.fixture(autouse=True)
def _fresh_process():
    WRONG_CODES.forget()
    FILES.forget()


@pytest.fixture
def phone(open_page):
    return open_page(PHONE)


def apart(job):
    """Do it in a thread of its own, since signing keeps an event loop and so does the browser's driver."""
    (done,) = at_once([job])
    if isinstance(done, Exception):
        raise done
    return done


@pytest.fixture
def story(world, live):
    story = Story(world)
    apart(story.whole)
    return story


@pytest.fixture
def result(story):
    return next(d for d in documents_of(story.case_id) if d.kind is PaperKind.RESULT_CERTIFICATE)


@pytest.mark.parametrize("url", PAGES)
def test_every_page_is_clean_in_both_languages_and_in_large_print(open_page, url):
    page = open_page(PHONE)
    page.goto(url)
    axe(page)
    page.evaluate("document.querySelectorAll('main details').forEach(d => d.open = true)")
    axe(page)
    for width in (PHONE, 720, TABLET, DESKTOP):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    large = open_page(PHONE, large=True)
    large.goto(url)
    axe(large, also=["color-contrast-enhanced"])
    assert large.evaluate("document.documentElement.scrollWidth") <= PHONE
    large.get_by_role("link", name=re.compile("打电话办")).wait_for()
    english = open_page(PHONE, language="en")
    english.goto(url)
    assert english.locator("html").get_attribute("lang") == "en"
    axe(english)
    page.goto(url)
    shot(page, "portal-" + (url.strip("/").replace("/", "-") or "home"))


def test_an_item_is_found_by_its_initials_read_and_printed(phone):
    phone.goto("/")
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE
    phone.get_by_label(re.compile("写下要办的事")).fill("lwpqjyxk")
    phone.keyboard.press("Enter")
    phone.wait_for_url(lambda url: "q=lwpqjyxk" in url)
    shot(phone, "portal-found")
    axe(phone)
    phone.get_by_role("link", name="劳务派遣经营许可(设立)").click()
    phone.wait_for_url(f"**/guides/{PERMIT}")
    assert phone.get_by_role("heading", level=1).inner_text() == "劳务派遣经营许可(设立)"
    phone.get_by_text("从受理的次日起算").first.wait_for()
    phone.get_by_role("link", name=re.compile("份材料")).click()
    phone.get_by_role("heading", name="要带的材料").wait_for()
    phone.get_by_text("不用您带").first.wait_for()
    url = phone.get_by_role("link", name="下载办事指南（PDF）").get_attribute("href")
    paper = phone.request.get(url)
    assert paper.body().startswith(b"%PDF")
    phone.get_by_label("您在哪里办").select_option("云岭市 · 清溪县")
    phone.get_by_role("button", name="换成这里").click()
    phone.wait_for_url(lambda url: "region=770121" in url)
    phone.locator("#where ~ ul li").first.get_by_text("清溪县政务服务大厅").wait_for()
    phone.goto("/")
    assert phone.get_by_label("您在哪里办").input_value() == "770121"


def test_it_is_found_without_scripts_too_and_nothing_found_helps(open_page):
    page = open_page(PHONE, scripts=False)
    page.goto("/")
    page.get_by_label(re.compile("写下要办的事")).fill("zzzqqq")
    page.get_by_role("button", name="查找").click()
    page.wait_for_url(lambda url: "q=zzzqqq" in url)
    page.get_by_text("没有找到对得上的事项").wait_for()
    page.get_by_role("link", name=re.compile("打电话问")).wait_for()
    shot(page, "portal-nothing-found")
    page.get_by_role("link", name="看全部事项").click()
    page.get_by_text("按类别、人群和地方筛选").click()
    page.get_by_label("谁来办").select_option("用人单位")
    page.get_by_label("只看当场办结的").check()
    page.get_by_role("button", name="筛选").click()
    page.get_by_role("link", name=re.compile("^当场办结")).click()  # the chip takes it off again
    page.wait_for_url(lambda url: "instant" not in url)
    page.get_by_role("link", name="下一页").click()
    page.wait_for_url(lambda url: "after=" in url)
    assert "who=employer" in page.url
    page.get_by_role("link", name="上一页").wait_for()


def test_addresses_that_lead_nowhere_help_onward(page):
    page.goto("/guides/no-such-item")
    axe(page)
    shot(page, "portal-not-here")
    page.get_by_role("link", name="查找事项").wait_for()
    page.goto("/no/such/page")
    axe(page)
    page.get_by_role("link", name="去首页").wait_for()


def test_a_paper_is_checked_by_its_code_and_by_its_file(phone, result, tmp_path):
    phone.goto("/")
    phone.get_by_role("link", name="核验文书", exact=True).first.click()
    phone.wait_for_url("**/verify")
    axe(phone)
    phone.get_by_label("核验码").fill(result.code.lower())
    phone.keyboard.press("Enter")
    phone.wait_for_url(f"**/verify/{result.code.lower()}")
    phone.get_by_text("这份文书是真的，现在有效").wait_for()
    phone.get_by_text("盖的是演示印章").wait_for()
    phone.get_by_text(result.number, exact=True).wait_for()
    axe(phone)
    shot(phone, "portal-verified")

    original, altered = tmp_path / "原件.pdf", tmp_path / "改过.pdf"
    original.write_bytes(pdf(result.id))
    content = bytearray(original.read_bytes())
    content[len(content) // 3] ^= 1
    altered.write_bytes(content)
    phone.locator("input[type=file]").set_input_files(str(original))
    phone.get_by_role("button", name="核对这个文件").click()
    phone.get_by_text("这个文件就是原件，一个字也没有改动。").wait_for()
    axe(phone)
    shot(phone, "portal-file-genuine")
    phone.locator("input[type=file]").set_input_files(str(altered))
    phone.get_by_role("button", name="核对这个文件").click()
    phone.get_by_text("这个文件被改动过").wait_for()
    axe(phone)
    shot(phone, "portal-file-altered")
    phone.get_by_role("button", name="核对这个文件").click()
    phone.get_by_role("link", name=re.compile("请选择")).wait_for()
    shot(phone, "portal-file-missing")
    axe(phone)

    revoke_document(
        document_id=result.id, reason="送达后发现有误", legal_basis="《中华人民共和国行政许可法》第六十九条",
        by=system("documents.revoke", "cases.decide"), now=timezone.now(),
    )  # fmt: skip
    phone.goto(f"/verify/{result.code}")
    phone.get_by_text("这份文书已作废").wait_for()
    phone.get_by_text("《中华人民共和国行政许可法》第六十九条").wait_for()
    axe(phone)
    shot(phone, "portal-revoked")


def test_a_wrong_code_helps_and_guessing_is_slowed_down(phone):
    phone.goto("/verify")
    phone.get_by_label("核验码").fill("ABCD-EFGH-JKMN")
    phone.get_by_role("button", name="核验").first.click()
    phone.get_by_role("heading", name="没有这个核验码").wait_for()
    assert phone.get_by_label("核验码").input_value() == "ABCD-EFGH-JKMN"
    axe(phone)
    shot(phone, "portal-unknown")
    for _ in range(WRONG_CODES.times):
        WRONG_CODES.count("127.0.0.1", timezone.now())
    phone.goto("/verify/ABCD-EFGH-JKMN")
    phone.get_by_role("heading", name="请稍等再试").wait_for()
    axe(phone)
    shot(phone, "portal-wait")


def run(folder, *arguments):
    """An outsider's Python, which knows nothing of ours."""
    return subprocess.run([sys.executable, "-I", "-S", *arguments], cwd=folder, capture_output=True, text=True, timeout=120)


def test_the_record_is_fetched_and_verified_by_an_outsider(page, world, story, tmp_path):
    for name in ("roots.jsonl", "draws.jsonl"):  # of other tests' databases
        (public_folder() / name).unlink(missing_ok=True)
    apart(lambda: seal_heads(now=at(f"{story.day} 23:59")))
    reveal_draws(by=system(), now=at(f"{story.day} 10:00") + timedelta(days=1))
    sign_in(page, login_of(world, "manager"), to="/record/")
    axe(page)
    shot(page, "portal-record-staff")
    for name in ("roots.jsonl", "linli-root.pem", "draws.jsonl", "verify_case.py", "verify_draws.py"):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        download.value.save_as(tmp_path / name)
    page.get_by_label("办件编号").fill(story.case.number)
    with page.expect_download() as download:
        page.get_by_role("button", name="导出证明").click()
    download.value.save_as(tmp_path / "proof.json")
    case = run(tmp_path, "verify_case.py", "proof.json", "roots.jsonl", "linli-root.pem")
    assert case.returncode == 0, case.stdout + case.stderr
    assert "stamp holds" in case.stdout
    draws = run(tmp_path, "verify_draws.py", "draws.jsonl")
    assert draws.returncode == 0, draws.stdout + draws.stderr
    assert re.search(r"OK: [1-9]\d* draws", draws.stdout)
    page.get_by_label("办件编号").fill("770100000000000000000X")
    page.get_by_role("button", name="导出证明").click()
    page.get_by_role("alert").filter(has_text="770100000000000000000X").wait_for()
    assert page.get_by_label("办件编号").input_value() == "770100000000000000000X"
    axe(page)
