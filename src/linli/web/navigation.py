"""The entries of the faces' navigation. Each face registers its own (``AppConfig.ready``); a person sees those their post may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.urls import reverse

from linli.kernel.actors import Actor
from linli.kernel.text import noop

Face = Literal["portal", "desk", "console", "field"]
WORKING_FACES: tuple[Face, ...] = ("desk", "console", "field")
FACE_NAMES: dict[Face, str] = {"desk": noop("工作台"), "console": noop("管理台"), "field": noop("外勤")}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. ``label`` and ``group`` are marked with ``noop``; with several ``permissions`` one of them is enough.

    ``key`` is the shortcut, pressed after ``g``; the lowest ``order`` a person may see on desk or console is their home.
    """

    face: Face
    label: str
    url_name: str
    icon: str
    permissions: frozenset[str] = frozenset()
    order: int = 100
    group: str = ""
    key: str = ""

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


def faces_for(actor: Actor | None) -> list[tuple[Face, str]]:
    """The faces on which somebody has work, each with the address it begins at."""
    own = [(face, [e for e in entries_for(face, actor) if e.permissions]) for face in WORKING_FACES]
    return [(face, entries[0].url) for face, entries in own if entries]


def home_for(actor: Actor) -> str:
    """Where somebody begins: the first thing their post is for, or their own account."""
    own = [e for face in WORKING_FACES for e in entries_for(face, actor) if e.permissions]
    return min(own, key=lambda e: e.order).url if own else reverse("account:home")
