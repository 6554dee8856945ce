from __future__ import annotations

from django.urls import path

from linli.web.desk.review import views

app_name = "review"
urlpatterns = [
    path("review", views.mine, name="mine"),
    path("review/next", views.next_case, name="next"),
    path("review/<uuid:step_id>", views.sheet, name="sheet"),
    path("review/<uuid:step_id>/opinion", views.opinion, name="opinion"),
    path("review/<uuid:step_id>/decision", views.decision, name="decision"),
    path("review/<uuid:step_id>/material", views.material, name="material"),
    path("review/<uuid:step_id>/file/<uuid:file_id>", views.file, name="file"),
    path("review/<uuid:step_id>/whole", views.whole, name="whole"),
    path("review/<uuid:step_id>/ask", views.ask, name="ask"),
]
