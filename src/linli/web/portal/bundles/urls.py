"""Addresses of joint matters on the portal."""

from __future__ import annotations

from django.urls import path

from linli.web.portal.bundles import views

app_name = "bundles"
urlpatterns = [
    path("matters", views.matters, name="list"),
    path("matters/<slug:code>", views.matter, name="item"),
    path("mine/joint", views.mine, name="mine"),
    path("mine/joint/<uuid:joint_id>", views.progress, name="progress"),
    path("mine/joint/<uuid:joint_id>/receipt", views.receipt, name="receipt"),
    path("mine/joint/<uuid:joint_id>/receipt.pdf", views.receipt_paper, name="receipt_paper"),
    path("mine/joint/<uuid:joint_id>/collect", views.collect, name="collect"),
    path("mine/joint/<uuid:joint_id>/code", views.code, name="code"),
    path("mine/joint/<uuid:joint_id>/code.svg", views.code_qr, name="code_qr"),
    path("mine/joint/<uuid:joint_id>/withdraw", views.withdraw, name="withdraw"),
    path("mine/joint/<uuid:joint_id>/parts/<slug:code>/withdraw", views.withdraw, name="withdraw_part"),
    path("mine/joint/<uuid:joint_id>/parts/<slug:code>/otherwise", views.otherwise, name="otherwise"),
]
