"""Turning errors into pages: what happened, what was saved, what to do now, and a reference.

An HTMX request gets the same as a fragment for the place of messages, so that the page it came from, and what was typed
there, stays as it is.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from linli.kernel.errors import Kind, LinliError, NotAllowed
from linli.kernel.text import Message, noop
from linli.web import reference
from linli.web.access import SignInNeeded
from linli.web.permissions import in_words

STATUS = {Kind.INVALID: 422, Kind.NOT_ALLOWED: 403, Kind.NOT_FOUND: 404, Kind.CONFLICT: 409, Kind.UNAVAILABLE: 503}

_TITLES = {
    400: noop("这个请求无法识别"),
    401: noop("登录已过期"),
    403: noop("您现在不能打开这一页"),
    404: noop("没有找到这一页"),
    409: noop("内容刚刚有变化"),
    422: noop("有内容需要修改"),
    500: noop("这一步没有办成"),
    503: noop("暂时无法办理"),
}

# Shown when even a page cannot be made. Nothing in it can fail, so it stands in both languages.
_LAST_RESORT = """<!doctype html><html lang="zh-Hans"><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>邻里</title>
<h1>这一步没有办成</h1><p>此前已保存的内容都在。请稍后再试，或拨打 12333，告知编号 %(reference)s。</p>
<p lang="en">This step did not complete. What was saved before is safe. Please try again later, or call 12333
and quote %(reference)s.</p></html>"""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What an error page says. ``retry`` offers to load the page again; ``certain`` that a refused act changed nothing."""

    status: int
    what: Message
    to_do: Message | None = None
    code: str = ""
    retry: bool = False
    certain: bool = True

    @property
    def title(self) -> Message:
        return Message(_TITLES[self.status])


def status_of(error: LinliError) -> int:
    """The HTTP status of an expected error."""
    return 401 if isinstance(error, SignInNeeded) else STATUS[error.kind]


def respond(request: HttpRequest, trouble: Trouble) -> HttpResponse:
    """The page, or for HTMX the fragment, that tells of a trouble."""
    context = {
        "trouble": trouble,
        "reference": reference.current(),
        "acted": request.method not in ("GET", "HEAD", "OPTIONS"),
        "back": _page_before(request),
    }
    if getattr(request, "htmx", False):
        response = render(request, "ui/_error.html", context, status=trouble.status)
        response["HX-Retarget"], response["HX-Reswap"] = "#l-messages", "innerHTML"
        return response
    response = render(request, "ui/error.html", context, status=trouble.status)
    if trouble.status == 503:
        response["Retry-After"] = "30"
    return response


def _page_before(request: HttpRequest) -> str:
    """The page of ours that led here, for a way back without JavaScript."""
    before = request.headers.get("Referer", "")
    return before if before.startswith(f"{request.scheme}://{request.headers.get('Host', '')}/") else ""


def expected(request: HttpRequest, error: LinliError) -> HttpResponse:
    """The answer to an expected error that no view made a form message of."""
    status = status_of(error)
    actor = getattr(request, "actor", None)
    if isinstance(error, NotAllowed) and actor and actor.resident_id:
        to_do = Message(noop("请回到“我的”，或拨打服务电话，我们帮您办。"))
        return respond(request, Trouble(status, Message(noop("这一页只供工作人员使用。")), to_do, error.code))
    if isinstance(error, NotAllowed):
        error = NotAllowed(permission=in_words(str(error.params["permission"])))
    return respond(request, Trouble(status, error.message, error.what_to_do, error.code, retry=status == 503))


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    to_do = Message(noop("请返回上一页重新操作；如果是从别处点开的链接，请核对地址是否完整。"))
    return respond(request, Trouble(400, Message(noop("发来的内容不完整或格式不对，没有办理。")), to_do))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    to_do = Message(noop("如工作需要，请联系本单位管理员。"))
    return respond(request, Trouble(403, Message(noop("这一页只对有相应职责的人开放。")), to_do))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    to_do = Message(noop("请核对地址；也可以从首页重新进入，或拨打服务电话。"))
    return respond(request, Trouble(404, Message(noop("这个地址没有对应的页面，可能已经移动或输入有误。")), to_do))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    to_do = Message(noop("请返回上一页，刷新后再提交。如果一直这样，请检查浏览器是否禁止了 Cookie。"))
    return respond(request, Trouble(403, Message(noop("这一页打开得太久，为保护您的信息，这次提交没有办理。")), to_do))


def server_error(request: HttpRequest) -> HttpResponse:
    """A bug, or a database out of reach. Makes do without the database, and if need be without templates."""
    error = sys.exc_info()[1]
    try:
        if isinstance(error, OperationalError | InterfaceError):
            what = Message(noop("数据库正在恢复连接，现在读不到内容。"))
            to_do = Message(noop("请等半分钟再试；已经提交成功的都在，不会丢失。"))
            return respond(request, Trouble(503, what, to_do, retry=True, certain=False))
        what = Message(noop("处理时出了问题，我们已经记录下来。"))
        to_do = Message(noop("请稍后再试一次；仍不行时请拨打服务电话，告知下面的编号。"))
        return respond(request, Trouble(500, what, to_do, retry=True, certain=False))
    except Exception:
        return HttpResponse(_LAST_RESORT % {"reference": reference.current()}, status=500)
