"""Addresses of policies, their figures, the changes of these and the test cases."""

from __future__ import annotations

from django.urls import path

from linli.web.console.policies import cases, changing, listing, weighing

app_name = "policies"
_CHANGE = "policies/changes/<uuid:change_id>"

urlpatterns = [
    path("policies/", listing.policies, name="list"),
    path("policies/figures/", listing.figures, name="figures"),
    path("policies/figures/<str:name>/", listing.figure, name="figure"),
    path("policies/figures/<str:name>/new", changing.new, name="new"),
    path("policies/changes/", changing.listing, name="changes"),
    path(_CHANGE, changing.one, name="change"),
    path(f"{_CHANGE}/edit", changing.edit, name="edit"),
    path(f"{_CHANGE}/scan", changing.scan, name="scan"),
    path(f"{_CHANGE}/what-if", weighing.ask, name="ask"),
    path(f"{_CHANGE}/<slug:act>", changing.act, name="act"),
    path("policies/what-if/<uuid:run_id>", weighing.one, name="what_if"),
    path("policies/what-if/<uuid:run_id>/progress", weighing.progress, name="progress"),
    path("policies/what-if/<uuid:run_id>/export/<slug:form>", weighing.export, name="export"),
    path("policies/cases/<uuid:case_id>/retire", cases.retire, name="retire"),
    path("policies/cases/<slug:target>/new", cases.new, name="new_case"),
    path("policies/<slug:code>", listing.policy, name="one"),
]
