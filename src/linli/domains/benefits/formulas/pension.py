"""Pensions: payment months, employees' (国发〔2005〕38号 section 6) and residents' (国发〔2014〕8号), what the flexibly employed pay."""

from __future__ import annotations

from typing import Any

import ibis
from ibis.expr.types import IntegerValue, Table, Value

from linli.domains.benefits.arithmetic import floor_div, rounded, scaled, when, whole
from linli.domains.benefits.formulas.base import Step, formula
from linli.domains.benefits.parameters import Figures
from linli.domains.benefits.values import BOOLEAN, DIVISOR, INDEX, INTEGER, MONEY, YEARS, Field
from linli.kernel.text import noop

_ACCOUNT = Field("account", MONEY, noop("个人账户储存额"))
_BASE = Field("calc_base", MONEY, noop("养老金计发基数（元/月）"))
_INDEX = Field("index", INDEX, noop("平均缴费指数"))


@formula(
    "payment_months", noop("个人账户养老金计发月数"),
    takes=(Field("age_years", INTEGER, noop("退休年龄（岁）")), Field("age_months", INTEGER, noop("另几个月"), default=0)),
    gives=(Field("payment_months", DIVISOR, noop("计发月数")),), basis="pension.payment_months",
)  # fmt: skip
def payment_months(row: Table, figures: Figures) -> dict[str, Value]:
    table = {int(age): int(months) for age, months in figures["pension.payment_months"].items()}
    here, after = (ibis.cases(*[(row["age_years"] == age, m) for age, m in _shifted(table, by)], else_=None) for by in (0, 1))
    # Between whole ages the value runs straight, with one decimal: ten times it is (v*12 - (v - after)*m) * 10 / 12.
    between = rounded((whole(here) * 12 - (whole(here) - whole(after)) * row["age_months"]) * 10, 12)
    return {"payment_months": when(row["age_months"] == 0, whole(here) * 10, between)}


def _shifted(table: dict[int, int], by: int) -> list[tuple[int, int]]:
    return [(age - by, months) for age, months in table.items()]


def basic_of(base: Value, index: Value, twelve_hundredths: Value) -> IntegerValue:
    """基础养老金: half of the base and the indexed wage, 1 % for each year; years in twelve-hundredths."""
    return rounded(base * (index + 10_000) * twelve_hundredths, 2 * 10_000 * 1_200 * 100)


def years_of(row: Any, figures: Figures) -> IntegerValue:
    """Contribution years in twelve-hundredths. Years are rounded to as many decimals as the place does; months stay exact."""
    years = row["contribution_years"]
    if (decimals := figures["pension.years_decimals"]) is not None:
        coarse = 10 ** (4 - decimals)
        years = rounded(years, coarse) * coarse
    from_years = rounded(years * 12, 100)
    return when(row["contribution_months"].isnull(), from_years, row["contribution_months"] * 100)


@formula(
    "basic_pension", noop("基础养老金"), takes=(_BASE, _INDEX, Field("contribution_months", INTEGER, noop("累计缴费月数"))),
    gives=(Field("basic", MONEY, noop("基础养老金（元/月）")),),
    steps=(Step(noop("（%(calc_base)s ＋ %(calc_base)s × %(index)s）÷ 2 × %(contribution_months)s ÷ 12 × 1%% ＝ %(basic)s 元")),),
    basis="pension.formula",
)  # fmt: skip
def basic_pension(row: Table, figures: Figures) -> dict[str, Value]:
    return {"basic": basic_of(row["calc_base"], row["index"], row["contribution_months"] * 100)}


@formula(
    "employee_pension", noop("企业职工基本养老金"),
    takes=(
        _BASE, _INDEX, Field("contribution_years", YEARS, noop("累计缴费年限"), required=False),
        Field("contribution_months", INTEGER, noop("累计缴费月数"), required=False), _ACCOUNT,
        Field("payment_months", DIVISOR, noop("计发月数")), Field("local_extra", MONEY, noop("地方增发"), default=0),
        Field("local_transition", MONEY, noop("过渡性养老金"), default=0),
    ),
    gives=(
        Field("basic", MONEY, noop("基础养老金（元/月）")), Field("account_part", MONEY, noop("个人账户养老金（元/月）")),
        Field("total", MONEY, noop("合计（元/月）")), Field("years_used", YEARS, noop("计算用的缴费年限")),
    ),
    steps=(
        Step(noop("基础养老金：（%(calc_base)s ＋ %(calc_base)s × %(index)s）÷ 2 × %(years_used)s 年 × 1%% ＝ %(basic)s 元")),
        Step(noop("个人账户养老金：%(account)s ÷ %(payment_months)s ＝ %(account_part)s 元")),
        Step(noop("合计：%(basic)s ＋ %(account_part)s ＋ 过渡性养老金 %(local_transition)s ＋ 地方增发 %(local_extra)s ＝ %(total)s 元")),
    ),
    basis="pension.formula",
)  # fmt: skip
def employee_pension(row: Table, figures: Figures) -> dict[str, Value]:
    years = years_of(row, figures)
    basic = basic_of(row["calc_base"], row["index"], years)
    account = rounded(row["account"] * 10, row["payment_months"])
    return {
        "basic": basic, "account_part": account, "total": basic + account + row["local_extra"] + row["local_transition"],
        "years_used": floor_div(years * 100, 12),
    }  # fmt: skip


@formula(
    "resident_pension", noop("城乡居民养老金"),
    takes=(
        Field("base", MONEY, noop("基础养老金（元/月）")), _ACCOUNT, Field("extra", MONEY, noop("地方加发"), default=0),
        Field("age", INTEGER, noop("年龄")), Field("contribution_years", YEARS, noop("累计缴费年限")),
        Field("transitional", BOOLEAN, noop("制度实施时已满或接近领取年龄"), default=False),
    ),
    gives=(
        Field("eligible", BOOLEAN, noop("可以领取")), Field("old_enough", BOOLEAN, noop("已到领取年龄")),
        Field("divisor", INTEGER, noop("计发月数")), Field("account_part", MONEY, noop("个人账户养老金")),
        Field("monthly", MONEY, noop("每月养老金")),
    ),
    steps=(
        Step(noop("个人账户养老金：%(account)s ÷ %(divisor)s ＝ %(account_part)s 元")),
        Step(noop("每月：基础养老金 %(base)s ＋ %(account_part)s ＋ 地方加发 %(extra)s ＝ %(monthly)s 元"), when="eligible"),
    ),
    basis="resident_pension.rule",
)  # fmt: skip
def resident_pension(row: Table, figures: Figures) -> dict[str, Value]:
    rule = figures["resident_pension.rule"]
    old = row["age"] >= rule["age"]
    eligible = old & ((row["contribution_years"] >= scaled(rule["years"], 4)) | row["transitional"])
    account = rounded(row["account"], rule["divisor"])
    monthly = when(eligible, row["base"] + account + row["extra"], ibis.null("int64"))
    return {
        "eligible": eligible, "old_enough": old, "divisor": whole(rule["divisor"]), "account_part": account, "monthly": monthly,
    }  # fmt: skip


@formula(
    "flexible_contribution", noop("灵活就业人员养老保险缴费"),
    takes=(
        Field("average_wage", MONEY, noop("全口径城镇单位就业人员月平均工资")), Field("chosen_base", MONEY, noop("选择的缴费基数")),
    ),
    gives=(
        Field("valid", BOOLEAN, noop("基数可以选")), Field("floor", MONEY, noop("基数下限")), Field("ceiling", MONEY, noop("基数上限")),
        Field("monthly", MONEY, noop("每月缴费")), Field("to_account", MONEY, noop("计入个人账户")),
    ),
    steps=(
        Step(noop("缴费基数可在 %(floor)s 元至 %(ceiling)s 元之间选")),
        Step(noop("每月缴费 %(monthly)s 元，其中 %(to_account)s 元计入个人账户"), when="valid"),
    ),
    basis="contribution.flexible",
)  # fmt: skip
def flexible_contribution(row: Table, figures: Figures) -> dict[str, Value]:
    rule = figures["contribution.flexible"]
    floor, ceiling = (rounded(row["average_wage"] * scaled(rule[k], 4), 10_000) for k in ("floor", "ceiling"))
    valid = row["chosen_base"].between(floor, ceiling)
    monthly, to_account = (rounded(row["chosen_base"] * scaled(rule[k], 4), 10_000) for k in ("rate", "to_account"))
    nothing = ibis.null("int64")
    return {
        "valid": valid, "floor": floor, "ceiling": ceiling, "monthly": when(valid, monthly, nothing),
        "to_account": when(valid, to_account, nothing),
    }  # fmt: skip


@formula(
    "late_fee", noop("社会保险费滞纳金"),
    takes=(Field("owed", MONEY, noop("欠缴金额")), Field("days", INTEGER, noop("欠缴天数"))),
    gives=(Field("late_fee", MONEY, noop("滞纳金")),),
    steps=(Step(noop("欠缴 %(owed)s 元，%(days)s 天，按日加收：%(late_fee)s 元")),), basis="contribution.late_fee",
)  # fmt: skip
def late_fee(row: Table, figures: Figures) -> dict[str, Value]:
    return {"late_fee": rounded(row["owed"] * row["days"] * scaled(figures["contribution.late_fee"], 6), 1_000_000)}
