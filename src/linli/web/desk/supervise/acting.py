"""What a supervisor does to a case: each act has a page of its own that says what it means, in law and for the applicant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods

from linli.domains.cases import commands as do
from linli.domains.cases.queries import (
    ClockKind,
    PauseGround,
    RefusalGround,
    SupervisorSheet,
    extendable,
    supervisor_acts,
    supervisor_sheet,
)
from linli.kernel.actors import Actor
from linli.kernel.errors import LinliError, NotAllowed, NotFound
from linli.kernel.text import msg, noop
from linli.web.access import requires
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import once_key
from linli.web.ui.forms import Form
from linli.web.ui.toasts import done


class ActForm(Form):
    """Every act says why."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(label=_lazy("理由"), widget=forms.Textarea, max_length=500)

    def offer(self, sheet: SupervisorSheet, by: Actor) -> None:
        """Fit the choices to the case."""

    @property
    def shown(self) -> list[Any]:
        return [self.spec(name) for name in self.fields if name != "version"]


class SuspendForm(ActForm):
    kinds = {"until": "date"}
    field_order = ("version", "ground", "until", "reason")

    ground = forms.ChoiceField(
        label=_lazy("法定情形"), choices=lambda: [("", _("请选择")), *((g.value, f"{_(g.label)}（{g.basis}）") for g in PauseGround)],
        help_text=_lazy("只有法律列明的情形可以中止；等待申请人不是中止的理由。"),
    )  # fmt: skip
    until = forms.DateField(label=_lazy("预计到哪一天"), help_text=_lazy("写进告知书。专门程序提前结束时，请及时恢复办理。"))


class ExtendForm(ActForm):
    kinds = {"add": "number", "kind": "radio"}
    field_order = ("version", "kind", "add", "reason")

    kind = forms.ChoiceField(label=_lazy("延长哪个期限"), widget=forms.RadioSelect)
    add = forms.IntegerField(label=_lazy("延长多少"), min_value=1, max_value=999)

    def offer(self, sheet: SupervisorSheet, by: Actor) -> None:
        running = {c.kind: c for c in sheet.clocks if c.outcome == "running"}
        kinds = [k for k in extendable(sheet.case, sheet.case.extensions.all(), by=by) if k in running]
        choice: Any = self.fields["kind"]
        choice.choices = [(k.value, f"{_(k.label)}（{running[k].number} {_(running[k].unit)}）") for k in kinds]
        if len(kinds) == 1:
            self.fields["kind"].initial = kinds[0].value
        self.fields["add"].help_text = _(
            "与该期限同样的单位。每个期限只能延长一次，应在到期前批准；承诺期限延长后不得超过法定期限。"
        )


class RefuseForm(ActForm):
    kinds = {"ground": "radio"}
    field_order = ("version", "ground", "right_authority", "reason")

    ground = forms.ChoiceField(
        label=_lazy("法定理由"),
        choices=lambda: [(g.value, f"{_(g.label)}（{g.basis}）") for g in RefusalGround],
        widget=forms.RadioSelect,
    )
    right_authority = forms.CharField(
        label=_lazy("应向哪个机关申请"), required=False, max_length=200, help_text=_lazy("不属于本机关职权范围时必须告知申请人。")
    )


@dataclass(frozen=True, slots=True)
class Action:
    """One act: its words, its form, and the command behind it."""

    title: str
    button: str
    lead: str
    done: str
    icon: str
    form: type[ActForm]
    run: Callable[..., Any]
    danger: bool = False


def _suspend(given: dict[str, Any], **common: Any) -> None:
    do.suspend_case(ground=PauseGround(given["ground"]), reason=given["reason"], until=given["until"], **common)


def _resume(given: dict[str, Any], **common: Any) -> None:
    do.resume_case(reason=given["reason"], **common)


def _extend(given: dict[str, Any], **common: Any) -> None:
    do.extend_case(kind=ClockKind(given["kind"]), add=given["add"], reason=given["reason"], **common)


def _redraw(given: dict[str, Any], **common: Any) -> None:
    do.redraw_step(reason=given["reason"], **common)


def _release(given: dict[str, Any], **common: Any) -> None:
    do.release_issue(reason=given["reason"], **common)


def _refuse(given: dict[str, Any], **common: Any) -> None:
    do.refuse_case(
        ground=RefusalGround(given["ground"]), reason=given["reason"], right_authority=given["right_authority"], **common
    )


ACTIONS = {
    "suspend": Action(
        noop("中止办理"), noop("中止并出具告知书"), noop("从今天起停止计算办理期限，并书面告知申请人所需时间。"),
        noop("已中止，告知书已生成。"), "player-pause", SuspendForm, _suspend,
    ),
    "resume": Action(
        noop("恢复办理"), noop("恢复并出具通知"), noop("今天是最后一个不计入的日子，从明天起继续计算，新的到期日会写进通知。"),
        noop("已恢复，新的到期日已推算。"), "player-play", ActForm, _resume,
    ),
    "extend": Action(
        noop("延长期限"), noop("延长并告知申请人"), noop("到期前经批准可以延长一次，理由会书面告知申请人。"), noop("已延长，通知书已生成。"),
        "calendar-time", ExtendForm, _extend,
    ),
    "redraw": Action(
        noop("重新派件"), noop("收回并重新抽取"), noop("收回当前环节，由系统在其余合格人员中重新随机抽取。您不能指定由谁办理；理由会写入留痕。"),
        noop("已收回，重新抽取的结果在“环节与抽取”中。"), "arrows-shuffle", ActForm, _redraw,
    ),
    "release": Action(
        noop("收回出件"), noop("收回出件"), noop("出件人不能继续时收回，其他出件人即可接着办；已制作的文书保留。理由会写入留痕。"),
        noop("已收回，其他出件人可以接着办。"), "arrow-back-up", ActForm, _release,
    ),
    "refuse": Action(
        noop("不予受理"), noop("作出不予受理决定"), noop("须有法定理由，以书面形式作出，并告知申请人救济途径。作出后不能撤回。"),
        noop("已作出不予受理决定，决定书已生成。"), "ban", RefuseForm, _refuse, danger=True,
    ),
}  # fmt: skip


@requires("cases.suspend", "cases.extend", "cases.extend_statutory", "cases.redraw", "cases.refuse")
@require_http_methods(["GET", "POST"])
def act(request: StaffRequest, case_id: UUID, act: str) -> HttpResponse:
    """The page of one act, and doing it."""
    action = ACTIONS.get(act)
    sheet = supervisor_sheet(case_id, by=request.actor, now=request.now)
    if action is None:
        raise NotFound(what=msg("这项操作"))
    if request.method == "GET" and act not in supervisor_acts(
        sheet.case, sheet.steps, sheet.case.extensions.all(), by=request.actor
    ):
        raise NotFound(what=msg("可以办理的操作（办件状态可能已经变化）"))
    bound = request.POST if request.method == "POST" else None
    form = action.form(bound, initial={"version": sheet.case.version})
    form.offer(sheet, request.actor)
    status = 422 if bound is not None else 200
    if form.is_valid():
        try:
            action.run(
                form.cleaned_data, case_id=case_id, version=form.cleaned_data["version"], by=request.actor, now=request.now,
                key=once_key(request),
            )  # fmt: skip
        except NotAllowed:
            raise
        except LinliError as error:
            form.add_problem(error)
            status = status_of(error)
        else:
            done(request, _(action.done))
            return redirect("supervise:case", case_id)
    context = {"sheet": sheet, "case": sheet.case, "action": action, "form": form, "version": form["version"].value()}
    return render(request, "desk/supervise/act.html", context, status=status)
