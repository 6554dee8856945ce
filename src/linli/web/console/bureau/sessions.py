"""Everybody's sessions in use, for the security administrator to end."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from linli.domains.accounts.commands import end_session
from linli.domains.accounts.queries import live_sessions
from linli.web.access import requires
from linli.web.http import StaffRequest
from linli.web.once import once_key
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column
from linli.web.ui.toasts import done


@requires("accounts.sessions")
@require_GET
def sessions(request: StaffRequest) -> HttpResponse:
    """The list, newest first."""
    page = page_of(live_sessions(by=request.actor, now=request.now), request, by="-started_at", size=30)
    columns = [Column(_("姓名")), Column(_("设备")), Column(_("地址")), Column(_("登录")), Column(_("最近使用")), Column(_("操作"), hidden=True)]  # fmt: skip
    return render(request, "console/bureau/sessions.html", {"page": page, "columns": columns})


@requires("accounts.sessions")
@require_POST
def end(request: StaffRequest, session_id: UUID) -> HttpResponse:
    """End somebody's session."""
    once_key(request)
    end_session(session_id=session_id, why="admin", by=request.actor, now=request.now)
    done(request, _("该登录已结束。"))
    return redirect("bureau:sessions")
