"""A case as one line of a list, the same on the page and in an export."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from linli.domains.cases.queries import Case, Colour, State, case_colour
from linli.domains.catalog.queries import names_of
from linli.domains.org.queries import org_names
from linli.domains.people.queries import parties

# What a colour is called by the kit's clock.
LOOKS = {
    Colour.RED: "red", Colour.AMBER: "amber", Colour.GREEN: "green", Colour.PAUSED: "paused", Colour.DONE: "stopped",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """What a supervisor sees of a case in a list."""

    id: UUID
    number: str
    item: str
    item_code: str
    applicant: str
    place: str
    state: State
    colour: Colour
    due_on: date | None
    provisional: bool
    received_at: datetime | None
    external: bool

    @property
    def look(self) -> str:
        return LOOKS[self.colour]


def lines_of(cases: Iterable[Case], *, now: datetime) -> list[Line]:
    """Lines for some cases, in four queries however many they are."""
    found = list(cases)
    items = names_of([c.item_code for c in found])
    people = parties(c.applicant_id for c in found)
    places = org_names(c.hall_id for c in found)
    return [
        Line(
            c.pk, c.number or "", items.get(c.item_code, c.item_code), c.item_code,
            people[c.applicant_id].name if c.applicant_id in people else "", places.get(c.hall_id, ""), State(c.state),
            case_colour(c, now=now), c.due_on, c.provisional, c.received_at, c.external,
        )
        for c in found
    ]  # fmt: skip
