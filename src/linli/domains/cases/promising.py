"""Promises in place of a material (告知承诺) and promises to bring one later (容缺受理): what is told, and when one may be given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

import yaml

from linli.domains.catalog.queries import Material, Standard
from linli.kernel.text import Message, msg, noop


class Promise(StrEnum):
    """What is promised: that something is so, or that a paper will come."""

    COMMITMENT = "commitment"
    PENDING = "pending"

    @property
    def label(self) -> str:
        return {"commitment": noop("告知承诺"), "pending": noop("容缺补交")}[self.value]


class PromiseState(StrEnum):
    """How a promise stands. ``given`` while nothing rests on it yet; ``due`` while it must be checked, or the paper brought."""

    GIVEN = "given"
    DUE = "due"
    KEPT = "kept"
    DOUBTED = "doubted"
    BROKEN = "broken"
    REPAIRED = "repaired"
    VOID = "void"

    @property
    def label(self) -> str:
        return _STANDINGS[self]


_STANDINGS = {
    PromiseState.GIVEN: noop("已承诺"),
    PromiseState.DUE: noop("待核查"),
    PromiseState.KEPT: noop("核查属实"),
    PromiseState.DOUBTED: noop("听取陈述中"),
    PromiseState.BROKEN: noop("承诺不实"),
    PromiseState.REPAIRED: noop("已修复"),
    PromiseState.VOID: noop("不再需要"),
}

# From where to where; a promise that was kept or found untrue is never opened again, only repaired.
NEXT: dict[PromiseState, frozenset[PromiseState]] = {
    PromiseState.GIVEN: frozenset({PromiseState.DUE, PromiseState.VOID}),
    PromiseState.DUE: frozenset({PromiseState.KEPT, PromiseState.DOUBTED, PromiseState.BROKEN, PromiseState.VOID}),
    PromiseState.DOUBTED: frozenset({PromiseState.KEPT, PromiseState.BROKEN}),
    PromiseState.KEPT: frozenset(),
    PromiseState.BROKEN: frozenset({PromiseState.REPAIRED}),
    PromiseState.REPAIRED: frozenset(),
    PromiseState.VOID: frozenset(),
}


class Signed(StrEnum):
    """How a promise was signed."""

    DRAWN = "drawn"
    TYPED = "typed"
    PAPER = "paper"

    @property
    def label(self) -> str:
        return {"drawn": noop("屏幕签名"), "typed": noop("实名登录，输入姓名确认"), "paper": noop("纸质签字，存卷")}[self.value]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a rule comes from, and how sure that is."""

    text: str
    certainty: str


@dataclass(frozen=True, slots=True)
class PromiseNotice:
    """What somebody is told before they promise, as it is kept with the promise and printed."""

    promise: Promise
    version: int
    required: str
    basis: str
    choice: str
    promised: str
    check: str
    provisional: str
    consequence: str
    repair: str
    sources: tuple[Source, ...]

    @property
    def lines(self) -> list[str]:
        """The whole as paragraphs, in the order they are told."""
        first = self.required + self.basis
        told = [first, self.choice, f"您承诺：{self.promised}", self.check, self.provisional, self.consequence, self.repair]
        return [line for line in told if line]

    def dump(self) -> dict[str, Any]:
        """As it is kept."""
        kept = {name: getattr(self, name) for name in self.__slots__ if name not in ("promise", "sources")}
        return kept | {"promise": str(self.promise), "sources": [[s.text, s.certainty] for s in self.sources]}

    @classmethod
    def of(cls, kept: dict[str, Any]) -> PromiseNotice:
        """What :meth:`dump` kept."""
        sources = tuple(Source(*pair) for pair in kept["sources"])
        return cls(**{**kept, "promise": Promise(kept["promise"]), "sources": sources})


@cache
def _data() -> dict[str, list[dict[str, Any]]]:
    text = resources.files("linli.domains.cases").joinpath("data/commitments.yaml").read_text("utf-8")
    return dict(yaml.safe_load(text))


def _in_force(entries: Iterable[dict[str, Any]], on: date) -> dict[str, Any]:
    held = [e for e in entries if e["valid_from"] <= on] or [min(entries, key=lambda e: e["valid_from"])]
    return max(held, key=lambda e: e["valid_from"])


def notice(standard: Standard, material: Material, promise: Promise, *, on: date, days: int, months: int) -> PromiseNotice:
    """The text that counts on a day, filled in. ``days``: for checking, or for bringing; ``months``: how long a breach is noted."""
    text = _in_force(_data()[promise], on)
    basis = material.basis or "、".join(f"{b.law}{b.article}" for b in standard.legal_basis[:2])
    filled = {"item": standard.name, "material": material.name, "basis": basis, "days": str(days), "months": str(months)}

    def said(name: str) -> str:
        return str(text[name]).format(**filled)

    return PromiseNotice(
        promise, text["version"], said("required"), said("basis") if basis else "", said("choice"), said("promise"), said("check"),
        said("provisional") if material.provisional else "", said("consequence"), said("repair"),
        tuple(Source(s["text"], s["certainty"]) for s in text["sources"]),
    )  # fmt: skip


def revocation_basis(kind: str, *, on: date) -> str:
    """On which law a result is taken back: that of its kind of power, else the general one."""
    held = [e for e in _data()["revocation"] if e["valid_from"] <= on and (not e["kinds"] or kind in e["kinds"])]
    return str(max(held, key=lambda e: (bool(e["kinds"]), e["valid_from"]))["text"])


def why_not(material: Material, promise: Promise, *, instant: bool) -> Message | None:
    """Why nothing may be promised in place of a material; None if it may."""
    if material.from_departments:
        return msg("由我局向%(issuer)s核验，不用承诺", issuer=material.issued_by or msg("有关部门"))
    if promise is Promise.COMMITMENT and not material.may_be_committed:
        return msg("事项标准没有把它列为可以承诺的材料")
    if promise is Promise.PENDING and not material.pending_days:
        return msg("事项标准没有把它列为可以容缺的材料")
    if promise is Promise.PENDING and instant:
        return msg("即办件当场办结，不适用容缺受理")
    return None


def credit_noted(until: date) -> Message:
    """Why somebody whose promise was found untrue may not give another yet."""
    return msg("有一次承诺不实的记录，%(until)s 之前或修复之前不能再承诺", until=until.isoformat())


def may_become(standing: PromiseState, to: PromiseState) -> bool:
    """Whether a promise may pass from one standing to another."""
    return to in NEXT[standing]


__all__ = [
    "credit_noted", "may_become", "NEXT", "notice", "Promise", "PromiseNotice", "revocation_basis", "Signed", "Source", "PromiseState", "why_not",
]  # fmt: skip
