"""The vocabulary of facts: what a rule may ask, who tells it, how long it stays fresh, and how it is asked for when unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from linli.domains.benefits.parameters import exact_yaml
from linli.domains.benefits.values import BOOLEAN, DATE, INTEGER, MONEY, NEVER, SHARE, TEXT, Field, Kind, code

_KINDS = {"boolean": BOOLEAN, "integer": INTEGER, "money": MONEY, "share": SHARE, "date": DATE, "code": TEXT}
SUBJECT_ID, REGION = "subject_id", "region"


@dataclass(frozen=True, slots=True)
class Source:
    """A register that tells facts. A fact older than ``freshness`` days counts as unknown."""

    name: str
    label: str
    freshness: int


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact. ``none``: that there is none is a possible answer; ``question``: how it is asked of somebody not signed in."""

    name: str
    subject: str
    kind: Kind
    label: str
    source: Source
    none: bool
    question: str

    @property
    def field(self) -> Field:
        return Field(self.name, self.kind, self.label, required=False)

    @property
    def absent(self) -> Any:
        """The value that says that there is none."""
        return {"boolean": False, "string": "", "date": NEVER}.get(self.kind.type, 0)


@cache
def vocabulary() -> Mapping[str, Mapping[str, Fact]]:
    """The facts of each subject, by name."""
    raw = exact_yaml((resources.files("linli.domains.benefits") / "data/facts.yaml").read_text("utf-8"))
    sources = {name: Source(name, s["label"], s["freshness"]) for name, s in raw.pop("sources").items()}
    return {subject: {name: _fact(name, subject, f, sources) for name, f in facts.items()} for subject, facts in raw.items()}


def _fact(name: str, subject: str, raw: Mapping[str, Any], sources: Mapping[str, Source]) -> Fact:
    kind = code(*raw["options"]) if "options" in raw else _KINDS[raw["kind"]]
    return Fact(name, subject, kind, raw["label"], sources[raw["from"]], raw.get("none", False), raw.get("question", ""))
