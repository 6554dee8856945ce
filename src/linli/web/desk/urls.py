"""Addresses of the desk."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("linli.web.desk.counter.urls")),
    path("", include("linli.web.desk.joint.urls")),
    path("", include("linli.web.desk.review.urls")),
    path("", include("linli.web.desk.issue.urls")),
    path("", include("linli.web.desk.supervise.urls")),
    path("", include("linli.web.desk.residents.urls")),
    path("", include("linli.web.desk.checks.urls")),
    path("", include("linli.web.desk.rosters.urls")),
    path("", include("linli.web.desk.visits.urls")),
    path("", include("linli.web.desk.accounts.urls")),
]
