"""Finding any case: by number, tail or document, or in the list of open ones; and taking the list along."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from linli.domains.cases.commands import record_export
from linli.domains.cases.queries import Case, Colour, State, find, open_cases, supervised_cases
from linli.domains.catalog.queries import names_of
from linli.kernel.identifiers import compact
from linli.web.access import requires
from linli.web.desk.supervise.lines import Line, lines_of
from linli.web.http import Request, StaffRequest
from linli.web.once import once_key
from linli.web.ui.fields import Option
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column
from linli.web.ui.templatetags.linli_ui import day as day_words
from linli.web.ui.templatetags.linli_ui import moment
from linli.web.ui.toasts import note

_SHADES = (Colour.RED, Colour.AMBER, Colour.GREEN, Colour.PAUSED)
_STATES = (State.SUBMITTED, State.CORRECTION_REQUESTED, State.ACCEPTED, State.IN_REVIEW, State.SUSPENDED)
_SORTS = ("due_on", "-due_on", "received_at", "-received_at")
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for. Something unknown in it is left out."""

    text: str
    shade: Colour | None
    state: State | None
    item: str
    due: date | None
    applicant: UUID | None
    sort: str

    @classmethod
    def of(cls, asked: Any) -> Wanted:
        shade, state, sort = asked.get("shade", ""), asked.get("state", ""), asked.get("sort", "")
        try:
            due = date.fromisoformat(asked.get("due", ""))
        except ValueError:
            due = None
        try:
            applicant = UUID(asked.get("applicant", ""))
        except ValueError:
            applicant = None
        text = "" if _is_document(asked.get("q", "")) else asked.get("q", "").strip()
        default = "-received_at" if text or applicant else "due_on"
        return cls(
            text, Colour(shade) if shade in set(_SHADES) else None, State(state) if state in set(_STATES) else None,
            asked.get("item", "").strip(), due, applicant, sort if sort in _SORTS else default,
        )  # fmt: skip

    def rows(self, request: StaffRequest) -> QuerySet[Case]:
        """The cases; a number or an applicant finds closed ones too."""
        if self.text:
            return find(self.text, by=request.actor, cases=supervised_cases(request.actor))
        if self.applicant:
            return supervised_cases(request.actor).filter(applicant_id=self.applicant)
        rows = open_cases(by=request.actor, now=request.now, shade=self.shade, state=self.state, item_code=self.item)
        return rows.filter(due_on=self.due) if self.due else rows

    def said(self) -> dict[str, str]:
        """What was asked for, as the record keeps it and as the form of the export says it again."""
        filters = {
            "q": self.text, "applicant": self.applicant or "", "shade": self.shade or "", "state": self.state or "", "item": self.item,
            "due": self.due.isoformat() if self.due else "",
        }  # fmt: skip
        return {k: str(v) for k, v in filters.items() if v}


def _is_document(text: str) -> bool:
    """Whether it is a document number, which stands in no address."""
    return len(compact(text)) in (15, 18)


@requires("cases.supervise")
@require_POST
def look_for(request: StaffRequest) -> HttpResponse:
    """Find by whatever was typed. Posted, so that a document number stands in no address; the applicant's id takes its place."""
    text = request.POST.get("q", "").strip()
    if not _is_document(text):
        return redirect(reverse("supervise:cases") + (f"?{urlencode({'q': text})}" if text else ""))
    found = find(text, by=request.actor, cases=supervised_cases(request.actor)).values_list("applicant_id", flat=True).first()
    if found is None:
        note(request, _("没有查到这个证件号码名下的办件。"))
        return redirect("supervise:cases")
    return redirect(f"{reverse('supervise:cases')}?{urlencode({'applicant': str(found)})}")


@requires("cases.supervise")
@require_GET
def cases(request: StaffRequest) -> HttpResponse:
    """The list. A number that only one case has leads straight to it."""
    wanted = Wanted.of(request.GET)
    rows = wanted.rows(request)
    page = page_of(rows, request, by=wanted.sort)
    searching = bool(wanted.text or wanted.applicant)
    if wanted.text and len(page.rows) == 1 and "before" not in request.GET and "after" not in request.GET:
        return redirect("supervise:case", page.rows[0].pk)
    codes = open_cases(by=request.actor, now=request.now).order_by().values_list("item_code", flat=True).distinct()
    items = sorted(names_of(list(codes)).items(), key=lambda pair: pair[1])
    lines = lines_of(page.rows, now=request.now)
    context = {
        "wanted": wanted, "page": page, "lines": lines, "chips": _chips(request, wanted, dict(items), lines), "columns": _columns(),
        "searching": searching,
        "shades": [Option("", _("全部"))] + [Option(c, _(c.label)) for c in _SHADES],
        "states": [Option("", _("全部"))] + [Option(s, _(s.label)) for s in _STATES],
        "items": [Option("", _("全部"))] + [Option(code, name) for code, name in items],
    }  # fmt: skip
    return render(request, "desk/supervise/cases.html", context)


def _columns() -> list[Column]:
    return [
        Column(_("编号")), Column(_("事项")), Column(_("申请人")), Column(_("状态")), Column(_("时限"), sort="due_on"),
        Column(_("收件时间"), sort="received_at"),
    ]  # fmt: skip


def _chips(request: Request, wanted: Wanted, items: dict[str, str], lines: list[Line]) -> list[tuple[str, str]]:
    def without(name: str) -> str:
        query = request.GET.copy()
        for gone in (name, "before", "after"):
            query.pop(gone, None)
        return "?" + query.urlencode()

    chips = []
    if wanted.text:
        chips.append((_("查找：%(text)s") % {"text": wanted.text}, without("q")))
    if wanted.applicant:
        name = lines[0].applicant if lines else ""
        chips.append((_("申请人：%(name)s") % {"name": name}, without("applicant")))
    if wanted.shade:
        chips.append((_(wanted.shade.label), without("shade")))
    if wanted.state:
        chips.append((_(wanted.state.label), without("state")))
    if wanted.item:
        chips.append((items.get(wanted.item, wanted.item), without("item")))
    if wanted.due:
        chips.append((_("%(day)s 到期") % {"day": day_words(wanted.due)}, without("due")))
    return chips


@requires("cases.supervise")
@require_POST
def export(request: StaffRequest) -> StreamingHttpResponse:
    """The list as shown, all its pages, as CSV; that it was taken is recorded. Posted, since it leaves a trace."""
    wanted = Wanted.of(request.POST)
    rows = wanted.rows(request)
    key: dict[str, Any] = {"key": once_key(request)}
    record_export(filters=wanted.said(), rows=rows.count(), by=request.actor, now=request.now, **key)
    response = StreamingHttpResponse(_csv(rows, request), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="cases-{request.today.isoformat()}.csv"'
    return response


class _Echo:
    """A file that gives back what is written to it, so that the writer's lines can be sent as they come."""

    def write(self, text: str) -> str:
        return text


def _csv(rows: QuerySet[Case], request: StaffRequest) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff"  # without it spreadsheets take the Chinese for something else
    yield writer.writerow([_("编号"), _("事项"), _("申请人"), _("收件单位"), _("状态"), _("时限"), _("到期日"), _("收件时间")])
    found = rows.iterator(chunk_size=_CHUNK)
    while chunk := list(islice(found, _CHUNK)):
        for line in lines_of(chunk, now=request.now):
            due = line.due_on.isoformat() if line.due_on else ""
            cells = [
                line.number, line.item, line.applicant, line.place, _(line.state.label), _(line.colour.label), due, moment(line.received_at),
            ]  # fmt: skip
            yield writer.writerow([harmless(c) for c in cells])


def harmless(cell: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return "'" + cell if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
