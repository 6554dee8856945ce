"""What providers say became of a message: signed by the SMS gateway, and by WeChat in its own manner."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from linli.domains.notices.commands import note_receipt, sms_receipt_is_signed, wechat_is_signed
from linli.domains.notices.queries import Way
from linli.web.access import public
from linli.web.http import Request

_MOST = 200  # receipts in one call
_LONGEST = 100_000
_FIELD = re.compile(r"<(\w+)>(?:<!\[CDATA\[(.{0,200}?)\]\]>|([^<]{0,200}))</\1>")


@public
@csrf_exempt
@require_POST
def sms(request: Request) -> HttpResponse:
    """Receipts of the gateway: ``{"receipts": [{"id": our id, "reached": true, "code": ""}]}``; one that is not known is named."""
    body = request.body
    moment, given = request.headers.get("Linli-Time", ""), request.headers.get("Linli-Signature", "")
    if len(body) > _LONGEST or not sms_receipt_is_signed(moment=moment, body=body, given=given, now=request.now):
        return JsonResponse({"error": "signature"}, status=403)
    told = _receipts(body)
    if told is None:
        return JsonResponse({"error": "form"}, status=400)
    unknown = [
        str(one)
        for one, reached, code in told
        if not note_receipt(way=Way.SMS, delivery_id=one, reached=reached, code=code, now=request.now)
    ]
    return JsonResponse({"unknown": unknown})


def _receipts(body: bytes) -> list[tuple[UUID, bool, str]] | None:
    """The receipts of a call, or None if it is none."""
    try:
        listed: Any = json.loads(body)["receipts"]
        read = [(UUID(one["id"]), one["reached"], str(one.get("code", ""))) for one in listed]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return read if len(read) <= _MOST and all(isinstance(reached, bool) for _, reached, _ in read) else None


@public
@csrf_exempt
@require_http_methods(["GET", "POST"])
def wechat(request: Request) -> HttpResponse:
    """WeChat asks first whether we know the token, then tells when a template message arrived."""
    given = {name: request.GET.get(name, "") for name in ("signature", "timestamp", "nonce")}
    if not wechat_is_signed(timestamp=given["timestamp"], nonce=given["nonce"], given=given["signature"]):
        return HttpResponse(status=403)
    if request.method == "GET":
        return HttpResponse(request.GET.get("echostr", "")[:200], content_type="text/plain")
    if len(request.body) > _LONGEST:
        return HttpResponse(status=400)
    told = {name: cdata or plain for name, cdata, plain in _FIELD.findall(request.body.decode("utf-8", "replace"))}
    if told.get("Event") == "TEMPLATESENDJOBFINISH":
        status = told.get("Status", "")
        note_receipt(
            way=Way.WECHAT,
            provider_id=told.get("MsgID", ""),
            reached=status == "success",
            code=status.replace(" ", "_"),
            now=request.now,
        )
    return HttpResponse("success", content_type="text/plain")
