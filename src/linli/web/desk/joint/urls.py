from __future__ import annotations

from django.urls import path

from linli.web.desk.joint import views

app_name = "joint"
urlpatterns = [
    path("joint", views.matters, name="matters"),
    path("joint/start/<slug:code>", views.start, name="start"),
    path("joint/<uuid:joint_id>", views.sheet, name="sheet"),
    path("joint/<uuid:joint_id>/save", views.save, name="save"),
    path("joint/<uuid:joint_id>/submit", views.submit, name="submit"),
    path("joint/<uuid:joint_id>/give-code", views.give_code, name="give_code"),
    path("joint/<uuid:joint_id>/code", views.code, name="code"),
    path("joint/<uuid:joint_id>/parts/<slug:code>", views.choose, name="choose"),
    path("joint/<uuid:joint_id>/materials/<slug:code>", views.material, name="material"),
    path("joint/<uuid:joint_id>/files/<uuid:file_id>", views.file, name="file"),
    path("joint/<uuid:joint_id>/other", views.other, name="other"),
    path("joint/<uuid:joint_id>/withdraw", views.withdraw, name="withdraw"),
    path("joint/<uuid:joint_id>/parts/<slug:code>/withdraw", views.withdraw_part, name="withdraw_part"),
    path("joint/<uuid:joint_id>/parts/<slug:code>/otherwise", views.otherwise, name="otherwise"),
    path("joint/<uuid:joint_id>/receipt", views.receipt, name="receipt"),
    path("joint/<uuid:joint_id>/results.zip", views.results, name="results"),
]
