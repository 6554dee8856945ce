"""One receiver: what is known, which steps were taken, and the decisions an officer takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from linli.domains.benefits import commands
from linli.domains.benefits.queries import Finding, ReachOutcome, Settled, certification, sheet
from linli.domains.people.commands import view_full
from linli.domains.people.queries import Purpose, masked_facts, person_card
from linli.kernel.errors import LinliError, NotAllowed, NotFound
from linli.kernel.text import joined, msg
from linli.web.access import requires
from linli.web.console.certification.people import TONES
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.fields import Option
from linli.web.ui.parts import Event
from linli.web.ui.toasts import done

OUTCOME_KIND = {
    ReachOutcome.PASSED_OVER: "passed", ReachOutcome.OPEN: "current", ReachOutcome.SEEN: "done", ReachOutcome.SENT: "done", ReachOutcome.SPOKEN: "done",
}  # fmt: skip


@requires("benefits.certify", "benefits.view")
@require_safe
def one(request: StaffRequest, certification_id: UUID) -> HttpResponse:
    """Evidence, ladder, inquiries, suspensions and what may be decided."""
    return _page(request, certification_id)


def _page(
    request: StaffRequest, certification_id: UUID, *, typed: dict[str, str] | None = None, error: LinliError | None = None
) -> HttpResponse:
    seen = sheet(certification_id, by=request.actor, on=request.today)
    card = person_card(seen.row.person_id) if seen.line.party else None
    field = error.field or "" if error else ""
    sentence = joined([error.message] + ([error.what_to_do] if error.what_to_do else []), _) if error else ""
    context = {
        "seen": seen, "line": seen.line, "tone": TONES[seen.line.standing], "card": card, "events": _ladder(seen), "typed": typed or {},
        "field": field, "sentence": sentence, "error": error, "findings": [Option(f.value, _(f.label)) for f in Finding],
        "purposes": [(p.value, _(p.label)) for p in (Purpose.CONTACT, Purpose.VERIFY_IDENTITY)],
        "may": request.actor.can("benefits.certify"), "on": request.today,
        "inquiries": [
            (i, Finding(i.finding) if i.finding else None, i.reason.open(), i.ground.open() if i.ground else "",
             seen.numbers.get(i.case_id, "") if i.case_id else "")
            for i in seen.inquiries
        ],
        "suspensions": [
            (s, s.reason.open(), s.end_reason.open() if s.end_reason else "", [f"{m // 12}-{m % 12 + 1:02d}" for m in s.owed])
            for s in seen.suspensions
        ],
        "proposals": [
            (p, Settled(p.outcome), p.reason.open(), p.said.open() if p.said else "", seen.numbers.get(p.case_id, ""),
             seen.people.get(p.proposed_by_id, ""), seen.people.get(p.decided_by_id, "") if p.decided_by_id else "")
            for p in seen.proposals
        ],
        "proposal": seen.proposal, "may_decide": seen.proposal and request.actor.can("benefits.agree"),
    }  # fmt: skip
    return render(request, "console/certification/one.html", context, status=status_of(error) if error else 200)


def _ladder(seen: Any) -> list[Event]:
    """The steps of this cycle as a time line, those outside the ladder after them."""
    events = []
    for step in seen.ladder:
        said, kind = _("还没到时候"), "ahead"
        if step.outcome is not None:
            said, kind = _(step.outcome.label), OUTCOME_KIND.get(step.outcome, "bad")
        events.append(Event(_(step.rung.label), step.reach.made_on if step.reach else step.day, _(step.rung.way.label), said, kind))  # type: ignore[arg-type]
    for r in seen.asked:
        outcome = ReachOutcome(r.outcome)
        events.append(Event(_("另行安排的走访"), r.made_on, "", _(outcome.label), OUTCOME_KIND.get(outcome, "bad")))  # type: ignore[arg-type]
    return events


@requires("benefits.certify")
@require_POST
def whole(request: StaffRequest, certification_id: UUID, field: str) -> HttpResponse:
    """A telephone or an address shown whole for a stated purpose; the look is recorded."""
    try:
        purpose = Purpose(request.POST.get("purpose", ""))
    except ValueError:
        raise NotFound(what=msg("这个用途")) from None
    person = certification(certification_id, by=request.actor, write=True).person_id
    value = view_full(person_id=person, field=field, purpose=purpose, by=request.actor, now=request.now).value
    return render(
        request, "ui/_revealed.html", {"id": f"whole-{field}", "value": value, "masked": masked_facts({field: value})[field]}
    )


def _confirm(request: StaffRequest, i: UUID) -> str:
    until = commands.confirm(certification_id=i, by=request.actor, now=request.now, **keyed(request))
    return _("已认证，有效期到 %(day)s。") % {"day": until}


def _visit(request: StaffRequest, i: UUID) -> str:
    commands.ask_visit(certification_id=i, by=request.actor, now=request.now, **keyed(request))
    return _("已交给村（社区）走访。")


def _inquire(request: StaffRequest, i: UUID) -> str:
    commands.open_inquiry(
        certification_id=i, reason=request.POST.get("reason", ""), by=request.actor, now=request.now, **keyed(request)
    )
    return _("已立案核实，并安排走访。")


def _conclude(request: StaffRequest, i: UUID) -> str:
    said = request.POST.get("finding", "")
    if said not in list(Finding):
        raise commands.OutcomeWrong(field="finding")
    commands.conclude_inquiry(
        certification_id=i,
        finding=Finding(said),
        ground=request.POST.get("ground", ""),
        by=request.actor,
        now=request.now,
        **keyed(request),
    )
    return _("已写入核实结论。")


def _propose(request: StaffRequest, i: UUID) -> str:
    commands.propose_suspension(
        certification_id=i, reason=request.POST.get("reason", ""), by=request.actor, now=request.now, **keyed(request)
    )
    return _("已提出暂停，等另一位复核。")


def _agree(request: StaffRequest, i: UUID) -> str:
    commands.agree_suspension(certification_id=i, by=request.actor, now=request.now, **keyed(request))
    return _("已决定暂停发放。决定书用印后送达，写明怎样恢复、怎样提出异议。")


def _refuse(request: StaffRequest, i: UUID) -> str:
    commands.refuse_suspension(
        certification_id=i, reason=request.POST.get("said", ""), by=request.actor, now=request.now, **keyed(request)
    )
    return _("没有同意暂停，照常发放。")


def _resume(request: StaffRequest, i: UUID) -> str:
    commands.resume(certification_id=i, reason=request.POST.get("reason", ""), by=request.actor, now=request.now, **keyed(request))
    return _("已恢复发放，停发的月份一并补发，告知书发给本人。")


ACTS: dict[str, Callable[[StaffRequest, UUID], str]] = {
    "confirm": _confirm, "visit": _visit, "inquire": _inquire, "conclude": _conclude, "suspend": _propose, "resume": _resume,
    "agree": _agree, "refuse": _refuse,
}  # fmt: skip
_SECOND = frozenset({"agree", "refuse"})


@requires("benefits.certify", "benefits.agree")
@require_POST
def act(request: StaffRequest, certification_id: UUID, act: str) -> HttpResponse:
    """Take one decision; what is wrong with it is said on the same page, with all that was typed."""
    if act not in ACTS:
        raise NotFound(what=msg("这个操作"))
    needed = "benefits.agree" if act in _SECOND else "benefits.certify"
    if not request.actor.can(needed):
        raise NotAllowed(permission=needed)
    certification(certification_id, by=request.actor)
    try:
        said = ACTS[act](request, certification_id)
    except LinliError as error:
        typed = {"act": act, **{name: request.POST.get(name, "") for name in ("reason", "ground", "finding", "said")}}
        return _page(request, certification_id, typed=typed, error=error)
    done(request, said)
    return redirect("certification:one", certification_id)
