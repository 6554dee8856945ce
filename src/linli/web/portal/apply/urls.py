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
    path("apply/matter/<slug:code>", start.start_joint, name="joint_start"),
    path("apply/joint/<uuid:joint_id>", pages.resume, name="joint_resume"),
    path("apply/joint/<uuid:joint_id>/review", pages.review, name="joint_review"),
    path("apply/joint/<uuid:joint_id>/submit", pages.submit, name="joint_submit"),
    path("apply/joint/<uuid:joint_id>/p/<slug:page>", pages.page, name="joint_page"),
    path("apply/joint/<uuid:joint_id>/p/<slug:page>/save", pages.save, name="joint_save"),
    path("apply/joint/<uuid:joint_id>/m/<slug:code>/commit", pages.commit, name="joint_commit"),
    path("apply/joint/<uuid:joint_id>/m/<slug:code>/back", pages.take_back, name="joint_take_back"),
    path("apply/joint/<uuid:joint_id>/f/<uuid:file_id>", papers.joint_file_given, name="joint_file"),
    path("apply/joint/<uuid:joint_id>/f/<uuid:file_id>/remove", pages.take_off, name="joint_take_off"),
    path("mine", mine.cases, name="mine"),
    path("mine/code", mine.take_over, name="take_over"),
    path("mine/<uuid:case_id>", mine.case, name="case"),
    path("mine/<uuid:case_id>/receipt", mine.receipt, name="receipt"),
    path("mine/<uuid:case_id>/withdraw", mine.withdraw, name="withdraw"),
    path("mine/<uuid:case_id>/collection", mine.collection, name="collection"),
    path("mine/<uuid:case_id>/pending/<slug:code>", mine.bring, name="bring"),
    path("mine/<uuid:case_id>/collect", mine.collect, name="collect"),
    path("mine/<uuid:case_id>/code", mine.code, name="code"),
    path("mine/<uuid:case_id>/code.svg", papers.code_qr, name="code_qr"),
    path("mine/<uuid:case_id>/qr.svg", papers.case_qr, name="case_qr"),
    path("mine/<uuid:case_id>/papers/<uuid:document_id>.pdf", papers.paper, name="paper"),
    path("mine/<uuid:case_id>/files/<uuid:file_id>", papers.file, name="file"),
]
