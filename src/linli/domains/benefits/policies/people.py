"""What residents are due: skills, flexible work, leaving school, residents' pension, old age."""

from __future__ import annotations

import ibis
from ibis.expr.types import Table

from linli.domains.benefits.arithmetic import at_most, choose, full_months, full_years, rounded, scaled, when, whole
from linli.domains.benefits.certifying import last_day
from linli.domains.benefits.formulas.base import Step
from linli.domains.benefits.parameters import Figures
from linli.domains.benefits.policies.base import Verdict, policy
from linli.domains.benefits.values import INTEGER, MONEY
from linli.kernel.text import noop


@policy("na-skill-upgrade", of="person")
def skill_upgrade(p: Table, figures: Figures) -> Verdict:
    rule = figures["skill.rule"]
    ranks = {level: place for place, level in enumerate(rule["levels"], 1)}
    often = rule["times_a_year"]
    return Verdict(
        conditions={
            "insured": (p.unemployment_paid_months >= rule["least_months"]) | (p.employment_status == "claimant"),
            "status": p.employment_status.isin(["enterprise", "claimant"]),
            "level": p.certificate_level.isin(list(rule["levels"])),
            # the last day of so many months has the number of the first, or is its month's last (民法典 art. 202)
            "in_time": p.certificate_on > last_day(figures.on, -rule["within_months"]),
            "times": (p.skill_times_this_year < often)
            | (p.certificate_urgent & (p.skill_times_this_year < often + rule["urgent_more"])),
            "once": (p.skill_paid_rank < choose(p.certificate_level, ranks, kind=INTEGER, otherwise=0))
            & ~p.training_subsidy_same_certificate,
        },
        amount=choose(p.certificate_level, rule["levels"], otherwise=0),
        steps=(Step(noop("%(certificate_level)s证书，补贴 %(amount)s 元")),),
    )


@policy("na-flexible-social-subsidy", of="person")
def flexible_social_subsidy(p: Table, figures: Figures) -> Verdict:
    rule = figures["flexible_subsidy.rule"]
    low_income = p.hardship.isin(["low_income", "destitute"])
    share, parts = rule["share"]
    pension_most = 3 * when(low_income, MONEY.read(rule["pension_low_income"]), MONEY.read(rule["pension"]))
    medical_most = whole(3 * MONEY.read(rule["medical"]))
    pension = at_most(rounded(p.self_paid_pension * share, parts), pension_most)
    medical = at_most(rounded(p.self_paid_medical * share, parts), medical_most)
    return Verdict(
        conditions={
            "hardship": p.employment_hardship,
            "registered": p.flexible_registered,
            "paid": p.self_paid_pension + p.self_paid_medical > 0,
            "months_left": (p.flexible_subsidy_months < rule["most_months"]) | (p.flexible_near_retirement & ~p.receiving_pension),
            "no_job": ~p.on_job_insured,
            "no_business": ~p.business_owner,
        },
        amount=pension + medical,
        steps=(
            Step(
                noop("养老：上季度缴 %(self_paid_pension)s 元 × %(share)s/%(parts)s，最多 %(pension_most)s 元：补贴 %(pension)s 元")
            ),
            Step(
                noop("医疗：上季度缴 %(self_paid_medical)s 元 × %(share)s/%(parts)s，最多 %(medical_most)s 元：补贴 %(medical)s 元")
            ),
        ),
        shown={
            "pension": (pension, MONEY),
            "medical": (medical, MONEY),
            "pension_most": (pension_most, MONEY),
            "medical_most": (medical_most, MONEY),
            "share": (whole(share), INTEGER),
            "parts": (whole(parts), INTEGER),
        },
    )


@policy("na-job-hunting-subsidy", of="person")
def job_hunting_subsidy(p: Table, figures: Figures) -> Verdict:
    return Verdict(
        conditions={
            "graduating": p.student_stage == "graduating",
            "hardship": p.student_hardship != "",
            "unpaid": ~p.job_hunting_paid,
        },
        amount=whole(MONEY.read(figures["job_hunting.amount"])),
        steps=(Step(noop("一次性 %(amount)s 元")),),
    )


@policy("na-resident-pension-premium-agency", of="person")
def premium_agency(p: Table, figures: Figures) -> Verdict:
    rule = figures["premium_agency.rule"]
    return Verdict(
        conditions={
            "age": full_years(p.birth, ibis.literal(figures.on)).between(rule["youngest"], rule["oldest"]),
            "insured": p.resident_insured,
            "hardship": p.hardship.isin(["destitute", "low_income", "monitored", "severe_disability", "poor_disability"]),
            "unpaid": ~p.resident_paid_by_government,
        },
        amount=whole(MONEY.read(rule["tier"])),
        steps=(Step(noop("政府代缴当年最低档次 %(amount)s 元")),),
    )


@policy("na-resident-pension-claim-reminder", of="person")
def resident_pension_claim(p: Table, figures: Figures) -> Verdict:
    rule = figures["resident_pension.rule"]
    base, account = MONEY.read(figures["resident_pension.base"]), rounded(p.resident_account, rule["divisor"])
    return Verdict(
        conditions={
            "age": full_years(p.birth, ibis.literal(figures.on)) >= rule["age"],
            "paid": (p.resident_paid_months >= rule["years"] * 12) | p.resident_transitional,
            "no_other": ~p.receiving_pension,
        },
        amount=base + account,
        steps=(Step(noop("基础养老金 %(base)s 元 ＋ 个人账户 %(resident_account)s 元 ÷ %(divisor)s ＝ 每月 %(amount)s 元")),),
        shown={"base": (whole(base), MONEY), "divisor": (whole(rule["divisor"]), INTEGER)},
    )


@policy("na-elderly-allowance", of="person")
def elderly_allowance(p: Table, figures: Figures) -> Verdict:
    bands = sorted(figures["elderly_allowance.bands"].items(), reverse=True)
    age = full_years(p.birth, ibis.literal(figures.on))
    return Verdict(
        conditions={
            "age": age >= int(bands[-1][0]),
            "local": p.local_household,
            "alive": (p.death_sources == 0)
            & (full_months(p.life_strong_on, ibis.literal(figures.on)) < scaled(figures["certification.cycle_months"], 0)),
            "not_listed": ~p.elderly_allowance_paid,
        },
        amount=ibis.cases(*[(age >= int(since), MONEY.read(monthly)) for since, monthly in bands], else_=None),
        steps=(Step(noop("每月 %(amount)s 元")),),
    )
