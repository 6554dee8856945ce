"""Answers for the small script that sends a form by itself (``static/portal/keep.js``): where to go, told in a header.

The script sends a form only to be sure of the answer: without one it keeps what was typed, says so, and tries again with
the same key. Without the script the same views answer with ordinary redirects.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url

from linli.web.http import Request

SENT_BY_SCRIPT, GO_TO = "Linli-Keep", "Linli-To"


def go(request: Request, to: str, *args: Any) -> HttpResponse:
    """Lead on to a page."""
    url = resolve_url(to, *args)
    if SENT_BY_SCRIPT in request.headers:
        return HttpResponse(status=204, headers={GO_TO: url})
    return _SeeOther(url)


class _SeeOther(HttpResponseRedirect):
    """Go on with GET, whatever was sent."""

    status_code = 303
