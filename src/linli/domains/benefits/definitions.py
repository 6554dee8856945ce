"""What a policy says and means together: its words out of data, its expressions out of code, checked against each other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any

import ibis
import ibis.expr.operations as ops
import yaml
from ibis.expr.types import Table

from linli.domains.benefits.facts import REGION, SUBJECT_ID, Fact, vocabulary
from linli.domains.benefits.own import OwnWrong, run_expressions, texts
from linli.domains.benefits.parameters import (
    COUNTRY,
    Figure,
    FigureMissing,
    Figures,
    Parameter,
    exact_yaml,
    shipped_parameters,
)
from linli.domains.benefits.policies import RULES, Rule, Verdict
from linli.domains.benefits.reckoning import Program
from linli.domains.benefits.values import DATE
from linli.kernel.errors import Kind as ErrorKind
from linli.kernel.errors import LinliError
from linli.kernel.text import msg, noop

LASTING = "until."


class PolicyUnknown(LinliError):
    """There is no policy of this code."""

    code = "benefits.policy_unknown"
    kind = ErrorKind.NOT_FOUND
    template = noop("没有编号为“%(policy)s”的政策。")
    remedy = noop("请从政策目录里选。")


class PolicyWrong(LinliError):
    """Words and expressions of a policy do not fit each other."""

    code = "benefits.policy_wrong"
    template = noop("政策“%(policy)s”不一致：%(why)s。")
    remedy = noop("条件的文字和表达式要一一对应。")


class Every(StrEnum):
    """How often one subject can have a benefit; the period is what makes a grant one of its kind."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    ONCE = "once"

    def period(self, on: date) -> str:
        """The period a day lies in: ``2026-11``, ``2026Q4``, ``2026``, or ``once``."""
        match self:
            case Every.MONTH:
                return f"{on:%Y-%m}"
            case Every.QUARTER:
                return f"{on:%Y}Q{(on.month + 2) // 3}"
            case Every.YEAR:
                return f"{on:%Y}"
        return "once"


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy. ``conditions``: what each says, in the order in which the expressions stand. ``told_to``: ``family`` where it is not
    for whom the facts are about to ask for it; ``told_if``: the condition without which it is nothing to tell."""

    code: str
    name: str
    mode: str
    every: Every
    item: str
    until: date | None
    legal_basis: tuple[str, ...]
    conditions: Mapping[str, str]
    amount: str
    data: tuple[str, ...]
    flow: tuple[str, ...]
    note: str
    check_before_use: tuple[str, ...]
    rule: Rule
    told_to: str = "self"
    told_if: str = ""

    @property
    def subject(self) -> str:
        return self.rule.subject

    @property
    def lasting(self) -> str:
        """The name of the figure that says until when it runs; without a value there is no last day."""
        return f"{LASTING}{self.code}"

    def last_day(self, figures: Figures) -> date | None:
        """Until when it runs at a place, as officers prolonged it by the day of the figures; else as it ships."""
        try:
            told = Figures(figures.on, figures.region, figures.parameters)[self.lasting]
        except FigureMissing:
            return self.until
        assert isinstance(told, date)
        return told

    def runs(self, figures: Figures) -> bool:
        """Whether it is in force on the day and at the place of figures; one whose last day has passed stays to be read and re-run."""
        last = self.last_day(figures)
        return last is None or figures.on <= last

    def verdict(self, figures: Figures, table: Table | None = None) -> Verdict:
        """Its expressions over a table of facts. Raises :class:`PolicyWrong` when a condition has no words or words no condition."""
        verdict = self.rule.build(facts_table(self.subject) if table is None else table, figures)
        if set(verdict.conditions) != set(self.conditions):
            raise PolicyWrong(policy=self.code, why=", ".join(sorted(set(verdict.conditions) ^ set(self.conditions))))
        return verdict


def facts_table(subject: str) -> Table:
    """An unbound table of all facts of a subject."""
    columns = {SUBJECT_ID: "string", REGION: "string", **{f.name: f.kind.type for f in vocabulary()[subject].values()}}
    return ibis.table(columns, name=f"facts_{subject}")


def read_policies(text: str) -> dict[str, Policy]:
    """Policies out of YAML. Raises :class:`PolicyWrong` naming the policy and what it lacks."""
    found = {}
    for code, raw in (exact_yaml(text) or {}).items():
        if not re.fullmatch(r"[a-z][a-z0-9-]{2,62}", str(code)):
            raise PolicyWrong(policy=code, why=msg("编号只用小写字母、数字和连字符"))
        if code not in RULES:
            raise PolicyWrong(policy=code, why=msg("没有它的表达式"))
        try:
            found[code] = _policy(code, raw)
        except KeyError as error:
            raise PolicyWrong(policy=code, why=msg("缺少 %(key)s", key=error.args[0])) from error
        except (AttributeError, TypeError, ValueError) as error:
            raise PolicyWrong(policy=code, why=error) from error
    return found


def _policy(code: str, raw: Mapping[str, Any]) -> Policy:
    def several(name: str) -> tuple[str, ...]:
        return tuple(raw.get(name, ()))

    return Policy(
        code=code, name=raw["name"], mode=raw["mode"], every=Every(raw["every"]), item=raw.get("item", ""),
        until=DATE.read(raw.get("until")), legal_basis=several("legal_basis"), conditions=raw["conditions"], amount=raw["amount"],
        data=several("data"), flow=several("flow"), note=raw.get("note", ""), check_before_use=several("check_before_use"), rule=RULES[code],
        told_to=raw.get("told_to", "self"), told_if=raw.get("told_if", ""),
    )  # fmt: skip


@cache
def shipped_policies() -> dict[str, Policy]:
    """The policies that ship with Linli, and the bureau's own. Raises :class:`OwnWrong`, :class:`PolicyWrong`."""
    run_expressions()
    found: dict[str, Policy] = {}
    for file, text in texts("policies.yaml"):
        try:
            more = read_policies(text)
        except yaml.YAMLError as error:
            raise OwnWrong(file=file, why=error) from error
        if twice := found.keys() & more.keys():
            raise PolicyWrong(policy=min(twice), why=msg("已经有这个编号的政策"))
        found |= more
    if wordless := RULES.keys() - found.keys():
        raise PolicyWrong(policy=min(wordless), why=msg("没有它的文字"))
    return found


def own_policies() -> dict[str, Policy]:
    """The bureau's own among them."""
    every = shipped_policies()
    ours = {code for _, text in list(texts("policies.yaml"))[1:] for code in exact_yaml(text) or {}}
    return {code: policy for code, policy in every.items() if code in ours}


def check_own() -> None:
    """Look at everything in the bureau's own folder once. Raises an error that names what is wrong, so that nothing starts with half a policy."""
    book = shipped_parameters()
    known = {parameter.label for parameter in book.values()}
    for policy in own_policies().values():
        days = {(f.since, f.region) for parameter in book.values() for f in parameter.figures}
        for on, region in sorted(days, reverse=True):
            try:
                verdict = policy.verdict(Figures(on, region, book))
                Program(verdict.conditions if verdict.amount is None else {**verdict.conditions, "": verdict.amount})
            except FigureMissing as missing:
                wanted = missing
                if missing.params["name"] not in known:  # nowhere and on no day
                    raise PolicyWrong(policy=policy.code, why=missing) from missing
                continue
            except PolicyWrong:
                raise
            except Exception as error:
                raise PolicyWrong(policy=policy.code, why=f"{type(error).__name__}: {error}") from error
            break
        else:
            raise PolicyWrong(policy=policy.code, why=wanted)


@cache
def last_days() -> dict[str, Parameter]:
    """The last days of policies as figures of the book, so that setting or prolonging one is a change like any other."""
    found = {}
    for policy in shipped_policies().values():
        shipped: tuple[Figure, ...] = ()
        if policy.until:
            shipped = (Figure(policy.until, date(policy.until.year, 1, 1), None, COUNTRY, "、".join(policy.legal_basis), "V"),)
        found[policy.lasting] = Parameter(policy.lasting, f"“{policy.name}”执行到哪天", "", shipped, sample=date.max)
    return found


def policy_of(code: str) -> Policy:
    """Raises :class:`PolicyUnknown`."""
    try:
        return shipped_policies()[code]
    except KeyError:
        raise PolicyUnknown(policy=code) from None


def facts_read(expression: Any, subject: str) -> tuple[Fact, ...]:
    """Which facts an expression asks for, in the order of the vocabulary: the expression itself says it."""
    names = {field.name for field in expression.op().find(ops.Field)}
    return tuple(fact for name, fact in vocabulary()[subject].items() if name in names)
