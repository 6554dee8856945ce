"""Acceptance anywhere (全城通办): what a window may do follows from the authority table, whatever kind of place it stands in. What may
be done is done; what may not is refused with where it goes instead; whoever decides gets it, and the result comes back to where the
person is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import pytest

from linli.domains.accounts.commands import create_user
from linli.domains.cases import commands as do
from linli.domains.cases.errors import AcceptedElsewhere, AlreadyHandedOver, GoesElsewhere, NotACounter
from linli.domains.cases.permissions import delivery_cases
from linli.domains.cases.queries import collected_at, collection_places, counter_cases, items_here, own_sheet, to_deliver
from linli.domains.notices.queries import message_views, messages_about
from linli.domains.org.commands import add_organisation, add_region, appoint, grant_many
from linli.domains.org.queries import OrgKind, Power, actor_for
from linli.kernel.actors import Actor, system
from linli.kernel.errors import NotAllowed, NotFound
from linli.kernel.ids import uuid7
from linli.testing.online import resident
from linli.testing.story import INSTANT, PERMIT, Story, at, filled
from linli.testing.world import BUILDER, CITY, FIRST_DAY, START, World

pytestmark = pytest.mark.django_db
DAY, NOW = date(2026, 3, 2), at("2026-03-02 10:00")
TOWN, VILLAGE = "770121101", "770121101201"  # with nothing granted yet
ITEM = PERMIT

GRADES = {
    "nothing": [],
    "receive only": [Power.RECEIVE],
    "accept": [Power.RECEIVE, Power.ACCEPT],
    "partly": [Power.RECEIVE, Power.ACCEPT, Power.REVIEW],
    "wholly": list(Power),
}
PLACES = {
    "village": (OrgKind.VILLAGE, VILLAGE),
    "town": (OrgKind.TOWN, TOWN),
    "county": (OrgKind.BUREAU, "770122"),
    "city": (OrgKind.HALL, CITY),
}


NAMES = {
    "village": "石桥村便民服务站",
    "town": "南山镇便民服务中心",
    "county": "东河县人力资源和社会保障局",
    "city": "云岭市第二大厅",
}


@dataclass
class Window:
    """A place with one grade of authority over one item, and somebody at its window."""

    world: World
    place: str
    org: object
    clerk: Actor
    region: str

    def receives(self, **more):
        story = Story(self.world, item=ITEM, region=self.region)
        story.case_id = do.receive_case(
            item_code=ITEM, applicant=story.applicant, form=filled(story.standard), materials=story.handed(), region=self.region,
            by=self.clerk, now=NOW, **more,
        )  # fmt: skip
        return story

    def accepts(self, story):
        return do.accept_case(case_id=story.case_id, by=self.clerk, now=at("2026-03-02 10:05"))


def window(world: World, place: str, grade: str) -> Window:
    """A new place of its kind below the city of the invented world, a clerk in it, and what it may do."""
    kind, region = PLACES[place]
    for code, name in ((TOWN, "南山镇"), (VILLAGE, "石桥村"), ("770122", "东河县")):
        add_region(code=code, name=name, valid_from=FIRST_DAY, by=BUILDER, now=START)
    parent = world.orgs["county" if place in ("village", "town") else "bureau"]
    org = add_organisation(
        code=f"new-{place}", name=NAMES[place],
        short_name="新设窗口", kind=kind, region=region, parent_id=parent, valid_from=FIRST_DAY, by=BUILDER, now=START,
    )  # fmt: skip
    if GRADES[grade]:
        grant_many(
            org_id=org,
            item_codes={ITEM: GRADES[grade]},
            region=region,
            document="测试授权9号",
            valid_from=FIRST_DAY,
            by=BUILDER,
            now=START,
        )
    user = create_user(
        username=f"at-{place}", name="窗口员", password="a-long-enough-secret-9", must_change=False, by=BUILDER, now=START
    )
    post = appoint(user_id=user, post="window-clerk", org_id=org, hall_id=org, valid_from=FIRST_DAY, by=BUILDER, now=START)
    clerk = actor_for(post, user_id=user, on=DAY, device="test")
    assert clerk
    return Window(world, place, org, clerk, region)


def may_do_nothing(place: str, grade: str) -> bool:
    """A hall of the city acts in the bureau's name, so that no place of its own needs a grant."""
    return grade == "nothing" and place != "city"


@pytest.mark.parametrize("grade", GRADES)
@pytest.mark.parametrize("place", PLACES)
def test_what_a_window_may_do_is_done_and_what_not_says_where_it_goes(world, place, grade):
    here = window(world, place, grade)
    offered = {s.item_id for s in items_here("", by=here.clerk, on=DAY)}
    if may_do_nothing(place, grade):
        assert ITEM not in offered
        with pytest.raises(GoesElsewhere) as refused:
            here.receives()
        near = "清溪县人力资源和社会保障局" if place in ("village", "town") else "云岭市政务服务大厅"
        said = str(refused.value.what_to_do)
        assert any(name in said for name in (near, "清溪县政务服务大厅")) and "告诉申请人到那里办" in said, said
        return
    assert ITEM in offered
    story = here.receives()
    assert story.case in counter_cases(here.clerk)
    decides = here.org if grade == "wholly" and place != "city" else world.orgs["bureau"]
    if grade == "receive only" and place != "city":
        assert story.case.origin_id == here.org and story.case.hall_id != here.org
        with pytest.raises(AcceptedElsewhere) as refused:
            here.accepts(story)
        accepts = {"village": "清溪县政务服务大厅", "town": "清溪县政务服务大厅", "county": "云岭市政务服务大厅"}[place]
        assert accepts in str(refused.value.what_to_do), refused.value.what_to_do
        assert story.case.state == "submitted"
        story.accept(clerk="elsewhere" if accepts.startswith("清溪") else "clerk")
    else:
        here.accepts(story)
        assert (story.case.org_id, story.case.origin_id) == (here.org, None)
    assert story.case.deciding_org_id == decides and story.case.state in ("accepted", "in_review")
    assert collected_at(story.case) == here.org, "the result comes back to where the person was"


@pytest.fixture
def village(world) -> Actor:
    return world.actor("village")


def sealed(world, *, collect=None, by=None):
    """Received in the village, accepted in the county, decided and sealed in the city."""
    story = Story(world, item=INSTANT, region="770121100201")
    story.case_id = do.receive_case(
        item_code=INSTANT,
        applicant=story.applicant,
        form=filled(story.standard),
        materials=story.handed(),
        by=story.who("village"),
        now=NOW,
    )
    if collect:
        do.choose_collection(case_id=story.case_id, place_id=collect, by=by or story.who("village"), now=NOW)
    story.accept(clerk="elsewhere")
    story.review()
    story.issue()
    return story


def test_what_a_village_received_is_handed_over_in_the_village(world, village):
    story = sealed(world)
    assert list(to_deliver(by=village)) == [story.case]
    story.deliver(clerk="village")
    assert story.case.state == "delivered"


def test_a_result_is_handed_over_where_the_person_is_and_the_message_says_where(world, village):
    story = sealed(world, collect=world.orgs["hall"])
    hall = story.who("clerk")
    assert story.case in to_deliver(by=hall) and story.case not in counter_cases(hall), "handed over here, and no more than that"
    for job_kind in messages_told(story):
        if job_kind.kind == "case.issued":
            assert "云岭市政务服务大厅" in job_kind.text
            break
    else:
        pytest.fail("nobody was told")
    story.deliver(clerk="clerk")
    assert story.case.state == "delivered"


def messages_told(story):
    from procrastinate.contrib.django.models import ProcrastinateJob

    for job in ProcrastinateJob.objects.filter(task_name="cases.tell", args__chain_id=str(story.case_id)).order_by("id"):
        do.tell(case_id=story.case_id, seq=job.args["seq"], by=system(), now=NOW)
    return message_views(messages_about(story.case_id))


def test_a_resident_chooses_from_the_phone_and_nobody_chooses_for_them(world, village):
    story = sealed(world)
    me, other = resident(world), resident(world, "neighbour")
    choice = {"case_id": story.case_id, "place_id": world.orgs["hall"], "now": at("2026-03-02 15:30")}
    for who in (other, story.who("second-issuer"), replace(me, permissions=frozenset())):
        with pytest.raises((NotFound, NotAllowed)):
            do.choose_collection(**choice, by=who)
    do.choose_collection(**choice, by=me)
    assert own_sheet(story.case_id, by=me, now=NOW).case.collect_id == world.orgs["hall"]
    assert story.case in delivery_cases(story.who("clerk"))
    with pytest.raises(NotACounter):
        do.choose_collection(**choice | {"place_id": world.orgs["division"]}, by=me)
    with pytest.raises(NotACounter):
        do.choose_collection(**choice | {"place_id": uuid7()}, by=me)
    do.choose_collection(**choice | {"place_id": world.orgs["village"]}, by=me)  # back to where it was
    assert story.case.collect_id is None
    story.deliver(clerk="village")
    with pytest.raises(AlreadyHandedOver):
        do.choose_collection(**choice, by=me)


def test_every_counter_of_the_city_can_be_chosen_the_near_ones_first(world):
    far = window(world, "town", "nothing").org  # in the county, and not on the way from the village to the city
    places = [p.pk for p in collection_places(sealed(world).case, on=DAY)]
    assert places == [world.orgs["village"], world.orgs["other-hall"], world.orgs["hall"], far]
