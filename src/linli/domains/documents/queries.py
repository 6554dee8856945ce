"""Reading documents: as PDF, as what a stranger may know of them, as lists; and printing what is not a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from pydantic import ValidationError

from linli.domains.documents import papers
from linli.domains.documents.codes import read_code, spaced
from linli.domains.documents.engine import current_templates
from linli.domains.documents.errors import FileChanged, FileRefused, PaperWrong
from linli.domains.documents.files import content_of, digest_of, pieces
from linli.domains.documents.filetypes import FileType, check
from linli.domains.documents.fittings import loose_sheet, paper_of, press, sheet_of, trusted_roots, verification_url
from linli.domains.documents.models import Document, Seal, SealUse, StoredFile
from linli.domains.documents.papers import MODELS, Guide, Paper
from linli.domains.documents.permissions import READ_LEDGER
from linli.domains.documents.rules import PaperKind, State, mask_name
from linli.domains.documents.signing import NOT_SIGNED, SignatureCheck, check_signature
from linli.kernel.actors import Actor
from linli.kernel.calendar import SHANGHAI, local_date
from linli.kernel.crypto import sm3
from linli.kernel.errors import NotFound
from linli.kernel.text import Message, msg, noop

__all__ = [
    "DocumentCard", "FileType", "LedgerEntry", "OpenFile", "Paper", "PaperKind", "PdfVerdict", "SignatureCheck", "State",
    "Verified", "current_templates", "documents_of", "get_document", "open_file", "papers", "pdf", "render_paper", "seal_ledger", "sealed_count",
    "seals", "verification_url", "verify", "verify_pdf",
]  # fmt: skip

_NOT_SEALED, _VOID, _SPECIMEN = noop("未用印"), noop("已作废"), noop("样张")


# -- lists ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DocumentCard:
    """A document in a list; nothing of what it says about a person."""

    id: UUID
    kind: PaperKind
    title: str
    number: str
    state: State
    made_at: datetime
    sealed_at: datetime | None
    digest: str  # SM3 of the sealed file, hexadecimal; empty before
    code: str
    subject_id: UUID
    standard_id: UUID | None
    superseded_by: UUID | None


def _card(d: Document) -> DocumentCard:
    return DocumentCard(
        d.pk, PaperKind(d.kind), d.title, d.number, State(d.state), d.made_at, d.sealed_at,
        bytes(d.sealed_digest).hex() if d.sealed_digest else "", spaced(d.code), d.subject_id, d.standard_id, d.superseded_by_id,
    )  # fmt: skip


def documents_of(subject_id: UUID) -> list[DocumentCard]:
    """All documents of a case or demand, oldest first."""
    return [_card(d) for d in Document.objects.filter(subject_id=subject_id).defer("data").order_by("made_at", "id")]


def get_document(document_id: UUID) -> DocumentCard:
    return _card(_document(document_id))


def _document(document_id: UUID) -> Document:
    document = Document.objects.select_related("sealed_file").filter(pk=document_id).first()
    if document is None:
        raise NotFound(what=msg("文书"))
    return document


# -- printing -------------------------------------------------------------------------------------------------------------


def pdf(document_id: UUID) -> bytes:
    """The document as PDF: the sealed file itself, or, before sealing, a print that says across the page that it has no
    seal. Raises :class:`FileChanged` if the sealed file is not what was sealed."""
    document = _document(document_id)
    if document.sealed_file:
        content = content_of(document.sealed_file)
        if sm3(content) != bytes(document.sealed_digest or b""):
            raise FileChanged(file=document.sealed_file_id)
        return content
    mark = _VOID if document.state == State.REVOKED else _NOT_SEALED
    return press().render(sheet_of(document, mark=mark), document.template_version, at=document.made_at)


def render_paper(
    kind: PaperKind, version: int | None, data: Paper | Mapping[str, Any], *, issuer: str = "", on: date | None = None
) -> bytes:
    """Print a guide, or a specimen of any other kind, with a version of its template (None: the newest).

    ``issuer`` and ``on`` stand under a specimen. Raises :class:`PaperWrong` when the data do not fit the kind.
    """
    kind = PaperKind(kind)
    try:
        paper = data if isinstance(data, Paper) else MODELS[kind].model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"])
        raise PaperWrong(kind=Message(kind.label), where=where, why=first["msg"].removeprefix("Value error, ")) from error
    if isinstance(paper, Guide):
        on = on or paper.published_on or date(1970, 1, 1)
        sheet = loose_sheet(paper, issuer=paper.body, on=on, foot="本指南按事项标准生成，以最新发布的版本为准")
    elif on is None:
        raise ValueError("a specimen has a date")
    else:
        sheet = loose_sheet(paper, issuer=issuer, on=on, mark=_SPECIMEN)
    at = datetime.combine(on, time(), SHANGHAI)
    return press().render(sheet, version or current_templates()[kind], at=at)


# -- verifying --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verified:
    """What whoever holds a paper may learn of it (SG-02), and whether it still stands."""

    code: str
    kind: PaperKind
    title: str
    number: str
    issuer: str
    holder: str  # masked, unless it is an employer
    made_on: date
    sealed_at: datetime | None
    state: State
    digest: str  # SM3 of the sealed file, to compare with a file one holds
    revoked_on: date | None
    superseded_by: str  # the number of the document in its place

    @property
    def stands(self) -> bool:
        return self.state.stands


def verify(code: str) -> Verified | None:
    """The document with a verification code, as somebody typed or scanned it; None if there is none."""
    read = read_code(code)
    if read is None:
        return None
    document = Document.objects.select_related("superseded_by").filter(code=read).first()
    return _verified(document) if document else None


def _verified(d: Document) -> Verified:
    paper, issuer = paper_of(d)
    return Verified(
        code=spaced(d.code), kind=PaperKind(d.kind), title=d.title, number=d.number, issuer=issuer["name"],
        holder=paper.holder if paper.holder_is_employer else mask_name(paper.holder), made_on=local_date(d.made_at),
        sealed_at=d.sealed_at, state=State(d.state), digest=bytes(d.sealed_digest).hex() if d.sealed_digest else "",
        revoked_on=local_date(d.revoked_at) if d.revoked_at else None,
        superseded_by=d.superseded_by.number if d.superseded_by else "",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class PdfVerdict:
    """Of a file somebody brought: its signature, and the document it is a true copy of, if it is."""

    signature: SignatureCheck
    document: Verified | None
    digest: str

    @property
    def genuine(self) -> bool:
        """Sealed here, not one byte changed, and still standing."""
        return self.signature.intact and self.signature.trusted and self.document is not None and self.document.stands


def verify_pdf(content: bytes, *, now: datetime) -> PdfVerdict:
    """Check a PDF that somebody brought. A file that is not a sound PDF is simply not signed."""
    digest = sm3(content)
    document = Document.objects.select_related("superseded_by").filter(sealed_digest=digest).first()
    try:
        check(content, "file.pdf")  # unfolds within limits, which the signature library does not
        signature = check_signature(content, roots=trusted_roots(), now=now)
    except FileRefused:
        signature = NOT_SIGNED
    return PdfVerdict(signature, _verified(document) if document else None, digest.hex())


# -- files ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A kept file for sending: what it is, and its plain content piece by piece (read once)."""

    id: UUID
    content_type: str
    extension: str
    size: int
    digest: str
    pieces: Iterator[bytes] = field(repr=False)

    def read(self) -> bytes:
        """All of it."""
        return b"".join(self.pieces)


def open_file(file_id: UUID) -> OpenFile:
    """A kept file, decrypted while it is read. The caller asks first whether the reader may see what it belongs to.

    Reading raises :class:`FileChanged` when the bytes on disk are not what was kept.
    """
    file = StoredFile.objects.filter(pk=file_id).first()
    if file is None:
        raise NotFound(what=msg("文件"))
    return OpenFile(file.pk, file.content_type, FileType(file.content_type).extension, file.size, digest_of(file), pieces(file))


# -- seals ------------------------------------------------------------------------------------------------------------------


def seals(org_id: UUID | None = None) -> QuerySet[Seal]:
    """Registered seals, those in use first."""
    found = Seal.objects.select_related("org").order_by("stopped_at", "org__path", "-made_at")
    return found.filter(org_id=org_id) if org_id else found


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One use of a seal."""

    id: UUID
    at: datetime
    seal: str
    document_id: UUID
    title: str
    number: str
    digest: str
    subject_id: UUID
    item_code: str
    decision_ref: str
    user_id: UUID | None
    org_id: UUID | None
    stamped: bool


def seal_ledger(
    *, by: Actor, seal_id: UUID | None = None, subject_id: UUID | None = None, before: UUID | None = None, limit: int = 50
) -> list[LedgerEntry]:
    """The uses of seals, newest first; ``before`` is the last id of the page before."""
    by.must(READ_LEDGER)
    uses = SealUse.objects.select_related("seal", "document").defer("document__data").order_by("-id")
    for name, value in (("seal_id", seal_id), ("subject_id", subject_id), ("id__lt", before)):
        if value:
            uses = uses.filter(**{name: value})
    return [
        LedgerEntry(
            u.pk, u.at, str(u.seal), u.document_id, u.document.title, u.document.number, bytes(u.document_digest).hex(),
            u.subject_id, u.item_code, u.decision_ref, u.user_id, u.org_id, u.stamped,
        )
        for u in uses[: min(limit, 200)]
    ]  # fmt: skip


def sealed_count() -> int:
    """How often a seal was used in all."""
    return SealUse.objects.count()
