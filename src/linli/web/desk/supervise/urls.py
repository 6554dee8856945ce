from __future__ import annotations

from django.urls import path

from linli.web.desk.supervise import acting, asks, board, case, cases, waiting

app_name = "supervise"
urlpatterns = [
    path("board", board.board, name="board"),
    path("board/now", board.now, name="now"),
    path("all-cases", cases.cases, name="cases"),
    path("all-cases/find", cases.look_for, name="find"),
    path("all-cases/export", cases.export, name="export"),
    path("all-cases/<uuid:case_id>", case.case, name="case"),
    path("all-cases/<uuid:case_id>/papers/<uuid:document_id>.pdf", case.paper, name="paper"),
    path("all-cases/<uuid:case_id>/files/<uuid:file_id>", case.file, name="file"),
    path("all-cases/<uuid:case_id>/archive/<int:ordinal>", case.archive, name="archive"),
    path("all-cases/<uuid:case_id>/<slug:act>", acting.act, name="act"),
    path("asks", asks.asks, name="asks"),
    path("asks/<uuid:ask_id>", asks.settle, name="settle"),
    path("waiting", waiting.waiting, name="waiting"),
    path("waiting/<uuid:step_id>", waiting.why, name="why"),
]
