"""Addresses of all faces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.urls import URLPattern, URLResolver, include, path

from linli.api.urls import urlpatterns as interface
from linli.web.access import public


def _patterns(entries: Sequence[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    for entry in entries:
        if isinstance(entry, URLResolver):
            yield from _patterns(entry.url_patterns)
        else:
            yield entry


urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("linli.web.accounts.urls")),
    path("", include("linli.web.ui.urls")),
    path("", include("linli.web.portal.urls")),
    path("desk/", include("linli.web.desk.urls")),
    path("console/", include("linli.web.console.urls")),
    path("api/", include("linli.api.urls")),
]

# Who may call the interface it asks itself, by key and scope; to the pages' sign-in its addresses are open.
for _pattern in _patterns(interface):
    _pattern.callback = public(_pattern.callback)

handler400 = "linli.web.errors.bad_request"
handler403 = "linli.web.errors.forbidden"
handler404 = "linli.web.errors.not_found"
handler500 = "linli.web.errors.server_error"
