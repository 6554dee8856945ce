"""Whose service this is: the name, telephone and hours on every page, taken from the bureau at the top of the organisation."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.db import DatabaseError
from django.utils.translation import gettext_lazy

from linli.domains.org.queries import OrgKind, tree

HOTLINE = "12333"  # the nationwide line for human resources and social security
_SECONDS = 30.0
_kept: tuple[float, Site] | None = None


@dataclass(frozen=True, slots=True)
class Site:
    name: str
    phone: str = HOTLINE
    hours: str = ""
    address: str = ""


def site() -> Site:
    """The bureau as it stands in the organisation tree, kept for some seconds; a plain name if that cannot be read."""
    global _kept
    if _kept and time.monotonic() - _kept[0] < _SECONDS:
        return _kept[1]
    plain = Site(str(gettext_lazy("人力资源和社会保障局")))
    try:
        top = tree().filter(kind=OrgKind.BUREAU, parent=None).order_by("code").first()
    except DatabaseError:
        return plain
    found = Site(top.name, top.phone or HOTLINE, top.opening_hours, top.address) if top else plain
    _kept = time.monotonic(), found
    return found


def forget_site() -> None:
    """Read it again at the next use."""
    global _kept
    _kept = None
