"""What a resident is told of a case: in the words of a neighbour, with an office and never a name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from linli.domains.cases.queries import (
    FINAL,
    REVOKED,
    Case,
    ClockKind,
    Commitment,
    MaterialState,
    Move,
    OwnMaterial,
    OwnSheet,
    Promise,
    PromiseState,
    Received,
    State,
    own_timeline,
    revoked_among,
    state_after,
)
from linli.domains.catalog.queries import names_of
from linli.domains.org.queries import org_names
from linli.domains.people.queries import Party, parties
from linli.kernel.actors import Actor
from linli.kernel.calendar import day_said
from linli.kernel.text import noop
from linli.web.clocks import clock_look
from linli.web.ui.parts import Event

TONES = {
    State.DRAFT: "plain", State.SUBMITTED: "info", State.CORRECTION_REQUESTED: "soon", State.ISSUED: "done", State.DELIVERED: "done",
    State.CLOSED: "done", State.WITHDRAWN: "plain", State.NOT_ACCEPTED: "bad",
}  # fmt: skip
_WORDS = {
    Move.DEEM_ACCEPTED.act: noop("依法视为受理"), Move.CORRECT.act: noop("补正已交回"), Move.RESUME.act: noop("恢复办理"), Move.DELIVER.act: noop("结果已领取"),
    "cases.extended": noop("依法延期"),
}  # fmt: skip
_WORDS_OURS = {
    Move.START.act: noop("我们主动办理，不是您申请的"), Move.WITHDRAW.act: noop("核实结束，没有作出决定"), Move.DELIVER.act: noop("文书已送达"),
    Move.ISSUE.act: noop("文书已用印"), "cases.paper_added": noop("又发出一份文书"),
}  # fmt: skip
_BY_ACT = {m.act: m for m in Move}
# The states of a checklist, and one for what the application does without. That the bureau still owes itself a proof is
# nothing to the applicant: to them it is verified by us, now or later.
ROW_STATES = {
    MaterialState.HAVE: "have", MaterialState.WILL_VERIFY: "verified", MaterialState.COMMITTABLE: "promise",
    MaterialState.PROVIDE: "needed", MaterialState.OWED: "verified", MaterialState.NOT_APPLICABLE: "apart",
    MaterialState.PENDING: "pending",
}  # fmt: skip
_NEXT = {
    State.SUBMITTED: noop("我们正在核对您的材料。缺什么会一次说全，不会让您多跑。"),
    State.CORRECTION_REQUESTED: noop("还差几样，请照下面的说明补上；没有列出的不用管。"),
    State.ACCEPTED: noop("已经受理，正在派给审核人员。您不用再跑。"),
    State.IN_REVIEW: noop("正在审核，您不用做什么。"),
    State.SUSPENDED: noop("依法要等一道专门程序，这段时间不计入办理期限。"),
    State.APPROVED: noop("已经作出决定，正在制作结果。"),
    State.REJECTED: noop("已经作出决定，正在制作决定书。"),
    State.ISSUED: noop("结果已经出来了，可以在这里领取电子件，也可以到窗口领取。"),
    State.DELIVERED: noop("结果已经领取。"),
    State.CLOSED: noop("已经办结。结果可以随时在这里下载。"),
    State.NOT_ACCEPTED: noop("这次申请不予受理，决定书里写明了理由和不服时可以怎么办。"),
    State.WITHDRAWN: noop("这次申请已经撤回，随时可以重新申请。"),
}
# Of what the bureau began by itself nobody applied for anything.
_NEXT_OURS = {
    State.IN_REVIEW: noop("我们正在核实一件和您有关的事，不是您申请的。情况和事实不符的，请马上联系我们或者到任一窗口说明。"),
    State.ISSUED: noop("决定书已经用印，请到窗口领取。"),
    State.DELIVERED: noop("文书已经送到这里，可以随时下载。"),
    State.CLOSED: noop("已经办结。文书可以随时在这里下载。"),
    State.WITHDRAWN: noop("核实已经结束，没有作出决定，您的待遇不受影响。"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A case in a resident's own list. ``whose`` is empty for one's own."""

    case: Case
    item: str
    whose: str
    state: str
    tone: str
    note: str


def rows_of(cases: Iterable[Case], *, by: Actor) -> list[Row]:
    """The cases of a list with names, in four queries at most however many."""
    found = list(cases)
    revoked = revoked_among(found)
    names, who = names_of([c.item_code for c in found]), parties(c.applicant_id for c in found if c.applicant_id != by.resident_id)
    return [
        Row(
            c, names.get(c.item_code, c.item_code), _whose(who, c), *standing_of(c, revoked=c.pk in revoked),
            "" if c.pk in revoked else _list_note(c),
        )
        for c in found
    ]  # fmt: skip


def standing_of(case: Case, *, revoked: bool) -> tuple[str, str]:
    """How a case stands, in a word and its tone; ``revoked``: its result was taken back."""
    if revoked:
        return _(REVOKED), "bad"
    state = State(case.state)
    if state is State.WITHDRAWN and case.channel == "automatic":
        return _("已结束"), TONES[state]
    return _(state.plain_label), TONES.get(state, "info")


def _whose(who: dict[Any, Party], case: Case) -> str:
    found = who.get(case.applicant_id)
    return found.name if found else ""


def _list_note(case: Case) -> str:
    match State(case.state):
        case State.DRAFT:
            return _("还没有提交") if case.channel == "online" else _("正在窗口办理")
        case State.CORRECTION_REQUESTED:
            return _("请在限期前补正")
        case State.ISSUED:
            return _("可以领取结果")
    return ""


def next_word(sheet: OwnSheet) -> str:
    """What happens next, and whether the resident has to do anything."""
    if sheet.revoked:
        return _("原来准予的决定已经撤销，结果不能再使用。处理决定书里写明了理由和不服时可以怎么办。")
    if sheet.at_counter:
        return _("这件事正在窗口办理。要在手机上接着填，请向窗口要一个接着办码。")
    words = _NEXT | _NEXT_OURS if sheet.ours else _NEXT
    return _(words[State(sheet.case.state)]) if State(sheet.case.state) in words else ""


def events_of(sheet: OwnSheet, *, by: Actor, on: date) -> list[Event]:
    """Which state since when and at which office; what is still to come stands ahead."""
    entries = own_timeline(sheet.case.pk, by=by, on=on)
    case, over = sheet.case, sheet.case.state in FINAL
    offices = org_names([case.hall_id, case.deciding_org_id])
    counter, decides = offices.get(case.hall_id, ""), offices.get(case.deciding_org_id, "") if case.deciding_org_id else ""
    events, last = [], len(entries) - 1
    for n, e in enumerate(entries):
        move = _BY_ACT.get(e.act)
        words = _WORDS | _WORDS_OURS if sheet.ours else _WORDS
        word = _(words[e.act]) if e.act in words else _(state_after(move).plain_label) if move else ""
        who = decides if move in (Move.SEND_TO_REVIEW, Move.APPROVE, Move.REJECT, Move.ISSUE) else counter
        kind = "bad" if move is Move.REFUSE else "current" if n == last and not over else "done"
        events.append(Event(word, e.at, who if move not in (Move.WITHDRAW, Move.CLOSE) else "", kind=kind))  # type: ignore[arg-type]
    if case.number and not over:
        events += [Event(_(state.plain_label), kind="ahead") for state in _ahead(State(case.state))]
    return events


def _ahead(state: State) -> list[State]:
    way = [State.SUBMITTED, State.ACCEPTED, State.IN_REVIEW, State.ISSUED, State.CLOSED]
    like = {State.CORRECTION_REQUESTED: State.SUBMITTED, State.SUSPENDED: State.IN_REVIEW, State.APPROVED: State.IN_REVIEW,
            State.REJECTED: State.IN_REVIEW, State.DELIVERED: State.ISSUED}  # fmt: skip
    return way[way.index(like.get(state, state)) + 1 :]


# The clocks that tell an applicant something; the limits of single stages are the bureau's own affair.
_SHOWN = {
    ClockKind.NOTICE: noop("最迟告诉您收没收下、缺不缺材料："), ClockKind.CORRECTION: noop("请您最迟补齐："), ClockKind.PROMISED: noop("最迟办好："),
    ClockKind.DELIVERY: noop("最迟把结果交给您："),
}  # fmt: skip


def clocks_of(sheet: OwnSheet) -> list[dict[str, Any]]:
    """The promises that run now, each with the sentence that explains its date."""
    running = [c for c in sheet.clocks if c.kind in _SHOWN and c.outcome == "running"]
    return [clock_look(c, over=sheet.is_over) | {"label": _(_SHOWN[c.kind])} for c in running]


_PROMISED = {
    PromiseState.DUE: noop("您已书面承诺，我们最迟于 %(day)s 核查，您不用做什么。"), PromiseState.KEPT: noop("您的书面承诺已经核查属实。"),
    PromiseState.DOUBTED: noop("核查发现和您的承诺有不一致，请看书面告知，告诉我们您的意见。"),
    PromiseState.BROKEN: noop("核查认定承诺不实，见处理决定书；改正后可以到任一窗口申请修复。"), PromiseState.REPAIRED: noop("已经改正，承诺不实的记录已结束。"),
}  # fmt: skip


def promise_note(promise: Commitment) -> str:
    """How a promise stands, to whoever gave it."""
    day = day_said(promise.due_on).render(_) if promise.due_on else ""
    if promise.promise == Promise.PENDING:
        return (
            _("您承诺最迟于 %(day)s 补交：在这里上传，或者到任一窗口、请人代交、邮寄。") % {"day": day}
            if promise.standing == PromiseState.DUE
            else ""
        )
    return _(_PROMISED[PromiseState(promise.standing)]) % {"day": day} if promise.standing in _PROMISED else ""


def material_note(m: OwnMaterial, promise: Commitment | None = None) -> str:
    """One sentence on what is to be done about a material, or that nothing is; ``promise`` stands in its place."""
    if promise and (said := promise_note(promise)):
        return said
    if m.row.received == Received.FILLED:
        return _("您在网上填的就是这份表，不用另外交。")
    if m.wanted.from_departments:
        return _("由%(who)s核验，不用您提供。") % {"who": m.wanted.issued_by or _("有关部门")}
    if m.row.state == MaterialState.NOT_APPLICABLE:
        return _("您的情况用不到。")
    if m.committed:
        return _("您已书面承诺，我们事后核查。")
    if m.files:
        return _("已交 %(n)s 个文件。") % {"n": len(m.files)}
    if m.row.received in (Received.PAPER, Received.SEEN):
        return _("已经交到窗口。")
    if m.wanted.may_be_committed:
        return _("拍照上传，或者书面承诺代替。")
    return _("拍照或上传。") if m.open else _("可以不交，交了办得更快。")
