"""Addresses of grants for residents and employers."""

from __future__ import annotations

from django.urls import path

from linli.web.portal.benefits import own, published

app_name = "benefits"
urlpatterns = [
    path("published/", published.listing, name="published"),
    path("published/<uuid:list_id>", published.lines, name="published_list"),
    path("published/<uuid:list_id>/object", published.object_to, name="object"),
    path("me/benefits", own.mine, name="mine"),
    path("me/benefits/<uuid:grant_id>/why", own.why, name="why"),
    path("me/benefits/<uuid:grant_id>/confirm", own.confirm, name="confirm"),
    path("me/benefits/<uuid:grant_id>/account", own.account, name="account"),
]
