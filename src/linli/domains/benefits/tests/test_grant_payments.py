"""Payments through the doors: batches, the file, the bank's answer, what waits, claw-backs, and the ledger."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from io import BytesIO
from itertools import pairwise

import pytest
from django.core.files.storage import storages
from django.db import DatabaseError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from linli.domains.benefits import commands, queries
from linli.domains.benefits.commands import answers, batches
from linli.domains.benefits.granting import EntryKind, reference_of
from linli.domains.benefits.models import AnswerLine, BankAnswer, Certification, Grant, PayAccount, PayBatch, PayLine, PersonFacts
from linli.domains.benefits.posting import Moved, enter
from linli.domains.benefits.tasks import forget_accounts
from linli.domains.notices.queries import Message, messages_about
from linli.domains.people.commands import learn, withdraw_consent
from linli.domains.people.queries import Consent, ConsentPurpose
from linli.domains.trace.queries import timeline
from linli.kernel.crypto import sm3
from linli.kernel.errors import NotAllowed, NotFound
from linli.kernel.ids import uuid7
from linli.testing import grants as do
from linli.testing.grants import AFTER, DAY, NOW, POLICY, SEND
from linli.testing.online import resident
from linli.testing.rosters import firm_mandate
from linli.testing.world import BUILDER, COUNTY

pytestmark = pytest.mark.usefixtures("committed_db")
AMOUNT = 40_000
SAID = "400.00"


@pytest.fixture
def who(world, committed_db):
    return do.hands(world)


@pytest.fixture
def people(world, who):
    found = [do.known(n) for n in range(4)]
    do.due(found)
    return found


@pytest.fixture
def list_id(who, people):
    return do.closed(who, do.scanned(who))


def balances(who):
    return {b.book.value: b.fen for b in queries.balance(date(2027, 1, 1), by=who.auditor) if b.fen}


def agrees(who):
    return queries.ledger_differences(by=who.auditor) == [] and sum(balances(who).values()) == 0


def test_a_file_goes_out_the_same_every_time_and_only_after_a_second_officer_agreed(who, people, list_id):
    batch_id = do.batched(who, list_id=list_id)
    with pytest.raises(commands.BatchMoved):
        commands.payment_file(purpose=SEND, batch_id=batch_id, by=who.payer, now=AFTER)
    with pytest.raises(commands.SameOfficer):
        commands.agree_batch(batch_id=batch_id, by=who.payer, now=AFTER)
    with pytest.raises(DatabaseError, match="benefits_batch_two_hands"), transaction.atomic(), connection.cursor() as cursor:
        sql = "UPDATE benefits_paybatch SET state = 'agreeing', agreed_by_id = made_by_id, agreed_at = now() WHERE id = %s"
        cursor.execute(sql, [batch_id])
    digest = do.agreed(who, batch_id)
    assert balances(who) == {"expense": 4 * AMOUNT, "clearing": -4 * AMOUNT} and agrees(who)
    first = commands.payment_file(purpose=SEND, batch_id=batch_id, by=who.payer, now=AFTER)
    # Somebody's account changes meanwhile: the file does not.
    do.wants(people[0], "80009999999999", now=AFTER)
    again = commands.payment_file(purpose=SEND, batch_id=batch_id, by=who.payer, now=AFTER + timedelta(days=3))
    assert first == again and first.digest == digest == sm3(first.content).hex()
    lines = first.content.decode().splitlines()
    assert lines[0].startswith("H,LINLI-PAY-1,20260312") and lines[0].endswith(",失业保险基金,领金期间代缴职工医保费,4,1600.00")
    assert lines[-1] == f"T,4,1600.00,{sm3(chr(10).join([*lines[:-1], '']).encode()).hex()}"
    assert {line.split(",")[5] for line in lines[1:-1]} == {do.account_number(n) for n in range(4)}
    taken = [e for e in timeline(batch_id) if e.act == "benefits.file_taken"]
    assert len(taken) == 2 and all(e.user_id == who.payer.user_id and e.data["purpose"] == "send" for e in taken)
    with pytest.raises(commands.FilePurposeMissing):
        commands.payment_file(purpose=None, batch_id=batch_id, by=who.payer, now=AFTER)
    commands.payment_file(purpose=queries.FilePurpose.CHECK, batch_id=batch_id, by=who.payer, now=AFTER + timedelta(days=4))
    newest, *older = queries.file_takings([batch_id, uuid7()], by=who.auditor)[batch_id]
    assert (newest.by_id, newest.purpose, len(older)) == (who.payer.user_id, "check", 2)
    assert queries.file_takings([batch_id], by=replace(who.payer, region=COUNTY)) == {}  # a batch of the city
    assert not any(do.account_number(n) in repr([e.data for e in timeline(batch_id)]) for n in range(4))


def test_a_reference_follows_from_grant_and_attempt(who, list_id):
    batch_id = do.sent(who)
    for line in queries.pay_lines(batch_id, by=who.payer):
        assert line.reference == reference_of(line.grant_id, 1)
    grant = uuid7()
    assert reference_of(grant, 1) == reference_of(grant, 1) != reference_of(grant, 2)


def test_the_answer_is_taken_in_once_and_what_came_back_is_sent_again_after_the_account_was_corrected(who, people, list_id):
    batch_id = do.sent(who)
    number, rows = do.payments_in(commands.payment_file(purpose=SEND, batch_id=batch_id, by=who.payer, now=AFTER).content)
    back = PayLine.objects.get(batch=batch_id, grant__payee_id=people[1])
    content = do.answer(number, rows, returned={back.reference: "账号不存在"})
    taken = do.taken_in(content, by=who.payer, now=AFTER)
    assert taken == {"paid": 3, "returned": 1, "late": 0, "known": 0}
    assert balances(who) == {"expense": 4 * AMOUNT, "payable": -AMOUNT, "bank": -3 * AMOUNT} and agrees(who)
    assert not any(do.taken_in(content, by=who.payer, now=AFTER).values())  # the same file is the same answer
    known = {"paid": 0, "returned": 0, "late": 0, "known": 4}
    assert do.taken_in(content + b"\n", by=who.payer, now=AFTER) == known  # the same once more in another file
    assert [line.pk for line in queries.returned_lines(by=who.payer)] == [back.pk]
    assert [tell(batch_id) for _ in range(3)] == [4, 0, 0]  # however often the job is repeated
    assert Counter(m.kind for m in messages_about(batch_id)) == {"benefits.paid": 3, "benefits.returned": 1}
    mine = Message.objects.get(kind="benefits.returned")
    values = mine.values.open_json()
    assert mine.party_id == people[1] and (values["reason"], values["tail"]) == ("账号不存在", do.account_number(1)[-4:])
    assert [w.waits for w in queries.waiting_lines(list(queries.owed_grants(by=who.payer)))] == ["correction"]
    with pytest.raises(commands.NothingToPay):
        commands.make_batch(policy=POLICY, by=who.payer, now=AFTER)
    commands.give_account(
        party_id=people[1],
        bank="示例农商行",
        account="80001111111111",
        told=queries.Told.PAPER,
        by=who.payer,
        now=AFTER,
    )
    second = do.sent(who)
    line = queries.pay_lines(second, by=who.payer).get()
    assert (line.grant_id, line.attempt, line.reference) == (back.grant_id, 2, reference_of(back.grant_id, 2))
    number, rows = do.payments_in(commands.payment_file(purpose=SEND, batch_id=second, by=who.payer, now=AFTER).content)
    assert do.taken_in(do.answer(number, rows), by=who.payer, now=AFTER)["paid"] == 1
    assert do.states(list_id, who.maker) == {"paid": 4} and agrees(who)
    assert balances(who) == {"expense": 4 * AMOUNT, "bank": -4 * AMOUNT}
    # The answer of the first time once more.
    assert do.taken_in(content + b"\n\n", by=who.payer, now=AFTER) == known
    assert not queries.returned_lines(by=who.payer).exists()
    with pytest.raises(commands.NothingToPay):
        commands.make_batch(policy=POLICY, by=who.payer, now=AFTER)
    assert len(queries.grant_origin(back.grant_id, by=who.auditor).payments) == 2


def test_answers_may_come_in_parts(who, list_id):
    batch_id = do.sent(who)
    number, rows = do.payments_in(commands.payment_file(purpose=SEND, batch_id=batch_id, by=who.payer, now=AFTER).content)
    for some in (rows[:1], rows[1:3], rows):
        do.taken_in(do.answer(number, some), by=who.payer, now=AFTER)
    assert do.states(list_id, who.maker) == {"paid": 4} and agrees(who)


def test_an_answer_that_a_spreadsheet_saved_again_is_read_if_it_says_the_same(who, list_id):
    batch_id = do.sent(who)
    number, rows = do.payments_in(commands.payment_file(purpose=SEND, batch_id=batch_id, by=who.payer, now=AFTER).content)
    lines = do.answer(number, rows, returned={rows[0][0]: "户名与账号不符"}).decode().splitlines()
    wide = [line + "," * (max(n.count(",") for n in lines) - line.count(",")) for line in lines]
    assert wide[0].endswith(",,,") and wide[-1].endswith(",,")
    saved = "\r\n".join([wide[0], *reversed(wide[1:-1]), wide[-1], ""])
    with pytest.raises(commands.AnswerWrong, match="不是 UTF-8 .*请上传银行给的原文件"):
        do.taken_in(saved.encode("gbk"), by=who.payer, now=AFTER)
    with pytest.raises(commands.AnswerWrong, match="首行要写明"):
        do.taken_in(saved.replace(number, f"{number},x", 1).encode(), by=who.payer, now=AFTER)
    assert do.states(list_id, who.maker) == {"paying": 4}
    assert do.taken_in(saved.encode("utf-8-sig"), by=who.payer, now=AFTER)["paid"] == 3
    assert do.states(list_id, who.maker) == {"paid": 3, "returned": 1} and agrees(who)


def spoil(content: bytes, old: str, new: str, count: int = 1) -> bytes:
    text = content.decode()
    assert old in text
    return text.replace(old, new, count).encode()


def test_an_answer_that_cannot_be_right_is_refused_with_its_lines_and_nothing_taken_in(who, list_id):
    batch_id = do.sent(who)
    number, rows = do.payments_in(commands.payment_file(purpose=SEND, batch_id=batch_id, by=who.payer, now=AFTER).content)
    good = do.answer(number, rows)
    reference = rows[1][0]
    wrong = {
        "第 3 行：流水号": do.answer(number, [rows[0], ("LUNKNOWN01", SAID), *rows[2:]]),
        "第 3 行：金额与付款文件不符": do.answer(number, [rows[0], (reference, "4000.00"), *rows[2:]]),
        "第 6 行：末行的笔数或金额与明细不符": spoil(good, "T,4,1600.00", "T,4,1600.01"),
        "第 1 行：没有批次号": do.answer("20260312FFFFFFFF", rows),
        "第 1 行：首行": good.split(b"\n", 1)[1],
        "第 1 行：不是 UTF-8": "付款".encode("gbk"),
        "第 3 行：流水号 ": do.answer(number, [rows[0], rows[0], *rows[2:]]),
        "第 2 行：结果“OK”": spoil(good, ",PAID,", ",OK,"),
        "第 2 行：日期": spoil(good, "2026-03-02", "02/03/26"),
        "第 2 行：金额“400”": spoil(good, ",400.00,", ",400,"),
        "第 2 行：退回的要写明原因": spoil(good, ",PAID,", ",RETURNED,"),
        "第 2 行：每行要有 6 栏": spoil(good, ",PAID,", ",PAID,x,y,"),
        "第 4 行：": do.answer(number, [*rows[:2], ("甲", SAID), rows[3]]),
    }
    for said, content in wrong.items():
        with pytest.raises(commands.AnswerWrong) as refused:
            do.taken_in(content, by=who.payer, now=AFTER)
        assert said in str(refused.value.message), said
        assert do.states(list_id, who.maker) == {"paying": 4} and balances(who)["clearing"] == -4 * AMOUNT
    do.taken_in(good, by=who.payer, now=AFTER)
    earlier, later, ahead = DAY - timedelta(days=1), DAY + timedelta(days=1), AFTER.date() + timedelta(days=1)
    for said, content in {
        "02 才到账，退回不会更早": do.answer(number, rows, returned={reference: "户名不符"}, on=earlier),
        "先前回盘为“已到账”（2026-03-02），不能改变": do.answer(number, rows, on=later),
        "日期在将来": do.answer(number, rows, on=ahead),
    }.items():
        with pytest.raises(commands.AnswerWrong, match=said):
            do.taken_in(content, by=who.payer, now=AFTER)
    assert do.states(list_id, who.maker) == {"paid": 4} and agrees(who)


def test_what_cannot_be_paid_waits_and_says_for_what(who):
    people = [do.known(n, account=n != 1) for n in range(5)]
    do.due([*people, *do.strangers(1)])
    list_id = do.closed(who, do.scanned(who))
    held, reported = people[2], people[3]
    row = Certification.objects.create(
        person_id=held, benefit="pension", region="770121", start_on=DAY, start_kind="first", certified_on=DAY, certified_by=[],
        certified_until=date(2027, 1, 1), signal="presumed-dead",
    )  # fmt: skip
    PersonFacts.objects.filter(subject_id=reported).update(death_sources=1)
    batch_id = do.batched(who)
    batch = queries.pay_batch(batch_id, by=who.payer)
    assert batch.lines == 2 and batch.waiting == {"account": 1, "death": 2, "case": 1}
    assert {g.payee_id for g in Grant.objects.filter(list=list_id, state="paying")} == {people[0], people[4]}
    needs = Grant.objects.get(list=list_id, payee_id=people[1])
    assert [m.kind for m in messages_about(needs.case_id)] == ["benefits.granted_needs"]
    # Presumed dead between the one officer and the other: taken out.
    PersonFacts.objects.filter(subject_id=people[4]).update(death_sources=2)
    do.agreed(who, batch_id)
    content = commands.payment_file(purpose=SEND, batch_id=batch_id, by=who.payer, now=AFTER).content
    assert len(do.payments_in(content)[1]) == 1 and do.account_number(0) in content.decode()
    assert do.states(list_id, who.maker) == {"due": 5, "paying": 1} and agrees(who)
    # Looked into and found alive: paid with the next batch, under another reference.
    row.signal = ""
    row.save()
    PersonFacts.objects.update(death_sources=0)
    second = do.sent(who)
    assert {x.grant.payee_id for x in queries.pay_lines(second, by=who.payer)} == {held, reported, people[4]} and agrees(who)


def test_an_account_kept_for_forms_is_paid_into_only_once_its_owner_confirmed_it_and_not_after_they_took_that_back(world, who):
    me, other = world.people["applicant"], do.known(1, account=False)
    by = resident(world, "applicant")
    for party in (me, other):
        learn(
            party_id=party,
            is_employer=False,
            facts={"bank_name": "示例银行", "bank_account": "80005555555555"},
            by=BUILDER,
            now=NOW,
        )
    do.due([me, other])
    list_id = do.closed(who, do.scanned(who))
    assert queries.accounts_of([me, other]) == {} and queries.kept_account(me).number == "80005555555555"
    with pytest.raises(commands.NothingToPay):
        commands.make_batch(policy=POLICY, by=who.payer, now=AFTER)
    assert [(s.waits, s.number) for s in queries.waiting_sums(by=who.payer)] == [("account", 2)]
    asked = Message.objects.get(party_id=me, kind="benefits.granted_needs")
    assert asked.values.open_json()["what"]["say"] == "确认收款账户"
    for _ in range(2):
        commands.confirm_account(party_id=me, by=by, now=AFTER)
    consent = Consent.objects.get(person_id=me, purpose="pay-benefits")
    assert (consent.version, consent.given_at, consent.withdrawn_at) == (1, AFTER, None)
    for stranger in (other, uuid7()):
        with pytest.raises(commands.PeopleGone):
            commands.confirm_account(party_id=stranger, by=by, now=AFTER)
    batch_id = do.sent(who)
    assert [line.grant.payee_id for line in queries.pay_lines(batch_id, by=who.payer)] == [me]
    assert [(s.waits, s.number, s.fen) for s in queries.waiting_sums(by=who.payer)] == [("account", 1, AMOUNT)]
    # Another account that a form said for something else meanwhile is not paid into.
    learn(party_id=me, is_employer=False, facts={"bank_account": "80006666666666"}, by=BUILDER, now=AFTER)
    assert queries.accounts_of([me])[me].number == "80005555555555"
    # Taken back: nothing new goes there, at once and before any job; what the bank has already is not called back.
    later = AFTER + timedelta(hours=1)
    withdraw_consent(purpose=ConsentPurpose.PAY_BENEFITS, by=by, now=later)
    assert queries.accounts_of([me]) == {}
    assert b"80005555555555" in commands.payment_file(purpose=SEND, batch_id=batch_id, by=who.payer, now=later).content
    event = timeline(me)[-1]
    forget_accounts(str(me), event.seq)
    kept = PayAccount.objects.filter(party_id=me)
    assert {(a.account, a.account_index, a.told) for a in kept} == {(None, None, "online")} and len(kept) == 2
    # Given anew it counts again, and an old withdrawal that is heard late does not touch it.
    commands.give_account(party_id=me, bank="示例农商行", account="80007777777777", by=by, now=later + timedelta(hours=1))
    forget_accounts(str(me), event.seq)
    assert queries.accounts_of([me])[me].number == "80007777777777"
    assert do.states(list_id, who.maker) == {"due": 1, "paying": 1}


def test_who_notes_an_account_for_somebody_says_how_they_said_it(world, who, people):
    give = partial(commands.give_account, party_id=people[0], bank="示例银行", account="80001111111111", now=AFTER)
    clerk, village = world.actor("clerk"), world.actor("village")
    for by in (who.payer, clerk):
        with pytest.raises(commands.HowMissing):
            give(by=by)
        with pytest.raises(commands.HowMissing):
            give(told=queries.Told.ONLINE, by=by)
    for by in (who.maker, who.second, world.actor("reviewer-1")):
        with pytest.raises(NotAllowed):
            give(told=queries.Told.COUNTER, by=by)
    for n, by in enumerate((who.payer, clerk, village)):
        give(told=queries.Told.COUNTER, account=f"8000222222222{n}", now=AFTER + timedelta(minutes=n), by=by)
        assert queries.accounts_of([people[0]])[people[0]].number == f"8000222222222{n}"
    assert PayAccount.objects.filter(party_id=people[0], told="counter").count() == 4
    # Of an employer only for whom came to stand for it; the payment officer may have it on paper.
    firm, agent = world.people["employer"], world.people["agent"]
    for_firm = partial(give, party_id=firm, told=queries.Told.PAPER)
    with pytest.raises(commands.AgentMissing):
        for_firm(by=clerk)
    with pytest.raises(commands.AgentUnfit):
        for_firm(by=clerk, agent_id=agent)
    for_firm(by=who.payer)
    firm_mandate(world, now=AFTER)
    for_firm(by=clerk, agent_id=agent, account="80003333333333", now=AFTER + timedelta(hours=1))
    assert queries.accounts_of([firm])[firm].number == "80003333333333"
    with pytest.raises(commands.AgentUnfit):  # it has run out
        for_firm(by=clerk, agent_id=agent, now=AFTER + timedelta(days=91))
    assert Consent.objects.filter(person_id=people[0], purpose="pay-benefits").count() == 1


def test_what_waits_is_counted_as_it_is_listed(who):
    people = [do.known(n, account=n != 1) for n in range(6)]
    do.due([*people, *do.strangers(2)])
    do.closed(who, do.scanned(who))
    PersonFacts.objects.filter(subject_id=people[2]).update(death_sources=1)
    batch_id = do.sent(who)
    said = answers_of(who, batch_id)
    do.taken_in(said(0, people[3], people[4]), by=who.payer, now=AFTER)
    do.wants(people[4], "80003333333333", now=AFTER)
    listed = Counter(w.waits for w in queries.waiting_lines(list(queries.owed_grants(by=who.payer))))
    counted = {s.waits: s.number for s in queries.waiting_sums(by=who.payer)}
    assert counted == listed == {"case": 2, "account": 1, "death": 1, "correction": 1, None: 1}
    assert sum(s.fen for s in queries.waiting_sums(by=who.payer)) == 6 * AMOUNT
    assert queries.waiting_sums(by=who.payer, policy="na-price-subsidy") == []
    assert queries.waiting_sums(by=replace(who.payer, region=OTHER)) == []


def test_a_batch_taken_back_leaves_its_grants_owed(who, list_id):
    batch_id = do.batched(who)
    with pytest.raises(commands.NothingToPay):
        commands.make_batch(policy=POLICY, by=who.payer, now=AFTER)
    commands.withdraw_batch(batch_id=batch_id, by=who.payer, now=AFTER)
    assert do.states(list_id, who.maker) == {"due": 4} and agrees(who)
    with pytest.raises(commands.BatchMoved):
        commands.agree_batch(batch_id=batch_id, by=who.second, now=AFTER)
    assert queries.pay_batch(do.sent(who), by=who.payer).lines == 4 and agrees(who)


def test_a_batch_that_is_put_together_can_be_taken_back_and_the_job_then_does_nothing(who, list_id, monkeypatch):
    batch_id = commands.make_batch(policy=POLICY, by=who.payer, now=AFTER)
    with pytest.raises(commands.BatchThere):
        commands.make_batch(policy=POLICY, by=who.payer, now=AFTER)
    # Interrupted after three of four: they are nobody's payment yet, and owed again once it is taken back.
    real, calls = batches.sorted_out, []

    def once_only(grants):
        calls.append(grants)
        if len(calls) > 1:
            raise ConnectionError
        return real(grants)

    monkeypatch.setattr(batches, "sorted_out", once_only)
    with pytest.raises(ConnectionError):
        commands.fill_batch(batch_id=batch_id, size=3, by=do.JOB, now=AFTER)
    commands.fail_batch(batch_id=batch_id, by=do.JOB, now=AFTER)
    monkeypatch.setattr(batches, "sorted_out", real)
    row = queries.pay_batch(batch_id, by=who.payer)
    assert (row.state, row.lines, row.done, row.total) == ("failed", 3, 3, 4) and "请点“继续处理”" in row.error
    assert not queries.pay_lines(batch_id, by=who.payer).exists() and queries.batch_progress(row) is None
    commands.withdraw_batch(batch_id=batch_id, by=who.second, now=AFTER)
    commands.fill_batch(batch_id=batch_id, by=do.JOB, now=AFTER)
    commands.fail_batch(batch_id=batch_id, by=do.JOB, now=AFTER)
    assert queries.pay_batch(batch_id, by=who.payer).state == "withdrawn"
    assert do.states(list_id, who.maker) == {"due": 4} and agrees(who)
    with pytest.raises(commands.BatchNotStopped):
        commands.resume_batch(batch_id=batch_id, by=who.payer, now=AFTER)
    # Of a long one a job drops the rest.
    second = do.batched(who)
    PayBatch.objects.filter(pk=second).update(state="withdrawn", withdrawn_at=AFTER)
    assert [commands.drop_withdrawn(batch_id=second, limit=3, now=AFTER) for _ in range(3)] == [3, 1, 0]
    third = do.batched(who)
    assert commands.drop_withdrawn(batch_id=third, now=AFTER) == 0  # nobody took it back
    assert {x.attempt for x in queries.pay_lines(third, by=who.payer)} == {2, 3} and agrees(who)


def test_a_batch_in_which_nothing_is_left_to_pay_is_over_and_says_why(who, people, list_id):
    asked = commands.make_batch(policy=POLICY, by=who.payer, now=AFTER)
    PersonFacts.objects.update(death_sources=1)
    commands.fill_batch(batch_id=asked, by=do.JOB, now=AFTER)
    row = queries.pay_batch(asked, by=who.payer)
    assert (row.state, row.lines, row.waiting) == ("withdrawn", 0, {"death": 4}) and row.error == "没有现在可以发放的待遇。"
    PersonFacts.objects.update(death_sources=0)
    batch_id = do.batched(who)
    PersonFacts.objects.update(death_sources=1)
    with pytest.raises(commands.ListEmpty):
        commands.agree_batch(batch_id=batch_id, by=who.second, now=AFTER)
    assert do.states(list_id, who.maker) == {"paying": 4} and agrees(who)
    # All are stopped between the agreement and the job.
    PersonFacts.objects.update(death_sources=0)
    commands.agree_batch(batch_id=batch_id, by=who.second, now=AFTER)
    PersonFacts.objects.update(death_sources=1)
    commands.send_batch(batch_id=batch_id, size=3, by=do.JOB, now=AFTER)
    row = queries.pay_batch(batch_id, by=who.payer)
    assert (row.state, row.lines, row.fen, row.digest) == ("withdrawn", 0, 0, "") and row.error
    assert (
        do.states(list_id, who.maker) == {"due": 4}
        and agrees(who)
        and balances(who) == {"expense": 4 * AMOUNT, "payable": -4 * AMOUNT}
    )


def test_what_was_agreed_to_stays_also_past_the_command(who, list_id):
    batch_id = do.batched(who)
    commands.agree_batch(batch_id=batch_id, by=who.second, now=AFTER)
    for change in ("agreed_by_id = gen_random_uuid()", "state = 'made'", "state = 'withdrawn', sent = -1", "sent = -1"):
        with pytest.raises(DatabaseError, match=r"no way|stays"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE benefits_paybatch SET {change} WHERE id = %s", [batch_id])
    commands.send_batch(batch_id=batch_id, by=do.JOB, now=AFTER)
    with pytest.raises(DatabaseError, match="agreed to"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE benefits_paybatch SET lines = 1 WHERE id = %s", [batch_id])


def test_a_step_of_a_batch_costs_the_same_however_many(who, list_id):
    def steps(batch_id):
        with CaptureQueriesContext(connection) as made:
            commands.fill_batch(batch_id=batch_id, by=do.JOB, now=AFTER)
        commands.agree_batch(batch_id=batch_id, by=who.second, now=AFTER)
        with CaptureQueriesContext(connection) as entered:
            commands.send_batch(batch_id=batch_id, by=do.JOB, now=AFTER)
        return len(made), len(entered)

    few = steps(commands.make_batch(policy=POLICY, by=who.payer, now=AFTER))
    do.due([do.known(n) for n in range(100, 130)])
    do.closed(who, do.scanned(who), now=AFTER)
    later = AFTER + timedelta(days=11)
    many = steps(commands.make_batch(policy=POLICY, by=who.payer, now=later))
    assert few == many and PayLine.objects.count() == 34


def test_a_grant_has_one_live_payment_also_past_the_command(who, list_id):
    batch_id = do.sent(who)
    line = queries.pay_lines(batch_id, by=who.payer).first()
    for change, why in (
        ("attempt = 2, reference = 'X1'", "benefits_line_live"),
        ("attempt = 2, reference = 'X2', amount_fen = 1, state = 'dropped'", "not what"),
    ):
        with pytest.raises(DatabaseError, match=why), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE copied ON COMMIT DROP AS SELECT * FROM benefits_payline WHERE id = %s", [line.pk])
            cursor.execute(f"UPDATE copied SET id = gen_random_uuid(), position = 99, {change}")
            cursor.execute("INSERT INTO benefits_payline SELECT * FROM copied")
    with pytest.raises(DatabaseError, match="nothing of it is in the ledger"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE benefits_payline SET state = 'paid' WHERE id = %s", [line.pk])
    with pytest.raises(DatabaseError, match="answered already"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE benefits_payline SET amount_fen = 1 WHERE id = %s", [line.pk])


def test_a_file_that_is_not_what_was_agreed_to_is_not_given_out_at_all(who, list_id):
    batch_id = do.sent(who)
    batch = PayBatch.objects.get(pk=batch_id)

    def take():
        return commands.payment_file(purpose=SEND, batch_id=batch_id, by=who.payer, now=AFTER)

    good, stored = take(), storages["default"].base_location / batch.file.path
    kept = stored.read_bytes()
    assert do.account_number(0).encode() in good.content and do.account_number(0).encode() not in kept
    assert queries.money_files_in_use([batch.file_id, uuid7()]) == {batch.file_id}
    stored.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    with pytest.raises(commands.FileNotAsAgreed):
        take()
    stored.write_bytes(kept)
    # One that was sent before files were kept is made anew of its payments, as long as nobody touched them.
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE benefits_paybatch DISABLE TRIGGER benefits_paybatch_guard")
        cursor.execute("UPDATE benefits_paybatch SET file_id = NULL WHERE id = %s", [batch_id])
        cursor.execute("ALTER TABLE benefits_paybatch ENABLE TRIGGER benefits_paybatch_guard")
    assert take() == good and take().content == good.content
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE benefits_payline DISABLE TRIGGER benefits_payline_guard")
        cursor.execute("UPDATE benefits_payline SET holder = '别人' WHERE batch_id = %s AND position = 1", [batch_id])
        cursor.execute("ALTER TABLE benefits_payline ENABLE TRIGGER benefits_payline_guard")
    with pytest.raises(commands.FileNotAsAgreed):
        take()
    assert [e.act for e in timeline(batch_id)].count("benefits.file_taken") == 3


# -- an answer and its job ---------------------------------------------------------------------------------------------------------


def give(who, content, now=AFTER):
    return commands.take_in_answer(content=BytesIO(content), by=who.payer, now=now)


def work_on(answer_id, now=AFTER):
    commands.enter_answer(answer_id=answer_id, size=2, by=do.JOB, now=now)
    return BankAnswer.objects.get(pk=answer_id)


def test_an_answer_is_kept_checked_whole_and_then_entered_one_at_a_time_for_a_batch(who, list_id):
    batch_id = do.sent(who)
    said = answers_of(who, batch_id)
    first, other = said(0), said(1)
    answer_id = give(who, first)
    row = queries.bank_answer(answer_id, by=who.auditor)
    assert (row.state, row.total) == ("reading", 4) and do.states(list_id, who.maker) == {"paying": 4}
    assert queries.answer_progress(row) == queries.Progress(queries.Work.CHECKING, 0, 4)
    assert give(who, first) == answer_id  # clicked twice
    with pytest.raises(commands.AnswerUnderWay):
        give(who, other)
    with pytest.raises(commands.AnswerNotStopped):
        commands.resume_answer(answer_id=answer_id, by=who.payer, now=AFTER)
    commands.fail_answer(answer_id=answer_id, by=do.JOB, now=AFTER)
    row.refresh_from_db()
    assert (row.state, queries.answer_progress(row)) == ("failed", None) and "继续处理" in row.error
    with pytest.raises(commands.AnswerUnderWay):
        give(who, other)
    commands.resume_answer(answer_id=answer_id, by=who.payer, now=AFTER)
    row = work_on(answer_id)
    assert (row.state, row.error, row.counts) == ("done", "", {"paid": 4, "returned": 0, "late": 0, "known": 0})
    assert AnswerLine.objects.count() == 0 and do.states(list_id, who.maker) == {"paid": 4} and agrees(who)
    for _ in range(2):
        assert work_on(give(who, first)).ended_at == row.ended_at  # nothing is done anew
    refused = work_on(give(who, other))
    assert (refused.state, refused.wrong, AnswerLine.objects.count()) == ("refused", 4, 0)
    assert refused.problems[0] == [2, f"这一笔先前回盘为“已到账”（{DAY}），不能改变"]
    assert give(who, other) not in (answer_id, refused.pk)  # what was refused may be right another day
    assert [(a.state, a.counts.get("paid")) for a in queries.bank_answers(batch_id, by=who.auditor)][-1] == ("done", 4)
    acts = [e.act.removeprefix("benefits.answer_") for e in timeline(batch_id) if "answer" in e.act]
    assert acts == ["given", "failed", "resumed", "taken", "given", "refused", "given"]
    with pytest.raises(DatabaseError, match="written once"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE benefits_bankanswer SET counts = '{}' WHERE id = %s", [answer_id])


def test_what_does_not_fit_any_more_when_it_is_entered_is_told_and_the_rest_is_entered(who, people, list_id, monkeypatch):
    batch_id = do.sent(who)
    content = answers_of(who, batch_id)(2)
    answer_id = give(who, content)

    def broken(*_args, **_given):
        raise OperationalError

    with monkeypatch.context() as patched, pytest.raises(OperationalError):  # checked, and then the database goes away
        patched.setattr(answers, "_enter_some", broken)
        work_on(answer_id)
    row = BankAnswer.objects.get(pk=answer_id)
    assert (row.state, AnswerLine.objects.count()) == ("entering", 4)
    assert queries.answer_progress(row) == queries.Progress(queries.Work.ANSWERING, 0, 4)
    commands.fail_answer(answer_id=answer_id, by=do.JOB, now=AFTER)
    # Past every command somebody enters one of them by another day.
    line = PayLine.objects.get(batch=batch_id, position=3)
    with transaction.atomic():
        enter(EntryKind.PAID, POLICY, [Moved(line.pk, line.amount_fen, COUNTY)], on=DAY, at=AFTER, by_id=None)
        PayLine.objects.filter(pk=line.pk).update(state="paid", paid_on=DAY, answered_on=DAY, answered_at=AFTER)
        Grant.objects.filter(pk=line.grant_id).update(state="paid")
    assert give(who, content) == answer_id  # the same file once more goes on with it
    row = work_on(answer_id)
    assert (row.state, row.counts, row.wrong) == ("done", {"paid": 3, "returned": 0, "late": 0, "known": 0}, 1)
    assert row.problems == [[4, f"这一笔先前回盘为“已到账”（{DAY}），不能改变"]]
    assert do.states(list_id, who.maker) == {"paid": 4} and agrees(who)
    assert give(who, content) != answer_id  # it was not taken in whole


def test_an_answer_whose_kept_file_was_changed_is_refused_and_another_may_come(who, list_id):
    batch_id = do.sent(who)
    said = answers_of(who, batch_id)
    answer_id = give(who, said(0))
    assert queries.money_files_in_use([BankAnswer.objects.get(pk=answer_id).file_id])
    stored = storages["default"].base_location / BankAnswer.objects.get(pk=answer_id).file.path
    kept = stored.read_bytes()
    assert b"LINLI-ANSWER" not in kept
    stored.write_bytes(kept[:-1] + b"\0\0")
    row = work_on(answer_id)
    assert (row.state, row.wrong, len(row.problems)) == ("refused", 1, 1) and do.states(list_id, who.maker) == {"paying": 4}
    assert work_on(give(who, said(1))).state == "done" and agrees(who)


def test_a_step_of_an_answer_costs_the_same_however_many(who):
    do.due([do.known(n) for n in range(40)])
    do.closed(who, do.scanned(who))
    content = answers_of(who, do.sent(who))(0)
    answer_id, asked = give(who, content), []
    with CaptureQueriesContext(connection) as seen:
        commands.enter_answer(answer_id=answer_id, size=20, by=do.JOB, now=AFTER)
    takes = [n for n, q in enumerate(seen.captured_queries) if "told AS MATERIALIZED" in q["sql"]]
    asked = [b - a for a, b in pairwise(takes)]
    assert len(takes) == 2 and asked[0] <= 10 and len(seen) < 60


@pytest.fixture
def paid(who, list_id):
    batch_id = do.sent(who)
    number, rows = do.payments_in(commands.payment_file(purpose=SEND, batch_id=batch_id, by=who.payer, now=AFTER).content)
    do.taken_in(do.answer(number, rows), by=who.payer, now=AFTER)
    return Grant.objects.filter(list=list_id).order_by("number").first()


def claw(grant, who, fen=AMOUNT, **more):
    return commands.propose_claw_back(
        grant_id=grant.pk,
        amount_fen=fen,
        reason="重复就业",
        legal_basis="《社会保险法》第八十八条",
        by=who.payer,
        now=AFTER,
        **more,
    )


def test_money_comes_back_in_parts_and_what_is_left_is_given_up_by_two(who, paid):
    with pytest.raises(commands.AmountWrong):
        claw(paid, who, AMOUNT + 1)
    back = claw(paid, who)
    assert agrees(who) and "receivable" not in balances(who)
    with pytest.raises(commands.ClawBackThere):
        claw(paid, who, 1)
    both = replace(who.payer, permissions=who.payer.permissions | {"benefits.agree"})
    with pytest.raises(commands.SameOfficer):
        commands.settle_claw_back(claw_back_id=back, agreed=True, by=both, now=AFTER)
    commands.settle_claw_back(claw_back_id=back, agreed=True, by=who.second, now=AFTER)
    assert balances(who) == {"expense": 3 * AMOUNT, "bank": -4 * AMOUNT, "receivable": AMOUNT} and agrees(who)
    assert [m.kind for m in messages_about(back)] == ["benefits.claw_back"]

    def repay(fen, reference, on=DAY):
        return commands.note_repayment(claw_back_id=back, amount_fen=fen, on=on, reference=reference, by=who.payer, now=AFTER)

    assert repay(10_000, "R1") == 30_000 == repay(10_000, "R1")
    for fen, reference, on in ((30_001, "R2", DAY), (0, "R3", DAY)):
        with pytest.raises(commands.AmountWrong):
            repay(fen, reference, on)
    for fen, reference, on in ((1, "R1", DAY), (1, "R4", date(2026, 12, 1))):
        with pytest.raises(commands.RepaymentWrong):
            repay(fen, reference, on)
    assert repay(5_000, "R2") == 25_000 and agrees(who)
    with pytest.raises(commands.WriteOffMissing):
        commands.agree_write_off(claw_back_id=back, by=who.second, now=AFTER)
    commands.propose_write_off(claw_back_id=back, reason="下落不明", by=who.payer, now=AFTER)
    assert balances(who)["receivable"] == 25_000
    with pytest.raises(commands.SameOfficer):
        commands.agree_write_off(claw_back_id=back, by=both, now=AFTER)
    commands.agree_write_off(claw_back_id=back, by=who.second, now=AFTER)
    assert balances(who) == {"expense": 3 * AMOUNT, "bank": -4 * AMOUNT + 15_000, "loss": 25_000} and agrees(who)
    sheet = queries.claw_back(back, by=who.auditor)
    assert (sheet.left_fen, sheet.claw_back.state, len(sheet.repayments)) == (0, "settled", 2)
    assert repay(5_000, "R2") == 0
    with pytest.raises(commands.ClawBackMoved):
        repay(1, "R9")


def tell(batch_id, at=AFTER):
    return commands.tell_of_answers(batch_id=batch_id, answered_at=at, by=do.JOB, now=at)


def answers_of(who, batch_id):
    """What the bank says of a batch on some day: nothing back, or the payment of somebody."""
    number, rows = do.payments_in(commands.payment_file(purpose=SEND, batch_id=batch_id, by=who.payer, now=AFTER).content)

    def said(day, *back, only=None):
        reasons = {line.reference: "账户已销户" for line in PayLine.objects.filter(batch=batch_id, grant__payee_id__in=back)}
        chosen = [r for r in rows if only is None or r[0] in reasons]
        return do.answer(number, chosen, returned=reasons, on=DAY + timedelta(days=day))

    return said


def test_money_that_came_back_days_after_it_arrived_is_owed_again_and_paid_once_more(who, people, list_id):
    batch_id = do.sent(who)
    said = answers_of(who, batch_id)
    do.taken_in(said(0), by=who.payer, now=AFTER)
    assert tell(batch_id) == 4
    back = Grant.objects.get(list=list_id, payee_id=people[1])
    late = said(3, people[1], only=True)
    later = AFTER + timedelta(minutes=1)
    assert do.taken_in(late, by=who.payer, now=later) == {"paid": 0, "returned": 0, "late": 1, "known": 0}
    assert balances(who) == {"expense": 4 * AMOUNT, "payable": -AMOUNT, "bank": -3 * AMOUNT} and agrees(who)
    assert (tell(batch_id, later), tell(batch_id, later), tell(batch_id)) == (1, 0, 0)
    line = queries.returned_lines(by=who.payer).get()
    assert Counter(m.kind for m in messages_about(batch_id)) == {"benefits.paid": 4, "benefits.returned": 1}
    assert line.late and (line.paid_on, line.answered_on) == (DAY, DAY + timedelta(days=3)) and line.grant_id == back.pk
    assert {e.kind for e in queries.ledger(by=who.payer, source_id=line.pk)} == {"sent", "paid", "late_return"}
    for n, content in enumerate((late, said(0), said(0), late)):  # whichever is replayed however often
        assert not any(do.taken_in(content, by=who.payer, now=AFTER).values())
        assert do.taken_in(content + b"\n" * (n + 1), by=who.payer, now=AFTER)["known"] in (1, 4)
    with pytest.raises(commands.AnswerWrong, match="先前回盘为“退回”"):  # what came back does not arrive
        do.taken_in(said(4), by=who.payer, now=AFTER)
    assert balances(who)["payable"] == -AMOUNT and agrees(who)
    with pytest.raises(commands.NothingToPay):  # not into the same account
        commands.make_batch(policy=POLICY, by=who.payer, now=AFTER)
    commands.give_account(
        party_id=people[1],
        bank="示例农商行",
        account="80001111111111",
        told=queries.Told.PAPER,
        by=who.payer,
        now=AFTER,
    )
    again = do.sent(who)
    do.taken_in(answers_of(who, again)(5), by=who.payer, now=AFTER)
    assert do.states(list_id, who.maker) == {"paid": 4} and agrees(who)
    assert balances(who) == {"expense": 4 * AMOUNT, "bank": -4 * AMOUNT}
    do.taken_in(late, by=who.payer, now=AFTER)
    assert do.states(list_id, who.maker) == {"paid": 4} and agrees(who)


def test_that_it_arrived_may_be_heard_after_that_it_came_back(who, people, list_id):
    said = answers_of(who, do.sent(who))
    do.taken_in(said(3, people[1], only=True), by=who.payer, now=AFTER)
    assert do.taken_in(said(0), by=who.payer, now=AFTER) == {"paid": 3, "returned": 0, "late": 0, "known": 1}
    assert do.states(list_id, who.maker) == {"paid": 3, "returned": 1} and agrees(who)


def test_a_claim_on_money_that_came_back_by_itself_is_lifted_before_anything_is_paid_or_given_up(who, paid):
    said = answers_of(who, queries.pay_batches(by=who.payer).get().pk)
    claim = claw(paid, who)
    commands.settle_claw_back(claw_back_id=claim, agreed=True, by=who.second, now=AFTER)
    both = replace(who.payer, permissions=who.payer.permissions | {"benefits.agree"})
    with pytest.raises(commands.GrantMoved):  # the money is out
        commands.lift_claw_back(claw_back_id=claim, by=who.second, now=AFTER)
    commands.note_repayment(claw_back_id=claim, amount_fen=10_000, on=DAY, reference="R1", by=who.payer, now=AFTER)
    do.taken_in(said(3, paid.payee_id, only=True), by=who.payer, now=AFTER)
    assert agrees(who)
    commands.give_account(
        party_id=paid.payee_id,
        bank="示例农商行",
        account="80001111111111",
        told=queries.Told.PAPER,
        by=who.payer,
        now=AFTER,
    )
    with pytest.raises(commands.NothingToPay):
        commands.make_batch(policy=POLICY, by=who.payer, now=AFTER)
    assert [w.waits for w in queries.waiting_lines(list(queries.owed_grants(by=who.payer)))] == ["claw_back"]
    with pytest.raises(commands.GrantClaimed):
        commands.void_grant(grant_id=paid.pk, reason="不该发", by=who.second, now=AFTER)
    for by, refusal in ((both, commands.SameOfficer), (who.payer, NotAllowed), (who.maker, NotAllowed)):
        with pytest.raises(refusal):
            commands.lift_claw_back(claw_back_id=claim, by=by, now=AFTER)
    commands.lift_claw_back(claw_back_id=claim, by=who.second, now=AFTER)
    sheet = queries.claw_back(claim, by=who.auditor)
    assert (sheet.claw_back.state, sheet.claw_back.lifted_fen, sheet.left_fen) == ("lifted", AMOUNT - 10_000, 0) and agrees(who)
    assert "receivable" not in balances(who)
    assert {m.kind for m in messages_about(claim)} == {"benefits.claw_back_lifted", "benefits.claw_back"}
    with pytest.raises(commands.GrantClaimed):  # some of it came from whoever had it: they are owed that
        commands.void_grant(grant_id=paid.pk, reason="不该发", by=who.second, now=AFTER)
    do.sent(who)
    assert agrees(who)


def test_what_was_not_agreed_to_moves_nothing_and_all_of_it_repaid_settles(who, paid):
    refused = claw(paid, who, 100)
    commands.settle_claw_back(claw_back_id=refused, agreed=False, by=who.second, now=AFTER)
    assert agrees(who) and queries.claw_back(refused, by=who.payer).claw_back.state == "refused"
    back = claw(paid, who, 100)
    with pytest.raises(commands.ClawBackMoved):
        commands.note_repayment(claw_back_id=back, amount_fen=100, on=DAY, reference="R1", by=who.payer, now=AFTER)
    commands.settle_claw_back(claw_back_id=back, agreed=True, by=who.second, now=AFTER)
    assert commands.note_repayment(claw_back_id=back, amount_fen=100, on=DAY, reference="R1", by=who.payer, now=AFTER) == 0
    assert queries.claw_back(back, by=who.payer).claw_back.state == "settled" and agrees(who)


def test_the_ledger_says_what_an_entry_is_and_is_asked_by_account(who, paid):
    found = queries.ledger(by=who.auditor, source_id=paid.pk)
    entry = found.get()
    assert entry.kind == "granted" and sorted((x.book, x.fen) for x in entry.lines.all()) == [
        ("expense", AMOUNT),
        ("payable", -AMOUNT),
    ]
    assert queries.ledger(by=who.auditor, book=queries.Book.BANK).count() == 4
    assert queries.ledger(by=who.auditor, policy=POLICY).count() == 12
    assert not queries.ledger(by=who.auditor, policy="na-price-subsidy").exists()
    assert queries.balance(DAY, by=who.auditor) == []  # before anything was entered


OTHER = "770122"


def test_everybody_sees_the_ledger_of_their_place_only_and_each_place_balances(world, who):
    here, there = [do.known(n) for n in range(3)], [do.known(n) for n in range(3, 5)]
    do.due(here)
    do.due(there, region=OTHER)
    do.closed(who, do.scanned(who))
    batch_id = do.sent(who)
    number, rows = do.payments_in(commands.payment_file(purpose=SEND, batch_id=batch_id, by=who.payer, now=AFTER).content)
    do.taken_in(do.answer(number, rows, returned={rows[0][0]: "账号不存在"}), by=who.payer, now=AFTER)
    local, other = (replace(who.payer, region=r) for r in (COUNTY, OTHER))
    amounts = {who.payer: 5, local: 3, other: 2}
    for by, people in amounts.items():
        found = queries.balance(AFTER.date(), by=by)
        assert sum(b.fen for b in found) == 0 and next(b.fen for b in found if b.book == "expense") == people * AMOUNT
        assert queries.ledger(by=by).count() == people * 3 and queries.ledger_differences(by=by) == []
        assert {e.region for e in queries.ledger(by=by)} <= {COUNTY, OTHER} and all(
            e.region.startswith(by.region) for e in queries.ledger(by=by)
        )
    assert queries.ledger_places(by=who.payer) == {COUNTY: "清溪县", OTHER: OTHER} and queries.ledger_places(by=local) == {
        COUNTY: "清溪县"
    }
    assert queries.balance(AFTER.date(), by=who.payer, region=OTHER) == queries.balance(AFTER.date(), by=other)
    assert queries.ledger(by=who.payer, region=COUNTY).count() == 9
    for ask in (lambda: queries.ledger(by=local, region=OTHER), lambda: queries.balance(DAY, by=local, region="7701")):
        with pytest.raises(NotAllowed):
            ask()
    mine = Grant.objects.get(payee_id=there[0])
    assert not queries.ledger(by=local, source_id=mine.pk).exists() and queries.ledger(by=other, source_id=mine.pk).exists()
    # What bears the wrong place is found, although everything taken together still agrees.
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE benefits_ledger_entry DISABLE TRIGGER benefits_entry_kept")
        cursor.execute("UPDATE benefits_ledger_entry SET region = %s WHERE source_id = %s", [COUNTY, mine.pk])
        cursor.execute("ALTER TABLE benefits_ledger_entry ENABLE TRIGGER benefits_entry_kept")
    assert len(queries.ledger_differences(by=who.payer)) == 4 and len(queries.ledger_differences(by=local)) == 2


def test_each_command_and_query_asks_for_its_permission(world, who, paid):
    back, nobody = claw(paid, who), world.actor("clerk")
    batch = queries.pay_batches(by=who.payer).get().pk
    asked = {
        ("maker", "second", "nobody"): [
            lambda by: commands.make_batch(policy=POLICY, by=by, now=AFTER),
            lambda by: commands.payment_file(purpose=SEND, batch_id=batch, by=by, now=AFTER),
            lambda by: commands.take_in_answer(content=BytesIO(b""), by=by, now=AFTER),
            lambda by: claw(paid, replace_payer(who, by)),
            lambda by: commands.note_repayment(claw_back_id=back, amount_fen=1, on=DAY, reference="x", by=by, now=AFTER),
            lambda by: commands.propose_write_off(claw_back_id=back, reason="x", by=by, now=AFTER),
        ],
        ("maker", "payer", "nobody"): [
            lambda by: commands.settle_claw_back(claw_back_id=back, agreed=True, by=by, now=AFTER),
            lambda by: commands.agree_write_off(claw_back_id=back, by=by, now=AFTER),
        ],
        ("maker", "nobody"): [
            lambda by: commands.agree_batch(batch_id=batch, by=by, now=AFTER),
            lambda by: commands.withdraw_batch(batch_id=batch, by=by, now=AFTER),
        ],
        ("nobody",): [
            lambda by: queries.pay_batches(by=by), lambda by: queries.pay_lines(batch, by=by), lambda by: queries.claw_backs(by=by),
            lambda by: queries.balance(DAY, by=by), lambda by: queries.ledger(by=by), lambda by: queries.ledger_differences(by=by),
            lambda by: queries.owed_grants(by=by), lambda by: queries.returned_lines(by=by), lambda by: queries.batch_sums(batch, by=by),
        ],
    }  # fmt: skip
    posts = {"maker": who.maker, "payer": who.payer, "second": who.second, "nobody": nobody}
    for names, calls in asked.items():
        for call in calls:
            for name in names:
                with pytest.raises(NotAllowed):
                    call(posts[name])
    elsewhere = replace(who.payer, region="770122", permissions=who.payer.permissions | {"benefits.agree"})
    for call in (
        lambda: queries.pay_batch(batch, by=elsewhere), lambda: queries.claw_back(back, by=elsewhere),
        lambda: commands.payment_file(purpose=SEND, batch_id=batch, by=elsewhere, now=AFTER),
        lambda: commands.settle_claw_back(claw_back_id=back, agreed=True, by=elsewhere, now=AFTER),
        lambda: claw(paid, replace_payer(who, elsewhere)),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            call()


def replace_payer(who, by):
    return replace(who, payer=by)


def test_what_waits_costs_the_same_however_many(who, list_id, django_assert_max_num_queries):
    with django_assert_max_num_queries(9) as few:
        queries.waiting_lines(list(queries.owed_grants(by=who.payer)[:1]))
    with django_assert_max_num_queries(len(few)):
        queries.waiting_lines(list(queries.owed_grants(by=who.payer)))
