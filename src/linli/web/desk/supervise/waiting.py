"""Cases that wait for somebody to be drawn, and why nobody is."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from linli.domains.cases.queries import waiting_steps, why_waiting
from linli.web.access import requires
from linli.web.desk.supervise.lines import lines_of
from linli.web.http import StaffRequest
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column


@requires("cases.supervise")
@require_GET
def waiting(request: StaffRequest) -> HttpResponse:
    """The list; each line fetches its why by itself."""
    page = page_of(waiting_steps(by=request.actor), request, by="opened_at")
    lines = zip(page.rows, lines_of([s.case for s in page.rows], now=request.now), strict=True)
    columns = [Column(_("编号")), Column(_("事项")), Column(_("环节")), Column(_("等待自")), Column(_("为什么没有派出"))]
    return render(request, "desk/supervise/waiting.html", {"page": page, "lines": list(lines), "columns": columns})


@requires("cases.supervise")
@require_GET
def why(request: StaffRequest, step_id: UUID) -> HttpResponse:
    """Why one stage finds nobody, as of now."""
    said = why_waiting(step_id, by=request.actor, now=request.now)
    return render(request, "desk/supervise/_why.html" if request.htmx else "desk/supervise/why.html", {"said": said})
