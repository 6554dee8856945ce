"""The command palette's sources. A face registers a function that finds its things; the kit asks them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from linli.web.http import StaffRequest


@dataclass(frozen=True, slots=True)
class Hit:
    """One line of the palette, under the heading ``group``."""

    group: str
    label: str
    url: str
    detail: str = ""
    icon: str = "chevron-right"


Source = Callable[[StaffRequest, str], Iterable[Hit]]
_sources: list[Source] = []
_MOST = 8


def register(source: Source) -> None:
    """Add a source. It is given what was typed, never empty, and shows nothing its detail page would refuse."""
    if source not in _sources:
        _sources.append(source)


def search(request: StaffRequest, text: str) -> dict[str, list[Hit]]:
    """What all sources find, by heading, few of each."""
    found: dict[str, list[Hit]] = {}
    for source in _sources:
        for hit in source(request, text):
            group = found.setdefault(hit.group, [])
            if len(group) < _MOST:
                group.append(hit)
    return found
