"""Nobody is paid twice and no grant is dropped: real connections at once, replays, and workers that are killed in the middle."""

from __future__ import annotations

import os
import signal
from collections import Counter
from datetime import date
from io import BytesIO

import pytest
from django.db import connections

from linli.domains.benefits import commands, queries
from linli.domains.benefits.models import AnswerLine, BankAnswer, Grant, GrantList, LedgerEntry, PayBatch, PayLine, PersonFacts
from linli.domains.cases.commands import finish_ex_officio, finish_many
from linli.domains.cases.queries import Case
from linli.domains.documents.queries import SealUse, documents_of
from linli.domains.notices.queries import Message
from linli.domains.trace.queries import timeline, verify_chain
from linli.kernel.crypto import sm3
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.ids import uuid7
from linli.testing import grants as do
from linli.testing.concurrency import at_once
from linli.testing.grants import AFTER, JOB, NOW, POLICY, SEND

pytestmark = pytest.mark.usefixtures("committed_db")
AMOUNT = 40_000


@pytest.fixture
def who(world, committed_db):
    return do.hands(world)


def balanced(who) -> bool:
    return (
        queries.ledger_differences(by=who.auditor) == []
        and sum(b.fen for b in queries.balance(date(2030, 1, 1), by=who.auditor)) == 0
    )


def give(who, content):
    return commands.take_in_answer(content=BytesIO(content), by=who.payer, now=AFTER)


def counted(results):
    """How many worked, and the kinds of refusal; anything else is a fault."""
    faults = [r for r in results if isinstance(r, Exception) and not isinstance(r, LinliError)]
    assert not faults, faults
    return Counter(type(r).__name__ if isinstance(r, LinliError) else "done" for r in results)


def test_two_ask_for_the_same_list_and_two_workers_make_each_of_two(who):
    do.due(do.strangers(500))
    first, second = do.scanned(who), do.scanned(who)
    lists = at_once(
        [lambda r=r: commands.make_list(run_id=r, policy=POLICY, by=who.maker, now=NOW) for r in (first, second, first, second)]
    )
    assert counted(lists) == {"done": 2, "ListThere": 2}
    made = [i for i in lists if not isinstance(i, Exception)]
    assert counted(at_once([lambda i=i: commands.fill_list(list_id=i, size=20, by=JOB, now=NOW) for i in made * 3])) == {"done": 6}
    assert Grant.objects.count() == 500 == Grant.objects.values("subject_id").distinct().count()
    rows = list(GrantList.objects.all())
    assert sum(row.counts["grants"] for row in rows) == 500 == sum(r.counts["had"] for r in rows)
    for row in rows:
        assert (row.state, row.done, row.total) == ("made", 500, 500) and row.digest
        assert row.counts["grants"] == Grant.objects.filter(list=row).count()
        assert [e.act for e in timeline(row.pk)] == ["benefits.list_asked", "benefits.list_made"]


def test_the_same_key_gives_the_same_list(who):
    do.due(do.strangers(50))
    run_id, key = do.scanned(who), uuid7()
    found = at_once([lambda: commands.make_list(run_id=run_id, policy=POLICY, by=who.maker, now=NOW, key=key)] * 6)
    assert len(set(found)) == 1 and GrantList.objects.count() == 1


def test_many_workers_close_make_cases_and_seal_at_once(who):
    people = [do.known(n) for n in range(24)]
    do.due(people)
    do.published(who, do.scanned(who))
    counted(at_once([lambda: commands.close_windows(limit=5, by=JOB, now=AFTER)] * 6))
    do.work(now=AFTER)
    assert LedgerEntry.objects.filter(kind="granted").count() == 24
    # All once more, beginning with none: eight workers, each ready to make all of them.
    assert Case.objects.count() == 24 == len(set(Grant.objects.values_list("case_id", flat=True)))
    do.due(more := [do.known(n) for n in range(100, 116)])
    do.published(who, do.scanned(who), now=AFTER)
    later = AFTER + (AFTER - NOW)
    while commands.close_windows(by=JOB, now=later):
        pass
    counted(at_once([lambda: commands.make_cases(by=JOB, now=later)] * 8))
    made = Grant.objects.filter(payee_id__in=more)
    assert len(set(made.values_list("case_id", flat=True)) - {None}) == 16 and Case.objects.count() == 40
    cases = list(made.values_list("case_id", flat=True))[:4]
    done = at_once([lambda c=c: finish_ex_officio(case_id=c, now=later) for c in cases * 3])
    assert counted(done) == {"done": 12} and done.count(True) == 4
    for case_id in cases:
        assert Counter(d.kind.value for d in documents_of(case_id))["benefit_notice"] == 1
    assert Message.objects.filter(kind="benefits.granted").count() == 40 and balanced(who)


def test_workers_that_have_the_same_notices_to_seal_seal_each_once(who):
    do.due([do.known(n) for n in range(30)])
    do.closed(who, do.scanned(who))
    cases = list(Case.objects.values_list("pk", flat=True))

    def few_at_a_time():
        return sum(finish_many(case_ids=cases[first : first + 4], now=AFTER) for first in range(0, len(cases), 4))

    done = at_once([few_at_a_time, lambda: finish_many(case_ids=cases[::-1], now=AFTER), few_at_a_time])
    assert counted(done) == {"done": 3} and sum(done) == 30
    assert (
        Case.objects.filter(state="delivered").count()
        == 30
        == SealUse.objects.count()
        == SealUse.objects.values("document").distinct().count()
    )
    papers = [d for c in cases for d in documents_of(c)]
    kinds = Counter((d.kind.value, d.state.value) for d in papers)
    assert kinds == {("benefit_notice", "sealed"): 30, ("delivery_receipt", "composed"): 30}
    assert len({d.number for d in papers}) == 60 and all(verify_chain(c).ok for c in cases)


def test_many_put_batches_together_and_many_take_the_same_answer_in(who):
    people = [do.known(n) for n in range(20)]
    do.due(people)
    list_id = do.closed(who, do.scanned(who))
    made = at_once([lambda: commands.make_batch(policy=POLICY, by=who.payer, now=AFTER)] * 6)
    assert counted(made) == {"done": 1, "BatchThere": 5}
    batch_id = next(r for r in made if not isinstance(r, Exception))
    # One of a list wants the same grants at the same time; six workers put each of the two together.
    other = commands.make_batch(policy=POLICY, list_id=list_id, by=who.payer, now=AFTER)
    both = [lambda i=i: commands.fill_batch(batch_id=i, size=3, by=JOB, now=AFTER) for i in (batch_id, other) * 6]
    assert counted(at_once(both)) == {"done": 12} and PayLine.objects.count() == 20
    assert len(set(PayLine.objects.values_list("grant_id", flat=True))) == 20 and balanced(who)
    for row in PayBatch.objects.all():
        assert list(PayLine.objects.filter(batch=row).order_by("position").values_list("position", flat=True)) == list(
            range(1, row.lines + 1)
        )
        assert row.fen == row.lines * AMOUNT and row.state == ("made" if row.lines else "withdrawn")
        if row.state == "made":
            agreed = at_once([lambda i=row.pk: commands.agree_batch(batch_id=i, by=who.second, now=AFTER)] * 4)
            assert counted(agreed) == {"done": 1, "BatchMoved": 3}
            sending = [lambda i=row.pk: commands.send_batch(batch_id=i, size=3, by=JOB, now=AFTER)] * 6
            assert counted(at_once(sending)) == {"done": 6}
            row.refresh_from_db()
            assert (row.state, row.sent) == ("agreed", row.lines)
            acts = [e.act.removeprefix("benefits.batch_") for e in timeline(row.pk)]
            assert acts == ["asked", "made", "agreed", "sent"]
    assert LedgerEntry.objects.filter(kind="sent").count() == 20 and balanced(who)
    # The rest is of one batch: the other's file is answered in the same way.
    for row in PayBatch.objects.filter(state="agreed"):
        number, rows = do.payments_in(commands.payment_file(purpose=SEND, batch_id=row.pk, by=who.payer, now=AFTER).content)
        returned = {reference: "账号不存在" for reference, _ in rows[:2]}
        content = do.answer(number, rows, returned=returned)
        # Six bring the same file and six another: one of the two is worked on, by six workers.
        given = at_once([lambda c=c: give(who, c) for c in (content, content + b"\n") * 6])
        assert counted(given) == {"done": 6, "AnswerUnderWay": 6}
        (answer_id,) = {g for g in given if not isinstance(g, Exception)}
        working = [lambda i=answer_id: commands.enter_answer(answer_id=i, size=3, by=JOB, now=AFTER)] * 6
        assert counted(at_once(working)) == {"done": 6}
        done = BankAnswer.objects.get(pk=answer_id)
        assert (done.state, done.counts) == ("done", {"paid": len(rows) - 2, "returned": 2, "late": 0, "known": 0})
        known = do.taken_in(content + b"\n\n", by=who.payer, now=AFTER, size=3)
        assert known == {"paid": 0, "returned": 0, "late": 0, "known": len(rows)}
        acts = [e.act for e in timeline(row.pk) if "answer" in e.act]
        assert acts == ["benefits.answer_given", "benefits.answer_taken"] * 2
        told = at_once([lambda i=row.pk: commands.tell_of_answers(batch_id=i, answered_at=AFTER, by=JOB, now=AFTER)] * 3)
        assert counted(told) == {"done": 3} and sum(told) == len(rows) and AnswerLine.objects.count() == 0
    back = list(PayLine.objects.filter(state="returned").select_related("grant"))
    assert do.states(list_id, who.maker) == {"paid": 20 - len(back), "returned": len(back)} and balanced(who)
    for n, line in enumerate(back):
        do.wants(line.grant.payee_id, do.account_number(500 + n), now=AFTER)
    again = at_once([lambda: do.batched(who)] * 4)
    assert counted(again)["done"] >= 1 and PayLine.objects.filter(state="open").count() == len(back)
    assert balanced(who)


def test_repayments_at_once_never_take_more_than_was_asked_back(who):
    do.due([do.known(1)])
    list_id = do.closed(who, do.scanned(who))
    number, rows = do.payments_in(commands.payment_file(purpose=SEND, batch_id=do.sent(who), by=who.payer, now=AFTER).content)
    do.taken_in(do.answer(number, rows), by=who.payer, now=AFTER)
    back = commands.propose_claw_back(
        grant_id=Grant.objects.get(list=list_id).pk, amount_fen=1_000, reason="多发", legal_basis="《社会保险法》第八十八条", by=who.payer, now=AFTER
    )  # fmt: skip
    commands.settle_claw_back(claw_back_id=back, agreed=True, by=who.second, now=AFTER)
    taken = at_once(
        [
            lambda n=n: commands.note_repayment(
                claw_back_id=back, amount_fen=300, on=do.DAY, reference=f"R{n % 5}", by=who.payer, now=AFTER
            )
            for n in range(10)
        ]
    )
    counted(taken)
    assert queries.claw_back(back, by=who.payer).left_fen == 100 and balanced(who)


# -- killed ----------------------------------------------------------------------------------------------------------------------


def killed(work, past) -> int:
    """A process of its own works until ``past`` says that it got far enough, and is killed; its exit status."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    while not past():
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def test_a_list_whose_worker_is_killed_again_and_again_is_whole_in_the_end_and_nobody_is_on_it_before(who):
    people = do.strangers(900)
    do.due(people)
    list_id, kills = commands.make_list(run_id=do.scanned(who), policy=POLICY, by=who.maker, now=NOW), 0

    def filling():
        commands.fill_list(list_id=list_id, size=30, by=JOB, now=NOW)

    for stop in (30, 300, 600):
        kills += os.WIFSIGNALED(killed(filling, lambda stop=stop: Grant.objects.count() >= stop))
        row = GrantList.objects.get(pk=list_id)
        assert (row.done, row.counts["grants"]) == (Grant.objects.count(),) * 2
        if row.state == "making":
            assert not queries.grants_of(list_id, by=who.maker).exists()
            assert queries.list_progress(list_id, by=who.maker) == queries.Progress(queries.Work.MAKING, row.done, 900)
            with pytest.raises(NotFound):
                queries.grant(Grant.objects.first().pk, by=who.maker)
    assert kills >= 2
    filling()
    filling()
    row = GrantList.objects.get(pk=list_id)
    found = list(queries.grants_of(list_id, by=who.maker))
    assert (row.state, row.counts) == ("made", {"grants": 900, "fen": 900 * AMOUNT, "had": 0, "nothing": 0, "unknown": 0})
    assert [g.number for g in found] == list(range(1, 901)) and {g.subject_id for g in found} == set(people)
    said = "".join(f"{g.number},{g.subject_id},{g.amount_fen}\n" for g in found)
    assert row.digest == sm3(said.encode()).hex()


def test_workers_killed_again_and_again_pay_nobody_twice_and_drop_nobody(who):
    people = [do.known(n) for n in range(60)]
    do.due(people)
    list_id, kills = do.published(who, do.scanned(who)), 0

    def closing():
        while commands.close_windows(limit=3, by=JOB, now=AFTER):
            pass

    def casing():
        while commands.make_cases(limit=5, by=JOB, now=AFTER):
            pass

    for stop in (3, 20, 40):
        kills += os.WIFSIGNALED(killed(closing, lambda stop=stop: LedgerEntry.objects.count() >= stop))
        assert LedgerEntry.objects.count() == Grant.objects.filter(state="due").count() and balanced(who)
    closing()
    for stop in (1, 15, 40):
        kills += os.WIFSIGNALED(killed(casing, lambda stop=stop: Case.objects.count() >= stop))
        assert Case.objects.count() == Grant.objects.exclude(case=None).count()
    casing()
    assert Case.objects.count() == 60 and len({d.id for c in Case.objects.all() for d in documents_of(c.pk)}) == 60
    assert Message.objects.filter(kind="benefits.granted").count() == 60
    assert kills >= 4
    # Killed while a batch is put together and while it is entered: what is there is right, it goes on there, and nobody can take it for whole.
    batch_id = commands.make_batch(policy=POLICY, by=who.payer, now=AFTER)

    def filling():
        commands.fill_batch(batch_id=batch_id, size=3, by=JOB, now=AFTER)

    def sending():
        commands.send_batch(batch_id=batch_id, size=3, by=JOB, now=AFTER)

    kills = 0
    for stop in (3, 20, 40):
        kills += os.WIFSIGNALED(killed(filling, lambda stop=stop: PayLine.objects.count() >= stop))
        batch = PayBatch.objects.get(pk=batch_id)
        assert batch.lines == batch.done == PayLine.objects.count() == Grant.objects.filter(state="paying").count() and balanced(
            who
        )
        if batch.state == "making":
            assert not queries.pay_lines(batch_id, by=who.payer).exists()
            assert queries.batch_progress(batch) == queries.Progress(queries.Work.GATHERING, batch.done, 60)
            with pytest.raises(commands.BatchMoved):
                commands.agree_batch(batch_id=batch_id, by=who.second, now=AFTER)
    assert kills >= 2
    filling()
    filling()
    batch = queries.pay_batches(by=who.payer).get()
    assert (batch.state, batch.lines, batch.fen, batch.waiting) == ("made", 60, 60 * AMOUNT, {})
    assert [x.position for x in queries.pay_lines(batch_id, by=who.payer)] == list(range(1, 61))
    commands.agree_batch(batch_id=batch_id, by=who.second, now=AFTER)
    # One of them is reported dead after the officer agreed and before it is their turn: taken out.
    gone = PayLine.objects.get(batch=batch, position=60)
    PersonFacts.objects.filter(subject_id=gone.grant.payee_id).update(death_sources=1)
    kills = 0
    for stop in (3, 20, 40):
        kills += os.WIFSIGNALED(killed(sending, lambda stop=stop: LedgerEntry.objects.filter(kind="sent").count() >= stop))
        batch.refresh_from_db()
        assert min(batch.sent, 59) == LedgerEntry.objects.filter(kind="sent").count() and balanced(who)
        if batch.state == "agreeing":
            assert queries.batch_progress(batch) == queries.Progress(queries.Work.ENTERING, batch.sent, 60)
            for refused in (
                lambda: commands.withdraw_batch(batch_id=batch_id, by=who.payer, now=AFTER),
                lambda: commands.payment_file(purpose=SEND, batch_id=batch_id, by=who.payer, now=AFTER),
            ):
                with pytest.raises(commands.BatchMoved):
                    refused()
    assert kills >= 2
    sending()
    sending()
    batch.refresh_from_db()
    assert (batch.state, batch.lines, batch.fen) == ("agreed", 59, 59 * AMOUNT) and batch.digest
    gone.refresh_from_db()
    assert gone.state == "dropped" and gone.grant.state == "due"
    PersonFacts.objects.update(death_sources=0)
    number, rows = do.payments_in(commands.payment_file(purpose=SEND, batch_id=do.sent(who), by=who.payer, now=AFTER).content)
    do.taken_in(do.answer(number, rows), by=who.payer, now=AFTER)
    number, rows = do.payments_in(commands.payment_file(purpose=SEND, batch_id=batch.pk, by=who.payer, now=AFTER).content)
    content = do.answer(number, rows, returned={rows[9][0]: "账号不存在"})
    answer_id, kills = give(who, content), 0

    def answering():
        commands.enter_answer(answer_id=answer_id, size=3, by=JOB, now=AFTER)

    # Killed while it is read: nothing is entered. Killed while it is entered: what is entered is right, and what is left is there.
    for stop in (3, 20, 40):
        kills += os.WIFSIGNALED(killed(answering, lambda stop=stop: AnswerLine.objects.count() >= stop))
        row = BankAnswer.objects.get(pk=answer_id)
        if row.state == "reading":
            assert PayLine.objects.filter(state="paid").count() == 1 and row.read - 1 == AnswerLine.objects.count()
    assert kills >= 2
    kills = 0
    for stop in (3, 20, 40):
        kills += os.WIFSIGNALED(killed(answering, lambda stop=stop: PayLine.objects.filter(state="paid").count() > stop))
        row = BankAnswer.objects.get(pk=answer_id)
        said = row.counts.get("paid", 0) + row.counts.get("returned", 0)
        assert said == PayLine.objects.filter(batch=batch).exclude(state__in=["open", "dropped"]).count() and balanced(who)
        if row.state == "entering":
            assert AnswerLine.objects.count() == 59 - said
            with pytest.raises(commands.AnswerUnderWay):
                give(who, content + b"\n")
    assert kills >= 1
    answering()
    answering()
    row = BankAnswer.objects.get(pk=answer_id)
    assert (row.state, row.counts) == ("done", {"paid": 58, "returned": 1, "late": 0, "known": 0})
    assert [e.act for e in timeline(batch.pk)].count("benefits.answer_taken") == 1
    assert do.states(list_id, who.maker) == {"paid": 59, "returned": 1} and balanced(who)
    do.wants(PayLine.objects.get(state="returned").grant.payee_id, do.account_number(500), now=AFTER)
    number, rows = do.payments_in(commands.payment_file(purpose=SEND, batch_id=do.sent(who), by=who.payer, now=AFTER).content)
    do.taken_in(do.answer(number, rows), by=who.payer, now=AFTER)
    assert do.states(list_id, who.maker) == {"paid": 60} and balanced(who)
    assert sum(b.fen for b in queries.balance(date(2030, 1, 1), by=who.auditor) if b.book.value == "bank") == -60 * AMOUNT
