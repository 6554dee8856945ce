"""Running test cases: a file of them against the formulas (``linli benefits check``), and those that officers wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from linli.domains.benefits import calculators
from linli.domains.benefits.definitions import policy_of
from linli.domains.benefits.facts import vocabulary
from linli.domains.benefits.own import only_own
from linli.domains.benefits.parameters import Figure, Figures, Parameter, exact_yaml, shipped_parameters
from linli.domains.benefits.scanning import assess
from linli.domains.benefits.values import MONEY, ValueWrong
from linli.kernel.errors import LinliError
from linli.kernel.text import msg, noop

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
    used: frozenset[str] = frozenset()

    @property
    def passed(self) -> bool:
        return not self.wrong


@cache
def _topics() -> dict[str, Any]:
    file = resources.files("linli.domains.benefits") / "data/topics.yaml"
    return dict(exact_yaml(file.read_text("utf-8")))


def shipped_cases() -> str:
    """The text of the case file that ships with Linli."""
    return (resources.files("linli.domains.benefits") / "data/benefit-cases.yaml").read_text("utf-8")


def run_file(text: str, *, today: date, book: Mapping[str, Parameter] | None = None) -> list[Outcome]:
    """Run all cases, with the figures that ship or others. Raises :class:`CaseFileWrong` when the file has no cases or one has no topic."""
    return _run_cases(_cases(text), shipped_parameters() if book is None else book, today)


def run_standing(book: Mapping[str, Parameter], *, today: date) -> list[Outcome]:
    """Run the cases that ship with Linli, and those of the bureau's own policies, with the figures of a book."""
    texts = [shipped_cases(), *(text for _, text in only_own("cases.yaml"))]
    return [outcome for text in texts for outcome in _run_cases(_cases(text), book, today)]


@lru_cache(maxsize=8)
def _cases(text: str) -> tuple[dict[str, Any], ...]:
    """The cases of a file. Raises :class:`CaseFileWrong`."""
    try:
        raw = exact_yaml(text)
        return tuple(
            {
                **c,
                "id": str(c["id"]),
                "about": str(c.get("policy") or c["topic"]),
                "input": dict(c["input"]),
                "expected": dict(c["expected"]),
            }
            for c in raw["cases"]
        )
    except Exception as error:
        raise CaseFileWrong(where="cases", why=error) from error


def _run_cases(cases: Iterable[Mapping[str, Any]], book: Mapping[str, Parameter], today: date) -> list[Outcome]:
    return [
        _run_policy(
            c["id"], c["about"], c["input"], c["expected"], on=c.get("day", today), region=str(c.get("region", "")), book=book
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
        return Outcome(id, policy, {"error": (expected, str(error))}, frozenset(used))
    got = {
        "state": found.state.value, "amount": MONEY.plain(found.amount), "missing": [f.name for f in found.missing],
        "fails": [r.key for r in found.reasons if r.holds is False],
    }  # fmt: skip
    return Outcome(id, policy, differing(expected, got), frozenset(found.figures))


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
        got = _answer(topic, given, today, book, used)
    except LinliError as error:
        return Outcome(id, topic, {"error": (expected, str(error))}, frozenset(used))
    except KeyError as error:
        return Outcome(id, topic, {"topic": (topic, f"not known: {error}")}, frozenset(used))
    return Outcome(id, topic, differing(expected, got), frozenset(used))


def differing(expected: Mapping[str, Any], got: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Which results are not as expected: what was wanted and what came."""
    tolerance = Decimal(str(expected.get("tolerance", 0)))
    return {
        name: (wanted, got.get(name)) for name, wanted in expected.items()
        if name not in _REMARKS and not _same(wanted, got.get(name), tolerance)
    }  # fmt: skip


def _same(wanted: Any, got: Any, tolerance: Decimal) -> bool:
    if (
        isinstance(wanted, int | Decimal)
        and not isinstance(wanted, bool)
        and isinstance(got, int | Decimal)
        and not isinstance(got, bool)
    ):
        return abs(Decimal(wanted) - Decimal(got)) <= tolerance
    return bool(wanted == got)


def _answer(
    topic: str, given: dict[str, Any], today: date, book: Mapping[str, Parameter], used: dict[str, Figure]
) -> Mapping[str, Any]:
    how = _topics()[topic]
    on, region = how.get("day", today), how.get("region", "")
    if year_in := how.get("year_in"):
        on = date(int(given.pop(year_in)), 12, 31)
    if region_in := how.get("region_in"):
        place = str(given.pop(region_in))
        region = next(code for name, code in how["regions"].items() if place.startswith(name))
    calculate: Callable[..., Mapping[str, Any]] = calculators.calculate
    return calculate(how["formula"], given, Figures(on, region, book, used))
