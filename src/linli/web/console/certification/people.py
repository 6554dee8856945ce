"""How a place stands: counts, who is due when and where, and the people behind every count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linli.domains.benefits.queries import (
    TOWN,
    LifeStanding,
    by_town,
    certification_book,
    certification_lines,
    certifications,
    due_by_month,
    newest_check,
    overview,
)
from linli.domains.org.queries import region_names
from linli.web.access import requires
from linli.web.http import StaffRequest
from linli.web.ui.export import csv_response
from linli.web.ui.fields import Option
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column

TONES = {
    LifeStanding.CERTIFIED: "done", LifeStanding.TO_CHECK: "soon", LifeStanding.SUSPECTED: "bad", LifeStanding.PRESUMED_DEAD: "bad",
    LifeStanding.CONTRADICTED: "soon",
}  # fmt: skip
SOON = timedelta(days=60)
_BATCH = 1000
_SEE = ("benefits.certify", "benefits.view")


@requires(*_SEE)
@require_safe
def overview_page(request: StaffRequest) -> HttpResponse:
    """Counts by standing, when cycles end, and each town."""
    seen = overview(by=request.actor, on=request.today)
    months = _every_month(dict(due_by_month(by=request.actor, on=request.today)), request.today)
    people = reverse("certification:people")
    figures = [(s, seen.standings[s], TONES[s], f"{people}?{urlencode({'standing': s.value})}") for s in LifeStanding]
    check = newest_check()
    columns = [
        Column(_("乡镇（街道）")), Column(_("领取人员"), number=True), Column(_("已认证"), number=True), Column(_("60 天内到期"), number=True),
        Column(_("待核查"), number=True), Column(_("有疑点"), number=True), Column(_("已暂停"), number=True),
    ]  # fmt: skip
    context = {
        "seen": seen, "figures": figures, "months": [(m, n, f"{people}?{urlencode({'month': f'{m:%Y-%m}'})}") for m, n in months],
        "option": _option(months), "summary": _summary(months),
        "towns": by_town(by=request.actor, on=request.today, soon=request.today + SOON), "columns": columns,
        "month_columns": [Column(_("月份")), Column(_("到期人数"), number=True)], "check": check,
        "rates": _rates(check) if check else (), "may_act": request.actor.can("benefits.certify"),
        "may_decide": request.actor.can("benefits.agree"),
    }  # fmt: skip
    return render(request, "console/certification/overview.html", context)


def _every_month(known: dict[date, int], today: date) -> list[tuple[date, int]]:
    """The months from this one to the last in which a cycle ends, two years at most, also those in which none does."""
    first = today.year * 12 + today.month - 1
    last = max((m.year * 12 + m.month - 1 for m in known), default=first - 1)
    months = [date(m // 12, m % 12 + 1, 1) for m in range(first, min(last, first + 23) + 1)]
    return [(m, known.get(m, 0)) for m in months]


def _option(months: list[tuple[date, int]]) -> dict[str, Any]:
    return {
        "xAxis": {"type": "category", "data": [f"{m:%Y-%m}" for m, _n in months]},
        "yAxis": {"type": "value", "minInterval": 1},
        "grid": {"top": 24},
        "series": [
            {"type": "bar", "name": _("到期人数"), "data": [n for _m, n in months], "label": {"show": True, "position": "top"}}
        ],
    }


def _summary(months: list[tuple[date, int]]) -> str:
    if not months:
        return _("没有要到期的认证。")
    busiest = max(months, key=lambda pair: pair[1])
    return _("其间又有就医、乘车等记录的，会自动顺延。最多的是 %(month)s，%(n)s 人。") % {
        "month": f"{busiest[0]:%Y-%m}",
        "n": busiest[1],
    }


def _rates(check: Any) -> list[tuple[str, int, int, str]]:
    """What was measured: of how many, how many wrongly, as a share."""

    def share(part: int, whole: int) -> str:
        return f"{part / whole:.3%}" if whole else "—"

    return [
        (_("判为“已认证”，其实已去世（错认）"), check.certified_dead, check.certified, share(check.certified_dead, check.certified)),
        (_("判为“推定去世”，其实在世（错停风险）"), check.presumed_dead_alive, check.presumed_dead, share(check.presumed_dead_alive, check.presumed_dead)),
        (_("有疑点，其实在世（白核实）"), check.doubted_alive, check.doubted, share(check.doubted_alive, check.doubted)),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for; what is unknown in it is left out."""

    standing: LifeStanding | None
    town: str
    benefit: str
    month: date | None
    suspended: bool

    @classmethod
    def of(cls, asked: QueryDict) -> Wanted:
        standing, benefit, town = asked.get("standing", ""), asked.get("benefit", ""), asked.get("town", "")
        try:
            month = date.fromisoformat(f"{asked.get('month', '')}-01")
        except ValueError:
            month = None
        return cls(
            LifeStanding(standing) if standing in list(LifeStanding) else None, town if town.isdigit() and len(town) <= TOWN + 3 else "",
            benefit if benefit in certification_book().benefits else "", month, bool(asked.get("suspended")),
        )  # fmt: skip

    def rows(self, request: StaffRequest) -> Any:
        return certifications(
            by=request.actor, on=request.today, standing=self.standing, town=self.town, benefit=self.benefit, month=self.month,
            suspended=self.suspended,
        )  # fmt: skip

    def chips(self, asked: QueryDict) -> list[tuple[str, str]]:
        names = {
            "standing": _(self.standing.label) if self.standing else "",
            "town": (region_names([self.town]).get(self.town) or self.town) if self.town else "",
            "benefit": _(certification_book().benefits[self.benefit].label) if self.benefit else "",
            "month": _("%(month)s 到期") % {"month": f"{self.month:%Y-%m}"} if self.month else "",
            "suspended": _("已暂停发放") if self.suspended else "",
        }
        rest = {k: str(v) for k, v in asked.items() if k not in ("before", "after")}
        return [(said, "?" + urlencode({k: v for k, v in rest.items() if k != name})) for name, said in names.items() if said]


@requires(*_SEE)
@require_safe
def listing(request: StaffRequest) -> HttpResponse:
    """Receivers, narrowed by the address, by the end of their cycle."""
    wanted = Wanted.of(request.GET)
    page = page_of(wanted.rows(request), request, by="certified_until", size=30)
    lines = [(line, TONES[line.standing]) for line in certification_lines(page.rows, on=request.today)]
    columns = [Column(_("姓名")), Column(_("待遇")), Column(_("状态")), Column(_("认证到")), Column(_("地方")), Column(_("提示"))]
    context = {
        "page": page, "lines": lines, "columns": columns, "wanted": wanted, "chips": wanted.chips(request.GET),
        "month": f"{wanted.month:%Y-%m}" if wanted.month else "", "standings": [Option(s.value, _(s.label)) for s in LifeStanding],
        "benefits": [Option(b.code, _(b.label)) for b in certification_book().benefits.values()], "query": request.GET.urlencode(),
        "may_export": request.actor.can("benefits.certify"),
    }  # fmt: skip
    return render(request, "console/certification/people.html", context)


@requires("benefits.certify")
@require_safe
def export(request: StaffRequest) -> HttpResponseBase:
    """The same list as a file, with masked numbers."""
    rows = Wanted.of(request.GET).rows(request).order_by("certified_until", "pk")

    def lines() -> Iterator[tuple[object, ...]]:
        some: list[Any] = []
        for row in rows.iterator(chunk_size=_BATCH):
            some.append(row)
            if len(some) == _BATCH:
                yield from _cells(some, request.today)
                some = []
        yield from _cells(some, request.today)

    head = [_("姓名"), _("证件号码"), _("待遇"), _("状态"), _("认证到"), _("地方"), _("已暂停")]
    return csv_response(f"{_('待遇资格认证')}-{request.today:%Y%m%d}", head, lines())


def _cells(rows: list[Any], on: date) -> Iterator[tuple[object, ...]]:
    for line in certification_lines(rows, on=on) if rows else []:
        yield (
            line.party.name if line.party else "", line.party.number if line.party else "", _(line.benefit.label), _(line.standing.label),
            line.until, line.town, _("是") if line.suspended else "",
        )  # fmt: skip
