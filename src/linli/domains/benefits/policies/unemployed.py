"""What goes with unemployment benefit: whether it runs on, the health insurance paid meanwhile, help when prices rise."""

from __future__ import annotations

import ibis
from ibis.expr.types import Table

from linli.domains.benefits.arithmetic import rounded, scaled, whole
from linli.domains.benefits.formulas.base import Step
from linli.domains.benefits.parameters import Figures
from linli.domains.benefits.policies.base import Verdict, policy
from linli.domains.benefits.values import MONEY, SHARE
from linli.kernel.text import noop


@policy("na-unemployment-benefit-status", of="person")
def benefit_runs_on(p: Table, figures: Figures) -> Verdict:
    return Verdict(
        conditions={
            "receiving": p.receiving_unemployment,
            "no_job": ~p.on_job_insured,
            "no_business": ~p.business_owner,
            "no_pension": ~p.receiving_pension,
            "here": ~p.serving_abroad_or_prison,
        },
        amount=p.unemployment_monthly,
        steps=(Step(noop("本月续发失业保险金 %(amount)s 元")),),
    )


@policy("na-unemployed-medical", of="person")
def unemployed_medical(p: Table, figures: Figures) -> Verdict:
    rule = figures["unemployed_medical.rule"]
    return Verdict(
        conditions={"receiving": p.receiving_unemployment, "no_job": ~p.on_job_insured},
        amount=whole(int(MONEY.read(rule["base"])) * scaled(rule["rate"], 6) // 1_000_000),
        steps=(Step(noop("由失业保险基金代缴本月职工医保费 %(amount)s 元，个人不缴费")),),
    )


@policy("na-price-subsidy", of="person")
def price_subsidy(p: Table, figures: Figures) -> Verdict:
    month = figures["price_subsidy.month"]
    return Verdict(
        conditions={"started": ibis.literal(bool(month["started"])), "receiving": p.receiving_unemployment},
        amount=rounded(p.unemployment_monthly * scaled(month["rise"], 6), 1_000_000),
        steps=(Step(noop("当月失业保险金 %(unemployment_monthly)s 元 × 物价同比涨幅 %(rise)s ＝ %(amount)s 元")),),
        shown={"rise": (whole(scaled(month["rise"], 6)), SHARE)},
    )
