"""A joint matter in a real browser: begun on a phone by an employer's clerk, worked by several departments, one part refused; and at a counter."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db import connections
from django.utils import timezone

from linli.domains.cases import commands as do
from linli.domains.cases.queries import Joint
from linli.domains.people.commands import register_mandate
from linli.domains.people.queries import Ground, Scope
from linli.kernel.calendar import local_date
from linli.testing.browser import PHONE, axe, follow, login_of, shot, sign_in, sign_in_resident
from linli.testing.joint import OPENING, JointStory
from linli.testing.story import filled, picture
from linli.web.itemform import PREFIX

pytestmark = pytest.mark.browser
REGISTRATION, SEAL = "enterprise-registration", "seal-filing"
GRADUATE = "bundle-graduate-employment"
LONG = "阿卜杜热合曼·买买提依明"


@pytest.fixture
def city(partners, live):
    """The invented city with other departments beside."""
    return partners


@pytest.fixture
def story(city):
    """What its departments do on the day after today's browser."""
    return JointStory(city, OPENING, day=(local_date(timezone.now()) + timedelta(days=1)).isoformat())


@pytest.fixture
def clerk_of_employer(city):
    register_mandate(
        principal_id=city.people["employer"], is_employer=True, agent_id=city.people["agent"],
        scopes=(Scope.APPLY, Scope.READ, Scope.COLLECT), items=(), last_day=local_date(timezone.now()) + timedelta(days=30),
        ground=Ground.COMPANY_CLERK, evidence="授权委托书原件", by=city.actor("clerk", on=local_date(timezone.now())), now=timezone.now(),
    )  # fmt: skip
    return "agent"


def fill_in(page, values):
    """Type what a page asks for, as far as it is not there yet."""
    for control in page.locator(f"main [name^={PREFIX}]:visible").all():
        name, kind = control.get_attribute("name"), control.evaluate("e => e.tagName + ':' + e.type")
        value = values.get(name.removeprefix(PREFIX).split("-")[0], "1")
        value = (value[0] if value else "1") if isinstance(value, list) else value
        if kind.startswith("SELECT"):
            there = control.locator(f'option[value="{value}"]').count()
            control.select_option(str(value)) if there else control.select_option(index=1)
        elif "checkbox" in kind:
            control.check()
        elif not control.input_value():
            control.fill(str(value))


def values_of(joint):
    """An answer to every question that the whole matter could ask."""
    from linli.domains.cases import joints

    whole = joints.joined(joint, joint.parts.order_by("ordinal"), everything=True)
    return filled(whole.members[0].model_copy(update={"form": whole.form.fields}))


def on(page):
    page.get_by_role("button", name=re.compile("下一步|交上，继续|签署承诺|提交申请|开始填写|都对")).first.click()


def fill_pages(phone, joint, look, *, commit=False):
    """Go through the pages of a draft up to the review: answer, type, photograph; or commit where that is offered."""
    values = values_of(joint)
    for _n in range(40):
        phone.wait_for_load_state("load")
        here = phone.url.split("/")[-1].split("?")[0]
        if here == "review":
            return
        if here != "parts":
            look(re.sub(r"-j[0-9a-f]+$", "", here))
        promise = phone.get_by_role("link", name="看看承诺的内容")
        if commit and promise.count():
            follow(promise)
            look("commit")
            on(phone)  # without having agreed
            phone.get_by_text("请先看完，并勾选同意。").first.wait_for()
            axe(phone)
            phone.get_by_label("我看明白了，愿意承诺").check()
            phone.get_by_label(re.compile("完整输入您的姓名")).fill(LONG)
        elif phone.locator("[name=applies]").count():
            phone.get_by_label(re.compile("^是")).check()
        elif phone.locator("[name=other]").count():
            phone.locator("[name=other]").first.check()
        elif phone.locator("[name=photo]").count() and not phone.locator(".p-files").count():
            phone.locator("[name=photo]").set_input_files(
                {"name": "证明.png", "mimeType": "image/png", "buffer": picture(phone.url).read()}
            )
        else:
            fill_in(phone, values)
        before = phone.url, phone.locator(".p-files li").count()
        on(phone)
        phone.wait_for_function(
            "([url, files]) => location.href !== url || document.querySelectorAll('.p-files li').length !== files",
            arg=list(before),
        )
    raise AssertionError(phone.url)


def departments_decide(story):
    """The first part is given, which begins those that waited; one of these is refused."""
    story.decide(REGISTRATION)
    do.hand_on(case_id=story.case(REGISTRATION).pk, now=story.now("15:30"))
    story.decide(SEAL, office="partners", approve=False)
    connections.close_all()


def test_an_employers_clerk_on_a_phone_and_what_becomes_of_each_part(open_page, city, story, clerk_of_employer):
    phone, seen = open_page(PHONE), []

    def look(name):
        if name not in seen:
            seen.append(name)
            axe(phone)
            shot(phone, f"joint-{len(seen):02d}-{name}")

    sign_in_resident(phone, city, clerk_of_employer, to="/matters")
    look("matters")
    phone.goto(f"/matters/{OPENING}")
    look("matter")
    follow(phone.get_by_role("link", name="在线办理"))
    look("start")
    on(phone)
    phone.wait_for_url("**/p/parts")
    joint = Joint.objects.latest("started_at")
    look("parts")
    phone.get_by_label(re.compile("刻制公章")).check()
    on(phone)
    phone.wait_for_url(lambda url: not url.endswith("/p/parts"))
    fill_pages(phone, joint, look)
    look("review")
    on(phone)  # without having said that it is true
    phone.get_by_text("请勾选“以上内容都是真的”").first.wait_for()
    axe(phone)
    phone.get_by_label("以上内容都是真的").check()
    phone.get_by_role("button", name="提交申请").dblclick()
    phone.wait_for_url("**/receipt")
    look("receipt")
    joint.refresh_from_db()
    assert phone.get_by_text(joint.number).count() and Joint.objects.exclude(number=None).count() == 1
    paper = phone.request.get(phone.get_by_role("link", name="下载盖章的回执").get_attribute("href"))
    assert paper.body().startswith(b"%PDF")
    phone.go_back()  # to the review that was sent: it leads to what became of it
    phone.goto("/")
    look("home")
    story.joint_id = joint.pk
    desk = open_page(1440)
    sign_in(desk, login_of(city, "market-clerk"), to="/desk/joint")
    follow(desk.get_by_role("link", name=joint.number))
    follow(desk.get_by_role("link", name="企业设立登记"))
    follow(desk.get_by_role("link", name="看整件事"))
    desk.wait_for_url(f"**/desk/joint/{joint.pk}")
    with ThreadPoolExecutor(1) as aside:  # signing has a loop of its own, and so has the browser
        aside.submit(departments_decide, story).result()
    phone.goto(f"/mine/joint/{joint.pk}")
    look("progress")
    phone.get_by_role("button", name="份结果").click()
    phone.get_by_role("heading", name="办出来的结果").wait_for()
    assert phone.get_by_text("未予批准").count() and phone.get_by_text("其余各项照常办理").count()
    look("results")
    link = phone.locator("#results ~ ul a").first.get_attribute("href")
    assert phone.request.get(link).body().startswith(b"%PDF")
    phone.get_by_role("link", name="公章刻制备案", exact=True).click()
    phone.get_by_role("link", name="看整件事的进展").wait_for()
    look("part")
    phone.goto("/mine")
    look("mine")
    phone.goto("/mine/joint")
    look("mine-joint")
    phone.goto(f"/mine/joint/{joint.pk}/withdraw")
    look("withdraw")
    desk.goto(f"/desk/joint/{joint.pk}")
    axe(desk)
    shot(desk, "joint-desk-progress")


def let_apply(city, agent):
    register_mandate(
        principal_id=city.people["employer"], is_employer=True, agent_id=city.people[agent], scopes=(Scope.APPLY,), items=(),
        last_day=local_date(timezone.now()) + timedelta(days=30), ground=Ground.COMPANY_CLERK, evidence="授权委托书原件",
        by=city.actor("clerk", on=local_date(timezone.now())), now=timezone.now(),
    )  # fmt: skip


def test_a_draft_with_another_party_and_a_commitment_goes_to_a_counter_and_back_to_the_phone(open_page, city):
    let_apply(city, "neighbour")
    phone, desk, seen = open_page(PHONE), open_page(1440), []

    def look(name, page=phone):
        if name not in seen:
            seen.append(name)
            axe(page)
            shot(page, f"joint-over-{len(seen):02d}-{name}")

    sign_in_resident(phone, city, "neighbour", to=f"/apply/matter/{GRADUATE}")
    look("start")
    on(phone)
    phone.wait_for_url("**/p/parts")
    joint = Joint.objects.latest("started_at")
    phone.get_by_label(re.compile("由单位办参保")).check()
    phone.get_by_label(re.compile("^灵活就业")).check()
    on(phone)
    phone.wait_for_url("**/p/other")
    on(phone)  # without having chosen
    phone.get_by_text("请选择一个").first.wait_for()
    look("other-wrong")
    phone.goto(phone.url)
    fill_pages(phone, joint, look, commit=True)
    look("review")
    phone.get_by_role("link", name="到窗口接着办").click()
    phone.wait_for_url("**/code")
    look("code-none")
    phone.get_by_role("button", name="取接着办码").click()
    phone.locator(".p-code-shown").wait_for()
    look("code")
    code = re.sub(r"\D", "", phone.locator(".p-code-shown").inner_text())
    sign_in(desk, login_of(city, "clerk"), to="/desk/joint")
    desk.locator("h1").first.click()  # away from the field of the search
    desk.keyboard.press("/")
    desk.locator("#l-palette input").fill(code)
    desk.locator("#l-palette-list").get_by_text("接着办").wait_for()
    desk.locator("#l-palette input").press("Enter")
    desk.wait_for_url(f"**/desk/hand-over/{code}")
    look("desk-take-over", desk)
    desk.keyboard.press("Control+Enter")
    desk.wait_for_url(f"**/desk/joint/{joint.pk}")
    assert desk.get_by_text(LONG).count() and desk.locator("#materials .l-badge").filter(has_text="已有").count()
    look("desk-sheet", desk)
    phone.goto(f"/mine/joint/{joint.pk}")
    phone.get_by_text("正在窗口办理").first.wait_for()
    look("at-the-counter")
    desk.get_by_role("button", name="给申请人接着办码").click()
    desk.wait_for_url("**/code")
    look("desk-code", desk)
    back = re.sub(r"\D", "", desk.locator(".l-code-shown").inner_text())
    phone.goto("/mine/code")
    phone.get_by_label("接着办码").fill(back)
    phone.get_by_role("button", name="接着办").click()
    phone.wait_for_url(re.compile(f"/apply/joint/{joint.pk}/"))
    phone.goto(f"/apply/joint/{joint.pk}/review")
    phone.get_by_label("以上内容都是真的").check()
    phone.get_by_role("button", name="提交申请").click()
    phone.wait_for_url("**/receipt")
    look("receipt")
    phone.goto(f"/mine/joint/{joint.pk}")
    look("progress")
    picture_of_all = phone.locator("figure .l-flow")
    assert picture_of_all.count() and not picture_of_all.is_visible() and phone.locator("figure ol").is_visible()
    phone.goto("/mine")
    look("mine")


def test_in_large_print_nothing_is_cut_off(open_page, city, clerk_of_employer):
    page = open_page(PHONE, large=True)
    sign_in_resident(page, city, clerk_of_employer, to=f"/apply/matter/{OPENING}")
    urls = ["/matters", f"/matters/{OPENING}", f"/apply/matter/{OPENING}"]
    on(page)
    page.wait_for_url("**/p/parts")
    draft = urlsplit(page.url).path.removesuffix("/p/parts")
    for url in (*urls, f"{draft}/p/parts", f"{draft}/p/known", f"{draft}/p/materials", f"{draft}/review", "/mine", "/"):
        page.goto(url)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE, (url, width)


def test_at_the_counter_with_the_keyboard(page, city, story):
    sign_in(page, login_of(city, "clerk"), to="/desk/joint")
    axe(page)
    shot(page, "joint-desk-list")
    page.keyboard.press("Alt+q")
    page.keyboard.type("qykb")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=qykb")
    axe(page)
    shot(page, "joint-desk-found")
    page.keyboard.press("Alt+1")
    page.wait_for_url(f"**/start/{OPENING}")
    axe(page)
    shot(page, "joint-desk-start")
    page.keyboard.type("云岭示例服务有限公司")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/desk/joint/[0-9a-f-]{36}$"))
    joint = Joint.objects.latest("started_at")
    yes = page.get_by_role("button", name=re.compile("^是，要办.*公章"))
    yes.focus()
    yes.press("Enter")
    for _n in range(8):
        page.wait_for_load_state("load")
        undecided = page.locator("#parts li").filter(has_text="请选择").get_by_role("button", name=re.compile("^不是，不办"))
        if not undecided.count():
            break
        left = undecided.count()
        undecided.first.press("Enter")
        page.wait_for_function(
            "n => [...document.querySelectorAll('#parts .l-badge')].filter(b => b.textContent.includes('请选择')).length < n",
            arg=left,
        )
    fill_in(page, values_of(joint))
    for _n in range(8):
        page.wait_for_load_state("load")
        paper = page.get_by_role("button", name=re.compile("^(收纸质件|本次不涉及)"))
        if not paper.count():
            break
        left = paper.count()
        paper.first.press("Enter")
        page.wait_for_function(
            "n => [...document.querySelectorAll('#materials button')].filter(b => /^(收纸质件|本次不涉及)/.test(b.textContent.trim())).length < n",
            arg=left,
        )
    axe(page)
    shot(page, "joint-desk-sheet")
    page.keyboard.press("Control+Enter")
    page.get_by_role("link", name="打印联办回执").wait_for()
    joint.refresh_from_db()
    assert joint.number
    axe(page)
    shot(page, "joint-desk-submitted")
    paper = page.request.get(page.get_by_role("link", name="打印联办回执").get_attribute("href"))
    assert paper.body().startswith(b"%PDF")
    page.goto(f"/desk/joint/{joint.pk}")
    page.get_by_role("link", name="企业设立登记").click()
    page.get_by_role("link", name="看整件事").wait_for()
    axe(page)
    sign_in(page, login_of(city, "manager"), to="/desk/joint")
    page.get_by_role("link", name=joint.number).click()
    page.wait_for_url(f"**/desk/joint/{joint.pk}")
    axe(page)
