"""Choosing some items of the catalogue in a form, without a script: what was found and what was chosen stand as boxes to tick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.http import QueryDict

from linli.domains.catalog.queries import names_of, search

SHOWN = 8  # of what was found
MOST = 20  # of what may be chosen


@dataclass(frozen=True, slots=True)
class ItemPick:
    """``lines`` are code, name and whether it is ticked. ``looked_for`` is what was searched for just now."""

    lines: list[tuple[str, str, bool]]
    looked_for: str = ""
    found: int = 0

    @property
    def chosen(self) -> list[str]:
        return [code for code, _name, ticked in self.lines if ticked]


def looks_for_items(sent: QueryDict) -> bool:
    """Whether somebody searches, with the button or by Enter, and does not mean to go on."""
    return "find" in sent or bool(sent.get("q", "").strip())


def pick_items(sent: QueryDict | None, *, kept: Sequence[str] = (), kind: str, region: str, on: date) -> ItemPick:
    """What stands in the form: of what was sent, or else of what was kept before. What is no item is left out."""
    codes = (sent.getlist("items") if sent is not None else list(kept))[:MOST]
    text = sent.get("q", "").strip()[:100] if sent is not None else ""
    chosen = names_of(codes)
    found = list(search(text, region=region, on=on).filter(applicant_kinds__contains=[kind])[:SHOWN]) if text else []
    more = [(s.item_id, s.name, False) for s in found if s.item_id not in chosen]
    return ItemPick([(c, chosen[c], True) for c in dict.fromkeys(codes) if c in chosen] + more, text, len(found))
