"""Whatever officers, the bank and the jobs do in whatever order: the ledger balances, and nobody is paid twice or more than was granted."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from linli.domains.benefits import commands, queries
from linli.domains.benefits.models import (
    ClawBack,
    Grant,
    GrantList,
    GrantObjection,
    LedgerEntry,
    LedgerLine,
    PayBatch,
    PayLine,
    PersonFacts,
    Repayment,
)
from linli.kernel.actors import Actor
from linli.kernel.errors import LinliError
from linli.testing import grants as do
from linli.testing.grants import DAY, NOW, POLICY, SEND

PEOPLE = 5
STRANGER = Actor(user_id=None, device="test")
anyone = st.integers(0, PEOPLE - 1)


class Money(RuleBasedStateMachine):
    """Each example is one long transaction, which is given up at its end; what the database checks at a commit is checked after each step."""

    who: do.Hands
    runs: list
    people: list
    begins: str
    refused: Counter = Counter()
    done: Counter = Counter()

    def __init__(self):
        super().__init__()
        self.frame = transaction.atomic()
        self.frame.__enter__()
        self.now, self.files, self.answers = NOW, {}, []

    def teardown(self):
        transaction.set_rollback(True)
        self.frame.__exit__(None, None, None)

    def try_(self, name, call, /, **given):
        self.now += timedelta(minutes=1)
        try:
            result = call(now=self.now, **given)
        except LinliError as error:
            self.refused[f"{name}: {type(error).__name__}"] += 1
            return None
        self.done[name] += 1
        return result

    @initialize()
    def publish(self):
        self.list_id = do.published(self.who, self.runs[0], now=self.now)
        if self.begins != "published":
            self.now += timedelta(days=10)
            do.work(now=self.now)
        if self.begins == "sent":
            do.sent(self.who, now=self.now)

    @precondition(lambda self: GrantList.objects.filter(state="published").exists())
    @rule(n=anyone, at_once=st.sampled_from([None, "refused", "void", 1, 50_000]))
    def somebody_objects(self, n, at_once):
        row = GrantList.objects.filter(state="published").order_by("made_at").first()
        grant = Grant.objects.filter(list=row, payee_id=self.people[n]).order_by("number").first()
        made = self.try_(
            "object" if grant else "left out", commands.object_to, list_id=row.pk, grant_id=grant.pk if grant else None, text="不对", name="甲",
            contact="1", by=STRANGER,
        )  # fmt: skip
        if made and at_once:
            self.settle(GrantObjection.objects.get(pk=made), at_once, n)

    @precondition(lambda self: GrantObjection.objects.filter(state="open").exists())
    @rule(n=anyone, how=st.sampled_from(["refused", "void", 1, 50_000]))
    def an_objection_is_settled(self, n, how):
        self.settle(GrantObjection.objects.filter(state="open").order_by("made_at", "id").first(), how, n)

    def settle(self, found, how, n):
        self.try_(
            "settle", commands.settle_objection, objection_id=found.pk, upheld=how != "refused", reasons="查过",
            amount_fen=how if isinstance(how, int) else None, subject_id=self.people[n], by=self.who.second,
        )  # fmt: skip

    @rule()
    def days_pass_and_the_jobs_run(self):
        self.now += timedelta(days=4)
        do.work(now=self.now)

    @precondition(lambda self: GrantList.objects.count() == 1 and Grant.objects.filter(state="void").exists())
    @rule()
    def another_run_lists_them_again(self):
        made = self.try_("list again", commands.make_list, run_id=self.runs[1], policy=POLICY, by=self.who.maker)
        if made:
            commands.fill_list(list_id=made, by=do.JOB, now=self.now)
        if made and self.try_("agree again", commands.agree_list, list_id=made, by=self.who.second):
            commands.publish_list(list_id=made, by=self.who.maker, now=self.now)

    @precondition(lambda self: Grant.objects.filter(state__in=["due", "returned"]).exists())
    @rule(sure=st.integers(0, 3))
    def a_grant_is_given_up(self, sure):
        if not sure:
            grant = Grant.objects.filter(state__in=["due", "returned"]).order_by("list__made_at", "number").first()
            self.try_("void", commands.void_grant, grant_id=grant.pk, reason="查错了", by=self.who.second)

    @rule(n=anyone, dead=st.booleans())
    def somebody_is_reported_dead_or_not(self, n, dead):
        PersonFacts.objects.filter(subject_id=self.people[n]).update(death_sources=int(dead))

    @rule(n=anyone, account=st.integers(0, 3))
    def somebody_gives_an_account(self, n, account):
        self.try_(
            "account", commands.give_account, party_id=self.people[n], bank="示例银行", account=do.account_number(900 + account),
            told=queries.Told.COUNTER,
            by=self.who.payer,
        )  # fmt: skip

    @precondition(lambda self: Grant.objects.filter(state__in=["due", "returned"]).exists())
    @rule(agreed=st.booleans())
    def a_batch_is_put_together(self, agreed):
        made = self.try_("batch", commands.make_batch, policy=POLICY, by=self.who.payer)
        if made:
            commands.fill_batch(batch_id=made, size=3, by=do.JOB, now=self.now)
        if made and agreed:
            self.try_("agree_batch", commands.agree_batch, batch_id=made, by=self.who.second)
            commands.send_batch(batch_id=made, size=3, by=do.JOB, now=self.now)

    @precondition(lambda self: PayBatch.objects.filter(state="made").exists())
    @rule(agree=st.integers(0, 3))
    def a_batch_is_agreed_to_or_taken_back(self, agree):
        batch = PayBatch.objects.filter(state="made").order_by("made_at").first()
        if batch:
            call = commands.agree_batch if agree else commands.withdraw_batch
            self.try_(call.__name__, call, batch_id=batch.pk, by=self.who.second)
            commands.send_batch(batch_id=batch.pk, size=3, by=do.JOB, now=self.now)

    @precondition(lambda self: PayLine.objects.filter(state="open", batch__state="agreed").exists())
    @rule(back=st.sets(anyone), only=st.sets(anyone, min_size=1), n=st.integers(0, 3), day=st.integers(0, 3))
    def the_bank_answers(self, back, only, n, day):
        self.answered(back, only, n, day)

    @precondition(lambda self: PayLine.objects.filter(state="paid").exists())
    @rule(who=st.sets(anyone, min_size=1), n=st.integers(0, 3), day=st.integers(0, 4))
    def what_arrived_comes_back(self, who, n, day):
        self.answered(set(range(PEOPLE)), who, n, day)

    def answered(self, back, only, n, day):
        batches = list(PayBatch.objects.filter(state="agreed").order_by("made_at"))
        if not batches:
            return
        batch = batches[-1 - n % len(batches)]
        content = commands.payment_file(purpose=SEND, batch_id=batch.pk, by=self.who.payer, now=self.now).content
        assert self.files.setdefault(batch.pk, content) == content
        number, rows = do.payments_in(content)
        # In an order that does not depend on ids, so that an example can be repeated.
        places = {x.reference: x.grant.payee_id for x in PayLine.objects.filter(batch=batch).select_related("grant")}
        rows = [
            row for row in sorted(rows, key=lambda r: self.people.index(places[r[0]])) if self.people.index(places[row[0]]) in only
        ]
        returned = {rows[i][0]: "账号不存在" for i in back if i < len(rows)}
        said = do.answer(number, rows, returned=returned, on=DAY + timedelta(days=day))
        if taken := self.try_("answer", do.taken_in, content=said, size=2, by=self.who.payer):
            self.answers.append(said)
            self.done["late"] += taken["late"]

    @precondition(lambda self: self.answers)
    @rule(n=st.integers(0, 9))
    def an_old_answer_comes_again(self, n):
        said = self.answers[n % len(self.answers)]
        taken = do.taken_in(said, by=self.who.payer, now=self.now)
        assert taken["paid"] == taken["returned"] == taken["late"] == 0

    @precondition(lambda self: Grant.objects.filter(state="paid").exists())
    @rule(n=anyone, fen=st.integers(1, 50_000), agreed=st.booleans())
    def money_is_asked_back(self, n, fen, agreed):
        paid = list(Grant.objects.filter(state="paid").order_by("list__made_at", "number"))
        made = self.try_(
            "claw back", commands.propose_claw_back, grant_id=paid[n % len(paid)].pk, amount_fen=fen, reason="多发", legal_basis="社会保险法",
            by=self.who.payer,
        )  # fmt: skip
        if made and agreed:
            self.try_("settle claw back", commands.settle_claw_back, claw_back_id=made, agreed=True, by=self.who.second)

    @precondition(lambda self: ClawBack.objects.filter(state="proposed").exists())
    @rule(agreed=st.integers(0, 4))
    def a_claw_back_is_agreed_to_or_not(self, agreed):
        found = ClawBack.objects.filter(state="proposed").order_by("made_at").first()
        if found:
            self.try_("settle claw back", commands.settle_claw_back, claw_back_id=found.pk, agreed=bool(agreed), by=self.who.second)

    @precondition(lambda self: ClawBack.objects.filter(state="ordered", grant__state="returned").exists())
    @rule()
    def a_claim_is_lifted(self):
        found = ClawBack.objects.filter(state="ordered", grant__state="returned").order_by("made_at").first()
        if found:
            self.try_("lift", commands.lift_claw_back, claw_back_id=found.pk, by=self.who.second)

    @precondition(lambda self: ClawBack.objects.filter(state="ordered").exists())
    @rule(fen=st.integers(1, 30_000), reference=st.sampled_from("ABCD"), give_up=st.integers(0, 5))
    def some_is_repaid_or_given_up(self, fen, reference, give_up):
        found = ClawBack.objects.filter(state__in=["ordered", "settled"]).order_by("-state", "made_at").first()
        if found is None:
            return
        if give_up:
            self.try_(
                "repay",
                commands.note_repayment,
                claw_back_id=found.pk,
                amount_fen=fen,
                on=DAY,
                reference=reference,
                by=self.who.payer,
            )
        elif self.try_("give up", commands.propose_write_off, claw_back_id=found.pk, reason="找不到人", by=self.who.payer) is None:
            self.try_("agree to give up", commands.agree_write_off, claw_back_id=found.pk, by=self.who.second)

    @invariant()
    def money_is_right(self):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        books = Counter()
        for book, fen in LedgerLine.objects.values_list("book", "fen"):
            books[book] += fen
        assert sum(books.values()) == 0
        assert queries.ledger_differences(by=self.who.auditor) == []
        grants = {g.pk: g for g in Grant.objects.all()}
        live = Counter(g.subject_id for g in grants.values() if g.state != "void")
        assert max(live.values(), default=0) <= 1
        paid = list(PayLine.objects.filter(state="paid"))
        assert all(n == 1 for n in Counter(line.grant_id for line in paid).values())
        assert {line.grant_id for line in paid} == {pk for pk, g in grants.items() if g.state == "paid"}
        assert all(line.amount_fen == grants[line.grant_id].amount_fen for line in paid)
        assert sum(line.amount_fen for line in paid) <= sum(
            g.amount_fen for g in grants.values() if g.state not in ("listed", "void")
        )
        assert books["payable"] <= 0 and books["clearing"] <= 0 and books["receivable"] >= 0 and books["loss"] >= 0
        assert books["bank"] <= sum(Repayment.objects.values_list("amount_fen", flat=True))
        # How often money went out for a grant and did not come back: never more than once.
        out = Counter()
        of = dict(PayLine.objects.values_list("pk", "grant_id"))
        for kind, source in LedgerEntry.objects.filter(kind__in=["paid", "late_return"]).values_list("kind", "source_id"):
            out[of[source]] += 1 if kind == "paid" else -1
        assert all(number == (grants[pk].state == "paid") for pk, number in out.items())


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize(
    ("begins", "reached"),
    [
        ("published", ["object", "settle"]),
        ("due", ["batch", "agree_batch"]),
        ("sent", ["answer", "claw back", "settle claw back", "late"]),
    ],
)
def test_in_any_order_the_ledger_balances_and_nobody_is_paid_twice(world, begins, reached):
    who = do.hands(world)
    people = [do.known(n, account=n != 1) for n in range(PEOPLE)]
    do.due(people)
    runs = [do.scanned(who), do.scanned(who)]
    given = {"who": who, "people": people, "runs": runs, "begins": begins, "refused": Counter(), "done": Counter()}
    machine = type("Money", (Money,), given)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
    assert all(machine.done[name] for name in reached), (machine.done, machine.refused)
