"""Papers, files and codes of one's own case."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from linli.domains.cases import commands as do
from linli.domains.cases.queries import CODE_DIGITS, LiveCode, joint_file, live_code, own_file, own_sheet
from linli.domains.documents.queries import open_file, pdf, qr_svg
from linli.kernel.errors import NotFound
from linli.kernel.text import msg
from linli.web.access import requires
from linli.web.files import send_file, send_pdf
from linli.web.http import StaffRequest
from linli.web.throttle import Throttle

# Wrong codes from one address; a code has 10^8 values and leads only to one's own case anyway.
CODES = Throttle(10, timedelta(minutes=10))


@requires("portal.use")
@require_safe
def paper(request: StaffRequest, case_id: UUID, document_id: UUID) -> HttpResponse:
    """A sealed paper; the look is recorded in the case."""
    card = do.read_own_paper(case_id=case_id, document_id=document_id, by=request.actor, now=request.now)
    return send_pdf(pdf(document_id), card.title)


@requires("portal.use")
@require_safe
def file(request: StaffRequest, case_id: UUID, file_id: UUID) -> HttpResponseBase:
    """A file handed in, for looking at it again."""
    found = own_file(case_id, file_id, by=request.actor, on=request.today)
    return send_file(open_file(found.file_id), found.name)


@requires("portal.use")
@require_safe
def joint_file_given(request: StaffRequest, joint_id: UUID, file_id: UUID) -> HttpResponseBase:
    """A file handed in with a joint matter, for looking at it again."""
    found = joint_file(joint_id, file_id, by=request.actor, now=request.now)
    return send_file(open_file(file_id), found["name"])


@requires("portal.use")
@require_safe
def case_qr(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """The address of a case to scan with another phone; opening it takes one's own sign-in."""
    own_sheet(case_id, by=request.actor, now=request.now)
    return _svg(settings.ENV.public_url + reverse("apply:case", args=[case_id]))


@requires("portal.use")
@require_safe
def code_qr(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """The code for a counter, for its scanner, which types what it reads."""
    return qr_of(live_code(own_sheet(case_id, by=request.actor, now=request.now).case, to_counter=True, now=request.now))


def qr_of(live: LiveCode | None) -> HttpResponse:
    """A live code as a picture."""
    if live is None:
        raise NotFound(what=msg("接着办码"))
    return _svg(live.code)


def shown_code(live: LiveCode | None) -> dict[str, Any]:
    """What the page of a code shows of it."""
    half = CODE_DIGITS // 2
    return {"live": live, "spaced": f"{live.code[:half]} {live.code[half:]}" if live else ""}


def _svg(text: str) -> HttpResponse:
    return HttpResponse(qr_svg(text), content_type="image/svg+xml")
