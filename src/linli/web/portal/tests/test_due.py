"""What one is due, on pages: one's own, those one may read for, an employer's roster, and for anybody with a few questions."""

from __future__ import annotations

import re
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from linli.domains.people.commands import register_mandate
from linli.domains.people.queries import Ground, Scope
from linli.domains.trace.queries import timeline
from linli.kernel.calendar import local_date
from linli.testing.benefits import hire, old, tell
from linli.testing.browser import sign_in_resident
from linli.testing.rosters import firm_mandate, someone

pytestmark = pytest.mark.django_db
GRADUATES = "na-graduate-hire-subsidy"


def text(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def mandate(world, principal, *scopes, items=()):
    now = timezone.now()
    register_mandate(
        principal_id=world.people[principal], is_employer=False, agent_id=world.people["agent"], scopes=scopes, items=items,
        last_day=local_date(now) + timedelta(days=30), ground=Ground.WRITTEN, evidence="委托书", by=world.actor("clerk"), now=now,
    )  # fmt: skip


def section(page, name):
    """One section of the page."""
    found = re.search(rf'<section aria-labelledby="{name}">.*?</section>', page)
    return found[0] if found else ""


def test_entitled_with_amount_reasons_and_a_way_to_begin(client, world):
    old(world.people["applicant"])
    tell(
        "person",
        world.people["applicant"],
        "contributions",
        resident_paid_months=180,
        resident_account=1_200_000,
        resident_transitional=False,
    )
    tell("person", world.people["applicant"], "benefits", receiving_pension=False)
    sign_in_resident(client, world, "applicant")
    page = text(client.get("/due"))
    assert "高龄津贴" in section(page, "entitled") and "到龄待遇主动领取" in section(page, "entitled")
    assert "229.33 元" in section(page, "entitled") and "12 000.00" in section(page, "entitled")
    assert f"/apply/item/resident-pension-claim?who={world.people['applicant']}" in section(page, "entitled")
    assert "困难群体代缴" in section(page, "not") and "缴费年龄段" in section(page, "not")
    assert "技能提升" in section(page, "over") and "丧葬" not in page


def test_what_cannot_be_told_names_what_is_missing_and_a_word_settles_it_for_this_once(client, world):
    who = world.people["applicant"]
    tell("person", who, "household", birth=date(1960, 1, 1))
    tell("person", who, "contributions", resident_paid_months=180, resident_account=0, resident_transitional=False)
    sign_in_resident(client, world, "applicant")
    page = text(client.get("/due"))
    assert "只差一项就能确定" in section(page, "open") and "正在领取基本养老金" in section(page, "open")
    page = text(client.post("/due", {"receiving_pension": "no", "birth": "1999-01-01", "once": str(uuid4())}))
    assert "到龄待遇主动领取" in section(page, "entitled") and "按您自己说的算的" in page
    assert "到龄待遇主动领取" not in section(text(client.get("/due")), "entitled"), "a word is not kept"
    assert not any(e.act == "benefits.learned" and "receiving_pension" in str(e.data) for e in timeline(who))
    wrong = client.post("/due", {"certificate_on": "yesterday", "business_owner": "maybe", "once": str(uuid4())})
    assert wrong.status_code == 422 and "请选一项" in text(wrong)


def test_a_policy_without_figures_in_a_place_breaks_nothing(client, world, monkeypatch):
    from linli.domains.benefits.queries import book_in_force
    from linli.domains.benefits.queries import due as room

    book = {name: p for name, p in book_in_force().items() if name != "elderly_allowance.bands"}
    monkeypatch.setattr(room, "book_in_force", lambda: book)
    sign_in_resident(client, world, "applicant")
    assert "当地的标准还没有登记" in section(text(client.get("/due")), "open")


def test_nobody_reads_for_somebody_else_without_a_mandate_to_read(client, world):
    old(world.people["neighbour"], hardship="low_income")
    sign_in_resident(client, world, "agent")
    address = f"/due/{world.people['neighbour']}"
    assert client.get(address).status_code == 404 and client.post(address, {"once": str(uuid4())}).status_code == 404
    assert client.get(f"/due/{uuid4()}").status_code == 404
    mandate(world, "neighbour", Scope.APPLY)
    assert client.get(address).status_code == 404, "to apply is not to read"
    mandate(world, "neighbour", Scope.READ, items=["flexible-social-subsidy"])
    page = text(client.get(address))
    assert "灵活就业社保补贴" in page and "高龄津贴" not in page and "城乡居民" not in page
    assert len([e for e in timeline(world.people["neighbour"]) if e.act == "people.viewed"]) == 1
    client.get(address)
    assert len([e for e in timeline(world.people["neighbour"]) if e.act == "people.viewed"]) == 1
    mandate(world, "neighbour", Scope.READ)
    assert "高龄津贴" in section(text(client.get(address)), "entitled")
    assert "高龄津贴" not in section(text(client.get("/due")), "entitled"), "one's own page holds nothing of another's"
    sign_in_resident(neighbour := Client(), world, "neighbour")
    assert "查看可以享受的政策" in text(neighbour.get("/me/data/looks"))


def test_an_employer_sees_who_counts_and_who_misses_what(client, world):
    firm = world.people["employer"]
    for n in range(3):
        hire(world, n)
    hire(world, 3, contract_months=6)
    hire(world, 4, employer_premiums=None)
    hire(world, 5, hire_kind="", size="large")
    sign_in_resident(client, world, "agent")
    roster = f"/due/{firm}/{GRADUATES}"
    assert client.get(f"/due/{firm}").status_code == 404 and client.get(roster).status_code == 404
    firm_mandate(world, Scope.READ, now=timezone.now())
    page = text(client.get(f"/due/{firm}"))
    assert "4 500.00 元" in page and "计入 3 人" in page and "另有 2 人只差一项，1 人不在范围内" in page
    page = text(client.get(roster))
    assert page.count("职****") == 3 and "职工000" not in page and someone(0) not in page
    page = text(client.get(f"{roster}?group=near"))
    assert "签订1年以上劳动合同" in page and "还不清楚" in page and page.count("职****") == 2
    assert client.get(f"/due/{firm}/na-elderly-allowance").status_code == 404
    assert client.get(f"/due/{world.people['agent']}/{GRADUATES}").status_code == 404


def test_a_mandate_for_some_items_shows_an_employer_only_their_policies(client, world):
    hire(world, 0)
    firm_mandate(world, Scope.READ, items=["job-stabilisation-refund"], now=timezone.now())
    sign_in_resident(client, world, "agent")
    page = text(client.get(f"/due/{world.people['employer']}"))
    assert "稳岗返还" in page and "高校毕业生" not in page
    assert client.get(f"/due/{world.people['employer']}/{GRADUATES}").status_code == 404


def test_a_long_roster_costs_no_more_queries_and_is_paged(client, world):
    firm_mandate(world, Scope.READ, now=timezone.now())
    sign_in_resident(client, world, "agent")
    addresses = [f"/due/{world.people['employer']}", f"/due/{world.people['employer']}/{GRADUATES}"]

    def costs():
        counts = []
        for address in addresses:
            client.get(address)
            with CaptureQueriesContext(connection) as queries:
                client.get(address)
            counts.append(len(queries))
        return counts

    hire(world, 0)
    few = costs()
    for n in range(1, 26):
        hire(world, n)
    assert costs() == few
    page = text(client.get(addresses[1]))
    assert page.count("职****") == 20
    rest = re.search(r'href="(\?after=[^"]+)"', page)[1]
    assert text(client.get(addresses[1] + rest)).count("职****") == 6


# -- for anybody -------------------------------------------------------------------------------------------------------------

PERSON = {
    "birth": "1940-05-01", "sex": "male", "local_household": "yes", "employment_status": "none", "receiving_unemployment": "no", "on_job_insured": "no",
    "business_owner": "no", "receiving_pension": "yes", "certificate_level": "-", "certificate_on": "?", "hardship": "-", "student_stage": "-",
    "resident_paid_months": "15", "unemployment_paid_months": "0",
}  # fmt: skip


def hidden(page):
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))


def test_at_most_eight_questions_lead_to_an_answer_and_nothing_is_stored(client, world):
    page, asked = text(client.get("/due/ask?region=7701")), []
    with CaptureQueriesContext(connection) as queries:
        while "下一题" in page:
            given = hidden(page)
            asked.append(given["asked"])
            page = text(client.get("/due/ask", given | {given["asked"]: PERSON[given["asked"]]}))
    assert 3 <= len(asked) <= 8 and len(set(asked)) == len(asked)
    assert not [q["sql"] for q in queries if not q["sql"].startswith("SELECT")]
    assert "高龄津贴" in section(page, "likely") and "还要由部门核对" in page and "求职创业补贴" in section(page, "not")


def test_questions_follow_from_the_answers(client, world):
    def orders(person):
        page, asked = text(client.get("/due/ask")), []
        while "下一题" in page:
            given = hidden(page)
            asked.append(given["asked"])
            page = text(client.get("/due/ask", given | {given["asked"]: person[given["asked"]]}))
        return asked

    young = PERSON | {"birth": "2004-01-01", "student_stage": "graduating", "receiving_pension": "no", "hardship": "low_income"}
    assert orders(PERSON) != orders(young)
    assert len(orders(dict.fromkeys(PERSON, "?"))) <= 8


def test_a_wrong_answer_stays_in_its_field_and_the_way_back_keeps_answers(client, world):
    first = hidden(text(client.get("/due/ask")))["asked"]
    assert first == "birth"
    empty = client.get("/due/ask", {"asked": first, first: ""})
    assert empty.status_code == 422 and 'id="id_birth-error"' in text(empty)
    wrong = client.get("/due/ask", {"asked": first, first: "someday"})
    assert wrong.status_code == 422 and 'value="someday"' in text(wrong)
    page = text(client.get("/due/ask", {"asked": first, first: "1940-05-01"}))
    back = re.search(r'href="(\?[^"]*was=1940-05-01)"', page)[1]
    assert 'value="1940-05-01"' in text(client.get("/due/ask" + back.replace("&amp;", "&")))
    shown = text(client.get("/due/ask", {"birth": "1940-05-01", "show": "1"}))
    assert "1940-05-01" in section(shown, "said")


def test_addresses_that_somebody_made_up_break_nothing(client, world):
    for query in (
        "hardship=%00",
        "birth=9999-99-99",
        "sex=x&birth=1",
        "asked=nothing",
        "student_stage=" + "x" * 5000,
        "unemployment_paid_months=-1e9",
    ):
        assert client.get(f"/due/ask?{query}").status_code in (200, 422)


def test_slips_are_told_and_not_reckoned_with(client, world):
    def told(**typed):
        page = client.get("/due/ask", {"birth": "1951-03-05"} | typed)
        return page.status_code, text(page)

    assert told(birth="2999-01-01")[0] == 422
    months = told(resident_paid_months="180")  # months typed where years are asked
    assert months[0] == 422 and "请填 0 到 80 之间的数" in months[1]
    part = told(resident_paid_months="12.5")
    assert part[0] == 422 and "请填整数" in part[1] and "0 位小数" not in part[1]
    assert told(resident_paid_months="１５")[0] == 200 and told(birth="１９５１-０３-０５")[0] == 200


def test_a_calculator_sends_nobody_to_claim_what_is_not_due(client, world):
    ways = {"years": "6", "min_wage": "2100", "ratio": "90", "low_income": "780"}
    due, not_due = (text(client.get("/calculators/unemployment", ways | {"reason": r})) for r in ("involuntary", "voluntary"))
    assert "/apply/item/unemployment-benefit-claim" in due
    assert "/apply/item/" not in not_due and "/guides/unemployment-benefit-claim" in not_due
