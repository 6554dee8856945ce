"""Public pages that a browser may keep: it asks each time whether its copy is still good, and mostly is told so."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.translation import get_language

from linli import __version__
from linli.kernel.crypto import sm3
from linli.web.http import Request
from linli.web.site import site


def unless_kept(request: Request, make: Callable[[], HttpResponse], *parts: object) -> HttpResponseBase:
    """The page that ``make`` gives, or the word that the copy made from the same ``parts`` is still good.

    A page also depends on its reader's language and print, on the token of its forms and on whose service it is; pages
    with a message to show, or for somebody signed in, are always made anew.
    """
    if request.sign_in or "messages" in request.COOKIES:
        return make()
    shared = (__version__, get_language(), request.large_print, request.COOKIES.get("csrftoken"), site())
    etag = f'W/"{sm3(repr((shared, parts)).encode()).hex()[:32]}"'
    kept = get_conditional_response(request, etag=etag)
    response = kept if kept is not None and kept.status_code == 304 else make()
    response["ETag"], response["Cache-Control"] = etag, "private, no-cache"
    patch_vary_headers(response, ["Cookie", "Accept-Language"])
    return response
