"""Handing results over: what waits, and the hand-over itself with its proof."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import ClassVar
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods, require_safe

from linli.domains.accounts.queries import names
from linli.domains.cases import commands as do
from linli.domains.cases.commands import Proof
from linli.domains.cases.queries import DeliveryMethod, HandoverSheet, State, find_issued, handover_sheet, to_deliver
from linli.domains.documents.commands import store_file
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.text import noop
from linli.web.access import requires
from linli.web.desk.issue.filters import NumberField, chips_of
from linli.web.desk.issue.rows import columns, lines
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.fields import Option
from linli.web.ui.forms import Form
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Fact, Tab
from linli.web.ui.toasts import done

_DRAWN = "data:image/png;base64,"


class FindForm(Form):
    kinds = {"q": "search"}
    q = NumberField(label=lazy("办件编号或尾号"), help_text=lazy("扫码，或输入编号后 4 位以上。"))


COLUMNS = (noop("办件编号"), noop("申请人"), noop("事项"), noop("出件时间"), noop("应送达"))


@requires("cases.deliver")
@require_safe
def waiting(request: StaffRequest) -> HttpResponse:
    """Results that wait to be handed over, the longest waiting first; a number that fits one of them leads straight to it."""
    form = FindForm(request.GET)
    text = form.cleaned_data["q"].strip() if form.is_valid() else ""
    cases = find_issued(text, by=request.actor) if text else to_deliver(by=request.actor)
    page = page_of(cases, request, by="issued_at")
    if text and page.count == 1:
        return redirect("issue:deliver", page.rows[0].pk)
    context = {
        "form": form, "chips": chips_of(form, request), "page": page, "rows": lines(page.rows, now=request.now), "columns": columns(COLUMNS),
        "text": text,
    }  # fmt: skip
    return render(request, "desk/issue/deliver_list.html", context)


WHO = [("self", lazy("本人（单位由法定代表人）")), ("agent", lazy("代理人或经办人"))]


class RecipientForm(Form):
    """Who receives; each way of handing over adds its proof."""

    kinds: ClassVar[dict[str, str]] = {"signature": "signature", "photo": "camera", "code": "code", "carrier": "datalist"}
    who = forms.ChoiceField(label=lazy("领取人"), widget=forms.RadioSelect, choices=WHO)
    recipient = forms.CharField(label=lazy("领取人姓名"), max_length=100, help_text=lazy("与领取人出示的证件一致。"))


class SignForm(RecipientForm):
    signature = forms.CharField(label=lazy("领取人签名"), required=False, widget=forms.HiddenInput)
    signature_instead = forms.CharField(required=False)
    photo = forms.FileField(
        label=lazy("签收照片"), required=False, help_text=lazy("不便在屏上签名时：请领取人在纸上签字或按指印，拍照存卷。")
    )

    def clean_signature(self) -> str:
        drawn: str = self.cleaned_data["signature"]
        if drawn and not drawn.startswith(_DRAWN):
            raise forms.ValidationError(_("签名没有保存下来，请重写。"))
        return drawn

    def clean(self) -> None:
        given = self.cleaned_data
        if given.get("photo") or "signature" not in given:
            return
        if given.get("signature_instead"):
            self.add_error("photo", _("请拍一张纸上签字或指印的照片。"))
        elif not given["signature"]:
            self.add_error("signature", _("请领取人签名；不便签名的，拍一张纸上签字或指印的照片。"))


class CodeForm(RecipientForm):
    code = forms.RegexField(
        r"^\s*\d{6}\s*$", label=lazy("领取码"), help_text=lazy("请领取人报出受理通知书上的 6 位数字。"),
        error_messages={"invalid": lazy("领取码为 6 位数字，印在受理通知书上。")},
    )  # fmt: skip


class PostForm(RecipientForm):
    who = forms.ChoiceField(label=lazy("收件人"), widget=forms.RadioSelect, choices=WHO)
    recipient = forms.CharField(label=lazy("收件人姓名"), max_length=100, help_text=lazy("与邮件面单一致。"))
    carrier = forms.CharField(label=lazy("承运单位"), max_length=30)
    tracking = forms.RegexField(
        r"^\s*[A-Za-z0-9-]{6,30}\s*$",
        label=lazy("邮件号"),
        error_messages={"invalid": lazy("邮件号为 6 到 30 位字母或数字，请按面单核对。")},
    )


class ElectronicForm(RecipientForm):
    who = forms.ChoiceField(label=lazy("接收人"), widget=forms.RadioSelect, choices=WHO)
    recipient = forms.CharField(label=lazy("接收人姓名"), max_length=100)
    agreed = forms.BooleanField(
        label=lazy("申请人同意电子送达"),
        error_messages={"required": lazy("申请人同意的，才能电子送达；不同意的，请改用窗口领取或邮寄。")},
    )


def _by_signature(request: StaffRequest, case_id: UUID, form: Form) -> Proof:
    drawn, photo = form.cleaned_data["signature"], form.cleaned_data["photo"]
    content, called = (photo, photo.name) if photo else (BytesIO(b64decode(drawn.removeprefix(_DRAWN))), "signature.png")
    kept = store_file(content=content, declared_name=called, by=request.actor, now=request.now)
    return Proof(signature_file_id=kept.id)


def _by_code(request: StaffRequest, case_id: UUID, form: Form) -> Proof:
    code = form.cleaned_data["code"].strip()
    do.check_receipt_code(case_id=case_id, code=code, by=request.actor, now=request.now)
    return Proof(receipt_code=code)


def _by_post(request: StaffRequest, case_id: UUID, form: Form) -> Proof:
    return Proof(tracking_number=f"{form.cleaned_data['carrier'].strip()} {form.cleaned_data['tracking'].strip()}")


def _electronically(request: StaffRequest, case_id: UUID, form: Form) -> Proof:
    return Proof()


@dataclass(frozen=True, slots=True)
class Way:
    """One way of handing over: its form, what proves it, and which field an error of the proof belongs to."""

    label: str
    method: DeliveryMethod
    form: type[RecipientForm]
    proof: Callable[[StaffRequest, UUID, Form], Proof]
    fields: dict[str, str]


WAYS = {
    "sign": Way(noop("签名领取"), DeliveryMethod.WINDOW, SignForm, _by_signature, {"file": "photo"}),
    "code": Way(noop("领取码领取"), DeliveryMethod.WINDOW, CodeForm, _by_code, {"receipt_code": "code"}),
    "post": Way(noop("邮寄"), DeliveryMethod.POST, PostForm, _by_post, {"tracking_number": "tracking"}),
    "electronic": Way(noop("电子送达"), DeliveryMethod.ELECTRONIC, ElectronicForm, _electronically, {}),
}
CARRIERS = [Option("中国邮政 EMS", ""), Option("顺丰速运", "")]


@requires("cases.deliver")
@require_http_methods(["GET", "HEAD", "POST"])
def deliver(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """Hand a result over, in one of four ways; afterwards the same address shows the proof."""
    sheet = handover_sheet(case_id, by=request.actor, now=request.now)
    name = request.GET.get("way", "")
    way = WAYS.get(name) or WAYS["sign"]
    if request.method != "POST":
        return _page(request, sheet, way, way.form(initial=_known(sheet)))
    form = way.form(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, sheet, way, form, status=422)
    try:
        do.deliver_case(
            case_id=case_id, method=way.method, recipient=form.cleaned_data["recipient"], is_agent=form.cleaned_data["who"] == "agent",
            proof=way.proof(request, case_id, form), by=request.actor, now=request.now, **keyed(request),
        )  # fmt: skip
    except NotFound:
        raise
    except LinliError as error:
        error.field = way.fields.get(error.field or "", error.field)
        form.add_problem(error)
        sheet = handover_sheet(case_id, by=request.actor, now=request.now)  # a wrong code was counted
        return _page(request, sheet, way, form, status=status_of(error))
    done(request, _("已送达，送达回证已生成。"))
    return redirect("issue:deliver", case_id)


def _known(sheet: HandoverSheet) -> dict[str, str]:
    """Who probably came: the agent of the case, or the applicant if that is a person."""
    if sheet.agent:
        return {"who": "agent", "recipient": sheet.agent.name}
    if sheet.applicant.is_employer:
        return {"who": "agent"}
    return {"who": "self", "recipient": sheet.applicant.name}


def _page(request: StaffRequest, sheet: HandoverSheet, way: Way, form: Form, *, status: int = 200) -> HttpResponse:
    context = {
        "sheet": sheet, "case": sheet.case, "clock": next(iter(sheet.clocks), None), "form": form, "way": way,
        "tabs": [Tab(_(w.label), f"?way={name}", w is way) for name, w in WAYS.items()], "waits": sheet.case.state == State.ISSUED,
        "on_paper": [Option("photo", _("在纸上签字或按指印，拍照存卷（在下面拍照）"))], "carriers": CARRIERS, "facts": _facts(sheet),
    }  # fmt: skip
    return render(request, "desk/issue/deliver.html", context, status=status)


_PROOFS = {"signature": lazy("签名"), "code": lazy("领取码"), "tracking": lazy("邮件号"), "electronic": lazy("电子送达")}


def _facts(sheet: HandoverSheet) -> list[Fact]:
    """How it was handed over."""
    d = sheet.delivery
    if d is None:
        return []
    by = names([d.delivered_by_id])
    return [
        Fact(_("领取人"), f"{d.recipient}（{_('代理人') if d.is_agent else _('本人')}）"),
        Fact(_("送达方式"), _(DeliveryMethod(d.method).label)),
        Fact(_("凭证"), f"{_PROOFS[d.proof]} {d.tracking_number}".strip()),
        Fact(_("送达人"), by.get(d.delivered_by_id, "") if d.delivered_by_id else _("系统自动")),
    ]
