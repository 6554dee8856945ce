"""What the catalogue puts into the navigation and the palette."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from linli.domains.catalog.queries import search
from linli.kernel.text import noop
from linli.web import navigation, palette
from linli.web.console.catalog.places import place_of
from linli.web.http import StaffRequest
from linli.web.navigation import Entry
from linli.web.palette import Hit

FEW = 8
VIEW = frozenset({"catalog.view"})


def standards(request: StaffRequest, text: str) -> Iterator[Hit]:
    """Items by characters, pinyin initials or everyday words, for whoever may read their standards."""
    if not request.actor.can("catalog.view"):
        return
    place = place_of(request)
    for row in search(text, region=place, on=request.today)[:FEW]:
        address = reverse("catalog:item", args=[row.item_id]) + f"?place={place}"
        yield Hit(_("事项标准"), row.name, address, row.item.main.name, "book")


navigation.register(
    Entry("console", noop("事项目录"), "catalog:items", "books", VIEW, 10, noop("事项标准"), "c"),
    Entry("console", noop("一件事"), "catalog:bundles", "package", VIEW, 15, noop("事项标准"), "y"),
    Entry("console", noop("草稿"), "catalog:drafts", "pencil", VIEW, 11, noop("事项标准"), "d"),
    Entry("console", noop("地方差异"), "catalog:drift", "git-branch", VIEW, 12, noop("事项标准"), "f"),
    Entry("console", noop("版本对比"), "catalog:compare", "git-compare", VIEW, 13, noop("事项标准"), "v"),
    Entry("console", noop("导入"), "catalog:import", "upload", frozenset({"catalog.edit"}), 14, noop("事项标准"), "i"),
)
palette.register(standards)
