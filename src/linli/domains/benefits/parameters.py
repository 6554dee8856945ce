"""Figures of the law by date and place: each with where it stands, how sure it is, and until when it holds.

A figure is never written in code. What a rule sees is a :class:`Figures`: the figures in force on one day in one place.
A place asks itself first, then the one above it (``770100`` → ``770000`` → the country).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import yaml

from linli.domains.benefits.own import texts
from linli.domains.benefits.values import DATE, Kind
from linli.kernel.errors import Kind as ErrorKind
from linli.kernel.errors import LinliError
from linli.kernel.text import msg, noop

COUNTRY = ""


class FigureMissing(LinliError):
    """A rule asks for a figure that nobody has set for this day and place."""

    code = "benefits.figure_missing"
    kind = ErrorKind.CONFLICT
    template = noop("%(region)s在 %(on)s 没有参数“%(name)s”。")
    remedy = noop("请在政策参数中补录，写明起始日期和依据。")


class FigureWrong(LinliError):
    """A file of figures that cannot be read."""

    code = "benefits.figure_wrong"
    template = noop("参数“%(name)s”不正确：%(why)s。")
    remedy = noop("请改正后重新导入。")


@dataclass(frozen=True, slots=True)
class Figure:
    """One value of a parameter: from when until when, where, on what ground. ``tag`` says how sure it is (V, M, L, K)."""

    value: Any
    since: date
    until: date | None
    region: str
    source: str
    tag: str

    def holds(self, on: date) -> bool:
        return self.since <= on and (self.until is None or on <= self.until)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A figure of the law with its history. ``unit`` says what it counts, ``label`` what it is.

    For whoever changes it: ``words`` of the keys of a table, how many ``decimals`` a number has and which ``bounds`` it keeps, by key
    (``""``: a number that stands alone, or the only one of a row). ``sample``: of one that has no value yet, a value of its kind.
    """

    name: str
    label: str
    unit: str
    figures: tuple[Figure, ...]
    words: Mapping[str, str] = field(default_factory=dict, compare=False)
    decimals: Mapping[str, int] = field(default_factory=dict, compare=False)
    bounds: Mapping[str, tuple[Any, Any]] = field(default_factory=dict, compare=False)
    sample: Any = field(default=None, compare=False)


class _Exact(yaml.CSafeLoader):
    """YAML whose decimals stay exactly what was written."""


_Exact.add_constructor("tag:yaml.org,2002:float", lambda _loader, node: Decimal(node.value))


def exact_yaml(text: str) -> Any:
    """YAML with decimals as :class:`~decimal.Decimal`."""
    return yaml.load(text, Loader=_Exact)  # noqa: S506  a CSafeLoader


def read_parameters(text: str) -> dict[str, Parameter]:
    """Parameters out of YAML. Raises :class:`FigureWrong` naming the parameter."""
    found = {}
    for name, raw in (exact_yaml(text) or {}).items():
        try:
            figures = tuple(_figure(f) for f in raw["values"])
            found[name] = Parameter(
                name, raw["label"], raw.get("unit", ""), figures, words={str(k): v for k, v in raw.get("keys", {}).items()},
                decimals=_by_key(raw.get("decimals", {})), bounds={k: (v[0], v[1]) for k, v in _by_key(raw.get("bounds", {})).items()},
            )  # fmt: skip
        except (KeyError, TypeError, ValueError, LinliError) as error:
            raise FigureWrong(name=name, why=error) from error
    return found


def _by_key(raw: Any) -> dict[str, Any]:
    return {str(k): v for k, v in raw.items()} if isinstance(raw, Mapping) else {"": raw}


def _figure(raw: Mapping[str, Any]) -> Figure:
    until = raw.get("until")
    return Figure(
        value=raw["value"], since=DATE.read(raw["from"]), until=None if until is None else DATE.read(until),
        region=str(raw.get("region", COUNTRY)), source=raw["source"], tag=raw["tag"],
    )  # fmt: skip


@cache
def shipped_parameters() -> dict[str, Parameter]:
    """The figures that ship with Linli, as researched, and those of the bureau's own policies; what an office sets later stands above them."""
    found: dict[str, Parameter] = {}
    for _, text in texts("parameters.yaml"):
        for name, parameter in read_parameters(text).items():
            if name in found:
                raise FigureWrong(name=name, why=msg("已经有这个名字的参数"))
            found[name] = parameter
    return found


def laid_over(book: Mapping[str, Parameter], later: Iterable[tuple[str, Figure]]) -> dict[str, Parameter]:
    """A book with later figures over it, by date and place: one of the same first day and place takes the place of the earlier."""
    found = dict(book)
    for name, figure in later:
        known = found[name]
        rest = (f for f in known.figures if (f.since, f.region) != (figure.since, figure.region))
        found[name] = replace(known, figures=(*rest, figure))
    return found


@dataclass(frozen=True)
class Figures:
    """The figures in force on one day in one place. ``used`` collects which ones a rule asked for, so that it can name its sources."""

    on: date
    region: str = COUNTRY
    parameters: Mapping[str, Parameter] = field(default_factory=shipped_parameters)
    used: dict[str, Figure] = field(default_factory=dict)

    def figure(self, name: str) -> Figure:
        """Raises :class:`FigureMissing`."""
        parameter = self.parameters.get(name)
        for place in _upwards(self.region):
            begun = [f for f in parameter.figures if f.region == place and f.since <= self.on] if parameter else []
            newest = max(begun, key=lambda f: f.since, default=None)
            if newest and newest.holds(self.on):  # one that ran out does not bring back the one that it replaced
                self.used[name] = newest
                return newest
        raise FigureMissing(name=parameter.label if parameter else name, on=self.on.isoformat(), region=self.region)

    def __getitem__(self, name: str) -> Any:
        """The value itself, as written: a Decimal, an int, a table."""
        return self.figure(name).value

    def whole(self, name: str, kind: Kind) -> int:
        """The value as the engine's whole number of a kind (money in fen, a share in millionths)."""
        return int(kind.read(self[name], label=name))

    def has(self, name: str) -> bool:
        try:
            self.figure(name)
        except FigureMissing:
            return False
        return True


def _upwards(region: str) -> Iterable[str]:
    if region:
        yield region
        for width in (6, 4, 2):  # of a village its county, its city, its province
            above = region[:width].ljust(6, "0")
            if above != region:
                yield above
    yield COUNTRY
