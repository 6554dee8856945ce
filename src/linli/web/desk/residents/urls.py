"""Addresses of what the desk does for residents' own affairs."""

from __future__ import annotations

from django.urls import path

from linli.web.desk.residents import objections, views

app_name = "residents"
urlpatterns = [
    path("residents/person/<uuid:party_id>", views.person, name="person"),
    path("residents/employer/<uuid:party_id>", views.employer, name="employer"),
    path("residents/person/<uuid:party_id>/start-code", views.start_code, name="start_code"),
    path("residents/person/<uuid:party_id>/mandate", views.person_mandate, name="person_mandate"),
    path("residents/employer/<uuid:party_id>/mandate", views.employer_mandate, name="employer_mandate"),
    path("residents/mandates/<uuid:mandate_id>/paper", views.paper, name="paper"),
    path("residents/mandates/<uuid:mandate_id>/revoke", views.revoke, name="revoke"),
    path("residents/objections", objections.listing, name="objections"),
    path("residents/objections/<uuid:objection_id>", objections.one, name="objection"),
]
