"""The small values that components take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Crumb:
    """One step of ``<c-breadcrumb>``; the last one, where the reader is, has no address."""

    label: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Tab:
    """One view of the same thing, at its own address."""

    label: str
    url: str
    current: bool = False
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of ``<c-table>``. ``sort`` is its name in the address if it can be sorted by."""

    label: str
    sort: str = ""
    number: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of ``<c-timeline>``: a state word a resident uses, when, who has it (an office, not a name), and a sentence."""

    state: str
    at: date | datetime | None = None
    who: str = ""
    note: str = ""
    kind: Literal["done", "current", "ahead", "passed", "bad"] = "done"

    @property
    def icon(self) -> str:
        return {
            "done": "circle-check",
            "current": "circle-dot",
            "ahead": "circle-dashed",
            "passed": "circle-dashed",
            "bad": "circle-x",
        }[self.kind]


@dataclass(frozen=True, slots=True)
class Step:
    """One part of a longer form, for ``<c-steps>``."""

    label: str
    state: Literal["done", "current", "ahead"] = "ahead"


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of ``<c-facts>``; ``change`` is the address where it can be changed."""

    label: str
    value: str
    change: str = ""
