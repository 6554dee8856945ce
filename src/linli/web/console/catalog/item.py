"""One item: what its standard says, element by element, with what is wrong beside it; and its guides on paper."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from linli.domains.catalog import queries as catalog
from linli.domains.catalog.queries import Element, Finding, ItemStandard, Limit, LocalRule, Standard, limit_said
from linli.domains.org.queries import Power, authorities
from linli.web import guides
from linli.web.access import requires
from linli.web.console.catalog.places import Places, place_of
from linli.web.http import StaffRequest
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column, Fact

_NUMERALS = "一二三四五六七八"
_PART = {Element.MAIN_NAME: "main_name", Element.SUB_NAME: "name"}  # the others are called as in the document


@dataclass(frozen=True, slots=True)
class ElementView:
    """One of the eight elements on the page: its number, what is wrong with it, and what a lower level may do with it."""

    element: Element
    numeral: str
    findings: list[Finding]
    locked: bool
    rule: str
    differs: bool

    @property
    def id(self) -> str:
        return f"e-{self.element.value}"


def elements(standard: Standard, *, differs: set[str]) -> list[ElementView]:
    """The eight elements in order, with the findings of the check."""
    found: dict[Element, list[Finding]] = defaultdict(list)
    for finding in catalog.check_standard(standard):
        found[finding.element].append(finding)
    views = []
    for numeral, element in zip(_NUMERALS, Element, strict=True):
        part = _PART.get(element, element.value)
        rule = catalog.LOCAL_RULES[part]
        views.append(ElementView(element, numeral, found[element], rule is LocalRule.LOCKED, rule.label, part in differs))
    return views


@requires("catalog.view")
@require_GET
def item(request: StaffRequest, code: str) -> HttpResponse:
    """An item as it counts in a place; where nothing counts, its newest version there or anywhere."""
    place = place_of(request)
    row = catalog.in_force_row(code, region=place, on=request.today)
    if row is None:
        row = catalog.versions(code).filter(region=place).first() or catalog.versions(code).first()
    if row is None:
        raise Http404
    return _page(request, catalog.get_row(row.pk), place)


@requires("catalog.view")
@require_GET
def version(request: StaffRequest, standard_id: UUID) -> HttpResponse:
    """One version, whether it counts, has counted, will count, or is a draft."""
    row = catalog.get_row(standard_id)
    return _page(request, row, (request.GET.get("place") and place_of(request)) or row.region)


def _page(request: StaffRequest, row: ItemStandard, place: str) -> HttpResponse:
    places = Places()
    standard = Standard.model_validate(row.doc)
    all_versions = catalog.versions(row.item_id)
    standing = catalog.in_force_row(row.item_id, region=place, on=request.today)
    draft = all_versions.filter(region=place, status=catalog.Status.DRAFT).first()
    differs = catalog.drift_of(row)
    local = catalog.drifting(on=request.today).filter(item_id=row.item_id).exclude(pk=row.pk)[:50]
    versions = page_of(all_versions, request, by="-edited_at", size=10)
    findings = catalog.check_standard(standard)
    context = {
        "row": row, "s": standard, "place": place, "place_name": places.name(place), "region_name": places.name(row.region),
        "elements": {v.element.value: v for v in elements(standard, differs={d.part for d in differs})}, "findings": findings,
        "stopping": sum(f.stops for f in findings), "flow": guides.flow_picture(standard),
        "links": [(link, _(guides.who(link))) for link in standard.links], "times": _times(standard), "facts": _facts(standard),
        "more": _more(standard), "standing": standing, "draft": draft, "differs": differs,
        "may_edit": catalog.may_edit(request.actor, place), "may_publish": catalog.may_publish(request.actor, place),
        "places": places.options(), "state": _state(row, standing, request),
        "local": [
            {"row": r, "place": places.name(r.region), "drift": catalog.drift_of(r), "compare": _compare(row.item_id, r.base_id, r.pk)} for r in local
        ],
        "versions": versions,
        "version_rows": [
            {"row": v, "place": places.name(v.region), "state": _state(v, standing, request), "compare": _compare(row.item_id, v.pk, row.pk)}
            for v in versions.rows
        ],
        "compare": _compare(row.item_id, row.base_id or (standing.pk if standing else None), row.pk),
        "authority": _authority(row.item_id, place, request, places), "powers": [_(p.label) for p in Power],
        "material_columns": [
            Column(_("材料")), Column(_("形式")), Column(_("必要性")), Column(_("来源")), Column(_("可替代")), Column(_("依据和备注")),
        ],
        "form_columns": [Column(_("名称")), Column(_("类型")), Column(_("必填")), Column(_("选项和备注"))],
        "version_columns": [Column(_("版本")), Column(_("地区")), Column(_("状态")), Column(_("生效")), Column(_("编辑")), Column(_("对比"), hidden=True)],
    }  # fmt: skip
    return render(request, "console/catalog/item.html", context)


def _state(row: ItemStandard, standing: ItemStandard | None, request: StaffRequest) -> tuple[str, str]:
    """The tone and the word for how a version stands today."""
    if row.status == catalog.Status.DRAFT:
        return "soon", _("草稿")
    if row.status == catalog.Status.WITHDRAWN:
        return "bad", _("停办")
    if row.valid_from and row.valid_from > request.today:
        return "info", _("待生效")
    if standing and standing.pk == row.pk:
        return "done", _("现行")
    return "plain", _("历史版本") if not standing or standing.region == row.region else _("其他地区")


def _compare(code: str, before: UUID | None, after: UUID) -> str:
    if before is None or before == after:
        return ""
    return reverse("catalog:compare") + "?" + urlencode({"item": code, "before": str(before), "after": str(after)})


def _times(s: Standard) -> list[dict[str, Any]]:
    """Every limit with its basis and how sure it is, in words."""
    t = s.times
    named: list[tuple[str, Limit | None, str]] = [
        (_("承诺办结"), t.promised, _("即办件") if t.instant else ""), (_("法定办结"), t.statutory, ""),
        (_("一次性告知"), t.notice, _("逾期未告知视为受理") if t.notice and t.notice.deemed_accepted else ""),
        (_("可以延长"), t.extension, t.extension.approver if t.extension else ""), (_("送达"), t.delivery, ""),
    ]  # fmt: skip
    sure = catalog.CHOICES["certainty"]
    tones = {"V": "done", "M": "info", "L": "plain", "K": "soon"}
    return [
        {
            "name": name, "limit": limit_said(limit).render(_) if limit else "", "basis": limit.basis if limit else "", "note": note,
            "sure": _(sure[limit.certainty]) if limit and limit.certainty else "", "tone": tones.get(limit.certainty, "plain") if limit else "",
        }
        for name, limit, note in named
    ]  # fmt: skip


def words(kind: str, values: tuple[str, ...] | list[str]) -> str:
    """What the short words of a document are called, in a row."""
    return "、".join(_(catalog.CHOICES[kind][v]) for v in values)


def _facts(s: Standard) -> list[Fact]:
    return [
        Fact(_("事项编码"), s.code), Fact(_("国家基本编码"), s.national_code), Fact(_("类型"), s.kind.value),
        Fact(_("服务对象"), words("applicant_kinds", s.applicant_kinds)),
        Fact(_("办理系统"), s.external_system if s.handled_in == "external" else _("本平台")),
        Fact(_("到现场次数"), "" if s.trips is None else str(s.trips)), Fact(_("办理渠道"), words("channels", s.channels)),
        Fact(_("可办层级"), words("levels", s.levels)), Fact(_("收费"), s.fee or _("不收费")), Fact(_("办理结果"), s.result_document),
        Fact(_("结果有效期"), s.result_validity),
    ]  # fmt: skip


def _more(s: Standard) -> list[tuple[str, tuple[str, ...]]]:
    parts = [
        (_("说明"), (s.summary,)), (_("受理条件（须同时满足）"), s.conditions), (_("受理条件（满足其一）"), s.conditions_any),
        (_("待遇标准"), (s.benefit,)), (_("内容来源"), s.provenance.sources),
    ]  # fmt: skip
    return [(label, tuple(t for t in texts if t)) for label, texts in parts if any(texts)]


def _authority(code: str, place: str, request: StaffRequest, places: Places) -> list[dict[str, Any]]:
    """Who may do what with the item for cases of the place: an organisation a line, its powers in columns."""
    held: dict[UUID, dict[str, Any]] = {}
    for a in authorities(code, on=request.today, region=place):
        line = held.setdefault(a.org_id, {"org": a.org.name, "region": places.name(a.region), "powers": set(), "documents": set()})
        line["powers"].add(a.power)
        line["documents"].add(a.document)
    return [
        line
        | {"cells": [(_(p.label), p.value in line["powers"]) for p in Power], "documents": "、".join(sorted(line["documents"]))}
        for line in held.values()
    ]


# -- on paper ---------------------------------------------------------------------------------------------------------------


@requires("catalog.view")
@require_GET
def guide(request: StaffRequest, standard_id: UUID) -> HttpResponse:
    """办事指南 as PDF."""
    edition, name = _edition(request, standard_id)
    return _pdf(guides.service_guide(edition, on=request.today), _("%(name)s办事指南") % {"name": name})


@requires("catalog.view")
@require_GET
def window_guide(request: StaffRequest, standard_id: UUID) -> HttpResponse:
    """受办分离操作指南 as PDF."""
    edition, name = _edition(request, standard_id)
    return _pdf(guides.window_guide(edition, on=request.today), _("%(name)s受办分离操作指南") % {"name": name})


def _edition(request: StaffRequest, standard_id: UUID) -> tuple[guides.Edition, str]:
    row = catalog.get_row(standard_id)
    place = (request.GET.get("place") and place_of(request)) or row.region
    return guides.Edition(Standard.model_validate(row.doc), place, row.version, row.valid_from), row.name


def _pdf(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f"inline; filename*=UTF-8''{quote(name)}.pdf"
    return response
