"""What can be done, where, and what it takes: items, their guides in every version, and the places to go."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Path, Query, Router, Schema
from ninja.errors import ValidationError

from linli.api.guard import ApiRequest, Needs, who
from linli.api.paging import Cursor, Limit, page, ranked
from linli.domains.catalog.queries import (
    InForce,
    ItemKind,
    Standard,
    must_be_in_force,
    public_version,
    public_versions,
    published,
    search,
)
from linli.domains.clients.queries import Scope
from linli.domains.org.queries import OrgKind, counters

router = Router(tags=["catalogue"], auth=Needs(Scope.CATALOGUE))

Code = Annotated[str, Path(max_length=64, pattern=r"^[a-z0-9][a-z0-9-]*$", description="The code of an item.")]
Region = Annotated[
    str,
    Query(
        max_length=12,
        pattern=r"^(\d{2,12})?$",
        description="Code of an administrative division; that of your counter when it is left out.",
    ),
]


Day = Annotated[
    str, Query(pattern=r"^(\d{4}-\d\d-\d\d)?$", description="The day that counts (`2026-11-22`); today when it is left out.")
]
NATION = "0"


class ItemLine(Schema):
    """An item in a list."""

    code: str
    name: str
    main_name: str
    kind: ItemKind
    summary: str
    region: str
    version: int
    valid_from: date


class ItemPage(Schema):
    items: list[ItemLine]
    next: str | None


class Guide(Schema):
    """An item as it counts in a place: the guide as data, and where it can be read and printed."""

    code: str
    region: str
    version: int
    valid_from: date
    guide: str
    pdf: str
    standard: Standard


class Version(Schema):
    region: str
    version: int
    valid_from: date
    guide: str


class Hall(Schema):
    """Where people can go."""

    id: UUID
    name: str
    kind: OrgKind
    region: str
    address: str
    phone: str
    opening_hours: str


class HallPage(Schema):
    items: list[Hall]
    next: str | None


def _place(request: ApiRequest, region: str) -> str:
    return region or who(request).region


def _day(request: ApiRequest, text: str) -> date:
    try:
        return date.fromisoformat(text) if text else request.today
    except ValueError as error:
        raise ValidationError([{"loc": ("query", "on"), "type": "date_parsing", "msg": str(error)}]) from None


@router.get("/items", response=ItemPage)
def list_items(
    request: ApiRequest, q: Annotated[str, Query(max_length=100)] = "", region: Region = "", on: Day = "", limit: Limit = 20, cursor: Cursor = ""
) -> object:  # fmt: skip
    """Items in force in a place on a day; with `q` those that match everyday words, the best first."""
    day = _day(request, on)
    if q.strip():
        rows, after = ranked(search(q, region=_place(request, region), on=day), limit=limit, cursor=cursor)
    else:
        rows, after = page(published(region=_place(request, region), on=day), by="item_id", limit=limit, cursor=cursor)
    lines = []
    for row in rows:
        s = Standard.model_validate(row.doc)
        lines.append(
            ItemLine(
                code=s.code, name=s.name, main_name=s.main_name, kind=s.kind, summary=s.summary, region=row.region, version=row.version,
                valid_from=row.valid_from,
            )
        )  # fmt: skip
    return {"items": lines, "next": after}


@router.get("/items/{code}", response=Guide)
def get_item(request: ApiRequest, code: Code, region: Region = "", on: Day = "") -> object:
    """The guide of an item as it counts in a place on a day: conditions, materials, steps, time limits, form."""
    return _guide(request, must_be_in_force(code, region=_place(request, region), on=_day(request, on)))


def _address(request: HttpRequest, found: InForce, name: str = "guide:version") -> str:
    return request.build_absolute_uri(reverse(name, args=[found.standard.code, found.region or NATION, found.version]))


def _guide(request: HttpRequest, found: InForce) -> Guide:
    return Guide.model_construct(
        code=found.standard.code, region=found.region, version=found.version, valid_from=found.valid_from,
        guide=_address(request, found), pdf=_address(request, found, "guide:version_pdf"), standard=found.standard,
    )  # fmt: skip


@router.get("/items/{code}/guide.pdf", response={303: None})
def get_guide_pdf(request: ApiRequest, code: Code, region: Region = "", on: Day = "") -> HttpResponse:
    """Leads to the guide as PDF, at the address of its version, which stays for good."""
    found = must_be_in_force(code, region=_place(request, region), on=_day(request, on))
    return HttpResponse(status=303, headers={"Location": _address(request, found, "guide:version_pdf")})


@router.get("/items/{code}/versions", response=list[Version])
def list_versions(request: ApiRequest, code: Code, region: Region = "", on: Day = "") -> object:
    """Every published version of the item for the place whose standard counts, the newest first."""
    found = must_be_in_force(code, region=_place(request, region), on=_day(request, on))
    base = reverse("guide:item", args=[code])
    return [
        Version(
            region=v.region, version=v.version, valid_from=v.valid_from,
            guide=request.build_absolute_uri(f"{base}/{v.region or NATION}/{v.version}"),
        )
        for v in public_versions(code, region=found.region)
        if v.valid_from
    ]  # fmt: skip


@router.get("/items/{code}/versions/{region}/{version}", response=Guide)
def get_version(
    request: ApiRequest, code: Code, region: Annotated[str, Path(pattern=r"^\d{1,12}$")], version: Annotated[int, Path(ge=1, le=30_000)]
) -> object:  # fmt: skip
    """One version, whether or not it still counts; region `0` is the nation."""
    return _guide(request, public_version(code, region="" if region == NATION else region, version=version))


@router.get("/halls", response=HallPage)
def list_halls(
    request: ApiRequest, region: Region = "", item: Annotated[str, Query(max_length=64)] = "", limit: Limit = 20, cursor: Cursor = ""
) -> object:  # fmt: skip
    """Places to go, all of them or those that take in one item."""
    rows, after = page(
        counters(region=_place(request, region), on=request.today, item_code=item), by="code", limit=limit, cursor=cursor
    )
    found = [
        Hall(id=o.pk, name=o.name, kind=OrgKind(o.kind), region=o.region_id, address=o.address, phone=o.phone, opening_hours=o.opening_hours)
        for o in rows
    ]  # fmt: skip
    return {"items": found, "next": after}
