"""The home page, the guides of all published items, and where people can go."""

from __future__ import annotations

from collections import OrderedDict
from datetime import date
from threading import Lock
from typing import Any

from django.conf import settings
from django.db.models import BigIntegerField, Count, F, Q, QuerySet
from django.db.models.functions import Cast
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linli.domains.benefits.queries import may_be_due, worksheets, worksheets_for
from linli.domains.cases.queries import joints_running, takes_rosters_online, why_not_online
from linli.domains.catalog.queries import (
    InForce,
    ItemStandard,
    get_standard,
    in_force,
    life_events,
    public_version,
    public_versions,
    published,
    search,
)
from linli.domains.documents.queries import papers
from linli.domains.org.queries import Power, authority, calendar, counters, letterhead
from linli.kernel.errors import NotFound
from linli.kernel.text import msg
from linli.web.access import public
from linli.web.files import send_pdf
from linli.web.guides import Edition, flow_picture, service_guide
from linli.web.http import Request
from linli.web.portal.bundles.rows import JointRow, joint_rows
from linli.web.portal.fresh import unless_kept
from linli.web.portal.guide import reading
from linli.web.portal.place import Place, place_of, remember
from linli.web.ui.fields import Option
from linli.web.ui.paging import page_of

_NATION = "0"  # how an address names a standard of the whole country
_NEAREST = 5  # places a guide names; the rest stand on their own page
_PDFS_KEPT = 64
FEW_RUNNING = 2  # joint matters that the home page shows; the rest stand with one's cases
_pdfs: OrderedDict[tuple[object, ...], bytes] = OrderedDict()
_lock = Lock()


def _topics(place: Place, on: date) -> dict[str, str]:
    """The business lines offered in a place by code, first those with the most items for persons; firms know their way."""
    for_persons = Count("pk", filter=Q(applicant_kinds__contains=["person"]))
    rows = (
        published(region=place.code, on=on)
        .values("domain", "item__main__domain_name")
        .annotate(n=for_persons)
        .order_by("-n", "domain")
    )
    return {row["domain"]: row["item__main__domain_name"] for row in rows}


@public
@require_safe
def home(request: Request) -> HttpResponseBase:
    """Where anybody begins: find an item, check a document, find the way to a hall."""
    place = place_of(request)
    topics = _topics(place, request.today)
    halls = list(counters(region=place.code, on=request.today)[:3])

    def make() -> HttpResponse:
        return remember(
            render(request, "portal/guide/home.html", _home(place, topics, halls) | {"running": _running(request)}), place
        )

    return unless_kept(request, make, place, topics, [_as_read(h) for h in halls])


def _running(request: Request) -> list[JointRow]:
    """The joint matters of whoever is signed in that are under way, the newest first."""
    if request.actor is None or not request.actor.resident_id:
        return []
    return joint_rows(joints_running(by=request.actor, on=request.today)[:FEW_RUNNING], by=request.actor)


def _home(place: Place, topics: dict[str, str], halls: list[Any]) -> dict[str, Any]:
    events = life_events()
    return {
        "place": place, "topics": topics, "halls": halls, "for_persons": [e for e in events if e.applicant == "person"],
        "for_firms": [e for e in events if e.applicant == "employer"],
    }  # fmt: skip


def _as_read(hall: Any) -> tuple[str, ...]:
    return (hall.name, hall.address, hall.phone, hall.opening_hours)


# -- the list -------------------------------------------------------------------------------------------------------------


@public
@require_safe
def guides(request: Request) -> HttpResponse:
    """Every item in force in a place, by search, topic and kind of applicant."""
    place = place_of(request)
    topics = _topics(place, request.today)
    text = request.GET.get("q", "").strip()[:100]
    who, topic, instant = request.GET.get("who", ""), request.GET.get("topic", ""), request.GET.get("instant") == "true"
    who, topic = who if who in reading.APPLICANTS else "", topic if topic in topics else ""
    rows = search(text, region=place.code, on=request.today) if text else published(region=place.code, on=request.today)
    if who:
        rows = rows.filter(applicant_kinds__contains=[who])
    if topic:
        rows = rows.filter(domain=topic)
    if instant:
        rows = rows.filter(instant=True)
    context = {
        "place": place, "page": _page(rows, request), "text": text, "who": who, "topic": topic, "instant": instant,
        "topics": [Option(code, name) for code, name in topics.items()],
        "applicants": [Option(code, _(word)) for code, word in reading.APPLICANTS.items()],
        "events": [e for e in life_events() if e.is_meant(text)],
        "chips": _chips(request, text=text, who=who, topic=topics.get(topic, ""), instant=instant),
    }  # fmt: skip
    return remember(render(request, "portal/guide/list.html", context), place)


def _page(rows: QuerySet[ItemStandard], request: Request) -> Any:
    rows = rows.defer("doc", "overrides")
    if "rank" not in rows.query.annotations:
        return page_of(rows, request, by="item__sort")
    # The rank is a real number; a page begins after a whole one, so that no rounding loses a row.
    return page_of(rows.annotate(fit=Cast(F("rank") * 1_000_000, BigIntegerField())), request, by="-fit")


def _chips(request: Request, *, text: str, who: str, topic: str, instant: bool) -> list[tuple[str, str]]:
    """What is filtered now, each with the address without it."""
    said = {
        "q": f"“{text}”" if text else "", "who": _(reading.APPLICANTS[who]) if who else "", "topic": topic,
        "instant": _("当场办结") if instant else "",
    }  # fmt: skip
    chips = []
    for name, words in said.items():
        if words:
            rest = request.GET.copy()
            for gone in (name, "before", "after"):
                rest.pop(gone, None)
            chips.append((words, "?" + rest.urlencode()))
    return chips


@public
@require_safe
def life(request: Request, event: str) -> HttpResponse:
    """What matters when something happens in a life: each item with how long it takes, and what can be done online."""
    place = place_of(request)
    found = next((e for e in life_events() if e.code == event), None)
    if found is None:
        raise NotFound(what=msg("这一页"))
    rows = {row.item_id: row for row in published(region=place.code, on=request.today).filter(item_id__in=found.items)}
    lines = [_life_line(rows[code]) for code in found.items if code in rows]
    context = {
        "place": place,
        "event": found,
        "lines": lines,
        "sheets": worksheets_for(found.items),
        "discover": may_be_due(found.items),
    }
    return remember(render(request, "portal/guide/life.html", context), place)


def _life_line(row: ItemStandard) -> dict[str, Any]:
    s = get_standard(row.pk)
    promised = s.times.promised
    return {"s": s, "online": why_not_online(s) is None, "how_long": reading.how_long(promised) if promised else None}


# -- one item -------------------------------------------------------------------------------------------------------------


@public
@require_safe
def item(request: Request, code: str) -> HttpResponseBase:
    """The guide of an item as it counts today in the reader's place."""
    place = place_of(request)
    found = in_force(code, region=place.code, on=request.today)
    if found is None:
        return _not_here(request, place, code)
    return _guide(request, place, found)


@public
@require_safe
def version(request: Request, code: str, region: str, version: int) -> HttpResponseBase:
    """The guide of an item in one version, at an address that keeps; says so when another version counts."""
    return _guide(request, _place_in(place_of(request), region), _version(code, region, version), kept=True)


def _place_in(place: Place, region: str) -> Place:
    """The reader's own place when it lies where the version counts, otherwise the place of the version."""
    region = "" if region == _NATION else region
    if place.code.startswith(region):
        return place
    name = next((o.label for o in place.choices if o.value == region), region)
    return Place(region, name, place.choices, asked=False)


def _version(code: str, region: str, version: int) -> InForce:
    return public_version(code, region="" if region == _NATION else region, version=version)


def _not_here(request: Request, place: Place, code: str) -> HttpResponse:
    """An item that does not exist, or not in this place: where it is offered, and what to do."""
    elsewhere = [o for o in place.choices if o.value != place.code and in_force(code, region=o.value, on=request.today)][:5]
    context = {"place": place, "elsewhere": elsewhere, "code": code}
    return remember(render(request, "portal/guide/not_here.html", context, status=404), place)


def _guide(request: Request, place: Place, found: InForce, *, kept: bool = False) -> HttpResponseBase:
    s = found.standard
    where = list(counters(region=place.code, on=request.today, item_code=s.code)[: _NEAREST + 1])
    decides = authority(s.code, region=place.code, on=request.today).nearest(Power.DECIDE)
    body = letterhead(decides) if decides else None
    versions = list(public_versions(s.code, region=found.region))
    newest = next((v for v in versions if v.valid_from and v.valid_from <= request.today), None)

    def make() -> HttpResponse:
        remedy = papers.Remedy(review_body=body.review_body, court=body.court) if body and body.review_body and body.court else None
        promised = s.times.promised
        context = {
            "s": s, "sheets": worksheets_for([s.code]), "discover": may_be_due([s.code]), "why_not": why_not_online(s),
            "roster": takes_rosters_online(s), "found": found, "place": place, "body": body, "remedy": remedy, "kept": kept,
            "where": where[:_NEAREST], "more_places": len(where) > _NEAREST,
            "how_long": reading.how_long(promised) if promised else None,
            "counted": reading.counted(promised, msg("受理")) if promised else None,
            "instance": reading.for_instance(promised, request.today, calendar(place.code)) if promised else None,
            "limits": list(reading.limit_lines(s)), "asked": reading.materials_asked(s), "verified": reading.materials_found(s),
            "applicants": [_(reading.APPLICANTS[k]) for k in s.applicant_kinds],
            "channels": [_(reading.CHANNELS[c]) for c in s.channels if c in reading.CHANNELS],
            "sources": reading.sources(s), "unsourced": [_(part) for part in reading.not_yet_sourced(s)],
            "flow": flow_picture(s), "versions": [(v, _address(s.code, v.region, v.version)) for v in versions],
            "address": _address(s.code, found.region, found.version), "pdf": _pdf_address(s.code, found, kept=kept),
            "replaced": kept and newest is not None and newest.pk != found.id, "to_come": found.valid_from > request.today,
            "canonical": settings.ENV.public_url + reverse("guide:item", args=[s.code]),
        }  # fmt: skip
        return remember(render(request, "portal/guide/item.html", context), place)

    # An example names a day, so a copy is good for its day only.
    read = [_as_read(w) for w in where], body, [(v.pk, v.valid_from) for v in versions]
    return unless_kept(request, make, found.id, place, kept, request.today, read)


def _address(code: str, region: str, version: int) -> str:
    return reverse("guide:version", args=[code, region or _NATION, version])


def _pdf_address(code: str, found: InForce, *, kept: bool) -> str:
    if kept:
        return reverse("guide:version_pdf", args=[code, found.region or _NATION, found.version])
    return reverse("guide:pdf", args=[code])


@public
@require_safe
def item_pdf(request: Request, code: str) -> HttpResponseBase:
    """办事指南 on paper, as it counts today."""
    place = place_of(request)
    return _pdf(request, place, _must_be_here(request, place, code))


@public
@require_safe
def version_pdf(request: Request, code: str, region: str, version: int) -> HttpResponseBase:
    """办事指南 on paper, in one version."""
    return _pdf(request, _place_in(place_of(request), region), _version(code, region, version))


def _must_be_here(request: Request, place: Place, code: str) -> InForce:
    found = in_force(code, region=place.code, on=request.today)
    if found is None:
        raise NotFound(what=msg("这个事项"))
    return found


def _pdf(request: Request, place: Place, found: InForce) -> HttpResponseBase:
    """Printing takes the processor a moment, so the papers of a day are kept."""
    s = found.standard
    key = (found.id, place.code, request.today)

    def make() -> HttpResponse:
        with _lock:
            content = _pdfs.get(key)
        if content is None:
            edition = Edition(s, place.code, found.version, found.valid_from)
            content = service_guide(
                edition, on=request.today, online_url=settings.ENV.public_url + reverse("guide:item", args=[s.code])
            )
            with _lock:
                _pdfs[key] = content
                while len(_pdfs) > _PDFS_KEPT:
                    _pdfs.popitem(last=False)
        return send_pdf(content, f"{s.name}办事指南")

    return unless_kept(request, make, *key)


@public
@require_safe
def item_json(request: Request, code: str) -> HttpResponseBase:
    """The standard of an item as data, for whoever republishes it."""
    place = place_of(request)
    found = _must_be_here(request, place, code)
    data = {
        "region": found.region, "version": found.version, "valid_from": found.valid_from,
        "address": settings.ENV.public_url + _address(code, found.region, found.version), "standard": found.standard.dump(),
    }  # fmt: skip
    return unless_kept(request, lambda: JsonResponse(data, json_dumps_params={"ensure_ascii": False}), found.id, place.code)


@public
@require_safe
def item_form(request: Request, code: str) -> HttpResponseBase:
    """The form of an item to look at, and to print and fill in by hand."""
    place = place_of(request)
    found = _must_be_here(request, place, code)
    context = {"s": found.standard, "found": found, "place": place}
    return unless_kept(request, lambda: render(request, "portal/guide/form.html", context), "form", found.id, place)


# -- the way there ----------------------------------------------------------------------------------------------------------


@public
@require_safe
def halls(request: Request) -> HttpResponse:
    """Where people can go, all of it or for one item."""
    place = place_of(request)
    code = request.GET.get("item", "")
    found = in_force(code, region=place.code, on=request.today) if code else None
    rows = counters(region=place.code, on=request.today, item_code=found.standard.code if found else "")
    context = {
        "place": place, "item": found.standard if found else None, "keep": {"item": code if found else ""},
        "page": page_of(rows, request, by="path"),
    }  # fmt: skip
    return remember(render(request, "portal/guide/halls.html", context), place)


# -- for machines -----------------------------------------------------------------------------------------------------------


@public
@require_safe
def sitemap(request: Request) -> HttpResponseBase:
    """Every public page that keeps its address; one file holds up to 50,000."""
    place = place_of(request)
    rows = published(region=place.code, on=request.today).values_list("item_id", "valid_from")
    base = settings.ENV.public_url
    pages: list[tuple[str, date | None]] = [
        (base + reverse(name), None)
        for name in ("guide:home", "guide:list", "guide:halls", "due:ask", "due:calculators", "verify:form", "verify:record")
    ]
    pages += [(base + reverse("due:calculator", args=[name]), None) for name in worksheets()]
    pages += [(base + reverse("guide:item", args=[code]), day) for code, day in rows[:49_000]]
    return render(request, "portal/guide/sitemap.xml", {"pages": pages}, content_type="application/xml")


@public
@require_safe
def robots(request: Request) -> HttpResponse:
    """Guides may be found by anybody; documents only by who holds them."""
    lines = ["User-agent: *", "Disallow: /verify/", "Disallow: /login", "Disallow: /desk/", "Disallow: /console/",
             f"Sitemap: {settings.ENV.public_url}{reverse('guide:sitemap')}", ""]  # fmt: skip
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@public
@require_safe
def favicon(request: Request) -> HttpResponse:
    """Browsers ask for it by this name whatever a page says."""
    return redirect(static("ui/mark.svg"), permanent=True)
