"""Addresses of certification in the console."""

from __future__ import annotations

from django.urls import path

from linli.web.console.certification import one, people, waiting

app_name = "certification"
urlpatterns = [
    path("certification/", people.overview_page, name="overview"),
    path("certification/people", people.listing, name="people"),
    path("certification/people/export", people.export, name="export"),
    path("certification/people/<uuid:certification_id>", one.one, name="one"),
    path("certification/people/<uuid:certification_id>/whole/<slug:field>", one.whole, name="whole"),
    path("certification/people/<uuid:certification_id>/<slug:act>", one.act, name="act"),
    path("certification/calls", waiting.calls, name="calls"),
    path("certification/calls/<uuid:reach_id>", waiting.call, name="call"),
    path("certification/proposals", waiting.proposals, name="proposals"),
    path("certification/photos", waiting.photos, name="photos"),
    path("certification/photos/<uuid:photo_id>", waiting.photo_page, name="photo"),
    path("certification/photos/<uuid:photo_id>/picture", waiting.photo_picture, name="picture"),
]
