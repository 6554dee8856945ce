"""Other systems that use the interface: who they are, their keys, and what they were told."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from linli.domains.clients.commands import admit_client, change_client, replay, revoke_client, rotate_key, stop_webhook
from linli.domains.clients.queries import (
    MOST_PER_MINUTE,
    ApiClient,
    Delivery,
    DeliveryState,
    Scope,
    client,
    client_sheet,
    clients,
    deliveries,
    webhook,
)
from linli.domains.org.queries import tree
from linli.kernel.calendar import SHANGHAI
from linli.kernel.errors import LinliError, NotAllowed
from linli.web.access import requires
from linli.web.console.bureau.forms import form_page
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import keyed, once_key
from linli.web.ui.forms import Form
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column, Fact
from linli.web.ui.toasts import done

MANAGE = "clients.manage"


def _state(found: ApiClient, until: datetime | None, now: datetime) -> tuple[str, str]:
    """How a system stands: a tone and a word."""
    if found.revoked_at:
        return "plain", _("已停用")
    if until is None or until <= now:
        return "bad", _("密钥已到期")
    return ("soon", _("密钥快到期")) if until - now < timedelta(days=30) else ("done", _("正常"))


@requires(MANAGE)
@require_GET
def systems(request: StaffRequest) -> HttpResponse:
    """Every system ever admitted."""
    page = page_of(clients(by=request.actor), request, by="name", size=30)
    rows = [(c, [_(Scope(s).label) for s in c.scopes], _state(c, c.until, request.now)) for c in page.rows]
    columns = [Column(_("系统")), Column(_("受理窗口单位")), Column(_("用途")), Column(_("最近调用")), Column(_("状态"))]
    return render(request, "console/bureau/clients.html", {"page": page, "rows": rows, "columns": columns})


class TermsForm(Form):
    """What a system is admitted for, from where and how often."""

    kinds = {"networks": "long-text", "per_minute": "number", "scopes": "checkboxes"}

    owner = forms.CharField(
        label=_lazy("负责人和联系方式"), max_length=200, help_text=_lazy("接口出问题时找谁，例如：省厅信息处 赵某 0000-1230000。")
    )
    scopes = forms.MultipleChoiceField(
        label=_lazy("用途"), widget=forms.CheckboxSelectMultiple, help_text=_lazy("只选确实需要的。")
    )
    networks = forms.CharField(
        label=_lazy("允许的网络地址"), required=False, widget=forms.Textarea, max_length=2000,
        help_text=_lazy("每行一个地址或网段，例如 10.1.0.0/16；不填表示不限。"),
    )  # fmt: skip
    per_minute = forms.IntegerField(label=_lazy("每分钟最多调用次数"), min_value=1, max_value=MOST_PER_MINUTE, initial=300)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["scopes"].choices = [(s.value, _(s.label)) for s in Scope]

    def terms(self) -> dict[str, Any]:
        """What the commands take."""
        given = self.cleaned_data
        return {
            "owner": given["owner"],
            "scopes": given["scopes"],
            "networks": given["networks"].split(),
            "per_minute": given["per_minute"],
        }


class SystemForm(TermsForm):
    """A new system with its first key."""

    field_order = ("name", "org", "owner", "scopes", "networks", "per_minute", "expires_on")
    kinds = TermsForm.kinds | {"expires_on": "date"}

    name = forms.CharField(label=_lazy("系统名称"), max_length=100, help_text=_lazy("留痕和台账里显示的名称。"))
    org = forms.ChoiceField(label=_lazy("受理窗口单位"), help_text=_lazy("这个系统提交的申请由哪个单位的窗口受理。"))
    expires_on = forms.DateField(label=_lazy("密钥到期日"), help_text=_lazy("最长两年；到期前可以更换，新旧密钥可以并用一段时间。"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["org"].choices = [("", _("请选择")), *((str(o.pk), "　" * (o.path.count("/") - 2) + o.name) for o in tree())]


def _midnight(day: Any) -> datetime:
    """The end of a day in Shanghai."""
    return datetime.combine(day, time.max, SHANGHAI).astimezone(UTC)


@requires(MANAGE)
@require_http_methods(["GET", "POST"])
def admit(request: StaffRequest) -> HttpResponse:
    """Admit a system. Its key is shown on the answer to this one request only."""
    form = SystemForm(request.POST or None, initial={"expires_on": request.today + timedelta(days=365), "per_minute": 300})
    status = 422 if form.is_bound else 200
    if form.is_valid():
        once_key(request)
        given = form.cleaned_data
        try:
            client_id, key = admit_client(
                name=given["name"], org_id=UUID(given["org"]), expires_at=_midnight(given["expires_on"]), **form.terms(), by=request.actor,
                now=request.now,
            )  # fmt: skip
        except NotAllowed:
            raise
        except LinliError as error:
            form.add_problem(error)
            status = status_of(error)
        else:
            return _show_key(request, client_id, key)
    page = {
        "title": _("登记接入系统"),
        "lead": _("登记后发给密钥，密钥只显示一次。"),
        "button": _("登记并生成密钥"),
        "icon": "plus",
    }
    page |= {"back": reverse("bureau:clients"), "back_words": _("接入系统")}
    return render(request, "console/bureau/form.html", {"form": form, **page}, status=status)


def _show_key(request: StaffRequest, client_id: UUID, key: str) -> HttpResponse:
    """The key, this once; nobody can read it again, so the page must not be kept."""
    found = client(client_id, by=request.actor)
    response = render(request, "console/bureau/client_key.html", {"client": found, "key": key})
    response["Cache-Control"] = "no-store"
    return response


@requires(MANAGE)
@require_GET
def system(request: StaffRequest, client_id: UUID) -> HttpResponse:
    """One system: its terms, its keys and its webhooks."""
    sheet = client_sheet(client_id, by=request.actor)
    c = sheet.client
    until = max((k.expires_at for k in sheet.keys), default=None)
    facts = [
        Fact(_("受理窗口单位"), c.org.name), Fact(_("负责人和联系方式"), c.owner),
        Fact(_("用途"), _("；").join(_(Scope(s).label) for s in c.scopes)),
        Fact(_("允许的网络地址"), _("、").join(c.networks) or _("不限")), Fact(_("每分钟最多调用次数"), f"{c.per_minute}"),
        Fact(_("最近调用地址"), c.usage.address or _("还没有调用过")),
    ]  # fmt: skip
    context = {
        "client": c, "facts": facts, "state": _state(c, until, request.now), "keys": [(k, k.expires_at > request.now) for k in sheet.keys],
        "hooks": sheet.webhooks, "key_columns": [Column(_("密钥开头")), Column(_("生成")), Column(_("到期")), Column(_("状态"))],
        "hook_columns": [Column(_("接收地址")), Column(_("登记")), Column(_("状态")), Column(_("操作"), hidden=True)],
    }  # fmt: skip
    return render(request, "console/bureau/client.html", context)


@requires(MANAGE)
@require_http_methods(["GET", "POST"])
def change(request: StaffRequest, client_id: UUID) -> HttpResponse:
    """Change the terms of a system."""
    found = client(client_id, by=request.actor)
    now_so = {"owner": found.owner, "scopes": found.scopes, "networks": "\n".join(found.networks), "per_minute": found.per_minute}
    form = TermsForm(request.POST or None, initial=now_so)

    def act(given: dict[str, Any]) -> None:
        once_key(request)
        change_client(client_id=client_id, **form.terms(), by=request.actor, now=request.now)

    page = {
        "title": _("修改登记"), "lead": found.name, "button": _("保存"), "icon": "check",
        "back": reverse("bureau:client", args=[client_id]), "back_words": found.name,
    }  # fmt: skip
    return form_page(
        request,
        form,
        act=act,
        after=reverse("bureau:client", args=[client_id]),
        said=_("登记已修改，从下一次调用起生效。"),
        page=page,
    )


class RotateForm(Form):
    """A new key, and how long the old ones stay good."""

    kinds = {"expires_on": "date"}

    overlap = forms.TypedChoiceField(
        label=_lazy("旧密钥还能用多久"), coerce=int,
        choices=[(0, _lazy("立即停用（密钥可能已泄露）")), (1, _lazy("1 天")), (7, _lazy("7 天")), (30, _lazy("30 天"))],
    )  # fmt: skip
    expires_on = forms.DateField(label=_lazy("新密钥到期日"))


@requires(MANAGE)
@require_http_methods(["GET", "POST"])
def rotate(request: StaffRequest, client_id: UUID) -> HttpResponse:
    """Give a system a new key, shown on the answer to this one request only."""
    found = client(client_id, by=request.actor)
    form = RotateForm(request.POST or None, initial={"overlap": 7, "expires_on": request.today + timedelta(days=365)})
    status = 422 if form.is_bound else 200
    if form.is_valid():
        once_key(request)
        given = form.cleaned_data
        try:
            key = rotate_key(
                client_id=client_id, overlap=timedelta(days=given["overlap"]), expires_at=_midnight(given["expires_on"]), by=request.actor,
                now=request.now,
            )  # fmt: skip
        except NotAllowed:
            raise
        except LinliError as error:
            form.add_problem(error)
            status = status_of(error)
        else:
            return _show_key(request, client_id, key)
    page = {"title": _("更换密钥"), "lead": found.name, "button": _("生成新密钥"), "icon": "refresh"}
    page |= {"back": reverse("bureau:client", args=[client_id]), "back_words": found.name}
    return render(request, "console/bureau/form.html", {"form": form, **page}, status=status)


@requires(MANAGE)
@require_POST
def revoke(request: StaffRequest, client_id: UUID) -> HttpResponse:
    """Shut a system out at once."""
    once_key(request)
    revoke_client(client_id=client_id, by=request.actor, now=request.now)
    done(request, _("已停用，它的密钥从现在起都不能用。"))
    return redirect("bureau:client", client_id)


# -- what it was told ------------------------------------------------------------------------------------------------------

_TONES = {DeliveryState.WAITING: "info", DeliveryState.DELIVERED: "done", DeliveryState.GIVEN_UP: "bad"}
_ERRORS = {
    "address": _lazy("地址不允许"), "name": _lazy("域名解析不出来"), "connection": _lazy("连接不上"), "certificate": _lazy("证书不可信"),
    "time": _lazy("超时"), "answer": _lazy("回答不合规范"), "status": _lazy("对方没有接受"),
}  # fmt: skip


def _last(d: Delivery) -> str:
    """How the last try went, in words."""
    if not d.log:
        return _("还没有发送")
    line = d.log[-1]
    words = str(_ERRORS[line["error"]]) if line["error"] else _("已收到")
    return f"{words}（{line['status']}）" if line["status"] else words


@requires(MANAGE)
@require_GET
def log(request: StaffRequest, webhook_id: UUID) -> HttpResponse:
    """What was sent to a webhook, with how often it was tried."""
    hook = webhook(webhook_id, by=request.actor)
    page = page_of(deliveries(webhook_id, by=request.actor), request, by="-made_at", size=30)
    rows = [(d, _TONES[DeliveryState(d.state)], _(DeliveryState(d.state).label), _last(d)) for d in page.rows]
    columns = [
        Column(_("时间")), Column(_("事件")), Column(_("状态")), Column(_("发送次数"), number=True), Column(_("最近一次")), Column(_("下次发送")),
        Column(_("操作"), hidden=True),
    ]  # fmt: skip
    return render(request, "console/bureau/webhook.html", {"hook": hook, "page": page, "rows": rows, "columns": columns})


@requires(MANAGE)
@require_POST
def stop(request: StaffRequest, webhook_id: UUID) -> HttpResponse:
    """Send nothing there any more."""
    found = webhook(webhook_id, by=request.actor)
    stop_webhook(webhook_id=webhook_id, by=request.actor, now=request.now, **keyed(request))
    done(request, _("这个接收地址已停用。"))
    return redirect("bureau:client", found.client_id)


@requires(MANAGE)
@require_POST
def send_again(request: StaffRequest, webhook_id: UUID, delivery_id: UUID) -> HttpResponse:
    """Send a notification once more."""
    replay(delivery_id=delivery_id, by=request.actor, now=request.now, **keyed(request))
    done(request, _("已安排重发。"))
    return redirect("bureau:webhook", webhook_id)
