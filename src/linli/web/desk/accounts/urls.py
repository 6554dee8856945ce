"""Addresses of accounts at the counter."""

from __future__ import annotations

from django.urls import path

from linli.web.desk.accounts import views

app_name = "accounts_at_desk"
urlpatterns = [
    path("accounts/", views.counter, name="counter"),
    path("accounts/employer", views.employer, name="employer"),
]
