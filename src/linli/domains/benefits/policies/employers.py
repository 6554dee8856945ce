"""What employers are due: refunds and subsidies out of unemployment insurance and employment funds."""

from __future__ import annotations

import ibis
from ibis.expr.types import Table

from linli.domains.benefits.arithmetic import rounded, scaled, whole
from linli.domains.benefits.formulas.base import Step
from linli.domains.benefits.formulas.subsidies import few_layoffs, refund_of
from linli.domains.benefits.parameters import Figures
from linli.domains.benefits.policies.base import Verdict, policy
from linli.domains.benefits.values import DATE, MONEY, SHARE
from linli.kernel.text import noop


@policy("na-job-stabilisation-refund", of="employer")
def job_stabilisation_refund(e: Table, figures: Figures) -> Verdict:
    rates = "refund.rates"
    if figures["refund.reserve_of_region"] > figures["refund.reserve"]["years"] and figures.has("refund.raised_rates"):
        rates = "refund.raised_rates"
    return Verdict(
        conditions={
            "paid": e.premium_months >= figures["refund.least_months"],
            "few_layoffs": few_layoffs(e.layoff_rate, e.insured_staff, figures),
            "honest": ~e.serious_dishonesty,
            "not_dispatch": ~e.labour_dispatch,
            "registered": e.business_status == "存续",
            "reserve": ibis.literal(figures["refund.reserve_of_region"] >= figures["refund.reserve"]["years"]),
        },
        amount=refund_of(e.premium_last_year, e.size, figures, rates),
        steps=(Step(noop("上年度实缴 %(premium_last_year)s 元 × %(rate)s ＝ %(amount)s 元")),),
        shown={"rate": (ibis.cases(*[(e["size"] == k, scaled(v, 6)) for k, v in figures[rates].items()], else_=None), SHARE)},
    )


@policy("na-rate-reduction", of="employer")
def rate_reduction(e: Table, figures: Figures) -> Verdict:
    rule = figures["unemployment.rate"]
    saved = scaled(rule["before"], 6) - scaled(rule["now"], 6)
    return Verdict(
        conditions={"insured": e.unemployment_insured},
        amount=rounded(e.premium_base * saved, 1_000_000),
        steps=(Step(noop("当月缴费基数 %(premium_base)s 元，费率少收 %(saved)s：少缴 %(amount)s 元")),),
        shown={"saved": (whole(saved), SHARE)},
    )


@policy("na-expansion-subsidy", of="hire")
def expansion_subsidy(h: Table, figures: Figures) -> Verdict:
    rule, window = figures["expansion.rule"], figures["expansion.window"]
    ages = [(h.hire_kind == kind, h.age_when_hired.between(*limits)) for kind, limits in rule["kinds"].items() if limits]
    return Verdict(
        conditions={
            "kind": h.hire_kind.isin(list(rule["kinds"])) & ibis.cases(*ages, else_=True),
            "hired": h.hired_on.between(DATE.read(window["since"]), DATE.read(window["until"])),
            "contract": h.contract_months > 0,
            "paid": h.three_insurances_months >= rule["least_months"],
            "insured_now": h.insured_now,
            "honest": ~h.serious_dishonesty,
            "unused": ~h.expansion_used,
        },
        amount=whole(MONEY.read(rule["amount"])),
        steps=(Step(noop("招用 1 人，补助 %(amount)s 元")),),
    )


@policy("na-graduate-hire-subsidy", of="hire")
def graduate_hire_subsidy(h: Table, figures: Figures) -> Verdict:
    rule = figures["graduate_hire.rule"]
    return Verdict(
        conditions={
            "small": h["size"].isin(list(rule["sizes"])),
            "graduate": h.hire_kind.isin(list(rule["kinds"])),
            "contract": h.contract_months >= rule["contract_months"],
            "paid": h.employer_premiums > 0,
            "months_left": h.subsidy_months < rule["most_months"],
        },
        amount=h.employer_premiums,
        steps=(Step(noop("上季度单位实缴的养老、医疗、失业保险费（不含个人部分）：%(amount)s 元")),),
    )


@policy("na-hardship-hire-subsidy", of="hire")
def hardship_hire_subsidy(h: Table, figures: Figures) -> Verdict:
    rule = figures["hardship_hire.rule"]
    return Verdict(
        conditions={
            "hardship": h.hire_kind == "hardship",
            "contract": h.contract_months >= rule["contract_months"],
            "paid": h.employer_premiums > 0,
            "months_left": (h.subsidy_months < rule["most_months"])
            | (h.near_retirement & (h.subsidy_months < rule["most_months_near_retirement"])),
        },
        amount=h.employer_premiums,
        steps=(Step(noop("上季度单位实缴的社会保险费（不含个人部分）：%(amount)s 元")),),
    )
