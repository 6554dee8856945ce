"""The pages of grants, payments and the ledger, and what residents see: who may do what, what is said, and what a list costs."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DataError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django import app

from linli.domains.benefits import commands
from linli.domains.benefits.queries import (
    GrantState,
    accounts_of,
    bank_answers,
    grant_lists,
    grant_objections,
    grants_of,
    ledger_differences,
    pay_batches,
    pay_lines,
)
from linli.domains.benefits.queries.results import folder_of
from linli.domains.cases.commands import finish_many
from linli.domains.people.commands import learn
from linli.domains.people.queries import parties
from linli.domains.trace.queries import acts_by
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.testing.browser import sign_in_resident
from linli.testing.grants import (
    JOB,
    POLICY,
    SEND,
    answer,
    due,
    hands,
    known,
    payments_in,
    published,
    scanned,
    sent,
    taken_in,
    wants,
    work,
)
from linli.testing.rosters import someone
from linli.testing.world import BUILDER, COUNTY, PASSWORD, person_id
from linli.web.portal.benefits.published import STRANGERS
from linli.web.ui.templatetags.linli_ui import fen

FEED = Actor(user_id=None, permissions=frozenset({"benefits.learn"}), device="test")


def now():
    return timezone.now()


def enter(name: str) -> Client:
    client = Client()
    assert client.post("/login", {"username": name, "password": PASSWORD}).status_code == 302
    return client


def send(client, url, **given):
    return client.post(url, {"once": str(uuid4()), **given})


def text(answer):
    return answer.content.decode()


@pytest.fixture
def who(world, committed_db):
    return hands(world)


def perform_batch(who, step="fill"):
    """What the jobs do with the newest batch: put it together, or enter it."""
    batch = pay_batches(by=who.payer).first()
    app.tasks[f"benefits.{step}_batch"](str(batch.pk))
    batch.refresh_from_db()
    return batch


def perform(list_id):
    """What the job does that makes a list."""
    app.tasks["benefits.fill_list"](str(list_id))


def run_over(who, people):
    due(people, on=local_date(now()))
    return scanned(who, on=local_date(now()), now=now())


@pytest.fixture
def listed(world, who):
    """A published list with the applicant and two others."""
    return published(who, run_over(who, [world.people["applicant"], known(1), known(2)]), now=now())


def owed(who, list_id):
    """The window of the list is over: as the job finds it ten days later."""
    work(now=now() + timedelta(days=10))
    return list(grants_of(list_id, by=who.maker, state=GrantState.DUE))


def test_a_list_goes_from_a_scan_to_publication_by_two_officers(world, who):
    run_id = run_over(who, [world.people["applicant"], known(1)])
    officer, second = enter("benefits"), enter("second-policies")
    page = text(officer.get(reverse("runs:policy", args=[run_id, POLICY])))
    assert "编制发放名单" in page and "编制发放名单" not in text(enter("leader").get(reverse("runs:policy", args=[run_id, POLICY])))
    made = send(officer, reverse("grants:make"), run=str(run_id), policy=POLICY)
    (row,) = grant_lists(by=who.maker)
    assert made["Location"] == reverse("grants:list", args=[row.pk])
    again = send(officer, reverse("grants:make"), run=str(run_id), policy=POLICY)
    assert again["Location"] == reverse("runs:policy", args=[run_id, POLICY]) and grant_lists(by=who.maker).count() == 1
    perform(row.pk)
    act = reverse("grants:act", args=[row.pk, "agree"])
    assert send(officer, act).status_code == 403 and send(enter("payments"), act).status_code == 403
    assert "不能自己复核" in text(officer.get(made["Location"])) and person_id(0) not in text(officer.get(made["Location"]))
    assert send(officer, reverse("grants:act", args=[row.pk, "publish"])).status_code == 409
    assert send(second, act).status_code == 302
    assert send(officer, reverse("grants:act", args=[row.pk, "publish"])).status_code == 302
    assert "公示中" in text(officer.get(made["Location"]))
    public = Client().get(reverse("benefits:published_list", args=[row.pk]))
    assert "赵" in text(public) and "赵示例" not in text(public) and person_id(0) not in text(public)
    refused = send(officer, reverse("grants:act", args=[row.pk, "withdraw"]), reason=" ")
    assert refused.status_code == 422
    assert send(officer, reverse("grants:act", args=[row.pk, "withdraw"]), reason="标准有误").status_code == 302
    assert Client().get(reverse("benefits:published_list", args=[row.pk])).status_code == 404
    assert "标准有误" in text(officer.get(made["Location"]))


def test_a_list_is_made_by_a_job_that_says_how_far_it_is_and_why_it_failed(world, who):
    run_id = run_over(who, [world.people["applicant"], known(1), known(2)])
    officer = enter("benefits")
    page = send(officer, reverse("grants:make"), run=str(run_id), policy=POLICY)["Location"]
    (row,) = grant_lists(by=who.maker)
    where, ask = reverse("grants:progress", args=[row.pk]), {"HTTP_HX_REQUEST": "true"}
    shown = text(officer.get(page))
    assert "正在编制名单" in shown and "<progress" in shown and "复核同意" not in shown and "未登记" not in shown
    assert officer.get(where)["Location"] == page and "HX-Refresh" not in officer.get(where, **ask)
    file = folder_of(run_id) / "changes_person.parquet"
    kept = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(kept[:-1] + b"x")
    perform(row.pk)
    assert officer.get(where, **ask)["HX-Refresh"] == "true"
    shown = text(officer.get(page))
    assert "没有编成" in shown and "与封存时不一致" in shown and "从备份恢复该文件" in shown and "继续编制" in shown
    remake = reverse("grants:act", args=[row.pk, "remake"])
    assert (
        send(enter("second-policies"), remake).status_code == 403
        and send(enter("second-policies"), reverse("grants:act", args=[row.pk, "agree"])).status_code == 409
    )
    file.write_bytes(kept)
    assert send(officer, remake).status_code == 302 and send(officer, remake).status_code == 409
    with no_more_grants(), pytest.raises(DataError):
        perform(row.pk)
    assert "编制意外中断" in text(officer.get(page)) and "继续编制" in text(officer.get(page))
    perform(row.pk)  # as the queue does by itself
    assert "3" in text(officer.get(page)) and "正在编制" not in text(officer.get(page)) and "名单摘要" in text(officer.get(page))
    assert grants_of(row.pk, by=who.maker).count() == 3


@contextmanager
def no_more_grants():
    """The database refuses the next grant, as a full disk would."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION benefits_no_more() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '22000'; END $$"
        )
        cursor.execute("CREATE TRIGGER benefits_no_more BEFORE INSERT ON benefits_grant EXECUTE FUNCTION benefits_no_more()")
        try:
            yield
        finally:
            cursor.execute("DROP FUNCTION benefits_no_more CASCADE")


def test_every_address_asks_who_one_is_and_where(world, who, listed):
    grant = grants_of(listed, by=who.maker).first()
    commands.object_to(list_id=listed, text="不对", name="李四", contact="0", by=who.maker, now=now())
    objection = grant_objections(by=who.maker).get()
    see = [
        *(reverse(f"grants:{n}") for n in ("lists", "objections", "payments", "waiting", "returned", "claw_backs", "ledger")),
        reverse("grants:list", args=[listed]), reverse("grants:grant", args=[grant.pk]), reverse("grants:objection", args=[objection.pk]),
    ]  # fmt: skip
    for name, status in {
        "benefits": 200,
        "payments": 200,
        "second-policies": 200,
        "auditor": 200,
        "clerk": 403,
        "village": 403,
    }.items():
        client = enter(name)
        assert {client.get(url).status_code for url in see} == {status}, name
    elsewhere, clerk = enter("benefits-elsewhere"), enter("clerk")
    for client, status in ((elsewhere, 404), (clerk, 403)):
        assert client.get(reverse("grants:progress", args=[listed]), HTTP_HX_REQUEST="true").status_code == status
    assert {elsewhere.get(url).status_code for url in see[-3:-2]} == {404}
    for url in (
        reverse("grants:make"), reverse("grants:make_batch"), reverse("grants:answer"), reverse("grants:act", args=[listed, "agree"]),
        reverse("grants:grant_act", args=[grant.pk, "void"]), reverse("grants:batch_act", args=[uuid4(), "agree"]),
        reverse("grants:file", args=[uuid4()]), reverse("grants:claw_back_act", args=[uuid4(), "settle"]), reverse("grants:objection", args=[objection.pk]),
        reverse("grants:ledger_export", args=["csv"]),
    ):  # fmt: skip
        assert send(clerk, url).status_code == 403, url
    payer = enter("payments")
    assert send(payer, reverse("grants:file", args=[uuid4()])).status_code == 404
    assert payer.get(reverse("grants:batch", args=[uuid4()])).status_code == 404
    assert payer.get(reverse("grants:claw_back", args=[uuid4()])).status_code == 404
    assert send(payer, reverse("grants:act", args=[listed, "burn"])).status_code == 404
    assert send(enter("benefits"), reverse("grants:objection", args=[objection.pk]), upheld="no", reasons="x").status_code == 403


def test_a_county_sees_and_takes_along_only_its_own_part_of_the_ledger(world, who):
    here, there = [known(n) for n in range(2)], [known(7)]
    due(here, on=local_date(now()))
    due(there, region="770122", on=local_date(now()))
    list_id = published(who, scanned(who, on=local_date(now()), now=now()), now=now())
    owed(who, list_id)
    on = local_date(now() + timedelta(days=10))
    where, export = f"{reverse('grants:ledger')}?day={on}", reverse("grants:ledger_export", args=["csv"])
    for name, number in {"payments": 3, "payments-elsewhere": 2}.items():
        officer = enter(name)
        assert fen(number * 40_000) in text(officer.get(where)), name
        csv = b"".join(send(officer, export).streaming_content).decode()
        assert csv.count("核定待遇") == number, name
        taken = acts_by(world.users[name], since=now() - timedelta(1), until=now() + timedelta(1)).filter(
            act="benefits.ledger_exported"
        )
        assert taken.get().data["lines"] == number
    city, county = enter("payments"), enter("payments-elsewhere")
    assert "清溪县" in text(city.get(where)) and 'name="place"' not in text(county.get(where))
    only = text(city.get(where + "&place=770122"))
    assert "400.00" in only and fen(120_000) not in only and "800.00" not in only
    asked = text(county.get(where + "&place=770122"))  # a place that is not theirs is no filter, and shows nothing more
    assert "800.00" in asked and 'value="770122"' not in asked
    assert b"".join(send(county, export, place="770122").streaming_content).decode().count("核定待遇") == 2
    mine, theirs = (grants_of(list_id, by=who.maker).get(payee_id=p) for p in (here[0], there[0]))
    assert [county.get(reverse("grants:grant", args=[g.pk])).status_code for g in (mine, theirs)] == [200, 404]


def test_a_resident_sees_their_grant_objects_and_reads_the_answer(world, who, listed):
    resident, stranger = Client(), Client()
    sign_in_resident(resident, world)
    page = text(resident.get(reverse("benefits:mine")))
    assert "公示中" in page and "提出异议" in page
    grant = grants_of(listed, by=who.maker).get(payee_id=world.people["applicant"])
    url = reverse("benefits:object", args=[listed]) + f"?grant={grant.pk}"
    assert send(resident, url, text="").status_code == 422
    assert send(resident, url, text="金额少了").status_code == 302
    again = send(resident, url, text="再说一次")
    assert again.status_code == 409 and "已经提过异议" in text(again) and "再说一次" in text(again)
    mine = text(resident.get(reverse("benefits:mine")))
    assert "提出异议</a>" not in mine and url not in mine
    assert "答复以后再发放" in mine and "没有异议就发放" not in mine
    found = grant_objections(by=who.maker).get()
    assert found.grant_id == grant.pk
    assert send(stranger, reverse("benefits:object", args=[listed]), text="有人不该领").status_code == 422
    said = {"text": "有人不该领", "name": "王五", "contact": "1"}
    assert send(stranger, reverse("benefits:object", args=[listed]), **said).status_code == 302
    foreign = Client()
    sign_in_resident(foreign, world, "agent")
    assert "金额少了" not in text(foreign.get(reverse("benefits:mine")))
    assert foreign.get(reverse("benefits:account", args=[grant.pk])).status_code == 404
    assert foreign.get(reverse("benefits:why", args=[grant.pk])).status_code == 404
    why = text(resident.get(reverse("benefits:why", args=[grant.pk])))
    assert why.count("d-yes") >= 2 and "400.00" in why
    assert send(foreign, reverse("benefits:confirm", args=[grant.pk])).status_code == 404
    officer, page_of_it = enter("second-policies"), reverse("grants:objection", args=[found.pk])
    assert "金额少了" in text(officer.get(page_of_it))
    wrong = send(officer, page_of_it, upheld="yes", amount="1.234", reasons="核对过缴费")
    assert wrong.status_code == 422 and "核对过缴费" in text(wrong)
    assert send(officer, page_of_it, upheld="yes", amount="88.50", reasons="核对过缴费").status_code == 302
    assert send(officer, page_of_it, upheld="no", reasons="再来").status_code == 409
    grant.refresh_from_db()
    assert grant.amount_fen == 8850
    answered = text(resident.get(reverse("benefits:mine")))
    assert "核对过缴费" in answered and "88.50" in answered and "异议成立" in answered


def test_whoever_names_a_line_of_the_list_has_it_wait_and_an_officer_learns_whom_to_tell(world, who, listed):
    stranger, second, maker = Client(), enter("second-policies"), enter("benefits")
    online, desk = reverse("benefits:object", args=[listed]), reverse("grants:act", args=[listed, "object"])
    said = {"text": "早就上班了", "name": "王五", "contact": "10000000031"}
    unsigned = send(stranger, online, text="早就上班了")
    assert unsigned.status_code == 422 and "您的姓名" in text(unsigned) and "请填写联系电话或邮箱" in text(unsigned)
    for client, url in ((stranger, online), (maker, desk)):
        for wrong in ("99", "0", "x", "9" * 30):
            refused = send(client, url, number=wrong, **said)
            assert (
                refused.status_code == 422
                and ("名单上没有第" in text(refused) or client is stranger)
                and f'value="{wrong}"' in text(refused)
                and "早就上班了" in text(refused)
            )
    assert not grant_objections(by=who.maker).exists()
    assert send(stranger, online, number="2", **said).status_code == 302
    assert send(maker, desk, number="3", **said).status_code == 302
    assert send(maker, desk, number="", **said).status_code == 302
    assert sorted(o.grant.number if o.grant else 0 for o in grant_objections(by=who.maker)) == [0, 2, 3]
    assert [g.number for g in owed(who, listed)] == [1]
    found = grant_objections(by=who.maker).get(grant__number=2)
    page = reverse("grants:objection", args=[found.pk])
    assert "编制名单的人不能自己答复" in text(maker.get(page)) and "系统发不了消息" in text(second.get(page))
    answered = second.post(page, {"once": str(uuid4()), "upheld": "no", "reasons": "没有参保记录"}, follow=True)
    assert "把结果告诉他（她）" in text(answered) and "并通知了提出人" not in text(answered)


def test_no_stranger_holds_back_a_whole_list_from_one_address(world, who, listed):
    stranger, resident, url = Client(), Client(), reverse("benefits:object", args=[listed])
    sign_in_resident(resident, world)
    said = {"text": "早就上班了", "name": "王五", "contact": "10000000031"}
    STRANGERS.forget()
    assert [send(stranger, url, **said).status_code for _ in range(STRANGERS.times)] == [302] * STRANGERS.times
    refused = send(stranger, url, number="2", **said)
    assert refused.status_code == 503 and "早就上班了" in text(refused) and "分钟后再试" in text(refused)
    assert send(resident, url, text="我知道他上班了", number="2").status_code == 302  # who is known is not counted
    assert [o.grant.number for o in grant_objections(by=who.maker) if o.grant] == [2]


def test_no_list_is_made_of_a_scan_of_a_day_to_come(world, who):
    due([world.people["applicant"]], on=local_date(now()))
    tomorrow = local_date(now()) + timedelta(days=1)
    run_id = scanned(who, on=tomorrow, now=now())
    answer = enter("benefits").post(
        reverse("grants:make"), {"once": str(uuid4()), "run": str(run_id), "policy": POLICY}, follow=True
    )
    assert "还没有到，只能看，不能编制发放名单" in text(answer) and not grant_lists(by=who.maker).exists()
    commands.make_list(run_id=run_id, policy=POLICY, by=who.maker, now=now() + timedelta(days=1))


def test_a_list_with_nobody_on_it_asks_nobody_to_agree(world, who, listed):
    run_id = scanned(who, on=local_date(now()), now=now())
    officer, second = enter("benefits"), enter("second-policies")
    page = send(officer, reverse("grants:make"), run=str(run_id), policy=POLICY)["Location"]
    perform(grant_lists(by=who.maker).latest("made_at").pk)
    for client in (officer, second):
        shown = text(client.get(page))
        assert "不用复核" in shown and "撤回名单" in shown and "复核同意" not in shown and "等另一位" not in shown


def test_money_goes_to_the_bank_and_what_comes_back_is_sent_again(world, who, listed):
    assert len(owed(who, listed)) == 3
    payer, second = enter("payments"), enter("second-policies")
    page = text(payer.get(reverse("grants:waiting")))
    assert "收款账户还没有确认" in page and "可以付款" in page
    grant = grants_of(listed, by=who.maker).get(payee_id=world.people["applicant"])
    account = reverse("grants:grant_act", args=[grant.pk, "account"])
    refused = send(payer, account, bank="示例银行", account="12", told="counter")
    assert refused.status_code == 422 and 'value="12"' not in text(refused)
    unsaid = send(payer, account, bank="示例银行", account="800000000099")
    assert unsaid.status_code == 422 and "请选择本人是怎么告诉您的" in text(unsaid) and "800000000099" not in text(unsaid)
    assert send(payer, account, bank="示例银行", account="800000000099", told="paper").status_code == 302
    made = send(payer, reverse("grants:make_batch"), policy=POLICY, list=str(listed))
    (batch,) = pay_batches(by=who.payer)
    assert made["Location"] == reverse("grants:batch", args=[batch.pk]) and batch.state == "making"
    page = text(payer.get(made["Location"]))
    assert "正在编制付款批次" in page and "待遇001" not in page and "撤回批次" in page
    assert send(second, reverse("grants:batch_act", args=[batch.pk, "agree"])).status_code == 409
    again = send(payer, reverse("grants:make_batch"), policy=POLICY, list=str(listed))
    assert again["Location"] == reverse("grants:payments") and "正在编制" in text(payer.get(reverse("grants:payments")))
    where = reverse("grants:batch_progress", args=[batch.pk])
    polled = payer.get(where, headers={"HX-Request": "true"})
    assert "正在编制付款批次" in text(polled) and "HX-Refresh" not in polled and payer.get(where).status_code == 302
    assert enter("clerk").get(where).status_code == 403
    commands.fail_batch(batch_id=batch.pk, by=JOB, now=now())
    page = text(payer.get(made["Location"]))
    assert "处理意外中断" in page and "正在编制付款批次" not in page
    assert send(payer, reverse("grants:batch_act", args=[batch.pk, "resume"])).status_code == 302
    assert send(payer, reverse("grants:batch_act", args=[batch.pk, "resume"])).status_code == 409
    assert perform_batch(who).lines == 3
    assert payer.get(where, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    assert send(payer, reverse("grants:batch_act", args=[batch.pk, "agree"])).status_code == 403
    assert send(payer, reverse("grants:file", args=[batch.pk]), purpose="send").status_code == 409
    assert send(second, reverse("grants:batch_act", args=[batch.pk, "agree"])).status_code == 302
    page = text(payer.get(made["Location"]))
    assert "正在入账并生成付款文件" in page and "撤回批次" not in page and "下载付款文件" not in page
    commands.fail_batch(batch_id=batch.pk, by=JOB, now=now())
    assert "付款文件还不能下载" in text(payer.get(made["Location"]))
    assert send(second, reverse("grants:batch_act", args=[batch.pk, "resume"])).status_code == 302
    perform_batch(who, "send")
    unsaid = send(payer, reverse("grants:file", args=[batch.pk]))
    assert (
        unsaid.status_code == 422
        and "请选择下载付款文件做什么用" in text(unsaid)
        and "还没有下载" in text(payer.get(reverse("grants:payments")))
    )
    file = send(payer, reverse("grants:file", args=[batch.pk]), purpose="send").getvalue()
    assert (
        file == send(payer, reverse("grants:file", args=[batch.pk]), purpose="send").getvalue()
        and send(second, reverse("grants:file", args=[batch.pk]), purpose="send").status_code == 403
    )
    number, rows = payments_in(file)
    page = text(payer.get(reverse("grants:batch", args=[batch.pk])))
    assert "下载记录" in page and "交给银行付款" in page and "共 2 次" in text(payer.get(reverse("grants:payments")))

    def upload(content):
        return send(payer, reverse("grants:answer"), file=SimpleUploadedFile("a.csv", content, "text/csv"))

    where = reverse("grants:batch", args=[batch.pk])

    def perform_answer():
        newest = bank_answers(batch.pk, by=who.payer).first()
        app.tasks["benefits.enter_answer"](str(newest.pk))
        return newest.pk

    assert send(payer, reverse("grants:answer")).status_code == 422
    wrong = upload(b"what,is,this\n")
    assert wrong.status_code == 422 and "首行要写明文件种类和批次号" in text(wrong)
    assert upload(answer(number, [(rows[0][0], "0.01")])).url == where
    answer_id = perform_answer()
    page = text(payer.get(where))
    assert "整个文件没有入账" in page and "第 2 行：金额与付款文件不符" in page and "正在逐笔核对" not in page
    said = answer(number, rows, returned={rows[0][0]: "账号不符"}, on=local_date(now()))
    assert upload(said).url == where and upload(said).url == where
    assert "正在逐笔核对银行回盘" in text(payer.get(where))
    assert "没有收下" in text(upload(answer(number, rows[:1], on=local_date(now()))))
    assert "HX-Refresh" in payer.get(reverse("grants:answer_progress", args=[answer_id]), headers={"HX-Request": "true"}).headers
    newest = bank_answers(batch.pk, by=who.payer).first()
    progress, resume = (reverse(f"grants:{name}", args=[newest.pk]) for name in ("answer_progress", "resume_answer"))
    assert "HX-Refresh" not in payer.get(progress, headers={"HX-Request": "true"}).headers
    assert payer.get(progress).url == where and send(second, resume).status_code == 403
    commands.fail_answer(answer_id=newest.pk, by=JOB, now=now())
    assert "回盘文件没有核对完" in text(payer.get(where)) and "继续处理" in text(payer.get(where))
    assert resume in text(payer.get(where)) and resume not in text(second.get(where))
    assert send(payer, resume).url == where and "没有中断" in text(payer.post(resume, {"once": str(uuid4())}, follow=True))
    perform_answer()
    assert "退回 1 笔" in text(payer.get(where)) and upload(said).url == where
    assert "以前已经入账" in text(payer.get(where))
    page = text(payer.get(reverse("grants:returned")))
    assert "账号不符" in page and "退回后账户还没有更正" in page
    back = grants_of(listed, by=who.maker, state=GrantState.RETURNED).get()
    send(payer, reverse("grants:grant_act", args=[back.pk, "account"]), bank="示例银行", account="800000000088", told="counter")
    assert "可以再发" in text(payer.get(reverse("grants:returned")))
    assert send(payer, reverse("grants:make_batch"), policy=POLICY).status_code == 302
    newest = perform_batch(who)
    assert (newest.lines, newest.pk != batch.pk) == (1, True)
    send(second, reverse("grants:batch_act", args=[newest.pk, "agree"]))
    perform_batch(who, "send")
    again = payments_in(send(payer, reverse("grants:file", args=[newest.pk]), purpose="send").getvalue())
    assert upload(answer(*again, on=local_date(now()))).status_code == 302
    batch = newest
    perform_answer()
    books = text(payer.get(reverse("grants:ledger")))
    assert "账目平衡" in books and ledger_differences(by=who.payer) == []
    csv = b"".join(send(payer, reverse("grants:ledger_export", args=["csv"]), kind="returned").streaming_content).decode()
    assert csv.count("银行退回") == 1 and "银行付出" not in csv
    taken = acts_by(world.users["payments"], since=now() - timedelta(1), until=now() + timedelta(1)).filter(
        act="benefits.ledger_exported"
    )
    assert taken.get().data["lines"] == 1
    assert "银行付出" not in text(payer.get(reverse("grants:ledger") + "?kind=returned")).split("记账")[-1].split("</thead>")[-1]


def test_a_resident_reads_what_became_of_the_money(world, who, listed):
    owed(who, listed)
    me, on, resident, stranger = world.people["applicant"], local_date(now()), Client(), Client()
    sign_in_resident(resident, world)
    sign_in_resident(stranger, world, "agent")
    grant = grants_of(listed, by=who.maker).get(payee_id=me)
    where = reverse("benefits:mine")

    def paid(account, *back):
        given = send(resident, reverse("benefits:account", args=[grant.pk]), bank="示例银行", account=account)
        assert given.status_code == 302
        batch_id = sent(who, now=now())
        number, rows = payments_in(commands.payment_file(purpose=SEND, batch_id=batch_id, by=who.payer, now=now()).content)
        reasons = {line.reference: "账户已销户" for line in pay_lines(batch_id, by=who.payer).filter(grant__payee_id__in=back)}
        taken_in(answer(number, rows, returned=reasons, on=on), by=who.payer, now=now())

    paid("800000000091", me)
    page = text(resident.get(where))
    assert "银行退回来了，钱还是您的" in page and "账户已销户" in page and "换一个账户" in page and "800000000091" not in page
    paid("800000000092")
    page = text(resident.get(where))
    assert "已发到" in page and "0092" in page and "800000000092" not in page and "银行退回来了" not in page
    claim = commands.propose_claw_back(
        grant_id=grant.pk, amount_fen=10_000, reason="当月已就业", legal_basis="《失业保险条例》第二十八条", by=who.payer, now=now()
    )
    assert "当月已就业" not in text(resident.get(where))  # not before it is decided
    commands.settle_claw_back(claw_back_id=claim, agreed=True, by=who.second, now=now())
    commands.note_repayment(claw_back_id=claim, amount_fen=4_000, on=on, reference="R1", by=who.payer, now=now())
    page = text(resident.get(where))
    assert (
        "请退回 60.00 元" in page and "当月已就业" in page and "《失业保险条例》第二十八条" in page and "不会打电话让您转账" in page
    )
    commands.note_repayment(claw_back_id=claim, amount_fen=6_000, on=on, reference="R2", by=who.payer, now=now())
    assert "不用再退" in text(resident.get(where))
    other = text(stranger.get(where))
    assert "已发到" not in other and "当月已就业" not in other


def test_pages_say_why_a_payment_waits_for_something_to_be_looked_into(world, who, listed):
    owed(who, listed)
    me, resident, payer = world.people["applicant"], Client(), enter("payments")
    sign_in_resident(resident, world)
    died = local_date(now()) - timedelta(days=3)
    heard = {"subject": "person", "subject_id": me, "source": "vital", "by": FEED, "now": now()}
    commands.learn(values={"death_sources": 1, "died_on": died}, on=died, **heard)
    grant = grants_of(listed, by=who.maker).get(payee_id=me)
    for where in (reverse("grants:grant", args=[grant.pk]), reverse("grants:waiting")):
        page = text(payer.get(where))
        assert "有去世的记录，先核实" in page and f"有 {died.isoformat()} 去世的记录，比这笔的比对日期早" in page
    page = text(resident.get(reverse("benefits:mine")))
    assert (
        "暂缓发放，钱没有取消" in page
        and "要先核实本人的情况再发" in page
        and reverse("certify:mine") in page
        and "去世" not in page
    )
    commands.learn(values={"death_sources": 0}, on=local_date(now()), **heard)
    assert "暂缓发放" not in text(resident.get(reverse("benefits:mine")))


def test_an_account_is_confirmed_by_its_owner_online_or_at_a_window(world, who, listed):
    owed(who, listed)
    me, resident, clerk = world.people["applicant"], Client(), enter("clerk")
    sign_in_resident(resident, world)
    learn(party_id=me, is_employer=False, facts={"bank_name": "示例银行", "bank_account": "80005555555555"}, by=BUILDER, now=now())
    grant = grants_of(listed, by=who.maker).get(payee_id=me)
    where = reverse("benefits:account", args=[grant.pk])
    assert "收款账户还没有确认" in text(resident.get(reverse("benefits:mine")))
    page = text(resident.get(where))
    assert "就发到这个账户" in page and "5555" in page and "80005555555555" not in page and "只用来给您发放待遇" in page
    stranger = Client()
    sign_in_resident(stranger, world, "agent")
    assert {stranger.get(where).status_code, send(stranger, where, kept="yes").status_code} == {404}
    assert send(resident, where, kept="yes").status_code == 302
    assert "发到" in text(resident.get(reverse("benefits:mine"))) and "就发到这个账户" not in text(resident.get(where))
    # Asked there only; taken back among what one agreed to.
    agreed = text(resident.get(reverse("me:consents")))
    assert "把待遇发到这个账户" in agreed and f'href="{reverse("me:consent", args=["pay-benefits"])}"' not in agreed
    assert resident.get(reverse("me:consent", args=["pay-benefits"])).status_code == 404
    assert send(resident, reverse("me:withdraw_consent", args=["pay-benefits"])).status_code == 302
    assert "收款账户还没有确认" in text(resident.get(reverse("benefits:mine")))
    # At a window, with the paper read out.
    desk = reverse("accounts_at_desk:counter")
    assert "请先念给本人听" in text(clerk.get(desk)) and enter("reviewer-1").get(desk).status_code == 403
    one = grants_of(listed, by=who.maker).exclude(payee_id=me).first().payee_id
    said = {
        "number": someone(1) if parties([one])[one].name == "待遇001" else someone(2),
        "bank": "示例银行",
        "account": "800000000077",
        "told": "counter",
    }
    for wrong in ({"told": ""}, {"account": "12"}, {"number": ""}):
        assert send(clerk, desk, **(said | wrong)).status_code == 422
    assert send(clerk, desk, **said).status_code == 302
    assert accounts_of([one])[one].number == "800000000077"


def test_money_paid_wrongly_is_had_back_by_two(world, who, listed):
    owed(who, listed)
    payer, second = enter("payments"), enter("second-policies")
    send(payer, reverse("grants:make_batch"), policy=POLICY, list=str(listed))
    batch = perform_batch(who)
    send(second, reverse("grants:batch_act", args=[batch.pk, "agree"]))
    perform_batch(who, "send")
    told = payments_in(send(payer, reverse("grants:file", args=[batch.pk]), purpose="send").getvalue())
    send(payer, reverse("grants:answer"), file=SimpleUploadedFile("a.csv", answer(*told, on=local_date(now())), "text/csv"))
    app.tasks["benefits.enter_answer"](str(bank_answers(batch.pk, by=who.payer).get().pk))
    grant = grants_of(listed, by=who.maker, state=GrantState.PAID).first()
    url = reverse("grants:grant_act", args=[grant.pk, "claw-back"])
    assert send(payer, url, amount="x", reason="重复", legal_basis="社会保险法").status_code == 422
    assert send(payer, url, amount="5", reason="重复", legal_basis="社会保险法").status_code == 302
    page = text(payer.get(reverse("grants:claw_backs")))
    (where,) = {h for h in page.split('"') if h.startswith(reverse("grants:claw_backs")) and len(h) > 40}
    one = text(payer.get(reverse("grants:grant", args=[grant.pk])))
    assert where in one and "追回 5.00 元" in one and "提出追回" not in one
    again = send(payer, url, amount="5", reason="重复", legal_basis="社会保险法")
    assert again.status_code == 409 and where in text(again)
    assert send(payer, where + "/settle", agreed="yes").status_code == 403
    assert send(second, where + "/settle", agreed="yes").status_code == 302
    assert send(payer, where + "/repay", amount="9", on=local_date(now()).isoformat(), reference="B1").status_code == 422
    undated = text(send(payer, where + "/repay", amount="2", on="", reference="B1"))
    assert "这笔退款不能登记：请填到账日期" in undated and "金额不正确" not in undated and 'value="B1"' in undated
    assert send(payer, where + "/repay", amount="2", on=local_date(now()).isoformat(), reference="B1").status_code == 302
    assert "3.00" in text(payer.get(where))
    assert send(payer, where + "/give-up", reason="已失联").status_code == 302
    assert send(second, where + "/agree-give-up").status_code == 302
    assert "已结清" in text(payer.get(where)) and ledger_differences(by=who.payer) == []


def test_a_list_says_how_far_its_notices_are_until_all_are_sealed(world, who, listed):
    where = reverse("grants:list", args=[listed])
    maker = enter("benefits")
    assert "告知书盖章并送达" not in text(maker.get(where))
    cases = [g.case_id for g in owed(who, listed)]
    page = text(maker.get(where))
    assert "正在给告知书盖章并送达" in page and "告知书盖章并送达" in page and "全部办完" not in page
    finish_many(case_ids=cases[:1], now=now() + timedelta(days=10))
    bit = text(maker.get(reverse("grants:progress", args=[listed]), headers={"HX-Request": "true"}))
    assert "1 / 3" in bit and "还要" in bit
    finish_many(case_ids=cases, now=now() + timedelta(days=10))
    last = maker.get(reverse("grants:progress", args=[listed]), headers={"HX-Request": "true"})
    assert last["HX-Refresh"] == "true" and "全部办完" in text(last) and "全部办完" in text(maker.get(where))


def test_the_lists_cost_the_same_for_few_and_for_many(world, who):
    client = enter("payments")

    def cost(urls):
        found = []
        for url in urls:
            client.get(url)
            with CaptureQueriesContext(connection) as seen:
                assert client.get(url).status_code == 200
            found.append(len(seen))
        return found

    def some(first, number):
        list_id = published(who, run_over(who, [known(n) for n in range(first, first + number)]), now=now())
        owed(who, list_id)
        return [reverse(f"grants:{n}") for n in ("lists", "payments", "waiting", "ledger")] + [
            reverse("grants:list", args=[list_id])
        ]

    assert cost(some(1, 2)) == cost(some(20, 12))
    assert COUNTY


def test_my_benefits_and_what_is_taken_along_cost_the_same_for_few_and_for_many(world, who):
    resident, payer, officer = Client(), enter("payments"), enter("benefits")
    sign_in_resident(resident, world)
    me, today = world.people["applicant"], local_date(now())

    def asked(read):
        read()  # what is kept for some seconds is there
        with CaptureQueriesContext(connection) as seen:
            answer = read()
            assert answer.status_code == 200
            body = b"".join(answer) if answer.streaming else answer.content
        return len(seen), body.decode()

    def cost(months, others):
        """A grant to the resident for each of some months, each held by a sign of death; and others paid with them for the last."""
        due([known(n) for n in others], on=today)
        for month in months:
            on = today.replace(day=1) - timedelta(days=31 * month)
            run_id = scanned(who, on=on, now=now())
            owed(who, published(who, run_id, now=now()))
        commands.learn(subject="person", subject_id=me, source="vital", values={"death_sources": 1}, on=today, by=FEED, now=now())
        batch_id = sent(who, now=now() + timedelta(days=11))
        where, page = reverse("grants:file", args=[batch_id]), reverse("benefits:mine")
        listed = reverse("runs:export", args=[run_id, POLICY, "csv"])
        found = [
            asked(lambda: resident.get(page)), asked(lambda: send(payer, where, purpose="send")), asked(lambda: send(officer, listed)),
            asked(lambda: send(officer, listed, purpose="handle_case")),
        ]  # fmt: skip
        return [n for n, _ in found], [
            found[0][1].count("暂缓发放，钱没有取消"),
            *(len(body.splitlines()) for _, body in found[1:]),
        ]

    due([me], on=today)
    wants(me, "80004444444444", now=now())
    few, small = cost([1], range(1, 3))
    many, large = cost([2, 3, 4], range(20, 32))
    assert few[:3] == many[:3] and all(more > less for more, less in zip(large, small, strict=True)), (few, many, small, large)
    # With whole numbers each look is written into the chain of whose number it is: two statements a person, and nothing else more.
    assert many[3] - few[3] == 2 * (large[3] - small[3])
