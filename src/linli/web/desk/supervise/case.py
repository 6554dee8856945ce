"""One case as a supervisor sees it: the whole record, every clock, every draw, and what may be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from linli.domains.accounts.queries import names as names_of_users
from linli.domains.cases.commands import take_archive
from linli.domains.cases.queries import (
    IN_HAND,
    ClockView,
    Draw,
    DrawReplay,
    Exclusion,
    MaterialState,
    State,
    Step,
    StepState,
    SupervisorSheet,
    case_colour,
    counter_file,
    full_timeline,
    joint_of,
    replay_draws,
    supervised_paper,
    supervisor_acts,
    supervisor_sheet,
    why_waiting,
)
from linli.domains.clients.queries import client_names
from linli.domains.documents.queries import documents_of, open_file, package_content, packages_of, pdf
from linli.domains.org.queries import org_names
from linli.domains.trace.queries import verify_chain
from linli.kernel.text import noop
from linli.web.access import requires
from linli.web.desk.supervise.acting import ACTIONS
from linli.web.desk.supervise.lines import LOOKS
from linli.web.desk.supervise.words import ask_facts, ask_words, events_of, step_words
from linli.web.files import send_archive, send_file, send_pdf
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.parts import Column, Fact

_STATES = {
    MaterialState.HAVE: "have", MaterialState.WILL_VERIFY: "verified", MaterialState.COMMITTABLE: "promise",
    MaterialState.PROVIDE: "needed", MaterialState.OWED: "owed",
    MaterialState.PENDING: "pending",
}  # fmt: skip
_OUTCOMES = {"met": noop("按时完成"), "late": noop("超期完成"), "void": noop("不再计算")}
_CHECKS = {"truth": noop("真实"), "completeness": noop("完整"), "usability": noop("可用"), "safety": noop("安全")}
_STEP_STATES = {StepState.WAITING: "soon", StepState.OPEN: "info", StepState.DONE: "done", StepState.RELEASED: "plain"}


@dataclass(frozen=True, slots=True)
class ClockLook:
    """A clock for the kit: its look, and all its sentences."""

    view: ClockView
    look: str
    left: str


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage with who has it and how it was drawn."""

    step: Step
    kind: str
    tone: str
    word: str
    who: str
    draw: Draw | None
    replay: DrawReplay | None
    candidates: list[str]
    excluded: list[tuple[str, str]]


@requires("cases.supervise")
@require_GET
def case(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """The page."""
    sheet = supervisor_sheet(case_id, by=request.actor, now=request.now)
    entries, verdict = full_timeline(case_id, by=request.actor), verify_chain(case_id)
    replays = replay_draws(sheet.draws.values())
    people = {e.user_id for e in entries} | {s.user_id for s in sheet.steps}
    for draw in sheet.draws.values():
        people |= {*draw.candidates, *map(UUID, draw.excluded)}
    names = names_of_users(people)
    if sheet.case.client_id:  # brought by another system, which acted under its own name
        names |= client_names([sheet.case.client_id])
    orgs = org_names([*(e.hall_id or e.org_id for e in entries), sheet.case.org_id, sheet.case.deciding_org_id])
    acts = supervisor_acts(sheet.case, sheet.steps, sheet.case.extensions.all(), by=request.actor)
    waits = next((s for s in sheet.steps if s.state == StepState.WAITING), None)
    context = {
        "sheet": sheet, "case": sheet.case, "state": State(sheet.case.state), "facts": _facts(sheet, orgs), "look": LOOKS[case_colour(sheet.case, now=request.now)],
        "clocks": [_clock(c) for c in sheet.clocks], "stages": [_stage(s, sheet, replays, names) for s in sheet.steps],
        "stage_columns": [Column(_("环节")), Column(_("经办人")), Column(_("抽取")), Column(_("状态"))],
        "events": events_of(entries, names=names, orgs=orgs, verdict=verdict), "verdict": verdict,
        "materials": [(m, _STATES.get(MaterialState(m.state)), sheet.files.get(m.pk, [])) for m in sheet.materials],
        "papers": documents_of(case_id),
        "packages": [(p, _checks(p.checks)) for p in packages_of(case_id)],
        "open_asks": [(a, ask_words(a), ask_facts(a)) for a in sheet.asks if a.settled_at is None],
        "acts": [(act, ACTIONS[act]) for act in acts], "may_settle": any(request.actor.can(p) for p in ("cases.suspend", "cases.redraw")),
        "joint": joint_of(sheet.case, by=request.actor, on=request.today),
        "why": why_waiting(waits.pk, by=request.actor, now=request.now) if waits and sheet.case.state in IN_HAND else [],
    }  # fmt: skip
    return render(request, "desk/supervise/case.html", context)


def _checks(checks: dict[str, dict[str, Any]]) -> list[tuple[str, bool, list[str]]]:
    """The four checks of an electronic file in words."""
    return [(_(word), checks[name]["ok"], checks[name]["found"]) for name, word in _CHECKS.items()]


def _facts(sheet: SupervisorSheet, orgs: dict[UUID, str]) -> list[Fact]:
    c = sheet.case
    facts = [
        Fact(_("申请人"), sheet.applicant.name), Fact(_("证件号码"), sheet.applicant.number), Fact(_("收件单位"), orgs.get(c.org_id, "")),
    ]  # fmt: skip
    if c.deciding_org_id:
        facts.append(Fact(_("决定机关"), orgs.get(c.deciding_org_id, "")))
    if c.external_number:
        facts.append(Fact(_("外部系统编号"), c.external_number))
    return facts


def _clock(view: ClockView) -> ClockLook:
    look = "provisional" if view.provisional and view.outcome == "running" and view.colour == "green" else LOOKS[view.colour]
    left = _(_OUTCOMES[view.outcome]) if view.outcome in _OUTCOMES else ""
    if view.working_days_left is not None:
        n = view.working_days_left
        left = _("还剩 %(n)s 个工作日") % {"n": n} if n >= 0 else _("超过 %(n)s 个工作日") % {"n": -n}
    return ClockLook(view, look, left)


def _stage(step: Step, sheet: SupervisorSheet, replays: dict[UUID, DrawReplay], names: dict[UUID, str]) -> Stage:
    draw = sheet.draws.get(step.pk)
    words = {
        StepState.WAITING: _("等待派件"), StepState.OPEN: _("办理中"), StepState.DONE: _("已完成"), StepState.RELEASED: _("已收回"),
    }  # fmt: skip
    state = StepState(step.state)
    who = names.get(step.user_id, "") if step.user_id else _("系统自动") if step.automatic else ""
    return Stage(
        step, step_words(step.kind), _STEP_STATES[state], words[state], who, draw, replays.get(step.pk),
        [names.get(c, str(c)) for c in draw.candidates] if draw else [],
        [(names.get(UUID(u), u), _(Exclusion(why).label)) for u, why in draw.excluded.items()] if draw else [],
    )  # fmt: skip


@requires("cases.supervise")
@require_safe
def paper(request: StaffRequest, case_id: UUID, document_id: UUID) -> HttpResponse:
    """A paper of the case, as it stands."""
    card = supervised_paper(case_id, document_id, by=request.actor)
    return send_pdf(pdf(card.id), card.number)


@requires("cases.supervise")
@require_safe
def file(request: StaffRequest, case_id: UUID, file_id: UUID) -> HttpResponseBase:
    """A file that was handed in."""
    found = counter_file(case_id, file_id, by=request.actor)
    return send_file(open_file(found.file_id), found.name, download="download" in request.GET)


@requires("cases.supervise")
@require_POST
def archive(request: StaffRequest, case_id: UUID, ordinal: int) -> HttpResponse:
    """The electronic file of the case, to take along; that it was taken is recorded."""
    take_archive(case_id=case_id, ordinal=ordinal, by=request.actor, now=request.now, **keyed(request))
    package = packages_of(case_id).get(ordinal=ordinal)
    number = supervisor_sheet(case_id, by=request.actor, now=request.now).case.number
    return send_archive(package_content(package.pk), f"{number}-{ordinal}")
