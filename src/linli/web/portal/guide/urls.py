"""Addresses of the home page and the guides."""

from __future__ import annotations

from django.urls import path

from linli.web.portal.guide import views

app_name = "guide"
urlpatterns = [
    path("", views.home, name="home"),
    path("guides", views.guides, name="list"),
    path("guides/<slug:code>", views.item, name="item"),
    path("guides/<slug:code>.pdf", views.item_pdf, name="pdf"),
    path("guides/<slug:code>.json", views.item_json, name="json"),
    path("guides/<slug:code>/form", views.item_form, name="form"),
    path("guides/<slug:code>/<str:region>/<int:version>", views.version, name="version"),
    path("guides/<slug:code>/<str:region>/<int:version>.pdf", views.version_pdf, name="version_pdf"),
    path("life/<slug:event>", views.life, name="life"),
    path("halls", views.halls, name="halls"),
    path("sitemap.xml", views.sitemap, name="sitemap"),
    path("robots.txt", views.robots, name="robots"),
    path("favicon.ico", views.favicon, name="favicon"),
]
