"""Addresses of scans."""

from __future__ import annotations

from django.urls import path

from linli.web.console.runs import auditing, listing, results

app_name = "runs"
_RUN = "runs/<uuid:run_id>/"

urlpatterns = [
    path("runs/", listing.listing, name="list"),
    path("runs/new", listing.new, name="new"),
    path(_RUN, listing.one, name="run"),
    path(f"{_RUN}progress", listing.progress, name="progress"),
    path(f"{_RUN}repeat", listing.repeat, name="repeat"),
    path(f"{_RUN}policies/<slug:policy>", results.policy_page, name="policy"),
    path(f"{_RUN}policies/<slug:policy>/missing/<slug:fact>", results.missing, name="missing"),
    path(f"{_RUN}policies/<slug:policy>/export/<slug:form>", results.export, name="export"),
    path(f"{_RUN}subjects/<uuid:subject_id>", results.subject, name="subject"),
    path(f"{_RUN}audit", auditing.audit, name="audit"),
    path(f"{_RUN}audit/progress", auditing.progress, name="audit_progress"),
    path(f"{_RUN}audit/subjects/<uuid:subject_id>", auditing.subject, name="audit_subject"),
]
