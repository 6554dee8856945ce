"""A case that was accepted or is over, as the counter may see it: state, clocks, papers to print, form, materials, timeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from linli.domains.cases.queries import (
    FINAL,
    CaseMaterial,
    CounterSheet,
    MaterialState,
    Move,
    Received,
    Signed,
    State,
    answers,
    counter_acts,
    joint_of,
    pending_clocks,
    plain_timeline,
    promises_of,
)
from linli.domains.documents.queries import PaperKind, documents_of
from linli.domains.exchange.queries import Shared
from linli.domains.org.queries import get_org, org_names
from linli.kernel.errors import LinliError
from linli.kernel.text import joined, noop
from linli.web.clocks import clock_look, pending_look
from linli.web.collecting import collection_field
from linli.web.desk.counter.links import link
from linli.web.desk.counter.parties import purposes
from linli.web.desk.counter.today import TONES
from linli.web.http import StaffRequest
from linli.web.itemform import shown
from linli.web.ui.parts import Event, Fact

# The five states of a checklist, and one for what the case does without.
ROW_STATES = {
    MaterialState.HAVE: "have", MaterialState.WILL_VERIFY: "verified", MaterialState.COMMITTABLE: "promise",
    MaterialState.PROVIDE: "needed", MaterialState.OWED: "owed", MaterialState.NOT_APPLICABLE: "apart",
    MaterialState.PENDING: "pending",
}  # fmt: skip
# What the counter prints for the applicant; results and the receipt of a result are handed over elsewhere.
_NOTICES = (
    PaperKind.CORRECTION_NOTICE, PaperKind.ACCEPTANCE_NOTICE, PaperKind.NON_ACCEPTANCE, PaperKind.SUSPENSION_NOTICE,
    PaperKind.RESUMPTION_NOTICE, PaperKind.EXTENSION_NOTICE,
)  # fmt: skip
_NEXT = {
    State.SUBMITTED: noop("核对材料后受理，或一次性告知补正。"),
    State.CORRECTION_REQUESTED: noop("等申请人补齐；补正材料到了就登记。"),
    State.ACCEPTED: noop("已受理，等系统派给审核人员。申请人不用再跑。"),
    State.IN_REVIEW: noop("审核人员正在办理，窗口不用做什么。"),
    State.SUSPENDED: noop("依法中止，期间不计时；原因见通知书。"),
    State.APPROVED: noop("已决定，正在制作结果。"),
    State.REJECTED: noop("已决定，正在制作决定书。"),
    State.ISSUED: noop("结果已出，请通知申请人领取。"),
    State.DELIVERED: noop("结果已送达。"),
    State.CLOSED: noop("已办结归档。"),
    State.NOT_ACCEPTED: noop("已出具不予受理决定书，里面写明了理由和救济途径。"),
    State.WITHDRAWN: noop("申请人已撤回，随时可以重新申请。"),
}
_WORDS = {
    Move.SUBMIT.act: noop("已收件"), Move.REQUEST_CORRECTION.act: noop("已告知补正"), Move.CORRECT.act: noop("补正已收齐"),
    Move.ACCEPT.act: noop("已受理"), Move.DEEM_ACCEPTED.act: noop("依法视为受理"), Move.SEND_TO_REVIEW.act: noop("审核中"),
    Move.SUSPEND.act: noop("依法中止"), Move.RESUME.act: noop("恢复办理"), "cases.extended": noop("依法延期"),
    Move.APPROVE.act: noop("已决定"), Move.REJECT.act: noop("已决定"), Move.ISSUE.act: noop("结果已出"),
    Move.DELIVER.act: noop("已送达"), Move.CLOSE.act: noop("已办结"), Move.REFUSE.act: noop("不予受理"), Move.WITHDRAW.act: noop("已撤回"),
    Move.START.act: noop("依职权启动"), "cases.paper_added": noop("补发文书"),
}  # fmt: skip


def events_of(sheet: CounterSheet, request: StaffRequest) -> list[Event]:
    """The plain timeline: state words, never who reviews."""
    entries = plain_timeline(sheet.case.pk, by=request.actor)
    orgs = org_names(e.org_id for e in entries)
    last, over = len(entries) - 1, sheet.case.state in FINAL
    return [
        Event(
            _(_WORDS[e.act]), e.at, orgs.get(e.org_id, "") if e.org_id else "",
            kind="bad" if e.act == Move.REFUSE.act else "current" if n == last and not over else "done",
        )
        for n, e in enumerate(entries)
    ]  # fmt: skip


def answer_facts(sheet: CounterSheet) -> list[Fact]:
    """The form as it was handed in, numbers masked; what was left empty is left out."""
    return [Fact(a.label, "；".join(_(line) for line in a.lines)) for a in answers(sheet.standard, sheet.form) if a.lines]


def about(sheet: CounterSheet, request: StaffRequest) -> dict[str, Any]:
    """What every page of a case at the counter shows beside it. ``first`` is the paper the applicant waits for: the newest."""
    papers = [d for d in documents_of(sheet.case.pk) if d.kind in _NOTICES]
    state, over = State(sheet.case.state), sheet.case.state in FINAL
    return {
        "sheet": sheet, "case": sheet.case, "acts": {a.value for a in counter_acts(sheet.case, by=request.actor)},
        "papers": papers, "first": papers[-1] if papers else None, "state_word": _(state.label), "tone": TONES.get(state, "info"),
        "purposes": purposes(),
        "joint": joint_of(sheet.case, by=request.actor, on=request.today),
        "clocks": [clock_look(c, over=over) for c in sheet.clocks if c.outcome == "running"],
        "collection": collection_field(sheet.case, on=request.today),
        "external_url": link("issue:external", sheet.case.pk),
        "handed_to": get_org(sheet.case.org_id).name if sheet.case.origin_id and sheet.case.org_id != request.actor.org_id else "",
    }  # fmt: skip


def show_sheet(
    request: StaffRequest, sheet: CounterSheet, *, unsaved: Mapping[str, Any] | None = None, error: LinliError | None = None
) -> HttpResponse:
    """The page. ``unsaved`` is what was typed when a colleague had already moved the case on."""
    promises = promises_of(sheet.case.pk)
    context = about(sheet, request) | {
        "pending": [pending_look(c, label=_("容缺补交：%(name)s")) for c in pending_clocks(sheet.case, promises.values(), now=request.now)],
        "on_paper": {code for code, p in promises.items() if p.signed == Signed.PAPER},
        "answers": answer_facts(sheet),
        "materials": [(m, ROW_STATES[MaterialState(m.state)], _how(m), sheet.files.get(m.pk, []), _receipt(sheet, m)) for m in sheet.materials],
        "events": events_of(sheet, request), "next": _(_NEXT[State(sheet.case.state)]), "unsaved": _unsaved(sheet, unsaved),
        "problems": [("", joined([error.message, *([error.what_to_do] if error.what_to_do else [])], _))] if error else [],
        "deliver_url": link("issue:deliver", sheet.case.pk) if sheet.case.state == State.ISSUED else "",
    }  # fmt: skip
    return render(request, "desk/counter/case.html", context, status=409 if error else 200)


def _receipt(sheet: CounterSheet, material: CaseMaterial) -> Shared | None:
    """What another department said of a material, if it said something."""
    found = sheet.shared.get(material.code)
    return found if found and found.digest else None


def _how(material: CaseMaterial) -> str:
    return _(Received(material.received).label) if material.received else ""


def _unsaved(sheet: CounterSheet, values: Mapping[str, Any] | None) -> list[Fact]:
    if values is None:
        return []
    differs = [f for f in sheet.standard.form if values.get(f.name) and values.get(f.name) != sheet.form.get(f.name)]
    return [Fact(f.label, "；".join(v) if isinstance(v := shown(f, values[f.name]), list) else str(v)) for f in differs]
