"""What a supervisor asks beside a single case."""

from datetime import date, timedelta

import pytest

from linli.domains.cases import commands as do
from linli.domains.cases.models import Load
from linli.domains.cases.queries import (
    asks,
    board,
    cases_touched,
    draw_counts,
    draw_ledger,
    draws_on,
    extendable,
    find,
    open_cases,
    outlook,
    replay_draws,
    supervised_cases,
    supervised_paper,
    supervisor_acts,
    waiting_steps,
    why_waiting,
)
from linli.domains.documents.queries import documents_of
from linli.domains.org.commands import record_absence
from linli.domains.trace.queries import timeline
from linli.kernel.actors import system
from linli.kernel.errors import NotAllowed, NotFound
from linli.testing.story import Story, at

pytestmark = pytest.mark.django_db
NOW = at("2026-03-02 10:30")


@pytest.fixture
def story(world):
    story = Story(world)
    story.receive()
    return story


def acts(story, who="manager"):
    case = story.case
    return supervisor_acts(case, case.steps.all(), case.extensions.all(), by=story.who(who))


def test_what_may_be_done_follows_the_state_and_the_post(story):
    assert acts(story) == ["refuse"] and acts(story, "leader") == []
    story.accept()
    assert acts(story) == ["suspend", "extend", "redraw"] and acts(story, "leader") == ["extend"]
    assert acts(story, "auditor") == []
    assert [k.value for k in extendable(story.case, [], by=story.who("leader"))] == ["promised", "statutory"]
    do.suspend_case(
        case_id=story.case_id,
        ground=do.PauseGround.HEARING,
        reason="听证",
        until=date(2026, 3, 20),
        by=story.who("manager"),
        now=NOW,
    )
    assert acts(story) == ["resume", "extend", "redraw"]
    do.resume_case(case_id=story.case_id, reason="听证结束", by=story.who("manager"), now=NOW + timedelta(days=1))
    add = {
        "kind": do.ClockKind.PROMISED,
        "add": 1,
        "reason": "情况复杂",
        "by": story.who("manager"),
        "now": NOW + timedelta(days=1),
    }
    do.extend_case(case_id=story.case_id, **add)
    assert acts(story) == ["suspend", "redraw"]


def test_the_outlook_and_the_board_count_the_same_cases_and_only_ones_own(world, story, django_assert_max_num_queries):
    story.accept()
    second = Story(world)
    second.receive(time="11:00")
    second.accept(time="11:05")
    by = story.who("manager")
    seen = outlook(by=by, now=NOW, days=400)
    assert sum(n for _, n in seen.days) == board(by=by, now=NOW).total == open_cases(by=by, now=NOW).count() == 2
    assert all(day.weekday() < 5 or day == date(2026, 2, 28) for day, _ in seen.days[:10])
    late = outlook(by=by, now=NOW + timedelta(days=200))
    assert (late.overdue, late.later, late.undated) == (2, 0, 0)
    do.suspend_case(case_id=story.case_id, ground=do.PauseGround.HEARING, reason="听证", until=date(2026, 3, 20), by=by, now=NOW)
    assert outlook(by=by, now=NOW).undated == 1
    elsewhere = story.who("manager-elsewhere")
    nothing = outlook(by=elsewhere, now=NOW)
    assert sum(n for _, n in nothing.days) + nothing.overdue + nothing.later + nothing.undated == 0
    assert not find(story.case.number, by=elsewhere, cases=supervised_cases(elsewhere)) and not asks(by=elsewhere)
    with django_assert_max_num_queries(4):
        outlook(by=by, now=NOW)


def test_a_stage_that_waits_says_why(world, story):
    reviewers = [f"reviewer-{n}" for n in range(1, 5)]
    for name in reviewers[:3]:
        day = date(2026, 3, 2)
        record_absence(user_id=world.users[name], first=day, last=day, reason="培训", by=system("org.manage"), now=NOW)
    Load.objects.update_or_create(user_id=world.users[reviewers[3]], defaults={"open": 10_000})
    story.accept()
    by = story.who("manager")
    step = waiting_steps(by=by).get()
    assert [str(s) for s in why_waiting(step.pk, by=by, now=NOW)] == [
        "具备资格的有 4 人，其中可派 0 人。", "3 人不在岗。", "1 人在办件数已达上限。",
    ]  # fmt: skip
    elsewhere = story.who("manager-elsewhere")
    assert not waiting_steps(by=elsewhere).exists()
    with pytest.raises(NotFound):
        why_waiting(step.pk, by=elsewhere, now=NOW)


def test_a_day_of_draws_is_repeated_for_who_may(story, django_assert_num_queries):
    story.accept()
    by = story.who("auditor")
    day = date(2026, 3, 2)
    draws = list(draws_on(day, by=by))
    assert draw_counts([day, date(2026, 3, 3)]) == {day: 1}
    with django_assert_num_queries(1):
        assert all(r.same for r in replay_draws(draws).values())
    draws[0].chosen = story.world.users["clerk"]
    assert not replay_draws(draws)[draws[0].step_id].same
    assert draw_ledger(by=by).filter(day=day).exists()
    with pytest.raises(NotFound):
        draws_on(date(2020, 1, 1), by=by)
    with pytest.raises(NotAllowed):
        draw_ledger(by=story.who("manager"))


def test_a_paper_is_shown_only_with_its_own_case(world, story):
    story.accept()
    other = Story(world)
    other.receive(time="11:00")
    paper = documents_of(story.case_id)[0]
    by = story.who("manager")
    assert supervised_paper(story.case_id, paper.id, by=by).id == paper.id
    for case_id, who in ((other.case_id, by), (story.case_id, story.who("manager-elsewhere"))):
        with pytest.raises(NotFound):
            supervised_paper(case_id, paper.id, by=who)


def test_a_notice_touches_cases_that_count_through_a_changed_day(story):
    story.accept()
    due = story.case.due_on
    assert cases_touched([due]) == 1 and cases_touched([]) == 0
    assert cases_touched([date(2026, 3, 2)]) == 0, "day 0 is not counted"
    assert cases_touched([max(c.due_on for c in story.case.clocks.all()) + timedelta(days=1)]) == 0


def test_an_export_is_recorded_with_who_took_what(story):
    by = story.who("manager")
    do.record_export(filters={"shade": "red"}, rows=7, by=by, now=NOW)
    last = timeline(by.user_id)[-1]
    assert (last.act, last.data) == ("cases.exported", {"filters": {"shade": "red"}, "rows": 7})
    with pytest.raises(NotAllowed):
        do.record_export(filters={}, rows=0, by=story.who("clerk"), now=NOW)
