"""Certification in a browser: a resident takes a photograph, an officer compares it; a cadre visits; payment stops and goes on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone
from PIL import Image

from linli.domains.benefits import commands
from linli.domains.benefits.queries import certifications, sheet
from linli.domains.cases.commands import finish_ex_officio, seal_notice
from linli.domains.documents.queries import documents_of
from linli.kernel.actors import system
from linli.kernel.calendar import local_date
from linli.testing.browser import axe, follow, login_of, shot, sign_in, sign_in_resident
from linli.testing.certifying import TELLER, reach_in_vain, receive, receive_many
from linli.testing.world import person_id

pytestmark = pytest.mark.browser


def by_a_job(work, **given):
    """In a thread of its own: signing has a loop of its own, and so has the browser."""

    def run():
        try:
            work(**given)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result()


def today():
    return local_date(timezone.now())


@pytest.fixture
def town(world, live):
    """Some who are certified, one whose cycle ended long ago, one old, one reported dead and seen alive."""
    receive(world.people["applicant"], since=today() - timedelta(800))
    receive(world.people["neighbour"], since=today() - timedelta(760), birth=today().replace(year=today().year - 88, day=1))
    receive(world.people["agent"], since=today() - timedelta(100), benefit="allowance")
    for days in (10, 40, 90, 150):
        receive_many(3, since=today() - timedelta(days), region="770121101001")
    signs = [("cremation", "civil", 20), ("hospital", "health", 3)]
    commands.take_in_signs(
        rows=[commands.Told(world.people["agent"], kind, source, f"r-{kind}", today() - timedelta(days)) for kind, source, days in signs],
        by=TELLER, now=timezone.now(),
    )  # fmt: skip
    commands.climb(by=TELLER, now=timezone.now())


def of(world, who):
    return certifications(by=world.actor("certification"), on=today()).get(person_id=world.people[who])


def test_a_resident_takes_a_photograph_and_an_officer_compares_it(open_page, world, town, tmp_path):
    page = open_page()
    sign_in_resident(page, world, to="/me/")
    page.get_by_role("link", name="待遇认证").first.click()
    page.get_by_text("请认证").first.wait_for()
    axe(page)
    shot(page, "certify-mine")
    follow(page.get_by_role("link", name="现在拍照认证"))
    axe(page)
    shot(page, "certify-photo")
    page.get_by_role("button", name="交照片").click()
    page.get_by_text("请选择照片。").first.wait_for()
    axe(page)
    Image.new("RGB", (320, 240), "#846").save(tmp_path / "me.jpg")
    page.locator("input[type=file]").set_input_files(tmp_path / "me.jpg")
    page.get_by_role("button", name="交照片").click()
    page.get_by_text("照片正在比对").wait_for()
    officer = open_page()
    sign_in(officer, login_of(world, "certification"), to="/console/certification/photos")
    axe(officer)
    shot(officer, "certify-photos")
    officer.get_by_role("link", name="赵示例").click()
    officer.get_by_role("img", name="本人拍的照片").wait_for()
    axe(officer)
    shot(officer, "certify-compare")
    officer.get_by_role("button", name="是本人，认证").click()
    officer.get_by_text("没有要比对的照片").wait_for()
    page.reload()
    page.get_by_text("到期前不用做什么").wait_for()
    axe(page)


def test_an_officer_sees_the_whole_and_decides_on_one(open_page, world, town):
    page = open_page()
    sign_in(page, login_of(world, "certification"), to="/console/certification/")
    page.locator("#due canvas, #due svg").first.wait_for()
    axe(page)
    shot(page, "certification-overview")
    follow(page.get_by_role("link", name="临江镇"))
    axe(page)
    shot(page, "certification-people")
    follow(page.get_by_role("link", name="赵示例"))
    axe(page)
    shot(page, "certification-one")
    page.get_by_text("提出暂停发放", exact=True).first.click()
    page.get_by_label("为什么暂停").fill("多次联系不上")
    page.get_by_role("button", name="提出暂停").click()
    page.get_by_text("还没有人联系过本人").first.wait_for()
    assert page.get_by_label("为什么暂停").input_value() == "多次联系不上"
    axe(page)
    shot(page, "certification-refused")
    page.goto("/console/certification/calls")
    axe(page)
    shot(page, "certification-calls")
    page.locator("tr", has_text="赵示例").get_by_label("通话结果").select_option("not-found")
    page.locator("tr", has_text="赵示例").get_by_role("button", name="登记结果").click()
    page.get_by_text("已登记通话结果").wait_for()
    page.goto(f"/console/certification/people/{of(world, 'agent').pk}")
    page.get_by_text("记录互相矛盾").first.wait_for()
    page.get_by_text("立案核实", exact=True).first.click()
    page.get_by_label("为什么核实").fill("医院记录晚于火化记录")
    page.get_by_role("button", name="立案核实").click()
    page.get_by_label("本人在世，资格没有变化").check()
    page.get_by_label("依据").fill("视频见到本人，核对了证件")
    axe(page)
    shot(page, "certification-inquiry")
    page.get_by_role("button", name="保存结论").click()
    page.get_by_text("已写入核实结论").wait_for()
    page.get_by_text("已认证").first.wait_for()


def test_a_cadre_visits_and_a_clerk_certifies_in_person_with_the_keyboard(open_page, world, town):
    page = open_page()
    sign_in(page, login_of(world, "village"), to="/desk/visits/")
    page.get_by_text("阿卜杜热合曼").first.wait_for()
    axe(page)
    shot(page, "visits-list")
    follow(page.locator("tr", has_text="阿卜杜热合曼").get_by_role("link"))
    axe(page)
    shot(page, "visits-visit")
    page.get_by_label("见到本人").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="登记结果").focus()
    page.keyboard.press("Enter")
    page.get_by_text("已登记走访结果").wait_for()
    assert of(world, "neighbour").certified_by == ["visit"]
    clerk = open_page()
    sign_in(clerk, login_of(world, "clerk"), to="/desk/visits/counter")
    axe(clerk)
    shot(clerk, "visits-counter")
    clerk.get_by_label("证件号码").fill(person_id(0))
    clerk.keyboard.press("Enter")
    clerk.get_by_text("赵示例已认证").wait_for()
    assert of(world, "applicant").certified_by == ["counter"]


def test_payment_is_held_back_by_two_officers_on_paper_and_goes_on_when_the_person_comes(open_page, world, live):
    for who in ("applicant", "neighbour"):
        receive(world.people[who], since=today() - timedelta(800))
    reach_in_vain(by=world.actor("certification"))
    officer = open_page()
    sign_in(officer, login_of(world, "certification"), to=f"/console/certification/people/{of(world, 'neighbour').pk}")
    officer.get_by_text("提出暂停发放", exact=True).first.click()
    officer.get_by_label("为什么暂停").fill("电话没有人接，走访三次没有找到人，邻居说已经搬走。")
    follow(officer.get_by_role("button", name="提出暂停"))
    officer.get_by_text("已提出暂停，正在等复核").wait_for()
    axe(officer)
    shot(officer, "suspension-proposed")
    officer.goto(f"/console/certification/people/{of(world, 'applicant').pk}")
    officer.get_by_text("提出暂停发放", exact=True).first.click()
    officer.get_by_label("为什么暂停").fill("多次联系不上。")
    follow(officer.get_by_role("button", name="提出暂停"))

    second = open_page()
    sign_in(second, login_of(world, "second-policies"), to="/console/certification/")
    second.get_by_text("待复核的暂停").first.wait_for()
    axe(second)
    shot(second, "suspension-overview")
    second.goto("/console/certification/proposals")
    axe(second)
    shot(second, "suspension-proposals")
    follow(second.get_by_role("link", name="阿卜杜热合曼"))
    axe(second)
    shot(second, "suspension-decide")
    second.get_by_text("不同意，照常发放").click()
    second.get_by_role("button", name="退回，照常发放").click()
    second.get_by_text("请写明理由").first.wait_for()
    axe(second)
    shot(second, "suspension-refuse-error")
    second.get_by_label("为什么不同意").fill("请先问问搬到了哪里。")
    follow(second.get_by_role("button", name="退回，照常发放"))
    second.get_by_text("没有同意暂停，照常发放").wait_for()
    second.goto(f"/console/certification/people/{of(world, 'applicant').pk}")
    follow(second.get_by_role("button", name="同意暂停发放"))
    second.get_by_text("已暂停发放").first.wait_for()
    axe(second)
    shot(second, "suspension-agreed")

    seen = sheet(of(world, "applicant").pk, by=world.actor("certification"), on=today())
    case_id = seen.proposals[0].case_id
    by_a_job(finish_ex_officio, case_id=case_id, now=timezone.now())
    resident = open_page(width=360)
    sign_in_resident(resident, world, to=f"/mine/{case_id}")
    resident.get_by_text("我们作出了一项决定").wait_for()
    axe(resident)
    shot(resident, "suspension-resident")
    resident.get_by_role("link", name="待遇暂停发放决定书").wait_for()
    resident.goto("/me/certification")
    resident.get_by_text("认证后马上恢复").first.wait_for()
    axe(resident)
    shot(resident, "suspension-certify")

    commands.witness(person_id=world.people["applicant"], by=world.actor("clerk"), now=timezone.now())
    for d in documents_of(case_id):
        by_a_job(seal_notice, document_id=d.id, by=system("documents.seal"), now=timezone.now())
    resident.goto(f"/mine/{case_id}")
    resident.get_by_role("link", name="待遇恢复发放告知书").wait_for()
    axe(resident)
    shot(resident, "suspension-resumed")
    second.reload()
    second.get_by_text("在窗口当面认证").first.wait_for()
    shot(second, "suspension-over")
