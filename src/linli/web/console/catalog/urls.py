"""Addresses of the catalogue in the console."""

from __future__ import annotations

from django.urls import path

from linli.web.console.catalog import bundles, compare, editing, exchange, item, listing, publishing

app_name = "catalog"
urlpatterns = [
    path("catalog/", listing.items, name="items"),
    path("catalog/bundles", bundles.bundles, name="bundles"),
    path("catalog/bundles/<slug:code>", bundles.bundle, name="bundle"),
    path("catalog/drafts", listing.drafts, name="drafts"),
    path("catalog/upcoming", listing.upcoming, name="upcoming"),
    path("catalog/withdrawn", listing.withdrawn, name="withdrawn"),
    path("catalog/drift", listing.drift, name="drift"),
    path("catalog/compare", compare.compare, name="compare"),
    path("catalog/export.<str:form>", exchange.export, name="export"),
    path("catalog/empty.xlsx", exchange.empty_table, name="empty_table"),
    path("catalog/new", editing.add, name="add"),
    path("catalog/import", exchange.import_, name="import"),
    path("catalog/items/<slug:code>", item.item, name="item"),
    path("catalog/items/<slug:code>/draft", editing.start, name="start"),
    path("catalog/items/<slug:code>/withdraw", publishing.withdraw, name="withdraw"),
    path("catalog/versions/<uuid:standard_id>", item.version, name="version"),
    path("catalog/versions/<uuid:standard_id>/guide.pdf", item.guide, name="guide"),
    path("catalog/versions/<uuid:standard_id>/window-guide.pdf", item.window_guide, name="window_guide"),
    path("catalog/drafts/<uuid:draft_id>", editing.edit, name="edit"),
    path("catalog/drafts/<uuid:draft_id>/autosave", editing.autosave, name="autosave"),
    path("catalog/drafts/<uuid:draft_id>/findings", editing.findings, name="findings"),
    path("catalog/drafts/<uuid:draft_id>/publish", publishing.publish, name="publish"),
    path("catalog/drafts/<uuid:draft_id>/discard", publishing.discard, name="discard"),
]
