"""For which place somebody reads: chosen once, remembered on the device."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q
from django.http import HttpResponse

from linli.domains.catalog.queries import offered_in
from linli.domains.org.queries import regions
from linli.web.http import Request
from linli.web.ui.fields import Option

COOKIE = "linli_place"
_YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Place:
    """A division with a catalogue, and all among which it was chosen; ``asked`` says that this request named it."""

    code: str
    name: str
    choices: tuple[Option, ...]
    asked: bool

    @property
    def several(self) -> bool:
        return len(self.choices) > 1


def place_of(request: Request) -> Place:
    """The place the address names, the one this device remembers, or the widest one. Two queries."""
    offered = offered_in(on=request.today)
    # Provinces, cities and counties are places to choose; a town or village only where it has standards of its own.
    known = regions().filter(Q(valid_to=None) | Q(valid_to__gt=request.today), valid_from__lte=request.today)
    rows = known.filter(Q(code__in=offered) | Q(code__regex=r"^\d{2,6}$"))
    names = dict(rows.values_list("code", "name"))
    labels = {c: _label(c, names) for c in names if any(c.startswith(o) for o in offered)}
    wanted, kept = request.GET.get("region", ""), request.COOKIES.get(COOKIE, "")
    code = next((c for c in (wanted, kept) if c in labels), min(labels, key=lambda c: (len(c), c), default=""))
    choices = tuple(Option(c, label) for c, label in labels.items())
    return Place(code, labels.get(code, ""), choices, asked=bool(wanted) and code == wanted)


def _label(code: str, names: dict[str, str]) -> str:
    """A county goes by its city too, since counties of different cities may share a name."""
    above = names.get(code[:4], "") if len(code) > 4 else ""
    return f"{above} · {names[code]}" if above else names[code]


def remember(response: HttpResponse, place: Place) -> HttpResponse:
    """Keep the place on the device if this request chose it."""
    if place.asked:
        response.set_cookie(COOKIE, place.code, max_age=_YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    return response
