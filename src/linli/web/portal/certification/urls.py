"""Addresses of one's own certification."""

from __future__ import annotations

from django.urls import path

from linli.web.portal.certification import views

app_name = "certify"
urlpatterns = [
    path("me/certification", views.mine, name="mine"),
    path("me/certification/<uuid:person_id>/photo", views.photo, name="photo"),
    path("me/certification/<uuid:certification_id>/abroad", views.abroad, name="abroad"),
]
