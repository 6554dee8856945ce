"""Errors as problem documents (RFC 9457): a stable code, what happened, what to do next, and the field at fault."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict

from linli.domains.clients.commands import KeyNotKnown, TooManyCalls
from linli.domains.people.commands import NameDiffers
from linli.kernel.errors import Invalid, Kind, LinliError, NotAllowed
from linli.kernel.identifiers import mask_name
from linli.kernel.text import Message, noop

log = logging.getLogger("linli.api")
MEDIA_TYPE = "application/problem+json"

_STATUS = {Kind.INVALID: 422, Kind.NOT_ALLOWED: 403, Kind.NOT_FOUND: 404, Kind.CONFLICT: 409, Kind.UNAVAILABLE: 503}
_TITLES = {
    400: noop("请求无法识别"), 401: noop("没有通过身份核对"), 403: noop("没有这项权限"), 404: noop("没有找到"),
    405: noop("这个地址不支持这种方法"), 406: noop("不能按要求的格式回答"), 409: noop("与现在的状态有冲突"), 413: noop("内容太大"),
    415: noop("内容的格式不对"), 422: noop("有内容需要修改"), 429: noop("调用太频繁"), 500: noop("没有办成"), 503: noop("暂时无法办理"),
}  # fmt: skip


class FieldProblem(BaseModel):
    """What is wrong with one field. ``field`` is its name or its path in the body; ``row`` the row of a roster."""

    model_config = ConfigDict(title="FieldProblem")
    code: str
    detail: str
    field: str | None = None
    row: int | None = None
    remedy: str | None = None


class Problem(BaseModel):
    """A problem document. ``code`` never changes and is what programs go by; sentences are in the language asked for."""

    model_config = ConfigDict(title="Problem")
    type: str
    title: str
    status: int
    code: str
    detail: str
    remedy: str | None = None
    field: str | None = None
    errors: list[FieldProblem] | None = None
    roster: str | None = None
    reference: str


class BodyUnreadable(LinliError):
    code = "api.body_unreadable"
    template = noop("请求的内容读不出来：%(why)s。")
    remedy = noop("请按接口文档检查内容的格式和编码（UTF-8）。")


class BodyTooLarge(LinliError):
    code = "api.body_too_large"
    template = noop("请求的内容超过 %(most)s 兆字节，没有接收。")
    remedy = noop("请压缩或拆分后再发；文件逐个上传。")


class NoSuchAddress(LinliError):
    code = "api.no_such_address"
    kind = Kind.NOT_FOUND
    template = noop("接口没有这个地址。")
    remedy = noop("请按接口文档核对地址。")


class MethodNotAllowed(LinliError):
    code = "api.method_not_allowed"
    template = noop("这个地址不支持 %(method)s。")
    remedy = noop("请按接口文档核对方法；支持哪些方法写在 Allow 里。")


class RequestInvalid(LinliError):
    code = "api.request_invalid"
    template = noop("请求有 %(count)s 处与接口的规定不符。")
    remedy = noop("请按接口文档修改后再发。")


class CursorUnreadable(LinliError):
    code = "api.cursor_unreadable"
    template = noop("翻页的位置读不出来。")
    remedy = noop("请使用上一页回答里的 next，不要自己拼写；或者从第一页开始。")


class UploadUnknown(LinliError):
    code = "api.upload_unknown"
    template = noop("没有找到这次上传的文件，或者已超过一天。")
    remedy = noop("请重新上传，使用回答里的 file。")


class Unexpected(LinliError):
    code = "api.unexpected"
    kind = Kind.UNAVAILABLE
    template = noop("处理时出了问题，我们已经记录下来。")
    remedy = noop("请用同一个 Idempotency-Key 稍后重发；仍不行时请联系人社局，告知 reference。")


class Recovering(LinliError):
    code = "api.recovering"
    kind = Kind.UNAVAILABLE
    template = noop("数据库正在恢复连接。")
    remedy = noop("请用同一个 Idempotency-Key 半分钟后重发；已经办理的不会办理两次。")


_BY_TYPE: dict[type[LinliError], int] = {
    KeyNotKnown: 401, TooManyCalls: 429, BodyUnreadable: 400, BodyTooLarge: 413, MethodNotAllowed: 405, Unexpected: 500,
}  # fmt: skip


def status_of(error: LinliError) -> int:
    return _BY_TYPE.get(type(error), _STATUS[error.kind])


def _say(message: Message | None) -> str | None:
    return message.render(_) if message else None


def _safe(error: LinliError) -> LinliError:
    """The error as another system may read it."""
    if isinstance(error, NameDiffers):  # whoever has a number does not learn whose it is
        return NameDiffers(field=error.field, known=mask_name(str(error.params["known"])))
    return NotAllowed(permission="API") if isinstance(error, NotAllowed) else error


def _field(error: LinliError) -> FieldProblem:
    return FieldProblem(field=error.field, code=error.code, detail=error.message.render(_), remedy=_say(error.what_to_do))


def answer(
    request: HttpRequest, error: LinliError, *, errors: list[FieldProblem] | None = None, roster: UUID | None = None
) -> HttpResponse:
    """The problem document of an expected error; ``roster`` is the one that was returned."""
    error, status = _safe(error), status_of(error)
    if isinstance(error, Invalid):
        errors = [_field(one) for one in error.errors]
    document = Problem(
        type=f"/api/reference#{error.code}", title=_(_TITLES[status]), status=status, code=error.code, detail=error.message.render(_),
        remedy=_say(error.what_to_do), field=error.field, errors=errors, roster=str(roster) if roster else None,
        reference=getattr(request, "reference", "-"),
    )  # fmt: skip
    response = HttpResponse(
        json.dumps(document.model_dump(exclude_none=True), ensure_ascii=False), content_type=MEDIA_TYPE, status=status
    )
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="linli"'
    if isinstance(error, TooManyCalls):
        response["Retry-After"] = str(error.params["seconds"])
    elif status == 503:
        response["Retry-After"] = "30"
    return response


def unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    """A bug or a database out of reach: it goes to the log with the reference, and the caller may simply send again."""
    if isinstance(error, OperationalError | InterfaceError):
        log.warning("%s %s: the database is out of reach", request.method, request.path, exc_info=error)
        return answer(request, Recovering())
    log.error("%s %s", request.method, request.path, exc_info=error)
    return answer(request, Unexpected())


# What the validator says, in words; its own English sentence goes along, since a developer reads it.
_WORDS = {
    "missing": noop("缺少这一项"), "extra_forbidden": noop("接口没有这一项"), "string_too_long": noop("太长"), "string_too_short": noop("太短"),
    "enum": noop("不在允许的取值里"), "literal_error": noop("不在允许的取值里"), "uuid_parsing": noop("不是编号（UUID）"),
}  # fmt: skip


def invalid(request: HttpRequest, errors: list[dict[str, Any]]) -> HttpResponse:
    """The answer to a request that breaks the contract of the interface, with one entry for each breach."""
    found = []
    for e in errors[:50]:
        where = [str(p) for p in e.get("loc", ()) if p not in ("body", "query", "path", "header", "file", "form")]
        words = _(_WORDS[e["type"]]) if e["type"] in _WORDS else _("与规定的格式不符")
        found.append(
            FieldProblem(
                field=".".join(where) or None, code=e["type"], detail=_("%(words)s（%(why)s）") % {"words": words, "why": e["msg"]}
            )
        )
    return answer(request, RequestInvalid(count=len(errors)), errors=found)


def known_errors() -> Iterator[type[LinliError]]:
    """Every expected error there is, by code, for the reference page."""
    found: dict[str, type[LinliError]] = {}
    waiting: list[type[LinliError]] = [LinliError]
    while waiting:
        for cls in waiting.pop().__subclasses__():
            waiting.append(cls)
            if "code" in vars(cls) and not cls.__module__.startswith("linli.web"):
                found.setdefault(cls.code, cls)
    yield from (found[code] for code in sorted(found))
