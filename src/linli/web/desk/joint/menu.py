"""What joint matters put into the navigation and the palette."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from linli.domains.cases.queries import bundles_here
from linli.kernel.search import looks_like_number
from linli.kernel.text import noop
from linli.web import navigation, palette
from linli.web.http import StaffRequest
from linli.web.navigation import Entry
from linli.web.palette import Hit

FEW = 5


def matters(request: StaffRequest, text: str) -> Iterator[Hit]:
    """Joint matters this counter may begin, by name or pinyin initials."""
    if looks_like_number(text):
        return
    for found in bundles_here(text, by=request.actor, on=request.today)[:FEW]:
        yield Hit(_("一件事"), found.bundle.name, reverse("joint:start", args=[found.bundle.code]), found.bundle.trigger, "package")


navigation.register(
    Entry(
        "desk", noop("一件事"), "joint:matters", "package", frozenset({"cases.receive", "cases.supervise"}), 20, noop("窗口"), "j"
    )
)
palette.register(matters)
