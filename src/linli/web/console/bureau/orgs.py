"""Organisations: the tree, one of them with its authority, adding one, and giving or ending authority under a document."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET, require_http_methods

from linli.domains.catalog.queries import names_of, published
from linli.domains.org.commands import OrgChangedMeanwhile, add_organisation, edit_organisation, grant, withdraw_authority
from linli.domains.org.queries import Organisation, OrgKind, Power, authorities_of, get_org, org_version, region_names, regions
from linli.domains.org.queries import tree as all_orgs
from linli.web.access import requires
from linli.web.console.bureau.forms import form_page
from linli.web.http import StaffRequest
from linli.web.once import keyed, once_key
from linli.web.site import forget_site
from linli.web.ui.forms import Form
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column, Fact

_DEEPEST = 5


@requires("org.manage", "org.authorise")
@require_GET
def tree(request: StaffRequest) -> HttpResponse:
    """All organisations, parents before children; by part of the name or code."""
    wanted = request.GET.get("q", "").strip()
    rows = all_orgs()
    if wanted:
        rows = rows.filter(name__icontains=wanted) | rows.filter(code__icontains=wanted)
    page = page_of(rows, request, by="path", size=50)
    lines = [(o, OrgKind(o.kind), 0 if wanted else min(o.path.count("/") - 2, _DEEPEST)) for o in page.rows]
    columns = [Column(_("机构")), Column(_("类别")), Column(_("行政区划")), Column(_("电话"))]
    return render(request, "console/bureau/orgs.html", {"page": page, "lines": lines, "columns": columns, "q": wanted})


@requires("org.manage", "org.authorise")
@require_GET
def org(request: StaffRequest, org_id: UUID) -> HttpResponse:
    """One organisation with what it may do."""
    found = get_org(org_id)
    above = {o.pk: o for o in all_orgs().filter(pk__in=[p for p in (found.parent_id, found.body_id) if p])}
    page = page_of(authorities_of(org_id, on=request.today), request, by="item_code", size=30)
    items, places = names_of([a.item_code for a in page.rows]), region_names(a.region for a in page.rows)
    context = {
        "org": found, "facts": _facts(found, above), "page": page, "parent": above.get(found.parent_id) if found.parent_id else None,
        "rows": [(a, items.get(a.item_code, a.item_code), Power(a.power), places.get(a.region, a.region)) for a in page.rows],
        "columns": [Column(_("事项")), Column(_("权限")), Column(_("适用区划")), Column(_("授权文件")), Column(_("生效日"))],
    }  # fmt: skip
    return render(request, "console/bureau/org.html", context)


def _facts(o: Organisation, above: dict[UUID, Organisation]) -> list[Fact]:
    facts = [
        Fact(_("代码"), o.code), Fact(_("类别"), _(OrgKind(o.kind).label)), Fact(_("行政区划"), f"{o.region.name}（{o.region_id}）"),
        Fact(_("地址"), o.address), Fact(_("电话"), o.phone), Fact(_("办公时间"), o.opening_hours),
    ]  # fmt: skip
    if o.body_id != o.pk:
        facts.append(Fact(_("以谁的名义"), above[o.body_id].name))
    if o.credit_code:
        facts.append(Fact(_("统一社会信用代码"), o.credit_code))
    if o.review_body:
        facts.append(Fact(_("复议机关"), o.review_body))
    if o.court:
        facts.append(Fact(_("管辖法院"), o.court))
    return facts


class OrgForm(Form):
    """A new organisation."""

    kinds = {"valid_from": "date", "phone": "text"}

    parent = forms.ChoiceField(label=_lazy("上级机构"), required=False)
    kind = forms.ChoiceField(label=_lazy("类别"), choices=lambda: [("", _("请选择")), *((k.value, _(k.label)) for k in OrgKind)])
    name = forms.CharField(label=_lazy("全称"), max_length=128)
    short_name = forms.CharField(label=_lazy("简称"), max_length=32)
    code = forms.CharField(label=_lazy("代码"), max_length=32, help_text=_lazy("本平台内唯一，登记后不再改变。"))
    region = forms.ChoiceField(label=_lazy("行政区划"))
    address = forms.CharField(label=_lazy("地址"), max_length=200, required=False)
    phone = forms.CharField(label=_lazy("电话"), max_length=32, required=False)
    opening_hours = forms.CharField(label=_lazy("办公时间"), max_length=100, required=False)
    valid_from = forms.DateField(label=_lazy("设立日期"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        parents: Any = self.fields["parent"]
        parents.choices = [("", _("没有上级")), *((str(o.pk), "　" * (o.path.count("/") - 2) + o.name) for o in all_orgs())]
        places: Any = self.fields["region"]
        places.choices = [("", _("请选择")), *((r.code, f"{r.name}（{r.code}）") for r in regions())]


@requires("org.manage")
@require_http_methods(["GET", "POST"])
def add(request: StaffRequest) -> HttpResponse:
    """Add an organisation below another."""
    initial = {"parent": request.GET.get("parent", ""), "valid_from": request.today}
    form = OrgForm(request.POST if request.method == "POST" else None, initial=initial)

    def act(given: dict[str, Any]) -> None:
        once_key(request)
        parent = given.pop("parent")
        add_organisation(
            **given | {"kind": OrgKind(given["kind"])},
            parent_id=UUID(parent) if parent else None,
            by=request.actor,
            now=request.now,
        )

    page = {
        "title": _("新增机构"), "button": _("登记机构"), "icon": "plus", "back": reverse("bureau:orgs"), "back_words": _("机构"),
        "lead": _("科室和大厅以上级机构的名义办事；其他机构以自己的名义办事。"),
    }  # fmt: skip
    return form_page(request, form, act=act, after=reverse("bureau:orgs"), said=_("机构已登记。"), page=page)


class DetailsForm(Form):
    """What an organisation's papers and pages say of it."""

    kinds = {"phone": "text", "credit_code": "credit-code"}

    short_name = forms.CharField(label=_lazy("简称"), max_length=32)
    address = forms.CharField(label=_lazy("地址"), max_length=200, required=False)
    phone = forms.CharField(label=_lazy("电话"), max_length=32, required=False)
    opening_hours = forms.CharField(label=_lazy("办公时间"), max_length=100, required=False)
    credit_code = forms.CharField(label=_lazy("统一社会信用代码"), max_length=18, required=False)
    review_body = forms.CharField(
        label=_lazy("复议机关"), max_length=128, required=False, help_text=_lazy("印在决定书上；不填写的，沿用上级机构的。")
    )
    court = forms.CharField(
        label=_lazy("管辖法院"), max_length=128, required=False, help_text=_lazy("印在决定书上；不填写的，沿用上级机构的。")
    )


@requires("org.manage")
@require_http_methods(["GET", "POST"])
def edit(request: StaffRequest, org_id: UUID) -> HttpResponse:
    """Change what its papers and pages say. What a colleague changed meanwhile is shown at the fields before it is overwritten."""
    found = get_org(org_id)
    form = DetailsForm(
        request.POST if request.method == "POST" else None, initial={name: getattr(found, name) for name in DetailsForm.base_fields}
    )
    page = {
        "title": _("修改机构资料"), "button": _("保存"), "icon": "check", "back": reverse("bureau:org", args=[org_id]),
        "back_words": found.name, "lead": _("用于网上公布的办事地点和以后出具的文书；已经出具的文书不变。"),
        "seen": request.POST.get("seen", "") or org_version(found),
    }  # fmt: skip

    def act(given: dict[str, Any]) -> None:
        try:
            edit_organisation(**given, org_id=org_id, seen=page["seen"], by=request.actor, now=request.now, **keyed(request))
        except OrgChangedMeanwhile:
            _show_what_is_there(form, given, page, get_org(org_id))
            raise
        forget_site()

    return form_page(request, form, act=act, after=reverse("bureau:org", args=[org_id]), said=_("机构资料已保存。"), page=page)


def _show_what_is_there(form: DetailsForm, given: dict[str, Any], page: dict[str, Any], org: Organisation) -> None:
    page["seen"] = org_version(org)
    for name in form.fields:
        if getattr(org, name) != given[name]:
            form[name].help_text = _("现在登记的是：%(value)s") % {"value": getattr(org, name) or _("未填写")}


class _PowersForm(Form):
    kinds = {"powers": "checkboxes", "valid_from": "date", "last_day": "date"}

    item_code = forms.ChoiceField(label=_lazy("事项"))
    powers = forms.MultipleChoiceField(
        label=_lazy("权限"), choices=lambda: [(p.value, _(p.label)) for p in Power], widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, items: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["item_code"]
        field.choices = [("", _("请选择")), *items]


class GrantForm(_PowersForm):
    """Powers over an item in a region, under a document."""

    region = forms.ChoiceField(label=_lazy("适用区划"), help_text=_lazy("该区划及其下级的申请。"))
    document = forms.CharField(label=_lazy("授权文件"), max_length=200, help_text=_lazy("文件名称和文号。"))
    valid_from = forms.DateField(label=_lazy("生效日"))

    def __init__(self, *args: Any, org: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["region"]
        within = regions().filter(code__startswith=org.region_id[:6])
        field.choices = [(r.code, f"{r.name}（{r.code}）") for r in within]


class WithdrawForm(_PowersForm):
    """Powers over an item end after a day, under a document."""

    last_day = forms.DateField(label=_lazy("最后有效日"), help_text=_lazy("此前办理的行为仍然有效，记录会保留。"))
    document = forms.CharField(label=_lazy("收回文件"), max_length=200, help_text=_lazy("文件名称和文号。"))


@requires("org.authorise")
@require_http_methods(["GET", "POST"])
def grant_powers(request: StaffRequest, org_id: UUID) -> HttpResponse:
    """Give an organisation powers over an item."""
    found = get_org(org_id)
    items = [(row.item_id, row.name) for row in published(region=found.region_id, on=request.today)]
    initial = {"region": found.region_id, "valid_from": request.today}
    form = GrantForm(request.POST if request.method == "POST" else None, initial=initial, items=items, org=found)

    def act(given: dict[str, Any]) -> None:
        once_key(request)
        grant(**given | {"powers": [Power(p) for p in given["powers"]]}, org_id=org_id, by=request.actor, now=request.now)

    page = {
        "title": _("授予权限"), "button": _("授予权限"), "icon": "key", "back": reverse("bureau:org", args=[org_id]),
        "back_words": found.name, "lead": found.name,
    }  # fmt: skip
    return form_page(request, form, act=act, after=reverse("bureau:org", args=[org_id]), said=_("权限已授予。"), page=page)


@requires("org.authorise")
@require_http_methods(["GET", "POST"])
def withdraw_powers(request: StaffRequest, org_id: UUID) -> HttpResponse:
    """End an organisation's powers over an item."""
    found = get_org(org_id)
    codes = list(authorities_of(org_id, on=request.today).order_by().values_list("item_code", flat=True).distinct())
    initial = {"item_code": request.GET.get("item", ""), "last_day": request.today}
    items = sorted(names_of(codes).items(), key=lambda pair: pair[1])
    form = WithdrawForm(request.POST if request.method == "POST" else None, initial=initial, items=items)

    def act(given: dict[str, Any]) -> None:
        once_key(request)
        withdraw_authority(
            **given | {"powers": [Power(p) for p in given["powers"]]}, org_id=org_id, by=request.actor, now=request.now
        )

    page = {
        "title": _("收回权限"), "button": _("收回权限"), "icon": "lock", "back": reverse("bureau:org", args=[org_id]),
        "back_words": found.name, "lead": found.name, "danger": True,
    }  # fmt: skip
    return form_page(request, form, act=act, after=reverse("bureau:org", args=[org_id]), said=_("权限已收回。"), page=page)
