"""The ledger of materials that nobody was asked for, because another department held them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from itertools import islice
from typing import Any
from urllib.parse import quote

from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from openpyxl import Workbook

from linli.domains.cases.queries import case_numbers
from linli.domains.catalog.queries import names_of
from linli.domains.exchange.commands import record_export
from linli.domains.exchange.queries import Question, interfaces, saved, saved_by, saved_totals
from linli.domains.org.queries import org_names
from linli.web.access import requires
from linli.web.http import StaffRequest
from linli.web.once import once_key
from linli.web.ui.fields import Option
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column
from linli.web.ui.templatetags.linli_ui import moment

_CHUNK = 500
_TOP = 12
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for. Something unknown in it is left out."""

    item: str
    owner: str
    month: date | None
    material: str

    @classmethod
    def of(cls, asked: Any) -> Wanted:
        try:
            month = date.fromisoformat(f"{asked.get('month', '')}-01")
        except ValueError:
            month = None
        owners = {face.owner for face in interfaces()}
        owner = asked.get("owner", "")
        return cls(
            asked.get("item", "").strip()[:64], owner if owner in owners else "", month, asked.get("material", "").strip()[:100]
        )

    def rows(self, request: StaffRequest) -> QuerySet[Question]:
        return saved(by=request.actor, item=self.item, owner=self.owner, month=self.month, material=self.material)

    def said(self) -> dict[str, str]:
        """The same, for the form of the export and for the record."""
        asked = {
            "item": self.item,
            "owner": self.owner,
            "month": f"{self.month:%Y-%m}" if self.month else "",
            "material": self.material,
        }
        return {name: value for name, value in asked.items() if value}


@dataclass(frozen=True, slots=True)
class Line:
    """One material that nobody was asked for."""

    at: Any
    material: str
    item: str
    owner: str
    number: str
    case_id: Any
    place: str


def lines_of(rows: list[Question]) -> list[Line]:
    """Rows as they are shown, in three queries however many."""
    items, numbers = names_of([r.item_code for r in rows]), case_numbers(r.subject_id for r in rows)
    places = org_names(r.hall_id for r in rows)
    return [
        Line(
            r.settled_at, r.material_name, items.get(r.item_code, r.item_code), r.owner, numbers.get(r.subject_id, ""), r.subject_id,
            places.get(r.hall_id, ""),
        )
        for r in rows
    ]  # fmt: skip


@requires("cases.supervise")
@require_GET
def saved_page(request: StaffRequest) -> HttpResponse:
    """Totals, by month, by source and by item; then every single material."""
    wanted = Wanted.of(request.GET)
    rows = wanted.rows(request)
    page = page_of(rows, request, by="-settled_at")
    everything = saved(by=request.actor)
    by_month, by_owner = saved_by(rows, "month"), saved_by(rows, "owner")
    by_item, all_items = saved_by(rows, "item_code")[:_TOP], [code for code, _n, _t in saved_by(everything, "item_code")]
    names = names_of([*all_items, *(code for code, _n, _t in by_item)])
    context = {
        "wanted": wanted, "page": page, "lines": lines_of(list(page.rows)), "totals": saved_totals(rows), "chips": _chips(request, wanted, names),
        "by_month": [(f"{month:%Y-%m}", n, trips) for month, n, trips in by_month], "by_owner": by_owner,
        "by_item": [(names.get(code, code), n, trips) for code, n, trips in by_item], "option": _chart(by_month),
        "items": [Option("", _("全部")), *sorted((Option(c, names.get(c, c)) for c in all_items), key=lambda o: o.label)],
        "owners": [Option("", _("全部"))] + [Option(o, o) for o in sorted({face.owner for face in interfaces()})],
        "month": f"{wanted.month:%Y-%m}" if wanted.month else "",
        "columns": [Column(_("取得时间")), Column(_("材料")), Column(_("事项")), Column(_("数据来源")), Column(_("办件")), Column(_("收件单位"))],
        "sum_columns": [Column(_("名称")), Column(_("免交材料"), number=True), Column(_("省去跑动"), number=True)],
    }  # fmt: skip
    return render(request, "console/exchange/saved.html", context)


def _chart(by_month: list[tuple[Any, int, int]]) -> dict[str, Any]:
    return {
        "xAxis": {"type": "category", "data": [f"{month:%Y-%m}" for month, _n, _t in by_month]},
        "yAxis": {"type": "value", "minInterval": 1},
        "legend": {},
        "series": [
            {"type": "bar", "name": _("免交材料（份）"), "data": [n for _m, n, _t in by_month]},
            {"type": "bar", "name": _("省去跑动（次）"), "data": [t for _m, _n, t in by_month]},
        ],
    }


def _chips(request: StaffRequest, wanted: Wanted, names: dict[str, str]) -> list[tuple[str, str]]:
    def without(name: str) -> str:
        query = request.GET.copy()
        for gone in (name, "before", "after"):
            query.pop(gone, None)
        return "?" + query.urlencode()

    said = {"item": names.get(wanted.item, wanted.item), "owner": wanted.owner, "material": wanted.material}
    said["month"] = f"{wanted.month:%Y-%m}" if wanted.month else ""
    return [(text, without(name)) for name, text in said.items() if text]


@requires("cases.supervise")
@require_POST
def export(request: StaffRequest, form: str) -> HttpResponseBase:
    """What the list shows, all its pages; that it was taken along is recorded."""
    if form not in ("csv", "xlsx"):
        raise Http404
    wanted = Wanted.of(request.POST)
    rows = wanted.rows(request)
    key: dict[str, Any] = {"key": once_key(request)}
    record_export(filters=wanted.said(), rows=rows.count(), by=request.actor, now=request.now, **key)
    name = quote(_("免交材料台账") + f"-{request.today:%Y%m%d}.{form}")
    lined = form == "csv"
    response = (
        StreamingHttpResponse(_csv(rows), content_type="text/csv; charset=utf-8")
        if lined
        else HttpResponse(_xlsx(rows), content_type=_XLSX)
    )
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    return response


def _head() -> list[str]:
    return [_("取得时间"), _("材料"), _("事项"), _("数据来源"), _("办件编号"), _("收件单位")]


def _cells(rows: QuerySet[Question]) -> Iterator[list[str]]:
    found = rows.iterator(chunk_size=_CHUNK)
    while chunk := list(islice(found, _CHUNK)):
        for line in lines_of(chunk):
            cells = [moment(line.at), line.material, line.item, line.owner, line.number, line.place]
            yield ["'" + c if c[:1] in ("=", "+", "-", "@", "\t", "\r") else c for c in map(str, cells)]


class _Echo:
    """A file that gives back what is written to it, so that lines can be sent as they come."""

    def write(self, text: str) -> str:
        return text


def _csv(rows: QuerySet[Question]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff"  # without it spreadsheets take the Chinese for something else
    yield writer.writerow(_head())
    for cells in _cells(rows):
        yield writer.writerow(cells)


def _xlsx(rows: QuerySet[Question]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_("免交材料台账"))
    sheet.append(_head())
    for cells in _cells(rows):
        sheet.append(cells)
    out = BytesIO()
    book.save(out)
    return out.getvalue()
