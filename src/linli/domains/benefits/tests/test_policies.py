"""Policies: one definition, the same answer for one person and for many, and an unknown is never taken for a yes or a no."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

import duckdb
import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linli.domains.benefits.checks import POLICY_CASES, shipped_cases
from linli.domains.benefits.definitions import Every, facts_read, facts_table, shipped_policies
from linli.domains.benefits.engine import SQL_TYPES
from linli.domains.benefits.facts import vocabulary
from linli.domains.benefits.granting import period_said
from linli.domains.benefits.parameters import Figures, exact_yaml
from linli.domains.benefits.policies import RULES
from linli.domains.benefits.scanning import State, assess, columns_of, state_of
from linli.domains.benefits.staging import staged

ON = date(2025, 6, 1)
HERE = Figures(ON)
SUBJECTS = ("person", "employer", "hire")
LEVELS = ("初级(五级)", "中级(四级)", "高级(三级)")


def of(subject):
    return [p for p in shipped_policies().values() if p.subject == subject]


def value_of(fact):
    """Any value of a fact, around where conditions turn."""
    match fact.kind.type:
        case "boolean":
            known = st.booleans()
        case "date":
            known = st.one_of(
                st.dates(date(1930, 1, 1), date(2026, 1, 1)), st.integers(-30, 800).map(lambda days: ON - timedelta(days)),
                st.integers(55, 105).map(lambda years: ON.replace(year=ON.year - years)),
            )  # fmt: skip
        case "string":
            known = st.sampled_from(fact.kind.options or LEVELS)
        case _ if fact.kind.name == "money":
            known = st.integers(0, 3_000_000)
        case _:
            known = st.one_of(st.integers(0, 40), st.integers(0, 400))
    return st.one_of(known, st.just(fact.absent)) if fact.none else known


def people(subject):
    facts = vocabulary()[subject].values()
    return st.fixed_dictionaries({f.name: st.one_of(st.none(), value_of(f), value_of(f), value_of(f)) for f in facts})


@cache
def statement(subject):
    table = facts_table(subject)
    columns = {"subject_id": table.subject_id}
    for policy in of(subject):
        columns |= columns_of(policy, table, HERE)
    return f"WITH {staged(f'facts_{subject}', columns, name='verdict')} SELECT * FROM verdict"


def scanned(subject, rows):
    """Rows by the engine of populations."""
    fields = vocabulary()[subject].values()
    with duckdb.connect() as engine:
        declared = ", ".join(f'"{f.name}" {SQL_TYPES[f.kind.type]}' for f in fields)
        engine.execute(f"CREATE TABLE facts_{subject} (subject_id VARCHAR, region VARCHAR, {declared})")
        places = ", ".join("?" * (len(fields) + 2))
        engine.executemany(
            f"INSERT INTO facts_{subject} VALUES ({places})",
            [[f"{n:06d}", "", *(row[f.name] for f in fields)] for n, row in enumerate(rows)],
        )  # fmt: skip
        found = engine.execute(statement(subject) + " ORDER BY subject_id")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_every_policy_of_the_catalogue_is_there_with_words_and_expressions():
    assert set(shipped_policies()) == set(RULES)
    assert len(RULES) == 18
    for policy in shipped_policies().values():
        verdict = policy.verdict(HERE)
        assert list(verdict.conditions)
        for condition in verdict.conditions.values():
            facts_read(condition, policy.subject)


@pytest.mark.parametrize("code", sorted(RULES))
def test_every_policy_has_cases_of_who_gets_it_of_each_condition_that_fails_alone_and_of_a_fact_that_is_missing(code):
    cases = [c["expected"] for c in exact_yaml(shipped_cases(POLICY_CASES))["cases"] if c["policy"] == code]
    alone = {c["fails"][0] for c in cases if len(c.get("fails", ())) == 1}
    states = {c["state"] for c in cases}
    if code == "na-price-subsidy":  # in no month so far it was started for the whole country, so nobody gets it, whatever is known
        assert alone == {"started"} and states == {"not_entitled"}
    else:
        # Who has no certificate has none of a level, and none in time either.
        assert alone == set(shipped_policies()[code].conditions) - ({"level"} if code == "na-skill-upgrade" else {"reserve"})
        assert states == set(State)


def test_a_policy_whose_last_day_has_passed_is_expired_and_its_figures_still_tell_of_then():
    refund = shipped_policies()["na-job-stabilisation-refund"]
    assert refund.runs(Figures(date(2025, 12, 31)))
    assert not refund.runs(Figures(date(2026, 1, 1)))


@pytest.mark.parametrize("subject", SUBJECTS)
@settings(max_examples=12)
@given(data=st.data())
def test_one_person_and_a_population_get_the_same_answer(subject, data):
    rows = data.draw(st.lists(people(subject), min_size=40, max_size=40))
    for row, found in zip(rows, scanned(subject, rows), strict=True):
        for outcome in assess(of(subject), row, HERE):
            name = outcome.policy.code.replace("-", "_")
            state = state_of(outcome.policy, found[f"{name}__met"], found[f"{name}__open"])
            assert (outcome.policy.code, state, found.get(f"{name}__fen")) == (outcome.policy.code, outcome.state, outcome.amount)


@pytest.mark.parametrize("subject", SUBJECTS)
@settings(max_examples=150)
@given(data=st.data())
def test_an_unknown_is_neither_yes_nor_no(subject, data):
    """Whatever can be told while a fact is unknown holds for every value that the fact may turn out to have."""
    row = data.draw(people(subject))
    fact = data.draw(st.sampled_from(list(vocabulary()[subject].values())))
    row[fact.name] = None
    before = {o.policy.code: o for o in assess(of(subject), row, HERE)}
    row[fact.name] = data.draw(value_of(fact))
    for after in assess(of(subject), row, HERE):
        was = before[after.policy.code]
        if was.state is not State.UNKNOWN:
            assert after.state is was.state
            assert was.amount is None or after.amount == was.amount
        for reason, now in zip(was.reasons, after.reasons, strict=True):
            assert reason.holds is None or now.holds is reason.holds


@pytest.mark.parametrize("subject", SUBJECTS)
@given(data=st.data())
def test_amounts_are_never_negative_and_only_for_the_entitled(subject, data):
    for outcome in assess(of(subject), data.draw(people(subject)), HERE):
        assert outcome.amount is None or (outcome.state is State.ENTITLED and outcome.amount >= 0)
        assert bool(outcome.missing) == (outcome.state is State.UNKNOWN)


def test_reasons_say_which_condition_fails_and_the_steps_do_the_arithmetic():
    row = {
        "certificate_level": "中级(四级)", "certificate_on": date(2025, 3, 1), "unemployment_paid_months": 30, "employment_status": "enterprise",
        "skill_times_this_year": 0, "certificate_urgent": False, "skill_paid_rank": 0, "training_subsidy_same_certificate": False,
    }  # fmt: skip
    (outcome,) = assess([shipped_policies()["na-skill-upgrade"]], row, HERE)
    assert (outcome.state, outcome.amount) == (State.ENTITLED, 150_000)
    assert str(outcome.steps[0]) == "中级（四级）证书，补贴 1\u2009500.00 元"
    (outcome,) = assess([shipped_policies()["na-skill-upgrade"]], row | {"certificate_on": date(2024, 4, 30)}, HERE)
    assert [r.key for r in outcome.reasons if r.holds is False] == ["in_time"]
    (outcome,) = assess([shipped_policies()["na-skill-upgrade"]], row | {"certificate_on": None}, HERE)
    assert (outcome.state, [f.name for f in outcome.missing]) == (State.UNKNOWN, ["certificate_on"])


def test_expressions_that_share_parts_are_reckoned_once():
    table = facts_table("person")
    columns = {}
    for policy in of("person"):
        columns |= columns_of(policy, table, HERE)
    plain = len(ibis.to_sql(table.select(**columns), dialect="duckdb"))
    assert len(statement("person")) < plain / 2


@pytest.mark.parametrize(
    ("every", "said"), [("month", "2026年3月"), ("quarter", "2026年第1季度"), ("year", "2026年"), ("once", "一次性")]
)
def test_a_period_is_said_as_people_say_it(every, said):
    assert str(period_said(Every(every).period(date(2026, 3, 2)))) == said
