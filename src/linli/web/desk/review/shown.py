"""What the pages show of a stage, put together from the room's answers. Nothing here names a place, a channel or a colleague:
a file is called after its material, a case by the alias of the stage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linli.domains.cases.queries import (
    Ask,
    CaseMaterial,
    ClockView,
    Colour,
    MaterialFile,
    MaterialState,
    Opinion,
    PauseGround,
    Received,
    ReviewSheet,
    Step,
    StepState,
    alias_of,
    case_colour,
    days_left,
)
from linli.domains.catalog.queries import LinkDuty, Material, limit_said, names_of
from linli.domains.exchange.queries import Shared
from linli.domains.people.queries import parties
from linli.kernel.text import joined, noop
from linli.web.ui.parts import Fact
from linli.web.ui.templatetags.linli_ui import label

REVIEWERS = ("cases.review", "cases.decide")

# The kit's states of a clock, by how pressing it is.
_CLOCK = {
    Colour.GREEN: "green", Colour.AMBER: "amber", Colour.RED: "red", Colour.PAUSED: "paused", Colour.DONE: "stopped",
}  # fmt: skip


def left(days: int | None) -> str:
    """How long there is still, in words."""
    if days is None:
        return ""
    if days > 0:
        return ngettext("还剩 %(n)s 个工作日", "还剩 %(n)s 个工作日", days) % {"n": days}
    if days == 0:
        return _("今天到期")
    return ngettext("已超 %(n)s 个工作日", "已超 %(n)s 个工作日", -days) % {"n": -days}


# -- the list ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One stage in a list."""

    step_id: UUID
    alias: str
    item: str
    applicant: str
    stage: str
    due: date | None
    clock: str
    left: str
    done_at: datetime | None
    proposal: str


def lines(steps: Iterable[Step], *, now: datetime) -> list[Line]:
    """The rows of a list, in three queries however many."""
    steps = list(steps)
    names = names_of([s.case.item_code for s in steps])
    who = parties({s.case.applicant_id for s in steps})
    return [
        Line(
            s.pk, alias_of(s), names.get(s.case.item_code, s.case.item_code), who[s.case.applicant_id].name, stage_name(s),
            s.case.due_on, _CLOCK[case_colour(s.case, now=now)], left(days_left(s.case, now=now)), s.done_at, s.proposal,
        )
        for s in steps
    ]  # fmt: skip


def stage_name(step: Step) -> str:
    """What is done in a stage, with its name in the standard where that says more."""
    duty = label(LinkDuty(step.kind))
    return duty if step.name == duty else f"{duty} · {step.name}"


# -- the sheet -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the case: done, the reader's own, or still to come; with what was said in it."""

    name: str
    state: str
    opinion: Opinion | None = None


def stages(sheet: ReviewSheet) -> list[Stage]:
    """All stages between acceptance and issue, the reader's own marked."""
    said_before = dict(enumerate(sheet.opinions, 1)) if len(sheet.opinions) == sheet.step.ordinal - 1 else {}
    shown = []
    for n, stage in enumerate(sheet.standard.plan.stages, 1):
        duty = label(LinkDuty(stage.kind))
        name = duty if stage.name == duty else f"{duty} · {stage.name}"
        state = "done" if n < sheet.step.ordinal else "mine" if n == sheet.step.ordinal else "ahead"
        shown.append(Stage(name, state, said_before.get(n)))
    return shown


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock for the kit: its state, date, and the sentences that explain it."""

    state: str
    label: str
    due: date | None
    left: str
    sentence: str
    basis: str


def clock(view: ClockView) -> Clock:
    state = "provisional" if view.provisional and view.colour is Colour.GREEN else _CLOCK[view.colour]
    return Clock(state, label(view.kind), view.due_on, left(view.working_days_left), joined(view.explanation, _), view.basis)


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the stage, ticked as done or left out with a reason."""

    n: int
    name: str
    automatic: bool
    limit: str
    done: bool = False
    why: str = ""

    @property
    def entry(self) -> str:
        """As the command takes it; empty if nothing was said about the link."""
        return self.name if self.done else f"{self.name}:{self.why}" if self.why else ""


def links(sheet: ReviewSheet, typed: dict[str, str] | None = None) -> list[Link]:
    """The links of the reader's own stage, with what was ticked or typed."""
    typed = typed or {}
    if sheet.step.ordinal > len(sheet.standard.plan.stages):
        return []
    return [
        Link(
            n, link.name, link.automatic, limit_said(link.limit).render(_) if link.limit else "", f"link-{n}" in typed,
            typed.get(f"why-{n}", "").strip(),
        )
        for n, link in enumerate(sheet.standard.plan.stages[sheet.step.ordinal - 1].links)
        if link.duty is not LinkDuty.COMPLETE
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class File:
    """A file of a material under a name that says nothing of who handed it in."""

    id: UUID
    name: str
    show: str
    size: int


# How a file can be looked at in the page; anything else is opened with a program.
_SHOWN = {"application/pdf": "pdf", "image/jpeg": "image", "image/png": "image", "image/webp": "image"}

# How a material came in, as far as it bears on its worth as evidence. Through which window or device does not.
_RECEIVED = {
    Received.SEEN: noop("已查验原件，不留存"),
    Received.PAPER: noop("已收纸质材料"),
    Received.UPLOADED: noop("已收电子材料"),
    Received.PHOTOGRAPHED: noop("已收电子材料"),
    Received.COMMITTED: noop("已签署告知承诺书"),
    Received.FILLED: noop("网上填写的申请表"),
    Received.VERIFIED: noop("经部门核验"),
    Received.SHARED: noop("部门共享取得"),
}
_TONES = {
    MaterialState.HAVE: ("done", "circle-check"), MaterialState.WILL_VERIFY: ("info", "building-bank"),
    MaterialState.COMMITTABLE: ("info", "signature"), MaterialState.PROVIDE: ("soon", "upload"),
    MaterialState.OWED: ("soon", "hourglass"), MaterialState.NOT_APPLICABLE: ("plain", "circle-minus"),
    MaterialState.PENDING: ("soon", "hourglass"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Piece:
    """One material: what the standard asks, what came in, its files. ``may_settle``: the bureau owes it, or has it."""

    n: int
    code: str
    name: str
    state: MaterialState
    received: str
    note: str
    asked: str
    files: list[File]
    may_settle: bool
    verified: bool
    shared: Shared | None = None
    typed: str = ""
    error: str = ""

    @property
    def tone(self) -> str:
        return _TONES[self.state][0]

    @property
    def icon(self) -> str:
        return _TONES[self.state][1]


def pieces(sheet: ReviewSheet) -> list[Piece]:
    """The materials of the case in the order of its standard."""
    order = {m.code: n for n, m in enumerate(sheet.standard.to_hand_in)}
    rows = sorted(sheet.materials, key=lambda m: order.get(m.code, len(order)))
    return [_piece(n, row, sheet.files.get(row.pk, []), sheet) for n, row in enumerate(rows, 1)]


def _piece(n: int, row: CaseMaterial, files: Sequence[MaterialFile], sheet: ReviewSheet) -> Piece:
    asked = sheet.standard.material(row.code)
    state = MaterialState(row.state)
    open_to_me = sheet.step.state == StepState.OPEN
    verified = row.received == Received.VERIFIED
    return Piece(
        n=n, code=row.code, name=row.name, state=state, received=label_of_received(row.received), note=row.note if verified or
        state is MaterialState.OWED else "", asked=_asked(asked) if asked else "",
        files=[File(f.pk, file_name(n, k, f.content_type), _SHOWN.get(f.content_type, "other"), f.size) for k, f in enumerate(files, 1)],
        may_settle=open_to_me and (state is MaterialState.OWED or verified), verified=verified,
        shared=(found if (found := sheet.shared.get(row.code)) and found.digest else None),
    )  # fmt: skip


def label_of_received(received: str) -> str:
    return _(_RECEIVED[Received(received)]) if received else ""


def _asked(material: Material) -> str:
    """What the standard says about a material, in one line."""
    said_of = [label(material.form), label(material.required), material.condition, material.basis]
    return _("；").join(part for part in said_of if part)


_ENDINGS = {
    "application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/heic": "heic",
    "application/ofd": "ofd", "text/plain": "txt",
}  # fmt: skip


def file_name(n: int, k: int, content_type: str) -> str:
    """The name a file is shown and saved under."""
    return f"material-{n}-{k}.{_ENDINGS.get(content_type, content_type.rpartition('.')[2][:4] or 'bin')}"


def name_of(sheet: ReviewSheet, file_id: UUID) -> str:
    """The same for one file by its id."""
    return next(f.name for piece in pieces(sheet) for f in piece.files if f.id == file_id)


# -- facts, law and asks -------------------------------------------------------------------------------------------------


def facts(sheet: ReviewSheet) -> list[Fact]:
    """What the case is about, in a few lines."""
    standard = sheet.standard
    found = [
        Fact(_("事项"), standard.name),
        Fact(_("所属主项"), standard.main_name) if standard.main_name != standard.name else None,
        Fact(_("事项类型"), _(standard.kind)),
        Fact(_("收件日期"), sheet.received_on.isoformat()) if sheet.received_on else None,
        Fact(_("法定时限"), limit_said(standard.times.statutory).render(_)) if standard.times.statutory else None,
        Fact(_("承诺时限"), limit_said(standard.times.promised).render(_)) if standard.times.promised else None,
        Fact(_("结果文书"), standard.result_document) if standard.result_document else None,
    ]
    return [f for f in found if f]


_ASKS = {"suspend": noop("申请中止"), "extend": noop("申请延长时限"), "redraw": noop("申请回避"), "resume": noop("申请恢复")}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with its answer, if there is one."""

    what: str
    kind: str
    ground: str
    reason: str
    until: date | None
    at: datetime
    open: bool
    granted: bool
    answer: str


def asked(rows: Iterable[Ask]) -> list[Asked]:
    return [
        Asked(
            a.what, _(_ASKS[a.what]), label(PauseGround(a.ground)) if a.ground else "", a.reason, a.until, a.asked_at,
            a.settled_at is None, bool(a.granted), a.answer,
        )
        for a in rows
    ]  # fmt: skip
