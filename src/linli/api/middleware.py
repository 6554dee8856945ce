"""What every call of the interface goes through, and no page does."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from linli.api import problems
from linli.api.problems import BodyTooLarge, BodyUnreadable, MethodNotAllowed, NoSuchAddress
from linli.kernel.calendar import local_date
from linli.kernel.errors import LinliError
from linli.kernel.text import msg

PREFIX = "/api/v1/"
_JSON_BYTES = 5_000_000


class ApiMiddleware:
    """Gives a call its time, refuses what is too large before a byte of it is read, and has every trouble told the same way."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(PREFIX):
            return self.get_response(request)
        request.now = timezone.now()  # type: ignore[attr-defined]
        request.today = local_date(request.now)  # type: ignore[attr-defined]
        trouble = self._trouble(request)
        response = problems.answer(request, trouble) if trouble else self._told_alike(request, self.get_response(request))
        if isinstance(trouble, BodyTooLarge):
            response["Connection"] = "close"
        response["Cache-Control"] = response.get("Cache-Control", "no-store")
        if admission := getattr(request, "admission", None):
            response["RateLimit-Policy"] = f'"default";q={admission.limit};w=60'
            response["RateLimit"] = f'"default";r={admission.remaining};t={admission.reset}'
        return response

    def _trouble(self, request: HttpRequest) -> LinliError | None:
        multipart = request.content_type == "multipart/form-data"
        most = (settings.ENV.upload_megabytes + 1) * 1_000_000 if multipart else _JSON_BYTES
        try:
            length = int(request.headers.get("Content-Length") or 0)
        except ValueError:
            return BodyUnreadable(why=msg("长度写法不对"))
        if length > most:
            return BodyTooLarge(most=most // 1_000_000)
        if "\0" in request.path or "\0" in unquote(request.META.get("QUERY_STRING", "")):
            return BodyUnreadable(why=msg("含有无法保存的字符"))
        return None

    def _told_alike(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Addresses and methods that nobody answers for are Django's to refuse, in its own way; here in ours."""
        if response.status_code < 400 or response.get("Content-Type", "").startswith(problems.MEDIA_TYPE):
            return response
        if response.status_code == 405:
            told = problems.answer(request, MethodNotAllowed(method=request.method))
            told["Allow"] = response.get("Allow", "")
            return told
        if response.status_code == 404:
            return problems.answer(request, NoSuchAddress())
        return problems.answer(request, BodyUnreadable(why=msg("内容不完整或格式不对"))) if response.status_code < 500 else response
