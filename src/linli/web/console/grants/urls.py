"""Addresses of grants and their money."""

from __future__ import annotations

from django.urls import path

from linli.web.console.grants import answers, books, lists, one, payments

app_name = "grants"
urlpatterns = [
    path("grants/", lists.listing, name="lists"),
    path("grants/make", lists.make, name="make"),
    path("grants/lists/<uuid:list_id>", lists.sheet, name="list"),
    path("grants/lists/<uuid:list_id>/progress", lists.progress, name="progress"),
    path("grants/lists/<uuid:list_id>/<slug:act>", lists.act, name="act"),
    path("grants/objections", lists.objections, name="objections"),
    path("grants/objections/<uuid:objection_id>", lists.objection, name="objection"),
    path("grants/<uuid:grant_id>", one.grant_page, name="grant"),
    path("grants/<uuid:grant_id>/<slug:act>", one.act, name="grant_act"),
    path("payments/", payments.listing, name="payments"),
    path("payments/make", payments.make, name="make_batch"),
    path("payments/waiting", payments.waiting, name="waiting"),
    path("payments/returned", payments.returned, name="returned"),
    path("payments/answer", answers.upload, name="answer"),
    path("payments/answers/<uuid:answer_id>/progress", answers.progress, name="answer_progress"),
    path("payments/answers/<uuid:answer_id>/resume", answers.resume, name="resume_answer"),
    path("payments/<uuid:batch_id>", payments.sheet, name="batch"),
    path("payments/<uuid:batch_id>/progress", payments.progress, name="batch_progress"),
    path("payments/<uuid:batch_id>/file", payments.file, name="file"),
    path("payments/<uuid:batch_id>/<slug:act>", payments.act, name="batch_act"),
    path("claw-backs/", books.claw_backs_page, name="claw_backs"),
    path("claw-backs/<uuid:claw_back_id>", books.sheet, name="claw_back"),
    path("claw-backs/<uuid:claw_back_id>/<slug:act>", books.act, name="claw_back_act"),
    path("ledger/", books.ledger_page, name="ledger"),
    path("ledger/export/<slug:form>", books.export, name="ledger_export"),
]
