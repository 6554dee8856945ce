"""Calculators: a formula asked by a person, with inputs and answers as people write them, and the steps in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import signature
from typing import Any

from linli.domains.benefits import engine
from linli.domains.benefits.formulas import FORMULAS
from linli.domains.benefits.formulas.base import Formula
from linli.domains.benefits.parameters import Figures
from linli.domains.benefits.values import MONEY, TEXT, ValueWrong, read_all
from linli.kernel.text import Message, msg


def calculate(name: str, given: Mapping[str, Any], figures: Figures) -> dict[str, Any]:
    """The plain results of a formula: numbers as Decimal, months as ``2026-01``. Raises :class:`values.ValueWrong`."""
    if name in OF_SEVERAL:
        return OF_SEVERAL[name](**_named(OF_SEVERAL[name], given), figures=figures)
    rule = FORMULAS[name]
    found = engine.answer(name, read_all(rule.inputs, given), figures)
    return {f.name: f.kind.plain(found[f.name]) for f in rule.gives}


def explained(name: str, given: Mapping[str, Any], figures: Figures) -> tuple[dict[str, Any], list[Message]]:
    """The results as the engine keeps them, and each step as a sentence with this person's numbers in it."""
    rule: Formula = FORMULAS[name]
    inputs = read_all(rule.inputs, given)
    found = engine.answer(name, inputs, figures)
    known = {**inputs, **found}
    said = {f.name: f.kind.said(known[f.name]) for f in (*rule.inputs, *rule.gives)}
    return found, [Message(s.template, said) for s in rule.steps if not s.when or found[s.when]]


def survivor_monthly(own_wage: Any, relatives: Sequence[str], figures: Figures) -> dict[str, Any]:
    """What each relative of somebody killed at work gets a month, and the sum held to the own wage (工伤保险条例 art. 39).

    A relative is named ``spouse``, ``parent``, ``child``…; ``_orphan`` or ``_lonely`` behind it says that they are alone.
    """
    rule, relatives = FORMULAS["dependant_allowance"], _several(relatives)
    words = [name.split("_") for name in relatives]
    given = [
        read_all(rule.inputs, {"own_wage": own_wage, "spouse": w[0] == "spouse", "lonely": bool({"orphan", "lonely"} & set(w))})
        for w in words
    ]
    parts = [engine.answer("dependant_allowance", row, figures)["monthly"] for row in given]
    total, limit = sum(parts), MONEY.read(own_wage)
    each = {name: MONEY.plain(part) for name, part in zip(relatives, parts, strict=True)}
    return {**each, "sum_before_cap": MONEY.plain(total), "sum_paid": MONEY.plain(min(total, limit))}


def funeral_once_only(eligible_under: Sequence[str], figures: Figures) -> dict[str, Any]:
    """From which insurance a funeral grant is paid: only one, and where several would pay the family chooses (社会保险法 art. 49)."""
    eligible_under = _several(eligible_under)
    if len(eligible_under) > 1:
        return {"pay_from": "one of them, chosen by the family"}
    return {"pay_from": eligible_under[0] if eligible_under else None}


def _named(function: Callable[..., Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a function is given, if that is what it asks for. Raises :class:`values.ValueWrong`."""
    asks = [name for name in signature(function).parameters if name != "figures"]
    if strange := next((name for name in given if name not in asks), None):
        raise ValueWrong(field=strange, label=strange, value=given[strange], why=msg("没有这一项"))
    if lacking := next((name for name in asks if given.get(name) is None), None):
        raise ValueWrong(field=lacking, label=lacking, value="", why=TEXT.asks)
    return given


def _several(names: Sequence[str]) -> Sequence[str]:
    """A list, also where only one was written."""
    return [names] if isinstance(names, str) else names


OF_SEVERAL: dict[str, Callable[..., dict[str, Any]]] = {
    "survivor_monthly": survivor_monthly,
    "funeral_once_only": funeral_once_only,
}
"""Calculators over several people or insurances at once: they ask formulas and put the answers together."""
