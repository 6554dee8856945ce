from __future__ import annotations

from django.urls import path

from linli.web.desk.checks import views

app_name = "checks"
urlpatterns = [
    path("checks", views.checks, name="list"),
    path("checks/<uuid:commitment_id>", views.check, name="check"),
    path("checks/<uuid:commitment_id>/signature", views.signature, name="signature"),
    path("checks/<uuid:commitment_id>/papers/<uuid:document_id>.pdf", views.paper, name="paper"),
    path("checks/<uuid:commitment_id>/<slug:act>", views.act, name="act"),
]
