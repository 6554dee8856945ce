from __future__ import annotations

from django.urls import path

from linli.web.portal.rosters import made, new

app_name = "own_rosters"
urlpatterns = [
    path("apply/item/<slug:item>/roster", new.new, name="new"),
    path("apply/item/<slug:item>/roster.xlsx", new.template, name="template"),
    path("mine/rosters", made.listing, name="list"),
    path("mine/rosters/<uuid:roster_id>", made.roster, name="roster"),
    path("mine/rosters/<uuid:roster_id>/progress", made.progress, name="progress"),
    path("mine/rosters/<uuid:roster_id>/again", made.again, name="again"),
    path("mine/rosters/<uuid:roster_id>/start", made.start, name="start"),
    path("mine/rosters/<uuid:roster_id>/cancel", made.cancel, name="cancel"),
    path("mine/rosters/<uuid:roster_id>/returned.xlsx", made.returned, name="returned"),
    path("mine/rosters/<uuid:roster_id>/results.xlsx", made.results, name="results"),
]
