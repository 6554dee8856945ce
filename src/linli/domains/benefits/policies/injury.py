"""What follows from a work injury and from a death."""

from __future__ import annotations

import ibis
from ibis.expr.types import BooleanValue, Table

from linli.domains.benefits.arithmetic import at_least, floor_div, full_months, scaled, when, whole
from linli.domains.benefits.formulas.base import Step
from linli.domains.benefits.formulas.injury import of_grade, wage_used
from linli.domains.benefits.formulas.survivors import months_working
from linli.domains.benefits.parameters import Figures
from linli.domains.benefits.policies.base import Verdict, policy
from linli.domains.benefits.values import INTEGER, MONEY, NEVER
from linli.kernel.text import noop


@policy("na-disability-benefit", of="person")
def disability_benefit(p: Table, figures: Figures) -> Verdict:
    wage = wage_used(p.injury_wage, MONEY.read(figures["income.area_monthly_wage"]), figures)
    months = of_grade(p.injury_grade, figures, "lump_months", 0)
    waited = whole(ibis.literal(figures.on).delta(p.injury_concluded_on, unit="day"))
    return Verdict(
        conditions={
            "concluded": (p.injury_concluded_on > NEVER) & (waited > figures["injury.again_within_days"]) & ~p.injury_again,
            "grade": p.injury_grade.between(1, 10),
            "insured": p.injury_insured,
            "unpaid": ~p.injury_lump_paid,
        },
        amount=wage * months,
        steps=(Step(noop("一次性伤残补助金：本人工资 %(wage)s 元 × %(months)s 个月 ＝ %(amount)s 元")),),
        shown={"wage": (wage, MONEY), "months": (months, INTEGER)},
    )


@policy("na-funeral-grant", of="person")
def funeral_grant(p: Table, figures: Figures) -> Verdict:
    income = MONEY.read(figures["income.province_monthly_urban"])
    working = months_working(floor_div(p.employee_paid_months * 10_000, 12), figures)
    received = when(p.pension_since == NEVER, 0, full_months(p.pension_since, p.died_on))
    least = figures["survivors.months"]["least_retired"]
    retired = at_least(working - floor_div(received, 12), least)
    months = when(p.pension_since == NEVER, working, retired)
    return Verdict(
        conditions={
            "dead": p.death_sources >= figures["death.least_sources"],
            "insured": (p.employee_paid_months > 0) | p.resident_insured,
            "unpaid": ~p.funeral_paid,
        },
        amount=when(
            p.employee_paid_months > 0,
            income * figures["survivors.funeral_months"] + income * months,
            MONEY.read(figures["funeral.residents"]),
        ),
        steps=(Step(noop("职工：月人均可支配收入 %(income)s 元，丧葬补助金和 %(months)s 个月抚恤金，合计 %(amount)s 元")),),
        shown={"income": (whole(income), MONEY), "months": (months, INTEGER)},
    )


def lives(p: Table, figures: Figures) -> BooleanValue:
    """A success within the cycle that runs, out of the same signs and figures as ``certifying.judge``."""
    today, cycle = ibis.literal(figures.on), scaled(figures["certification.cycle_months"], 0)
    return (
        (full_months(p.certified_on, today) < cycle)
        | (full_months(p.life_strong_on, today) < cycle)
        | (p.life_weak_count >= figures["certification.weak_enough"])
    )


@policy("na-injury-certification", of="person")
def injury_certification(p: Table, figures: Figures) -> Verdict:
    return Verdict(
        conditions={
            "receiving": p.long_term_benefit.isin(["allowance", "care", "survivor"]),
            "evidence": lives(p, figures),
            "alive": (p.death_sources == 0) & (p.life_doubts == 0),
            "unchanged": ~p.receiving_pension & ~p.survivor_changed,
        }
    )


@policy("na-pension-certification", of="person")
def pension_certification(p: Table, figures: Figures) -> Verdict:
    return Verdict(
        conditions={
            "receiving": p.long_term_benefit.isin(["pension", "resident_pension"]),
            "alive": (p.death_sources == 0) & (p.life_doubts == 0),
            "evidence": lives(p, figures),
        }
    )
