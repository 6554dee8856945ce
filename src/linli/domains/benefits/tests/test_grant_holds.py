"""What a suspension and a sign of death hold back, and what goes on: by policy, by the day of the right, and as the data says."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.domains.benefits import commands, granting, queries
from linli.domains.benefits.granting import Holds, Waits
from linli.domains.benefits.models import Grant, PersonFacts
from linli.domains.benefits.tests.test_certification import TELLER, at, officer, receiver, stop, suspended
from linli.domains.benefits.values import NEVER
from linli.testing import grants as do
from linli.testing.grants import DAY, POLICY
from linli.testing.world import COUNTY

pytestmark = pytest.mark.usefixtures("committed_db")
PAST = Holds("after", "示例", "K")


@pytest.fixture
def who(world, committed_db):
    return do.hands(world)


@pytest.fixture
def as_if(monkeypatch):
    """What the data says of the policy, in another bureau."""

    def said(holds):
        monkeypatch.setitem(granting._shipped(), POLICY, replace(granting.granting_of(POLICY), holds=holds))

    return said


def granted(who, on):
    """The list of a run of a day, whose window is over."""
    return do.closed(who, do.scanned(who, on=on, now=at(on)), now=at(on))


def waits(who):
    """What every owed grant waits for, held against the sums that a page counts and against what a job would put into a batch."""
    lines = queries.waiting_lines(list(queries.owed_grants(by=who.payer)))
    assert Counter(x.waits for x in lines) == Counter({s.waits: s.number for s in queries.waiting_sums(by=who.payer)})
    return {(x.grant.period, x.grant.payee_id): x for x in lines}


def reasons(who):
    return {period: x.waits for (period, _), x in waits(who).items()}


def test_a_suspension_holds_what_is_paid_for_living_on_and_nothing_that_was_owed_before(world, who, as_if):
    row, day = suspended(world)  # the pension, for want of certification, from 5 June
    me = row.person_id
    do.wants(me, "80004444444444", now=at(day))
    PersonFacts.objects.filter(subject_id=me).update(
        region=COUNTY, receiving_unemployment=True, on_job_insured=False, seen_benefits=day, seen_contributions=day
    )
    before, month = day.replace(day=1) - timedelta(1), day.replace(day=1)
    granted(who, before)
    granted(who, month)
    may, june = f"{before:%Y-%m}", f"{month:%Y-%m}"
    assert reasons(who) == {may: None, june: Waits.HELD}
    hold = waits(who)[june, me].hold
    assert (hold.benefit, hold.day) == ("企业职工基本养老金", day)
    assert str(hold.sentence) == f"“企业职工基本养老金”从 {day.isoformat()} 起暂停发放。恢复发放以后，这笔随下一批付款。"
    as_if(PAST)  # a reward for the past
    assert reasons(who) == {may: None, june: None}
    as_if(replace(PAST, part_of=("resident_pension",)))  # part of another benefit
    assert reasons(who) == {may: None, june: None}
    as_if(replace(PAST, part_of=("resident_pension", "pension")))
    assert reasons(who) == {may: None, june: Waits.HELD}
    # Certified: paid at once, with what had waited.
    commands.witness(person_id=me, by=world.actor("clerk"), now=at(day + timedelta(40)))
    assert reasons(who) == {may: None, june: None}


def test_a_right_that_was_lost_for_another_reason_holds_that_benefit_only(world, who, as_if):
    row = receiver(world, "applicant", benefit="survivor", since=date(2025, 9, 1), region=COUNTY)
    me, by = row.person_id, officer(world)
    do.wants(me, "80004444444444", now=do.NOW)
    PersonFacts.objects.filter(subject_id=me).update(
        receiving_unemployment=True, on_job_insured=False, seen_benefits=DAY, seen_contributions=DAY
    )
    commands.open_inquiry(certification_id=row.pk, reason="来电说已再婚", by=by, now=at(DAY))
    visit = commands.ask_visit(certification_id=row.pk, by=by, now=at(DAY))
    commands.note_reach(reach_id=visit, outcome=queries.ReachOutcome.NOT_FOUND, by=by, now=at(DAY))
    commands.conclude_inquiry(certification_id=row.pk, finding=queries.Finding.LOST, ground="婚姻登记记录", by=by, now=at(DAY))
    stop(world, row, DAY, why="再婚")
    granted(who, DAY)
    assert reasons(who) == {"2026-03": None}
    as_if(replace(PAST, part_of=("survivor",)))
    assert reasons(who) == {"2026-03": Waits.HELD}


def test_a_sign_of_death_holds_what_was_found_due_after_it(who, as_if):
    people = [do.known(n) for n in range(5)]
    do.due(people)
    granted(who, DAY)
    before, same, later, unknown, never = people
    for person, day in ((before, DAY - timedelta(1)), (same, DAY), (later, DAY + timedelta(3)), (unknown, None), (never, NEVER)):
        PersonFacts.objects.filter(subject_id=person).update(death_sources=1, died_on=day)
    found = {who_: (x.waits, x.hold and x.hold.day) for (_, who_), x in waits(who).items()}
    assert found == {
        before: (Waits.DEATH, DAY - timedelta(1)), same: (None, None), later: (None, None), unknown: (Waits.DEATH, None),
        never: (Waits.DEATH, None),
    }  # fmt: skip
    said = {who_: str(x.hold.sentence) for (_, who_), x in waits(who).items() if x.hold}
    assert said[before].startswith("有 2026-03-01 去世的记录") and said[unknown].startswith("有去世的记录，日期不明")
    # A department reports an earlier day than the one that was known; where somebody looked into it, it says nothing any more.
    commands.take_in_signs(rows=[commands.Told(later, "cremation", "civil", "c-1", DAY - timedelta(5))], by=TELLER, now=do.NOW)
    assert {who_: x.waits for (_, who_), x in waits(who).items()}[later] is Waits.DEATH
    as_if(replace(PAST, death="always"))
    assert Counter(x.waits for x in waits(who).values()) == {Waits.DEATH: 5}
    # The batch takes those who can be paid; of the two, one is reported dead of before between the officers, and taken out.
    as_if(PAST)
    PersonFacts.objects.filter(subject_id=later).update(death_sources=0)
    batch_id = do.batched(who)
    assert queries.pay_batch(batch_id, by=who.payer).waiting == {"death": 3}
    PersonFacts.objects.filter(subject_id=same).update(died_on=DAY - timedelta(2))
    do.agreed(who, batch_id)
    assert [line.grant.payee_id for line in queries.pay_lines(batch_id, by=who.payer, state=queries.LineState.OPEN)] == [later]
    assert queries.ledger_differences(by=who.auditor) == []


def test_an_employer_is_not_held_by_anything_of_a_person(who):
    (person,) = people = [do.known(0)]
    do.due(people)
    granted(who, DAY)
    PersonFacts.objects.update(death_sources=2)
    found = Grant.objects.get()
    assert queries.holds([found.pk])[found.pk].waits is Waits.DEATH
    with connection.cursor() as cursor:  # the same for an employer: what a grant says is fixed, so another one
        cursor.execute(
            "INSERT INTO benefits_grant (id, list_id, run_id, number, policy, period, subject_kind, subject_id, payee_id, payee_is_employer, "
            "region, amount_fen, state, due_on, case_problem) SELECT gen_random_uuid(), list_id, run_id, 99, policy, period, 'hire', "
            "gen_random_uuid(), payee_id, true, region, amount_fen, 'listed', NULL, '' FROM benefits_grant RETURNING id"
        )
        refund = cursor.fetchone()[0]
    assert refund not in queries.holds([found.pk, refund]) and person == found.payee_id


def test_looking_what_holds_costs_one_query_however_many(who):
    people = [do.known(n) for n in range(6)]
    do.due(people)
    granted(who, DAY)
    PersonFacts.objects.update(death_sources=2)
    ids = list(Grant.objects.values_list("pk", flat=True))
    for some in (ids[:1], ids):
        with CaptureQueriesContext(connection) as asked:
            assert len(queries.holds(some)) == len(some)
        assert len(asked) == 1


@pytest.mark.parametrize("wrong", [{"death": "never"}, {"death": "after", "part_of": ("salary",)}])
def test_terms_that_mean_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match="never|salary"):
        Holds(**{"source": "", "certainty": "K", **wrong})
