"""The vocabulary of facts: what a rule may ask, who tells it, how long it stays fresh, and how it is asked for when unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import Any

from linli.domains.benefits.parameters import exact_yaml
from linli.domains.benefits.values import BOOLEAN, DATE, INTEGER, MONEY, NEVER, SHARE, TEXT, Field, Kind, ValueWrong, code
from linli.kernel.text import Message

_KINDS = {"boolean": BOOLEAN, "integer": INTEGER, "money": MONEY, "share": SHARE, "date": DATE, "code": TEXT}
SUBJECT_ID, REGION = "subject_id", "region"
LONGEST = 64  # characters of a code


@dataclass(frozen=True, slots=True)
class Source:
    """A register that tells facts. A fact older than ``freshness`` days counts as unknown."""

    name: str
    label: str
    freshness: int

    def fresh_from(self, on: date) -> date:
        """The first day on which what it told still counts on a day."""
        return on - timedelta(self.freshness)


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact. ``none``: that there is none is a possible answer; ``question``: how it is asked of somebody not signed in, who answers
    in units of ``times`` (years where the fact counts months), at ``most`` so many: more is a slip. ``words`` say its codes, ``plain``
    the fact itself to whom it is about.
    """

    name: str
    subject: str
    kind: Kind
    label: str
    source: Source
    none: bool
    question: str
    help: str = ""
    plain: str = ""
    unit: str = ""
    times: int = 1
    most: int | None = None
    words: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def field(self) -> Field:
        return Field(self.name, self.kind, self.label, required=False)

    @property
    def absent(self) -> Any:
        """The value that says that there is none."""
        return {"boolean": False, "string": "", "date": NEVER}.get(self.kind.type, 0)

    @property
    def named(self) -> str:
        """What it is called to those whom it is about."""
        return self.plain or self.label

    def said(self, value: Any) -> Message | str:
        """A value as a sentence says it."""
        return self.words.get(value) or self.kind.said(value) if self.kind.type == "string" and value else self.kind.said(value)

    def checked(self, value: Any) -> Any:
        """A value of the engine (money in fen, a date, a whole number) if this fact can have it. Raises :class:`ValueWrong`."""
        if value is None:
            return None
        fits = {"boolean": bool, "string": str, "date": date}.get(self.kind.type, int)
        right = type(value) is fits and (value != self.absent or self.none or self.kind.type in ("boolean", "int64"))
        if right and fits is int:
            right = abs(value) < 10**14
        if right and fits is str:
            right = len(value) <= LONGEST and (not value or not self.kind.options or value in self.kind.options)
        if not right:
            raise ValueWrong(field=self.name, label=self.label, value=value, why=self.kind.asks)
        return value


@cache
def vocabulary() -> Mapping[str, Mapping[str, Fact]]:
    """The facts of each subject, by name."""
    raw = exact_yaml((resources.files("linli.domains.benefits") / "data/facts.yaml").read_text("utf-8"))
    sources = {name: Source(name, s["label"], s["freshness"]) for name, s in raw.pop("sources").items()}
    return {subject: {name: _fact(name, subject, f, sources) for name, f in facts.items()} for subject, facts in raw.items()}


@cache
def sources_of(subject: str) -> Mapping[str, Source]:
    """The sources that tell something of a kind of subject, by name."""
    return {fact.source.name: fact.source for fact in vocabulary()[subject].values()}


def _fact(name: str, subject: str, raw: Mapping[str, Any], sources: Mapping[str, Source]) -> Fact:
    kind = code(*raw["options"]) if "options" in raw else _KINDS[raw["kind"]]
    more = {key: raw[key] for key in ("help", "plain", "unit", "times", "most", "words") if key in raw}
    return Fact(name, subject, kind, raw["label"], sources[raw["from"]], raw.get("none", False), raw.get("question", ""), **more)
