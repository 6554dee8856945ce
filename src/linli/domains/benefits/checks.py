"""Running test cases: a file of them against the formulas (``linli benefits check``), and those that officers wrote."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from yaml import YAMLError

from linli.domains.benefits import calculators
from linli.domains.benefits.definitions import policy_of
from linli.domains.benefits.facts import vocabulary
from linli.domains.benefits.own import only_own
from linli.domains.benefits.parameters import Figure, FigureMissing, Figures, Parameter, exact_yaml, shipped_parameters
from linli.domains.benefits.scanning import assess
from linli.domains.benefits.values import DATE, INTEGER, MONEY, Field, ValueWrong, code, read_all
from linli.kernel.errors import LinliError
from linli.kernel.text import msg, noop

_LAST = Decimal("0.0000005")  # half of the last decimal that any result is kept with: a quotient may be written with more
_REMARKS = ("reason", "tolerance", "note")  # of an expected result: said to people, not compared


class CaseFileWrong(LinliError):
    """A file that is not a file of benefit cases."""

    code = "benefits.case_file_wrong"
    template = noop("%(where)s：%(why)s")
    remedy = noop("请按随附的用例文件的格式改正。")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case: which results were not as expected (wanted, got); empty when it passed. ``used``: the figures it was reckoned with."""

    id: str
    topic: str
    wrong: Mapping[str, tuple[Any, Any]]
    used: Mapping[str, Figure] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return not self.wrong


@cache
def _topics() -> dict[str, Any]:
    file = resources.files("linli.domains.benefits") / "data/topics.yaml"
    return dict(exact_yaml(file.read_text("utf-8")))


FORMULA_CASES, POLICY_CASES = "benefit-cases.yaml", "policy-cases.yaml"


def shipped_cases(name: str = FORMULA_CASES) -> str:
    """The text of a case file that ships with Linli: of the formulas, or of the policies."""
    return (resources.files("linli.domains.benefits") / "data" / name).read_text("utf-8")


def run_file(text: str, *, today: date, book: Mapping[str, Parameter] | None = None) -> list[Outcome]:
    """Run all cases, with the figures that ship or others. Raises :class:`CaseFileWrong` when the file has no cases or one has no topic."""
    cases = _cases(text)
    if not cases:
        raise CaseFileWrong(where="cases", why=msg("缺少这一项"))
    return _run_cases(cases, shipped_parameters() if book is None else book, today)


def run_standing(book: Mapping[str, Parameter], *, today: date) -> list[Outcome]:
    """Run the cases that ship with Linli, and those of the bureau's own policies, with the figures of a book."""
    texts = [shipped_cases(FORMULA_CASES), shipped_cases(POLICY_CASES), *(text for _, text in only_own("cases.yaml"))]
    return [outcome for text in texts for outcome in _run_cases(_cases(text), book, today)]


@lru_cache(maxsize=8)
def _cases(text: str) -> tuple[dict[str, Any], ...]:
    """The cases of a file. Raises :class:`CaseFileWrong`."""
    try:
        raw = exact_yaml(text)
    except (YAMLError, ArithmeticError, ValueError) as error:
        raise CaseFileWrong(where="cases", why=error) from error
    cases = raw.get("cases") if isinstance(raw, Mapping) else None
    if not isinstance(cases, list):
        raise CaseFileWrong(where="cases", why=msg("缺少这一项"))
    return tuple(_case(place, c) for place, c in enumerate(cases, 1))


def _case(place: int, raw: Any) -> dict[str, Any]:
    """One case as it is run. Raises :class:`CaseFileWrong` naming it and what it lacks."""
    case = raw if isinstance(raw, Mapping) else {}
    where = str(case.get("id", f"cases[{place}]"))
    about = "policy" if "policy" in case else "topic"
    for name, kind in {"id": object, about: object, "input": Mapping, "expected": Mapping}.items():
        if case.get(name) is None or not isinstance(case[name], kind):
            raise CaseFileWrong(where=f"{where} {name}", why=msg("缺少这一项"))
    try:
        day = DATE.read(case.get("day"))
    except ValueWrong as error:
        raise CaseFileWrong(where=f"{where} day", why=DATE.asks) from error
    return {
        **case, "id": where, "about": str(case[about]), "day": day, "input": dict(case["input"]), "expected": dict(case["expected"]),
    }  # fmt: skip


def _run_cases(cases: Iterable[Mapping[str, Any]], book: Mapping[str, Parameter], today: date) -> list[Outcome]:
    return [
        _run_policy(
            c["id"], c["about"], c["input"], c["expected"], on=c["day"] or today, region=str(c.get("region", "")), book=book
        ) if "policy" in c
        else _run(c["id"], c["about"], dict(c["input"]), c["expected"], today=today, book=book)
        for c in cases
    ]  # fmt: skip


def _run_policy(
    id: str, policy: str, given: dict[str, Any], expected: dict[str, Any], *, on: date, region: str, book: Mapping[str, Parameter]
) -> Outcome:
    """A case of a policy: the facts as a file has them (``none``: known that there is none), and what it says of them."""
    used: dict[str, Figure] = {}
    try:
        rule = policy_of(policy)
        facts = _facts(rule.subject, given)
        found = assess([rule], facts, Figures(on, region, book, used))[0]
    except LinliError as error:
        return Outcome(id, policy, {"error": (expected, str(error))}, used)
    got = {
        "state": found.state.value, "amount": MONEY.plain(found.amount), "missing": [f.name for f in found.missing],
        "fails": [r.key for r in found.reasons if r.holds is False],
    }  # fmt: skip
    return Outcome(id, policy, differing(expected, got), found.figures)


def _facts(subject: str, given: Mapping[str, Any]) -> dict[str, Any]:
    known = vocabulary()[subject]
    facts = {}
    for name, value in given.items():
        if name not in known:
            raise ValueWrong(field=name, label=name, value=value, why=msg("没有这一项"))
        fact = known[name]
        read = fact.absent if value == "none" and fact.none else fact.kind.read(value, label=fact.label)
        facts[name] = fact.checked(read)
    return facts


def _run(
    id: str, topic: str, given: dict[str, Any], expected: dict[str, Any], *, today: date, book: Mapping[str, Parameter]
) -> Outcome:
    used: dict[str, Figure] = {}
    try:
        wrong = differing(expected, _answer(topic, given, today, book, used))
    except (LinliError, ArithmeticError, TypeError, ValueError) as error:  # one case that cannot be reckoned leaves the others
        return Outcome(id, topic, {"error": (expected, str(error) or type(error).__name__)}, used)
    return Outcome(id, topic, wrong, used)


def differing(expected: Mapping[str, Any], got: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Which results are not as expected: what was wanted and what came. Who expects nothing has checked nothing."""
    compared = {name: wanted for name, wanted in expected.items() if name not in _REMARKS}
    if not compared:
        return {"expected": (dict(expected), dict(got))}
    tolerance = Decimal(str(expected.get("tolerance", 0)))
    return {
        name: (wanted, got.get(name, "no such result")) for name, wanted in compared.items()
        if name not in got or not _same(wanted, got[name], tolerance)
    }  # fmt: skip


def _same(wanted: Any, got: Any, tolerance: Decimal) -> bool:
    if isinstance(got, bool) or isinstance(wanted, bool):
        return wanted is got
    if isinstance(got, int | Decimal) and isinstance(wanted, str):  # a number in quotes
        try:
            wanted = Decimal(wanted)
        except InvalidOperation:
            return False
    if isinstance(wanted, int | Decimal) and isinstance(got, int | Decimal):
        return abs(Decimal(wanted) - Decimal(got)) <= max(tolerance, _LAST)
    return bool(wanted == got)


def _answer(
    topic: str, given: dict[str, Any], today: date, book: Mapping[str, Parameter], used: dict[str, Figure]
) -> Mapping[str, Any]:
    if (how := _topics().get(topic)) is None:
        raise ValueWrong(field="topic", label="topic", value=topic, why=msg("没有这一项"))
    on, region = how.get("day", today), how.get("region", "")
    if name := how.get("year_in"):
        year = read_all([Field(name, INTEGER, name)], {name: given.pop(name, None)})[name]
        on = date(year, 12, 31)
    if name := how.get("region_in"):
        told, regions = str(given.pop(name, "")), how["regions"]
        place = next((p for p in regions if told.startswith(p)), None)
        if place is None:
            raise ValueWrong(field=name, label=name, value=told, why=code(*regions).asks)
        region, named = regions[place], re.search(r"\d{4}", told)
        on = date(int(named[0]), 12, 31) if named else on
    calculate: Callable[..., Mapping[str, Any]] = calculators.calculate
    try:
        return calculate(how["formula"], given, Figures(on, region, book, used))
    except FigureMissing:
        if "closed" not in how:
            raise
        return dict(how["closed"])
