"""Addresses of the console."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("linli.web.console.catalog.urls")),
    path("", include("linli.web.console.bureau.urls")),
    path("", include("linli.web.console.exchange.urls")),
    path("", include("linli.web.console.notices.urls")),
    path("", include("linli.web.console.archive.urls")),
    path("", include("linli.web.console.certification.urls")),
    path("", include("linli.web.console.policies.urls")),
    path("", include("linli.web.console.runs.urls")),
    path("", include("linli.web.console.grants.urls")),
]
