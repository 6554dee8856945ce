"""A promise from the counter to the check in a real browser: told, signed on the screen, checked, found untrue, heard, decided, repaired."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from linli.domains.cases import commands as do
from linli.domains.cases.queries import Commitment
from linli.domains.documents.queries import documents_of, verification_url
from linli.domains.people.commands import register_mandate
from linli.domains.people.queries import Ground, Scope
from linli.kernel.calendar import local_date
from linli.testing.browser import PHONE, axe, follow, login_of, shot, sign_in, sign_in_resident
from linli.testing.story import PERMIT, Story, picture

pytestmark = pytest.mark.browser
SKILL, CODE = "skill-evaluation-application", "m04"


@pytest.fixture
def today():
    return local_date(timezone.now())


def draw(page):
    """A stroke on the pad."""
    pad = page.locator("canvas").first
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 40)
    page.mouse.down()
    for n in range(1, 12):
        page.mouse.move(box["x"] + 30 + 20 * n, box["y"] + 40 + (n % 3) * 22)
    page.mouse.up()


def with_mandate(world, story):
    """Somebody who may act for the applicant of a case, an employer."""
    register_mandate(
        principal_id=world.people["employer"], is_employer=True, agent_id=world.people["agent"], scopes=(Scope.APPLY, Scope.READ), items=(),
        last_day=local_date(timezone.now()) + timedelta(days=30), ground=Ground.COMPANY_CLERK, evidence="授权委托书原件",
        by=story.who("clerk"), now=timezone.now(),
    )  # fmt: skip
    return "agent"


def received(world, day, item=SKILL, code=CODE):
    """A case in hand with everything but one material."""
    story = Story(world, item=item, day=day.isoformat())
    story.receive(complete=False)
    for one in story.handed():
        if one.code != code:
            do.hand_in(case_id=story.case_id, material=one, by=story.who("clerk"), now=timezone.now())
    return story


def test_a_clerk_has_a_promise_signed_on_the_screen(page, live, world, today, open_page):
    story = received(world, today)
    sign_in(page, login_of(world, "clerk"))
    page.goto(f"/desk/cases/{story.case_id}")
    page.locator(f"#m-{CODE}").get_by_role("link", name="告知承诺").click()
    page.wait_for_url(f"**/promises/{CODE}")
    axe(page)
    shot(page, "promise")
    page.get_by_role("button", name="确认承诺").click()
    page.get_by_role("alert").filter(has_text="请申请人签名").first.wait_for()
    axe(page)
    draw(page)
    shot(page, "promise-signed")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**/cases/{story.case_id}#m-{CODE}")
    page.locator(f"#m-{CODE}").get_by_text("已有").wait_for()
    row = Commitment.objects.get(case_id=story.case_id)
    assert (row.signed, row.standing) == ("drawn", "given") and row.signature_file_id
    page.goto(f"/desk/cases/{story.case_id}/promises/m01")
    page.get_by_text("这份材料不能以承诺代替").wait_for()
    assert page.get_by_role("button", name="确认承诺").count() == 0
    axe(page)
    shot(page, "promise-refused")
    phone = open_page(PHONE)
    sign_in(phone, login_of(world, "second-clerk"))
    phone.goto(f"/desk/cases/{story.case_id}/promises/{CODE}")
    axe(phone)
    shot(phone, "promise-phone")


def test_a_minor_material_is_promised_and_brought_later(page, live, world, today, open_page):
    story = received(world, today, item=PERMIT)
    sign_in(page, login_of(world, "clerk"))
    page.goto(f"/desk/cases/{story.case_id}/promises/{CODE}?later=1")
    axe(page)
    shot(page, "pending")
    draw(page)
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**/cases/{story.case_id}#m-{CODE}")
    shot(page, "pending-intake")
    story.accept(day=today.isoformat())
    page.goto(f"/desk/cases/{story.case_id}")
    axe(page)
    page.locator(".l-clock").filter(has_text="容缺补交").get_by_text("还剩").wait_for()
    shot(page, "pending-accepted")
    firm = with_mandate(world, story)
    mine = open_page(PHONE)
    sign_in_resident(mine, world, firm, to=f"/mine/{story.case_id}")
    mine.get_by_text("请您最迟补交").wait_for()
    axe(mine)
    shot(mine, "pending-mine")
    mine.get_by_label("补交的材料").set_input_files({"name": "制度.png", "mimeType": "image/png", "buffer": picture().read()})
    mine.get_by_role("button", name="现在补交").click()
    mine.get_by_text("已收到补交的材料。").first.wait_for()
    assert Commitment.objects.get(case_id=story.case_id).standing == "kept"


def verified(page, story):
    """What a stranger who holds the result is told of it."""
    card = next(d for d in documents_of(story.case_id) if d.kind.value == "decision" and d.state.value != "revoked")
    page.goto(urlsplit(verification_url(card.code.replace("-", "").replace(" ", ""))).path)
    return page.locator("main").inner_text()


def test_a_result_given_in_advance_says_so_until_it_was_checked(page, live, world, today, open_page):
    story = received(world, today)
    sign_in(page, login_of(world, "clerk"))
    page.goto(f"/desk/cases/{story.case_id}/promises/{CODE}")
    page.get_by_text("在纸上签字的，把签字件留在卷里").click()
    page.get_by_label("签字件的扫描件").set_input_files({"name": "第1页.png", "mimeType": "image/png", "buffer": picture().read()})
    shot(page, "promise-scan")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**/cases/{story.case_id}#m-{CODE}")
    line = page.locator(f"#m-{CODE}")
    line.get_by_text("存入签字件").click()
    line.get_by_label("签字件的扫描件").set_input_files(
        {"name": "第2页.png", "mimeType": "image/png", "buffer": picture("2").read()}
    )
    shot(page, "promise-sheet")
    line.get_by_role("button", name="存卷").click()
    line.get_by_text("第2页.png").first.wait_for()
    axe(page)
    shot(page, "promise-sheet-kept")
    phone = open_page(PHONE, large=True)
    sign_in(phone, login_of(world, "second-clerk"))
    phone.goto(f"/desk/cases/{story.case_id}/promises/{CODE}")
    axe(phone)
    shot(phone, "promise-scan-phone")
    story.accept(day=today.isoformat())
    story.review(day=today.isoformat())
    with ThreadPoolExecutor(1) as aside:
        aside.submit(story.issue, day=today.isoformat()).result()
        aside.submit(story.deliver, day=today.isoformat()).result()
    stranger = open_page(PHONE)
    assert "结果暂行" in verified(stranger, story)
    axe(stranger)
    shot(stranger, "provisional-verify")
    mine = open_page(PHONE)
    sign_in_resident(mine, world, to=f"/mine/{story.case_id}")
    mine.get_by_text("您已书面承诺，我们最迟于").wait_for()
    row = Commitment.objects.get(case_id=story.case_id)
    owner = next(n for n, u in world.users.items() if u == row.owner_id)
    checker = open_page(1440)
    sign_in(checker, login_of(world, owner), to=f"/desk/checks/{row.pk}")
    checker.locator("#act-keep summary").click()
    checker.locator("#act-keep").get_by_label("怎样核查的").fill("电话核实用人单位，工作年限与承诺一致。")
    checker.locator("#act-keep").get_by_role("button", name="核查属实").click()
    checker.get_by_text("已登记核查属实。").first.wait_for()
    axe(checker)
    shot(checker, "check-kept")
    assert "现在有效" in verified(stranger, story)
    mine.reload()
    mine.get_by_text("您的书面承诺已经核查属实。").wait_for()
    axe(mine)
    shot(mine, "provisional-final-mine")


def test_a_grant_found_to_rest_on_something_untrue_is_issued_as_a_refusal(page, live, world, today):
    day = today - timedelta(days=5)
    story = received(world, day)
    ago = timezone.now() - timedelta(days=5)
    do.commit_to(case_id=story.case_id, code=CODE, by=story.who("clerk"), now=ago)
    story.accept(day=day.isoformat())
    story.review(day=day.isoformat())
    row = Commitment.objects.get(case_id=story.case_id)
    owner = next(n for n, u in world.users.items() if u == row.owner_id)
    common = {"commitment_id": row.pk, "by": story.who(owner, today.isoformat()), "now": timezone.now()}
    do.find_breach(facts="单位回函：2024 年 6 月入职，不足承诺的五年。", **common)
    do.hear_applicant(statement="入职日期记错了。", **common)
    leader = story.who("leader", today.isoformat())
    do.conclude_breach(**common | {"by": leader}, upheld=True, reasons="承诺的情况与事实不符。")
    sign_in(page, login_of(world, "issuer"), to=f"/desk/issue/{story.case_id}/")
    page.get_by_text("不予批准", exact=True).first.wait_for()
    page.get_by_text("不足承诺的五年").first.wait_for()
    axe(page)
    shot(page, "taken-back-issue")
    page.get_by_role("button", name="制作结果文书").click()
    page.get_by_text("结果文书已制作，请核对。").first.wait_for()
    shot(page, "taken-back-prepared")
    page.get_by_role("button", name="用印并出件").click()
    page.get_by_text("已用印出件").first.wait_for()
    story.case.refresh_from_db()
    assert (story.case.state, story.case.approved) == ("issued", False)
    sign_in(page, login_of(world, "manager"), to=f"/desk/all-cases/{story.case_id}")
    page.get_by_text("准予决定已撤销").wait_for()
    shot(page, "taken-back-supervise")


def test_a_check_goes_from_the_list_to_a_decision_and_a_repair(page, live, world, today, open_page):
    day = today - timedelta(days=5)
    story = received(world, day)
    do.commit_to(case_id=story.case_id, code=CODE, by=story.who("clerk"), now=timezone.now() - timedelta(days=5))
    story.accept(day=day.isoformat())
    story.review(day=day.isoformat())
    with ThreadPoolExecutor(1) as aside:  # signing has a loop of its own, and so has the browser
        aside.submit(story.issue, day=day.isoformat()).result()
    row = Commitment.objects.get(case_id=story.case_id)
    owner = next(n for n, u in world.users.items() if u == row.owner_id)
    sign_in(page, login_of(world, owner))
    page.goto("/desk/checks")
    axe(page)
    shot(page, "checks")
    follow(page.get_by_role("link", name=story.case.number))
    axe(page)
    shot(page, "check")
    page.get_by_text("发现不符").first.click()
    page.locator("#act-doubt").get_by_role("button", name="发现不符").click()
    page.get_by_role("alert").filter(has_text="请填写核查发现的情况").first.wait_for()
    axe(page)
    page.locator("#act-doubt").get_by_label("核查发现的情况").fill("单位回函：2024 年 6 月入职，不足承诺的五年。")
    page.locator("#act-doubt").get_by_role("button", name="发现不符").click()
    page.get_by_text("已书面告知申请人").first.wait_for()
    page.get_by_label("申请人的陈述和申辩").fill("入职日期记错了，愿意补交证明。")
    page.get_by_role("button", name="登记陈述").click()
    page.get_by_text("已登记申请人的陈述。").first.wait_for()
    shot(page, "check-doubted")
    page.goto("/desk/checks?shelf=kept")
    axe(page)
    shot(page, "checks-empty")

    leader = open_page(1440)
    sign_in(leader, login_of(world, "leader"))
    leader.goto("/desk/checks?shelf=doubted")
    axe(leader)
    shot(leader, "checks-overview")
    leader.get_by_role("link", name=story.case.number).click()
    leader.locator("#act-uphold summary").click()
    axe(leader)
    shot(leader, "check-decide")
    leader.locator("#act-uphold").get_by_label("理由").fill("承诺的情况与事实不符。")
    leader.locator("#act-uphold").get_by_role("button", name="认定承诺不实").click()
    leader.get_by_text("已作出处理决定。").first.wait_for()
    axe(leader)
    shot(leader, "check-broken")
    leader.get_by_label("申请人怎样改正的").fill("补交了工作年限证明。")
    leader.get_by_role("button", name="登记修复").click()
    leader.get_by_text("已登记修复。").first.wait_for()
    row.refresh_from_db()
    assert row.standing == "repaired"
    phone = open_page(PHONE, large=True)
    sign_in(phone, login_of(world, "leader"))
    for address, name in (("/desk/checks?shelf=broken", "checks-phone"), (f"/desk/checks/{row.pk}", "check-phone")):
        phone.goto(address)
        axe(phone)
        shot(phone, name)
