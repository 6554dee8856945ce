"""How long a file is kept: dated rules by kind, from the bureau's own schedule (AR-04)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

SHIPPED = Path(__file__).parent / "data" / "retention.yaml"


class Rule(BaseModel):
    """One line of the schedule; ``years`` None keeps for good."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    years: int | None = Field(ge=1, le=200)
    valid_from: date
    valid_to: date | None = None
    basis: str
    certainty: Literal["V", "M", "L", "K"] = "K"


class _Schedule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """How long one file is kept: for good if ``until`` is None."""

    rule: Rule
    until: date | None


def read_schedule(path: Path) -> tuple[Rule, ...]:
    """A schedule from a file. Raises ``ValueError`` naming the line at fault."""
    return _Schedule.model_validate(yaml.safe_load(path.read_text("utf-8"))).rules


def term(kinds: Sequence[str], *, closed_on: date, rules: Iterable[Rule]) -> Term:
    """The term of a file closed on a day: the first of its kinds that has a rule in force then, or the general one.

    Years are counted from the end of the year of closing, as archives do. Without any rule a file is kept for good.
    """
    in_force = {r.kind: r for r in rules if r.valid_from <= closed_on and (r.valid_to is None or closed_on <= r.valid_to)}
    for kind in (*kinds, "*"):
        rule = in_force.get(kind)
        if rule:
            return Term(rule, date(closed_on.year + rule.years, 12, 31) if rule.years else None)
    return Term(Rule(kind="*", years=None, valid_from=closed_on, basis="没有适用的保管期限"), None)
