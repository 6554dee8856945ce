"""Addresses of verifying: documents by their code or as a file, and the record as files."""

from __future__ import annotations

from django.urls import path

from linli.web.portal.verify import record, views

app_name = "verify"
urlpatterns = [
    path("verify", views.form, name="form"),
    path("verify-file", views.file, name="file"),  # not below verify/, where any word is a code
    path("verify/<str:code>", views.document, name="document"),
    path("record/", record.page, name="record"),
    path("record/proof", record.proof, name="proof"),
    path("record/draws/<str:day>.jsonl", record.draws, name="draws"),
    path("record/<str:name>", record.public_file, name="record_file"),
]
