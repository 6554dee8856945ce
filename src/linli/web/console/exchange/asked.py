"""Who asked which department for what, for which case, on which ground: to look through, to take along, to print."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from linli.domains.accounts.queries import names
from linli.domains.cases.queries import case_numbers, id_of_number
from linli.domains.catalog.queries import names_of
from linli.domains.exchange.commands import look_up_asked, record_export
from linli.domains.exchange.queries import Question, QuestionState, asked, interfaces
from linli.domains.org.queries import org_names
from linli.kernel.errors import NotFound
from linli.web.access import requires
from linli.web.console.exchange.files import as_file, known
from linli.web.console.exchange.ledger import chips_of, month_of
from linli.web.http import StaffRequest
from linli.web.once import keyed, once_key
from linli.web.ui.fields import Option
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column
from linli.web.ui.templatetags.linli_ui import moment

_CHUNK = 500
_TONES = {"answered": "done", "waiting": "info", "absent": "soon", "failed": "bad", "withdrawn": "plain"}
_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for. ``about`` stands for the number of somebody and tells nobody which."""

    owner: str
    number: str
    month: date | None
    about: bytes | None

    @classmethod
    def of(cls, given: Any) -> Wanted:
        try:
            about = bytes.fromhex(given.get("about", ""))
        except ValueError:
            about = b""
        owner = given.get("owner", "")
        known_owner = owner if owner in {face.owner for face in interfaces()} else ""
        return cls(known_owner, given.get("case", "").strip()[:40], month_of(given), about if len(about) == 32 else None)

    def rows(self, request: StaffRequest) -> QuerySet[Question]:
        return asked(by=request.actor, owner=self.owner, subject_id=self._case(), about=self.about, month=self.month)

    def _case(self) -> UUID | None:
        if not self.number:
            return None
        try:
            return id_of_number(self.number)
        except NotFound:
            return _NOBODY

    def said(self) -> dict[str, str]:
        """The same, for the form of the export and for the record."""
        said = {"owner": self.owner, "case": self.number, "month": f"{self.month:%Y-%m}" if self.month else ""}
        return {name: value for name, value in (said | {"about": self.about.hex() if self.about else ""}).items() if value}


@dataclass(frozen=True, slots=True)
class Line:
    """One question to a department."""

    row: Question
    who: str
    item: str
    number: str
    place: str
    state: str
    tone: str


def lines_of(rows: list[Question]) -> list[Line]:
    """Rows as they are shown, in four queries however many."""
    items, numbers = names_of([r.item_code for r in rows]), case_numbers(r.subject_id for r in rows)
    places, who = org_names(r.hall_id for r in rows), names(r.asked_by_id for r in rows)
    return [
        Line(
            r, who.get(r.asked_by_id, "") if r.asked_by_id else _("系统自动"), items.get(r.item_code, r.item_code),
            numbers.get(r.subject_id, ""), places.get(r.hall_id, ""), _(QuestionState(r.state).label), _TONES[r.state],
        )
        for r in rows
    ]  # fmt: skip


@requires("cases.supervise")
@require_GET
def listing(request: StaffRequest) -> HttpResponse:
    """The questions, the newest first."""
    wanted = Wanted.of(request.GET)
    page = page_of(wanted.rows(request), request, by="-asked_at")
    said = wanted.said() | ({"about": _("按查询对象")} if wanted.about else {})
    context = {
        "wanted": wanted, "page": page, "lines": lines_of(list(page.rows)), "chips": chips_of(request, said),
        "owners": [Option("", _("全部"))] + [Option(o, _(o)) for o in sorted({face.owner for face in interfaces()})],
        "month": f"{wanted.month:%Y-%m}" if wanted.month else "", "about": wanted.about.hex() if wanted.about else "",
        "columns": [
            Column(_("时间")), Column(_("谁")), Column(_("办件")), Column(_("向谁要")), Column(_("材料")), Column(_("目的和依据")), Column(_("结果")),
        ],
    }  # fmt: skip
    return render(request, "console/exchange/asked.html", context)


@requires("cases.supervise")
@require_POST
def person(request: StaffRequest) -> HttpResponse:
    """Look for what was asked about somebody. The number is sent in the form and stands in no address; the look is recorded."""
    once_key(request)
    number = request.POST.get("number", "").strip()[:40]
    if not number:
        return redirect("exchange:asked")
    about = look_up_asked(number=number, by=request.actor, now=request.now)
    return redirect(f"{reverse('exchange:asked')}?{urlencode({'about': about.hex()})}")


@requires("cases.supervise")
@require_POST
def export(request: StaffRequest, form: str) -> HttpResponseBase:
    """What the list shows, all its pages; that it was taken along is recorded."""
    known(form)
    wanted = Wanted.of(request.POST)
    rows = wanted.rows(request)
    record_export(filters=wanted.said(), rows=rows.count(), by=request.actor, now=request.now, ledger="asked", **keyed(request))
    head = [
        _("时间"),
        _("谁"),
        _("收件单位"),
        _("办件编号"),
        _("事项"),
        _("数据来源"),
        _("接口"),
        _("材料"),
        _("使用目的"),
        _("法律依据"),
        _("结果"),
        _("尝试次数"),
    ]
    return as_file(form, _("部门核验台账") + f"-{request.today:%Y%m%d}", _("部门核验台账"), head, _cells(rows))


def _cells(rows: QuerySet[Question]) -> Iterator[list[str]]:
    found = rows.iterator(chunk_size=_CHUNK)
    while chunk := list(islice(found, _CHUNK)):
        for line in lines_of(chunk):
            q = line.row
            yield [
                moment(q.asked_at), line.who, line.place, line.number, line.item, q.owner, q.interface, q.material_name, q.purpose,
                q.legal_basis, line.state, str(q.tries),
            ]  # fmt: skip
