"""Figures written down so that they can be read back exactly: decimals, dates and tables with any keys keep their kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from linli.domains.benefits.parameters import Figure, Parameter


def plain(value: Any) -> Any:
    """A value as JSON can hold it."""
    match value:
        case Decimal():
            return {"decimal": str(value)}
        case date():
            return {"date": value.isoformat()}
        case Mapping():
            return {"table": [[plain(k), plain(v)] for k, v in value.items()]}
        case list() | tuple():
            return [plain(v) for v in value]
    return value


def read(value: Any) -> Any:
    """What :func:`plain` was given."""
    match value:
        case {"decimal": text}:
            return Decimal(text)
        case {"date": text}:
            return date.fromisoformat(text)
        case {"table": pairs}:
            return {read(k): read(v) for k, v in pairs}
        case list():
            return [read(v) for v in value]
    return value


def written(name: str, parameter: Parameter, figure: Figure) -> dict[str, Any]:
    """One figure that was used, with everything that is known of it."""
    return {
        "name": name, "label": parameter.label, "unit": parameter.unit, "value": plain(figure.value), "since": figure.since.isoformat(),
        "until": figure.until.isoformat() if figure.until else None, "region": figure.region, "source": figure.source, "tag": figure.tag,
    }  # fmt: skip


def written_out(book: Mapping[str, Parameter]) -> list[dict[str, Any]]:
    """All figures of a book."""
    return [written(name, parameter, figure) for name, parameter in sorted(book.items()) for figure in parameter.figures]


def book_of(figures: Iterable[Mapping[str, Any]]) -> dict[str, Parameter]:
    """Figures that were written down, to reckon with again."""
    book: dict[str, Parameter] = {}
    for f in figures:
        known = book.get(f["name"])
        book[f["name"]] = Parameter(f["name"], f["label"], f["unit"], (*(known.figures if known else ()), _figure(f)))
    return book


def _figure(raw: Mapping[str, Any]) -> Figure:
    until = date.fromisoformat(raw["until"]) if raw["until"] else None
    return Figure(read(raw["value"]), date.fromisoformat(raw["since"]), until, raw["region"], raw["source"], raw["tag"])
