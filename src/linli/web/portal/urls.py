"""Addresses of the portal."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("linli.web.portal.guide.urls")),
    path("", include("linli.web.portal.verify.urls")),
    path("", include("linli.web.portal.messages.urls")),
]
