"""Addresses of what is somebody's own."""

from __future__ import annotations

from django.urls import path

from linli.web.portal.me import account, data, identity, mandates, signing

app_name = "me"
urlpatterns = [
    path("", account.home, name="home"),
    path("sign-in", signing.sign_in, name="sign_in"),
    path("sign-in/code", signing.code, name="code"),
    path("sign-in/name", signing.name, name="name"),
    path("sign-in/number", signing.number, name="number"),
    path("sign-in/start-code", signing.start_code, name="start_code"),
    path("sign-in/identity", identity.leave, name="identity"),
    path("sign-in/identity/back", identity.back, name="identity_back"),
    path("notice", signing.notice, name="notice"),
    path("account", account.account, name="account"),
    path("account/sessions/<uuid:session_id>/end", account.end, name="end_session"),
    path("account/sessions/end", account.end_others, name="end_others"),
    path("account/phone", account.phone, name="phone"),
    path("account/phone/code", account.phone_code, name="phone_code"),
    path("data", data.data, name="data"),
    path("data/whole/<slug:field>", data.whole, name="whole"),
    path("data/copy", data.copy, name="copy"),
    path("data/looks", data.looks, name="looks"),
    path("data/asked", data.asked, name="asked"),
    path("data/objections", data.objections, name="objections"),
    path("data/objections/new", data.object_to, name="object"),
    path("data/objections/<uuid:objection_id>", data.objection, name="objection"),
    path("data/objections/<uuid:objection_id>/withdraw", data.withdraw_objection, name="withdraw_objection"),
    path("data/consents", data.agreed, name="consents"),
    path("data/consents/<slug:purpose>", data.agree, name="consent"),
    path("data/consents/<slug:purpose>/withdraw", data.take_back, name="withdraw_consent"),
    path("mandates", mandates.mandates, name="mandates"),
    path("mandates/new", mandates.who, name="mandate_who"),
    path("mandates/new/number", mandates.whose_number, name="mandate_number"),
    path("mandates/new/scopes", mandates.scopes, name="mandate_scopes"),
    path("mandates/new/items", mandates.items, name="mandate_items"),
    path("mandates/new/until", mandates.until, name="mandate_until"),
    path("mandates/new/review", mandates.review, name="mandate_review"),
    path("mandates/<uuid:mandate_id>", mandates.mandate, name="mandate"),
    path("mandates/<uuid:mandate_id>/paper", mandates.paper, name="mandate_paper"),
    path("mandates/<uuid:mandate_id>/attach", mandates.attach, name="mandate_attach"),
    path("mandates/<uuid:mandate_id>/revoke", mandates.revoke, name="mandate_revoke"),
    path("account/confirm", account.confirm, name="confirm"),
]
