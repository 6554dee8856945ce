"""The ledger of seals: which paper was sealed with which seal, by what power, by whom and when; and the seals themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django import forms
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_safe

from linli.domains.accounts.queries import names
from linli.domains.cases.queries import case_numbers
from linli.domains.catalog.queries import names_of
from linli.domains.documents import queries as documents
from linli.domains.documents.queries import READ_LEDGER, Seal, SealUse, powers_behind, seal_ledger
from linli.kernel.calendar import SHANGHAI
from linli.kernel.text import noop
from linli.web.access import requires
from linli.web.desk.issue.filters import chips_of
from linli.web.desk.issue.rows import columns
from linli.web.http import StaffRequest
from linli.web.ui.export import csv_response
from linli.web.ui.forms import Form
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Tab


class LedgerFilters(Form):
    kinds = {"day": "date"}
    day = forms.DateField(label=lazy("用印日期"), required=False)
    seal = forms.TypedChoiceField(label=lazy("印章"), required=False)

    def __init__(self, *args: Any, seals: Iterable[Seal], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seal"].choices = [("", _("全部")), *((str(s.pk), f"{s}（{s.code}）") for s in seals)]  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Row:
    """One use of a seal with the names of what it refers to."""

    use: SealUse
    item: str
    power: str
    user: str
    case_number: str


COLUMNS = (noop("用印时间"), noop("文书"), noop("事项"), noop("印章"), noop("用印权限依据"), noop("用印人"))
SEAL_COLUMNS = (noop("印章"), noop("印章编码"), noop("机构"), noop("有效期"), noop("状态"), noop("证书指纹"))


def _rows(uses: Iterable[SealUse]) -> list[Row]:
    uses = list(uses)
    items, people = names_of([u.item_code for u in uses]), names(u.user_id for u in uses)
    powers, numbers = powers_behind(uses), case_numbers(u.subject_id for u in uses)
    return [
        Row(
            u,
            items.get(u.item_code, ""),
            powers[u.pk],
            people.get(u.user_id, "") if u.user_id else _("系统自动"),
            numbers.get(u.subject_id, ""),
        )
        for u in uses
    ]


def _asked(request: StaffRequest) -> tuple[LedgerFilters, dict[str, Any]]:
    form = LedgerFilters(request.GET, seals=documents.seals(by=request.actor))
    form.is_valid()
    day, seal = form.cleaned_data.get("day"), form.cleaned_data.get("seal")
    return form, {"day": day} | (
        {"seal_id": next(s.pk for s in documents.seals(by=request.actor) if str(s.pk) == seal)} if seal else {}
    )


def _tabs(request: StaffRequest) -> list[Tab]:
    ledger, seals = reverse("issue:ledger"), reverse("issue:seals")
    return [Tab(_("用印台账"), ledger, request.path == ledger), Tab(_("印章"), seals, request.path == seals)]


@requires(*READ_LEDGER)
@require_safe
def ledger(request: StaffRequest) -> HttpResponse:
    """Every use of the seals the reader looks over, newest first."""
    form, asked = _asked(request)
    page = page_of(seal_ledger(by=request.actor, **asked), request, by="-at")
    context = {
        "form": form, "chips": chips_of(form, request), "page": page, "rows": _rows(page.rows), "columns": columns(COLUMNS),
        "tabs": _tabs(request),
    }  # fmt: skip
    return render(request, "desk/issue/ledger.html", context)


@requires(*READ_LEDGER)
@require_safe
def export(request: StaffRequest) -> HttpResponseBase:
    """The same as a file, with the same filters."""
    head = [
        _("用印时间"), _("文书"), _("文号"), _("办件编号"), _("事项"), _("印章"), _("印章编码"), _("用印权限依据"), _("用印人"),
        _("文件摘要（SM3）"),
    ]  # fmt: skip

    def rows() -> Iterator[list[object]]:
        uses = seal_ledger(by=request.actor, **_asked(request)[1]).iterator(chunk_size=500)
        while some := list(islice(uses, 500)):
            for r in _rows(some):
                u = r.use
                yield [
                    u.at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"), u.document.title, u.document.number, r.case_number, r.item,
                    u.seal, u.seal.code, r.power, r.user, bytes(u.document_digest).hex(),
                ]  # fmt: skip

    return csv_response(f"{_('用印台账')}-{request.today:%Y%m%d}", head, rows())


@requires(*READ_LEDGER)
@require_safe
def seals(request: StaffRequest) -> HttpResponse:
    """The seals the reader looks over: whose they are and how long they may be used."""
    page = page_of(documents.seals(by=request.actor), request, by="-made_at")
    states = [_state(s, request) for s in page.rows]
    context = {
        "page": page,
        "rows": list(zip(page.rows, states, strict=True)),
        "columns": columns(SEAL_COLUMNS),
        "tabs": _tabs(request),
    }
    return render(request, "desk/issue/seals.html", context)


def _state(seal: Seal, request: StaffRequest) -> tuple[str, str]:
    """Tone and word of a seal today."""
    if seal.stopped_at:
        return "bad", _("已停用")
    if request.today < seal.valid_from:
        return "soon", _("尚未生效")
    if request.today > seal.valid_to:
        return "bad", _("已过期")
    return "done", _("在用")
