"""Reading documents: as PDF, as what a stranger may know of them, as lists; and printing what is not a document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from pydantic import ValidationError

from linli.domains.documents import papers
from linli.domains.documents.codes import LENGTH, near_codes, read_code, spaced
from linli.domains.documents.engine import current_templates, qr_svg
from linli.domains.documents.errors import FileChanged, FileRefused, PaperWrong
from linli.domains.documents.files import content_of, digest_of, pieces
from linli.domains.documents.filetypes import FileType, check
from linli.domains.documents.fittings import loose_sheet, paper_of, press, sheet_of, trusted_roots, verification_url
from linli.domains.documents.models import Document, Package, Seal, SealUse, StoredFile
from linli.domains.documents.packages import (
    check_archive,
    destruction_of,
    destruction_proof,
    destructions,
    due_packages,
    package_content,
    packages_of,
)
from linli.domains.documents.papers import MODELS, Guide, Paper
from linli.domains.documents.permissions import READ_LEDGER, SEAL, must_any
from linli.domains.documents.rules import PaperKind, State, mask_name
from linli.domains.documents.signing import NOT_SIGNED, SignatureCheck, check_signature
from linli.domains.org.queries import Authority, Power, subtree_ids
from linli.kernel import rows
from linli.kernel.actors import Actor
from linli.kernel.calendar import SHANGHAI, local_date
from linli.kernel.crypto import sm3
from linli.kernel.errors import NotFound
from linli.kernel.text import Message, msg, noop

__all__ = [
    "CODE_LENGTH", "DocumentCard", "DocumentRecord", "FileType", "OpenFile", "Paper", "PaperKind", "PdfVerdict", "READ_LEDGER", "Seal", "SealUse",
    "SignatureCheck", "State", "Verified", "code_like", "current_templates", "document_record", "documents_about", "documents_of", "get_document", "open_file",
    "check_archive", "destruction_of", "destruction_proof", "destructions", "due_packages", "Package", "package_content",
    "packages_of", "papers", "pdf", "picture", "powers_behind", "qr_svg", "render_paper", "seal_in_use", "seal_ledger", "sealed_count", "seals",
    "verification_url", "verify", "verify_pdf",
]  # fmt: skip

CODE_LENGTH = LENGTH
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
    return [_card(d) for d in rows.load(Document, "WHERE t.subject_id = %s ORDER BY t.made_at, t.id", [subject_id])]


def documents_about(subject_ids: Iterable[UUID], kinds: Iterable[PaperKind]) -> list[DocumentCard]:
    """Documents of some kinds of many cases, newest first, in one query; the caller asks first who may see the cases."""
    found = (
        Document.objects.filter(subject_id__in=list(subject_ids), kind__in=list(kinds)).defer("data").order_by("-made_at", "-id")
    )
    return [_card(d) for d in found]


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
    return press().render(sheet_of(document, mark=_mark(document)), document.template_version, at=document.made_at)


def picture(document_id: UUID) -> bytes:
    """The document as one PNG, page under page, for looking at where no PDF can be shown; what stands is the PDF."""
    document = _document(document_id)
    use = SealUse.objects.select_related("seal").filter(document=document).first()
    sheet = sheet_of(document, seal=use.seal if use else None, mark=_mark(document))
    return press().picture(sheet, document.template_version, at=document.made_at)


# A receipt is signed by whoever received, a cover is a list: neither is ever sealed.
_NEVER_SEALED = (PaperKind.DELIVERY_RECEIPT, PaperKind.CASE_COVER, PaperKind.COMMITMENT)


def _mark(document: Document) -> str:
    """What must stand across a print so that nobody takes it for a paper that stands."""
    if document.state == State.REVOKED:
        return _VOID
    return "" if document.sealed_at or document.kind in _NEVER_SEALED else _NOT_SEALED


def render_paper(
    kind: PaperKind, version: int | None, data: Paper | Mapping[str, Any], *, issuer: str = "", on: date | None = None,
    to_sign: bool = False,
) -> bytes:  # fmt: skip
    """Print a guide, or a specimen of any other kind, with a version of its template (None: the newest).

    ``issuer`` and ``on`` stand under a specimen. ``to_sign``: no specimen but a sheet to be signed by hand.
    Raises :class:`PaperWrong` when the data do not fit the kind.
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
        mark, foot = ("", "请看清内容后签字；签字后由窗口存卷，您可以要一份复印件") if to_sign else (_SPECIMEN, "")
        sheet = loose_sheet(paper, issuer=issuer, on=on, mark=mark, foot=foot)
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
    item: str  # the item of service it was made for; empty where there is none
    made_on: date
    sealed_at: datetime | None
    state: State
    digest: str  # SM3 of the sealed file, to compare with a file one holds
    valid_to: date | None  # the last day of what it certifies, where it names one
    seal: str  # empty before sealing
    demo_seal: bool  # sealed with a key of this installation's own making, which has no force in law
    stamped: bool  # the moment of signing is vouched for by a time stamp authority
    revoked_on: date | None
    revoked_basis: str  # the law; the reason itself may name people and is not for strangers
    superseded_by: str  # the number of the document in its place
    subject_id: UUID | None = None  # what it was made for, for a face that knows more of it; never shown

    @property
    def stands(self) -> bool:
        return self.state.stands

    def expired(self, on: date) -> bool:
        """Whether the time it was made for has run out."""
        return self.valid_to is not None and on > self.valid_to


def verify(code: str) -> Verified | None:
    """The document with a verification code, as somebody typed or scanned it; None if there is none. Two queries."""
    read = read_code(code)
    if read is None:
        return None
    document = Document.objects.select_related("superseded_by").filter(code=read).first()
    return _verified(document) if document else None


def code_like(typed: str) -> str | None:
    """The code of a document that looks like what was typed, when exactly one does; as it is printed."""
    near = near_codes(typed)
    found = list(Document.objects.filter(code__in=near).values_list("code", flat=True)[:2]) if near else []
    return spaced(found[0]) if len(found) == 1 else None


def _verified(d: Document) -> Verified:
    paper, issuer = paper_of(d)
    use = SealUse.objects.select_related("seal").filter(document=d).first()
    return Verified(
        code=spaced(d.code), kind=PaperKind(d.kind), title=d.title, number=d.number, issuer=issuer["name"],
        holder=paper.holder if paper.holder_is_employer else mask_name(paper.holder),
        item=getattr(paper, "item_name", ""), made_on=local_date(d.made_at), valid_to=getattr(paper, "valid_to", None),
        seal=str(use.seal) if use else "", demo_seal=bool(use and use.seal.demo), stamped=bool(use and use.stamped),
        sealed_at=d.sealed_at, state=State(d.state), digest=bytes(d.sealed_digest).hex() if d.sealed_digest else "",
        revoked_on=local_date(d.revoked_at) if d.revoked_at else None, revoked_basis=d.revoked_basis,
        superseded_by=d.superseded_by.number if d.superseded_by else "", subject_id=d.subject_id,
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


def seal_in_use(org_id: UUID) -> Seal | None:
    """The seal an organisation seals with, if it has one."""
    return Seal.objects.filter(org_id=org_id, stopped_at=None).order_by("-made_at").first()


def seals(*, by: Actor) -> QuerySet[Seal]:
    """The seals an actor may look over, those in use first: of their own body for who seals, of all bodies below for others."""
    must_any(by, READ_LEDGER)
    orgs = [by.body_id] if by.can(SEAL) else subtree_ids(by.org_id) if by.org_id else []
    return Seal.objects.filter(org_id__in=orgs).select_related("org").order_by("stopped_at", "org__path", "-made_at")


def seal_ledger(
    *, by: Actor, seal_id: UUID | None = None, subject_id: UUID | None = None, day: date | None = None
) -> QuerySet[SealUse]:
    """The uses of the seals an actor may look over (:func:`seals`), newest first; nothing of what the papers say."""
    found = list(seals(by=by).values_list("pk", flat=True))
    uses = SealUse.objects.filter(seal_id__in=[s for s in found if seal_id in (None, s)])
    if subject_id:
        uses = uses.filter(subject_id=subject_id)
    if day:
        midnight = datetime.combine(day, time(), SHANGHAI)
        uses = uses.filter(at__gte=midnight, at__lt=midnight + timedelta(days=1))
    return uses.select_related("seal__org", "document").defer("document__data").order_by("-at", "-id")


def powers_behind(uses: Iterable[SealUse]) -> dict[UUID, str]:
    """For each use of a seal, the document by which its body holds the power to seal for that item. One query."""
    uses = list(uses)
    held = Authority.objects.filter(
        power=Power.SEAL, org_id__in={u.seal.org_id for u in uses}, item_code__in={u.item_code for u in uses if u.item_code}
    ).order_by("-valid_from")
    by_item: dict[tuple[UUID, str], list[Authority]] = {}
    for a in held:
        by_item.setdefault((a.org_id, a.item_code), []).append(a)
    return {u.pk: _in_force(by_item.get((u.seal.org_id, u.item_code), []), local_date(u.at)) for u in uses}


def _in_force(held: Iterable[Authority], on: date) -> str:
    return next((a.document for a in held if a.valid_from <= on and (a.valid_to is None or on < a.valid_to)), "")


def sealed_count() -> int:
    """How often a seal was used in all."""
    return SealUse.objects.count()


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """What became of a document: who issued it, the use of the seal on it, and whether and why it was taken back.

    Nothing of what it says about a person.
    """

    card: DocumentCard
    issuer: str
    use: SealUse | None
    power: str
    revoked_at: datetime | None
    revoked_by: UUID | None
    revoked_reason: str
    revoked_basis: str
    superseded_by: str


def document_record(document_id: UUID) -> DocumentRecord:
    """The record of a document. The caller asks first whether the reader may see what it belongs to.

    Raises :class:`NotFound`.
    """
    d = Document.objects.select_related("org", "superseded_by").defer("data").filter(pk=document_id).first()
    if d is None:
        raise NotFound(what=msg("文书"))
    use = SealUse.objects.select_related("seal").filter(document=d).first()
    return DocumentRecord(
        _card(d), d.org.name, use, powers_behind([use])[use.pk] if use else "", d.revoked_at, d.revoked_by, d.revoked_reason,
        d.revoked_basis, d.superseded_by.number if d.superseded_by else "",
    )  # fmt: skip
