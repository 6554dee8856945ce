"""What a reviewer or approver writes."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linli.domains.cases.queries import PauseGround
from linli.web.ui.forms import Form
from linli.web.ui.templatetags.linli_ui import label

_LONG = {"rows": 4}


class _Judgement(Form):
    """Yes or no comes first; where it matters, the rest follows from it."""

    verdict = forms.ChoiceField(
        label=gettext_lazy("结论"),
        choices=[("approve", "approve"), ("reject", "reject")],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("请选择同意或不同意。")},
    )

    links = forms.CharField(required=False)  # ticked one by one in the page; here for what may be wrong with them

    @property
    def approve(self) -> bool:
        return bool(self.cleaned_data["verdict"] == "approve")


class OpinionForm(_Judgement):
    opinion = forms.CharField(
        label=gettext_lazy("意见"), required=False, max_length=4000, widget=forms.Textarea(attrs=_LONG),
        help_text=gettext_lazy("不同意的，请写明事实和理由；后面环节的人会看到。"),
    )  # fmt: skip


class DecisionForm(_Judgement):
    facts = forms.CharField(
        label=gettext_lazy("查明的事实"), required=False, max_length=4000, widget=forms.Textarea(attrs=_LONG),
        help_text=gettext_lazy("不予批准的必须写明；会写进决定书。"),
    )  # fmt: skip
    reasons = forms.CharField(
        label=gettext_lazy("理由"), required=False, max_length=4000, widget=forms.Textarea(attrs=_LONG),
        help_text=gettext_lazy("不予批准的必须写明；会写进决定书。"),
    )  # fmt: skip
    legal_basis = forms.CharField(
        label=gettext_lazy("适用的法律条款"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("留空就用本事项的设定依据。"),
    )  # fmt: skip


class AskForm(Form):
    """A request to the supervisor; ``open_kinds`` wait for an answer already and are not offered again."""

    KINDS: ClassVar[dict[str, tuple[Any, Any]]] = {
        "suspend": (gettext_lazy("中止办理"), gettext_lazy("有听证、鉴定、现场核查等法定事由，期间不计入时限。")),
        "extend": (gettext_lazy("延长时限"), gettext_lazy("在法定时限以内延长一次承诺时限。")),
        "redraw": (gettext_lazy("回避，换人办理"), gettext_lazy("我与本案当事人有利害关系或其他关系，可能影响公正。")),
    }
    kinds: ClassVar[dict[str, str]] = {"until": "date"}

    what = forms.ChoiceField(label=gettext_lazy("申请什么"), widget=forms.RadioSelect)
    ground = forms.ChoiceField(label=gettext_lazy("法定事由"), required=False)
    until = forms.DateField(
        label=gettext_lazy("预计到哪一天"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": gettext_lazy("请按 2026-01-31 的格式填写日期。")},
    )  # fmt: skip
    reason = forms.CharField(label=gettext_lazy("具体理由"), max_length=500, widget=forms.Textarea(attrs=_LONG))

    def __init__(self, *args: Any, open_kinds: set[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered = {kind: words for kind, words in self.KINDS.items() if kind not in open_kinds}
        # A request sent twice is answered by the command, so all kinds are taken.
        self.fields["what"].choices = [(kind, str(name)) for kind, (name, _about) in self.KINDS.items()]  # type: ignore[attr-defined]
        self.fields["ground"].choices = [  # type: ignore[attr-defined]
            ("", _("请选择")), *((g.value, f"{label(g)}（{g.basis}）") for g in PauseGround),
        ]  # fmt: skip
