"""The entries of the faces' navigation. Each face registers its own (``AppConfig.ready``); a person sees those their post may use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from django.db.models import QuerySet
from django.urls import reverse

from linli.kernel.actors import Actor
from linli.kernel.text import noop

Face = Literal["portal", "desk", "console", "field"]
WORKING_FACES: tuple[Face, ...] = ("desk", "console", "field")
MOST = 99
"""Up to so many are counted one by one; who has more reads that there are more."""
FACE_NAMES: dict[Face, str] = {"desk": noop("工作台"), "console": noop("管理台"), "field": noop("外勤")}


class Waiting(Protocol):
    """A door that gives what waits for somebody, and nothing of another place."""

    def __call__(self, *, by: Actor) -> QuerySet[Any]: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. ``label`` and ``group`` are marked with ``noop``; with several ``permissions`` one of them is enough.

    ``key`` is the shortcut, pressed after ``g``; the lowest ``order`` a person may see on desk or console is their home. ``waits``: what
    waits for somebody behind it, as a door gives it to them: asked only of who may use the entry.
    """

    face: Face
    label: str
    url_name: str
    icon: str
    permissions: frozenset[str] = frozenset()
    order: int = 100
    group: str = ""
    key: str = ""
    waits: Waiting | None = field(default=None, compare=False)

    @property
    def url(self) -> str:
        return reverse(self.url_name)

    def open_to(self, actor: Actor | None) -> bool:
        """Whether somebody may use it; without permissions it is open to everybody."""
        return not self.permissions or (actor is not None and not self.permissions.isdisjoint(actor.permissions))


_entries: dict[tuple[Face, str], Entry] = {}


def register(*entries: Entry) -> None:
    """Add entries; registering one again replaces it. Two of one face cannot have the same key."""
    for entry in entries:
        taken = [e for e in _entries.values() if (e.face, e.key) == (entry.face, entry.key) and e.url_name != entry.url_name]
        if entry.key and taken:
            raise ValueError(f"G {entry.key.upper()} of {entry.face} leads to {taken[0].url_name} already, not to {entry.url_name}")
        _entries[entry.face, entry.url_name] = entry


def entries_for(face: Face, actor: Actor | None) -> list[Entry]:
    """The entries of a face that somebody may use, in order."""
    return sorted((e for e in _entries.values() if e.face == face and e.open_to(actor)), key=lambda e: (e.order, e.url_name))


def waiting(entries: Iterable[Entry], actor: Actor | None) -> dict[Entry, int]:
    """How much waits for somebody behind some entries, of those that say so; never more than one above :data:`MOST` each.

    One query an entry, which is not read further than it is counted.
    """
    return {e: e.waits(by=actor).order_by()[: MOST + 1].count() for e in entries if e.waits and actor and e.open_to(actor)}


def many(number: int) -> str:
    """A number as a menu says it: nothing of nothing, and of more than :data:`MOST` that they are more."""
    return f"{MOST}+" if number > MOST else str(number or "")


def faces_for(actor: Actor | None) -> list[tuple[Face, str]]:
    """The faces on which somebody has work, each with the address it begins at."""
    own = [(face, [e for e in entries_for(face, actor) if e.permissions]) for face in WORKING_FACES]
    return [(face, entries[0].url) for face, entries in own if entries]


def home_for(actor: Actor) -> str:
    """Where somebody begins: the first thing their post is for, or their own account."""
    own = [e for face in WORKING_FACES for e in entries_for(face, actor) if e.permissions]
    return min(own, key=lambda e: e.order).url if own else reverse("account:home")
