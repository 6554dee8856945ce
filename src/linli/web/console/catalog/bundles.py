"""Joint matters in the console: what there is, and one with its picture, its merged lists and what it saves."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linli.domains.catalog.queries import bundle_in_force, bundles_in_force, joined_here, partner_departments, unlisted_papers
from linli.web.access import requires
from linli.web.console.catalog.places import place_of
from linli.web.http import StaffRequest
from linli.web.joint import gains_of, picture
from linli.web.ui.parts import Column


@requires("catalog.view")
@require_safe
def bundles(request: StaffRequest) -> HttpResponse:
    """Every joint matter of a place, by the order of the catalogue."""
    found = bundles_in_force(region=place_of(request), on=request.today)
    columns = [Column(_("一件事")), Column(_("何时")), Column(_("事项")), Column(_("情形问题")), Column(_("版本"))]
    return render(request, "console/catalog/bundles.html", {"bundles": found, "columns": columns, "nothing": not found})


@requires("catalog.view")
@require_safe
def bundle(request: StaffRequest, code: str) -> HttpResponse:
    """One joint matter put together from the standards in force."""
    place = place_of(request)
    found = bundle_in_force(code, region=place, on=request.today)
    whole = joined_here(found, region=place, on=request.today)
    here, partners = {s.code for s in whole.members}, partner_departments()
    context = {
        "found": found, "bundle": found.bundle, "whole": whole, "flow": picture(whole) if whole.members else None,
        "gains": gains_of(whole) if whole.members else [], "unlisted": unlisted_papers(whole),
        "absent": [m.code for m in found.bundle.members if m.code not in here],
        "members": [
            (s, partners.get(s.code, _("人社部门")), found.bundle.member(s.code), [whole.standard(w).name for w in whole.waits[s.code]])
            for s in whole.members
        ],
        "member_columns": [Column(_("事项")), Column(_("部门")), Column(_("何种情形")), Column(_("等谁"))],
        "form_columns": [Column(_("栏目")), Column(_("类型")), Column(_("必填")), Column(_("供几个事项用"))],
        "fields": [(f, f.type.label, sum(name == f.name for name in whole.form.answers.values())) for f in whole.form.fields],
        "material_columns": [Column(_("材料")), Column(_("怎样来")), Column(_("供几个事项用"))],
    }  # fmt: skip
    return render(request, "console/catalog/bundle.html", context)
