"""Survivors of insured employees (人社部发〔2021〕18号, in force 2021-09-01): funeral grant and lump sum."""

from __future__ import annotations

import ibis
from ibis.expr.types import IntegerValue, Table, Value

from linli.domains.benefits.arithmetic import at_least, at_most, by_steps, floor_div, when, whole
from linli.domains.benefits.formulas.base import Step, formula
from linli.domains.benefits.parameters import Figures
from linli.domains.benefits.values import INTEGER, MONEY, YEARS, Field
from linli.kernel.text import noop

_YEARS = Field("contribution_years", YEARS, noop("累计缴费年限"))
_INCOME = Field("monthly_income_base", MONEY, noop("上一年度全省城镇居民月人均可支配收入"))
_GIVES = (
    Field("months", INTEGER, noop("抚恤金月数")), Field("pension_lump", MONEY, noop("抚恤金")), Field("funeral", MONEY, noop("丧葬补助金")),
    Field("funeral_months", INTEGER, noop("丧葬补助金月数")),
)  # fmt: skip
_PAID_FOR = Field("paid_for", INTEGER, noop("按缴费年限的抚恤金月数"))
_STEPS = (
    Step(noop("丧葬补助金：%(monthly_income_base)s × %(funeral_months)s 个月 ＝ %(funeral)s 元")),
    Step(noop("抚恤金：%(monthly_income_base)s × %(months)s 个月 ＝ %(pension_lump)s 元")),
)


def months_working(years: Value, figures: Figures) -> IntegerValue:
    """Months of the lump sum by whole completed years; the third step still holds at exactly its last year."""
    rule = figures["survivors.months"]
    complete = floor_div(years, 10_000)
    plain = by_steps(complete, rule["by_years"])
    beyond = at_least(complete - rule["grows_after"], 0)
    return at_most(when(years >= 0, plain, ibis.null("int64")) + beyond, rule["most"])


def _grants(months: IntegerValue, income: Value, figures: Figures) -> dict[str, Value]:
    funeral = whole(figures["survivors.funeral_months"])
    return {"months": months, "pension_lump": income * months, "funeral": income * funeral, "funeral_months": funeral}


@formula(
    "survivor_lump_sum_working", noop("在职人员死亡的遗属待遇"), takes=(_YEARS, _INCOME), gives=_GIVES,
    steps=(Step(noop("缴费 %(contribution_years)s 年，抚恤金按 %(months)s 个月")), *_STEPS), basis="survivors.months",
)  # fmt: skip
def survivor_lump_sum_working(row: Table, figures: Figures) -> dict[str, Value]:
    return _grants(months_working(row["contribution_years"], figures), row["monthly_income_base"], figures)


@formula(
    "survivor_lump_sum_retired", noop("退休人员死亡的遗属待遇"),
    takes=(_YEARS, Field("years_of_pension_received", YEARS, noop("已领取养老金的年数")), _INCOME),
    gives=(*_GIVES, _PAID_FOR, Field("least", INTEGER, noop("抚恤金最少月数"))),
    steps=(
        Step(noop("缴费 %(contribution_years)s 年，按 %(paid_for)s 个月算；每领过一年养老金减 1 个月，领了 %(years_of_pension_received)s 年")),
        Step(noop("减完不少于 %(least)s 个月，抚恤金按 %(months)s 个月")), *_STEPS,
    ),
    basis="survivors.months",
)  # fmt: skip
def survivor_lump_sum_retired(row: Table, figures: Figures) -> dict[str, Value]:
    received = floor_div(row["years_of_pension_received"], 10_000)
    paid_for, least = months_working(row["contribution_years"], figures), figures["survivors.months"]["least_retired"]
    grants = _grants(at_least(paid_for - received, least), row["monthly_income_base"], figures)
    return {**grants, "paid_for": paid_for, "least": whole(least)}


@formula(
    "survivor_minimum_retired", noop("退休人员遗属待遇的最低数"), takes=(_INCOME,),
    gives=(Field("funeral_plus_minimum", MONEY, noop("丧葬补助金与最低抚恤金合计")),), basis="survivors.months",
)  # fmt: skip
def survivor_minimum_retired(row: Table, figures: Figures) -> dict[str, Value]:
    months = figures["survivors.months"]["least_retired"] + figures["survivors.funeral_months"]
    return {"funeral_plus_minimum": row["monthly_income_base"] * whole(months)}
