"""The ten policies of ``scan.py`` by hand, as somebody would write them for one engine: who is entitled and how much, nothing else.

Figures stand in the text, as they do in such programs. Unknown counts as no. Run by ``scan.py``; needs nothing of the platform.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import date
from pathlib import Path

ON = date(2025, 6, 1)
NAMES = (
    "na-skill-upgrade", "na-flexible-social-subsidy", "na-job-hunting-subsidy", "na-resident-pension-premium-agency",
    "na-resident-pension-claim-reminder", "na-elderly-allowance", "na-unemployment-benefit-status", "na-unemployed-medical",
    "na-pension-certification", "na-injury-certification",
)  # fmt: skip

LIVES = "(months_since(certified_on) < 12 OR months_since(life_strong_on) < 12 OR life_weak_count >= 2)"

# Entitled if, and then how much in fen; 0 where no money is paid.
SQL = {
    "na-skill-upgrade": (
        """(unemployment_paid_months >= 12 OR employment_status = 'claimant') AND employment_status IN ('enterprise', 'claimant') AND rank > 0
           AND certificate_on >= DATE '2024-06-01'
           AND (skill_times_this_year < 1 OR (certificate_urgent AND skill_times_this_year < 3))
           AND skill_paid_rank < rank AND NOT training_subsidy_same_certificate""",
        "50000 + 50000 * rank",
    ),
    "na-flexible-social-subsidy": (
        """employment_hardship AND flexible_registered AND self_paid_pension + self_paid_medical > 0
           AND (flexible_subsidy_months < 36 OR (flexible_near_retirement AND NOT receiving_pension)) AND NOT on_job_insured AND NOT business_owner""",
        """CASE WHEN hardship IN ('low_income', 'destitute') THEN least((4 * self_paid_pension + 3) // 6, 135000)
                WHEN hardship IS NOT NULL THEN least((4 * self_paid_pension + 3) // 6, 105000) END
           + least((4 * self_paid_medical + 3) // 6, 30000)""",
    ),
    "na-job-hunting-subsidy": ("student_stage = 'graduating' AND student_hardship <> '' AND NOT job_hunting_paid", "100000"),
    "na-resident-pension-premium-agency": (
        """age BETWEEN 16 AND 59 AND resident_insured AND NOT resident_paid_by_government
           AND hardship IN ('destitute', 'low_income', 'monitored', 'severe_disability', 'poor_disability')""",
        "10000",
    ),
    "na-resident-pension-claim-reminder": (
        "age >= 60 AND (resident_paid_months >= 180 OR resident_transitional) AND NOT receiving_pension", "14300 + (2 * resident_account + 139) // 278",
    ),
    "na-elderly-allowance": (
        "age >= 80 AND local_household AND death_sources = 0 AND months_since(life_strong_on) < 12 AND NOT elderly_allowance_paid",
        "CASE WHEN age >= 100 THEN 30000 WHEN age >= 90 THEN 10000 ELSE 5000 END",
    ),
    "na-unemployment-benefit-status": (
        "receiving_unemployment AND NOT on_job_insured AND NOT business_owner AND NOT receiving_pension AND NOT serving_abroad_or_prison",
        "unemployment_monthly",
    ),
    "na-unemployed-medical": ("receiving_unemployment AND NOT on_job_insured", "40000"),
    "na-pension-certification": (
        f"long_term_benefit IN ('pension', 'resident_pension') AND death_sources = 0 AND life_doubts = 0 AND {LIVES}", "0",
    ),
    "na-injury-certification": (
        f"""long_term_benefit IN ('allowance', 'care', 'survivor') AND death_sources = 0 AND life_doubts = 0 AND NOT receiving_pension
            AND NOT survivor_changed AND {LIVES}""", "0",
    ),
}  # fmt: skip


def by_sql(facts: Path, out: Path) -> dict[str, list[int]]:
    import duckdb

    db = duckdb.connect(config={"threads": 2, "memory_limit": "768MB", "temp_directory": str(out.parent / "scratch-sql")})
    db.execute(
        f"CREATE MACRO months_since(day) AS ({ON.year} - year(day)) * 12 + {ON.month} - month(day) - ({ON.day} < day(day))::INT"
    )
    columns = ", ".join(
        f"{when} AS e{i}, CASE WHEN {when} THEN {fen} END AS f{i}" for i, (when, fen) in enumerate(SQL[name] for name in NAMES)
    )
    levels = "CASE certificate_level WHEN '初级(五级)' THEN 1 WHEN '中级(四级)' THEN 2 WHEN '高级(三级)' THEN 3 ELSE 0 END"
    db.execute(
        f"COPY (SELECT subject_id, {columns} FROM (SELECT *, {levels} AS rank, months_since(birth) // 12 AS age FROM read_parquet('{facts}'))) "
        f"TO '{out}' (FORMAT parquet, COMPRESSION zstd)"
    )
    return counted(db, out)


def counted(db, out: Path) -> dict[str, list[int]]:
    asked = ", ".join(f"count(*) FILTER (e{i}), coalesce(sum(f{i}), 0)::BIGINT" for i in range(len(NAMES)))
    row = db.execute(f"SELECT {asked} FROM read_parquet('{out}')").fetchone()
    return {name: [row[2 * i], row[2 * i + 1]] for i, name in enumerate(NAMES)}


def by_polars(facts: Path, out: Path) -> dict[str, list[int]]:
    import duckdb
    import polars as pl

    c, n = pl.col, pl.lit

    def months(day):
        return (
            (ON.year - c(day).dt.year()) * 12
            + ON.month
            - c(day).dt.month().cast(pl.Int32)
            - (c(day).dt.day() > ON.day).cast(pl.Int32)
        )

    levels = {"初级(五级)": 1, "中级(四级)": 2, "高级(三级)": 3}
    rows = pl.scan_parquet(facts).with_columns(
        rank=c("certificate_level").replace_strict(levels, default=0, return_dtype=pl.Int64), age=months("birth") // 12
    )
    lives = (months("certified_on") < 12) | (months("life_strong_on") < 12) | (c("life_weak_count") >= 2)
    low = (
        pl.when(c("hardship").is_null())
        .then(None)
        .when(c("hardship").is_in(["low_income", "destitute"]))
        .then(135_000)
        .otherwise(105_000)
    )
    paid = {
        "na-skill-upgrade": (
            ((c("unemployment_paid_months") >= 12) | (c("employment_status") == "claimant"))
            & c("employment_status").is_in(["enterprise", "claimant"]) & (c("rank") > 0) & (c("certificate_on") >= date(2024, 6, 1))
            & ((c("skill_times_this_year") < 1) | (c("certificate_urgent") & (c("skill_times_this_year") < 3)))
            & (c("skill_paid_rank") < c("rank")) & ~c("training_subsidy_same_certificate"),
            50_000 + 50_000 * c("rank"),
        ),
        "na-flexible-social-subsidy": (
            c("employment_hardship") & c("flexible_registered") & (c("self_paid_pension") + c("self_paid_medical") > 0)
            & ((c("flexible_subsidy_months") < 36) | (c("flexible_near_retirement") & ~c("receiving_pension"))) & ~c("on_job_insured") & ~c("business_owner"),
            pl.when(low.is_null()).then(None).otherwise(pl.min_horizontal((4 * c("self_paid_pension") + 3) // 6, low))
            + pl.min_horizontal((4 * c("self_paid_medical") + 3) // 6, n(30_000)),
        ),
        "na-job-hunting-subsidy": ((c("student_stage") == "graduating") & (c("student_hardship") != "") & ~c("job_hunting_paid"), n(100_000)),
        "na-resident-pension-premium-agency": (
            c("age").is_between(16, 59) & c("resident_insured") & ~c("resident_paid_by_government")
            & c("hardship").is_in(["destitute", "low_income", "monitored", "severe_disability", "poor_disability"]),
            n(10_000),
        ),
        "na-resident-pension-claim-reminder": (
            (c("age") >= 60) & ((c("resident_paid_months") >= 180) | c("resident_transitional")) & ~c("receiving_pension"),
            14_300 + (2 * c("resident_account") + 139) // 278,
        ),
        "na-elderly-allowance": (
            (c("age") >= 80) & c("local_household") & (c("death_sources") == 0) & (months("life_strong_on") < 12) & ~c("elderly_allowance_paid"),
            pl.when(c("age") >= 100).then(30_000).when(c("age") >= 90).then(10_000).otherwise(5_000),
        ),
        "na-unemployment-benefit-status": (
            c("receiving_unemployment") & ~c("on_job_insured") & ~c("business_owner") & ~c("receiving_pension") & ~c("serving_abroad_or_prison"),
            c("unemployment_monthly"),
        ),
        "na-unemployed-medical": (c("receiving_unemployment") & ~c("on_job_insured"), n(40_000)),
        "na-pension-certification": (
            c("long_term_benefit").is_in(["pension", "resident_pension"]) & (c("death_sources") == 0)
            & (c("life_doubts") == 0) & lives,
            n(0),
        ),
        "na-injury-certification": (
            c("long_term_benefit").is_in(["allowance", "care", "survivor"]) & (c("death_sources") == 0) & (c("life_doubts") == 0)
            & ~c("receiving_pension") & ~c("survivor_changed") & lives,
            n(0),
        ),
    }  # fmt: skip
    columns = [c("subject_id")]
    for i, name in enumerate(NAMES):
        when, fen = paid[name]
        columns += [when.alias(f"e{i}"), pl.when(when).then(fen).alias(f"f{i}")]
    rows.select(columns).sink_parquet(out, compression="zstd")
    return counted(duckdb.connect(config={"threads": 2}), out)


def by_openfisca(facts: Path, out: Path) -> dict[str, list[int]]:
    """Two policies that need no dates, counted out of columns in memory: it has no third value, so each fact comes with whether it is known."""
    import duckdb
    import numpy as np
    from openfisca_core.entities import build_entity
    from openfisca_core.periods import DateUnit
    from openfisca_core.simulation_builder import SimulationBuilder
    from openfisca_core.taxbenefitsystems import TaxBenefitSystem
    from openfisca_core.variables import Variable

    person = build_entity(key="person", plural="persons", label="", is_person=True)
    household = build_entity(
        key="household", plural="households", label="", roles=[{"key": "member", "plural": "members", "label": ""}]
    )
    system = TaxBenefitSystem([person, household])
    flags = ("receiving_unemployment", "on_job_insured", "business_owner", "receiving_pension", "serving_abroad_or_prison")

    def variable(name, kind, formula=None):
        body = {"value_type": kind, "entity": person, "definition_period": DateUnit.MONTH, "label": name}
        system.add_variable(type(name, (Variable,), body | ({"formula": formula} if formula else {})))

    for flag in flags:
        variable(flag, bool)
        variable(f"known_{flag}", bool)
    variable("unemployment_monthly", int)

    def no(p, period, name):
        return p(f"known_{name}", period) * ~p(name, period)

    variable("runs_on", bool, lambda p, period, parameters=None: (
        p("receiving_unemployment", period) * no(p, period, "on_job_insured") * no(p, period, "business_owner")
        * no(p, period, "receiving_pension") * no(p, period, "serving_abroad_or_prison")
    ))  # fmt: skip
    variable("medical", bool, lambda p, period: p("receiving_unemployment", period) * no(p, period, "on_job_insured"))
    db = duckdb.connect(config={"threads": 2})
    asked = ", ".join(f"coalesce({f}, false) AS {f}, {f} IS NOT NULL AS known_{f}" for f in flags)
    money = "coalesce(unemployment_monthly, 0)::INT AS unemployment_monthly, unemployment_monthly IS NOT NULL AS known_money"
    columns = db.execute(f"SELECT {asked}, {money} FROM read_parquet('{facts}')").fetchnumpy()
    simulation = SimulationBuilder().build_default_simulation(system, count=len(columns["known_money"]))
    for name, values in columns.items():
        if name != "known_money":
            simulation.set_input(name, "2025-06", np.asarray(values))
    runs_on, medical = (simulation.calculate(name, "2025-06") for name in ("runs_on", "medical"))
    paid = np.where(runs_on & np.asarray(columns["known_money"]), columns["unemployment_monthly"], 0)
    np.savez(out.with_suffix(".npz"), runs_on=runs_on, medical=medical, paid=paid)
    return {
        "na-unemployment-benefit-status": [int(runs_on.sum()), int(paid.sum(dtype=np.int64))],
        "na-unemployed-medical": [int(medical.sum()), int(medical.sum()) * 40_000],
    }


def main() -> None:
    ask = argparse.ArgumentParser()
    ask.add_argument("--only", required=True)
    ask.add_argument("--facts", type=Path, required=True)
    ask.add_argument("--out", type=Path, required=True)
    told = ask.parse_args()
    ways = {"sql": by_sql, "polars": by_polars, "openfisca": by_openfisca}
    started = time.perf_counter()
    counts = ways[told.only](told.facts, told.out)
    seconds = time.perf_counter() - started
    peak = next(
        int(line.split()[1]) / 1024 for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    started = time.perf_counter()
    if told.only != "openfisca":  # whose variables are declared once
        ways[told.only](told.facts, told.out)
    said = {"counts": counts, "seconds": seconds, "peak": peak, "again": time.perf_counter() - started}
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main()
