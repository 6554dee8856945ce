"""Rosters on the portal: handed in, mended, confirmed once, followed; nobody else's by any address, and lists that cost no more for more."""

from __future__ import annotations

import re
from io import BytesIO
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from linli.domains.cases import commands as do
from linli.domains.cases.queries import Case, rosters
from linli.domains.people.queries import Scope
from linli.kernel.ids import uuid7
from linli.testing.browser import sign_in_resident
from linli.testing.online import resident
from linli.testing.rosters import ENROL, LIST, PLANS, book, common_of, firm_mandate, person
from linli.testing.story import picture
from linli.testing.world import PASSWORD
from linli.web.itemform import PREFIX

pytestmark = pytest.mark.django_db
NEW = f"/apply/item/{ENROL}/roster"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def me(client, world):
    """The employer's clerk, signed in."""
    firm_mandate(world, now=timezone.now())
    sign_in_resident(client, world, "agent")
    return client


def text(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def sheet_of(people, item=ENROL):
    return SimpleUploadedFile("名单.xlsx", book(PLANS[item], people).getvalue(), content_type=XLSX)


def post(client, address, **data):
    return client.post(address, {"once": str(uuid4())} | data)


def some(n, first=0):
    return [person(PLANS[ENROL], k) for k in range(first, first + n)]


def handed(client, world, people, **more):
    fields = {PREFIX + k: v for k, v in common_of(world).items()} | {"n_m03": "true"}
    return post(client, NEW, file=sheet_of(people), **(fields | more))


def run(address):
    roster_id = address.rstrip("/").split("/")[-1]
    while not do.run_roster(roster_id=roster_id, now=timezone.now()):
        pass


def test_from_the_template_to_the_numbers(me, world):
    heads = [c.value.removesuffix("*") for c in load_workbook(BytesIO(me.get(f"{NEW}.xlsx").content))["名单"][1]]
    assert heads == [f.label for f in PLANS[ENROL].columns]
    assert "为单位批量申报" in text(me.get(f"/guides/{ENROL}"))
    wrong = some(12)
    wrong[4] |= {"hire_date": "三月一日"}
    page = handed(me, world, wrong)["Location"]
    shown = text(me.get(page))
    assert "12 人中有 1 行需要修改，什么都没有提交" in shown and "三月一日" in shown and not Case.objects.exists()
    back = load_workbook(BytesIO(me.get(f"{page}/returned.xlsx").content))
    at = [c.value for c in back["名单"][1]].index("需要修改") + 1
    assert "三月一日" in back["名单"].cell(6, at).value
    assert post(me, f"{page}/again").status_code == 422
    answer = post(me, f"{page}/again", file=sheet_of(some(12)))
    good = answer["Location"]
    assert answer.status_code == 303 and "12 人全部核对无误" in text(me.get(good)) and "孙经办" in text(me.get(good))
    key = {"once": str(uuid4())}
    assert [me.post(f"{good}/start", key).status_code for _ in range(2)] == [303, 303]
    assert "正在生成办件" in text(me.get(good)) and me.get(f"{good}/progress").status_code == 200
    run(good)
    assert me.get(f"{good}/progress")["HX-Refresh"] == "true"
    assert Case.objects.count() == 12
    done = text(me.get(good))
    assert "12 人已提交" in done and "已提交 12 件" in done and Case.objects.order_by("number").first().number in done
    one = Case.objects.first()
    assert me.get(f"/mine/{one.pk}").status_code == 200
    do.withdraw_online(case_id=one.pk, by=resident(world, "agent"), now=timezone.now())
    assert text(me.get(f"{good}?state=withdrawn")).count(f"/mine/{one.pk}") == 1
    assert text(me.get(f"{good}?state=withdrawn")).count('href="/mine/') < 8
    assert text(me.get(f"{good}?q=职工0007")).count("职工0007") >= 1
    assert len(list(load_workbook(BytesIO(me.get(f"{good}/results.xlsx").content))["办理结果"].rows)) == 13
    assert "12 人" in text(me.get("/mine/rosters"))


def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(me, world):
    answer = post(me, NEW, **{PREFIX + "handler_name": "孙经办", PREFIX + "handler_phone": "12"})
    assert answer.status_code == 422 and "请选择填好的名单" in text(answer) and "孙经办" in text(answer)
    answer = handed(me, world, some(2), **{PREFIX + "handler_phone": "12", "n_m03": ""})
    said = text(answer)
    assert answer.status_code == 422 and "id_f_handler_phone" in said
    fields = {PREFIX + k: v for k, v in common_of(world).items()}
    answer = post(me, NEW, file=sheet_of(some(2)), **fields)
    assert answer.status_code == 422 and "请上传一份，对名单上所有人都算数" in text(answer) and 'href="#id_m_m03"' in text(answer)
    for content in (b"MZ\x90", b"PK\x03\x04 no"):
        answer = post(me, NEW, file=SimpleUploadedFile("名单.xlsx", content), n_m03="true", **fields)
        assert answer.status_code == 422 and 'href="#id_file"' in text(answer) and "孙经办" in text(answer)
    # A paper for all is taken with the list; twice the same list is told once.
    paper = SimpleUploadedFile("证明.png", picture().read(), content_type="image/png")
    good = post(me, NEW, file=sheet_of(some(2)), m_m03=paper, **fields)
    assert good.status_code == 303
    answer = post(me, NEW, file=sheet_of(some(2)), n_m03="true", **fields)
    assert answer.status_code == 422 and "同一份名单已于" in text(answer)
    assert post(me, f"{good['Location']}/cancel").status_code == 303
    assert "已取消" in text(me.get(good["Location"]))


def test_with_several_employers_it_is_asked_for_which_and_without_any_it_is_said_what_to_do(world, client):
    sign_in_resident(client, world, "neighbour")
    assert "您现在不能为单位批量申报这件事" in text(client.get(NEW)) and client.get(f"{NEW}.xlsx").status_code == 404
    assert client.get(NEW, {"employer": world.people["employer"]}).status_code == 200
    assert "您现在不能" in text(client.get(NEW, {"employer": world.people["employer"]}))
    assert post(client, NEW, file=sheet_of(some(1))).status_code == 200
    assert client.get("/apply/item/no-such-item/roster").status_code == 404
    firm_mandate(world, agent="neighbour", now=timezone.now())
    assert "云岭示例服务有限公司" in text(client.get(NEW)) and "第三步：上传名单" in text(client.get(NEW))
    assert "您现在不能" in text(client.get(NEW, {"employer": world.people["applicant"]})) or "为哪家单位申报" in text(
        client.get(NEW, {"employer": world.people["applicant"]})
    )
    assert "下载名单模板" in text(client.get(f"/apply/item/{LIST}/roster"))


def test_no_page_of_a_list_opens_to_anybody_else(me, world):
    page = handed(me, world, some(3))["Location"]
    firm_mandate(world, Scope.READ, agent="applicant", now=timezone.now())
    neighbour, reader, clerk = Client(), Client(), Client()
    sign_in_resident(neighbour, world, "neighbour")
    sign_in_resident(reader, world, "applicant")
    clerk.post("/account/login", {"username": "clerk", "password": PASSWORD})
    reads = ("", "/progress", "/returned.xlsx", "/results.xlsx")
    acts = ("/start", "/cancel", "/again")
    # A clerk's account is none of the portal's: they are led to its sign-in.
    for who, refused in ((neighbour, (404, 404)), (clerk, (302, 401))):
        for part in reads:
            assert who.get(page + part).status_code == refused[0], part
        for part in acts:
            assert post(who, page + part, file=sheet_of(some(1))).status_code == refused[1], part
    assert (
        reader.get(page).status_code == 200 and "确认提交" not in text(reader.get(page)) and "不交了" not in text(reader.get(page))
    )
    assert [post(reader, page + part, file=sheet_of(some(1))).status_code for part in acts] == [404, 404, 404]
    nowhere = f"/mine/rosters/{uuid7()}"
    assert {me.get(nowhere + part).status_code for part in reads} == {404}
    assert "3 人" not in text(neighbour.get("/mine/rosters"))
    roster = rosters(by=resident(world, "agent"), on=timezone.localdate()).get()
    assert roster.state == "ready"


def test_lists_cost_no_more_for_more(me, world):
    def asked(address):
        me.get(address)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert me.get(address).status_code == 200
        return len(queries)

    few = handed(me, world, some(2))["Location"]
    post(me, f"{few}/start")
    run(few)
    first = asked("/mine/rosters"), asked(few)
    for n in range(1, 4):
        more = handed(me, world, some(25, first=100 * n))["Location"]
        post(me, f"{more}/start")
        run(more)
    assert (asked("/mine/rosters"), asked(more)) == first
