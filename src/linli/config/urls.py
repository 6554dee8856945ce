"""Addresses of all faces."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("linli.web.accounts.urls")),
    path("", include("linli.web.ui.urls")),
    path("", include("linli.web.portal.urls")),
    path("desk/", include("linli.web.desk.urls")),
    path("console/", include("linli.web.console.urls")),
]

handler400 = "linli.web.errors.bad_request"
handler403 = "linli.web.errors.forbidden"
handler404 = "linli.web.errors.not_found"
handler500 = "linli.web.errors.server_error"
