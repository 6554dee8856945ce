from __future__ import annotations

from django.urls import path

from linli.web.portal.apply import mine, pages, papers, start

app_name = "apply"
urlpatterns = [
    path("apply/item/<slug:item>", start.start, name="start"),
    path("apply/<uuid:case_id>", pages.resume, name="resume"),
    path("apply/<uuid:case_id>/review", pages.review, name="review"),
    path("apply/<uuid:case_id>/submit", pages.submit, name="submit"),
    path("apply/<uuid:case_id>/p/<slug:page>", pages.page, name="page"),
    path("apply/<uuid:case_id>/p/<slug:page>/save", pages.save, name="save"),
    path("apply/<uuid:case_id>/m/<slug:code>/commit", pages.commit, name="commit"),
    path("apply/<uuid:case_id>/m/<slug:code>/back", pages.take_back, name="take_back"),
    path("apply/<uuid:case_id>/f/<uuid:file_id>/remove", pages.take_off, name="take_off"),
    path("mine", mine.cases, name="mine"),
    path("mine/code", mine.take_over, name="take_over"),
    path("mine/<uuid:case_id>", mine.case, name="case"),
    path("mine/<uuid:case_id>/receipt", mine.receipt, name="receipt"),
    path("mine/<uuid:case_id>/withdraw", mine.withdraw, name="withdraw"),
    path("mine/<uuid:case_id>/pending/<slug:code>", mine.bring, name="bring"),
    path("mine/<uuid:case_id>/collect", mine.collect, name="collect"),
    path("mine/<uuid:case_id>/code", mine.code, name="code"),
    path("mine/<uuid:case_id>/code.svg", papers.code_qr, name="code_qr"),
    path("mine/<uuid:case_id>/qr.svg", papers.case_qr, name="case_qr"),
    path("mine/<uuid:case_id>/papers/<uuid:document_id>.pdf", papers.paper, name="paper"),
    path("mine/<uuid:case_id>/files/<uuid:file_id>", papers.file, name="file"),
]
