"""Addresses of the bureau's own affairs in the console."""

from __future__ import annotations

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from linli.web.console.bureau import calendar, clients, draws, orgs, record, sessions, staff


class DayConverter(StringConverter):
    """A day as ``2026-11-22``; what is no day is no address."""

    regex = r"20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"


register_converter(DayConverter, "day")

app_name = "bureau"
urlpatterns = [
    path("calendar", calendar.year, name="calendar"),
    path("calendar/load", calendar.load, name="load_notice"),
    path("orgs", orgs.tree, name="orgs"),
    path("orgs/new", orgs.add, name="add_org"),
    path("orgs/<uuid:org_id>", orgs.org, name="org"),
    path("orgs/<uuid:org_id>/edit", orgs.edit, name="edit_org"),
    path("orgs/<uuid:org_id>/grant", orgs.grant_powers, name="grant"),
    path("orgs/<uuid:org_id>/withdraw", orgs.withdraw_powers, name="withdraw"),
    path("staff", staff.people, name="staff"),
    path("staff/new", staff.add, name="add_staff"),
    path("staff/<uuid:user_id>", staff.member, name="member"),
    path("staff/<uuid:user_id>/appoint", staff.appoint_to, name="appoint"),
    path("staff/<uuid:user_id>/posts/<uuid:posting_id>/end", staff.end, name="end_posting"),
    path("staff/<uuid:user_id>/absences", staff.absences, name="absences"),
    path("staff/<uuid:user_id>/absences/<uuid:absence_id>/cancel", staff.end_absence, name="cancel_absence"),
    path("staff/<uuid:user_id>/password", staff.password, name="reset_password"),
    path("staff/<uuid:user_id>/unlock", staff.unlock, name="unlock"),
    path("staff/<uuid:user_id>/active", staff.active, name="active"),
    path("sessions", sessions.sessions, name="sessions"),
    path("sessions/<uuid:session_id>/end", sessions.end, name="end_session"),
    path("clients", clients.systems, name="clients"),
    path("clients/new", clients.admit, name="admit_client"),
    path("clients/<uuid:client_id>", clients.system, name="client"),
    path("clients/<uuid:client_id>/edit", clients.change, name="change_client"),
    path("clients/<uuid:client_id>/key", clients.rotate, name="rotate_key"),
    path("clients/<uuid:client_id>/revoke", clients.revoke, name="revoke_client"),
    path("clients/webhooks/<uuid:webhook_id>", clients.log, name="webhook"),
    path("clients/webhooks/<uuid:webhook_id>/stop", clients.stop, name="stop_webhook"),
    path("clients/webhooks/<uuid:webhook_id>/deliveries/<uuid:delivery_id>/replay", clients.send_again, name="send_again"),
    path("draws", draws.ledger, name="draws"),
    path("draws/<day:day>", draws.day, name="draw_day"),
    path("draws/<day:day>/replay", draws.replay, name="replay"),
    path("draws/<day:day>/draws.jsonl", draws.download, name="draw_file"),
    path("record", record.roots_page, name="record"),
    path("record/verify", record.verify, name="verify_record"),
    path("record/verify/<uuid:verification_id>", record.progress, name="verification"),
    path("record/looks", record.find_looks, name="find_looks"),
    path("record/looks/<uuid:person_id>", record.looks_at, name="looks"),
]
