"""The lists of the catalogue: what is in force, drafts, what is to come, what has ended, and where places differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from linli.domains.catalog import queries as catalog
from linli.domains.catalog.queries import ItemStandard
from linli.kernel.text import Message
from linli.web.access import requires
from linli.web.console.catalog.places import Places, place_of
from linli.web.http import StaffRequest
from linli.web.ui.fields import Option
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column, Tab

_SORTS = {"order": "item__sort", "days": "promised_days", "findings": "findings", "from": "valid_from"}


@dataclass(slots=True)
class Shown:
    """What the address asks to see of what is in force in a place."""

    place: str
    text: str
    main: str
    handling: str
    system: str
    finding: str
    rows: QuerySet[ItemStandard]
    found: dict[UUID, tuple[catalog.Finding, ...]]

    @property
    def filters(self) -> dict[str, str]:
        named = {
            "q": self.text,
            "main": self.main,
            "handling": self.handling,
            "system": self.system,
            "finding": self.finding,
        }
        return {name: value for name, value in named.items() if value}


def shown(request: StaffRequest) -> Shown:
    """The rows that the filters in the address leave, in no particular order. Used for the list and for its export."""
    get = request.GET
    place = place_of(request)
    text = get.get("q", "").strip()[:100]
    rows = _by_text(text, place, request)
    main, handling, system, finding = (get.get(name, "") for name in ("main", "handling", "system", "finding"))
    if main:
        rows = rows.filter(item__main_id=main)
    if handling in ("instant", "committed"):
        rows = rows.filter(instant=handling == "instant")
    if system in ("linli", "external"):
        rows = rows.filter(external=system == "external")
    found: dict[UUID, tuple[catalog.Finding, ...]] = {}
    if finding:
        everything = catalog.published(region=place, on=request.today).values_list("pk", flat=True)
        found = catalog.findings_of(everything)
        rows = rows.filter(pk__in=[pk for pk, all_ in found.items() if _asked(all_, finding)])
    return Shown(place, text, main, handling, system, finding, rows, found)


def _by_text(text: str, place: str, request: StaffRequest) -> QuerySet[ItemStandard]:
    """A code names its item; anything else is searched for."""
    everything = catalog.published(region=place, on=request.today)
    if "-" in text and text.isascii():
        return everything.filter(item__code__contains=text.lower())
    return catalog.search(text, region=place, on=request.today)


def _kinds(found: Iterable[catalog.Finding]) -> list[tuple[catalog.Finding, int]]:
    """One finding of each kind with how many there are, those that stop publication first."""
    by_code: dict[str, list[catalog.Finding]] = {}
    for finding in found:
        by_code.setdefault(finding.code, []).append(finding)
    return sorted(((same[0], len(same)) for same in by_code.values()), key=lambda pair: not pair[0].stops)


def _asked(found: Iterable[catalog.Finding], kind: str) -> bool:
    return any(f.stops for f in found) if kind == "stops" else any(f.code == kind for f in found)


@requires("catalog.view")
@require_GET
def items(request: StaffRequest) -> HttpResponse:
    """What is in force in a place."""
    s = shown(request)
    sort = request.GET.get("sort", "")
    column = _SORTS.get(sort.removeprefix("-"))
    by = (
        ("-" if sort.startswith("-") else "") + column
        if column
        else ("-rank" if "rank" in s.rows.query.annotations else "item__sort")
    )
    page = page_of(s.rows, request, by=by)
    everything = list(catalog.published(region=s.place, on=request.today).values_list("pk", "instant", "external", "item__main_id"))
    found = catalog.findings_of(pk for pk, *_rest in everything)
    kinds = Counter(kind for all_ in found.values() for kind in {f.code for f in all_})
    places = Places()
    drafts = set(
        catalog.drafts().filter(region=s.place, item_id__in=[r.item_id for r in page.rows]).values_list("item_id", flat=True)
    )
    context = {
        "shown": s, "page": page, "sort": sort, "empty": not page.rows,
        "rows": [{"row": r, "kinds": _kinds(found.get(r.pk, ())), "draft": r.item_id in drafts} for r in page.rows],
        "place": s.place, "place_name": places.name(s.place), "places": places.options(), "mains": _mains(),
        "kinds": [Option("stops", _("须先修改（%(n)s）") % {"n": sum(any(f.stops for f in a) for a in found.values())})]
        + [Option(k, f"{_(catalog.KINDS[k])}（{n}）") for k, n in kinds.most_common()],
        "handlings": [Option("instant", _("即办件")), Option("committed", _("承诺件"))],
        "systems": [Option("linli", _("本平台")), Option("external", _("外部系统"))],
        "chips": _chips(request, s), "clear": f"?place={s.place}", "tabs": tabs(request, "items", s.place),
        "figures": {
            "items": len(everything), "mains": len({main for *_rest, main in everything}), "instant": sum(i for _pk, i, *_r in everything),
            "external": sum(e for _pk, _i, e, _m in everything), "findings": sum(1 for a in found.values() if a),
        },
        "columns": [
            Column(_("事项"), "order"), Column(_("类型")), Column(_("承诺时限"), "days", number=True), Column(_("检查"), "findings"),
            Column(_("版本")), Column(_("生效"), "from"),
        ],
        "exports": [(f, reverse("catalog:export", args=[f]) + _query(request.GET, before="", after="", place=s.place)) for f in ("xlsx", "yaml")],
    }  # fmt: skip
    return render(request, "console/catalog/items.html", context)


def _mains() -> list[Option]:
    return [Option(m.code, m.name) for m in catalog.mains()]


def _chips(request: HttpRequest, s: Shown) -> list[tuple[str, str]]:
    words = {
        "q": f"“{s.text}”", "main": next((o.label for o in _mains() if o.value == s.main), s.main) if s.main else "",
        "handling": _("即办件") if s.handling == "instant" else _("承诺件"),
        "system": _("外部系统") if s.system == "external" else _("本平台"),
        "finding": _("须先修改") if s.finding == "stops" else _(catalog.KINDS.get(s.finding, s.finding)) if s.finding else "",
    }  # fmt: skip
    return [(words[name], _query(request.GET, **{name: ""}, before="", after="")) for name in s.filters]


def _query(get: QueryDict, **changes: str) -> str:
    """The address with some values changed; an empty value leaves."""
    query = get.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value:
            query[name] = value
    return "?" + query.urlencode()


def tabs(request: StaffRequest, current: str, place: str) -> list[Tab]:
    """The lists beside each other, each with how much is in it."""
    today = request.today
    counts: dict[str, int | None] = {
        "items": None, "drafts": catalog.drafts().filter(region__startswith=place).count(),
        "upcoming": catalog.upcoming(on=today, region=place).count(),
        "withdrawn": catalog.withdrawn(on=today, region=place).count(), "drift": catalog.drifting(on=today, region=place).count(),
    }  # fmt: skip
    labels = {
        "items": _("现行标准"), "drafts": _("草稿"), "upcoming": _("待生效"), "withdrawn": _("已停办"), "drift": _("地方差异"),
    }  # fmt: skip
    return [Tab(labels[n], reverse(f"catalog:{n}") + f"?place={place}", n == current, c) for n, c in counts.items()]


_COLUMNS = {
    "drafts": lambda: [Column(_("事项")), Column(_("地区")), Column(_("版本")), Column(_("检查")), Column(_("最后修改"))],
    "upcoming": lambda: [Column(_("事项")), Column(_("地区")), Column(_("版本")), Column(_("生效")), Column(_("发布"))],
    "withdrawn": lambda: [Column(_("事项")), Column(_("地区")), Column(_("版本")), Column(_("停办")), Column(_("办理"))],
}


def _list(request: StaffRequest, name: str, rows: QuerySet[ItemStandard], by: str, **more: Any) -> HttpResponse:
    place = place_of(request)
    places = Places()
    page = page_of(rows, request, by=by)
    context = {
        "page": page, "empty": not page.rows, "rows": [{"row": r, "place": places.name(r.region)} for r in page.rows], "place": place,
        "place_name": places.name(place), "places": places.options(), "tabs": tabs(request, name, place), "columns": _COLUMNS[name](),
    }  # fmt: skip
    return render(request, f"console/catalog/{name}.html", context | more)


@requires("catalog.view")
@require_GET
def drafts(request: StaffRequest) -> HttpResponse:
    """Open drafts of a place and of those below it, the one touched last first."""
    rows = catalog.drafts().filter(region__startswith=place_of(request))
    return _list(request, "drafts", rows, "-edited_at")


@requires("catalog.view")
@require_GET
def upcoming(request: StaffRequest) -> HttpResponse:
    """What is published but counts only from a later day."""
    return _list(request, "upcoming", catalog.upcoming(on=request.today, region=place_of(request)), "valid_from")


@requires("catalog.view")
@require_GET
def withdrawn(request: StaffRequest) -> HttpResponse:
    """Items that a place no longer offers."""
    return _list(request, "withdrawn", catalog.withdrawn(on=request.today, region=place_of(request)), "-valid_from")


@requires("catalog.view")
@require_GET
def drift(request: StaffRequest) -> HttpResponse:
    """Where places differ from the standard above them, and in what."""
    place = place_of(request)
    places = Places()
    counts = catalog.drift_counts(on=request.today, region=place)
    page = page_of(catalog.drifting(on=request.today, region=place), request, by="region")
    context = {
        "page": page, "empty": not page.rows, "place": place, "place_name": places.name(place), "places": places.options(),
        "tabs": tabs(request, "drift", place),
        "rows": [
            {
                "row": r, "place": places.name(r.region), "above": places.name(r.base.region) if r.base else "", "drift": catalog.drift_of(r),
                "compare": reverse("catalog:compare") + "?" + urlencode({"item": r.item_id, "before": str(r.base_id), "after": str(r.pk)}),
            }
            for r in page.rows
        ],
        "by_place": [(places.name(code), n, f"?place={code}") for code, n in counts.places.items()],
        "by_part": [(Message(catalog.PART_LABELS.get(part, part)), n) for part, n in counts.parts.items()],
        "columns": [Column(_("地区")), Column(_("事项")), Column(_("与上级不同的内容")), Column(_("生效")), Column(_("对比"), hidden=True)],
    }  # fmt: skip
    return render(request, "console/catalog/drift.html", context)
