"""Which field of which register tells which fact (``data/projection.yaml``), and what a record therefore tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from linli.domains.benefits.facts import Fact, vocabulary
from linli.domains.benefits.own import texts
from linli.domains.benefits.parameters import exact_yaml
from linli.domains.benefits.values import ValueWrong


@dataclass(frozen=True, slots=True)
class Telling:
    """One field that tells one fact."""

    fact: Fact
    field: str
    words: Mapping[Any, Any] | None
    when: Mapping[str, Any]
    says: Any

    def told(self, record: Mapping[str, Any]) -> Any:
        """What a record says of the fact, as the engine keeps it; None where it says nothing of it. Raises :class:`ValueWrong`."""
        for name, wanted in self.when.items():
            if record.get(name) not in (wanted if isinstance(wanted, list) else [wanted]):
                return None
        if self.says is not None:
            return self.says
        value = record.get(self.field)
        if value is None or value == "":
            return None
        return self.words.get(value) if self.words is not None else self.fact.kind.read(value, label=self.fact.label)


@dataclass(frozen=True, slots=True)
class Register:
    """All that one kind of record tells, by subject. ``days``: for how long a closed case goes on telling it."""

    tells: Mapping[str, tuple[Telling, ...]]
    days: int = 0

    def told(self, subject: str, record: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """By source what a record tells of a subject; a value that cannot be read tells nothing."""
        found: dict[str, dict[str, Any]] = {}
        for telling in self.tells.get(subject, ()):
            try:
                value = telling.fact.checked(telling.told(record))
            except ValueWrong:
                continue
            if value is not None:
                found.setdefault(telling.fact.source.name, {})[telling.fact.name] = value
        return found


@dataclass(frozen=True, slots=True)
class Projection:
    """The registers: of people, of other departments by interface, of closed cases by item."""

    people: Register
    exchange: Mapping[str, Register]
    cases: Mapping[str, Register]


@cache
def projection() -> Projection:
    """What ships with Linli, and what the bureau's own interfaces and items tell besides."""
    raw: dict[str, Any] = {}
    for _, text in texts("projection.yaml"):
        raw = _together(raw, exact_yaml(text) or {})
    return Projection(
        _register(raw["people"]),
        {code: _register(r) for code, r in raw["exchange"].items()},
        {code: _register(r) for code, r in raw["cases"].items()},
    )


def _together(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Two registers as one, table by table; where both say something of the same fact, the other's word counts."""
    both = {key: _together(one[key], other[key]) for key in one.keys() & other.keys() if isinstance(one[key], Mapping)}
    return {**one, **other, **both}


def _register(raw: Mapping[str, Any]) -> Register:
    facts = vocabulary()
    tells = {
        subject: tuple(
            Telling(facts[subject][name], t.get("field", ""), t.get("words"), t.get("when", {}), t.get("says"))
            for name, t in told.items()
        )
        for subject, told in raw.items()
        if subject != "days"
    }
    return Register(tells, raw.get("days", 0))


def still_told_on(decided: date, days: int, today: date) -> date:
    """The day as of which a case tells: today, while it counts; then the last day on which it did."""
    return min(today, date.fromordinal(decided.toordinal() + days))
