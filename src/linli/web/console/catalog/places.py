"""Of which place the catalogue is shown: named in the address, else the reader's own."""

from __future__ import annotations

from django.utils.translation import gettext as _

from linli.domains.org.queries import regions
from linli.web.http import StaffRequest
from linli.web.ui.fields import Option


def place_of(request: StaffRequest) -> str:
    """The place in the address, as far as it is one; else where the reader's organisation is."""
    asked = request.GET.get("place", request.POST.get("place", ""))
    return asked if asked.isdigit() and len(asked) <= 12 else request.actor.region


class Places:
    """The names of all places, read once for a page."""

    def __init__(self) -> None:
        self.names = dict(regions().values_list("code", "name"))

    def name(self, code: str) -> str:
        """What a place is called; the country and an unknown code have words too."""
        return self.names.get(code, code) if code else _("全国")

    def options(self, *, under: str = "") -> list[Option]:
        """Places to choose from, indented by level."""
        codes = [c for c in self.names if c.startswith(under)]
        least = min(map(len, codes), default=0)
        return [Option(c, "\u3000" * sum(least < n <= len(c) for n in (4, 6, 9, 12)) + self.names[c]) for c in codes]
