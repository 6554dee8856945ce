"""Test cases: those that ship and those that officers wrote, run with the figures in force or with others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from linli.domains.benefits.calculators import calculate
from linli.domains.benefits.changing import facts_asked, pays
from linli.domains.benefits.checks import Outcome, differing, run_standing
from linli.domains.benefits.definitions import policy_of, shipped_policies
from linli.domains.benefits.exact import read
from linli.domains.benefits.facts import Fact
from linli.domains.benefits.formulas import FORMULAS
from linli.domains.benefits.models import PolicyCase
from linli.domains.benefits.parameters import Figure, Figures, Parameter
from linli.domains.benefits.permissions import may_set
from linli.domains.benefits.scanning import State, assess
from linli.domains.benefits.values import MONEY, Field, code
from linli.kernel.actors import Actor
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.text import msg, noop

STATE = Field("state", code(*(s.value for s in State)), noop("结论"))
AMOUNT = Field("amount", MONEY, noop("金额"), required=False)


@dataclass(frozen=True, slots=True)
class Target:
    """What a case can be about: a policy or a formula, what it takes and what it gives. ``facts`` by name where a field is a fact."""

    code: str
    name: str
    takes: tuple[Field, ...]
    gives: tuple[Field, ...]
    facts: Mapping[str, Fact]


def target_of(target: str, book: Mapping[str, Parameter], *, on: date) -> Target:
    """Raises :class:`NotFound`."""
    if target in shipped_policies():
        policy = policy_of(target)
        asked = facts_asked(policy, book, on)
        gives = (STATE, AMOUNT) if pays(policy, book, on) else (STATE,)
        return Target(target, policy.name, tuple(f.field for f in asked), gives, {f.name: f for f in asked})
    rule = FORMULAS.get(target)
    if rule is None:
        raise NotFound(what=msg("这项政策或公式"))
    return Target(target, rule.label, rule.inputs, rule.gives, {})


@dataclass(frozen=True, slots=True)
class Trial:
    """A case that was run. ``case`` is None for one that ships with Linli."""

    outcome: Outcome
    label: str
    case: PolicyCase | None = None


def cases_of(targets: Sequence[str]) -> QuerySet[PolicyCase]:
    """What officers wrote for some policies and formulas, the newest first, also what was given up."""
    return PolicyCase.objects.filter(target__in=targets).order_by("-added_at", "-id")


def run_all(book: Mapping[str, Parameter], *, today: date) -> list[Trial]:
    """Every case, with the figures of a book: those of officers first. One query."""
    rows = PolicyCase.objects.filter(retired_at=None).order_by("-added_at", "-id")
    own = [Trial(_run(row, book), row.label, row) for row in rows]
    return own + [Trial(outcome, outcome.id) for outcome in run_standing(book, today=today)]


def touching(trials: Sequence[Trial], names: Sequence[str], target: str = "") -> list[Trial]:
    """Those that were reckoned with one of some parameters, or are about a policy or formula."""
    return [t for t in trials if not t.outcome.used.keys().isdisjoint(names) or (target and t.outcome.topic == target)]


def _run(row: PolicyCase, book: Mapping[str, Parameter]) -> Outcome:
    given, expected = read(row.given), read(row.expected)
    used: dict[str, Figure] = {}
    figures = Figures(row.on, row.region, book, used)
    try:
        if row.target in shipped_policies():
            policy = policy_of(row.target)
            facts = {f.name: f.kind.read(given[f.name]) for f in facts_asked(policy, book, row.on) if f.name in given}
            (outcome,) = assess([policy], facts, figures)
            used.update(outcome.figures)
            got: Mapping[str, Any] = {"state": outcome.state.value, "amount": MONEY.plain(outcome.amount)}
        else:
            got = calculate(row.target, given, figures)
    except LinliError as error:
        return Outcome(str(row.pk), row.target, {"error": (expected, str(error))}, used)
    return Outcome(str(row.pk), row.target, differing(expected, got), used)


def policy_case(case_id: UUID, *, by: Actor) -> PolicyCase:
    """A case that is run and that the actor may give up. Raises :class:`NotFound`."""
    found = PolicyCase.objects.filter(pk=case_id, retired_at=None).first()
    if found is None or not may_set(found.region, by):
        raise NotFound(what=msg("这个用例"))
    return found
