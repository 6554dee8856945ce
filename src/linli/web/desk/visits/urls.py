"""Addresses of visits and of certification in person."""

from __future__ import annotations

from django.urls import path

from linli.web.desk.visits import views

app_name = "visits"
urlpatterns = [
    path("visits/", views.listing, name="list"),
    path("visits/counter", views.counter, name="counter"),
    path("visits/<uuid:reach_id>", views.visit, name="visit"),
]
