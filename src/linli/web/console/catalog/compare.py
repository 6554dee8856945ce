"""Two versions of an item, or the same item in two places, side by side."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from linli.domains.catalog import queries as catalog
from linli.domains.catalog.queries import Comparison, ItemStandard, Piece, Standard
from linli.web.access import requires
from linli.web.console.catalog.places import Places, place_of
from linli.web.http import StaffRequest
from linli.web.ui.compare import Difference, Gain
from linli.web.ui.fields import Option


@requires("catalog.view")
@require_GET
def compare(request: StaffRequest) -> HttpResponse:
    """Which item and which two versions stand in the address; without them the page asks."""
    code = request.GET.get("item", "")
    rows = list(catalog.versions(code)) if code else []
    by_id = {str(r.pk): r for r in rows}
    before, after = (by_id.get(request.GET.get(side, "")) for side in ("before", "after"))
    if rows and not (before and after):
        before, after = before or (rows[1] if len(rows) > 1 else rows[0]), after or rows[0]
    place = place_of(request)
    places = Places()
    context: dict[str, Any] = {
        "code": code, "items": [Option(c, n) for c, n in catalog.published(region=place, on=request.today).values_list("item_id", "name")],
        "options": [Option(str(r.pk), words(r, places)) for r in rows], "before": before, "after": after, "place": place,
        "all": bool(request.GET.get("all")),
    }  # fmt: skip
    if before and after:
        result = catalog.compare(Standard.model_validate(before.doc), Standard.model_validate(after.doc))
        context |= {
            "name": after.name, "gains": gains(result), "lines": differences(result, everything=bool(context["all"])),
            "before_words": words(before, places), "after_words": words(after, places), "changed": result.changed,
        }  # fmt: skip
    return render(request, "console/catalog/compare.html", context)


def words(row: ItemStandard, places: Places) -> str:
    """A version in a choice or a heading: place, number, and from when it counts."""
    since = row.valid_from.isoformat() if row.valid_from else _("草稿")
    return _("%(place)s 第 %(n)s 版（%(since)s）") % {"place": places.name(row.region), "n": row.version, "since": since}


def gains(result: Comparison) -> list[Gain]:
    """The four figures residents feel, those that both sides name."""
    named = [
        (_("环节"), result.links, _("个")), (_("时限"), result.days, _("个工作日")), (_("材料"), result.materials, _("份")),
        (_("跑动"), result.trips, _("次")),
    ]  # fmt: skip
    return [Gain(label, g.before, g.after, unit) for label, g, unit in named if g.before is not None and g.after is not None]


def differences(result: Comparison, *, everything: bool) -> list[Difference]:
    """The lines that changed, or all of them, each under the name of its element."""
    return [
        Difference(_(diff.element.label), _text(row.before), _text(row.after))
        for diff in result.elements
        for row in diff.rows
        if everything or not row.same
    ]


def _text(pieces: tuple[Piece, ...]) -> str:
    return "".join(p.text for p in pieces)
