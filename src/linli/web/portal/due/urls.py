"""Addresses of what people are due."""

from __future__ import annotations

from django.urls import path

from linli.web.portal.due import calculators

app_name = "due"
urlpatterns = [
    path("calculators/", calculators.calculators, name="calculators"),
    path("calculators/<slug:name>", calculators.calculator, name="calculator"),
]
