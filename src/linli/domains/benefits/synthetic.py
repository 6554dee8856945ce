"""An invented population of any size: people in households, employers, hires, contributions, traces of life and of death.

Made column by column by the engine, so that ten million take minutes and little memory. Every draw is a hash of who, what for and the seed:
the same seed gives the same population, and a larger one holds the people of the smaller. What registers say is made from a hidden truth, late, in
part and sometimes wrongly; the truth lies in a file of its own, to measure against and never to reckon with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import duckdb

from linli.domains.benefits.engine import SQL_TYPES
from linli.domains.benefits.facts import Fact, sources_of, vocabulary
from linli.domains.benefits.scans import engine

_WRITTEN = "(FORMAT parquet, COMPRESSION zstd)"
PEOPLE_AN_EMPLOYER, PEOPLE_A_HIRE = 25, 40
MISSING, UNSAID, STALE = (
    0.01,
    0.01,
    0.03,
)  # how often a source is silent about somebody, about one fact, and has not been heard for long

# Blocks of six neighbours fall into households in one of these ways; the digit says which household somebody belongs to.
_HOUSEHOLDS = ("011222", "001111", "000111", "011111", "001122", "012345")

# Kinds of traces: who tells of them, whether one alone shows that somebody lives, and how many a year at 20 and at 80.
LIFE = {
    "hospital": ("health", True, 0.4, 1.8), "bank": ("bank", True, 0.2, 0.5), "travel": ("travel", True, 0.25, 0.05),
    "transport": ("transport", False, 1.2, 0.8), "vaccination": ("health", True, 0.05, 0.25), "tax": ("tax", False, 0.4, 0.02),
}  # fmt: skip
# Who tells of a death, how often, and after how many days at most.
DEATH = {"deregistration": ("police", 0.92, 60), "death_certificate": ("health", 0.7, 10), "cremation": ("civil", 0.9, 20)}
WRONG_DEATH, LENT_CARD = 0.00004, 0.01  # reported dead and alive; dead and still using a card


def make(folder: Path, number: int, *, seed: int, on: date, places: Sequence[str], memory: str = "1GB") -> dict[str, int]:
    """Write ``facts_<subject>``, ``evidence``, ``contributions``, ``households`` and ``truth`` as Parquet; rows by file."""
    folder.mkdir(parents=True, exist_ok=True)
    with engine(folder / "scratch", memory=memory) as db:
        # A draw between 0 and 1, of its own for each name.
        db.execute(f"CREATE MACRO u(i, name) AS (hash(i, name, {int(seed)}) >> 11)::DOUBLE / 9007199254740992")
        db.execute("CREATE MACRO pick(i, name, many) AS many[1 + floor(u(i, name) * len(many))::BIGINT]")
        db.execute("CREATE MACRO id(kind, i) AS '01900000-0000-7' || kind || '00-8000-' || printf('%012x', i)")
        lives = _lives(number, on, places)
        sources = {
            "truth": f"SELECT id('a', i) AS person, household, died AS died_truth, died IS NULL AS alive_truth, wrongly_dead, card_lent FROM ({lives})",
            "households": f"SELECT household, id('a', i) AS person, region, birth, sex FROM ({lives})",
            "evidence": _evidence(lives, on),
            "contributions": _contributions(lives, on, number),
            "facts_person": _told("person", f"SELECT *, {_columns(_PERSON)} FROM ({_seen_alive(lives, on)})", on),
            "facts_employer": _told("employer", f"SELECT *, {_columns(_EMPLOYER)} FROM ({_employers(number, places)})", on),
            "facts_hire": _told("hire", f"SELECT *, {_columns(_HIRE)} FROM ({_hires(number, on, places)})", on),
        }  # fmt: skip
        return {name: _write(db, sql, folder / f"{name}.parquet") for name, sql in sources.items()}


def _write(db: duckdb.DuckDBPyConnection, sql: str, file: Path) -> int:
    found = db.execute(f"COPY ({sql}) TO '{file}' {_WRITTEN}").fetchone()
    assert found is not None
    return int(found[0])


# -- the truth -------------------------------------------------------------------------------------------------------


def _lives(number: int, on: date, places: Sequence[str]) -> str:
    """Everybody: where, how old, with whom, in what work, and whether they died in the last two years."""
    block, here = "i // 6", ", ".join(f"'{p}'" for p in places)
    household = "CASE floor(u(i // 6, 'split') * 6)::INT " + " ".join(
        f"WHEN {n} THEN '{way}'[1 + i % 6]" for n, way in enumerate(_HOUSEHOLDS)
    ) + " END"  # fmt: skip
    # Ages as a Chinese city of today has them; who is over eighty thins out.
    age = """CASE WHEN u(i, 'band') < 0.16 THEN u(i, 'age') * 16 WHEN u(i, 'band') < 0.26 THEN 16 + u(i, 'age') * 9
                  WHEN u(i, 'band') < 0.76 THEN 25 + u(i, 'age') * 35 WHEN u(i, 'band') < 0.88 THEN 60 + u(i, 'age') * 10
                  WHEN u(i, 'band') < 0.96 THEN 70 + u(i, 'age') * 10 ELSE least(80 - 6 * ln(1 - u(i, 'age')), 108) END"""
    return f"""
        SELECT *, CASE WHEN u(i, 'dies') < 1 - pow(1 - least(0.0003 * exp(0.085 * greatest(age - 30, 0)), 0.6), 2)
                       THEN DATE '{on}' - floor(u(i, 'died') * 730)::INT END AS died,
               u(i, 'wrongly dead') < {WRONG_DEATH} AND died IS NULL AS wrongly_dead,
               u(i, 'card lent') < {LENT_CARD} AND died IS NOT NULL AS card_lent,
               CASE WHEN age < 16 THEN 'none' WHEN age < 22 AND u(i, 'work') < 0.6 THEN 'student' WHEN age >= 60 OR u(i, 'work') < 0.2 THEN 'none'
                    WHEN u(i, 'work') < 0.4 THEN 'flexible' WHEN u(i, 'work') < 0.43 THEN 'claimant' ELSE 'enterprise' END AS work,
               CASE WHEN age >= CASE WHEN sex = 'female' THEN 52 ELSE 60 END AND u(i, 'pensioner') < 0.55 THEN 'pension'
                    WHEN age >= 60 AND u(i, 'pensioner') < 0.92 THEN 'resident_pension' ELSE '' END AS pensioner
          FROM (SELECT i, pick({block}, 'place', [{here}]) AS region, i // 6 * 6 + ({household})::INT AS household,
                       CASE WHEN u(i, 'sex') < 0.51 THEN 'male' ELSE 'female' END AS sex, {age} AS age,
                       DATE '{on}' - floor(({age}) * 365.2425)::INT AS birth
                  FROM range({int(number)}) r(i))
    """


def _days(kind: str) -> str:
    """How many days ago somebody left traces of a kind; of the dead those before their death, but for a card that was lent."""
    _, _, young, old = LIFE[kind]
    rate = f"({young} + {old - young} * least(greatest((age - 20) / 60, 0), 1))"
    # A count with that mean: each of so many chances comes with a draw of its own.
    chances = 2 if max(young, old) < 0.6 else 4
    day = f"floor(u(i, '{kind} day ' || n) * 365)::INT"
    kept = f"u(i, '{kind} ' || n) < {rate} / {chances} AND (died IS NULL OR card_lent OR {day} >= gone)"
    return f"[x FOR x IN [CASE WHEN {kept} THEN {day} END FOR n IN range({chances})] IF x IS NOT NULL]"


def _deaths(kind: str) -> str:
    """On which day a death was told; unknown while it was not."""
    _, often, late = DEATH[kind]
    told = f"died + floor(u(i, '{kind} late') * {late})::INT"
    wrong = "wrongly_dead" if kind == "deregistration" else "false"
    return f"CASE WHEN u(i, '{kind}') < {often} AND {told} <= today THEN {told} WHEN {wrong} THEN today - 20 END"


def _traces(lives: str, on: date) -> str:
    columns = [f"{_days(kind)} AS {kind}" for kind in LIFE] + [f"{_deaths(kind)} AS {kind}" for kind in DEATH]
    return f"SELECT *, {', '.join(columns)} FROM (SELECT *, DATE '{on}' AS today, coalesce(DATE '{on}' - died, 0) AS gone FROM ({lives}))"


def _seen_alive(lives: str, on: date) -> str:
    strong = "list_min(list_concat(" + ", ".join(kind for kind, (_, strong, *_) in LIFE.items() if strong) + "))"
    weak = " + ".join(f"len({kind})" for kind, (_, strong, *_) in LIFE.items() if not strong)
    told = " + ".join(f"({kind} IS NOT NULL)::INT" for kind in DEATH)
    return f"""
        SELECT *, today - {strong} AS strong_on, {weak} AS weak, {told} AS deaths,
               coalesce(died, CASE WHEN wrongly_dead THEN today - 20 END) AS dead_on FROM ({_traces(lives, on)})
    """


def _evidence(lives: str, on: date) -> str:
    """Traces as departments tell of them: ``person``, ``kind``, ``on``, ``source``, ``record_id``."""
    life = " UNION ALL ".join(
        f"SELECT i, '{kind}' AS kind, today - unnest({kind}) AS day, '{source}' AS source FROM t"
        for kind, (source, *_) in LIFE.items()
    )
    death = " UNION ALL ".join(
        f"SELECT i, '{kind}', coalesce(died, {kind}), '{source}' FROM t WHERE {kind} IS NOT NULL"
        for kind, (source, *_) in DEATH.items()
    )
    return f"""
        WITH t AS NOT MATERIALIZED ({_traces(lives, on)})
        SELECT id('a', i) AS person, kind, day AS "on", source, kind || '-' || printf('%x', i) || '-' || printf('%x', hash(i, kind, day)) AS record_id
          FROM ({life} UNION ALL {death})
    """


def _contributions(lives: str, on: date, number: int) -> str:
    """Of whoever works: for each of three years the months paid for and the monthly base."""
    return f"""
        SELECT id('a', i) AS person, CASE WHEN work = 'enterprise' THEN id('b', {_employer_of(number)}) END AS employer,
               {on.year} - y AS year, CASE WHEN u(i, 'gap ' || y) < 0.1 THEN floor(u(i, 'months ' || y) * 12)::INT ELSE 12 END AS months,
               {_WAGE} AS base_fen
          FROM ({lives}), (SELECT unnest([1, 2, 3]) AS y) WHERE work IN ('enterprise', 'flexible', 'claimant')
    """


def _employer_of(number: int) -> str:
    """Few employers have many people."""
    return f"floor(pow(u(i, 'employer'), 2) * {max(number // PEOPLE_AN_EMPLOYER, 1)})::BIGINT"


def _employers(number: int, places: Sequence[str]) -> str:
    here = ", ".join(f"'{p}'" for p in places)
    return f"""
        SELECT i, pick(i, 'employer place', [{here}]) AS region, greatest(floor(exp(1 + 3.2 * pow(u(i, 'staff'), 2) * 2))::BIGINT, 1) AS staff
          FROM range({max(number // PEOPLE_AN_EMPLOYER, 1)}) r(i)
    """


def _hires(number: int, on: date, places: Sequence[str]) -> str:
    employers = max(number // PEOPLE_AN_EMPLOYER, 1)
    return f"""
        SELECT h.i, id('b', e.i) AS employer_id, id('a', floor(u(h.i, 'hired') * {int(number)})::BIGINT) AS person_id, e.region, e.staff,
               e.i AS employer, DATE '{on}' AS today
          FROM (SELECT i, floor(pow(u(i, 'hires'), 2) * {employers})::BIGINT AS at FROM range({max(number // PEOPLE_A_HIRE, 1)}) r(i)) h
          JOIN ({_employers(number, places)}) e ON e.i = h.at
         ORDER BY h.i
    """


# -- what registers say ----------------------------------------------------------------------------------------------

_NEVER = "DATE '1900-01-01'"
_WAGE = "(300000 + floor(-ln(1 - u(i, 'wage')) * 350000)::BIGINT) // 100 * 100"
_LEVELS = "['初级(五级)', '中级(四级)', '高级(三级)']"


def _often(name: str, share: float, when: str = "true") -> str:
    return f"({when}) AND u(i, '{name}') < {share}"


def _count(name: str, most: str, when: str) -> str:
    return f"CASE WHEN {when} THEN floor(u(i, '{name}') * ({most}))::BIGINT ELSE 0 END"


def _ago(name: str, days: int, when: str) -> str:
    return f"CASE WHEN {when} THEN today - floor(u(i, '{name}') * {days})::INT ELSE {_NEVER} END"


def _if(when: str, then: str, otherwise: str = "''") -> str:
    return f"CASE WHEN {when} THEN {then} ELSE {otherwise} END"


def _size(employer: str) -> str:
    bands = "CASE WHEN staff < 20 THEN 'micro' WHEN staff < 300 THEN 'small' WHEN staff < 1000 THEN 'medium' ELSE 'large' END"
    return _if(f"u({employer}, 'social') < 0.03", "'social'", bands)


_HAS_CERTIFICATE = _often("certificate", 0.08, "age BETWEEN 18 AND 59")
_POOR_STUDENT = _often("poor student", 0.12, "work = 'student'")
_POOR_KINDS = "['low_income', 'disability', 'loan', 'destitute', 'poor_disability', 'lifted']"
_INJURED = _often("injured", 0.004, "age >= 18")
_SURVIVOR = _if(_often("survivor", 0.006), "pick(i, 'long', ['allowance', 'care', 'survivor'])")
_PENSIONER = "pensioner <> ''"
_PENSION_AGE = _if("sex = 'female' AND pensioner = 'pension'", "52", "60")
_EMPLOYEE = "work IN ('enterprise', 'flexible', 'claimant') OR pensioner = 'pension'"
_PAYS = "work = 'flexible' AND u(i, 'pays') < 0.6"

_PERSON: Mapping[str, str] = {
    "sex": "sex", "birth": "birth", "local_household": "u(i // 6, 'local') < 0.85",
    "retirement_group": "CASE WHEN sex = 'male' THEN 'male' WHEN u(i, 'manager') < 0.3 THEN 'female_55' ELSE 'female_50' END",
    "employment_status": "work", "unemployment_paid_months": _count("unemployment months", "least(age - 18, 35) * 12", "work IN ('enterprise', 'claimant')"),
    "receiving_unemployment": "work = 'claimant'", "unemployment_monthly": "CASE WHEN work = 'claimant' THEN 180000 ELSE 0 END",
    # contradictory: a few pensioners are still reported as insured by an employer
    "on_job_insured": f"work = 'enterprise' OR {_often('insured pensioner', 0.01, _PENSIONER)}",
    "business_owner": _often("owner", 0.06, "age >= 18"), "receiving_pension": "pensioner <> ''",
    "serving_abroad_or_prison": _often("away", 0.004, "age >= 16"),
    "certificate_level": _if(_HAS_CERTIFICATE, f"pick(i, 'level', {_LEVELS})"),
    "certificate_on": _if(_HAS_CERTIFICATE, "today - floor(u(i, 'certificate on') * 1500)::INT", _NEVER),
    "certificate_urgent": _often("urgent", 0.1), "skill_times_this_year": _count("skill times", "1.2", "age BETWEEN 18 AND 59"),
    "skill_paid_rank": _count("skill rank", "1.3", "age BETWEEN 18 AND 59"), "training_subsidy_same_certificate": _often("training", 0.1),
    "hardship": "CASE WHEN u(i // 6, 'hardship') < 0.04 THEN pick(i // 6, 'hardship kind', ['destitute', 'low_income', 'monitored']) "
    "WHEN u(i, 'disability') < 0.02 THEN pick(i, 'disabled', ['severe_disability', 'poor_disability']) ELSE '' END",
    "resident_insured": "age >= 16 AND work <> 'enterprise' AND u(i, 'resident insured') < 0.75",
    "resident_paid_by_government": _often("paid by government", 0.5, "u(i // 6, 'hardship') < 0.04"),
    "resident_paid_months": _count("resident months", "least(greatest(age - 20, 0), 17) * 12", "u(i, 'resident insured') < 0.75 AND age >= 20"),
    "resident_account": _count("resident account", "2000000", "u(i, 'resident insured') < 0.75 AND age >= 20"),
    "resident_transitional": "age >= 72", "death_sources": "deaths", "life_doubts": "0", "died_on": f"CASE WHEN deaths > 0 THEN dead_on ELSE {_NEVER} END",
    "employee_paid_months": _count("employee months", "least(greatest(age - 20, 0), 38) * 12", _EMPLOYEE),
    "pension_since": _if(_PENSIONER, f"birth + ({_PENSION_AGE} * 365.25)::INT", _NEVER),
    "funeral_paid": _often("funeral", 0.4, "deaths > 0"), "employment_hardship": _often("hardship worker", 0.1, "work = 'flexible'"),
    "flexible_registered": _often("registered", 0.6, "work = 'flexible'"),
    "self_paid_pension": _count("self paid", "400000", _PAYS),
    "self_paid_medical": _count("self paid medical", "150000", _PAYS),
    "flexible_subsidy_months": _count("subsidy months", "50", "work = 'flexible' AND u(i, 'registered') < 0.6"),
    "flexible_near_retirement": _often("near when first", 0.8, "work = 'flexible' AND age >= 55"),
    "student_stage": "CASE WHEN work = 'student' THEN pick(i, 'stage', ['graduating', 'other', 'other', 'other']) ELSE '' END",
    "student_hardship": _if(_POOR_STUDENT, f"pick(i, 'poor kind', {_POOR_KINDS})"),
    "job_hunting_paid": _often("job hunting", 0.3, "work = 'student'"),
    "injury_grade": _count("grade", "10", _INJURED), "injury_concluded_on": _ago("concluded", 900, _INJURED),
    "injury_again": _often("again", 0.05), "injury_insured": _often("injury insured", 0.95), "injury_wage": _WAGE, "injury_lump_paid": _often("lump", 0.5),
    "long_term_benefit": _if(_PENSIONER, "pensioner", _SURVIVOR),
    "certified_on": _ago("certified", 420, _PENSIONER),
    "life_strong_on": f"coalesce(strong_on, {_NEVER})", "life_weak_count": "weak", "survivor_changed": _often("changed", 0.05),
    "elderly_allowance_paid": _often("listed", 0.9, "age >= 80"),
}  # fmt: skip

_EMPLOYER: Mapping[str, str] = {
    "business_status": "CASE WHEN u(i, 'status') < 0.94 THEN '存续' ELSE pick(i, 'gone', ['注销', '吊销', '迁出']) END",
    "size": _size("i"),
    "serious_dishonesty": _often("dishonest", 0.01), "labour_dispatch": _often("dispatch", 0.02), "unemployment_insured": _often("insured", 0.95),
    "premium_months": "CASE WHEN u(i, 'full') < 0.8 THEN 12 ELSE floor(u(i, 'premium months') * 12)::BIGINT END",
    "premium_last_year": "staff * 60000", "premium_base": "staff * 650000", "insured_staff": "staff",
    "layoff_rate": "CASE WHEN u(i, 'layoffs') < 0.6 THEN 0 ELSE floor(u(i, 'layoff') * 250000)::BIGINT END",
}  # fmt: skip

_HIRE: Mapping[str, str] = {
    "hire_kind": "CASE WHEN u(i, 'kind') < 0.4 THEN pick(i, 'which', ['graduate_this_year', 'graduate_left_within_2y_unemployed', "
    "'registered_unemployed_youth', 'hardship']) ELSE '' END",
    "hired_on": "today - floor(u(i, 'hired on') * 700)::INT", "age_when_hired": "18 + floor(u(i, 'age') * 40)::BIGINT",
    "contract_months": "pick(i, 'contract', [0, 6, 12, 12, 24, 36])", "three_insurances_months": "floor(u(i, 'paid') * 24)::BIGINT",
    "insured_now": _often("insured now", 0.9), "expansion_used": _often("used", 0.2),
    "employer_premiums": "CASE WHEN u(i, 'premiums') < 0.85 THEN 300000 + floor(u(i, 'premium') * 400000)::BIGINT ELSE 0 END",
    "subsidy_months": "CASE WHEN u(i, 'subsidised') < 0.3 THEN floor(u(i, 'subsidy') * 40)::BIGINT ELSE 0 END", "near_retirement": _often("near", 0.05),
    "serious_dishonesty": "u(employer, 'dishonest') < 0.01",
    "size": _size("employer"),
}  # fmt: skip
_SAYS = {"person": _PERSON, "employer": _EMPLOYER, "hire": _HIRE}
_LETTER = {"person": "a", "employer": "b", "hire": "c"}


def _columns(says: Mapping[str, str]) -> str:
    return ", ".join(f"({sql}) AS says_{name}" for name, sql in says.items())


def _told(subject: str, rows: str, on: date) -> str:
    """The columns of a table of facts, with what is missing and what is stale."""
    facts = vocabulary()[subject]
    days = [_heard(name, source.freshness, on) for name, source in sources_of(subject).items()]
    parties = "employer_id, person_id, " if subject == "hire" else ""
    columns = ", ".join([_said(fact) for fact in facts.values()] + days)
    return f"SELECT id('{_LETTER[subject]}', i) AS subject_id, region, NULL::VARCHAR AS told, {parties}{columns} FROM ({rows})"


def _said(fact: Fact) -> str:
    return f"CASE WHEN u(i, 'unsaid {fact.name}') >= {UNSAID} THEN says_{fact.name}::{SQL_TYPES[fact.kind.type]} END AS \"{fact.name}\""


def _heard(source: str, freshness: int, on: date) -> str:
    draw = f"u(i, 'heard {source}')"
    fresh, stale = (
        f"DATE '{on}' - floor(u(i, 'day {source}') * {days})::INT" for days in (freshness + 1, 300)
    )  # fmt: skip
    return f"CASE WHEN {draw} < {MISSING} THEN NULL WHEN {draw} < {MISSING + STALE} THEN ({stale}) - {freshness + 1} ELSE {fresh} END AS seen_{source}"
