"""A case at the counter: the form and the materials while they come in, and what a clerk does with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.domains.accounts.queries import names
from linli.domains.cases import commands as do
from linli.domains.cases.commands import CaseChanged, Handed, Missing
from linli.domains.cases.queries import (
    CaseMaterial,
    CounterAct,
    CounterSheet,
    MaterialFile,
    MaterialState,
    Received,
    Signed,
    State,
    attended_by,
    counter_acts,
    counter_file,
    counter_sheet,
    filled_fields,
    known_fields,
    promises_of,
)
from linli.domains.catalog.queries import Material, Required
from linli.domains.documents.commands import store_file
from linli.domains.exchange.queries import Shared, any_connected
from linli.domains.org.queries import get_org
from linli.domains.people.queries import Purpose
from linli.kernel.crypto import sm3
from linli.kernel.errors import Invalid, LinliError, NotFound
from linli.kernel.text import joined, msg
from linli.web.access import requires
from linli.web.desk.counter.parties import purposes
from linli.web.desk.counter.sharing import arrivals, said, token
from linli.web.desk.counter.sheet import ROW_STATES, about, show_sheet
from linli.web.desk.looks import show_shared_whole
from linli.web.http import StaffRequest
from linli.web.itemform import ItemForm, as_typed, read
from linli.web.once import keyed, once_key
from linli.web.ui import toasts

OPEN = (State.DRAFT, State.SUBMITTED, State.CORRECTION_REQUESTED)
# What a clerk can say of a material with one press.
_HOW = {
    "paper": Received.PAPER, "seen": Received.SEEN, "uploaded": Received.UPLOADED, "photographed": Received.PHOTOGRAPHED,
    "committed": Received.COMMITTED,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class MaterialRow:
    """One line of the checklist: what it is, how it stands, and what can be done about it."""

    row: CaseMaterial
    wanted: Material
    state: str
    note: str
    files: list[MaterialFile]
    key: str
    asked: str  # what the correction notice says of it
    shared: Shared | None = None  # what another department said
    arrival: str = ""
    instant: bool = False
    on_paper: bool = False  # a promise signed on a printed sheet stands in for it

    @property
    def settled(self) -> bool:
        return self.row.state in (MaterialState.HAVE, MaterialState.NOT_APPLICABLE, MaterialState.PENDING)

    @property
    def may_wait(self) -> bool:
        """Whether the case can be accepted without it, against a promise to bring it; not where everything is done at once."""
        return bool(self.wanted.pending_days) and not self.instant

    @property
    def optional(self) -> bool:
        return self.wanted.required is not Required.YES


def material_rows(sheet: CounterSheet) -> list[MaterialRow]:
    """The checklist of a case; the first nine that the applicant hands in have a key."""
    asked = {i["code"]: i["what"] for i in sheet.correction.items if not i["is_field"]} if sheet.correction else {}
    rows, number, connected = [], 0, any_connected()
    promised = any(m.received == Received.COMMITTED or m.state == MaterialState.PENDING for m in sheet.materials)
    signed = {code for code, p in promises_of(sheet.case.pk).items() if p.signed == Signed.PAPER} if promised else set()
    for row in sheet.materials:
        wanted = sheet.standard.material(row.code)
        if wanted is None:
            continue
        number += 0 if wanted.from_departments else 1
        key = f"Alt+{number}" if not wanted.from_departments and number < 10 else ""
        rows.append(
            MaterialRow(
                row, wanted, ROW_STATES[MaterialState(row.state)], _note(row, wanted), sheet.files.get(row.pk, []), key,
                asked.get(row.code, ""), shared := sheet.shared.get(row.code),
                said(row, shared, connected=connected) if wanted.from_departments else "", sheet.standard.times.instant,
                row.code in signed,
            )
        )  # fmt: skip
    return rows


def _note(row: CaseMaterial, wanted: Material) -> str:
    if row.received == Received.SHARED:
        return ""  # its source speaks for itself
    if row.received:
        return _(Received(row.received).label)
    if wanted.from_departments:
        return ""  # what there is to say of it comes from its source
    parts = [_(wanted.form.label)]
    if wanted.copies:
        parts.append(_("%(n)s 份") % {"n": wanted.copies})
    if wanted.required is Required.CONDITIONAL:
        parts.append(_("视情形：%(condition)s") % {"condition": wanted.condition})
    elif wanted.required is Required.NO:
        parts.append(_("非必要"))
    return " · ".join(parts + ([wanted.note] if wanted.note else []))


# -- the page --------------------------------------------------------------------------------------------------------------


def _sheet(request: StaffRequest, case_id: UUID) -> CounterSheet:
    return counter_sheet(case_id, by=request.actor, now=request.now)


@requires("cases.receive")
@require_safe
def case(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """A case in the state it has: to be filled in while it is open, to be read and printed from then on."""
    sheet = _sheet(request, case_id)
    return _open_page(request, sheet, _form(request, sheet)) if sheet.case.state in OPEN else show_sheet(request, sheet)


def _form(request: StaffRequest, sheet: CounterSheet, **more: Any) -> ItemForm:
    filled = filled_fields(sheet, today=request.today)
    return ItemForm(sheet.standard, sheet.form, known=known_fields(sheet), fillings=filled, **more)


def _open_page(request: StaffRequest, sheet: CounterSheet, form: ItemForm) -> HttpResponse:
    rows = material_rows(sheet)
    attachments = {m.code for m in sheet.standard.attachments}
    correction = sheet.correction if sheet.case.state == State.CORRECTION_REQUESTED else None
    labels = {f.name: f.label for f in sheet.standard.form}
    context = about(sheet, request) | {
        "attended": _attended(sheet, request),
        "form": form, "rows": [r for r in rows if r.row.code not in attachments], "asked": [r for r in rows if r.asked],
        "attachments": [(r, form.unattached.get(r.row.code, "")) for r in rows if r.row.code in attachments],
        "arrivals": arrivals(sheet, rows, request), "version": seen(sheet), "correction": correction,
        "asked_fields": [(labels.get(i["code"], ""), i["what"]) for i in correction.items if i["is_field"]] if correction else [],
        "lacking": sum(not r.settled and not r.wanted.from_departments and not r.optional for r in rows),
    }  # fmt: skip
    if context["attended"].get("who"):
        context["acts"] = set()  # for whoever has it
    return render(request, "desk/counter/intake.html", context, status=422 if form.problems else 200)


def _attended(sheet: CounterSheet, request: StaffRequest) -> dict[str, Any]:
    """Who attends to a case that came in online: a colleague, whoever looks, or nobody; nothing for any other case."""
    if not (sheet.case.state == State.SUBMITTED and sheet.case.channel == "online"):
        return {}
    holder = attended_by(sheet.case, now=request.now)
    if holder is None:
        return {"free": True}
    mine = holder == request.actor.user_id
    return {"mine": mine, "who": "" if mine else names([holder]).get(holder, ""), "until": sheet.case.attended_until}


# -- saving, receiving, accepting --------------------------------------------------------------------------------------------


def _digest(sheet: CounterSheet) -> str:
    """What the form says and where the case stands, in short."""
    text = json.dumps([sheet.case.state, sheet.form], sort_keys=True, ensure_ascii=False)
    return sm3(text.encode()).hex()[:32]


def seen(sheet: CounterSheet) -> str:
    """What a page goes by: the version it shows, and what the form said."""
    return f"{sheet.case.version}-{_digest(sheet)}"


def _version(request: StaffRequest, sheet: CounterSheet, values: Mapping[str, Any] | None = None) -> int:
    """The version the page is about. Materials come in while a form is being typed; as long as nobody changed the form itself
    or moved the case on, that is no reason to refuse. Nor is it when the form says by now just what is sent: the page's own
    saving on the way may arrive after the press that came next."""
    number, _dash, digest = request.POST.get("version", "").partition("-")
    same = values is not None and all(values.get(f.name, "") == sheet.form.get(f.name, "") for f in sheet.standard.form)
    if digest == _digest(sheet) or (same and sheet.case.state in OPEN):
        return sheet.case.version
    try:
        return int(number)
    except ValueError:
        raise NotFound(what=msg("这一页的版本")) from None


@requires("cases.receive")
@require_POST
def save(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """Keep what is typed so far. What is not yet right is left as it was kept, and named.

    Saved by a press, on the way to the notice, everything must be right first.
    """
    if not request.htmx:
        return _act(request, case_id, _keep, to="correction" if "correction" in request.POST else "case")
    sheet = _sheet(request, case_id)
    values, wrong = read(sheet.standard, request.POST, sheet.form), set()
    common: dict[str, Any] = {
        "case_id": case_id,
        "version": _version(request, sheet, values),
        "by": request.actor,
        "now": request.now,
    }
    try:
        version = do.save_form(values=values, **common)
    except Invalid as error:
        wrong = {str(e.field) for e in error.errors}
        version = do.save_form(values=values | {name: sheet.form.get(name, "") for name in wrong}, **common)
    labels = [f.label for f in sheet.standard.form if f.name in wrong]
    now_stands = _sheet(request, case_id)
    token = seen(now_stands) if now_stands.case.version == version else f"{version}-"  # a colleague was there in between
    return render(request, "desk/counter/_saved.html", {"at": request.now, "version": token, "wrong": labels})


def _keep(common: dict[str, Any]) -> str:
    do.save_form(**common)
    return ""


def _act(request: StaffRequest, case_id: UUID, run: Callable[[dict[str, Any]], str], *, to: str = "case") -> HttpResponse:
    """Do something with the whole form. If it is refused the page comes back with all that was typed."""
    sheet = _sheet(request, case_id)
    if "add_row" in request.POST:
        values = read(sheet.standard, request.POST, sheet.form)
        form = _form(request, sheet, typed=as_typed(sheet.standard, values, sheet.form), blank_row_of=request.POST["add_row"])
        return _open_page(request, sheet, form)
    values = read(sheet.standard, request.POST, sheet.form)
    common = {
        "case_id": case_id, "values": values, "version": _version(request, sheet, values), "by": request.actor, "now": request.now,
        "key": once_key(request),
    }  # fmt: skip
    try:
        said = run(common)
    except LinliError as error:
        return _refused(request, sheet, values, error)
    if said:
        toasts.done(request, said)
    return redirect(f"counter:{to}", case_id)


def _refused(request: StaffRequest, sheet: CounterSheet, values: dict[str, Any], error: LinliError) -> HttpResponse:
    """Nothing was done, and nothing typed is lost: beside each answer stands what a colleague saved meanwhile."""
    changed = isinstance(error, CaseChanged)
    if changed and sheet.case.state not in OPEN:
        return show_sheet(request, sheet, unsaved=values, error=error)
    theirs = {
        f.name: sheet.form.get(f.name, "") for f in sheet.standard.form if values.get(f.name, "") != sheet.form.get(f.name, "")
    }
    form = _form(request, sheet, typed=as_typed(sheet.standard, values, sheet.form), theirs=theirs if changed else {})
    form.add(error)
    return _open_page(request, sheet, form)


@requires("cases.receive")
@require_POST
def receive(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """Receive a draft: it gets its number. A place that only receives hands it on with this."""

    def run(common: dict[str, Any]) -> str:
        return _("已收件，编号 %(number)s。") % {"number": do.receive_draft(**common)}

    return _act(request, case_id, run)


@requires("cases.accept")
@require_POST
def accept(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """Accept what lies complete on the desk, received or not."""

    def run(common: dict[str, Any]) -> str:
        do.accept_at_counter(**common)
        return _("已受理。")

    return _act(request, case_id, run)


@requires("cases.receive")
@require_POST
def back(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """Everything the correction notice asked for has come in."""

    def run(common: dict[str, Any]) -> str:
        do.receive_back(**common)
        return _("补正已收齐。")

    return _act(request, case_id, run)


@requires("cases.receive")
@require_POST
def withdraw(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """The applicant takes the application back, or a draft is given up."""
    reason = request.POST.get("reason", "").strip()
    do.withdraw_case(case_id=case_id, reason=reason, by=request.actor, now=request.now, **keyed(request))
    toasts.done(request, _("已按申请人的要求撤回。"))
    return redirect("counter:case", case_id)


@requires("cases.receive")
@require_POST
def collection(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """The applicant wants the result handed over somewhere else."""
    _sheet(request, case_id)
    try:
        place = get_org(UUID(request.POST.get("place", "")))
        do.choose_collection(case_id=case_id, place_id=place.pk, by=request.actor, now=request.now, **keyed(request))
    except ValueError:
        raise NotFound(what=msg("这个领取地点")) from None
    except LinliError as error:
        if isinstance(error, NotFound):
            raise
        toasts.warn(request, joined([error.message] + ([error.what_to_do] if error.what_to_do else []), _))
    else:
        toasts.done(request, _("结果改在%(place)s领取，制好后通知申请人。") % {"place": place.name})
    return redirect("counter:case", case_id)


# -- the one correction notice ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """Something the notice can ask for."""

    code: str
    name: str
    is_field: bool
    ticked: bool
    what: str


@dataclass
class _Notice:
    """What the page for the notice shows."""

    lines: list[Line]
    problems: list[tuple[str, str]] = field(default_factory=list)

    @property
    def materials(self) -> list[Line]:
        return [line for line in self.lines if not line.is_field]

    @property
    def fields(self) -> list[Line]:
        return [line for line in self.lines if line.is_field]


@requires("cases.accept")
@require_http_methods(["GET", "HEAD", "POST"])
def correction(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """Say once, and all at once, what is missing. What departments hold is not on the list."""
    sheet = _sheet(request, case_id)
    if CounterAct.NOTIFY not in counter_acts(sheet.case, by=request.actor) and request.method != "POST":
        return redirect("counter:case", case_id)
    notice = _Notice(_lines(sheet, request))
    if request.method == "POST":
        missing = [Missing(line.code, line.what, is_field=line.is_field) for line in notice.lines if line.ticked]
        try:
            document = do.notify_missing(
                case_id=case_id,
                missing=missing,
                version=_version(request, sheet),
                by=request.actor,
                now=request.now,
                **keyed(request),
            )
        except LinliError as error:
            notice.problems += _problems(error, sheet)
        else:
            toasts.done(request, _("已出具补正告知书。") if document else _("告知期限已过，依法视为已受理。"))
            return redirect("counter:case", case_id)
    context = {"sheet": sheet, "case": sheet.case, "notice": notice, "version": seen(sheet)}
    return render(request, "desk/counter/correction.html", context, status=422 if notice.problems else 200)


def _problems(error: LinliError, sheet: CounterSheet) -> list[tuple[str, str]]:
    """Each sentence with the line it is about; a form that is not filled in leads back to it."""
    names = {m.code for m in sheet.standard.to_hand_in} | {f.name for f in sheet.standard.form}
    found = []
    for one in error.errors if isinstance(error, Invalid) else [error]:
        sentence = joined([one.message] + ([one.what_to_do] if one.what_to_do else []), _)
        found.append((f"id_what_{one.field}" if one.field in names else "", sentence))
    return found


def _lines(sheet: CounterSheet, request: StaffRequest) -> list[Line]:
    posted = request.POST if request.method == "POST" else None

    def line(code: str, name: str, *, is_field: bool, wanted: bool, what: str) -> Line:
        if posted is not None:
            return Line(code, name, is_field, f"tick_{code}" in posted, posted.get(f"what_{code}", "").strip())
        return Line(code, name, is_field, wanted, what)

    lines = []
    for row in sheet.materials:
        wanted = sheet.standard.material(row.code)
        if wanted is None or wanted.from_departments:
            continue
        lacking = row.state in (MaterialState.PROVIDE, MaterialState.COMMITTABLE) and wanted.required is not Required.NO
        what = _("请提供%(form)s。") % {"form": _(wanted.form.label)}
        lines.append(line(row.code, row.name, is_field=False, wanted=lacking, what=what if lacking else ""))
    lines += [line(f.name, f.label, is_field=True, wanted=False, what="") for f in sheet.standard.typed]
    return lines


# -- materials -------------------------------------------------------------------------------------------------------------


@requires("cases.receive")
@require_POST
def material(request: StaffRequest, case_id: UUID, code: str) -> HttpResponse:
    """Note one material, or take the note back; files are added to those already there."""
    how = request.POST.get("how", "")
    uploaded = request.FILES.getlist("file")
    if how in ("uploaded", "photographed") and not uploaded:
        return HttpResponse(status=204) if request.htmx else redirect("counter:case", case_id)
    problem = ""
    try:
        files = tuple(
            (ref, ref.name)
            for ref in (
                store_file(content=cast("BinaryIO", f), declared_name=f.name or "", by=request.actor, now=request.now)
                for f in uploaded
            )
        )
        handed = Handed(code, _HOW.get(how), files, not_applicable=how == "not_applicable")
        do.hand_in(case_id=case_id, material=handed, by=request.actor, now=request.now, **keyed(request))
    except NotFound:
        raise
    except LinliError as error:
        problem = joined([error.message] + ([error.what_to_do] if error.what_to_do else []), _)
        if not request.htmx:
            toasts.warn(request, problem)
    return _material_answer(request, case_id, code, problem)


def _material_answer(request: StaffRequest, case_id: UUID, code: str, problem: str = "") -> HttpResponse:
    """The line as it stands now."""
    if not request.htmx:
        return redirect(f"{reverse('counter:case', args=[case_id])}#m-{code}")
    sheet = _sheet(request, case_id)
    row = next((r for r in material_rows(sheet) if r.row.code == code), None)
    if row is None:
        raise NotFound(what=msg("该材料"))
    return render(
        request,
        "desk/counter/_material.html",
        {"r": row, "case": sheet.case, "problem": problem, "fresh": True, "purposes": purposes()},
    )


@requires("cases.receive")
@require_safe
def arrived(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """What other departments answered since the page was made: only the lines that say something else now."""
    return _arrivals(request, case_id) if request.htmx else redirect("counter:case", case_id)


def _arrivals(request: StaffRequest, case_id: UUID) -> HttpResponse:
    sheet = _sheet(request, case_id)
    rows, before = material_rows(sheet), set(request.GET.get("seen", "").split(","))
    changed = [r for r in rows if r.wanted.from_departments and token(r) not in before]
    context = {
        "case": sheet.case, "arrivals": arrivals(sheet, rows, request), "changed": changed, "filled": _form(request, sheet).filled,
        "purposes": purposes(),
    }  # fmt: skip
    return render(request, "desk/counter/_arrivals.html", context)


@requires("cases.receive")
@require_POST
def ask_departments(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """Ask other departments once more, right now, and wait a moment for them."""
    once_key(request)
    came = do.fetch_shared(case_id=case_id, by=request.actor, now=request.now)
    if request.htmx:
        return _arrivals(request, case_id)
    toasts.done(request, _("核验到 %(n)s 份材料。") % {"n": len(came)} if came else _("没有新的答复；由我局继续取，不影响办理。"))
    return redirect(f"{reverse('counter:case', args=[case_id])}#materials")


@requires("cases.receive")
@require_POST
def look_shared(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """What a department said, where it is masked, whole for a stated purpose; the look is recorded."""
    field, wanted = request.GET.get("field", ""), request.POST.get("purpose", "")
    if wanted not in {value for value, _label in purposes()}:
        raise NotFound(what=msg("这种用途"))
    value = do.show_shared(case_id=case_id, field=field, purpose=Purpose(wanted), by=request.actor, now=request.now)
    sheet = _sheet(request, case_id)
    return show_shared_whole(request, field, sheet.shared, value, "desk/counter/whole.html", {"sheet": sheet, "case": sheet.case})


@requires("cases.receive")
@require_POST
def remove_file(request: StaffRequest, case_id: UUID, file_id: UUID) -> HttpResponse:
    """Take a file off; a way back is offered."""
    code = counter_file(case_id, file_id, by=request.actor).material.code
    do.remove_file(case_id=case_id, file_id=file_id, by=request.actor, now=request.now, **keyed(request))
    toasts.done(request, _("已移除文件。"), undo=reverse("counter:restore_file", args=[case_id, file_id]))
    return _material_answer(request, case_id, code)


@requires("cases.receive")
@require_POST
def restore_file(request: StaffRequest, case_id: UUID, file_id: UUID) -> HttpResponse:
    """Bring a removed file back."""
    do.restore_file(case_id=case_id, file_id=file_id, by=request.actor, now=request.now, **keyed(request))
    toasts.done(request, _("文件已恢复。"))
    return redirect("counter:case", case_id)


__all__ = [
    "accept", "arrived", "ask_departments", "back", "case", "collection", "correction", "look_shared", "material", "receive", "remove_file",
    "restore_file", "save", "withdraw",
]  # fmt: skip
