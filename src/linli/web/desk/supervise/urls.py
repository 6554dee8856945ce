from __future__ import annotations

from django.urls import URLPattern

app_name = "supervise"
urlpatterns: list[URLPattern] = []
