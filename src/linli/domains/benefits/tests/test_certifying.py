"""The rule of certification: by table, and against the policies on any history of signs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from linli.domains.benefits.certifying import (
    LEAST_NOTICE,
    OUTCOMES,
    LifeStanding,
    ReachOutcome,
    ReachWay,
    Side,
    Sign,
    Signal,
    Terms,
    book,
    due_rungs,
    judge,
    last_day,
    may_stop_from,
    months_owed,
    next_day,
    read_book,
    rung_day,
    rungs_for,
    vital_facts,
)
from linli.domains.benefits.definitions import shipped_policies
from linli.domains.benefits.parameters import Figures, shipped_parameters
from linli.domains.benefits.scanning import State, assess

ON = date(2026, 3, 10)
FIRST = date(2020, 5, 1)
HEARD = datetime(2026, 3, 1, tzinfo=UTC)
TERMS = Terms(months=12, weak_enough=2, death_sources=2, warning=timedelta(92))


def sign(kind, day, source="health", heard=HEARD):
    return Sign(kind, source, date.fromisoformat(day), heard)


@pytest.mark.parametrize(
    ("signs", "standing", "until"),
    [
        pytest.param([], "to-check", "2021-04-30", id="nothing: the first cycle runs from the first payment"),
        pytest.param([("travel", "2025-08-01")], "certified", "2026-07-31", id="one strong sign begins a cycle"),
        pytest.param([("travel", "2025-03-11")], "certified", "2026-03-10", id="the last day of the cycle"),
        pytest.param([("travel", "2025-03-10")], "to-check", "2026-03-09", id="the day after"),
        pytest.param([("travel", "2025-08-01"), ("vaccination", "2025-12-24")], "certified", "2026-12-23", id="each success begins anew"),
        pytest.param([("travel", "2026-03-11")], "to-check", "2021-04-30", id="what has not happened yet does not count"),
        pytest.param([("card_payment", "2026-02-01"), ("card_payment", "2026-03-01")], "to-check", "2021-04-30", id="one weak kind, often"),
        pytest.param([("card_payment", "2026-02-01"), ("community_activity", "2026-03-01")], "certified", "2027-02-28", id="two weak kinds"),
        pytest.param([("card_payment", "2025-11-01"), ("community_activity", "2026-03-01")], "to-check", "2021-04-30", id="one of them is stale"),
        pytest.param([("travel", "2026-01-01"), ("cremation", "2026-02-01")], "suspected", "2026-12-31", id="one source of death"),
        pytest.param([("cremation", "2026-02-01"), ("cremation", "2026-02-03")], "suspected", "2021-04-30", id="the same source twice"),
        pytest.param(
            [("cremation", "2026-02-01", "civil"), ("deregistration", "2026-02-09", "police")], "presumed-dead", "2021-04-30", id="two sources"
        ),
        pytest.param([("cremation", "2026-02-01"), ("travel", "2026-02-02")], "contradicted", "2027-02-01", id="alive after death"),
        pytest.param([("cremation", "2026-02-01"), ("travel", "2026-02-01")], "suspected", "2027-01-31", id="the day of death itself"),
        pytest.param([("cremation", "2026-02-01"), ("card_payment", "2026-02-05")], "suspected", "2021-04-30", id="a weak sign gainsays nobody"),
        pytest.param(
            [("cremation", "2026-02-01", "civil"), ("declared_dead", "2026-02-02", "court"), ("travel", "2026-02-03")], "contradicted", "2027-02-02",
            id="two sources and alive after both",
        ),
        pytest.param([("travel", "2026-01-01"), ("serving_sentence", "2026-02-01", "justice")], "suspected", "2026-12-31", id="another doubt"),
        pytest.param([("missing", "2026-02-01", "police"), ("travel", "2026-02-02")], "suspected", "2027-02-01", id="gone and seen, not yet looked into"),
        pytest.param(
            [("missing", "2026-01-01", "police"), ("cremation", "2026-02-01", "civil"), ("deregistration", "2026-02-09", "police")],
            "presumed-dead", "2021-04-30", id="a death goes before another doubt",
        ),
    ],
)  # fmt: skip
def test_how_somebody_stands(signs, standing, until):
    found = judge([sign(*s) for s in signs], start=FIRST, on=ON, terms=TERMS)
    assert (found.standing(ON), found.until) == (standing, date.fromisoformat(until))


def test_a_doubt_that_was_looked_into_is_over_until_something_new_is_heard():
    old = sign("cremation", "2026-02-01", "civil")
    for one in (old, sign("double_benefit", "2026-02-01", "office")):
        assert judge([one], start=FIRST, on=ON, terms=TERMS, cleared_at=HEARD).signal is Signal.NONE
    late = sign("cremation", "2026-02-01", "police", HEARD + timedelta(hours=1))
    assert judge([old, late], start=FIRST, on=ON, terms=TERMS, cleared_at=HEARD).signal is Signal.SUSPECTED


def test_the_cycle_is_a_figure():
    found = judge([sign("travel", "2025-08-01")], start=FIRST, on=ON, terms=Terms(6, 2, 2, timedelta(92)))
    assert (found.until, found.standing(ON)) == (date(2026, 1, 31), LifeStanding.TO_CHECK)


days = st.dates(date(2022, 1, 1), date(2026, 12, 31))
kinds = st.sampled_from(sorted(book().kinds))
histories = st.lists(st.builds(Sign, kinds, st.sampled_from(sorted(book().sources)), days, st.just(HEARD)), max_size=8)


def says(policy, benefit, facts, on, months):
    parameters = dict(shipped_parameters())
    parameter = parameters["certification.cycle_months"]
    figure = parameter.figures[0]
    changed = type(figure)(Decimal(months), figure.since, figure.until, figure.region, figure.source, figure.tag)
    parameters["certification.cycle_months"] = type(parameter)(parameter.name, parameter.label, parameter.unit, (changed,))
    row = {"long_term_benefit": benefit, "receiving_pension": benefit == "pension", "survivor_changed": False} | facts
    (outcome,) = assess([shipped_policies()[policy]], row, Figures(on, "", parameters))
    return outcome.state


@given(histories, days, st.dates(date(2023, 1, 1), date(2027, 6, 30)), st.sampled_from([6, 12]))
@settings(max_examples=30)
@example([Sign("travel", "health", date(2024, 2, 29), HEARD)], date(2022, 1, 1), date(2025, 2, 28), 12)
@example([Sign("travel", "health", date(2024, 8, 31), HEARD)], date(2022, 1, 1), date(2025, 2, 28), 6)
def test_the_rule_and_the_policies_are_one_definition(history, start, on, months):
    if start > on:
        start = on
    terms = Terms(months, 2, 2, timedelta(92))
    found = judge(history, start=start, on=on, terms=terms)
    facts = vital_facts(history, on=on) | {"certified_on": found.certified_on}
    certified = found.standing(on) is LifeStanding.CERTIFIED
    for policy, benefit in (("na-pension-certification", "pension"), ("na-injury-certification", "allowance")):
        assert (says(policy, benefit, facts, on, months) is State.ENTITLED) == certified


@given(histories, days, days)
def test_more_signs_of_life_never_end_a_cycle_sooner(history, start, day):
    before = judge(history, start=start, on=ON, terms=TERMS)
    after = judge([*history, Sign("travel", "transport", day, HEARD)], start=start, on=ON, terms=TERMS)
    assert after.until >= before.until


@given(histories, days)
def test_no_weak_kind_alone_begins_a_cycle_and_no_sign_of_death_shortens_one(history, start):
    weak = [s for s in history if s.kind == "card_payment"]
    assert judge(weak, start=start, on=ON, terms=TERMS).certified_on == start
    alive = [s for s in history if book().kinds[s.kind].side is Side.LIFE]
    assert judge(history, start=start, on=ON, terms=TERMS).until == judge(alive, start=start, on=ON, terms=TERMS).until


@given(st.dates(date(2000, 1, 1), date(2060, 1, 1)), st.integers(1, 36))
def test_a_cycle_has_a_last_day_after_its_first(since, months):
    assert last_day(since, months) > since
    assert last_day(since, months) < last_day(since, months + 1)


# -- the ladder ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frail", [True, False])
@pytest.mark.parametrize("abroad", [True, False])
def test_everybody_is_reached_long_before_payment_may_stop(frail, abroad):
    rungs = rungs_for(frail=frail, abroad=abroad)
    assert rungs[0].before >= 30 and rungs[0].way is ReachWay.MESSAGE
    assert any(r.way.by_hand for r in rungs), "somebody, not only a message"
    assert any(r.way is ReachWay.HOME for r in rungs) == (frail and not abroad)
    until = date(2026, 6, 30)
    home = [rung_day(r, until) for r in rungs if r.way is ReachWay.HOME]
    stop = may_stop_from(until=until, first_reached=rung_day(rungs[0], until), home_reached=home[0] if home else None, terms=TERMS)
    assert all(rung_day(r, until) < stop for r in rungs)
    assert stop - until > timedelta(90)
    assert not home or stop - home[0] >= LEAST_NOTICE


def test_the_later_somebody_is_reached_the_later_payment_may_stop():
    until = date(2026, 6, 30)
    on_time = may_stop_from(until=until, first_reached=date(2026, 5, 1), home_reached=None, terms=TERMS)
    assert on_time == date(2026, 10, 1)
    assert may_stop_from(until=until, first_reached=date(2026, 9, 1), home_reached=None, terms=TERMS) == date(2026, 12, 2)
    assert may_stop_from(until=until, first_reached=date(2026, 5, 1), home_reached=date(2026, 11, 1), terms=TERMS) == date(
        2027, 2, 1
    )


def test_steps_come_one_after_the_other_and_once():
    until, done, days = date(2026, 6, 30), [], []
    while day := next_day(until=until, done=done, frail=True, abroad=False):
        due = due_rungs(until=until, on=day, done=done, frail=True, abroad=False)
        assert due and not due_rungs(until=until, on=day - timedelta(1), done=done, frail=True, abroad=False)
        done += [r.code for r in due]
        days.append(day)
    assert days == sorted(set(days)) and len(done) == len(set(done)) == len(rungs_for(frail=True, abroad=False))


def test_what_is_owed_are_the_months_that_were_held_back():
    said = [f"{m // 12}-{m % 12 + 1:02d}" for m in months_owed(date(2025, 11, 3), date(2026, 2, 20))]
    assert said == ["2025-11", "2025-12", "2026-01"]
    assert months_owed(date(2026, 2, 3), date(2026, 2, 20)) == ()


def test_every_outcome_has_a_way_and_words_and_every_kind_a_source_and_how_sure_it_is():
    assert {o for all_ in OUTCOMES.values() for o in all_} | {
        ReachOutcome.OPEN,
        ReachOutcome.SENT,
        ReachOutcome.NO_ADDRESS,
        ReachOutcome.PASSED_OVER,
    } == set(ReachOutcome)
    assert all(o.label for o in ReachOutcome)
    assert all(k.source and k.tag in ("V", "M", "L", "K") for k in book().kinds.values())
    assert all(k.told for k in book().kinds.values() if k.side is Side.LIFE)


BASE = (
    "sources: {}\nbenefits: {}\nladder: []\nproceedings: {}\nresume: []\ndeath: {}\ndoubt: {}\nlife:\n"
    "  a: {label: a, told: a, class: strong, weight: 2, source: s, tag: K}\n"
)


@pytest.mark.parametrize(
    "wrong",
    [
        "  b: {label: b, told: b, class: weak, weight: 2, days: 9, source: s, tag: K}",
        "  b: {label: b, told: b, class: weak, weight: 1, source: s, tag: K}",
        "  b: {label: b, told: b, class: strong, weight: 2, days: 9, source: s, tag: K}",
    ],
)
def test_a_book_whose_weak_signs_are_not_weak_is_refused(wrong):
    assert read_book(BASE)
    with pytest.raises(ValueError, match=r"weak"):
        read_book(BASE + wrong)
