"""Addresses of messages."""

from __future__ import annotations

from django.urls import path

from linli.web.portal.messages import post, reach, receipts, views

app_name = "messages"
urlpatterns = [
    path("messages/", views.inbox_page, name="list"),
    path("messages/read", views.read_all, name="read_all"),
    path("messages/settings", views.settings_page, name="settings"),
    path("messages/settings/email", reach.email, name="email"),
    path("messages/settings/email/code", reach.email_code, name="email_code"),
    path("messages/settings/email/drop", reach.no_email, name="no_email"),
    path("messages/settings/wechat", reach.wechat, name="wechat"),
    path("messages/settings/wechat/back", reach.wechat_back, name="wechat_back"),
    path("messages/settings/wechat/unbind", reach.no_wechat, name="no_wechat"),
    path("messages/<uuid:message_id>/", views.message, name="message"),
    path("messages/receipts/sms", receipts.sms, name="sms_receipt"),
    path("messages/receipts/wechat", receipts.wechat, name="wechat_receipt"),
    path("demo/post/", post.page, name="post"),
]
