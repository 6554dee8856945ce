"""When somebody retires (渐进式延迟法定退休年龄, in force 2025-01-01): statutory age, flexible window, least contribution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ibis.expr.types import IntegerValue, Table, Value

from linli.domains.benefits.arithmetic import at_least, at_most, choose, floor_div, when, whole
from linli.domains.benefits.formulas.base import Step, formula
from linli.domains.benefits.parameters import Figures
from linli.domains.benefits.values import BOOLEAN, INTEGER, MONTH, YEARS, Field, Kind, code
from linli.kernel.text import noop

GROUP = code("male", "female_55", "female_50")
_COUNT = Kind("number", "int64")

_GROUP = Field("category", GROUP, noop("人员类别"))
_BIRTH = Field("birth_month", MONTH, noop("出生年月"))


def _of_group(group: Value, groups: Mapping[str, Mapping[str, Any]], key: str, kind: Kind = _COUNT) -> Any:
    return choose(group, {name: rule[key] for name, rule in groups.items()}, kind=kind)


def delay_of(group: Value, birth: IntegerValue, figures: Figures) -> IntegerValue:
    """Months by which the statutory age is put off (办法 art. 1)."""
    groups = figures["retirement.groups"]
    since = birth - _of_group(group, groups, "first", MONTH)
    grown = floor_div(at_least(since, 0), _of_group(group, groups, "step")) + 1
    return when(since < 0, whole(0), at_most(grown, _of_group(group, groups, "most")))


def base_age_of(group: Value, figures: Figures) -> IntegerValue:
    """The age before the delay, in months."""
    return whole(_of_group(group, figures["retirement.groups"], "age") * 12)


def least_contribution(month: IntegerValue, figures: Figures) -> IntegerValue:
    """Months of contributions that a pension needs, by the year of retirement (办法 art. 2, annex 4)."""
    rule = figures["retirement.least_contribution"]
    beyond = at_least(floor_div(month, 12) - rule["from_year"] + 1, 0)
    return at_most(whole(rule["months"]) + beyond * rule["more_each_year"], rule["most"])


@formula(
    "retirement_age", noop("法定退休年龄"), takes=(_GROUP, _BIRTH),
    gives=(
        Field("delay_months", INTEGER, noop("延迟月数")), Field("age_years", INTEGER, noop("退休年龄（岁）")),
        Field("age_months", INTEGER, noop("退休年龄（另几个月）")), Field("retirement_month", MONTH, noop("法定退休年月")),
        Field("min_contribution_months", INTEGER, noop("最低缴费月数")),
    ),
    steps=(
        Step(noop("按出生年月 %(birth_month)s，退休年龄推迟 %(delay_months)s 个月")),
        Step(noop("法定退休年龄为 %(age_years)s 岁 %(age_months)s 个月，即 %(retirement_month)s 退休")),
        Step(noop("那一年退休需累计缴费满 %(min_contribution_months)s 个月")),
    ),
    basis="retirement.groups",
)  # fmt: skip
def retirement_age(row: Table, figures: Figures) -> dict[str, Value]:
    delay = delay_of(row["category"], row["birth_month"], figures)
    age = base_age_of(row["category"], figures) + delay
    month = row["birth_month"] + age
    return {
        "delay_months": delay, "age_years": floor_div(age, 12), "age_months": age % 12, "retirement_month": month,
        "min_contribution_months": least_contribution(month, figures),
    }  # fmt: skip


@formula(
    "min_contribution", noop("最低缴费年限"), takes=(Field("retirement_year", INTEGER, noop("退休年份")),),
    gives=(Field("min_months", INTEGER, noop("最低缴费月数")), Field("min_years", YEARS, noop("最低缴费年限"))),
    steps=(Step(noop("%(retirement_year)s 年退休，需累计缴费满 %(min_months)s 个月，即 %(min_years)s 年")),),
    basis="retirement.least_contribution",
)  # fmt: skip
def min_contribution(row: Table, figures: Figures) -> dict[str, Value]:
    months = least_contribution(row["retirement_year"] * 12, figures)
    return {"min_months": months, "min_years": floor_div(months * 10_000, 12)}


@formula(
    "flexible_window", noop("弹性退休"), takes=(_GROUP, _BIRTH),
    gives=(
        Field("earliest", MONTH, noop("最早可退休")), Field("statutory", MONTH, noop("法定退休年月")),
        Field("latest", MONTH, noop("最晚可退休")),
    ),
    steps=(
        Step(noop("法定退休年月是 %(statutory)s")),
        Step(noop("最早可在 %(earliest)s 退休：不早于原退休年龄，也不早于法定退休前三年；还要满足当年的最低缴费年限")),
        Step(noop("与单位书面商定，最晚可到 %(latest)s 退休")),
    ),
    basis="retirement.flexible",
)  # fmt: skip
def flexible_window(row: Table, figures: Figures) -> dict[str, Value]:
    rule = figures["retirement.flexible"]
    original = row["birth_month"] + base_age_of(row["category"], figures)
    statutory = original + delay_of(row["category"], row["birth_month"], figures)
    return {
        "earliest": at_least(statutory - rule["earlier_months"], original), "statutory": statutory,
        "latest": statutory + rule["later_months"],
    }  # fmt: skip


@formula(
    "flexible_early_allowed", noop("能否弹性提前退休"),
    takes=(
        _GROUP, _BIRTH, Field("chosen_month", MONTH, noop("想退休的年月")),
        Field("contribution_months", INTEGER, noop("到那时的累计缴费月数")),
    ),
    gives=(
        Field("allowed", BOOLEAN, noop("可以")), Field("within_window", BOOLEAN, noop("在可选的时段内")),
        Field("min_months", INTEGER, noop("那一年的最低缴费月数")), Field("earliest", MONTH, noop("最早可退休")),
        Field("statutory", MONTH, noop("法定退休年月")),
    ),
    steps=(
        Step(noop("可选的时段是 %(earliest)s 至 %(statutory)s，您选的是 %(chosen_month)s")),
        Step(noop("那一年退休需累计缴费满 %(min_months)s 个月，您有 %(contribution_months)s 个月")),
    ),
    basis="retirement.flexible",
)  # fmt: skip
def flexible_early_allowed(row: Table, figures: Figures) -> dict[str, Value]:
    window = flexible_window(row, figures)
    chosen = row["chosen_month"]
    within = (chosen >= window["earliest"]) & (chosen <= window["statutory"])
    least = least_contribution(chosen, figures)
    return {
        "allowed": within & (row["contribution_months"] >= least), "within_window": within, "min_months": least,
        "earliest": window["earliest"], "statutory": window["statutory"],
    }  # fmt: skip
