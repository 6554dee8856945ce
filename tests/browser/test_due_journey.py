"""What am I due, and the calculators, in a real browser: by keyboard, without scripts, on a phone, in large print and on paper."""

import re

import pytest

from linli.testing.browser import PHONE, axe, shot

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
