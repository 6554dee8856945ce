"""Lists of grants through the doors: made, agreed, published, objected to, closed, and made into cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from linli.domains.benefits import commands, queries
from linli.domains.benefits.commands import lists
from linli.domains.benefits.definitions import shipped_policies
from linli.domains.benefits.models import Grant, GrantList, LedgerEntry
from linli.domains.cases.commands import finish_many
from linli.domains.cases.queries import Case, Step
from linli.domains.documents.queries import documents_of
from linli.domains.notices.queries import messages_about
from linli.domains.trace.queries import timeline
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.errors import LinliError, NotAllowed, NotFound
from linli.kernel.ids import uuid7
from linli.testing import grants as do
from linli.testing.benefits import hire
from linli.testing.grants import AFTER, DAY, JOB, NOW, POLICY
from linli.testing.online import resident
from linli.testing.rosters import firm_mandate

pytestmark = pytest.mark.usefixtures("committed_db")
AMOUNT = 40_000  # 5 000 yuan × 8 %
STRANGER = Actor(user_id=None, device="test")


@pytest.fixture
def who(world, committed_db):
    return do.hands(world)


@pytest.fixture
def people(world, who):
    found = [do.known(n) for n in range(4)]
    do.due(found)
    return found


def balances(who):
    return {b.book.value: b.fen for b in queries.balance(date(2027, 1, 1), by=who.auditor) if b.fen}


def test_a_list_is_made_of_everybody_who_is_entitled_and_nobody_twice(who, people):
    run_id = do.scanned(who)
    list_id = do.listed(who, run_id)
    row = queries.grant_list(list_id, by=who.second)
    assert row.counts == {"grants": 4, "fen": 4 * AMOUNT, "had": 0, "nothing": 0, "unknown": 0} and row.period == "2026-03"
    found = list(queries.grants_of(list_id, by=who.maker))
    assert [g.number for g in found] == [1, 2, 3, 4] and {g.subject_id for g in found} == set(people)
    assert all((g.payee_id, g.amount_fen, g.state, g.run_id) == (g.subject_id, AMOUNT, "listed", run_id) for g in found)
    with pytest.raises(commands.ListThere):
        commands.make_list(run_id=run_id, policy=POLICY, by=who.maker, now=NOW)
    do.due([fifth := do.known(5)])
    again = do.listed(who, do.scanned(who))
    assert queries.grant_list(again, by=who.maker).counts == {"grants": 1, "fen": AMOUNT, "had": 4, "nothing": 0, "unknown": 0}
    assert queries.grants_of(again, by=who.maker).get().subject_id == fifth
    # Taken back, its people can be listed again; the next month has a period of its own.
    commands.withdraw_list(list_id=list_id, reason="比对日期选错了", by=who.maker, now=NOW)
    assert do.states(list_id, who.maker) == {"void": 4}
    april = do.scanned(who, on=date(2026, 4, 1), now=NOW + timedelta(days=30))
    last = do.listed(who, april, now=NOW + timedelta(days=30))
    assert queries.grant_list(last, by=who.maker).counts["grants"] == 5
    assert do.listed(who, run_id) != list_id


def test_how_far_jobs_are_is_told_at_each_step(who, people):
    list_id = do.published(who, do.scanned(who))

    def told():
        found = queries.list_progress(list_id, by=who.payer)
        return found and (found.work.value, found.done, found.total)

    objection = commands.object_to(
        list_id=list_id, grant_id=Grant.objects.get(number=4).pk, text="不对", name="甲", contact="1", by=STRANGER, now=NOW
    )
    assert told() is None
    assert commands.close_windows(limit=1, by=JOB, now=AFTER) == 1 and told() == ("closing", 2, 4)  # one waits for an answer
    assert commands.close_windows(by=JOB, now=AFTER) == 2 and told() == ("cases", 0, 3)
    assert commands.make_cases(limit=1, by=JOB, now=AFTER) == 1 and told() == ("cases", 1, 3)
    do.work(now=AFTER)
    assert told() == ("sealing", 0, 3)
    cases = list(Case.objects.order_by("pk").values_list("pk", flat=True))
    later = AFTER + timedelta(minutes=10)
    assert finish_many(case_ids=cases[:2], now=later) == 2 and told() == ("sealing", 2, 3)
    found = queries.list_notices(list_id, by=who.payer, now=later)
    assert found == queries.Notices(wanted=3, cases=3, problems=0, sealed=2, left=timedelta(minutes=5)) and not found.done
    finish_many(case_ids=cases, now=later)
    assert told() is None and queries.list_notices(list_id, by=who.payer, now=later).done
    commands.settle_objection(objection_id=objection, upheld=False, reasons="查过", by=who.second, now=AFTER)
    assert told() == ("closing", 3, 4)


def test_a_notice_that_could_not_be_sealed_keeps_no_other_and_is_tried_again(world, who, people):
    list_id = do.closed(who, do.scanned(who))
    first, *others = Case.objects.order_by("pk")
    (paper,) = documents_of(first.pk)
    with connection.cursor() as cursor:  # its template is not what it was composed with
        cursor.execute("ALTER TABLE documents_document DISABLE TRIGGER documents_frozen")
        cursor.execute("UPDATE documents_document SET template_digest = %s WHERE id = %s", [bytes(32), paper.id])
        cursor.execute("ALTER TABLE documents_document ENABLE TRIGGER documents_frozen")
    with pytest.raises(LinliError, match="模板"):
        finish_many(case_ids=[first.pk, *(c.pk for c in others)], now=AFTER)
    found = queries.list_notices(list_id, by=who.maker, now=AFTER)
    assert (found.wanted, found.cases, found.sealed) == (4, 4, 3)
    ProcrastinateJob.objects.all().delete()
    assert commands.retry_cases(list_id=list_id, by=who.maker, now=AFTER) == 1
    (job,) = ProcrastinateJob.objects.filter(task_name="cases.finish_many")
    assert job.args == {"case_ids": [str(first.pk)]}


def test_a_long_list_that_is_taken_back_is_made_void_some_at_a_time_and_before_a_new_one_is_made(who, people, monkeypatch):
    run_id = do.scanned(who)
    list_id = do.listed(who, run_id)
    monkeypatch.setattr(lists, "void_withdrawn", partial(lists.void_withdrawn, limit=1))
    commands.withdraw_list(list_id=list_id, reason="日期选错了", by=who.maker, now=NOW)
    assert do.states(list_id, who.maker) == {"void": 1, "listed": 3}
    assert queries.list_progress(list_id, by=who.maker) == queries.Progress(queries.Work.VOIDING, 1, 4)
    (job,) = ProcrastinateJob.objects.filter(task_name="benefits.void_withdrawn")
    assert job.args == {"list_id": str(list_id)}
    again = do.listed(who, run_id)  # the job has not come to it yet
    assert queries.grant_list(again, by=who.maker).counts["grants"] == 4 and do.states(list_id, who.maker) == {"void": 4}
    assert queries.list_progress(list_id, by=who.maker) is None


def test_of_a_region_only_who_lives_there(who, people):
    do.due([do.known(9)], region="770122")
    list_id = do.listed(who, do.scanned(who), region="770122")
    assert queries.grants_of(list_id, by=who.maker).get().region == "770122"


@pytest.mark.parametrize("policy", sorted(c for c in shipped_policies() if queries.granting(c).how is queries.How.NONE))
def test_policies_that_pay_nobody_by_a_scan_say_why(who, policy):
    with pytest.raises(commands.NotGranted) as refused:
        commands.make_list(run_id=_run(who), policy=policy, by=who.maker, now=NOW)
    assert refused.value.params["why"].endswith("。")


def _run(who):
    return commands.start_run(on=DAY, region="7701", policies=[POLICY], by=who.maker, now=NOW)


def test_every_policy_says_how_it_pays(who):
    for code, policy in shipped_policies().items():
        how = queries.granting(code)
        assert how.window.days > 0 and how.window.source and how.window.certainty in "VMLK"
        # What pays must have a fund and an item, for its cases.
        assert (how.how is queries.How.NONE) is not bool(how.fund) and (how.how is queries.How.NONE or policy.item)


def test_only_a_finished_run_gives_a_list(who):
    with pytest.raises(queries.RunNotDone):
        commands.make_list(run_id=_run(who), policy=POLICY, by=who.maker, now=NOW)


def test_whoever_made_a_list_does_not_agree_to_it_also_past_the_command(who, people):
    run_id = do.scanned(who)
    both = replace(who.maker, permissions=who.maker.permissions | {"benefits.agree"})
    list_id = commands.make_list(run_id=run_id, policy=POLICY, by=both, now=NOW)
    with pytest.raises(commands.ListMoved):  # nobody agrees to what is not whole
        commands.agree_list(list_id=list_id, by=who.second, now=NOW)
    commands.fill_list(list_id=list_id, by=JOB, now=NOW)
    with pytest.raises(commands.SameOfficer):
        commands.agree_list(list_id=list_id, by=both, now=NOW)
    with pytest.raises(DatabaseError, match="benefits_list_two_hands"), transaction.atomic():
        GrantList.objects.filter(pk=list_id).update(state="agreed", agreed_by_id=both.user_id, agreed_at=NOW)
    with pytest.raises(commands.ListMoved):
        commands.publish_list(list_id=list_id, by=who.maker, now=NOW)
    commands.agree_list(list_id=list_id, by=who.second, now=NOW)
    assert commands.publish_list(list_id=list_id, by=who.maker, now=NOW) == date(2026, 3, 9)  # five working days after Monday


def test_nothing_to_pay_is_not_agreed_to(who):
    do.due([])
    list_id = do.listed(who, do.scanned(who))
    with pytest.raises(commands.ListEmpty):
        commands.agree_list(list_id=list_id, by=who.second, now=NOW)


def test_what_is_published_names_nobody_whole_and_is_taken_down(who, people):
    list_id = do.published(who, do.scanned(who))
    assert [p.id for p in queries.published_lists(on=DAY)] == [list_id]
    lines, total = queries.published_lines(list_id, on=date(2026, 3, 9), size=2)
    assert total == 4 and [line.number for line in lines] == [1, 2]
    assert all(line.name.startswith("待") and "遇" not in line.name and line.place == "清溪县" for line in lines)
    said = repr(lines) + repr(queries.published_lists(on=DAY))
    assert not any(secret in said for secret in ("8000", "7701211980"))
    with pytest.raises(NotFound):
        queries.published_lines(list_id, on=date(2026, 3, 10))
    assert queries.published_lists(on=date(2026, 3, 10)) == []


def test_an_open_objection_holds_one_grant_and_all_others_go_on(world, who, people):
    list_id = do.published(who, do.scanned(who))
    disputed = Grant.objects.get(list=list_id, number=2)
    objection = commands.object_to(
        list_id=list_id, grant_id=disputed.pk, text="他上个月已经上班了", name="邻居", contact="10000000001", by=STRANGER, now=NOW
    )
    assert commands.close_windows(by=JOB, now=NOW + timedelta(days=7)) == 0  # its last day
    do.work(now=AFTER)
    assert do.states(list_id, who.maker) == {"listed": 1, "due": 3}
    assert balances(who) == {"expense": 3 * AMOUNT, "payable": -3 * AMOUNT}
    commands.settle_objection(objection_id=objection, upheld=False, reasons="社保系统没有参保记录", by=who.second, now=AFTER)
    do.work(now=AFTER)
    assert do.states(list_id, who.maker) == {"due": 4}
    assert queries.ledger_differences(by=who.auditor) == []
    with pytest.raises(commands.ObjectionAnswered):
        commands.settle_objection(objection_id=objection, upheld=True, reasons="再想想", by=who.second, now=AFTER)


def test_an_objection_that_is_right_makes_a_grant_void_or_of_another_amount(world, who, people):
    list_id = do.published(who, do.scanned(who))
    me = resident(world)
    first, second = Grant.objects.filter(list=list_id).order_by("number")[:2]
    one = commands.object_to(list_id=list_id, grant_id=first.pk, text="这个人已经就业", by=me, now=NOW)
    two = commands.object_to(list_id=list_id, grant_id=second.pk, text="金额不对", by=me, now=NOW)
    with pytest.raises(commands.AmountWrong):
        commands.settle_objection(objection_id=two, upheld=True, amount_fen=0, reasons="核实", by=who.second, now=NOW)
    commands.settle_objection(objection_id=one, upheld=True, reasons="已经单位参保", by=who.second, now=NOW)
    commands.settle_objection(objection_id=two, upheld=True, amount_fen=30_000, reasons="按新的费率", by=who.second, now=NOW)
    do.work(now=AFTER)
    assert do.states(list_id, who.maker) == {"void": 1, "due": 3}
    assert balances(who)["expense"] == 2 * AMOUNT + 30_000
    kinds = [m.kind for m in messages_about(list_id)]
    assert sorted(kinds) == ["benefits.grant_changed", "benefits.grant_void", "benefits.objection", "benefits.objection"]
    assert [o.state for o in queries.my_grant_objections(by=me)] == ["upheld", "upheld"]
    origin = queries.grant_origin(second.pk, by=who.auditor)
    assert origin.same and origin.policy.fen_again == AMOUNT and origin.grant.amount_fen == 30_000


def test_who_was_left_out_comes_on_the_list_only_by_the_frozen_facts(world, who, people):
    do.due([apart := do.known(6)], region="770122")
    run_id = do.scanned(who)
    list_id = do.listed(who, run_id, region="7701")
    commands.agree_list(list_id=list_id, by=who.second, now=NOW)
    commands.publish_list(list_id=list_id, by=who.maker, now=NOW)
    gone = Grant.objects.get(list=list_id, subject_id=apart)
    first = commands.object_to(list_id=list_id, grant_id=gone.pk, text="搬走了", name="甲", contact="1", by=STRANGER, now=NOW)
    commands.settle_objection(objection_id=first, upheld=True, reasons="核实已搬走", by=who.second, now=NOW)
    with pytest.raises(commands.WhoObjects):
        commands.object_to(list_id=list_id, text="漏了我", by=STRANGER, now=NOW)
    second, third = (
        commands.object_to(list_id=list_id, text="漏了我", name="乙", contact="2", by=STRANGER, now=NOW) for _ in range(2)
    )
    outsider = do.known(7)
    with pytest.raises(NotFound):
        commands.settle_objection(objection_id=second, upheld=True, reasons="查", subject_id=outsider, by=who.second, now=NOW)
    commands.settle_objection(objection_id=second, upheld=True, reasons="没有搬走", subject_id=apart, by=who.second, now=NOW)
    added = queries.grant_objection(second, by=who.maker).added
    assert (added.subject_id, added.amount_fen, added.number, added.state) == (apart, AMOUNT, 6, "listed")
    with pytest.raises(commands.HasOneAlready):
        commands.settle_objection(objection_id=third, upheld=True, reasons="查", subject_id=apart, by=who.second, now=NOW)
    assert queries.grant_origin(added.pk, by=who.auditor).same


def test_objections_end_with_the_window(who, people):
    list_id = do.published(who, do.scanned(who))
    with pytest.raises(commands.ObjectionsOver):
        commands.object_to(list_id=list_id, text="晚了", name="甲", contact="1", by=STRANGER, now=AFTER)
    with pytest.raises(NotFound):
        commands.object_to(list_id=list_id, grant_id=uuid7(), text="谁", name="甲", contact="1", by=STRANGER, now=NOW)


def test_each_grant_is_a_case_with_a_clock_the_officers_who_decided_a_sealed_notice_and_one_message(world, who, people):
    list_id = do.closed(who, do.scanned(who))
    assert Case.objects.count() == 4
    for g in queries.grants_of(list_id, by=who.maker):
        case = Case.objects.get(pk=g.case_id)
        assert case.number and (case.state, case.channel, case.applicant_id) == ("approved", "automatic", g.payee_id)
        hands = {s.kind: s.user_id for s in Step.objects.filter(case=case)}
        assert (hands["accept"], hands["decide"]) == (who.maker.user_id, who.second.user_id)
        from linli.domains.cases.commands import finish_ex_officio

        assert finish_ex_officio(case_id=case.pk, now=AFTER) and not finish_ex_officio(case_id=case.pk, now=AFTER)
        case.refresh_from_db()
        assert case.state == "delivered"
        papers = {d.kind.value: d.state.value for d in documents_of(case.pk)}
        assert papers["benefit_notice"] == "sealed"
        acts = [e.act for e in timeline(case.pk)]
        assert acts[:3] == ["cases.started", "cases.started_ex_officio", "cases.approved"] and "cases.delivered" in acts
        assert [m.kind for m in messages_about(case.pk)] == ["benefits.granted"]
        clocks = set(case.clocks.values_list("kind", "outcome"))
        assert clocks == {("promised", "met"), ("delivery", "met")}


def test_who_is_not_in_the_register_waits_and_can_be_tried_again(who):
    do.due(do.strangers(2))
    list_id = do.closed(who, do.scanned(who))
    found = list(queries.grants_of(list_id, by=who.maker))
    assert all(g.case_id is None and g.case_problem for g in found)
    assert [w.waits for w in queries.waiting_lines(found)] == ["case", "case"]
    assert commands.retry_cases(list_id=list_id, by=who.maker, now=AFTER) == 2
    assert commands.retry_cases(list_id=list_id, by=who.maker, now=AFTER) == 0


def test_a_grant_found_wrong_before_it_is_paid_is_taken_out_of_the_ledger(who, people):
    list_id = do.closed(who, do.scanned(who))
    grant = Grant.objects.filter(list=list_id).first()
    commands.void_grant(grant_id=grant.pk, reason="已死亡", by=who.second, now=AFTER)
    assert balances(who) == {"expense": 3 * AMOUNT, "payable": -3 * AMOUNT} and queries.ledger_differences(by=who.auditor) == []
    with pytest.raises(commands.GrantMoved):
        commands.void_grant(grant_id=grant.pk, reason="再来", by=who.second, now=AFTER)


def test_the_database_itself_refuses(who, people):
    list_id = do.closed(who, do.scanned(who))
    grant = Grant.objects.filter(list=list_id).first()
    for statement, why in (
        ("UPDATE benefits_grant SET amount_fen = 1 WHERE id = %s", "what was granted stays"),
        ("UPDATE benefits_grant SET state = 'listed' WHERE id = %s", "no way from"),
        ("UPDATE benefits_grant SET state = 'void' WHERE id = %s", "nothing of it is in the ledger"),
        ("DELETE FROM benefits_grant WHERE id = %s", "cannot be removed"),
        ("UPDATE benefits_ledger_entry SET at = now() WHERE source_id = %s", "written once"),
        ("DELETE FROM benefits_ledger_line WHERE entry_id = (SELECT id FROM benefits_ledger_entry WHERE source_id = %s)", "written once"),
        (
            "INSERT INTO benefits_ledger_line (entry_id, book, fund, policy, fen) SELECT id, 'bank', 'x', 'y', 1 FROM benefits_ledger_entry "
            "WHERE source_id = %s",
            "does not balance",
        ),
        (
            "INSERT INTO benefits_ledger_entry (id, kind, source_id, region, \"on\", at) SELECT gen_random_uuid(), kind, source_id, region, \"on\", at "
            "FROM benefits_ledger_entry WHERE source_id = %s",
            "benefits_entry_once",
        ),
    ):  # fmt: skip
        with pytest.raises(DatabaseError, match=why), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [grant.pk])
    assert LedgerEntry.objects.count() == 4


def test_a_grant_leads_back_to_the_frozen_facts(who, people):
    list_id = do.closed(who, do.scanned(who))
    grant = queries.grants_of(list_id, by=who.maker).first()
    origin = queries.grant_origin(grant.pk, by=who.auditor)
    assert origin.same and origin.again.facts["receiving_unemployment"] is True
    assert (origin.list.made_by_id, origin.list.agreed_by_id) == (who.maker.user_id, who.second.user_id)
    assert origin.policy.outcome.state is queries.State.ENTITLED and len(origin.policy.outcome.reasons) == 2


def test_each_command_and_query_asks_for_its_permission(world, who, people):
    run_id = do.scanned(who)
    nobody, list_id = world.actor("clerk"), do.published(who, run_id)
    grant = Grant.objects.filter(list=list_id).first()
    objection = commands.object_to(list_id=list_id, grant_id=grant.pk, text="不对", name="甲", contact="1", by=STRANGER, now=NOW)
    wrong = {"maker": who.maker, "payer": who.payer, "second": who.second, "nobody": nobody}

    def refused(call, *posts):
        for post in posts:
            with pytest.raises(NotAllowed):
                call(wrong[post])

    refused(lambda by: commands.make_list(run_id=run_id, policy=POLICY, by=by, now=NOW), "payer", "second", "nobody")
    refused(lambda by: commands.agree_list(list_id=list_id, by=by, now=NOW), "maker", "payer", "nobody")
    refused(lambda by: commands.publish_list(list_id=list_id, by=by, now=NOW), "payer", "nobody")
    refused(lambda by: commands.withdraw_list(list_id=list_id, reason="x", by=by, now=NOW), "payer", "nobody")
    refused(
        lambda by: commands.settle_objection(objection_id=objection, upheld=False, reasons="x", by=by, now=NOW),
        "maker", "payer", "nobody",
    )  # fmt: skip
    refused(lambda by: commands.void_grant(grant_id=grant.pk, reason="x", by=by, now=NOW), "maker", "payer", "nobody")
    refused(lambda by: commands.retry_cases(list_id=list_id, by=by, now=NOW), "second", "nobody")
    refused(lambda by: queries.grant_origin(grant.pk, by=by), "maker", "payer", "second", "nobody")
    for ask in (
        lambda by: queries.grant_lists(by=by), lambda by: queries.grants_of(list_id, by=by), lambda by: queries.grant(grant.pk, by=by),
        lambda by: queries.grant_objections(by=by), lambda by: queries.list_sums(list_id, by=by),
    ):  # fmt: skip
        refused(ask, "nobody")
    # Whoever serves another place does not see them.
    elsewhere = replace(who.second, region="770122")
    assert not queries.grant_lists(by=elsewhere).exists()
    for call in (
        lambda: queries.grant(grant.pk, by=elsewhere), lambda: queries.grants_of(list_id, by=elsewhere),
        lambda: queries.grant_objection(objection, by=elsewhere), lambda: commands.withdraw_list(list_id=list_id, reason="x", by=elsewhere, now=NOW),
        lambda: commands.settle_objection(objection_id=objection, upheld=False, reasons="x", by=elsewhere, now=NOW),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            call()
    with pytest.raises(NotFound):
        commands.confirm_grant(grant_id=grant.pk, by=resident(world), now=NOW)


def test_a_page_of_a_list_costs_the_same_however_long_it_is(who, people, django_assert_max_num_queries):
    list_id = do.published(who, do.scanned(who))
    with django_assert_max_num_queries(4) as few:
        queries.grant_lines(list(queries.grants_of(list_id, by=who.maker)[:2]))
    with django_assert_max_num_queries(len(few)):
        queries.grant_lines(list(queries.grants_of(list_id, by=who.maker)[:4]))
    with django_assert_max_num_queries(6):
        queries.published_lines(list_id, on=DAY)


def test_what_asks_for_a_yes_is_paid_to_the_employer_only_after_one(world, who):
    """Of a hire the employer is paid, and with this policy not before it said so."""
    policy, now = "na-graduate-hire-subsidy", timezone.now()
    for n in range(2):
        hire(world, n)
    today = local_date(now)
    run_id = do.scanned(who, policy=policy, on=today, now=now)
    list_id = do.published(who, run_id, policy=policy, now=now)
    row = queries.grant_list(list_id, by=who.maker)
    assert row.counts["grants"] == 2 and row.counts["fen"] == 300_000
    over = now + timedelta(days=15)
    do.work(now=over)
    found = list(queries.grants_of(list_id, by=who.maker))
    employer = world.people["employer"]
    assert {(g.payee_id, g.payee_is_employer, g.subject_kind) for g in found} == {(employer, True, "hire")}
    assert all(m.kind == "benefits.granted_needs" for g in found for m in messages_about(g.case_id))
    commands.give_account(
        party_id=employer,
        bank="示例银行",
        account="80001111111111",
        told=queries.Told.PAPER,
        by=who.payer,
        now=over,
    )
    assert {w.waits for w in queries.waiting_lines(found)} == {"confirmation"}
    agent = resident(world, "agent")
    with pytest.raises(NotFound):
        commands.confirm_grant(grant_id=found[0].pk, by=agent, now=over)
    firm_mandate(world, now=over)
    for _ in range(2):
        commands.confirm_grant(grant_id=found[0].pk, by=agent, now=over)
    batch_id = do.sent(who, policy=policy, now=over)
    assert [line.grant_id for line in queries.pay_lines(batch_id, by=who.payer)] == [found[0].pk]
    assert queries.pay_batch(batch_id, by=who.payer).waiting == {"confirmation": 1}
    assert {g.pk for g in queries.my_grants(by=agent, on=today)} == set()  # to apply is not to read
    assert queries.ledger_differences(by=who.auditor) == []
