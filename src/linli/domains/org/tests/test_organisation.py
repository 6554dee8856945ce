"""Duties kept apart, authority by date and place, the tree, and whom a supervisor answers for."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from linli.domains.accounts.commands import create_user
from linli.domains.org import commands as do
from linli.domains.org.models import Posting
from linli.domains.org.queries import (
    OrgKind,
    Power,
    actor_for,
    answering_org,
    authority,
    counter_of,
    get_org,
    letterhead,
    org_version,
    overseen_ids,
    postings_of,
    powers_of,
    subtree_ids,
    tree,
)
from linli.domains.org.rules import DETAILS
from linli.kernel.errors import LinliError, NotAllowed
from linli.testing.record import events_on
from linli.testing.story import INSTANT, PERMIT
from linli.testing.world import BUILDER, CITY, COUNTY, FIRST_DAY, PASSWORD, START

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 2)


@pytest.fixture
def somebody():
    return create_user(username="newcomer", name="新来的", password=PASSWORD, by=BUILDER, now=START)


def hold(world, user, post, *, hall="hall", org="hall", first=DAY, until=None):
    return do.appoint(
        user_id=user, post=post, org_id=world.orgs[org], hall_id=world.orgs[hall] if hall else None, valid_from=first, valid_to=until,
        by=BUILDER, now=START,
    )  # fmt: skip


# -- duties kept apart -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pair",
    [("window-clerk", "reviewer"), ("reviewer", "window-clerk"), ("window-clerk", "approver"), ("village-agent", "reviewer")],
)
def test_who_accepts_does_not_review_or_decide_in_the_same_hall(world, somebody, pair):
    first, second = pair
    hold(world, somebody, first)
    with pytest.raises(do.DutiesConflict) as refused:
        hold(world, somebody, second)
    assert "新来的" in str(refused.value.message)
    assert [p.post_id for p in postings_of(somebody, on=DAY)] == [first]


def test_another_hall_is_another_matter_but_the_three_administrators_are_apart_everywhere(world, somebody):
    hold(world, somebody, "window-clerk")
    hold(world, somebody, "reviewer", hall="other-hall", org="other-hall")
    hold(world, somebody, "system-administrator", hall=None, org="bureau")
    for post in ("security-administrator", "auditor"):
        with pytest.raises(do.DutiesConflict):
            hold(world, somebody, post, hall=None, org="county")


@pytest.mark.parametrize(("until", "first", "clash"), [
    (date(2026, 4, 1), date(2026, 4, 1), False),  # the end is the first day without the post
    (date(2026, 4, 1), date(2026, 3, 31), True),
    (None, date(2030, 1, 1), True),
])  # fmt: skip
def test_duties_clash_only_on_days_on_which_both_are_held(world, somebody, until, first, clash):
    hold(world, somebody, "window-clerk", until=until)
    if clash:
        with pytest.raises(do.DutiesConflict):
            hold(world, somebody, "reviewer", first=first)
    else:
        assert hold(world, somebody, "reviewer", first=first)


def test_neither_a_changed_row_nor_plain_sql_gets_round_it(world, somebody):
    clerk = hold(world, somebody, "window-clerk", until=date(2026, 4, 1))
    hold(world, somebody, "reviewer", first=date(2026, 4, 1))
    with pytest.raises(IntegrityError, match="org_posting_duties"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE org_posting SET valid_to = NULL WHERE id = %s", [clerk])
    with pytest.raises(IntegrityError, match="org_posting_duties"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO org_posting (id, user_id, post_id, org_id, hall_id, domains, valid_from)"
            " SELECT gen_random_uuid(), user_id, 'reviewer', org_id, hall_id, '{}', '2026-03-15' FROM org_posting WHERE id = %s",
            [clerk],
        )


def test_a_post_that_has_ended_makes_no_actor(world, somebody):
    posting = hold(world, somebody, "window-clerk")
    assert actor_for(posting, user_id=somebody, on=DAY).can("cases.accept")
    do.end_posting(posting_id=posting, last_day=DAY, by=BUILDER, now=START)
    assert actor_for(posting, user_id=somebody, on=DAY)
    assert actor_for(posting, user_id=somebody, on=DAY + timedelta(days=1)) is None
    assert actor_for(posting, user_id=world.users["clerk"], on=DAY) is None  # somebody else's post
    with pytest.raises(do.DatesWrong):
        do.end_posting(posting_id=posting, last_day=DAY - timedelta(days=1), by=BUILDER, now=START)
    assert [act for act, _ in events_on(somebody)] == ["accounts.created", "org.appointed", "org.posting_ended"]


@pytest.mark.parametrize("who", ["clerk", "manager", "security", "auditor"])
def test_only_who_manages_organisations_appoints(world, somebody, who):
    with pytest.raises(NotAllowed):
        do.appoint(user_id=somebody, post="reviewer", org_id=world.orgs["hall"], valid_from=DAY, by=world.actor(who), now=START)
    assert not Posting.objects.filter(user_id=somebody).exists()


# -- authority ---------------------------------------------------------------------------------------------------------------------


def test_authority_holds_from_its_day_to_its_last(world):
    village, code = world.orgs["village"], INSTANT
    give = {"org_id": village, "item_code": code, "powers": [Power.ACCEPT], "by": BUILDER, "now": START}
    do.grant(**give, region="770121100201", document="测试授权9号", valid_from=date(2026, 3, 10))

    def held(day):
        return powers_of(village, region="770121100201", on=day)[code]

    assert held(date(2026, 3, 9)) == {Power.RECEIVE}
    assert held(date(2026, 3, 10)) == {Power.RECEIVE, Power.ACCEPT}
    ended = do.withdraw_authority(**give, last_day=date(2026, 3, 20), document="测试收回1号")
    assert ended == 1
    assert held(date(2026, 3, 20)) == {Power.RECEIVE, Power.ACCEPT}
    assert held(date(2026, 3, 21)) == {Power.RECEIVE}
    with pytest.raises(do.AlreadyGranted):
        do.grant(**give | {"powers": [Power.RECEIVE]}, region="770121100201", document="测试授权9号", valid_from=FIRST_DAY)


def test_authority_covers_its_region_and_all_within_and_nothing_beside(world):
    village = world.orgs["village"]
    assert Power.RECEIVE in authority(PERMIT, region="770121100201", on=DAY).powers(village)
    assert not authority(PERMIT, region="770121100202", on=DAY).powers(village)
    assert not authority(PERMIT, region=COUNTY, on=DAY).powers(village)
    county = world.orgs["county"]
    for place in (COUNTY, "770121100", "770121100201"):
        assert authority(PERMIT, region=place, on=DAY).powers(county) == {Power.RECEIVE, Power.ACCEPT}
        assert authority(PERMIT, region=place, on=DAY).nearest(Power.ACCEPT) == county
        assert authority(PERMIT, region=place, on=DAY).nearest(Power.DECIDE) == world.orgs["bureau"]
    assert authority(PERMIT, region=CITY, on=DAY).nearest(Power.DECIDE) == world.orgs["bureau"]
    assert authority(PERMIT, region=COUNTY, on=date(2025, 12, 31)).holdings == ()


def test_only_the_security_administrator_gives_authority(world):
    give = {
        "org_id": world.orgs["village"],
        "item_code": INSTANT,
        "powers": [Power.SEAL],
        "region": "770121100201",
        "document": "x",
        "valid_from": DAY,
    }
    for who in ("clerk", "leader", "administrator"):
        with pytest.raises(NotAllowed):
            do.grant(**give, by=world.actor(who), now=START)
    do.grant(**give, by=world.actor("security"), now=START)
    assert Power.SEAL in powers_of(world.orgs["village"], region="770121100201", on=DAY)[INSTANT]


# -- the tree ----------------------------------------------------------------------------------------------------------------------


def test_parents_come_before_children_and_a_subtree_is_what_lies_below(world):
    order = [o.pk for o in tree()]
    assert len(order) == len(set(order)) == 6
    for org in tree():
        if org.parent_id:
            assert order.index(org.parent_id) < order.index(org.pk)
    ids = world.orgs
    assert set(subtree_ids(ids["bureau"])) == set(order)
    assert set(subtree_ids(ids["county"])) == {ids["county"], ids["other-hall"], ids["village"]}
    assert subtree_ids(ids["hall"]) == [ids["hall"]]


def test_a_part_acts_in_the_name_of_its_body_and_a_village_in_its_own(world):
    names = {o.pk: o.code for o in tree()}
    bodies = {o.code: names[o.body_id] for o in tree()}
    assert bodies == {
        "bureau": "bureau", "hall": "bureau", "division": "bureau", "county": "county", "other-hall": "county", "village": "village",
    }  # fmt: skip
    assert answering_org(world.orgs["village"]) == world.orgs["county"]
    assert counter_of(world.orgs["county"], on=DAY) == world.orgs["other-hall"]
    assert counter_of(world.orgs["village"], on=DAY) == world.orgs["village"]


def test_a_supervisor_answers_for_their_hall_its_bureau_and_the_bureaus_counters_below(world):
    ids = world.orgs

    def seen(who):
        found = set(overseen_ids(world.actor(who)))
        return {name for name, pk in ids.items() if pk in found}

    assert seen("manager") == {"hall", "bureau"}  # neither the county nor what lies below it
    assert seen("manager-elsewhere") == {"other-hall", "county", "village"}
    assert seen("leader") == set(ids)


def test_what_a_supervisor_answers_for_costs_no_more_with_more_places(world):
    manager = world.actor("manager-elsewhere")

    def cost():
        with CaptureQueriesContext(connection) as asked:
            overseen_ids(manager)
        return len(asked)

    few = cost()
    for n in range(12):
        do.add_organisation(
            code=f"village-{n}", name=f"第{n}村", short_name=f"{n}村", kind=OrgKind.VILLAGE, region="770121100201",
            parent_id=world.orgs["county"], valid_from=FIRST_DAY, by=BUILDER, now=START,
        )  # fmt: skip
    assert cost() == few


# -- what an organisation says of itself -------------------------------------------------------------------------------------------


def details(org, **changed):
    return {name: getattr(org, name) for name in DETAILS} | changed


def edit(world, who="administrator", *, org="hall", seen=None, **changed):
    row = get_org(world.orgs[org])
    return do.edit_organisation(
        org_id=row.pk, seen=seen or org_version(row), **details(row, **changed), by=world.actor(who), now=START
    )


def test_a_change_is_recorded_with_what_was_and_what_is_and_papers_say_it_at_once(world, django_capture_on_commit_callbacks):
    hall, division = world.orgs["hall"], world.orgs["division"]
    assert (letterhead(hall).address, letterhead(division).court) == ("云岭市示例路2号", "云岭市人民法院")
    with django_capture_on_commit_callbacks(execute=True):
        assert edit(world, address=" 云岭市新路8号 ", opening_hours="周一至周五 9:00—17:00")
        assert edit(world, org="bureau", court="云岭市铁路运输法院")
    assert (letterhead(hall).address, letterhead(division).court) == ("云岭市新路8号", "云岭市铁路运输法院")
    act, noted = events_on(hall)[-1]
    assert act == "org.organisation_changed"
    assert noted["before"] == {"address": "云岭市示例路2号", "opening_hours": ""}
    assert noted["after"] == {"address": "云岭市新路8号", "opening_hours": "周一至周五 9:00—17:00"}


def test_what_is_the_same_is_no_act(world):
    before = events_on(world.orgs["hall"])
    assert edit(world) is False
    assert events_on(world.orgs["hall"]) == before


def test_a_change_does_not_overwrite_what_a_colleague_changed_meanwhile(world):
    seen = org_version(get_org(world.orgs["hall"]))
    assert edit(world, phone="0000-1239999")
    with pytest.raises(do.OrgChangedMeanwhile):
        edit(world, seen=seen, phone="0000-1238888")
    assert get_org(world.orgs["hall"]).phone == "0000-1239999"


@pytest.mark.parametrize(("wrong", "field"), [({"short_name": " "}, "short_name"), ({"credit_code": "123"}, "credit_code")])
def test_what_is_wrong_with_a_change_is_said_at_its_field(world, wrong, field):
    with pytest.raises(LinliError) as refused:
        edit(world, **wrong)
    assert refused.value.field == field


def test_only_who_manages_organisations_changes_them(world):
    for who in ("clerk", "manager", "leader", "security", "auditor"):
        with pytest.raises(NotAllowed):
            edit(world, who, phone="1")
