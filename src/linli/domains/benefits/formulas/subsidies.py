"""Subsidies to employers and workers out of unemployment insurance (人社部发〔2024〕40号, 人社部发〔2025〕18号)."""

from __future__ import annotations

import ibis
from ibis.expr.types import BooleanValue, Table, Value

from linli.domains.benefits.arithmetic import choose, rounded, scaled, when, whole
from linli.domains.benefits.formulas.base import Step, formula
from linli.domains.benefits.parameters import Figures
from linli.domains.benefits.values import BOOLEAN, INDEX, INTEGER, MONEY, TEXT, Field, Kind, code
from linli.kernel.text import noop

SIZE = code("large", "medium", "small", "micro", "sme", "social")
LAYOFFS = Kind("number", "int64", places=6, unit="%")

_SIZE = Field("size", SIZE, noop("单位规模"))
_PAID = Field("contributions_paid_last_year", MONEY, noop("上年度单位和职工实缴失业保险费"))
_STAFF = Field("insured_staff", INTEGER, noop("参保职工人数"))
_RATE = Field("layoff_rate", LAYOFFS, noop("上年度裁员率"))
_MONTHS = Field("months_paid", INTEGER, noop("足额缴费月数"))


def few_layoffs(rate: Value, staff: Value, figures: Figures, target: Value | None = None) -> BooleanValue:
    """No more layoffs than last year's national target; small firms up to a share of their own insured staff."""
    rule = figures["refund.layoffs"]
    limit = when(
        staff <= rule["small_staff"],
        whole(scaled(rule["small_limit"], 6)),
        target if target is not None else whole(scaled(rule["target"], 6)),
    )
    return rate <= limit


def refund_of(paid: Value, size: Value, figures: Figures, rates: str) -> Value:
    return rounded(paid * choose(size, {k: scaled(v, 6) for k, v in figures[rates].items()}, kind=INTEGER), 1_000_000)


@formula(
    "job_stabilisation_refund", noop("失业保险稳岗返还"),
    takes=(
        _SIZE, _PAID, _STAFF, _RATE, Field("months_paid", INTEGER, noop("足额缴费月数"), default=12),
        Field("national_target", LAYOFFS, noop("上年度全国城镇调查失业率控制目标"), required=False),
        Field("fund_reserve_years", INDEX, noop("失业保险基金备付年数"), required=False),
    ),
    gives=(Field("eligible", BOOLEAN, noop("符合条件")), Field("refund_cap", MONEY, noop("返还上限")), Field("refund", MONEY, noop("返还额"))),
    steps=(Step(noop("上年度实缴 %(contributions_paid_last_year)s 元，按比例返还 %(refund_cap)s 元"), when="eligible"),),
    basis="refund.rates",
)  # fmt: skip
def job_stabilisation_refund(row: Table, figures: Figures) -> dict[str, Value]:
    target = row["national_target"].fill_null(scaled(figures["refund.layoffs"]["target"], 6))
    reserve = row["fund_reserve_years"]
    enough = reserve.isnull() | (reserve >= scaled(figures["refund.reserve"]["years"], 4))
    eligible = (
        (row["months_paid"] >= figures["refund.least_months"])
        & few_layoffs(row["layoff_rate"], row["insured_staff"], figures, target)
        & enough
    )
    plain = refund_of(row["contributions_paid_last_year"], row["size"], figures, "refund.rates")
    if figures.has("refund.raised_rates"):
        raised = refund_of(row["contributions_paid_last_year"], row["size"], figures, "refund.raised_rates")
        plain = when((reserve > scaled(figures["refund.reserve"]["years"], 4)).fill_null(False), raised, plain)
    refund = when(eligible, plain, 0)
    return {"eligible": eligible, "refund_cap": refund, "refund": refund}


@formula(
    "layoff_rate_by_headcount", noop("裁员率（按参保人数增减）"),
    takes=(
        Field("insured_end_previous", INTEGER, noop("前年末参保人数")), Field("insured_end_current", INTEGER, noop("上年末参保人数")),
    ),
    gives=(Field("rate", LAYOFFS, noop("裁员率")),),
)  # fmt: skip
def layoff_rate_by_headcount(row: Table, figures: Figures) -> dict[str, Value]:
    fewer = whole(row["insured_end_previous"] - row["insured_end_current"])
    size = rounded(fewer.abs() * 1_000_000, row["insured_end_previous"])
    return {"rate": when(fewer < 0, -size, size)}


@formula(
    "layoff_rate_by_claimants", noop("裁员率（按新领失业保险金人数）"),
    takes=(
        Field("new_benefit_claimants", INTEGER, noop("上年度新领失业保险金人数")), Field("insured_base", INTEGER, noop("参保人数")),
    ),
    gives=(Field("rate", LAYOFFS, noop("裁员率")),),
)  # fmt: skip
def layoff_rate_by_claimants(row: Table, figures: Figures) -> dict[str, Value]:
    return {"rate": rounded(row["new_benefit_claimants"] * 1_000_000, row["insured_base"])}


@formula(
    "one_off_expansion_subsidy", noop("一次性扩岗补助"),
    takes=(
        Field("hire_kind", TEXT, noop("招用人员类别")), Field("age", INTEGER, noop("年龄")),
        Field("months_paid_three_insurances", INTEGER, noop("三项社会保险足额缴费月数")),
        Field("contract_signed", BOOLEAN, noop("已签订劳动合同")),
    ),
    gives=(Field("eligible", BOOLEAN, noop("符合条件")), Field("amount_cap", MONEY, noop("补助上限"))), basis="expansion.rule",
)  # fmt: skip
def one_off_expansion_subsidy(row: Table, figures: Figures) -> dict[str, Value]:
    rule = figures["expansion.rule"]
    kinds = rule["kinds"]
    of_kind = row["hire_kind"].isin(list(kinds))
    ages = [(row["hire_kind"] == k, row["age"].between(*limits)) for k, limits in kinds.items() if limits]
    eligible = (
        of_kind
        & ibis.cases(*ages, else_=True)
        & row["contract_signed"]
        & (row["months_paid_three_insurances"] >= rule["least_months"])
    )
    return {"eligible": eligible, "amount_cap": when(eligible, MONEY.read(rule["amount"]), 0)}


@formula(
    "skill_upgrade_subsidy", noop("技能提升补贴"),
    takes=(
        Field("level", TEXT, noop("证书等级")), Field("contribution_months", INTEGER, noop("失业保险累计缴费月数")),
        Field("months_since_certificate", INTEGER, noop("取得证书至今的月数")), Field("used_this_year", INTEGER, noop("今年已享受次数"), default=0),
        Field("urgent_trade", BOOLEAN, noop("急需紧缺职业（工种）"), default=False),
        Field("already_subsidised_same_trade_level", TEXT, noop("同一职业（工种）已享受补贴的等级"), default=""),
        Field("training_subsidy_received", BOOLEAN, noop("已享受职业培训补贴"), default=False),
    ),
    gives=(Field("eligible", BOOLEAN, noop("符合条件")), Field("amount_cap", MONEY, noop("补贴上限"))), basis="skill.rule",
)  # fmt: skip
def skill_upgrade_subsidy(row: Table, figures: Figures) -> dict[str, Value]:
    rule = figures["skill.rule"]
    ranks = {level: place for place, level in enumerate(rule["levels"], 1)}  # lower levels first
    rank = choose(row["level"], ranks, kind=INTEGER, otherwise=0)
    above = len(ranks) + 1  # what was paid for and is none of these levels stands above them (二级, 一级)
    before = choose(row["already_subsidised_same_trade_level"], {"": 0, **ranks}, kind=INTEGER, otherwise=above)
    often = rule["times_a_year"] + when(row["urgent_trade"], rule["urgent_more"], 0)
    eligible = (
        (rank > 0) & (row["contribution_months"] >= rule["least_months"]) & (row["months_since_certificate"] <= rule["within_months"])
        & (row["used_this_year"] < often) & (before < rank) & ~row["training_subsidy_received"]
    )  # fmt: skip
    amount = choose(row["level"], rule["levels"], otherwise=0)
    return {"eligible": eligible, "amount_cap": when(eligible, amount, 0)}
