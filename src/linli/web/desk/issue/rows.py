"""Cases as lines of a list: what, for whom, until when; few queries however many lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from linli.domains.cases.queries import Case, case_colour
from linli.domains.catalog.queries import names_of
from linli.domains.people.queries import Party, parties
from linli.web.ui.parts import Column


def columns(labels: Iterable[str]) -> list[Column]:
    """Columns without sorting, by labels marked with ``noop``."""
    return [Column(_(label)) for label in labels]


@dataclass(frozen=True, slots=True)
class Line:
    """One case in a list. ``shade`` is the state of its clock as ``<c-clock>`` knows it."""

    case: Case
    item: str
    applicant: Party
    shade: str = ""

    @property
    def number(self) -> str:
        return self.case.number or ""

    @property
    def about(self) -> str:
        return f"{self.applicant.name} · {self.item}"


def lines(cases: Iterable[Case], *, now: datetime | None = None) -> list[Line]:
    """Cases with the names of item and applicant, and with ``now`` how their clocks stand."""
    cases = list(cases)
    who, items = parties(c.applicant_id for c in cases), names_of([c.item_code for c in cases])
    return [
        Line(c, items.get(c.item_code, c.item_code), who[c.applicant_id], case_colour(c, now=now).value if now else "")
        for c in cases
    ]
