"""The law's formulas: the given cases whole, and what must hold for everybody."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from linli.domains.benefits.calculators import calculate, explained
from linli.domains.benefits.checks import FORMULA_CASES, POLICY_CASES, CaseFileWrong, run_file, shipped_cases
from linli.domains.benefits.formulas import FORMULAS
from linli.domains.benefits.parameters import FigureMissing, Figures, shipped_parameters
from linli.domains.benefits.values import ValueWrong

TODAY = date(2026, 11, 20)
HERE = Figures(TODAY)
GROUPS = {"male": (720, 1965, 4, 36), "female_55": (660, 1970, 4, 36), "female_50": (600, 1975, 2, 60)}

months = st.integers(min_value=0, max_value=600)
money = st.decimals(min_value=0, max_value=50_000, places=2)


@pytest.mark.parametrize(("name", "number"), [(FORMULA_CASES, 170), (POLICY_CASES, 169)])
def test_every_given_case_comes_out(name, number):
    outcomes = run_file(shipped_cases(name), today=TODAY)
    assert len(outcomes) >= number
    assert [(o.id, o.wrong) for o in outcomes if not o.passed] == []


def test_a_wrong_case_is_told():
    changed = shipped_cases().replace("delay_months: 1\n", "delay_months: 2\n", 1)
    (failed,) = [o for o in run_file(changed, today=TODAY) if not o.passed]
    assert failed.wrong == {"delay_months": (2, 1)}


def checked(topic, asked, expected):
    """What is wrong with one case."""
    case = {"id": "a", "topic": topic, "input": asked, "expected": expected}
    (outcome,) = run_file(json.dumps({"cases": [case]}), today=TODAY)
    return outcome.wrong


LATE = {"owed": 10000, "days": 30}


@pytest.mark.parametrize("expected", [{"late_fee": 150}, {"late_fee": "150.00"}, {"late_fee": 150.02, "tolerance": 0.02}])
def test_a_result_may_be_written_as_a_number_or_in_quotes(expected):
    assert checked("late_fee", LATE, expected) == {}


@pytest.mark.parametrize(
    "expected",
    [{}, {"reason": "anything"}, {"late_fee": 150, "nothing": None}, {"late_fee": True}, {"late_fee": 150.001}, {"late_fee": "much"}],
)  # fmt: skip
def test_a_case_that_checks_nothing_or_asks_for_what_there_is_not_fails(expected):
    assert checked("late_fee", LATE, expected)


def test_yes_and_no_are_no_numbers():
    assert checked("unemployment_stop", {"event": "new_job"}, {"stop": True}) == {}
    assert checked("unemployment_stop", {"event": "new_job"}, {"stop": 1})


def test_a_quotient_may_be_written_with_more_decimals_than_it_is_kept_with():
    staff = {"insured_end_previous": 30, "insured_end_current": 29}
    assert checked("layoff_rate_formula_a", staff, {"rate": 1 / 30}) == {}
    assert checked("layoff_rate_formula_a", staff, {"rate": 0.033334})


REFUND = {"size": "sme", "contributions_paid_last_year": 10000, "insured_staff": 50, "layoff_rate": 0.02}
HIRE = {"hire_kind": "graduate_this_year", "age": 22, "months_paid_three_insurances": 3, "contract_signed": True}
SKILL = {"level": "高级(三级)", "contribution_months": 24, "months_since_certificate": 3}


@pytest.mark.parametrize(
    ("topic", "asked", "named"),
    [
        ("no_such_topic", LATE, "no_such_topic"), ("late_fee", {"owed": 10000}, "欠缴天数"), ("late_fee", {**LATE, "strange": 1}, "strange"),
        ("one_off_expansion_subsidy", HIRE, "policy_year"), ("one_off_expansion_subsidy", {**HIRE, "policy_year": "soon"}, "policy_year"),
        ("job_stabilisation_refund_local", REFUND, "重庆"), ("job_stabilisation_refund_local", {**REFUND, "region": "浙江 2025"}, "浙江"),
        ("survivor_monthly", {"own_wage": 6000}, "relatives"), ("survivor_monthly", {"own_wage": 1, "relatives": [], "x": 1}, "“x”"),
        ("layoff_rate_formula_b", {"new_benefit_claimants": 0, "insured_base": 0}, "zero"),
    ],
)  # fmt: skip
def test_a_case_that_cannot_be_reckoned_fails_alone_and_says_why(topic, asked, named):
    assert named in checked(topic, asked, {"anything": 1})["error"][1]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "cases"), ("cases: []", "cases"), ("cases: {a: 1}", "cases"), ("cases: [1]", r"cases\[1\] id"), ("cases: [{id: ", "cases"),
        ("cases: [{id: A-1, input: {}, expected: {}}]", "A-1 topic"), ("cases: [{id: A-1, topic: late_fee, expected: {}}]", "A-1 input"),
        ("cases: [{id: A-1, topic: late_fee, input: {}}]", "A-1 expected"),
        ("cases: [{id: A-1, policy: na-x, day: soon, input: {}, expected: {}}]", "A-1 day"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_of_cases_is_refused_and_told_where(text, where):
    with pytest.raises(CaseFileWrong, match=where):
        run_file(text, today=TODAY)


def test_in_a_year_in_which_a_policy_does_not_run_nobody_is_entitled():
    nothing = {"eligible": False, "amount_cap": 0}
    assert checked("one_off_expansion_subsidy", {**HIRE, "policy_year": 2025}, {"eligible": True, "amount_cap": 1500}) == {}
    assert checked("one_off_expansion_subsidy", {**HIRE, "policy_year": 2026}, nothing) == {}
    assert checked("skill_upgrade_subsidy", {**SKILL, "policy_year": 2026}, nothing) == {}
    assert checked("job_stabilisation_refund", {**REFUND, "policy_year": 2026}, {"refund_cap": 0}) == {}
    assert checked("job_stabilisation_refund_local", {**REFUND, "region": "重庆市 2025"}, {"refund": 2000}) == {}
    assert checked("job_stabilisation_refund_local", {**REFUND, "region": "重庆市 2026"}, {"refund": 0}) == {}


@pytest.mark.parametrize(("paid", "left", "drawn"), [(11, 0, 0), (11, 5, 5), (0, 24, 24), (36, 5, 17), (60, 10, 24)])
def test_what_was_left_of_the_last_time_is_drawn_also_by_who_paid_less_than_a_year_since(paid, left, drawn):
    years = Decimal(paid) / 12
    long = {"contribution_years": years.quantize(Decimal("0.01")), "carried_over_unused_months": left}
    assert calculate("unemployment_duration_cap", long, HERE) == {"max_months": drawn}
    assert calculate("unemployment_duration", {"contribution_months": paid, "carried_over_unused_months": left}, HERE) == {
        "months": drawn
    }


@pytest.mark.parametrize(
    ("before", "eligible"), [("", True), ("初级(五级)", True), ("高级(三级)", False), ("技师(二级)", False), ("高级技师(一级)", False)]
)  # fmt: skip
def test_no_subsidy_for_a_level_when_one_as_high_or_higher_was_paid_for(before, eligible):
    asked = {**SKILL, "already_subsidised_same_trade_level": before}
    assert calculate("skill_upgrade_subsidy", asked, Figures(date(2025, 12, 31)))["eligible"] is eligible


def test_one_name_stands_for_a_list_of_one():
    assert calculate("survivor_monthly", {"own_wage": 6000, "relatives": "spouse"}, HERE)["sum_paid"] == 2400
    assert calculate("funeral_once_only", {"eligible_under": "pension"}, HERE) == {"pay_from": "pension"}


@pytest.mark.parametrize("group", GROUPS)
def test_retirement_follows_the_published_formula_for_every_birth_month(group):
    age, first_year, step, most = GROUPS[group]
    for birth in range(1960 * 12, 1991 * 12):
        beyond = birth - first_year * 12
        delay = 0 if beyond < 0 else min(most, beyond // step + 1)
        due = birth + age + delay
        least = 180 if due // 12 <= 2029 else min(240, 180 + 6 * (due // 12 - 2029))
        month = f"{birth // 12}-{birth % 12 + 1:02d}"
        assert calculate("retirement_age", {"category": group, "birth_month": month}, HERE) == {
            "delay_months": delay, "age_years": (age + delay) // 12, "age_months": (age + delay) % 12,
            "retirement_month": f"{due // 12}-{due % 12 + 1:02d}", "min_contribution_months": least,
        }  # fmt: skip


@given(st.sampled_from(list(GROUPS)), st.integers(min_value=1930 * 12, max_value=2010 * 12))
def test_who_is_born_later_never_retires_earlier(group, birth):
    def due(month):
        return calculate("retirement_age", {"category": group, "birth_month": f"{month // 12}-{month % 12 + 1:02d}"}, HERE)[
            "retirement_month"
        ]

    assert due(birth) <= due(birth + 1)


@given(st.sampled_from(list(GROUPS)), st.integers(min_value=1940 * 12, max_value=2000 * 12))
def test_the_flexible_window_holds_the_statutory_month(group, birth):
    found = calculate("flexible_window", {"category": group, "birth_month": f"{birth // 12}-{birth % 12 + 1:02d}"}, HERE)
    assert found["earliest"] <= found["statutory"] <= found["latest"]


@pytest.mark.parametrize("region", ["", "440000", "500000"])
@given(paid=months)
def test_who_paid_longer_draws_at_least_as_long_and_never_beyond_two_years(region, paid):
    here = Figures(TODAY, region)
    drawn, more = (calculate("unemployment_duration", {"contribution_months": n}, here)["months"] for n in (paid, paid + 1))
    assert 0 <= drawn <= more <= 24
    assert (drawn == 0) == (paid < 12)


@given(base=money, index=st.decimals(min_value="0.3", max_value=3, places=3), paid=months, account=money)
def test_a_pension_is_the_sum_of_its_rounded_parts_and_grows_with_each(base, index, paid, account):
    def pension(**changed):
        asked = {
            "calc_base": base,
            "index": index,
            "contribution_months": paid,
            "account": account,
            "payment_months": 139,
            **changed,
        }
        return calculate("employee_pension", asked, HERE)

    found = pension()
    exact = base * (1 + index) / 2 * paid / 12 / 100
    assert abs(found["basic"] - exact) <= Decimal("0.005")
    assert abs(found["account_part"] - account / 139) <= Decimal("0.005")
    assert found["total"] == found["basic"] + found["account_part"] >= 0
    assert pension(contribution_months=paid + 1)["total"] >= found["total"]
    assert pension(account=account + 1)["total"] >= found["total"]


@given(age=st.integers(min_value=40, max_value=69), month=st.integers(min_value=0, max_value=11))
def test_payment_months_run_down_without_a_jump(age, month):
    def at(total):
        return calculate("payment_months", {"age_years": total // 12, "age_months": total % 12}, HERE)["payment_months"]

    here, after = at(age * 12 + month), at(age * 12 + month + 1)
    assert Decimal(0) <= here - after <= Decimal("1.0")


@given(years=st.decimals(min_value=0, max_value=50, places=2), received=st.integers(min_value=0, max_value=40), income=money)
def test_survivors_never_get_less_than_the_floor_nor_more_than_the_ceiling(years, received, income):
    working = calculate("survivor_lump_sum_working", {"contribution_years": years, "monthly_income_base": income}, HERE)
    retired = calculate(
        "survivor_lump_sum_retired",
        {"contribution_years": years, "years_of_pension_received": received, "monthly_income_base": income}, HERE,
    )  # fmt: skip
    assert 3 <= working["months"] <= 24
    assert 9 <= retired["months"] <= 24
    assert working["pension_lump"] == income * working["months"]


@given(own=money, area=st.decimals(min_value=1, max_value=20_000, places=2), grade=st.integers(min_value=1, max_value=9))
def test_a_lighter_injury_never_pays_more(own, area, grade):
    def lump(g):
        return calculate("injury_benefit", {"grade": g, "own_wage": own, "local_avg_wage": area}, HERE)["lump_sum"]

    assert lump(grade) >= lump(grade + 1) >= 0


@given(average=st.decimals(min_value=1000, max_value=20_000, places=2), chosen=money)
def test_a_base_is_good_exactly_between_its_bounds(average, chosen):
    found = calculate("flexible_contribution", {"average_wage": average, "chosen_base": chosen}, HERE)
    assert found["valid"] == (found["floor"] <= chosen <= found["ceiling"])
    assert (found["monthly"] is None) == (not found["valid"])


@given(rate=st.decimals(min_value=-1, max_value=1, places=4), staff=st.integers(min_value=1, max_value=5_000), paid=money)
def test_fewer_layoffs_never_lower_the_refund(rate, staff, paid):
    assume(rate > Decimal("-0.99"))

    def refund(r):
        asked = {"size": "sme", "contributions_paid_last_year": paid, "insured_staff": staff, "layoff_rate": r, "months_paid": 12}
        return calculate("job_stabilisation_refund", asked, Figures(date(2025, 12, 31)))["refund"]

    assert refund(rate - Decimal("0.01")) >= refund(rate) >= 0


def test_steps_say_the_arithmetic_with_ones_own_numbers():
    found, steps = explained(
        "employee_pension",
        {"calc_base": 8079, "index": "0.84", "contribution_years": "17.33", "account": "91147.87", "payment_months": 195, "local_extra": "117.61"}, HERE,
    )  # fmt: skip
    assert found["total"] == 187311
    assert "1\u2009288.08" in str(steps[0])
    assert str(steps[-1]).endswith("1\u2009873.11 元")


@pytest.mark.parametrize("name", FORMULAS)
def test_every_step_names_only_what_the_formula_knows(name):
    rule = FORMULAS[name]
    known = {f.name: f.label for f in (*rule.inputs, *rule.gives)}
    for step in rule.steps:
        assert step.template % known
        assert not step.when or step.when in known
    assert not rule.basis or rule.basis in shipped_parameters()


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"category": "male", "birth_month": "1965-13"}, "出生年月"), ({"category": "other", "birth_month": "1965-01"}, "人员类别"),
        ({"category": "male"}, "出生年月"), ({"category": "male", "birth_month": "1965-01", "x": 1}, "x"),
    ],
)  # fmt: skip
def test_a_wrong_input_is_named(asked, field):
    with pytest.raises(ValueWrong) as error:
        calculate("retirement_age", asked, HERE)
    assert error.value.params["label"] == field


def test_a_figure_that_has_run_out_is_missing_and_names_itself():
    with pytest.raises(FigureMissing, match="稳岗返还"):
        Figures(date(2026, 3, 1))["refund.rates"]


def test_a_place_asks_itself_then_the_one_above():
    assert Figures(TODAY, "440103")["unemployment.duration"]["by_months"][0]["give"] == 1
    assert Figures(TODAY, "110000")["unemployment.duration"]["by_months"][0]["give"] == 12
