"""A predicate on one row and the queryset of the same name say the same, for everybody, in every state a case can be in."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from linli.domains.cases import commands as do
from linli.domains.cases import permissions as may
from linli.domains.cases.lifecycle import State
from linli.domains.cases.models import Case
from linli.kernel.actors import system
from linli.testing.story import PERMIT, Story, at
from linli.testing.world import STAFF

pytestmark = pytest.mark.django_db
ELSEWHERE = "card-application"
PAIRS = {
    "counter": (may.counter_cases, may.at_counter),
    "issue": (may.issue_cases, may.may_issue),
    "delivery": (may.delivery_cases, may.may_deliver),
    "supervision": (may.supervised_cases, may.supervises),
}


class Town:
    """Cases of three counters in every state, each told from its beginning."""

    def __init__(self, world):
        self.world, self.minute = world, 0

    def taken_in(self, *, clerk="clerk", item=PERMIT, **kw) -> Story:
        self.minute += 1
        story = Story(self.world, item)
        story.receive(clerk=clerk, time=f"10:{self.minute:02d}", **kw)
        return story

    def in_review(self, *, clerk="clerk") -> Story:
        story = self.taken_in(clerk=clerk)
        story.accept(clerk=clerk, time="11:00")
        return story

    def fill(self) -> None:
        who = Story(self.world).who
        draft = Story(self.world)
        do.start_case(item_code=PERMIT, applicant=draft.applicant, by=who("clerk"), now=at("2026-03-02 09:00"))
        do.start_case(item_code=PERMIT, applicant=draft.applicant, by=who("elsewhere"), now=at("2026-03-02 09:00"))
        self.taken_in()
        self.taken_in(clerk="elsewhere")
        self.taken_in(clerk="village")  # received for the county to accept
        incomplete = self.taken_in(complete=False)
        missing = [do.Missing(m.code, "请补交") for m in incomplete.standard.materials if not m.from_departments]
        do.request_correction(case_id=incomplete.case.pk, missing=missing, by=who("clerk"), now=at("2026-03-02 15:00"))
        refused = self.taken_in()
        do.refuse_case(
            case_id=refused.case.pk, ground=do.RefusalGround.NOT_OURS, reason="属于医保部门", right_authority="云岭市医疗保障局",
            by=who("manager"), now=at("2026-03-02 15:00"),
        )  # fmt: skip
        withdrawn = self.taken_in()
        do.withdraw_case(case_id=withdrawn.case.pk, reason="不办了", by=who("clerk"), now=at("2026-03-02 15:00"))
        for clerk in ("clerk", "elsewhere"):
            self.in_review(clerk=clerk)
            suspended = self.in_review(clerk=clerk)
            manager = "manager" if clerk == "clerk" else "manager-elsewhere"
            do.suspend_case(
                case_id=suspended.case.pk, ground=do.PauseGround.APPRAISAL, reason="需鉴定", until=date(2026, 3, 20), by=who(manager),
                now=at("2026-03-02 15:00"),
            )  # fmt: skip
            for approve in (True, False):
                self.in_review(clerk=clerk).review(approve=approve)
            prepared = self.in_review(clerk=clerk)
            prepared.review()
            do.prepare_result(case_id=prepared.case.pk, by=who("second-issuer"), now=at("2026-03-02 15:00"))
            issued = self.in_review(clerk=clerk)
            issued.review()
            issued.issue()
        done = [Story(self.world), Story(self.world)]
        for story in done:
            story.receive(time="08:30")
            story.accept(time="08:40")
            story.review()
            story.issue()
            story.deliver()
        done[1].close()
        elsewhere = self.taken_in(item=ELSEWHERE)
        do.record_external(
            case_id=elsewhere.case.pk,
            act=do.ExternalAct.ACCEPT,
            external_number="SBK-1",
            by=who("clerk"),
            now=at("2026-03-02 15:00"),
        )


@pytest.fixture
def everybody(world):
    """All staff in their posts, somebody without one, and the platform itself."""
    who = Story(world).who
    staff = {name: who(name) for name, *_ in STAFF}
    nobody = replace(staff["clerk"], permissions=frozenset(), org_id=None, hall_id=None, body_id=None)
    return staff | {
        "without a post": nobody,
        "homeless": replace(nobody, permissions=frozenset({"cases.receive", "cases.deliver", "cases.issue", "cases.supervise"})),
        "the system": system("cases.review", "cases.decide"),
    }


def test_rows_and_lists_agree_for_everybody_over_all_states(world, everybody):
    Town(world).fill()
    cases = list(Case.objects.all())
    assert {c.state for c in cases} == set(State)
    for what, (listed, allowed) in PAIRS.items():
        seen = set()
        for name, by in everybody.items():
            in_list = set(listed(by).values_list("pk", flat=True))
            by_row = {c.pk for c in cases if allowed(by, c)}
            assert in_list == by_row, f"{what}: {name} sees {len(in_list)} in the list and {len(by_row)} by row"
            seen.add(len(in_list))
        assert 0 in seen and len(seen) > 1, f"{what}: the cases of this test tell nobody from anybody"


def test_whoever_may_not_see_a_case_at_all_may_not_do_anything_to_it(world, everybody):
    """What a post may see is never less than what a command would let it touch."""
    Town(world).fill()
    for name, by in everybody.items():
        visible = set(may.visible_cases(by).values_list("pk", flat=True))
        touchable = {
            "supervision": by.can(may.SUPERVISE), "counter": not (by.can(may.SUPERVISE) or by.can(may.ISSUE)),
            "issue": by.can(may.ISSUE) and not by.can(may.SUPERVISE),
        }  # fmt: skip
        for what, applies in touchable.items():
            if applies:
                beyond = set(PAIRS[what][0](by).values_list("pk", flat=True)) - visible
                assert not beyond, f"{name} may act at the {what} on {len(beyond)} cases that their lists do not show"


def test_another_hall_sees_nothing(world, everybody):
    Town(world).fill()
    city, county = world.orgs["hall"], world.orgs["other-hall"]
    for name, own, other in (("clerk", city, county), ("elsewhere", county, city)):
        halls = set(may.counter_cases(everybody[name]).values_list("hall_id", flat=True))
        assert own in halls and other not in halls
    assert not may.supervised_cases(everybody["manager-elsewhere"]).filter(hall_id=city).exists()
    assert may.supervised_cases(everybody["manager-elsewhere"]).filter(hall_id=county).exists()


def test_the_issuers_queue_is_the_part_of_their_cases_that_waits(world, everybody):
    Town(world).fill()
    sizes = set()
    for name, by in everybody.items():
        whole = may.issue_cases(by).filter(state__in=[State.APPROVED, State.REJECTED], external=False)
        assert set(may.waiting_cases(by)) == set(whole), name
        sizes.add(whole.count())
    assert 0 in sizes and max(sizes) > 1
