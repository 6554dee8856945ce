"""Addresses of issuing and hand-over, of the ledger of seals, and of what is done in other systems."""

from __future__ import annotations

from django.urls import path

from linli.web.desk.issue import external, handover, papers, queue, seals

app_name = "issue"
urlpatterns = [
    path("issue/", queue.queue, name="queue"),
    path("issue/next", queue.following, name="next"),
    path("issue/<uuid:case_id>/", queue.case, name="case"),
    path("issue/<uuid:case_id>/prepare", queue.prepare, name="prepare"),
    path("issue/<uuid:case_id>/issue", queue.issue, name="issue"),
    path("deliver/", handover.waiting, name="deliver_list"),
    path("deliver/<uuid:case_id>/", handover.deliver, name="deliver"),
    path("papers/<uuid:document_id>/", papers.document, name="document"),
    path("papers/<uuid:document_id>/pdf", papers.pdf, name="document_pdf"),
    path("papers/<uuid:document_id>/picture", papers.picture, name="document_picture"),
    path("papers/<uuid:document_id>/revoke", papers.revoke, name="revoke"),
    path("seals/", seals.seals, name="seals"),
    path("seals/uses/", seals.ledger, name="ledger"),
    path("seals/uses.csv", seals.export, name="ledger_export"),
    path("external/", external.waiting, name="external_list"),
    path("external/<uuid:case_id>/", external.case, name="external"),
]
