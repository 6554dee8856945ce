"""Unemployment insurance (社会保险法 art. 45-51, 失业保险条例): who, how long, how much, until when."""

from __future__ import annotations

from ibis.expr.types import Table, Value

from linli.domains.benefits.arithmetic import at_most, by_steps, floor_div, rounded, when, whole
from linli.domains.benefits.formulas.base import Step, formula
from linli.domains.benefits.parameters import Figures
from linli.domains.benefits.values import BOOLEAN, INTEGER, MONEY, SHARE, TEXT, YEARS, Field
from linli.kernel.text import noop

_PAID = Field("contribution_months", INTEGER, noop("累计缴费月数"))
# Who loses work again before a new year of contributions goes on drawing what was left (失业保险金申领发放办法 art. 15).
_CARRIED = Field("carried_over_unused_months", INTEGER, noop("上次没有领完的月数"), default=0)


@formula(
    "unemployment_duration_cap", noop("领取失业保险金的最长期限"),
    takes=(
        Field("contribution_years", YEARS, noop("累计缴费年限")),
        _CARRIED,
    ),
    gives=(Field("max_months", INTEGER, noop("最长月数")),),
    steps=(Step(noop("累计缴费 %(contribution_years)s 年，加上次未领完的 %(carried_over_unused_months)s 个月，最长领取 %(max_months)s 个月")),),
    basis="unemployment.longest",
)  # fmt: skip
def unemployment_duration_cap(row: Table, figures: Figures) -> dict[str, Value]:
    rule = figures["unemployment.longest"]
    months = by_steps(floor_div(row["contribution_years"], 10_000), rule["by_years"])
    return {"max_months": at_most(months + row["carried_over_unused_months"], rule["most"])}


@formula(
    "unemployment_duration", noop("失业保险金领取期限"), takes=(_PAID, _CARRIED), gives=(Field("months", INTEGER, noop("可领月数")),),
    steps=(Step(noop("累计缴费 %(contribution_months)s 个月，加上次未领完的 %(carried_over_unused_months)s 个月，可领取 %(months)s 个月")),),
    basis="unemployment.duration",
)  # fmt: skip
def unemployment_duration(row: Table, figures: Figures) -> dict[str, Value]:
    rule = figures["unemployment.duration"]
    months = by_steps(row["contribution_months"], rule["by_months"], limit=rule["most"])
    return {"months": at_most(months + row["carried_over_unused_months"], rule["most"])}


@formula(
    "unemployment_amount", noop("失业保险金标准"),
    takes=(
        Field("min_wage", MONEY, noop("当地最低工资标准（元/月）")), Field("ratio", SHARE, noop("比例")),
        Field("low_income_line", MONEY, noop("城市居民最低生活保障标准（元/月）")),
    ),
    gives=(Field("monthly", MONEY, noop("每月失业保险金")),),
    steps=(Step(noop("最低工资 %(min_wage)s 元的 %(ratio)s，不低于最低生活保障标准 %(low_income_line)s 元：每月 %(monthly)s 元")),),
    basis="unemployment.ratio",
)  # fmt: skip
def unemployment_amount(row: Table, figures: Figures) -> dict[str, Value]:
    share = rounded(row["min_wage"] * row["ratio"], 1_000_000)
    return {"monthly": when(share < row["low_income_line"], row["low_income_line"], share)}


@formula(
    "unemployment_amount_check", noop("失业保险金标准是否合规"),
    takes=(
        Field("monthly", MONEY, noop("每月失业保险金")), Field("low_income_line", MONEY, noop("城市居民最低生活保障标准（元/月）")),
        Field("min_wage", MONEY, noop("当地最低工资标准（元/月）"), required=False),
    ),
    gives=(Field("valid", BOOLEAN, noop("合规")),), basis="unemployment.ratio",
)  # fmt: skip
def unemployment_amount_check(row: Table, figures: Figures) -> dict[str, Value]:
    below_wage = when(row["min_wage"].isnull(), True, row["monthly"] < row["min_wage"])
    return {"valid": (row["monthly"] >= row["low_income_line"]) & below_wage}


@formula(
    "job_search_allowance", noop("求职补贴"),
    takes=(
        Field("avg_contribution_wage_12m", MONEY, noop("近 12 个月平均缴费工资")), Field("month_index", INTEGER, noop("第几个月"), default=1),
    ),
    gives=(Field("monthly", MONEY, noop("当月补贴")), Field("max_months", INTEGER, noop("最多月数"))),
    steps=(Step(noop("平均缴费工资 %(avg_contribution_wage_12m)s 元的一定比例，最多 %(max_months)s 个月：第 %(month_index)s 个月 %(monthly)s 元")),),
    basis="unemployment.job_search",
)  # fmt: skip
def job_search_allowance(row: Table, figures: Figures) -> dict[str, Value]:
    rule = figures["unemployment.job_search"]
    monthly = rounded(row["avg_contribution_wage_12m"] * SHARE.read(rule["share"]), 1_000_000)
    within = row["month_index"].between(1, rule["most_months"])
    return {"monthly": when(within, monthly, 0), "max_months": whole(rule["most_months"])}


@formula(
    "unemployment_eligibility", noop("能否领取失业保险金"),
    takes=(
        _PAID, Field("involuntary", BOOLEAN, noop("非本人意愿中断就业")), Field("registered", BOOLEAN, noop("已办失业登记")),
        Field("job_seeking", BOOLEAN, noop("有求职要求")),
    ),
    gives=(Field("eligible", BOOLEAN, noop("可以领取")),), basis="unemployment.least_months",
)  # fmt: skip
def unemployment_eligibility(row: Table, figures: Figures) -> dict[str, Value]:
    paid = row["contribution_months"] >= figures["unemployment.least_months"]
    return {"eligible": paid & row["involuntary"] & row["registered"] & row["job_seeking"]}


@formula(
    "unemployment_stop", noop("是否停发失业保险金"), takes=(Field("event", TEXT, noop("发生了什么")),),
    gives=(Field("stop", BOOLEAN, noop("停发")),), basis="unemployment.stops",
)  # fmt: skip
def unemployment_stop(row: Table, figures: Figures) -> dict[str, Value]:
    return {"stop": row["event"].isin(list(figures["unemployment.stops"]))}
