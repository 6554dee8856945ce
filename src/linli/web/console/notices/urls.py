"""Addresses of deliveries in the console."""

from __future__ import annotations

from django.urls import path

from linli.web.console.notices import views

app_name = "notices"
urlpatterns = [
    path("deliveries", views.deliveries_page, name="deliveries"),
    path("deliveries/<uuid:delivery_id>/retry", views.retry, name="retry"),
]
