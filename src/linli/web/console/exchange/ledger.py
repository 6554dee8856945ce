"""The ledger of materials that nobody was asked for, because another department held them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from linli.domains.cases.queries import case_numbers
from linli.domains.catalog.queries import names_of
from linli.domains.exchange.commands import record_export
from linli.domains.exchange.queries import Question, interfaces, saved, saved_by, saved_totals
from linli.domains.org.queries import org_names
from linli.web.access import requires
from linli.web.console.exchange.files import as_file, known
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.fields import Option
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column
from linli.web.ui.templatetags.linli_ui import moment

_CHUNK = 500
_TOP = 12


def month_of(asked: Any) -> date | None:
    """The month an address asks for, if it is one."""
    try:
        return date.fromisoformat(f"{asked.get('month', '')}-01")
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for. Something unknown in it is left out."""

    item: str
    owner: str
    month: date | None
    material: str

    @classmethod
    def of(cls, asked: Any) -> Wanted:
        month = month_of(asked)
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
    said = wanted.said() | ({"item": names.get(wanted.item, wanted.item)} if wanted.item else {})
    context = {
        "wanted": wanted, "page": page, "lines": lines_of(list(page.rows)), "totals": saved_totals(rows),
        "chips": chips_of(request, said),
        "by_month": [(f"{month:%Y-%m}", n, trips) for month, n, trips in by_month], "by_owner": by_owner,
        "by_material": saved_by(rows, "material_name")[:_TOP],
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


def chips_of(request: StaffRequest, said: dict[str, str]) -> list[tuple[str, str]]:
    """What a list is narrowed by, each with the address without it."""

    def without(name: str) -> str:
        query = request.GET.copy()
        for gone in (name, "before", "after"):
            query.pop(gone, None)
        return "?" + query.urlencode()

    return [(text, without(name)) for name, text in said.items() if text]


@requires("cases.supervise")
@require_POST
def export(request: StaffRequest, form: str) -> HttpResponseBase:
    """What the list shows, all its pages; that it was taken along is recorded."""
    known(form)
    wanted = Wanted.of(request.POST)
    rows = wanted.rows(request)
    record_export(filters=wanted.said(), rows=rows.count(), by=request.actor, now=request.now, **keyed(request))
    return as_file(form, _("免交材料台账") + f"-{request.today:%Y%m%d}", _("免交材料台账"), _head(), _cells(rows))


def _head() -> list[str]:
    return [_("取得时间"), _("材料"), _("事项"), _("数据来源"), _("办件编号"), _("收件单位")]


def _cells(rows: QuerySet[Question]) -> Iterator[list[str]]:
    found = rows.iterator(chunk_size=_CHUNK)
    while chunk := list(islice(found, _CHUNK)):
        for line in lines_of(chunk):
            yield [moment(line.at), line.material, line.item, line.owner, line.number, line.place]
