"""Addresses of what people are due."""

from __future__ import annotations

from django.urls import path

from linli.web.portal.due import ask, calculators, own

app_name = "due"
urlpatterns = [
    path("due", own.due, name="own"),
    path("due/ask", ask.ask, name="ask"),
    path("due/<uuid:party_id>", own.due, name="of"),
    path("due/<uuid:party_id>/<slug:policy>", own.roster, name="roster"),
    path("calculators/", calculators.calculators, name="calculators"),
    path("calculators/<slug:name>", calculators.calculator, name="calculator"),
]
