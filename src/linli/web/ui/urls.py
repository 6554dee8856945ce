"""Addresses of the kit itself."""

from __future__ import annotations

from django.urls import path

from linli.web.ui import views

app_name = "ui"
urlpatterns = [
    path("display", views.display, name="display"),
    path("language", views.language, name="language"),
    path("offline", views.offline, name="offline"),
    path("palette", views.palette_results, name="palette"),
    path("ui/", views.gallery, name="gallery"),
]
