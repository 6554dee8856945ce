"""The catalogue in files: export of what is shown, an empty table to fill in, and import with a look before it is done."""

from __future__ import annotations

import base64
import binascii
from io import BytesIO
from typing import Any
from urllib.parse import quote

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from linli.domains.catalog import commands
from linli.domains.catalog import queries as catalog
from linli.domains.catalog.queries import Incoming, Standard
from linli.kernel.errors import Invalid, LinliError
from linli.web.access import requires
from linli.web.console.catalog.compare import gains
from linli.web.console.catalog.listing import shown
from linli.web.console.catalog.places import Places, place_of
from linli.web.http import StaffRequest
from linli.web.once import once_key
from linli.web.ui.parts import Column
from linli.web.ui.toasts import done

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEGABYTES = 3  # it travels through the page between the preview and the import, so it has to be small enough for a form


@requires("catalog.view")
@require_GET
def export(request: StaffRequest, form: str) -> HttpResponse:
    """What the list shows, as the eight-element table or as YAML."""
    if form not in ("xlsx", "yaml"):
        raise Http404
    s = shown(request)
    docs = s.rows.order_by("item__main__sort", "item__sort").values_list("doc", flat=True)
    standards = [Standard.model_validate(doc) for doc in docs]
    place = Places().name(s.place)
    name = _("%(place)s八统一表") % {"place": place} + f"-{request.today:%Y%m%d}.{form}"
    if form == "yaml":
        return _file(catalog.write_yaml(standards).encode(), name, "application/yaml; charset=utf-8")
    return _file(catalog.write_workbook(standards, title=_("%(place)s事项八统一表") % {"place": place}), name, XLSX)


@requires("catalog.view")
@require_GET
def empty_table(request: StaffRequest) -> HttpResponse:
    """The eight-element table without items."""
    return _file(catalog.write_workbook([], title=_("事项八统一表")), _("八统一表（空表）") + ".xlsx", XLSX)


def _file(content: bytes, name: str, kind: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return response


@requires("catalog.edit")
@require_http_methods(["GET", "POST"])
def import_(request: StaffRequest) -> HttpResponse:
    """Upload; look at what would change; then make drafts of it, all or none."""
    place = place_of(request)
    if not catalog.may_edit(request.actor, place):
        raise commands.OtherPlace
    if request.method == "GET":
        return _page(request, place)
    try:
        name, content = _sent(request)
        standards = _read(name, content)
        if "confirmed" in request.POST:
            once_key(request)
            made = commands.import_standards(standards=standards, region=place, by=request.actor, now=request.now)
            done(request, _("已导入：%(n)s 个草稿，%(same)s 项没有变化。") % {"n": len(made.drafts), "same": len(made.unchanged)})
            return redirect(reverse("catalog:drafts") + f"?place={place}")
    except LinliError as error:
        return _page(request, place, errors=error.errors if isinstance(error, Invalid) else [error], status=422)
    rows = catalog.preview(standards, region=place, on=request.today)
    return _page(request, place, name=name, kept=base64.b64encode(content).decode(), incoming=rows)


class FileMissing(LinliError):
    """Nothing was uploaded, or something too large or of another kind."""

    code = "web.import_file"
    template = "%(why)s"


def _sent(request: StaffRequest) -> tuple[str, bytes]:
    """The file's name and content: uploaded, or kept in the page of the preview."""
    if "kept" in request.POST:
        try:
            return request.POST.get("name", ""), base64.b64decode(request.POST["kept"], validate=True)
        except (binascii.Error, ValueError):
            raise FileMissing(field="file", why=_("文件在传输中损坏，请重新选择文件。")) from None
    file = request.FILES.get("file")
    if file is None:
        raise FileMissing(field="file", why=_("请选择要导入的文件。"))
    if (file.size or 0) > MEGABYTES * 1024 * 1024:
        raise FileMissing(field="file", why=_("文件超过 %(n)s MB，请分几次导入。") % {"n": MEGABYTES})
    return str(file.name), file.read()


def _read(name: str, content: bytes) -> list[Standard]:
    if name.lower().endswith(".xlsx"):
        return commands.read_workbook(BytesIO(content))
    if name.lower().endswith((".yaml", ".yml")):
        try:
            return commands.read_yaml(content.decode())
        except UnicodeDecodeError:
            raise FileMissing(field="file", why=_("YAML 文件应当用 UTF-8 编码保存。")) from None
    raise FileMissing(field="file", why=_("只能导入 XLSX 或 YAML 文件。"))


def _page(
    request: StaffRequest, place: str, *, errors: list[LinliError] | None = None, incoming: list[Incoming] | None = None,
    status: int = 200, **more: Any,
) -> HttpResponse:  # fmt: skip
    places = Places()
    kinds = {"added": ("info", _("新增")), "changed": ("soon", _("有变化")), "unchanged": ("plain", _("没有变化"))}
    rows = [
        {
            "standard": i.standard, "tone": kinds[i.kind][0], "kind": kinds[i.kind][1], "problem": i.problem, "draft": i.has_draft, "by": i.draft_by,
            "changed": [d.element for d in i.comparison.changed] if i.comparison else [],
            "gains": [g for g in gains(i.comparison) if g.before != g.after] if i.comparison else [],
            "other": i.kind == "changed" and i.comparison is not None and not i.comparison.changed,
        }
        for i in incoming or []
        if i.kind != "unchanged"
    ]  # fmt: skip
    context = {
        "place": place, "place_name": places.name(place), "places": places.options(under=request.actor.region), "errors": errors or [],
        "megabytes": MEGABYTES, "incoming": incoming, "rows": rows, "empty": not rows,
        "counts": {k: sum(i.kind == k for i in incoming or []) for k in kinds}, "blocked": any(i.problem for i in incoming or []),
        "columns": [Column(_("事项")), Column(_("结果")), Column(_("有变化的要素")), Column(_("增减"))],
        "error_columns": [Column(_("工作表")), Column(_("行"), number=True), Column(_("列")), Column(_("问题"))],
    }  # fmt: skip
    return render(request, "console/catalog/import.html", context | more, status=status)
