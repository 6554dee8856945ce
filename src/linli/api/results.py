"""The papers of a case, sealed, and asking of any paper whether it is real."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import File, Path, Router, Schema, UploadedFile

from linli.api.guard import ApiRequest, Needs, client_address, who
from linli.domains.cases.queries import client_paper, client_papers
from linli.domains.clients.commands import TooManyCalls
from linli.domains.clients.queries import Scope
from linli.domains.documents.commands import FileTooLarge
from linli.domains.documents.queries import DocumentCard, PaperKind, State, Verified, pdf, verification_url, verify, verify_pdf
from linli.kernel.errors import NotFound
from linli.kernel.text import msg
from linli.kernel.throttle import Throttle

router = Router(tags=["results"], auth=Needs(Scope.RESULTS))
public = Router(tags=["verification"])

# As on the page for people: codes that do not exist are counted, and every file, since looking at one takes a moment.
WRONG_CODES = Throttle(30, timedelta(minutes=10))
FILES = Throttle(20, timedelta(minutes=10))


class PaperOut(Schema):
    """A sealed paper. `sm3` is the digest of the PDF; `verify` the address in its QR code."""

    id: UUID
    kind: PaperKind
    title: str
    number: str
    state: State
    sealed_at: datetime
    sm3: str
    verify: str
    pdf: str


@router.get("/cases/{case_id}/papers", response=list[PaperOut])
def list_papers(request: ApiRequest, case_id: UUID) -> object:
    """The papers the applicant has a right to; results once they are issued."""
    return [_paper(request, case_id, d) for d in client_papers(case_id, by=who(request))]


def _paper(request: HttpRequest, case_id: UUID, d: DocumentCard) -> PaperOut:
    assert d.sealed_at
    return PaperOut(
        id=d.id, kind=d.kind, title=d.title, number=d.number, state=d.state, sealed_at=d.sealed_at, sm3=d.digest,
        verify=verification_url(d.code.replace("-", "")),
        pdf=request.build_absolute_uri(f"/api/v1/cases/{case_id}/papers/{d.id}/pdf"),
    )  # fmt: skip


_PDF = {
    "responses": {
        200: {
            "description": "The file, sealed.",
            "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
        }
    }
}


@router.get("/cases/{case_id}/papers/{paper_id}/pdf", response={200: None}, openapi_extra=_PDF)
def get_paper(request: ApiRequest, case_id: UUID, paper_id: UUID) -> HttpResponse:
    """The sealed file itself, PDF/A with an electronic signature."""
    found = client_paper(case_id, paper_id, by=who(request))
    response = HttpResponse(pdf(found.id), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{found.id}.pdf"'
    response["Content-Security-Policy"] = "default-src 'none'"
    return response


# -- is it real? -----------------------------------------------------------------------------------------------------------


class VerifiedOut(Schema):
    """What whoever holds a paper may learn of it. `stands`: it is real, neither void nor replaced, and its time is not over."""

    stands: bool
    state: State
    kind: PaperKind
    title: str
    number: str
    issuer: str
    holder: str
    item: str
    made_on: date
    valid_to: date | None
    sealed_at: datetime | None
    sm3: str
    demonstration: bool
    revoked_on: date | None
    revoked_basis: str
    superseded_by: str


class FileVerdict(Schema):
    """Of a PDF: whether its signature is ours and whole, and the paper that it is a true copy of, if it is."""

    genuine: bool
    signed_by: str
    intact: bool
    trusted: bool
    sm3: str
    paper: VerifiedOut | None


def _verified(d: Verified, on: date) -> VerifiedOut:
    return VerifiedOut(
        stands=d.stands and not d.expired(on), state=d.state, kind=d.kind, title=d.title, number=d.number, issuer=d.issuer, holder=d.holder,
        item=d.item, made_on=d.made_on, valid_to=d.valid_to, sealed_at=d.sealed_at, sm3=d.digest, demonstration=d.demo_seal,
        revoked_on=d.revoked_on, revoked_basis=d.revoked_basis, superseded_by=d.superseded_by,
    )  # fmt: skip


def _may_ask(throttle: Throttle, request: ApiRequest) -> None:
    wait = throttle.wait(client_address(request), request.now)
    if wait:
        raise TooManyCalls(limit=throttle.times, seconds=math.ceil(wait.total_seconds()))


@public.get("/verify/{code}", response=VerifiedOut)
def verify_code(request: ApiRequest, code: Annotated[str, Path(max_length=40)]) -> object:
    """Whether a paper is real and still stands, by the code printed on it. Needs no key; too many wrong codes have to wait."""
    _may_ask(WRONG_CODES, request)
    found = verify(code)
    if found is None:
        WRONG_CODES.count(client_address(request), request.now)
        raise NotFound(what=msg("这个核验码对应的文书"))
    return _verified(found, request.today)


@public.post("/verify", response=FileVerdict)
def verify_file(request: ApiRequest, file: File[UploadedFile]) -> object:
    """Whether a PDF is the very paper, unaltered. Needs no key; the file is looked at and not kept."""
    _may_ask(FILES, request)
    FILES.count(client_address(request), request.now)
    most = settings.ENV.upload_megabytes
    if (file.size or 0) > most * 1_000_000:
        raise FileTooLarge(field="file", name=(file.name or "")[:60], limit=most)
    found = verify_pdf(file.read(), now=request.now)
    return FileVerdict(
        genuine=found.genuine, signed_by=found.signature.signer, intact=found.signature.intact, trusted=found.signature.trusted,
        sm3=found.digest, paper=_verified(found.document, request.today) if found.document else None,
    )  # fmt: skip
