"""What am I due, and the calculators, in a real browser: by keyboard, without scripts, on a phone, in large print and on paper."""

import re

import pytest
from django.utils import timezone

from linli.domains.people.queries import Scope
from linli.testing.benefits import hire, old, tell
from linli.testing.browser import PHONE, axe, follow, shot, sign_in_resident
from linli.testing.rosters import firm_mandate

pytestmark = pytest.mark.browser

ANSWERS = {
    "retirement": {"category": "female", "birth": "1975-03"},
    "employee-pension": {"age": "62", "age_months": "3", "years": "20", "months": "6", "account": "120000", "index": "1"},
    "resident-pension": {"age": "60", "years": "15", "account": "12000.5"},
    "unemployment": {"reason": "involuntary", "years": "6", "months": "2"},
    "flexible-contribution": {"base": "5000"},
    "work-injury": {"grade": "4", "own_wage": "6000", "care": "partly"},
    "work-death": {"year": "2025", "own_wage": "6000", "spouse": "spouse", "others": "2", "alone": "1"},
    "survivors": {"status": "retired", "years": "20", "received": "3"},
}


def answer(page, inputs):
    for name, value in inputs.items():
        field = page.locator(f"[name={name}]").first
        if field.get_attribute("type") == "radio":
            page.locator(f"[name={name}][value={value}]").check()
        elif field.evaluate("e => e.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    page.get_by_role("button", name="算一算").click()
    page.get_by_role("heading", name="依据和用到的数").wait_for()


@pytest.mark.parametrize("name", ANSWERS)
def test_a_calculator_answers_with_every_step_and_prints(live, world, open_page, name):
    page = open_page(scripts=name != "unemployment")
    page.goto("/calculators/")
    page.locator(f"a[href='/calculators/{name}']").click()
    assert page.locator("main").inner_text()
    if name != "unemployment":
        axe(page)
        shot(page, f"calculator-{name}-asked")
    answer(page, ANSWERS[name])
    assert page.locator(".d-first strong").first.inner_text() and page.locator(".d-steps li").count()
    same = open_page(PHONE)
    same.goto(page.url)
    assert same.locator(".d-first").all_inner_texts() == page.locator(".d-first").all_inner_texts()
    axe(same)
    shot(same, f"calculator-{name}")
    same.emulate_media(media="print")
    assert not same.get_by_role("button").first.is_visible() and same.locator(".d-first").first.is_visible()
    same.emulate_media(media="screen")


def test_a_wrong_answer_is_told_at_its_field(live, world, open_page):
    page = open_page(PHONE)
    page.goto("/calculators/employee-pension?age=30&years=ab&account=5&index=1&base=7000")
    axe(page)
    shot(page, "calculator-wrong")
    page.get_by_role("link", name=re.compile("一共缴了多少年：请填数字")).click()
    assert page.evaluate("document.activeElement.name") == "years"
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("20")
    page.keyboard.press("Enter")
    page.get_by_role("link", name=re.compile("多少岁退休：请填 40 到 70 岁")).wait_for()


def test_the_calculators_are_listed(live, world, open_page):
    page = open_page(PHONE)
    page.goto("/calculators/")
    axe(page)
    shot(page, "calculators")


def test_anybody_finds_out_with_a_few_questions_by_keyboard_and_without_scripts(live, world, open_page):
    answers = {"birth": "1940-05-01", "unemployment_paid_months": "0", "resident_paid_months": "15"}
    words = {"local_household": "是", "receiving_pension": "是", "certificate_level": "没有，都不是", "hardship": "没有，都不是"}
    for scripts in (True, False):
        page = open_page(PHONE, scripts=scripts)
        page.goto("/")
        follow(page.get_by_role("link", name="我能享受什么"))
        number = 0
        while page.get_by_role("button", name="下一题").count():
            number += 1
            if scripts:
                axe(page)
                if number in (1, 2, 5):
                    shot(page, f"ask-{number}")
            name = page.locator("input[name=asked]").get_attribute("value")
            if name in answers:
                page.locator(f"[name={name}]").last.fill(answers[name])
            else:
                page.get_by_label(words.get(name, "不是"), exact=name not in words or words[name] == "是").or_(
                    page.get_by_label("没有，都不是")
                ).first.check()
            if scripts and number == 2:
                follow(page.get_by_role("link", name="上一题"))
                assert page.locator("[name=birth]").last.input_value() == answers["birth"]
                page.go_back()
                second = page.locator("input[type=radio]").nth(1)
                second.check()
                with page.expect_navigation():
                    second.press("Enter")
            else:
                follow(page.get_by_role("button", name="下一题"))
        assert 2 <= number <= 8
        page.get_by_role("heading", name=re.compile("可能可以享受")).wait_for()
        if scripts:
            axe(page)
            shot(page, "ask-result")
        assert page.get_by_text("高龄津贴").first.is_visible()
        folded = page.locator("details:not([open]) li").first
        assert not folded.evaluate("e => e.checkVisibility()")
        page.emulate_media(media="print")  # what is folded away on the screen stands on paper
        assert folded.evaluate("e => e.checkVisibility() && e.getBoundingClientRect().height > 0")
        page.emulate_media(media="screen")


def test_a_resident_and_an_employer_see_what_they_are_due(live, world, open_page):
    now = timezone.now()
    old(world.people["applicant"])
    tell("person", world.people["applicant"], "contributions", resident_paid_months=180, resident_account=1_200_000)
    for n in range(24):
        hire(world, n, **({"contract_months": 6} if n > 21 else {}))
    firm_mandate(world, Scope.READ, now=now)
    page = open_page(PHONE)
    sign_in_resident(page, world, "applicant", to="/due")
    page.get_by_text("只差一项就能确定").first.wait_for()
    axe(page)
    shot(page, "due-own")
    page.get_by_role("link", name="现在就说").first.click()
    page.get_by_role("group", name="您正在领养老金吗").get_by_label("不是").check()
    page.get_by_role("button", name="再算一遍").click()
    page.get_by_text("按您自己说的算的").first.wait_for()
    axe(page)
    shot(page, "due-told")
    page.get_by_role("link", name=re.compile("开始办理.*到龄待遇")).first.click()
    page.wait_for_url("**/apply/item/resident-pension-claim?who=*")
    page.get_by_role("button", name="开始填写").click()
    page.get_by_text("赵示例").first.wait_for()  # filled in already

    page = open_page()
    sign_in_resident(page, world, "agent", to="/due")
    axe(page)
    shot(page, "due-nothing-known")
    page.get_by_role("link", name="云岭示例服务有限公司").click()
    page.get_by_text("计入 22 人").wait_for()
    axe(page)
    shot(page, "due-employer")
    follow(page.get_by_role("link", name=re.compile("看名单.*高校毕业生")))
    axe(page)
    shot(page, "due-roster")
    page.get_by_role("link", name="下一页").click()
    page.get_by_role("link", name=re.compile("只差一项的")).click()
    page.get_by_text("签订1年以上劳动合同").first.wait_for()
    axe(page)
    shot(page, "due-roster-near")
