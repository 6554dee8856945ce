"""Issuing, hand-over, seals and acts elsewhere through their pages: who may open what, what is said, and nothing twice."""

from __future__ import annotations

import csv
from base64 import b64encode
from io import StringIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from linli.domains.cases import commands as do
from linli.domains.cases.queries import State
from linli.domains.documents.queries import documents_of, verify
from linli.domains.org.commands import appoint
from linli.domains.trace.queries import timeline
from linli.kernel.actors import system
from linli.kernel.ids import uuid7
from linli.testing.browser import login_of
from linli.testing.story import Story, at, picture
from linli.testing.world import FIRST_DAY
from linli.web.ui.export import safe

pytestmark = pytest.mark.django_db
NOW = at("2026-03-02 15:00")
ELSEWHERE = "card-application"


@pytest.fixture
def enter(client, world):
    """Sign in as somebody of the invented city; the client then acts for them."""

    def go(name):
        client.post("/logout")
        client.cookies.clear()
        login = login_of(world, name)
        answer = client.post("/login", {"username": login.username, "password": login.password})
        assert answer.status_code == 302, name
        return client

    return go


def decided(world, **kw):
    story = Story(world)
    story.receive()
    story.accept()
    story.review(**kw)
    return story


def issued(world):
    story = decided(world)
    story.issue()
    return story


def text_of(answer):
    return answer.content.decode()


def key():
    return {"once": str(uuid7())}


# -- the queue and the case ---------------------------------------------------------------------------------------------


def test_a_case_is_prepared_sealed_and_issued_once_however_often_the_button_is_pressed(enter, world):
    story = decided(world)
    issuer = enter("issuer")
    url = f"/desk/issue/{story.case_id}/"
    assert issuer.get("/desk/issue/next")["Location"] == url
    page = text_of(issuer.get(url))
    assert "测试授权1号" in page and "经查，材料齐全。" in page.replace(",", "，") and "制作结果文书" in page
    again = key()
    for _ in range(2):
        assert issuer.post(url + "prepare", again)["Location"] == url
    papers = documents_of(story.case_id)
    assert [p.kind for p in papers if p.kind in ("decision", "result_certificate")] == ["decision", "result_certificate"]
    for paper in papers[-2:]:
        assert issuer.get(f"/desk/papers/{paper.id}/pdf").content.startswith(b"%PDF")
        assert issuer.get(f"/desk/papers/{paper.id}/picture").content.startswith(b"\x89PNG")
    again = key()
    for _ in range(2):
        assert issuer.post(url + "issue", again)["Location"] == url
    assert story.case.state == State.ISSUED
    assert [e.act for e in timeline(story.case_id)].count("cases.issued") == 1
    assert issuer.get("/desk/issue/next")["Location"] == "/desk/issue/"


def test_whoever_decided_reads_that_a_colleague_must_issue(enter, world):
    story = decided(world)
    decider = story.case.decision.decided_by_id
    name = next(n for n, u in world.users.items() if u == decider)
    posting = appoint(
        user_id=decider, post="issuer", org_id=world.orgs["division"], hall_id=world.orgs["hall"], valid_from=FIRST_DAY,
        by=system("org.manage"), now=NOW,
    )  # fmt: skip
    client = enter(name)
    client.post("/login/post", {"posting": str(posting)})
    assert "没有待出件的办件" in text_of(client.get("/desk/issue/"))
    assert "不能由您出件" in text_of(client.get(f"/desk/issue/{story.case_id}/"))
    answer = client.post(f"/desk/issue/{story.case_id}/prepare", key())
    assert answer.status_code == 403 and "您已经办理过本案的其他环节" in text_of(answer)
    assert story.case.state == State.APPROVED


def test_a_colleague_is_told_that_the_case_is_on_anothers_table(enter, world):
    story = decided(world, approve=False)
    enter("issuer").post(f"/desk/issue/{story.case_id}/prepare", key())
    second = enter("second-issuer")
    page = text_of(second.get(f"/desk/issue/{story.case_id}/"))
    assert "同事正在制作这件的结果" in page and "用印并出件" not in page
    answer = second.post(f"/desk/issue/{story.case_id}/prepare", key())
    assert answer.status_code == 403 and "请取下一件办理" in text_of(answer)
    assert second.post(f"/desk/issue/{story.case_id}/issue", key()).status_code == 404
    assert "同事在制作" in text_of(second.get("/desk/issue/"))


def test_a_page_that_is_out_of_date_says_so_and_does_nothing(enter, world):
    story = decided(world)
    answer = enter("issuer").post(f"/desk/issue/{story.case_id}/prepare", key() | {"version": "1"})
    assert answer.status_code == 409 and "已被他人办理" in text_of(answer)
    assert not [d for d in documents_of(story.case_id) if d.kind == "decision"]


def test_a_rejection_is_issued_with_reasons_and_remedies_and_no_certificate(enter, world):
    story = decided(world, approve=False)
    issuer = enter("issuer")
    issuer.post(f"/desk/issue/{story.case_id}/prepare", key())
    page = text_of(issuer.get(f"/desk/issue/{story.case_id}/"))
    assert "行政复议" in page and "不符合规定条件" in page and "办理结果证明" not in page
    issuer.post(f"/desk/issue/{story.case_id}/issue", key())
    assert [d.kind for d in documents_of(story.case_id) if d.state == "sealed"].count("decision") == 1


def test_the_queue_is_filtered_in_the_address(enter, world):
    yes, no = decided(world), decided(world, approve=False)
    issuer = enter("issuer")
    page = text_of(issuer.get("/desk/issue/?outcome=rejected"))
    assert no.case.number in page and yes.case.number not in page and "决定：不予批准" in page
    assert yes.case.number in text_of(issuer.get(f"/desk/issue/?q={yes.case.number[-5:]}"))
    assert "没有符合条件的办件" in text_of(issuer.get("/desk/issue/?q=ZZZZZ"))
    for path in ("/desk/issue/", "/desk/deliver/"):  # a document number must not stand in an address
        assert "不能用证件号码查找" in text_of(issuer.get(f"{path}?q=770121197001011009"))
    assert "没有符合条件" in text_of(issuer.get("/desk/issue/?shade=green"))  # long over by now


# -- hand-over ------------------------------------------------------------------------------------------------------------


def signature():
    return "data:image/png;base64," + b64encode(picture("s").read()).decode()


def test_a_result_is_handed_over_with_a_signature_once(enter, world):
    story = issued(world)
    clerk = enter("clerk")
    url = f"/desk/deliver/{story.case_id}/"
    assert clerk.get(f"/desk/deliver/?q={story.case.number[-6:]}")["Location"] == url
    sent = key() | {"who": "agent", "recipient": "赵示例", "signature": ""}
    missing = clerk.post(url, sent)
    assert missing.status_code == 422 and "请领取人签名" in text_of(missing) and 'value="赵示例"' in text_of(missing)
    sent["signature"] = signature()
    for _ in range(2):
        assert clerk.post(url, sent)["Location"] == url
    page = text_of(clerk.get(url))
    assert "已送达" in page.replace("于", "于") and "送达回证" in page and "赵示例（代理人）" in page
    receipt = next(d for d in documents_of(story.case_id) if d.kind == "delivery_receipt")
    assert clerk.get(f"/desk/papers/{receipt.id}/pdf").content.startswith(b"%PDF")
    assert [d.kind for d in documents_of(story.case_id)].count("delivery_receipt") == 1
    assert "没有待送达的结果" in text_of(clerk.get("/desk/deliver/"))


def test_who_cannot_sign_on_the_screen_signs_on_paper_and_is_photographed(enter, world):
    story = issued(world)
    clerk = enter("clerk")
    url = f"/desk/deliver/{story.case_id}/"
    sent = key() | {"who": "self", "recipient": "赵示例", "signature_instead": "photo"}
    assert "请拍一张" in text_of(clerk.post(url, sent))
    shot = picture("p")
    shot.name = "qianshou.png"
    assert clerk.post(url, sent | {"photo": shot})["Location"] == url
    assert story.case.delivery.proof == "signature"


def test_the_code_of_receipt_is_counted_and_locked_and_a_signature_still_does(enter, world):
    story = issued(world)
    clerk = enter("second-clerk")
    url, code = f"/desk/deliver/{story.case_id}/", story.case.receipt_code.open()
    wrong = "000000" if code != "000000" else "000001"
    sent = {"who": "self", "recipient": "赵示例"}
    answer = clerk.post(f"{url}?way=code", key() | sent | {"code": wrong})
    assert answer.status_code == 422 and "领取码不正确" in text_of(answer) and "还可以输错 4 次" in text_of(answer)
    assert clerk.post(f"{url}?way=code", key() | sent | {"code": "12"}).status_code == 422
    assert story.case.receipt_tries == 1
    for _ in range(4):
        clerk.post(f"{url}?way=code", key() | sent | {"code": wrong})
    answer = clerk.post(f"{url}?way=code", key() | sent | {"code": code})
    assert answer.status_code == 403 and "已连续输错" in text_of(answer)
    assert "这件不能用领取码领取" in text_of(clerk.get(f"{url}?way=code"))
    assert clerk.post(url, key() | sent | {"signature": signature()})["Location"] == url


def test_the_right_code_by_post_and_electronically(enter, world):
    stories = [issued(world) for _ in range(3)]
    clerk = enter("clerk")
    ways = [
        ("code", {"code": stories[0].case.receipt_code.open()}, ("window", "code", "")),
        ("post", {"carrier": "中国邮政 EMS", "tracking": "EX123456789CN"}, ("post", "tracking", "中国邮政 EMS EX123456789CN")),
        ("electronic", {"agreed": "on"}, ("electronic", "electronic", "")),
    ]
    for story, (way, more, kept) in zip(stories, ways, strict=True):
        url = f"/desk/deliver/{story.case_id}/"
        assert clerk.post(f"{url}?way={way}", key() | {"who": "self", "recipient": "赵示例"}).status_code == 422
        assert clerk.post(f"{url}?way={way}", key() | {"who": "self", "recipient": "赵示例"} | more)["Location"] == url
        d = story.case.delivery
        assert (d.method, d.proof, d.tracking_number) == kept


# -- papers and seals -------------------------------------------------------------------------------------------------------


def test_a_leader_revokes_a_paper_and_whoever_verifies_learns_it(enter, world):
    story = issued(world)
    paper = next(d for d in documents_of(story.case_id) if d.kind == "result_certificate")
    url = f"/desk/papers/{paper.id}/"
    leader = enter("leader")
    assert "作废这份文书" in text_of(leader.get(url))
    answer = leader.post(url + "revoke", key() | {"reason": "内容有误", "legal_basis": ""})
    assert answer.status_code == 422 and "请填写法律依据" in text_of(answer) and "内容有误" in text_of(answer)
    sent = key() | {"reason": "内容有误", "legal_basis": "《中华人民共和国行政许可法》第六十九条"}
    for _ in range(2):
        assert leader.post(url + "revoke", sent)["Location"] == url
    assert verify(paper.code).state == "revoked"
    page = text_of(leader.get(url))
    assert "作废" in page and "第六十九条" in page and "作废这份文书" not in page
    late = leader.post(url + "revoke", sent | key())
    assert late.status_code == 409
    assert enter("issuer").post(url + "revoke", key()).status_code == 403


def test_the_ledger_is_filtered_and_exported_without_formulas(enter, world):
    story = issued(world)
    for name in ("issuer", "auditor", "leader"):
        client = enter(name)
        page = text_of(client.get("/desk/seals/uses/"))
        assert page.count("测试授权1号") >= 2 and "劳务派遣经营许可" in page
        assert "没有用印记录" in text_of(client.get("/desk/seals/uses/?day=2026-03-01"))
        assert client.get("/desk/seals/uses/?day=x&seal=y").status_code == 200
        file = client.get("/desk/seals/uses.csv?day=2026-03-02")
        rows = list(csv.reader(StringIO(b"".join(file.streaming_content).decode("utf-8-sig"))))
        assert len(rows) == 1 + 2 and rows[1][3] == story.case.number and rows[1][7] == "测试授权1号" and len(rows[1][9]) == 64
        assert "云岭市人力资源和社会保障局" in text_of(client.get("/desk/seals/"))
    assert [safe(v) for v in ("=1+1", "-2", "@x", "+86", "\tx", "普通", None)] == [
        "'=1+1",
        "'-2",
        "'@x",
        "'+86",
        "'\tx",
        "普通",
        "",
    ]


# -- elsewhere ----------------------------------------------------------------------------------------------------------------


def test_acts_done_elsewhere_are_recorded_by_one_after_the_other(enter, world):
    story = Story(world, item=ELSEWHERE)
    story.receive()
    url = f"/desk/external/{story.case_id}/"
    clerk = enter("clerk")
    assert story.case.number in text_of(clerk.get("/desk/external/"))
    answer = clerk.post(url, key() | {"act": "accept", "external_number": ""})
    assert answer.status_code == 422 and "请填写外部系统的办件编号" in text_of(answer)
    sent = key() | {"act": "accept", "external_number": "SBK-2026-1"}
    for _ in range(2):
        assert clerk.post(url, sent)["Location"] == url
    assert "审核员，不能是受理人" in text_of(clerk.get(url))
    assert clerk.post(url, key() | {"act": "take_over"}).status_code == 403
    reviewer = enter("reviewer-1")
    page = text_of(reviewer.get(url))
    assert (
        story.case.number not in page and "SBK-2026-1" in page and story.case.number not in text_of(reviewer.get("/desk/external/"))
    )
    assert reviewer.post(url, key() | {"act": "take_over"})["Location"] == url
    assert "不能由您登记" in text_of(reviewer.get(url))
    answer = reviewer.post(url, key() | {"act": "review", "approve": "yes"})
    assert answer.status_code == 403 and "您已经办理过本案的其他环节" in text_of(answer)
    approver = enter("approver-1")
    bad = approver.post(url, key() | {"act": "review", "approve": "no", "facts": "查无此人"})
    assert bad.status_code == 422 and "查无此人" in text_of(bad)
    assert approver.post(url, key() | {"act": "review", "approve": "yes"})["Location"] == url
    issuer = enter("issuer")
    assert issuer.post(url, key() | {"act": "issue", "note": "已制卡"})["Location"] == url
    assert story.case.state == State.ISSUED and "各环节都已登记" in text_of(issuer.get(url))
    assert issuer.post(url, key() | {"act": "nonsense"}).status_code == 404


# -- who may open what ----------------------------------------------------------------------------------------------------------


def test_another_hall_and_a_wrong_post_see_nothing(enter, world):
    story, other = issued(world), Story(world, item=ELSEWHERE)
    other.receive()
    paper = documents_of(story.case_id)[-1]
    case = [f"/desk/issue/{story.case_id}/", f"/desk/deliver/{story.case_id}/", f"/desk/papers/{paper.id}/"]
    case += [f"/desk/papers/{paper.id}/pdf", f"/desk/papers/{paper.id}/picture", f"/desk/external/{other.case_id}/"]
    lists = [
        "/desk/issue/",
        "/desk/issue/next",
        "/desk/deliver/",
        "/desk/external/",
        "/desk/seals/",
        "/desk/seals/uses/",
        "/desk/seals/uses.csv",
    ]
    expected = {
        "elsewhere": ([403, 404, 404, 404, 404, 404], [403, 403, 200, 200, 403, 403, 403]),
        "reviewer-1": ([403, 403, 403, 403, 403, 404], [403, 403, 403, 200, 403, 403, 403]),
        "administrator": ([403] * 6, [403] * 7),
        "manager-elsewhere": ([403, 403, 404, 404, 404, 403], [403] * 7),
        "village": ([403, 404, 404, 404, 404, 403], [403, 403, 200, 403, 403, 403, 403]),
        "clerk": ([403, 200, 200, 200, 200, 200], [403, 403, 200, 200, 403, 403, 403]),
    }
    for name, (pages, overviews) in expected.items():
        client = enter(name)
        assert [client.get(u).status_code for u in case] == pages, name
        assert [client.get(u).status_code for u in lists] == overviews, name
        if name in ("elsewhere", "village"):
            for url, status in zip(lists, overviews, strict=True):
                if status != 200:
                    continue
                page = text_of(client.get(url, {"q": story.case.number})) + text_of(client.get(url))
                assert str(story.case_id) not in page and str(other.case_id) not in page and "赵示例" not in page
            for url in (f"/desk/deliver/{story.case_id}/", f"/desk/external/{other.case_id}/"):
                answer = client.post(
                    url,
                    key() | {"act": "accept", "external_number": "1", "who": "self", "recipient": "x", "signature": signature()},
                )
                assert answer.status_code == pages[case.index(url)]


def test_a_form_without_its_key_does_nothing(enter, world):
    story = issued(world)
    answer = enter("clerk").post(f"/desk/deliver/{story.case_id}/", {"who": "self", "recipient": "x", "signature": signature()})
    assert answer.status_code == 422 and "防重复编号" in text_of(answer)
    assert story.case.state == State.ISSUED


def test_more_rows_cost_no_more_queries(enter, world):
    """A full page of each list costs what a page with one row costs."""
    urls = {
        "issuer": ["/desk/issue/", "/desk/deliver/", "/desk/seals/uses/"],
        "clerk": ["/desk/deliver/", "/desk/external/"],
    }

    def count():
        found = []
        for name, paths in urls.items():
            client = enter(name)
            for path in paths:
                client.get(path)
                with CaptureQueriesContext(connection) as queries:
                    client.get(path)
                found.append((name, path, len(queries)))
        return found

    def one_of_each():
        decided(world)
        issued(world)
        Story(world, item=ELSEWHERE).receive()

    one_of_each()
    few = count()
    for _ in range(4):
        one_of_each()
    assert count() == few


def test_the_day_of_a_signed_receipt_is_today(enter, world):
    story = issued(world)
    enter("clerk").post(f"/desk/deliver/{story.case_id}/", key() | {"who": "self", "recipient": "赵示例", "signature": signature()})
    assert abs(story.case.delivered_at - timezone.now()).total_seconds() < 60
    do.close_case(case_id=story.case_id, now=timezone.now())
    assert story.case.state == State.CLOSED
