"""Addresses of joint matters on the portal."""

from __future__ import annotations

from django.urls import path

from linli.web.portal.bundles import views

app_name = "bundles"
urlpatterns = [
    path("matters", views.matters, name="list"),
    path("matters/<slug:code>", views.matter, name="item"),
    path("mine/joint/<uuid:joint_id>", views.progress, name="progress"),
]
