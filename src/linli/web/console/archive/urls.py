"""Addresses of electronic files in the console."""

from __future__ import annotations

from django.urls import path

from linli.web.console.archive import views

app_name = "archive"
urlpatterns = [
    path("archives", views.due, name="due"),
    path("archives/propose", views.propose, name="propose"),
    path("archives/<uuid:destruction_id>", views.destruction, name="destruction"),
    path("archives/<uuid:destruction_id>/settle", views.settle, name="settle"),
    path("archives/<uuid:destruction_id>/proof.json", views.proof, name="proof"),
]
