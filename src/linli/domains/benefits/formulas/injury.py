"""Work injury (工伤保险条例): own wage, lump sum, allowance, care, and what survivors of a fatal injury get."""

from __future__ import annotations

import ibis
from ibis.expr.types import IntegerValue, Table, Value

from linli.domains.benefits.arithmetic import at_least, at_most, choose, rounded, scaled, when, whole
from linli.domains.benefits.formulas.base import Step, formula
from linli.domains.benefits.parameters import Figures
from linli.domains.benefits.values import BOOLEAN, DATE, INTEGER, MONEY, SHARE, TEXT, Field, code
from linli.kernel.text import noop

_WAGE = Field("own_wage", MONEY, noop("受伤前 12 个月平均缴费工资"))
_AREA = Field("local_avg_wage", MONEY, noop("统筹地区职工月平均工资"))
_GRADE = Field("grade", INTEGER, noop("伤残等级"))
PARTS = 10_000


def wage_used(own: Value, area: Value | int, figures: Figures) -> IntegerValue:
    """The own wage kept between 60 % and 300 % of the area's average (art. 64)."""
    rule = figures["injury.wage_bounds"]
    floor, ceiling = (rounded(area * scaled(rule[k], 4), PARTS) for k in ("floor", "ceiling"))
    return at_most(at_least(own, floor), ceiling)


def of_grade(grade: Value, figures: Figures, key: str, places: int) -> Value:
    """What the table of grades says; nothing for a grade that has none."""
    table = figures["injury.grades"]
    cases = [(grade == int(g), scaled(rule[key], places)) for g, rule in table.items() if key in rule]
    return ibis.cases(*cases, else_=ibis.null("int64"))


@formula(
    "injury_benefit", noop("工伤伤残待遇"),
    takes=(_GRADE, _WAGE, _AREA, Field("min_wage", MONEY, noop("当地最低工资标准（元/月）"), required=False)),
    gives=(
        Field("wage_used", MONEY, noop("本人工资（按上下限）")), Field("lump_months", INTEGER, noop("一次性伤残补助金月数")),
        Field("lump_sum", MONEY, noop("一次性伤残补助金")), Field("allowance_before", MONEY, noop("伤残津贴（补足前）")),
        Field("monthly_allowance", MONEY, noop("伤残津贴（元/月）")), Field("allowance_paid", MONEY, noop("实发津贴")),
        Field("top_up", MONEY, noop("补足差额")), Field("allowance_payer", TEXT, noop("津贴由谁支付")),
        Field("allowance_share", SHARE, noop("伤残津贴比例")),
    ),
    steps=(
        Step(noop("本人工资按当地平均工资的上下限，取 %(wage_used)s 元")),
        Step(noop("一次性伤残补助金：%(wage_used)s × %(lump_months)s 个月 ＝ %(lump_sum)s 元")),
        Step(noop("每月伤残津贴：%(wage_used)s × %(allowance_share)s ＝ %(allowance_before)s 元"), when="monthly_allowance"),
        Step(noop("低于当地最低工资的部分补足：加 %(top_up)s 元，每月 %(monthly_allowance)s 元"), when="top_up"),
    ),
    basis="injury.grades",
)  # fmt: skip
def injury_benefit(row: Table, figures: Figures) -> dict[str, Value]:
    wage = wage_used(row["own_wage"], row["local_avg_wage"], figures)
    months = of_grade(row["grade"], figures, "lump_months", 0)
    before = rounded(wage * of_grade(row["grade"], figures, "allowance", 4), PARTS)
    top_up = when(row["min_wage"].isnull(), whole(0), at_least(row["min_wage"] - before, 0))
    payers = {g: r["payer"] for g, r in figures["injury.grades"].items() if "payer" in r}
    payer = ibis.cases(*[(row["grade"] == int(g), p) for g, p in payers.items()], else_=ibis.null("string"))
    return {
        "wage_used": wage, "lump_months": months, "lump_sum": wage * months, "allowance_before": before, "monthly_allowance": before + top_up,
        "allowance_paid": before + top_up, "top_up": when(before.isnull(), ibis.null("int64"), top_up), "allowance_payer": payer,
        "allowance_share": of_grade(row["grade"], figures, "allowance", 6),
    }  # fmt: skip


@formula(
    "injury_care_fee", noop("生活护理费"),
    takes=(Field("level", code("completely", "mostly", "partly"), noop("生活不能自理的程度")), _AREA),
    gives=(Field("monthly", MONEY, noop("每月生活护理费")), Field("share", SHARE, noop("生活护理费比例"))),
    steps=(Step(noop("每月生活护理费：当地平均工资 %(local_avg_wage)s 元 × %(share)s ＝ %(monthly)s 元")),), basis="injury.care",
)  # fmt: skip
def injury_care_fee(row: Table, figures: Figures) -> dict[str, Value]:
    share = choose(row["level"], {k: scaled(v, 6) for k, v in figures["injury.care"].items()}, kind=INTEGER)
    return {"monthly": rounded(row["local_avg_wage"] * share, 1_000_000), "share": share}


@formula(
    "death_funeral", noop("工亡丧葬补助金"), takes=(_AREA,),
    gives=(Field("amount", MONEY, noop("丧葬补助金")), Field("months", INTEGER, noop("丧葬补助金月数"))),
    steps=(Step(noop("丧葬补助金：当地平均工资 %(local_avg_wage)s 元 × %(months)s 个月 ＝ %(amount)s 元")),), basis="injury.death",
)  # fmt: skip
def death_funeral(row: Table, figures: Figures) -> dict[str, Value]:
    months = whole(figures["injury.death"]["funeral_months"])
    return {"amount": row["local_avg_wage"] * months, "months": months}


@formula(
    "death_lump_sum", noop("一次性工亡补助金"),
    takes=(
        Field("year_of_death", INTEGER, noop("死亡年份"), required=False),
        Field("national_urban_income_previous_year", MONEY, noop("上一年度全国城镇居民人均可支配收入"), required=False),
    ),
    gives=(
        Field("income", MONEY, noop("上一年度全国城镇居民人均可支配收入")), Field("amount", MONEY, noop("一次性工亡补助金")),
        Field("times", INTEGER, noop("一次性工亡补助金倍数")),
    ),
    steps=(Step(noop("一次性工亡补助金：上一年度全国城镇居民人均可支配收入 %(income)s 元 × %(times)s ＝ %(amount)s 元")),), basis="injury.death",
)  # fmt: skip
def death_lump_sum(row: Table, figures: Figures) -> dict[str, Value]:
    known = [(row["year_of_death"] - 1 == int(year), MONEY.read(v)) for year, v in figures["income.national_urban"].items()]
    income = row["national_urban_income_previous_year"].fill_null(ibis.cases(*known, else_=ibis.null("int64")))
    times = whole(figures["injury.death"]["lump_times"])
    return {"income": income, "amount": income * times, "times": times}


@formula(
    "dependant_allowance", noop("供养亲属抚恤金（一位亲属）"),
    takes=(
        Field("own_wage", MONEY, noop("职工本人工资")), Field("spouse", BOOLEAN, noop("是配偶")),
        Field("lonely", BOOLEAN, noop("是孤寡老人或孤儿")),
    ),
    gives=(Field("monthly", MONEY, noop("每月抚恤金")),), basis="injury.dependants",
)  # fmt: skip
def dependant_allowance(row: Table, figures: Figures) -> dict[str, Value]:
    """One relative's part before the sum is held to the own wage (art. 39)."""
    rule = {k: scaled(v, 4) for k, v in figures["injury.dependants"].items()}
    share = when(row["spouse"], rule["spouse"], rule["other"]) + when(row["lonely"], rule["lonely"], 0)
    return {"monthly": rounded(row["own_wage"] * share, PARTS)}


@formula(
    "employer_filed_late", noop("逾期申报期间的费用"),
    takes=(
        Field("accident_on", DATE, noop("事故伤害发生之日")), Field("filed_on", DATE, noop("提出认定申请之日")),
    ),
    gives=(Field("days", INTEGER, noop("间隔天数")), Field("costs_in_gap_paid_by", TEXT, noop("期间符合规定的待遇由谁负担"))),
    basis="injury.filing",
)  # fmt: skip
def employer_filed_late(row: Table, figures: Figures) -> dict[str, Value]:
    days = whole(row["filed_on"].delta(row["accident_on"], unit="day"))
    return {"days": days, "costs_in_gap_paid_by": when(days > figures["injury.filing"]["days"], "employer", "fund")}
