"""Addresses of sign-in and of one's own account."""

from __future__ import annotations

from django.urls import path

from linli.web.accounts import absences, views

app_name = "account"
urlpatterns = [
    path("login", views.login, name="login"),
    path("login/post", views.choose_post, name="post"),
    path("logout", views.logout, name="logout"),
    path("begin", views.begin, name="begin"),
    path("desk/", views.begin, {"face": "desk"}, name="desk"),
    path("console/", views.begin, {"face": "console"}, name="console"),
    path("account", views.home, name="home"),
    path("account/password", views.password, name="password"),
    path("account/second-factor", views.second_factor, name="second_factor"),
    path("account/sessions/<uuid:session_id>/end", views.end_session, name="end_session"),
    path("account/absences", absences.mine, name="absences"),
    path("account/absences/<uuid:absence_id>/cancel", absences.cancel_mine, name="cancel_absence"),
    path("account/stay", views.stay, name="stay"),
]
