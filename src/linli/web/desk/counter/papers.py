"""Papers and files of the counter's cases: every address asks again whether the case may be seen."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from linli.domains.cases.commands import make_ready_to_print
from linli.domains.cases.queries import counter_file, counter_paper
from linli.domains.documents.queries import open_file, pdf
from linli.domains.voice.commands import seal_receipt
from linli.domains.voice.queries import demand_for
from linli.web.access import requires
from linli.web.files import send_file, send_pdf
from linli.web.http import StaffRequest


@requires("cases.receive")
@require_safe
def paper(request: StaffRequest, case_id: UUID, document_id: UUID) -> HttpResponse:
    """A notice for printing; sealed now if the job that seals has not come to it yet."""
    card = counter_paper(case_id, document_id, by=request.actor)
    make_ready_to_print(case_id=case_id, document_id=document_id, by=request.actor, now=request.now)
    return send_pdf(pdf(card.id), card.number)


@requires("cases.receive")
@require_safe
def file(request: StaffRequest, case_id: UUID, file_id: UUID) -> HttpResponseBase:
    """A file that was handed in: pictures and PDF are shown, anything else is saved."""
    found = counter_file(case_id, file_id, by=request.actor)
    return send_file(open_file(found.file_id), found.name, download="download" in request.GET)


@requires("voice.register")
@require_safe
def receipt(request: StaffRequest, demand_id: UUID) -> HttpResponse:
    """The receipt of a demand for printing."""
    demand = demand_for(demand_id, by=request.actor)
    seal_receipt(demand_id=demand.pk, by=request.actor, now=request.now)
    assert demand.document_id
    return send_pdf(pdf(demand.document_id), demand.number)
