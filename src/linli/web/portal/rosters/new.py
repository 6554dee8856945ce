"""Handing a list in: the workbook to fill in, what is said once for all, and the list."""

from __future__ import annotations

from typing import Any, BinaryIO, cast
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from linli.domains.cases import commands as do
from linli.domains.cases.queries import OwnRosterOffer, may_leave_out, own_roster_offers, roster_common, roster_template
from linli.domains.catalog.queries import Material, names_of
from linli.kernel.errors import Invalid, LinliError, NotFound
from linli.kernel.text import joined, msg
from linli.web import roster_pages
from linli.web.access import requires
from linli.web.http import StaffRequest
from linli.web.itemform import ItemForm, as_typed, read
from linli.web.once import keyed
from linli.web.portal.apply.keep import go
from linli.web.ui.fields import FieldSpec


def _chosen(offers: list[OwnRosterOffer], typed: str) -> OwnRosterOffer | None:
    """For which employer: the only one there is, or the one that was chosen."""
    if not typed:
        return offers[0] if len(offers) == 1 else None
    return next((o for o in offers if str(o.employer.id) == typed), None)


@requires("portal.use")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: StaffRequest, item: str) -> HttpResponse:
    """For which employer, then everything on one page: it is filled in at a desk, from a list that is there already."""
    offers = own_roster_offers(item, by=request.actor, on=request.today)
    chosen = _chosen(offers, request.GET.get("employer", ""))
    if chosen is None:
        name = names_of([item]).get(item)
        if name is None:
            raise NotFound(what=msg("这个事项"))
        context = {"offers": offers, "item": item, "name": name}
        return render(request, "portal/rosters/choose.html", context)
    filling = _Filling(request, chosen)
    if request.method == "POST":
        try:
            return go(request, "own_rosters:roster", filling.hand_in())
        except LinliError as error:
            filling.add(error)
    return render(request, "portal/rosters/new.html", filling.context(), status=422 if filling.problems else 200)


class _Filling:
    """One filling in of the page, with what was typed and what was wrong."""

    def __init__(self, request: StaffRequest, chosen: OwnRosterOffer) -> None:
        self.request, self.chosen, plan = request, chosen, chosen.offer.plan
        self.standard = chosen.offer.standard.model_copy(update={"form": plan.common})
        self.known = roster_common(chosen.offer, chosen.employer.id)
        self.values: dict[str, Any] = read(self.standard, request.POST, self.known) if request.method == "POST" else {}
        typed = as_typed(self.standard, self.values, self.known) if request.method == "POST" else None
        self.form = ItemForm(self.standard, self.known, known=self.known, typed=typed)
        self.file_problem = ""
        self.material_problems: dict[str, str] = {}

    def hand_in(self) -> UUID:
        people, post = roster_pages.uploaded(self.request), self.request.POST
        papers = {
            m.code: [do.roster_paper(cast("BinaryIO", f), f.name or "") for f in self.request.FILES.getlist(f"m_{m.code}")]
            for m in self.chosen.materials
        }
        return do.check_roster(
            item_code=self.standard.code, employer_id=self.chosen.employer.id, people=people, common=self.values,
            materials={m.code: "not_applicable" for m in self.chosen.materials if f"n_{m.code}" in post}, papers=papers,
            by=self.request.actor, now=self.request.now, **keyed(self.request),
        )  # fmt: skip

    def add(self, error: LinliError) -> None:
        """Show what was refused where it belongs."""
        codes = {m.code for m in self.chosen.materials}
        for one in error.errors if isinstance(error, Invalid) else [error]:
            if one.field in codes:
                self.material_problems[str(one.field)] = joined([one.message], _) + _("请上传一份，对名单上所有人都算数。")
            elif sentence := roster_pages.about_file(one):
                self.file_problem = sentence
            else:
                self.form.add(one)

    @property
    def problems(self) -> list[tuple[str, str]]:
        files = [(f"id_m_{code}", said) for code, said in self.material_problems.items()]
        return self.form.problems + files + ([("id_file", self.file_problem)] if self.file_problem else [])

    def context(self) -> dict[str, Any]:
        return {
            "offer": self.chosen.offer, "employer": self.chosen.employer, "form": self.form, "problems": self.problems,
            "materials": [self._material(m) for m in self.chosen.materials], "file": roster_pages.file_field(self.file_problem),
        }  # fmt: skip

    def _material(self, m: Material) -> tuple[FieldSpec, FieldSpec | None]:
        leave_out = may_leave_out(m)
        notes = [_("视情形：%(condition)s。") % {"condition": m.condition}] if m.condition else []
        upload = FieldSpec(
            name=f"m_{m.code}", label=m.name, type="file", required=not leave_out, error=self.material_problems.get(m.code, ""),
            help=" ".join([*notes, _("可以选几个文件：PDF 或图片。")]), extra={"accept": ".pdf,image/*", "multiple": True},
        )  # fmt: skip
        if not leave_out:
            return upload, None
        typed = "true" if f"n_{m.code}" in self.request.POST else ""
        return upload, FieldSpec(
            name=f"n_{m.code}", label=_("名单上的人都用不到“%(name)s”") % {"name": m.name}, type="boolean", value=typed
        )


@requires("portal.use")
@require_safe
def template(request: StaffRequest, item: str) -> HttpResponse:
    """The workbook to fill in."""
    chosen = next(iter(own_roster_offers(item, by=request.actor, on=request.today)), None)
    if chosen is None:
        raise NotFound(what=msg("这个事项的名单模板"))
    return roster_pages.workbook(roster_template(chosen.offer), f"{chosen.offer.standard.name}-{_('名单')}")
