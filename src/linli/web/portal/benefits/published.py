"""Lists while they are published, open to anybody, and the way to object. Taken down when the window is over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_safe

from linli.domains.benefits import commands
from linli.domains.benefits.queries import my_grants, period_said, policy_of, published_lines, published_list, published_lists
from linli.kernel.actors import Actor, Channel
from linli.kernel.errors import Kind, LinliError
from linli.kernel.text import noop
from linli.web.access import public
from linli.web.errors import status_of
from linli.web.http import Request, client_address
from linli.web.once import keyed
from linli.web.throttle import Throttle
from linli.web.ui.forms import Form
from linli.web.ui.paging import Page
from linli.web.ui.parts import Column
from linli.web.ui.toasts import done

SIZE = 50
# What a stranger objects to is not paid until an officer has answered: nobody shall hold back a whole list from one address.
STRANGERS = Throttle(20, timedelta(hours=1))


class TooManyObjections(LinliError):
    code = "web.too_many_objections"
    kind = Kind.UNAVAILABLE
    template = noop("这个网络上没有登录就提出的异议太多，请 %(minutes)s 分钟后再试。")
    remedy = noop("登录后可以继续提出；也可以打电话或到窗口提出。")


@public
@require_safe
def listing(request: Request) -> HttpResponse:
    """What is published today."""
    lists = [(x, period_said(x.period)) for x in published_lists(on=request.today)]
    return render(request, "portal/benefits/published.html", {"lists": lists})


@public
@require_safe
def lines(request: Request, list_id: UUID) -> HttpResponse:
    """One list: names, places and amounts, no number of anybody."""
    row = published_list(list_id, on=request.today)
    asked = request.GET.get("page", "")
    number = int(asked) if asked.isascii() and asked.isdigit() and 0 < int(asked) < 10**6 else 1
    rows, total = published_lines(list_id, on=request.today, offset=(number - 1) * SIZE, size=SIZE)
    page = Page(
        rows,
        total,
        False,
        before=f"?page={number - 1}" if number > 1 else "",
        after=f"?page={number + 1}" if number * SIZE < total else "",
    )
    columns = [Column(_("序号"), number=True), Column(_("名称")), Column(_("地方")), Column(_("金额（元）"), number=True)]
    context = {
        "row": row,
        "policy": policy_of(row.policy),
        "period": period_said(row.period),
        "page": page,
        "columns": columns,
    }
    return render(request, "portal/benefits/list.html", context)


class ObjectForm(Form):
    """What is wrong, and where the answer goes."""

    kinds = {"text": "long-text", "number": "number"}

    text = forms.CharField(label=_lazy("哪里不对"), max_length=2000, help_text=_lazy("写清是谁、哪里不对、您怎么知道的。"))
    number = forms.IntegerField(
        label=_lazy("对名单上第几笔"), required=False, min_value=1, max_value=10**9,
        help_text=_lazy("不该发的、金额不对的，填名单上的序号，处理期间这一笔不发放。有人被漏的，不用填。"),
    )  # fmt: skip


class StrangerForm(ObjectForm):
    """The same from who is not signed in: an answer needs somebody to go to."""

    name = forms.CharField(label=_lazy("您的姓名"), max_length=100)
    contact = forms.CharField(label=_lazy("联系电话或邮箱"), max_length=100, help_text=_lazy("只用来把结果告诉您，不公开。"))


@public
@require_http_methods(["GET", "HEAD", "POST"])
def object_to(request: Request, list_id: UUID) -> HttpResponse:
    """Object to a published list, or to one's own line on it; who is signed in is told the answer as a message."""
    row, resident = (
        published_list(list_id, on=request.today),
        request.actor if request.actor and request.actor.resident_id else None,
    )
    grant = _own_line(request, list_id)
    kind = ObjectForm if resident else StrangerForm
    form, status = kind(request.POST) if request.method == "POST" else kind(), 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            by = resident or Actor(user_id=None, device=request.device[:64], channel=Channel.ONLINE)
            said: dict[str, Any] = {} if resident else {k: form.cleaned_data[k] for k in ("name", "contact")}
            number = None if grant else form.cleaned_data["number"]
            try:
                if not resident and (wait := STRANGERS.wait(client_address(request), request.now)):
                    raise TooManyObjections(minutes=-(-wait // timedelta(minutes=1)))
                commands.object_to(
                    list_id=list_id, text=form.cleaned_data["text"], grant_id=grant.pk if grant else None, number=number, by=by,
                    now=request.now, **said, **keyed(request),
                )  # fmt: skip
            except LinliError as error:
                form.add_problem(error)
                status = status_of(error)
            else:
                if not resident:
                    STRANGERS.count(client_address(request), request.now)
                waits = grant or number
                done(
                    request,
                    _("已收到您的异议。处理期间这一笔不发放，结果会告诉您。") if waits else _("已收到您的异议，处理结果会告诉您。"),
                )
                return redirect("benefits:mine" if resident else "benefits:published_list", *([] if resident else [list_id]))
    context = {
        "row": row,
        "form": form,
        "resident": resident,
        "grant": grant,
        "grant_id": request.GET.get("grant", "") if grant else "",
    }
    return render(request, "portal/benefits/object.html", context, status=status)


def _own_line(request: Request, list_id: UUID) -> Any:
    """The line that the address names, if it is one's own."""
    try:
        wanted = UUID(request.GET.get("grant", ""))
    except ValueError:
        return None
    if request.actor is None:
        return None
    return my_grants(by=request.actor, on=request.today).filter(pk=wanted, list_id=list_id).first()
