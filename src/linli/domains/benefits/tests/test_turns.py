"""Whose turn it is: what a menu counts is what the officer may decide on, no more and of no other place."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from linli.domains.benefits import commands, queries
from linli.domains.benefits.models import Grant
from linli.domains.benefits.tests.test_certification import TELLER, at, climb_to_the_end, receiver, take_in
from linli.domains.benefits.tests.test_figures import draft
from linli.kernel.actors import Actor
from linli.testing import grants as do
from linli.testing.grants import AFTER, NOW, SEND
from linli.testing.world import COUNTY

pytestmark = pytest.mark.usefixtures("committed_db")
TURNS = (
    queries.lists_to_agree, queries.objections_to_answer, queries.batches_to_agree, queries.claw_backs_to_agree, queries.changes_to_agree,
    queries.suspensions_to_agree,
)  # fmt: skip
STRANGER = Actor(user_id=None, device="test")
OTHER = "770122"


@pytest.fixture
def who(world, committed_db):
    return do.hands(world)


def turns(by):
    """How much waits for somebody, by what it is."""
    return {asked.__name__.split("_")[0]: n for asked in TURNS if (n := asked(by=by).count())}


def test_each_step_waits_for_the_second_officer_and_for_nobody_else(who):
    do.due([do.known(n) for n in range(2)])
    list_id = do.listed(who, do.scanned(who), region=COUNTY)
    everybody = (who.maker, who.second, who.payer, who.auditor)

    def waits_for_the_second(**wanted):
        assert [turns(by) for by in everybody] == [{}, wanted, {}, {}]
        assert turns(replace(who.second, region=OTHER)) == {} != turns(replace(who.second, region=COUNTY))

    waits_for_the_second(lists=1)
    commands.agree_list(list_id=list_id, by=who.second, now=NOW)
    commands.publish_list(list_id=list_id, by=who.maker, now=NOW)
    assert turns(who.second) == {}
    grant = Grant.objects.filter(list=list_id).first()
    said = commands.object_to(list_id=list_id, grant_id=grant.pk, text="不对", name="甲", contact="1", by=STRANGER, now=NOW)
    waits_for_the_second(objections=1)
    commands.settle_objection(objection_id=said, upheld=False, reasons="核对无误", by=who.second, now=NOW)
    do.work(now=AFTER)
    batch_id = do.batched(who, list_id=list_id)
    waits_for_the_second(batches=1)
    another = replace(who.payer, user_id=who.auditor.user_id)  # whoever pays may agree to what another put together
    assert turns(another) == {"batches": 1}
    do.agreed(who, batch_id)
    assert turns(who.second) == {}
    number, rows = do.payments_in(commands.payment_file(purpose=SEND, batch_id=batch_id, by=who.payer, now=AFTER).content)
    do.taken_in(do.answer(number, rows), by=who.payer)
    claim = commands.propose_claw_back(
        grant_id=grant.pk, amount_fen=10_000, reason="已就业", legal_basis="第二十八条", by=who.payer, now=AFTER
    )
    waits_for_the_second(claw=1)
    commands.settle_claw_back(claw_back_id=claim, agreed=True, by=who.second, now=AFTER)
    assert turns(who.second) == {}
    commands.propose_write_off(claw_back_id=claim, reason="本人去世，没有遗产", by=who.payer, now=AFTER)
    waits_for_the_second(claw=1)


def test_a_figure_waits_for_whoever_may_set_it_there(world, who):
    one, two = world.actor("policies"), world.actor("second-policies")
    change = draft(one)  # of the city
    assert turns(two) == {}  # a draft is nobody's turn yet
    commands.propose_change(change_id=change, by=one, now=NOW)
    assert turns(two) == {"changes": 1} and turns(one) == turns(replace(two, region=COUNTY)) == {}


def test_a_suspension_waits_for_an_officer_who_had_no_hand_in_it(world, who):
    row = receiver(world)
    take_in(row, "hospital", date(2025, 3, 5))
    climb_to_the_end(world, row)
    certifier, second = world.actor("certification"), world.actor("second-policies")
    both = replace(certifier, permissions=certifier.permissions | {"benefits.agree"})
    commands.propose_suspension(certification_id=row.pk, reason="多次联系不上", by=certifier, now=at(date(2026, 7, 1)))
    assert turns(second) == {"suspensions": 1} and turns(certifier) == turns(both) == turns(replace(second, region=OTHER)) == {}


def test_who_looked_into_it_does_not_find_it_waiting_for_them(world, who):
    row, second = receiver(world), world.actor("second-policies")
    certifier = world.actor("certification")
    looks = replace(second, permissions=second.permissions | {"benefits.certify"})
    commands.climb(by=TELLER, now=at(date(2026, 3, 2)))
    commands.open_inquiry(certification_id=row.pk, reason="来电", by=looks, now=at(date(2026, 3, 2)))
    visit = commands.ask_visit(certification_id=row.pk, by=certifier, now=at(date(2026, 3, 2)))
    commands.note_reach(reach_id=visit, outcome=queries.ReachOutcome.NOT_FOUND, by=certifier, now=at(date(2026, 3, 2)))
    commands.conclude_inquiry(
        certification_id=row.pk, finding=queries.Finding.LOST, ground="登记", by=certifier, now=at(date(2026, 3, 2))
    )
    commands.propose_suspension(certification_id=row.pk, reason="再婚", by=certifier, now=at(date(2026, 3, 3)))
    other = replace(second, user_id=who.maker.user_id)
    assert turns(looks) == {} and turns(other) == {"suspensions": 1}
