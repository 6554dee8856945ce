"""Changing a figure: writing it down, looking at what it does, handing it on, and the second officer's answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, BinaryIO, cast
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.domains.accounts.queries import names
from linli.domains.benefits import commands
from linli.domains.benefits.queries import (
    ChangeSheet,
    ChangeState,
    FigureEntry,
    FigurePart,
    ParameterSheet,
    RunState,
    change_sheet,
    changes,
    figure_parts,
    figure_typed,
    parameter_sheet,
    parameter_sheets,
    place_names,
    scan_of,
    settable_places,
)
from linli.domains.documents.commands import StoredFileRef, store_file
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.text import msg, noop
from linli.web.access import requires
from linli.web.console.policies.menu import SEE
from linli.web.console.policies.parts import TONES, day, places_of, sentences, trial_columns, trial_rows
from linli.web.errors import status_of
from linli.web.files import send_file
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.fields import FieldSpec, Option
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column, Event
from linli.web.ui.toasts import done

_ONLY = "only"  # what the one value of a row is called in a form
_HTML = {FigureEntry.DATE: "date", FigureEntry.MONTH: "year-month", FigureEntry.YESNO: "select", FigureEntry.WORD: "select"}
_ACTS = {
    "benefits.figure_drafted": noop("写下草稿"), "benefits.figure_changed": noop("改了草稿"), "benefits.figure_proposed": noop("提交复核"),
    "benefits.figure_refused": noop("退回"), "benefits.figure_withdrawn": noop("撤回"), "benefits.figure_published": noop("同意并公布"),
    "benefits.figure_weighed": noop("测算影响"),
}  # fmt: skip


# -- the list ------------------------------------------------------------------------------------------------------------


@requires(*SEE)
@require_safe
def listing(request: StaffRequest) -> HttpResponse:
    """Changes, newest first; narrowed to a state."""
    asked = request.GET.get("state", "")
    state = ChangeState(asked) if asked in list(ChangeState) else None
    rows = changes(by=request.actor)
    page = page_of(rows.filter(state=state) if state else rows, request, by="-written_at")
    labels = {
        s.name: s.parameter.label for s in parameter_sheets(by=request.actor, on=request.today, only={r.name for r in page.rows})
    }
    places, who = place_names(r.region for r in page.rows), names(r.proposed_by_id for r in page.rows)
    context = {
        "page": page, "state": state or "", "states": [Option(s.value, _(s.label)) for s in ChangeState],
        "chips": [(_(state.label), "?")] if state else [], "may": request.actor.can("benefits.policy"),
        "rows": [
            (r, labels.get(r.name, r.name), places[r.region], who.get(r.proposed_by_id, ""), ChangeState(r.state), TONES[ChangeState(r.state)])
            for r in page.rows
        ],
        "columns": [Column(_("参数")), Column(_("地区")), Column(_("从哪天起")), Column(_("提出人")), Column(_("状态")), Column(_("写下时间"))],
    }  # fmt: skip
    return render(request, "console/policies/changes.html", context)


# -- the form ------------------------------------------------------------------------------------------------------------


def _given(post: QueryDict, parts: list[FigurePart]) -> dict[str, Any]:
    """What was typed for a figure: a text for each part, for a table its rows in their order."""
    found: dict[str, Any] = {}
    for part in parts:
        if part.entry is FigureEntry.TABLE:
            rows: dict[int, dict[str, str]] = {}
            for key in post:
                if place := re.fullmatch(re.escape(part.name) + r"-(\d{1,4})-(\w+)", key):
                    rows.setdefault(int(place[1]), {})["" if place[2] == _ONLY else place[2]] = str(post[key]).strip()
            found[part.name] = [rows[n] for n in sorted(rows)]
            if post.get("add_row") == part.name:
                found[part.name].append({})
        else:
            found[part.name] = post.get(part.name, "").strip()
    return found


def _field(part: FigurePart, typed: Any, wrong: dict[str, str], words: Any) -> FieldSpec:
    if part.entry is FigureEntry.TABLE:
        columns = [replace(_field(c, "", {}, words), name=c.name.rsplit(".", 1)[-1] or _ONLY, id="") for c in part.columns]
        rows = [{key or _ONLY: value for key, value in row.items()} for row in typed or []]
        return FieldSpec(part.name, part.label, "table", value=rows, columns=columns, error=wrong.get(part.name, ""))
    options = [Option(o, words.get(o, o)) for o in part.options]
    if part.entry is FigureEntry.YESNO:
        options = [Option("yes", _("是")), Option("no", _("否"))]
    share = part.entry is FigureEntry.NUMBER and part.bounds is not None and part.bounds[1] is not None and part.bounds[1] <= 1
    return FieldSpec(
        part.name, part.label or _("数"), _HTML.get(part.entry, "text"), value=typed or "", error=wrong.get(part.name, ""), options=options,
        width="short" if part.entry is FigureEntry.NUMBER else "", required=part.required,
        help=_("写小数：0.9 就是 90%。") if share else "", extra={"inputmode": "decimal"} if part.entry is FigureEntry.NUMBER else {},
        placeholder=_("请选择") if options else "",
    )  # fmt: skip


_TEXTS = ("region", "since", "until", "source_title", "source_number", "source_date", "note")


def _form(
    request: StaffRequest,
    seen: ParameterSheet,
    given: dict[str, Any],
    texts: dict[str, str],
    wrong: dict[str, str],
    row: Any = None,
) -> HttpResponse:
    parameter, parts = seen.parameter, figure_parts(seen.parameter)
    unit = parameter.unit
    fields = [_field(p, given.get(p.name), wrong, parameter.words) for p in parts]
    if len(fields) == 1 and unit and fields[0].type == "text":
        fields = [replace(fields[0], unit=unit)]
    places = [Option(code, name) for code, name in settable_places(by=request.actor, places=places_of(request))]
    if not request.actor.region:
        places.insert(0, Option("", _("全国")))
    context = {
        "seen": seen, "fields": fields, "places": places, "texts": texts, "wrong": wrong, "row": row,
        "scan_help": _("已有：%(name)s。再选一份就替换它。") % {"name": row.scan_name} if row and row.scan_name else "",
        "problems": [("" if not name else f"id_{name}", text) for name, text in wrong.items()],
    }  # fmt: skip
    return render(request, "console/policies/edit.html", context, status=422 if wrong else 200)


def _scan(request: StaffRequest) -> StoredFileRef | None:
    file = request.FILES.get("file")
    if file is None:
        return None
    return store_file(content=cast("BinaryIO", file), declared_name=file.name or "", by=request.actor, now=request.now)


def _said(request: StaffRequest, seen: ParameterSheet) -> tuple[dict[str, Any], dict[str, str]]:
    return _given(request.POST, figure_parts(seen.parameter)), {name: request.POST.get(name, "") for name in _TEXTS}


def _arguments(request: StaffRequest, given: dict[str, Any], texts: dict[str, str]) -> dict[str, Any]:
    if texts["until"].strip() and day(texts["until"]) is None:
        raise commands.TextMissing(field="until", label=msg("到哪天止"), why=msg("请填日期，例如 2026-12-31；没有就不填"))
    ground = commands.Ground(texts["source_title"], texts["source_number"], day(texts["source_date"]), _scan(request))
    return {
        "region": texts["region"], "typed": given, "since": day(texts["since"]), "until": day(texts["until"]), "ground": ground, "note": texts["note"],
        "by": request.actor, "now": request.now, **keyed(request),
    }  # fmt: skip


@requires("benefits.policy")
@require_http_methods(["GET", "POST"])
def new(request: StaffRequest, name: str) -> HttpResponse:
    """Write down a figure; what holds now stands in the form."""
    seen = parameter_sheet(name, by=request.actor, on=request.today)
    if not seen.changeable:
        raise NotFound(what=msg("可以修改的参数"))
    if request.method != "POST":
        places = settable_places(by=request.actor, places=places_of(request))
        value = seen.now.figure.value if seen.now else seen.held[0].figure.value if seen.held else None
        since = request.today.isoformat() if seen.endless else _following(seen, value)
        texts = dict.fromkeys(_TEXTS, "") | {"region": places[0][0] if places else "", "since": since}
        return _form(request, seen, figure_typed(seen.parameter, value) if value is not None else {}, texts, {})
    given, texts = _said(request, seen)
    if "add_row" in request.POST:
        return _form(request, seen, given, texts, {})
    try:
        change = commands.draft_change(name=name, **_arguments(request, given, texts))
    except LinliError as error:
        return _form(request, seen, given, texts, sentences(error))
    done(request, _("已写下草稿。先看用例和测算，再提交复核。"))
    return redirect("policies:change", change)


def _following(seen: ParameterSheet, value: Any) -> str:
    """What is prolonged goes on the day after its last one."""
    last = value if seen.prolongs else seen.held[0].figure.until if seen.held else None
    return (last + timedelta(1)).isoformat() if isinstance(last, date) else ""


@requires("benefits.policy")
@require_http_methods(["GET", "POST"])
def edit(request: StaffRequest, change_id: UUID) -> HttpResponse:
    """Change a draft, or what was sent back."""
    sheet = change_sheet(change_id, by=request.actor, today=request.today)
    if not sheet.may_edit:
        raise NotFound(what=msg("可以修改的草稿"))
    row, seen = sheet.row, parameter_sheet(sheet.row.name, by=request.actor, on=request.today)
    if request.method != "POST":
        texts = {name: _iso(getattr(row, name)) for name in _TEXTS}
        return _form(request, seen, figure_typed(seen.parameter, sheet.value), texts, {}, row)
    given, texts = _said(request, seen)
    if "add_row" in request.POST:
        return _form(request, seen, given, texts, {}, row)
    try:
        commands.edit_change(change_id=change_id, **_arguments(request, given, texts))
    except LinliError as error:
        return _form(request, seen, given, texts, sentences(error), row)
    done(request, _("已保存。"))
    return redirect("policies:change", change_id)


def _iso(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value or "")


# -- one change ----------------------------------------------------------------------------------------------------------


@requires(*SEE)
@require_safe
def one(request: StaffRequest, change_id: UUID) -> HttpResponse:
    """The figure as it is and as it would be, what it does, and what may be done with it."""
    return _page(request, change_id)


def _page(request: StaffRequest, change_id: UUID, *, act: str = "", error: LinliError | None = None) -> HttpResponse:
    seen = change_sheet(change_id, by=request.actor, today=request.today)
    rows = trial_rows(seen.trials)
    elsewhere = [t for t in seen.failing if t not in seen.trials]
    wrong = sentences(error) if error else {}
    context = {
        "seen": seen, "row": seen.row, "tone": TONES[seen.state], "rows": [r for r in rows if r["trial"].case or not r["passed"]] + trial_rows(elsewhere),
        "passed": seen.reckoned, "elsewhere": len(rows) - seen.reckoned,
        "given": sum(r["passed"] and r["trial"].case is None for r in rows), "trial_columns": trial_columns(),
        "events": _events(seen), "who": seen.people.get(seen.row.proposed_by_id, ""), "act": act, "typed": request.POST.get("reason", "") if act else "",
        "wrong": wrong, "whole": " ".join(text for field, text in wrong.items() if field != "reason"),
        "difference_columns": [Column(_("内容")), Column(_("现在")), Column(_("改为"))],
        "what_ifs": [(r, RunState(r.state), r.asked_at < seen.moved_at) for r in seen.what_ifs[:5]],
        "targets": [(p.code, p.name) for p in seen.policies] + [(code, _(label)) for code, label in seen.formulas],
        "may_add": request.actor.can("benefits.policy"),
    }  # fmt: skip
    return render(request, "console/policies/change.html", context, status=status_of(error) if error else 200)


def _events(seen: ChangeSheet) -> list[Event]:
    return [
        Event(
            _(_ACTS.get(e.act, e.act)), e.at, seen.people.get(e.user_id, "") if e.user_id else _("系统自动"), e.data.get("reason", ""),
            "bad" if e.act in ("benefits.figure_refused", "benefits.figure_withdrawn") else "done",
        )
        for e in seen.entries
    ]  # fmt: skip


@requires(*SEE)
@require_safe
def scan(request: StaffRequest, change_id: UUID) -> HttpResponseBase:
    """The sheet on which a change stands."""
    name, file = scan_of(change_id, by=request.actor)
    return send_file(file, name, download="download" in request.GET)


def _propose(request: StaffRequest, i: UUID) -> str:
    commands.propose_change(change_id=i, by=request.actor, now=request.now, **keyed(request))
    return _("已提交，等另一位复核员办理。")


def _withdraw(request: StaffRequest, i: UUID) -> str:
    commands.withdraw_change(
        change_id=i, reason=request.POST.get("reason", ""), by=request.actor, now=request.now, **keyed(request)
    )
    return _("已撤回。")


def _refuse(request: StaffRequest, i: UUID) -> str:
    commands.refuse_change(change_id=i, reason=request.POST.get("reason", ""), by=request.actor, now=request.now, **keyed(request))
    return _("已退回提出人。")


def _agree(request: StaffRequest, i: UUID) -> str:
    seen = request.POST.get("seen", "")
    commands.agree_to_change(
        change_id=i, seen=int(seen) if re.fullmatch("[0-9]{1,9}", seen) else -1, by=request.actor, now=request.now, **keyed(request)
    )
    return _("已同意并公布。从现在起都按新数算；过去的结果不变。")


ACTS: dict[str, Callable[[StaffRequest, UUID], str]] = {
    "propose": _propose,
    "withdraw": _withdraw,
    "refuse": _refuse,
    "agree": _agree,
}


@requires("benefits.policy", "benefits.agree")
@require_POST
def act(request: StaffRequest, change_id: UUID, act: str) -> HttpResponse:
    """Take one decision; what speaks against it is said on the same page."""
    if act not in ACTS:
        raise NotFound(what=msg("这个操作"))
    try:
        said = ACTS[act](request, change_id)
    except (
        commands.CasesFail,
        commands.ChangeMoved,
        commands.FigureMoved,
        commands.FiguresOver,
        commands.LaterThere,
        commands.TextMissing,
    ) as error:
        return _page(request, change_id, act=act, error=error)
    done(request, said)
    return redirect("policies:change", change_id)
