"""Joint matters as every face shows them: the picture of who waits for whom, the task list, and what it saves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _

from linli.domains.cases.queries import JointSheet, Outcome, PartView, Standing, State
from linli.domains.catalog.queries import Joined, partner_departments
from linli.web.http import StaffRequest
from linli.web.ui.compare import Gain
from linli.web.ui.flow import Flow, FlowStep, draw


@dataclass(frozen=True, slots=True)
class Task:
    """One part in the list: its state in a word and a tone, its office, its dates, and what it waits for."""

    part: PartView
    word: str
    tone: str
    icon: str
    note: str
    day: date | None
    day_word: str
    url: str


def picture(joined: Joined, parts: Sequence[PartView] = ()) -> Flow:
    """Members side by side, and an arrow from each to those that wait for it."""
    partners, state = partner_departments(), {p.code: _box_state(p) for p in parts}
    follows: dict[str, list[str]] = {s.code: [] for s in joined.members}
    for code, waits in joined.waits.items():
        for before in waits:
            follows[before].append(code)
    ends = [c for c, n in follows.items() if not n]
    steps = [FlowStep("start", _("一次提交"), [s.code for s in joined.members if not joined.waits[s.code]], kind="start")]
    for s in joined.members:
        note = partners.get(s.code, _("人社部门"))
        following = follows[s.code] or (["end"] if s.code in ends else [])
        steps.append(FlowStep(s.code, s.name, following, note=note[:14], state=state.get(s.code, "")))  # type: ignore[arg-type]
    return draw([*steps, FlowStep("end", _("一次领取"), kind="end")], across=True)


def _box_state(part: PartView) -> str:
    if part.outcome is Outcome.GIVEN:
        return "done"
    return "current" if part.standing is Standing.CASE and not part.is_over else ""


def gains_of(joined: Joined) -> list[Gain]:
    """The figures people feel, computed from the members."""
    found = joined.gains
    rows = (
        (_("材料"), found.materials, _("份")), (_("跑动"), found.trips, _("次")), (_("填写"), found.questions, _("项")),
        (_("时限"), found.days, _("个工作日")),
    )  # fmt: skip
    return [Gain(label, g.before or 0, g.after or 0, unit) for label, g, unit in rows]


def bundle_clock(sheet: JointSheet, *, on: date) -> str:
    """The clock of the whole in the colours of the kit: red once its day is over or a part is late."""
    if sheet.is_over:
        return "stopped"
    late = any(p.late for p in sheet.wanted) or (sheet.promise.day is not None and sheet.promise.day < on)
    return "red" if late else "green"


_TONES = {
    State.ISSUED: "done",
    State.DELIVERED: "done",
    State.CLOSED: "done",
    State.CORRECTION_REQUESTED: "soon",
    State.NOT_ACCEPTED: "bad",
}
_ICONS = {"done": "circle-check", "bad": "circle-x", "soon": "alert-triangle", "info": "progress", "plain": "clock"}


def task_list(sheet: JointSheet, *, link: Callable[[PartView], str] | None) -> list[Task]:
    """The parts that are wanted, in their order."""
    tasks = []
    for p in sheet.wanted:
        tone = _tone(p)
        note = ""
        if p.missing:
            note = _("“%(names)s”没有办成，这一项还没有提交。可以另行提供材料继续办，或者不再办。") % {
                "names": "、".join(p.missing)
            }
        elif p.approved is False:
            note = _("决定书里写明了理由和不服时可以怎么办；其余各项照常办理，改好了可以重新申请这一项。")
        elif p.state is State.NOT_ACCEPTED:
            note = _("不予受理决定书里写明了理由和可以找谁；其余各项照常办理。")
        elif p.state is State.CORRECTION_REQUESTED:
            note = _("还差几样材料，请打开这一项照着补；其余各项照常办理。")
        elif p.waits:
            note = _("等“%(names)s”办好后自动提交，不用您再跑。") % {"names": "、".join(p.waits)}
        day, word = (p.ended_on, _("办结")) if p.ended_on else (p.due_on, _("已超过承诺日期") if p.late else _("承诺"))
        if not day and not p.is_over and (until := sheet.promise.ends.get(p.code)):
            day, word = until, _("预计最晚")
        tasks.append(Task(p, _(p.word), tone, _ICONS[tone], note, day, word if day else "", link(p) if link and p.case_id else ""))
    return tasks


def _tone(part: PartView) -> str:
    if part.state is None:
        return "soon" if part.standing is Standing.BLOCKED else "plain"
    return "bad" if part.approved is False else _TONES.get(part.state, "plain" if part.state is State.WITHDRAWN else "info")


def counter_links(request: StaffRequest) -> Callable[[PartView], str] | None:
    """Where a part opens for whoever asks: at the counter, or for a supervisor among the supervised cases."""
    if request.actor.can("cases.receive"):
        return lambda p: reverse("counter:case", args=[p.case_id])
    if request.actor.can("cases.supervise"):
        return lambda p: reverse("supervise:case", args=[p.case_id])
    return None
