"""Addresses of the portal."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("linli.web.portal.guide.urls")),
    path("", include("linli.web.portal.bundles.urls")),
    path("", include("linli.web.portal.apply.urls")),
    path("", include("linli.web.portal.rosters.urls")),
    path("", include("linli.web.portal.due.urls")),
    path("", include("linli.web.portal.verify.urls")),
    path("me/", include("linli.web.portal.me.urls")),
    path("", include("linli.web.portal.messages.urls")),
    path("", include("linli.web.portal.certification.urls")),
    path("", include("linli.web.portal.benefits.urls")),
]
