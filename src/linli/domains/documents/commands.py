"""Composing, sealing, replacing and revoking documents; registering seals; taking in files.

Composing is cheap and happens inside the act it tells of; rendering and signing happen when a document is sealed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from pydantic import ValidationError

from linli.domains.documents.archives import Part, json_part, safe_name
from linli.domains.documents.codes import make_code
from linli.domains.documents.engine import current_templates, template_digest
from linli.domains.documents.errors import (
    CannotSupersede,
    DecisionMissing,
    FileCarriesProgram,
    FileChanged,
    FileDamaged,
    FileEmpty,
    FileKindRefused,
    FileLocked,
    FileNameWrong,
    FileRefused,
    FileTooBigInside,
    FileTooLarge,
    NoPowerToSeal,
    NotDue,
    NothingChosen,
    NotInThisState,
    PackageGone,
    PaperWrong,
    SameHand,
    SealMissing,
    SealNotValid,
    SealTaken,
    SigningFailed,
    TemplateChanged,
    TemplateUnknown,
)
from linli.domains.documents.files import digest_of, keep, keep_many
from linli.domains.documents.filetypes import Checked, FileType, check
from linli.domains.documents.fittings import press, sheet_of, signer
from linli.domains.documents.models import Document, Seal, SealUse
from linli.domains.documents.packages import Contents, keep_package, propose_destruction, recheck, settle_destruction
from linli.domains.documents.papers import MODELS, Paper
from linli.domains.documents.permissions import (
    COMPOSE,
    MANAGE_SEALS,
    REVOKE,
    SEAL,
    STORE,
    must_any,
    must_compose,
    vouched,
)
from linli.domains.documents.rules import PaperKind, State, check_move, document_number
from linli.domains.documents.signing import fingerprint
from linli.domains.documents.typography import chinese
from linli.domains.documents.unused import forget_unused, hold_files, register_uses
from linli.domains.org.queries import Power, authority, get_org, letterhead, subtree_ids
from linli.domains.trace.commands import Act, Subject, once, record, record_all, record_many
from linli.kernel import rows
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.crypto import sm3
from linli.kernel.errors import NotFound
from linli.kernel.text import Message, msg

__all__ = [
    "COMPOSE", "CannotSupersede", "Contents", "forget_unused", "hold_files", "register_uses",
    "json_part", "keep_data", "keep_package", "looked_through", "Part", "propose_destruction", "recheck", "safe_name", "settle_destruction",
    "DecisionMissing", "FileCarriesProgram", "FileChanged", "FileDamaged", "FileEmpty",
    "FileKindRefused", "FileLocked", "FileNameWrong", "FileRefused", "FileTooBigInside", "FileTooLarge", "NoPowerToSeal",
    "NotDue", "NothingChosen", "PackageGone", "SameHand",
    "NotInThisState", "PaperKind", "PaperWrong", "SealMissing", "SealNotValid", "SealTaken", "SigningFailed", "StoredFileRef",
    "TemplateChanged", "TemplateUnknown", "compose", "compose_many", "register_seal", "Resting", "revoke_document",
    "seal_document", "seal_documents", "seal_each", "stop_seal",
    "store_file", "supersede", "vouched",
]  # fmt: skip

PURPOSE = "业务专用章"


# -- documents ----------------------------------------------------------------------------------------------------------


def compose(
    *, kind: PaperKind, subject_id: UUID, standard_id: UUID | None, org_id: UUID, data: Paper | Mapping[str, Any],
    template_version: int | None = None, subject_kind: str = "", by: Actor, now: datetime,
) -> UUID:  # fmt: skip
    """Number a paper and keep what it says; nothing is rendered yet.

    ``template_version`` is the pin of the item standard (None: the newest); ``subject_kind`` names the subject's chain (a
    case, or a demand for its receipt). Call it late in the transaction of the act it tells of: the number has no
    gaps, so whoever wants the next one of the same kind, body and year waits until this transaction ends. The act of the
    caller names the document; the document's own chain begins here, with a digest of what it says.

    Raises :class:`PaperWrong` when the data do not fit the kind, :class:`TemplateUnknown` for an unknown version.
    """
    (document,) = _drafts(kind, {subject_id: data}, org_id, standard_id, template_version, subject_kind, by=by, now=now)
    with transaction.atomic(savepoint=False):
        _number([document])
        rows.insert(document)
        act = _composed(document)
        record_all([act], subject=Subject("document", document.pk), by=by, at=now, new=True)
    return document.pk


def compose_many(
    *, kind: PaperKind, papers: Mapping[UUID, Paper | Mapping[str, Any]], standard_id: UUID | None, org_id: UUID,
    template_version: int | None = None, subject_kind: str = "", by: Actor, now: datetime,
) -> dict[UUID, UUID]:  # fmt: skip
    """:func:`compose` for many subjects that get the same kind of paper; the document of each subject. All of them or none."""
    documents = _drafts(kind, papers, org_id, standard_id, template_version, subject_kind, by=by, now=now)
    with transaction.atomic(savepoint=False):
        _number(documents)
        rows.insert_many(documents)
        record_many([(Subject("document", d.pk), [_composed(d)]) for d in documents], by=by, at=now, new=True)
    return {d.subject_id: d.pk for d in documents}


def _drafts(
    kind: PaperKind, papers: Mapping[UUID, Paper | Mapping[str, Any]], org_id: UUID, standard_id: UUID | None,
    template_version: int | None, subject_kind: str, *, by: Actor, now: datetime,
) -> list[Document]:  # fmt: skip
    """Documents without their numbers; not saved."""
    kind = PaperKind(kind)
    must_compose(by, kind)
    subject_kind = subject_kind or ("demand" if kind is PaperKind.DEMAND_RECEIPT else "case")
    if kind.is_guide:
        raise ValueError("guides are printed with queries.render_paper")
    version = current_templates()[kind] if template_version is None else template_version
    digest, head = template_digest(kind, version), letterhead(org_id)
    made = []
    for subject_id, data in papers.items():
        paper = _checked(kind, data)
        made.append(
            Document(
                kind=kind, template_version=version, template_digest=digest, org_id=org_id, year=local_date(now).year,
                subject_kind=subject_kind, subject_id=subject_id, standard_id=standard_id, title=chinese(paper.heading),
                data={"paper": paper.model_dump(mode="json", exclude_defaults=True), "issuer": {"name": head.name}},
                code=make_code(), made_at=now, made_by=by.user_id,
            )
        )  # fmt: skip
    return made


def _number(documents: Sequence[Document]) -> None:
    """Number documents of one body and kind, one after the other."""
    if not documents:
        return
    first = documents[0]
    kind, head = PaperKind(first.kind), letterhead(first.org_id)
    last = _last_number(first.org_id, kind, first.year, len(documents))
    for document, sequence in zip(documents, range(last - len(documents) + 1, last + 1), strict=True):
        document.sequence, document.number = sequence, document_number(head.short_name, kind, first.year, sequence)


def _composed(document: Document) -> Act:
    """The act that tells of a document, which was written, so that what it says is sealed."""
    return Act(
        "documents.composed",
        {
            "kind": document.kind, "number": document.number, "about": document.subject_id, "template": document.template_version,
            "content": sm3(document.data.cipher),
        },
    )  # fmt: skip


def _checked(kind: PaperKind, data: Paper | Mapping[str, Any]) -> Paper:
    model = MODELS[kind]
    if isinstance(data, Paper):
        if not isinstance(data, model):
            raise TypeError(f"{type(data).__name__} is no {kind}")
        return data
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"]) or kind.value
        raise PaperWrong(kind=Message(kind.label), where=where, why=first["msg"].removeprefix("Value error, ")) from error


def _last_number(org_id: UUID, kind: PaperKind, year: int, how_many: int) -> int:
    """The last of the next numbers. A rollback gives them back, so there are no gaps; until then their row is locked.

    The database lets the counter take one step at a time only.
    """
    step = (
        "INSERT INTO documents_counter (org_id, kind, year, last) VALUES (%s, %s, %s, 1) "
        "ON CONFLICT (org_id, kind, year) DO UPDATE SET last = documents_counter.last + 1"
    )
    which = [org_id, kind.value, year]
    with connection.cursor() as cursor:
        if how_many > 1:
            cursor.executemany(step, [which] * (how_many - 1))
        cursor.execute(step + " RETURNING last", which)
        return int(cursor.fetchone()[0])


@once
def seal_document(
    *, document_id: UUID, item_code: str, region: str, decision_ref: str, seal_id: UUID | None = None, by: Actor, now: datetime
) -> UUID:
    """Render a document with its organisation's seal, sign it, keep the file and note the use of the seal.

    ``item_code`` and ``region`` say for which power the seal is used; they may be empty only for papers that exercise
    none. ``decision_ref`` is the decision it rests on (SG-03). Returns the entry of the ledger. Safe to repeat with a key.

    Raises :class:`NoPowerToSeal`, :class:`SealMissing`, :class:`SealNotValid` (SG-04: an expired certificate blocks
    sealing), :class:`SigningFailed`, and :class:`NotInThisState` when it is sealed already.
    """
    (use,) = seal_documents(
        document_ids=[document_id], item_code=item_code, region=region, decision_ref=decision_ref, seal_id=seal_id, by=by, now=now
    )
    return use


@once
def seal_documents(
    *, document_ids: Sequence[UUID], item_code: str, region: str, decision_ref: str, seal_id: UUID | None = None, by: Actor,
    now: datetime,
) -> list[UUID]:  # fmt: skip
    """:func:`seal_document` for the papers of one body that rest on one decision: all of them or none."""
    wanted = dict.fromkeys(document_ids, Resting(item_code, region, decision_ref))
    documents = _to_seal(wanted, by=by)
    if len({d.org_id for d in documents}) > 1:
        raise ValueError("papers of several bodies have several seals")
    uses = _seal(documents, wanted, seal_id, by=by, now=now)
    return [uses[i] for i in document_ids]


@dataclass(frozen=True, slots=True)
class Resting:
    """For which power a seal is used, and on which decision its use rests; see :func:`seal_document`."""

    item_code: str
    region: str
    decision_ref: str


@once
def seal_each(*, papers: Mapping[UUID, Resting], by: Actor, now: datetime) -> dict[UUID, UUID]:
    """:func:`seal_document` for many papers, each of which rests on its own: all of them or none. The entry of the ledger of each.

    Each paper is a file of its own with a signature of its own.
    """
    return _seal(_to_seal(papers, by=by), papers, None, by=by, now=now)


def _to_seal(papers: Mapping[UUID, Resting], *, by: Actor) -> list[Document]:
    """The documents, locked."""
    by.must(SEAL)
    if not all(r.decision_ref.strip() for r in papers.values()):
        raise DecisionMissing(field="decision_ref")
    documents = rows.load(Document, "WHERE t.id = ANY(%s) ORDER BY t.id FOR UPDATE", [list(papers)])
    if not documents or len(documents) < len(papers):
        raise NotFound(what=msg("文书"))
    for document in documents:
        check_move(State(document.state), State.SEALED)
    return documents


def _seal(
    documents: Sequence[Document], wanted: Mapping[UUID, Resting], seal_id: UUID | None, *, by: Actor, now: datetime
) -> dict[UUID, UUID]:
    alike: dict[tuple[str, str], list[Document]] = {}
    for document in documents:
        rests = wanted[document.pk]
        alike.setdefault((rests.item_code, rests.region), []).append(document)
    for (item_code, region), some in alike.items():
        _check_power(some, item_code=item_code, region=region, by=by, on=local_date(now))
    seals = {org_id: _usable_seal(org_id, seal_id, now=now) for org_id in {d.org_id for d in documents}}
    tsa = settings.ENV.tsa_url
    signed = [_signed(d, seals[d.org_id], tsa, now=now) for d in documents]
    uses: list[SealUse] = []
    told: dict[Subject, list[Act]] = {}
    for document, content, file in zip(documents, signed, keep_many(signed, FileType.PDF.value, at=now), strict=True):
        seal, digest, ref = seals[document.org_id], sm3(content), wanted[document.pk].decision_ref.strip()
        document.sealed_file = file
        document.state, document.sealed_at, document.sealed_digest = State.SEALED, now, digest
        rows.update(document, ["state", "sealed_at", "sealed_digest", "sealed_file_id"])
        uses.append(
            SealUse(
                seal=seal, document=document, document_digest=digest, certificate=seal.certificate, subject_id=document.subject_id,
                item_code=wanted[document.pk].item_code, decision_ref=ref, user_id=by.user_id, posting_id=by.posting_id,
                org_id=by.org_id, device=by.device, stamped=bool(tsa), at=now,
            )
        )  # fmt: skip
        act = {
            "document": document.pk, "kind": document.kind, "number": document.number, "seal": seal.pk, "digest": digest, "decision": ref,
            "certificate": seal.certificate,
        }  # fmt: skip
        told.setdefault(_subject(document), []).append(Act("documents.sealed", act))
    rows.insert_many(uses)
    record_many(list(told.items()), by=by, at=now)
    return {use.document_id: use.pk for use in uses}


def _signed(document: Document, seal: Seal, tsa_url: str, *, now: datetime) -> bytes:
    pdf = press().render(sheet_of(document, seal=seal), document.template_version, at=document.made_at)
    return signer().sign(pdf, name=str(seal), reason=f"{document.title} {document.number}", at=now, tsa_url=tsa_url)


@once
def revoke_document(*, document_id: UUID, reason: str, legal_basis: str, by: Actor, now: datetime) -> None:
    """Declare a document void; its file and number stay, and whoever verifies it learns that it no longer stands.

    It takes away what somebody relies on, so it says why and by which law (行政许可法 art. 8 and 69).
    """
    by.must(REVOKE)
    document = _locked(document_id)
    _check_house(document, by)
    check_move(State(document.state), State.REVOKED)
    for name, text, what in (("reason", reason, msg("作废原因")), ("legal_basis", legal_basis, msg("法律依据"))):
        if not text.strip():
            raise PaperWrong(field=name, kind=Message(PaperKind(document.kind).label), where=what, why=msg("未填写"))
    document.state, document.revoked_at, document.revoked_by = State.REVOKED, now, by.user_id
    document.revoked_reason, document.revoked_basis = reason.strip()[:500], legal_basis.strip()[:200]
    document.save(update_fields=["state", "revoked_at", "revoked_by", "revoked_reason", "revoked_basis"])
    record(
        "documents.revoked", subject=_subject(document), by=by, at=now, document=document.pk, number=document.number,
        reason=document.revoked_reason, basis=document.revoked_basis,
    )  # fmt: skip


@transaction.atomic
def supersede(*, document_id: UUID, new_document_id: UUID, reason: str, by: Actor, now: datetime) -> None:
    """Put a sealed document in the place of another of the same kind and subject.

    Raises :class:`CannotSupersede` when the new one is not sealed or belongs to something else.
    """
    both = {
        d.pk: d
        for d in Document.objects.select_for_update().filter(pk__in=[document_id, new_document_id]).order_by("pk")
    }  # fmt: skip
    if len(both) < 2:
        raise NotFound(what=msg("文书"))
    old, new = both[document_id], both[new_document_id]
    must_compose(by, PaperKind(old.kind))
    _check_house(old, by)
    check_move(State(old.state), State.SUPERSEDED)
    if new.state != State.SEALED:
        raise CannotSupersede(number=new.number, why=msg("尚未用印或已失效"))
    if (new.kind, new.subject_id, new.org_id) != (old.kind, old.subject_id, old.org_id):
        raise CannotSupersede(number=new.number, why=msg("不是同一办件的同类文书"))
    old.state, old.superseded_at, old.superseded_by = State.SUPERSEDED, now, new
    old.save(update_fields=["state", "superseded_at", "superseded_by"])
    record(
        "documents.superseded", subject=_subject(old), by=by, at=now, document=old.pk, number=old.number, by_document=new.pk,
        reason=reason.strip(),
    )  # fmt: skip


def _locked(document_id: UUID) -> Document:
    document = Document.objects.select_for_update(of=("self",)).select_related("org").filter(pk=document_id).first()
    if document is None:
        raise NotFound(what=msg("文书"))
    return document


def _subject(document: Document) -> Subject:
    return Subject(document.subject_kind, document.subject_id)


def _check_house(document: Document, by: Actor) -> None:
    """Only the issuing body, what is below it and what is above it may touch a document; the system may."""
    if by.org_id in (None, document.org_id):
        return
    assert by.org_id
    if by.org_id not in subtree_ids(document.org_id) and document.org_id not in subtree_ids(by.org_id):
        raise NotFound(what=msg("文书"))


def _check_power(documents: Sequence[Document], *, item_code: str, region: str, by: Actor, on: date) -> None:
    """The issuing body has the power to seal for this item here, and the actor sits in its house or has that power too."""
    held = authority(item_code, region=region, on=on)
    for document in documents:
        head = letterhead(document.org_id)
        if PaperKind(document.kind).needs_power and Power.SEAL not in held.powers(head.id, head.body_id):
            raise NoPowerToSeal(org=head.name)
        if Power.SEAL not in held.powers(by.org_id, by.body_id):
            _check_house(document, by)


def _usable_seal(org_id: UUID, seal_id: UUID | None, *, now: datetime) -> Seal:
    chosen, wanted = ("t.id = %s", seal_id) if seal_id else ("t.purpose = %s AND t.stopped_at IS NULL", PURPOSE)
    seal = rows.one(Seal, f"WHERE t.org_id = %s AND {chosen}", [org_id, wanted])
    if seal is None:
        raise SealMissing(org=get_org(org_id).name)
    certificate = signer().certificate
    if seal.stopped_at:
        raise SealNotValid(name=str(seal), why=msg("已于 %(day)s 停用", day=local_date(seal.stopped_at)))
    if not seal.valid_from <= local_date(now) <= seal.valid_to:
        raise SealNotValid(name=str(seal), why=msg("有效期为 %(first)s 至 %(last)s", first=seal.valid_from, last=seal.valid_to))
    if fingerprint(certificate) != seal.certificate:
        raise SealNotValid(name=str(seal), why=msg("登记的证书与签名密钥的证书不一致"))
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise SealNotValid(name=str(seal), why=msg("证书不在有效期内"))
    return seal


# -- seals ----------------------------------------------------------------------------------------------------------------


def register_seal(
    *, org_id: UUID, code: str, valid_from: date, valid_to: date, name: str = "", purpose: str = PURPOSE, diameter: int = 42,
    star: bool = True, by: Actor, now: datetime,
) -> UUID:  # fmt: skip
    """Register a seal that signs with the key of this installation, which is a demonstration key and makes it a
    demonstration seal. Raises :class:`SealTaken`."""
    must_any(by, MANAGE_SEALS)
    seal = Seal(
        org_id=org_id, name=name or get_org(org_id).name, purpose=purpose, code=code, diameter=diameter, star=star, demo=True,
        certificate=fingerprint(signer().certificate), valid_from=valid_from, valid_to=valid_to, made_at=now,
    )  # fmt: skip
    try:
        with transaction.atomic():
            seal.save(force_insert=True)
            record(
                "documents.seal_registered", subject=Subject("seal", seal.pk), by=by, at=now, new=True, org=org_id, code=code,
                certificate=seal.certificate, valid_from=valid_from, valid_to=valid_to,
            )  # fmt: skip
    except IntegrityError as error:
        if "documents_seal_one_in_use" in str(error) or "code" in str(error):
            raise SealTaken(field="code", number=code) from None
        raise
    return seal.pk


@transaction.atomic
def stop_seal(*, seal_id: UUID, reason: str, by: Actor, now: datetime) -> None:
    """Take a seal out of use at once (lost, replaced, body renamed); what it sealed stays verifiable."""
    must_any(by, MANAGE_SEALS)
    changed = Seal.objects.filter(pk=seal_id, stopped_at=None).update(
        stopped_at=now, stopped_by=by.user_id, stopped_reason=reason.strip()[:200] or "停用"
    )
    if not changed:
        raise NotFound(what=msg("在用的印章"))
    record("documents.seal_stopped", subject=Subject("seal", seal_id), by=by, at=now, reason=reason.strip())


# -- files ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StoredFileRef:
    """A kept file, for the room that refers to it: it keeps ``id`` and ``name``; ``digest`` is SM3 of the content."""

    id: UUID
    name: str
    content_type: str
    size: int
    digest: str


def looked_through(*, content: BinaryIO, declared_name: str) -> tuple[bytes, Checked]:
    """A file that was handed in, whole, and what it is, without keeping it: for what may be refused on other grounds.

    Raises :class:`FileRefused` in one of its forms, each saying what to do about it.
    """
    limit = settings.ENV.upload_megabytes
    data = content.read(limit * 1_000_000 + 1)
    if len(data) > limit * 1_000_000:
        raise FileTooLarge(field="file", name=declared_name[:60], limit=limit)
    return data, check(data, declared_name)


def store_file(*, content: BinaryIO, declared_name: str, by: Actor, now: datetime) -> StoredFileRef:
    """Check a file that was handed in and keep it, encrypted; the same content is kept once. Raises :class:`FileRefused`."""
    if by.user_id is None:
        by.must(STORE)
    data, checked = looked_through(content=content, declared_name=declared_name)
    return _kept(data, checked.type.value, checked.name, by=by, now=now)


def keep_data(*, content: BinaryIO, name: str, by: Actor, now: datetime) -> StoredFileRef:
    """Keep text that programs exchange, encrypted and as it is: nobody opens it here, so it is not looked through, and it may be long."""
    if by.user_id is None:
        by.must(STORE)
    return _kept(content, FileType.TEXT.value, name, by=by, now=now)


@transaction.atomic
def _kept(content: bytes | BinaryIO, content_type: str, name: str, *, by: Actor, now: datetime) -> StoredFileRef:
    file, new = keep(content, content_type, at=now)
    if new:
        record(
            "documents.file_stored", subject=Subject("file", file.pk), by=by, at=now, new=True, size=file.size,
            content_type=file.content_type,
        )  # fmt: skip
    return StoredFileRef(file.pk, name, file.content_type, file.size, digest_of(file))
