"""One's own absences."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from linli.web.absences import absences_page, cancel
from linli.web.access import signed_in
from linli.web.http import StaffRequest


@signed_in
@require_http_methods(["GET", "POST"])
def mine(request: StaffRequest) -> HttpResponse:
    """When one is off duty: what is recorded, and recording more."""
    return absences_page(request, request.sign_in.user_id, template="account/absences.html", context={})


@signed_in
@require_POST
def cancel_mine(request: StaffRequest, absence_id: UUID) -> HttpResponse:
    """Be back on duty."""
    cancel(request, absence_id)
    return redirect("account:absences")
