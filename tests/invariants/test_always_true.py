"""What must always be true, with two hundred workers at once on real connections, who try everything and often at the same time."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from django.db import connection

from linli.domains.cases import commands as do
from linli.domains.cases.models import Case, ClockRow, Load, Step
from linli.kernel.errors import LinliError
from linli.kernel.ids import uuid7
from linli.testing.concurrency import at_once
from linli.testing.story import INSTANT, PERMIT, Story, at, filled
from linli.testing.truth import check_everything

pytestmark = pytest.mark.slow

CLERKS = ("clerk", "second-clerk")
REVIEWERS = tuple(f"reviewer-{n}" for n in range(1, 5))
APPROVERS = ("approver-1", "approver-2")
ISSUERS = ("issuer", "second-issuer")
NOW = at("2026-03-02 10:00")


def attempt(job):
    """Run it; an expected refusal is fine, anything else is not."""
    try:
        job()
    except LinliError:
        return "refused"
    return "done"


def test_two_hundred_workers_trying_everything_leave_nothing_wrong(committed_db, world):
    stories = []
    for n in range(25):
        story = Story(world, item=PERMIT if n % 2 else INSTANT)
        story.receive()
        stories.append(story)
    actors = {n: world.actor(n) for n in (*CLERKS, *REVIEWERS, *APPROVERS, *ISSUERS, "manager")}
    stages = {s.case_id: s.standard.plan.stages for s in stories}

    def worker(number):
        dice = random.Random(number)

        def run():
            outcomes = Counter()
            for _ in range(6):
                job = dice.choice([accept, accept, withdraw, redraw, issue, judge, judge, judge, judge])
                case_id = dice.choice(stories).case_id
                outcomes[attempt(lambda job=job, case_id=case_id: job(case_id, dice))] += 1
            return outcomes

        return run

    def accept(case_id, dice):
        do.accept_case(case_id=case_id, by=actors[dice.choice(CLERKS)], now=NOW, key=uuid7())

    def withdraw(case_id, dice):
        if dice.random() < 0.05:
            do.withdraw_case(case_id=case_id, by=actors[dice.choice(CLERKS)], now=NOW)

    def redraw(case_id, dice):
        if dice.random() < 0.3:
            do.redraw_step(case_id=case_id, reason="x", by=actors["manager"], now=NOW)

    def issue(case_id, dice):
        do.prepare_result(case_id=case_id, by=actors[dice.choice(ISSUERS)], now=NOW)

    def judge(case_id, dice):
        step = Step.objects.filter(case_id=case_id, state="open", kind__in=["review", "second_review", "decide"]).first()
        if step is None:
            return
        name = next((n for n, a in actors.items() if a.user_id == step.user_id), None)
        by = actors[name] if name and dice.random() < 0.9 else actors[dice.choice(REVIEWERS)]
        links = [link.name for link in stages[case_id][step.ordinal - 1].links]
        approve = dice.random() < 0.8
        if step.kind == "decide":
            do.decide_case(
                step_id=step.pk, approve=approve, grounds=do.Grounds(facts="f", reasons="r"), links_done=links, by=by, now=NOW
            )
        else:
            do.give_opinion(step_id=step.pk, approve=approve, opinion="x", links_done=links, by=by, now=NOW)

    results = at_once([worker(n) for n in range(200)])
    kinds = Counter(repr(r)[:300] for r in results if isinstance(r, Exception))
    assert not kinds, kinds
    assert sum(r["done"] for r in results) > 100
    do.draw_waiting(by=actors["manager"], now=NOW)
    check_everything()


def test_two_hundred_counters_receiving_and_accepting_give_every_case_its_own_number(committed_db, world):
    story = Story(world, item=INSTANT)
    form = filled(story.standard)
    materials, applicant = story.handed(), story.applicant
    actors = [world.actor(n) for n in CLERKS]

    def one(n):
        def run():
            by = actors[n % 2]
            case_id = do.receive_case(
                item_code=INSTANT, applicant=applicant, form=form, materials=materials, by=by, now=NOW, key=uuid7()
            )
            do.accept_case(case_id=case_id, by=by, now=NOW)
            return case_id

        return run

    results = at_once([one(n) for n in range(200)])
    kinds = Counter(repr(r)[:300] for r in results if isinstance(r, Exception))
    assert not kinds, kinds
    assert len(set(results)) == 200
    check_everything()
    assert Step.objects.filter(state="waiting").count() == 200 - 4 * 30  # four reviewers with room for thirty each


def test_one_key_submitted_two_hundred_times_makes_one_case(committed_db, world):
    story = Story(world, item=INSTANT)
    form, by, key = filled(story.standard), world.actor("clerk"), uuid7()
    materials, applicant = story.handed(), story.applicant
    same = {"item_code": INSTANT, "applicant": applicant, "form": form, "materials": materials, "by": by}
    results = at_once([lambda: do.receive_case(**same, now=NOW, key=key)] * 200)
    assert len(set(results)) == 1, [r for r in results if isinstance(r, Exception)][:3]
    assert Case.objects.count() == 1
    check_everything()


def test_one_decision_however_many_press_the_button(committed_db, world):
    story = Story(world, item=INSTANT)
    story.receive()
    story.accept()
    step, by = story.open_step(), story.holder()
    links = story.links(step)

    def press(approve):
        return lambda: do.decide_case(
            step_id=step.pk, approve=approve, grounds=do.Grounds(facts="f", reasons="r"), links_done=links, by=by, now=NOW
        )

    results = at_once([press(n % 2 == 0) for n in range(40)])
    assert sum(r is None for r in results) == 1
    assert all(r is None or isinstance(r, LinliError) for r in results)
    assert ClockRow.objects.filter(case=story.case, kind="delivery").count() == 1
    check_everything()


def test_the_load_limit_holds_under_any_number_of_draws(committed_db, world, settings):
    settings.ENV = settings.ENV.model_copy(update={"reviewer_load": 5})
    stories = []
    for _ in range(40):
        story = Story(world, item=INSTANT)
        story.receive()
        stories.append(story)
    by = world.actor("clerk")
    results = at_once([lambda s=s: do.accept_case(case_id=s.case_id, by=by, now=NOW) for s in stories])
    kinds = Counter(repr(r)[:300] for r in results if isinstance(r, Exception))
    assert not kinds, kinds
    loads = dict(Load.objects.values_list("user_id", "open"))
    assert sorted(loads.values()) == [5, 5, 5, 5]
    assert Step.objects.filter(state="waiting").count() == 20
    check_everything()


def test_the_applications_role_cannot_change_what_is_written_once(committed_db, world, as_superuser):
    """What ``linli migrate`` grants, tried as the role the platform runs as."""
    from psycopg import errors

    from linli.cli.database import grant_privileges

    Story(world, item=INSTANT).whole()
    grant_privileges()
    connection.close()
    as_superuser.execute("SET session_replication_role = origin")
    as_superuser.execute("SET ROLE linli_app")
    for sql in (
        "UPDATE trace_event SET act = 'x'", "DELETE FROM trace_event", "TRUNCATE trace_event", "DELETE FROM trace_chain",
        "UPDATE cases_decision SET approved = false", "DELETE FROM cases_draw", "DELETE FROM cases_case", "UPDATE documents_sealuse SET item_code = ''",
        "DROP TABLE cases_case", "ALTER TABLE trace_event DISABLE TRIGGER ALL", "CREATE TABLE x (y int)",
    ):  # fmt: skip
        with pytest.raises(errors.InsufficientPrivilege):
            as_superuser.execute(sql)
    assert as_superuser.execute("SELECT count(*) FROM trace_event").fetchone()[0] > 0
