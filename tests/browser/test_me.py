"""A resident on a phone: in by telephone, the account, letting a neighbour act, my data, objecting; and the counter's part in it."""

import re

import pytest
from django.conf import settings

from linli.domains.people import commands as people
from linli.domains.people.queries import Ground, Scope, may_act_for, person_facts, powers
from linli.kernel.calendar import local_date
from linli.testing.browser import PHONE, axe, follow, login_of, shot, sign_in, sign_in_resident
from linli.testing.story import picture
from linli.web.portal.me.signing import WRONG

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _demonstration(monkeypatch):
    """Codes go to the post office, where a demonstration's people read them."""
    WRONG.forget()
    monkeypatch.setattr(settings, "ENV", settings.ENV.model_copy(update={"post_office": True}))


@pytest.fixture
def phone(open_page):
    return open_page(PHONE)


def code_for(number):
    from linli.domains.notices.queries import letters, posted

    return next(letter.content["code"] for letter in letters(posted(address=number)))


def look(page, name):
    axe(page)
    shot(page, f"me-{name}")


def test_somebody_signs_in_by_telephone_question_by_question(phone, world):
    facts = person_facts(world.people["applicant"])
    phone.goto("/me/mandates")
    assert "/me/sign-in" in phone.url
    look(phone, "sign-in")
    phone.get_by_label("手机号").fill("123")
    phone.keyboard.press("Enter")
    phone.get_by_role("link", name=re.compile("手机")).first.wait_for()
    look(phone, "sign-in-wrong")
    phone.get_by_label("手机号").fill(facts["phone"])
    phone.keyboard.press("Enter")
    phone.get_by_label("验证码", exact=True).wait_for()
    look(phone, "code")
    phone.get_by_label("验证码", exact=True).fill(code_for(facts["phone"]))
    phone.keyboard.press("Enter")
    phone.get_by_label("姓名").wait_for()
    look(phone, "name")
    phone.get_by_label("姓名").fill(facts["name"])
    phone.keyboard.press("Enter")
    phone.get_by_label("证件号码").wait_for()
    look(phone, "number")
    phone.get_by_label("证件号码").fill(facts["id_number"])
    phone.get_by_role("button", name="我知道了，登录").click()
    phone.wait_for_url("**/me/mandates")
    for path, name in (("/me/", "home"), ("/me/account", "account"), ("/me/notice", "notice"), ("/me/account/phone", "phone")):
        phone.goto(path)
        look(phone, name)


def test_who_only_says_who_they_are_shows_it_with_a_code_from_the_counter(open_page, world):
    facts, page, desk = person_facts(world.people["neighbour"]), open_page(PHONE), open_page()
    page.goto("/me/sign-in")
    page.get_by_label("手机号").fill("10000000055")
    page.keyboard.press("Enter")
    page.get_by_label("验证码", exact=True).wait_for()
    page.get_by_label("验证码", exact=True).fill(code_for("10000000055"))
    page.keyboard.press("Enter")
    page.get_by_label("姓名").fill(facts["name"])
    page.keyboard.press("Enter")
    page.get_by_label("证件号码").fill(facts["id_number"])
    page.get_by_role("button", name="我知道了，登录").click()
    page.get_by_text("身份还没有核实").first.wait_for()
    look(page, "unverified")
    sign_in(desk, login_of(world, "clerk"), to=f"/desk/residents/person/{world.people['neighbour']}")
    look(desk, "desk-person")
    desk.get_by_label("本人在场，证件原件已核对").check()
    desk.get_by_role("button", name="发启用码").click()
    code = desk.locator(".l-stat-figure").inner_text()
    look(desk, "desk-start-code")
    page.get_by_role("link", name="输入启用码").click()
    page.get_by_label("启用码").fill(code.lower())
    look(page, "start-code")
    page.keyboard.press("Enter")
    page.wait_for_url("**/me/")
    assert "身份还没有核实" not in page.content()
    page.goto("/me/account")
    assert "身份已核验" in page.content()


def test_a_mandate_is_given_in_plain_words_and_taken_back(open_page, world):
    page, facts = open_page(PHONE), person_facts(world.people["neighbour"])
    sign_in_resident(page, world, to="/me/mandates")
    look(page, "mandates-none")
    follow(page.get_by_role("link", name="授权给一个人"))
    look(page, "mandate-who")
    page.get_by_label("对方的姓名").fill(facts["name"])
    page.keyboard.press("Enter")
    page.get_by_label("对方的证件号码").fill("770121198802291230")
    page.keyboard.press("Enter")
    page.get_by_text("没有找到姓名和证件号码都相符的人").first.wait_for()
    look(page, "mandate-number-wrong")
    page.get_by_label("对方的证件号码").fill(facts["id_number"])
    page.keyboard.press("Enter")
    page.get_by_label(re.compile("^查看办理进度")).check()
    look(page, "mandate-scopes")
    page.get_by_role("button", name="下一步").click()
    look(page, "mandate-items")
    page.get_by_role("button", name="下一步").click()
    page.get_by_text("请至少选一件事").first.wait_for()
    look(page, "mandate-items-none")
    page.get_by_label(re.compile("^找事项")).fill("㐂㐂")
    page.keyboard.press("Enter")
    page.get_by_text("没有找到和").wait_for()
    page.get_by_label(re.compile("^找事项")).fill("灵活就业")
    page.keyboard.press("Enter")
    page.get_by_text("需要的打勾").wait_for()
    page.get_by_role("checkbox").first.check()
    page.get_by_label(re.compile("^找事项")).fill("退休")
    page.keyboard.press("Enter")
    page.get_by_text("找到和“退休”").wait_for()
    assert page.get_by_role("checkbox", checked=True).count() == 1  # what was ticked stays
    page.get_by_role("checkbox").last.check()
    look(page, "mandate-items-found")
    page.get_by_role("button", name="下一步").click()
    page.get_by_label("三个月").check()
    look(page, "mandate-until")
    page.get_by_role("button", name="下一步").click()
    look(page, "mandate-review")
    page.get_by_role("button", name="授权", exact=True).dblclick()
    page.get_by_role("heading", name="授权书").wait_for()
    look(page, "mandate")
    from django.utils import timezone

    today = local_date(timezone.now())
    me, them = world.people["neighbour"], world.people["applicant"]
    (held,) = powers(me, scope="read", on=today)
    assert held.party_id == them and len(held.items) == 2 and not may_act_for(me, them, scope="read", on=today)
    page.get_by_text("附上签了名的委托书").click()
    page.get_by_role("button", name="附上委托书").click()
    page.get_by_text("请先拍照或选择文件").first.wait_for()
    look(page, "mandate-paper-none")
    page.locator("input[name=photo]").set_input_files({"name": "w.png", "mimeType": "image/png", "buffer": picture("w").read()})
    page.get_by_role("button", name="附上委托书").click()
    page.get_by_role("link", name="看委托书").wait_for()
    look(page, "mandate-paper")
    page.goto("/me/mandates")
    look(page, "mandates")
    other = open_page(PHONE)
    sign_in_resident(other, world, "neighbour", to="/me/mandates?side=held")
    look(other, "mandates-held")
    page.get_by_role("link", name=re.compile(facts["name"])).click()
    page.get_by_role("button", name="撤销这份授权").click()
    page.get_by_text("已撤销").first.wait_for()
    assert not powers(me, scope="read", on=today)


def test_an_agents_use_is_seen_and_an_employers_head_takes_back_what_its_clerk_holds(open_page, world):
    from django.utils import timezone

    now = timezone.now()
    clerk = world.actor("clerk", on=local_date(now))
    for agent, principal, ground in (
        ("agent", "applicant", Ground.VILLAGE_AGENT), ("applicant", "employer", Ground.LEGAL_REPRESENTATIVE),
        ("agent", "employer", Ground.COMPANY_CLERK), ("neighbour", "employer", Ground.WRITTEN),
    ):  # fmt: skip
        people.register_mandate(
            principal_id=world.people[principal], is_employer=principal == "employer", agent_id=world.people[agent], scopes=list(Scope),
            last_day=local_date(now), ground=ground, evidence="委托书原件", by=clerk, now=now,
        )  # fmt: skip
    agent, page = open_page(PHONE), open_page(PHONE)
    sign_in_resident(agent, world, "agent", to="/apply/item/flexible-social-subsidy")
    agent.get_by_label(re.compile("赵示例")).check()
    agent.get_by_role("button", name=re.compile("开始")).click()
    agent.wait_for_url("**/apply/*-*-*-*-*/**")
    sign_in_resident(page, world, to="/me/mandates")
    page.get_by_role("link", name=re.compile("钱代办")).click()
    page.get_by_text("开始填写申请").wait_for()
    look(page, "mandate-used")
    page.goto("/me/data/looks")
    page.get_by_text("受您委托的人：钱代办").wait_for()
    look(page, "looks-agent")
    page.goto("/me/mandates?side=firm")
    look(page, "mandates-firm")
    follow(page.get_by_role("link", name=re.compile("阿卜杜")))
    look(page, "mandate-firm-one")
    page.get_by_role("button", name="撤销这份授权").click()
    page.get_by_text("已撤销").first.wait_for()
    assert not may_act_for(world.people["neighbour"], world.people["employer"], scope="apply", on=local_date(now))


def test_my_data_who_looked_and_an_objection_that_is_answered(open_page, world):
    from django.utils import timezone

    people.view_person(person_id=world.people["applicant"], by=world.actor("clerk"), now=timezone.now())
    page, facts = open_page(PHONE), person_facts(world.people["applicant"])
    sign_in_resident(page, world, to="/me/data")
    look(page, "data")
    assert facts["id_number"] not in page.content()
    page.get_by_role("button", name=re.compile("显示.*证件号码")).click()
    page.get_by_text(facts["id_number"]).wait_for()
    for path, name in (("looks", "looks"), ("asked", "asked"), ("objections", "objections-none"), ("consents", "consents"),
                       ("consents/keep-account", "consent")):  # fmt: skip
        page.goto(f"/me/data/{path}")
        look(page, name)
    page.goto("/me/data")
    page.get_by_role("link", name=re.compile("不对.*地址")).click()
    page.get_by_label("哪里不对，应当是什么").fill("我早就搬到示例路8号了。")
    look(page, "object")
    page.get_by_role("button", name="提交").dblclick()
    page.get_by_role("heading", name="地址").wait_for()
    look(page, "objection")
    desk = open_page()
    sign_in(desk, login_of(world, "manager-elsewhere"), to="/desk/residents/objections")
    look(desk, "desk-objections")
    follow(desk.get_by_role("link", name="地址"))
    look(desk, "desk-objection")
    desk.get_by_label("已更正").check()
    desk.get_by_label("更正为").fill("示例路8号")
    desk.get_by_label("答复").fill("已按户口簿更正。")
    desk.keyboard.press("Control+Enter")
    desk.wait_for_url("**/objections")
    page.reload()
    page.get_by_text("已按户口簿更正。").wait_for()
    look(page, "objection-answered")


def test_a_clerk_registers_a_mandate_on_paper_by_keyboard(page, world):
    facts = person_facts(world.people["agent"])
    sign_in(page, login_of(world, "clerk"), to=f"/desk/residents/person/{world.people['applicant']}")
    page.keyboard.press("Alt+m")
    page.get_by_label("受托人姓名").wait_for()
    look(page, "desk-mandate")
    page.get_by_label("受托人姓名").fill(facts["name"])
    page.get_by_label("受托人证件号码").fill(facts["id_number"])
    from django.utils import timezone

    page.get_by_label("最后一天").fill(local_date(timezone.now()).isoformat())
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/residents/person/*")
    page.get_by_text("委托书原件和双方身份证原件").wait_for()
    look(page, "desk-person-mandates")
    page.keyboard.press("Alt+m")
    page.get_by_text("只限某些事项").click()
    page.get_by_label(re.compile("^找事项")).fill("退休")
    page.keyboard.press("Enter")
    page.get_by_text("需要的打勾").wait_for()
    page.get_by_role("checkbox", name="正常退休", exact=False).first.check()
    page.get_by_text("附上委托书").click()
    look(page, "desk-mandate-items")
    page.keyboard.press("Control+Enter")
    page.get_by_text("请填写受托人姓名").first.wait_for()
    look(page, "desk-mandate-wrong")
