"""Addresses of data sharing in the console."""

from __future__ import annotations

from django.urls import path

from linli.web.console.exchange import asked, faces, ledger

app_name = "exchange"
urlpatterns = [
    path("exchange/saved", ledger.saved_page, name="saved"),
    path("exchange/saved/export/<slug:form>", ledger.export, name="export"),
    path("exchange/asked", asked.listing, name="asked"),
    path("exchange/asked/person", asked.person, name="asked_person"),
    path("exchange/asked/export/<slug:form>", asked.export, name="asked_export"),
    path("exchange/interfaces", faces.listing, name="faces"),
    path("exchange/interfaces/<slug:code>", faces.face, name="face"),
    path("exchange/interfaces/<slug:code>/settings", faces.settings, name="settings"),
    path("exchange/interfaces/<slug:code>/off", faces.off, name="off"),
    path("exchange/interfaces/<slug:code>/again", faces.again, name="again"),
    path("exchange/interfaces/<slug:code>/fault", faces.fault, name="fault"),
]
