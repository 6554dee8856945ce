from __future__ import annotations

from django.urls import path

from linli.web.desk.rosters import views

app_name = "rosters"
urlpatterns = [
    path("rosters", views.listing, name="list"),
    path("rosters/new", views.new, name="new"),
    path("rosters/template/<slug:item>.xlsx", views.template, name="template"),
    path("rosters/<uuid:roster_id>", views.roster, name="roster"),
    path("rosters/<uuid:roster_id>/progress", views.progress, name="progress"),
    path("rosters/<uuid:roster_id>/start", views.start, name="start"),
    path("rosters/<uuid:roster_id>/cancel", views.cancel, name="cancel"),
    path("rosters/<uuid:roster_id>/returned.xlsx", views.returned, name="returned"),
    path("rosters/<uuid:roster_id>/results.xlsx", views.results, name="results"),
]
