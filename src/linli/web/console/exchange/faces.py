"""Interfaces: how they fare, what one of them says, who asked it what, and how it is reached."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from linli.domains.accounts.queries import names
from linli.domains.cases.queries import case_numbers
from linli.domains.catalog.queries import names_of
from linli.domains.exchange import commands as do
from linli.domains.exchange.queries import FaceHealth, Outcome, ResponseField, calls_of, fault_of, healths, settings_of
from linli.domains.exchange.queries import interface as interface_of
from linli.kernel.errors import Invalid, LinliError, NotAllowed
from linli.kernel.text import noop
from linli.web.access import requires
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import keyed, once_key
from linli.web.ui.fields import Option
from linli.web.ui.forms import Form
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column, Fact
from linli.web.ui.toasts import done

# State of an interface: tone, icon, word.
STATES = {
    "up": ("done", "circle-check", noop("正常")), "slow": ("soon", "clock", noop("缓慢")), "down": ("bad", "alert-triangle", noop("中断")),
    "idle": ("info", "arrows-exchange", noop("已接通，尚未使用")), "off": ("plain", "player-pause", noop("已停用")),
    "unset": ("plain", "plug-connected-x", noop("未接通")),
}  # fmt: skip
_FAULTS = {
    "none": noop("正常应答"), "slow": noop("很慢（超时）"), "down": noop("中断"), "wrong": noop("答复不合约定"), "duplicate": noop("重复答复"),
    "stale": noop("数据过旧"), "forged": noop("签名不符"), "empty": noop("没有记录"),
}  # fmt: skip
_TYPES = {
    "text": noop("文字"), "name": noop("姓名"), "date": noop("日期"), "number": noop("数字"), "money": noop("金额"), "boolean": noop("是否"),
    "id-number": noop("证件号码"),
    "credit-code": noop("统一社会信用代码"), "account": noop("账号"),
}  # fmt: skip
_WORST_FIRST = ("down", "slow", "up", "idle", "off", "unset")


@requires("exchange.view")
@require_GET
def listing(request: StaffRequest) -> HttpResponse:
    """All interfaces, those in trouble first."""
    found = healths(by=request.actor, now=request.now)
    wanted = request.GET.get("state", "")
    counts = {state: sum(h.state == state for h in found) for state in STATES}
    shown = sorted((h for h in found if not wanted or h.state == wanted), key=lambda h: (_WORST_FIRST.index(h.state), -h.owed))
    in_trouble = [h for h in found if h.state in ("down", "slow")]
    context = {
        "rows": [(h, *_look(h), h.owed_days(request.now)) for h in shown], "counts": counts, "owed": sum(h.owed for h in found),
        "calls": sum(h.calls for h in found), "failures": sum(h.failures for h in found),
        "in_trouble": len(in_trouble), "connected": len(found) - counts["unset"] - counts["off"],
        "longest": max((h.owed_days(request.now) for h in found), default=0),
        "columns": [
            Column(_("接口")), Column(_("数据来源")), Column(_("状态")), Column(_("24 小时调用"), number=True), Column(_("失败"), number=True),
            Column(_("耗时 p50 / p95"), number=True), Column(_("欠居民的材料"), number=True),
        ],
        "states": [Option("", _("全部"))] + [Option(s, _(word)) for s, (_t, _i, word) in STATES.items()], "state": wanted,
        "chips": [(_(STATES[wanted][2]), reverse("exchange:faces"))] if wanted in STATES else [],
    }  # fmt: skip
    return render(request, "console/exchange/faces.html", context)


def _look(h: FaceHealth) -> tuple[str, str, str]:
    tone, icon, word = STATES[h.state]
    return tone, icon, _(word)


@requires("exchange.view")
@require_GET
def face(request: StaffRequest, code: str) -> HttpResponse:
    """One interface: the contract, how it fares, and its calls."""
    return _face_page(request, code)


def _face_page(request: StaffRequest, code: str) -> HttpResponse:
    found = interface_of(code)
    health = healths(by=request.actor, now=request.now, codes=[code])[0]
    page = page_of(calls_of(code, by=request.actor), request, by="-at", size=20)
    calls = list(page.rows)
    items, numbers = names_of([c.question.item_code for c in calls]), case_numbers(c.question.subject_id for c in calls)
    who = names(c.operator_id for c in calls)
    tone, icon, word = _look(health)
    setting = health.setting
    plays = bool(setting and setting.sandbox and setting.enabled) and request.actor.can("exchange.manage")
    context = {
        "face": found, "health": health, "tone": tone, "icon": icon, "word": word, "owed_days": health.owed_days(request.now),
        "facts": _contract(found), "reached": _reached(health), "page": page, "may_manage": request.actor.can("exchange.manage"),
        "may_see_cases": request.actor.can("cases.supervise"),
        "fields": [(f, _(_TYPES[f.type]), _kept(f)) for f in found.response],
        "calls": [
            {
                "call": c, "item": items.get(c.question.item_code, c.question.item_code), "number": numbers.get(c.question.subject_id, ""),
                "who": who.get(c.operator_id, "") if c.operator_id else _("系统自动"), "outcome": _(Outcome(c.outcome).label),
                "good": Outcome(c.outcome).good,
            }
            for c in calls
        ],
        "faults": [Option(f, _(label)) for f, label in _FAULTS.items()] if plays else [],
        "fault": fault_of(code, by=request.actor) if plays else None,
        "columns": [Column(_("时间")), Column(_("谁")), Column(_("办件")), Column(_("材料")), Column(_("依据")), Column(_("结果")), Column(_("耗时"), number=True)],
        "field_columns": [Column(_("字段")), Column(_("类型")), Column(_("用途"))],
    }  # fmt: skip
    return render(request, "console/exchange/face.html", context)


def _contract(found: Any) -> list[Fact]:
    return [
        Fact(_("数据来源"), found.owner), Fact(_("共享属性"), _(found.sharing.label)), Fact(_("法律依据"), found.legal_basis),
        Fact(_("使用目的"), found.purpose), Fact(_("查询对象"), found.subject),
        Fact(_("查询条件"), _("、").join(f.label for f in found.request)),
        Fact(_("数据时效"), ngettext("%(n)s 天以内", "%(n)s 天以内", found.fresh_days) % {"n": found.fresh_days}),
    ]  # fmt: skip


def _kept(field: ResponseField) -> str:
    """What is done with a field."""
    said = [_("个人信息")] if field.personal else []
    if field.fact:
        said.append(_("与申请表比对"))
    if field.values:
        said.append(_("取值：%(values)s") % {"values": _("、").join(field.values)})
    if not field.required:
        said.append(_("可以没有"))
    return _("；").join(said)


def _reached(health: FaceHealth) -> list[Fact]:
    setting = health.setting
    if setting is None:
        return []
    timeout, limit = setting.timeout_ms or health.interface.timeout_ms, setting.per_second or health.interface.per_second
    return [
        Fact(_("地址"), setting.base_url), Fact(_("应用编号"), setting.app_id), Fact(_("超时"), _("%(n)s 毫秒") % {"n": timeout}),
        Fact(_("限速"), _("每秒 %(n)s 次") % {"n": limit}),
        Fact(_("连的是"), _("演示沙箱") if setting.sandbox else _("数据提供部门")),
    ]  # fmt: skip


class SettingsForm(Form):
    """How an interface is reached."""

    kinds = {"base_url": "text", "secret": "password"}

    base_url = forms.CharField(label=_lazy("地址"), max_length=200, help_text=_lazy("共享平台的地址，系统会在后面加上接口编号。"))
    app_id = forms.CharField(label=_lazy("应用编号"), max_length=64)
    secret = forms.CharField(
        label=_lazy("密钥"), max_length=200, required=False, help_text=_lazy("加密保存，不再显示；不填就沿用原来的。")
    )
    timeout_ms = forms.IntegerField(label=_lazy("超时（毫秒）"), required=False, help_text=_lazy("不填就用接口约定的数值。"))
    per_second = forms.IntegerField(label=_lazy("每秒最多调用次数"), required=False, help_text=_lazy("不填就用接口约定的数值。"))


@requires("exchange.manage")
@sensitive_post_parameters("secret")
@require_http_methods(["GET", "POST"])
def settings(request: StaffRequest, code: str) -> HttpResponse:
    """Connect an interface, or change how."""
    found, row = interface_of(code), settings_of([code]).get(code)
    first = (
        {"base_url": row.base_url, "app_id": row.app_id, "timeout_ms": row.timeout_ms, "per_second": row.per_second} if row else {}
    )
    form = SettingsForm(request.POST if request.method == "POST" else None, initial=first)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        values = form.cleaned_data | {"sandbox": bool(row and row.sandbox and row.base_url == form.cleaned_data["base_url"])}
        try:
            do.connect(code=code, **values, by=request.actor, now=request.now, **keyed(request))
        except NotAllowed:
            raise
        except LinliError as error:
            for one in error.errors if isinstance(error, Invalid) else [error]:
                form.add_problem(one)
            status = status_of(error)
        else:
            done(request, _("已接通“%(name)s”，等着它的材料会马上去取。") % {"name": found.name})
            return redirect("exchange:face", code)
    return render(request, "console/exchange/settings.html", {"form": form, "face": found, "row": row}, status=status)


@requires("exchange.manage")
@require_POST
def off(request: StaffRequest, code: str) -> HttpResponse:
    """Stop asking an interface."""
    do.disconnect(code=code, by=request.actor, now=request.now, **keyed(request))
    done(request, _("已停用；欠下的材料仍由我局补齐，不向申请人要。"))
    return redirect("exchange:face", code)


@requires("exchange.manage")
@require_POST
def again(request: StaffRequest, code: str) -> HttpResponse:
    """Ask again for all that is owed."""
    n = do.try_again(code=code, by=request.actor, now=request.now, **keyed(request))
    done(request, ngettext("正在重新取 %(n)s 份材料。", "正在重新取 %(n)s 份材料。", n) % {"n": n})
    return redirect("exchange:face", code)


@requires("exchange.manage")
@require_POST
def fault(request: StaffRequest, code: str) -> HttpResponse:
    """In a demonstration: have the source misbehave."""
    wanted = request.POST.get("fault", "")
    once_key(request)
    do.set_fault(code=code, fault=wanted, by=request.actor, now=request.now)
    done(request, _("沙箱现在：%(fault)s。") % {"fault": _(_FAULTS[wanted])})
    return redirect("exchange:face", code)
