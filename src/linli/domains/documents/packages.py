"""Keeping electronic files as packages: signed, checked four ways, dated for destruction, destroyed by two people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from asn1crypto import cms
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7
from django.conf import settings
from django.db.models import QuerySet
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_detached_cms
from pyhanko_certvalidator import ValidationContext

from linli.domains.documents.archives import ArchiveDamaged, Opened, Part, manifest_of, pack, unpack
from linli.domains.documents.errors import FileRefused, NotDue, NothingChosen, PackageGone, SameHand
from linli.domains.documents.files import content_of, keep
from linli.domains.documents.filetypes import FileType, check
from linli.domains.documents.fittings import credential, trusted_roots
from linli.domains.documents.models import Destruction, Package
from linli.domains.documents.permissions import RETAIN
from linli.domains.documents.retention import SHIPPED, Rule, read_schedule, term
from linli.domains.documents.signing import asn1, check_signature
from linli.domains.documents.unused import forget_unused
from linli.domains.trace.commands import Subject, once, record
from linli.domains.trace.queries import events_of, verify_chain
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.errors import NotFound
from linli.kernel.ids import uuid7
from linli.kernel.text import msg

ARCHIVE = "application/zip"
_READABLE = (FileType.PDF, FileType.OFD, FileType.JPEG, FileType.PNG, FileType.WEBP, FileType.HEIC, FileType.TEXT)


def schedule() -> tuple[Rule, ...]:
    """The bureau's own schedule, or the usual one that ships."""
    return read_schedule(Path(settings.ENV.retention_file) if settings.ENV.retention_file else SHIPPED)


# -- keeping ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Contents:
    """What is to be kept of a subject: its parts, which kinds of part must be there, and what decides how long."""

    subject: Subject
    title: str
    parts: Sequence[Part]
    required: Sequence[str]
    retention_kinds: Sequence[str]
    closed_on: date
    loose: frozenset[str]  # kinds of part that alone are no reason for a further package


def keep_package(contents: Contents, *, by: Actor, now: datetime) -> UUID | None:
    """Keep an electronic file, or what is new since the last package of it; None if nothing is.

    The caller holds a lock on the subject, checked its own permission, and runs in a transaction.
    """
    earlier = list(Package.objects.filter(subject_id=contents.subject.id).order_by("ordinal"))
    last = earlier[-1] if earlier else None
    if last is not None and any(p.destroyed_at for p in earlier):
        return None  # its time is over; nothing of it comes back
    parts, required = list(contents.parts), list(contents.required)
    if last is not None:
        known = {(line["path"], line["sm3"]) for p in earlier for line in _opened(p).manifest["parts"]}
        parts = [p for p in parts if (p.path, p.digest) not in known]
        if not [p for p in parts if p.kind not in contents.loose]:
            return None
        required = []
    package = uuid7()
    kept = term(contents.retention_kinds, closed_on=contents.closed_on, rules=schedule())
    rule = json.loads(kept.rule.model_dump_json())
    manifest = manifest_of(
        parts, id=str(package), subject={"kind": contents.subject.kind, "id": str(contents.subject.id)}, title=contents.title,
        number=last.ordinal + 1 if last else 1,
        previous={"id": str(last.pk), "manifest_sm3": bytes(last.manifest_digest).hex()} if last else None,
        made_at=now.isoformat(), closed_on=contents.closed_on.isoformat(), required=sorted(required),
        retention=rule | {"until": kept.until.isoformat() if kept.until else None},
    )  # fmt: skip
    content = pack(parts, manifest, _signed(manifest))
    checks = check_archive(content, now=now)
    file, _ = keep(content, ARCHIVE, at=now)
    opened = unpack(content)
    Package.objects.create(
        pk=package, subject_kind=contents.subject.kind, subject_id=contents.subject.id, ordinal=last.ordinal + 1 if last else 1,
        manifest_digest=opened.digest, file=file, size=len(content), made_at=now, closed_on=contents.closed_on, keep_until=kept.until,
        retention=rule, checks=checks, checked_at=now,
    )  # fmt: skip
    record(
        "documents.packaged", subject=Subject("package", package), by=by, at=now, new=True, of=contents.subject.id,
        manifest=opened.digest, parts=len(parts), keep_until=kept.until, sound=all(c["ok"] for c in checks.values()),
    )  # fmt: skip
    return package


def _signed(manifest: bytes) -> bytes:
    """A detached CMS signature, which ``openssl cms -verify`` can check."""
    ours = credential()
    builder = pkcs7.PKCS7SignatureBuilder().set_data(manifest).add_signer(ours.certificate, ours.key, hashes.SHA256())
    for above in ours.chain[1:]:
        builder = builder.add_certificate(above)
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
    return builder.sign(serialization.Encoding.DER, options)


# -- the four checks (AR-03) -----------------------------------------------------------------------------------------------------


def check_archive(content: bytes, *, now: datetime) -> dict[str, dict[str, Any]]:
    """Truth, completeness, usability and safety of an archive, each with what was found."""
    try:
        opened = unpack(content)
    except ArchiveDamaged as damaged:
        return {name: _told(damaged.faults) for name in ("truth", "completeness", "usability", "safety")}
    return {
        "truth": _told(_truth(opened, now)), "completeness": _told(_completeness(opened)), "usability": _told(_usability(opened)),
        "safety": _told(_safety(opened)),
    }  # fmt: skip


def _told(faults: Iterable[str]) -> dict[str, Any]:
    listed = list(faults)
    return {"ok": not listed, "found": listed}


def _truth(opened: Opened, now: datetime) -> Iterable[str]:
    """Signed by us, each sealed paper as it was sealed, and the chain of acts unbroken."""
    if not _signature_holds(opened, now):
        yield "manifest.json: its signature does not hold"
    for part in opened.parts.values():
        if part.kind == "paper-sealed":
            seal = check_signature(part.content, roots=trusted_roots(), now=now)
            if not (seal.intact and seal.trusted and seal.whole_file):
                yield f"{part.path}: its seal does not hold"
    if opened.manifest["subject"]["kind"] == "case" and not verify_chain(UUID(opened.manifest["subject"]["id"])).ok:
        yield "trace/proof.json: the chain of acts does not verify"
    yield from _receipts(opened)


def _receipts(opened: Opened) -> Iterable[str]:
    """What a department answered is what the chain of acts tells of: its digest and its fields."""
    proof = opened.parts.get("trace/proof.json")
    told = {
        e["data"].get("question"): (e["data"].get("answer"), e["data"].get("fields"))
        for e in (json.loads(proof.content)["events"] if proof else ())
        if e["header"]["act"] == "exchange.answered"
    }
    for part in opened.parts.values():
        if part.kind == "receipt" and proof:
            said = json.loads(part.content)
            if told.get(said["question"]) != (said["answer_sm3"], sorted(f["name"] for f in said["fields"])):
                yield f"{part.path}: the chain of acts tells of another answer"


def _signature_holds(opened: Opened, now: datetime) -> bool:
    try:
        signed = cms.ContentInfo.load(opened.signature)["content"]
        made = datetime.fromisoformat(opened.manifest["made_at"])
        context = ValidationContext(
            trust_roots=[asn1(r) for r in trusted_roots()], moment=min(now, made), allow_fetching=False, revocation_mode="soft-fail"
        )
        status = async_to_sync(async_validate_detached_cms)(opened.manifest_bytes, signed, signer_validation_context=context)
    except Exception:  # a malformed signature raises whatever it can; none of that is one that holds
        return False
    return bool(status.intact and status.valid and status.trusted)


def _completeness(opened: Opened) -> Iterable[str]:
    """Every kind of part is there that a file of this sort must have."""
    there = {part.kind for part in opened.parts.values()}
    there |= {"paper" for kind in there if kind.startswith("paper-")}
    yield from (f"{kind}: is missing" for kind in opened.manifest["required"] if kind not in there)
    yield from (f"{part.path}: was not sealed yet" for part in opened.parts.values() if part.kind == "paper-awaiting-seal")


def _usability(opened: Opened) -> Iterable[str]:
    """Every part opens, and papers are PDF/A; nothing depends on one maker's program alone."""
    for part in opened.parts.values():
        if part.media == "application/json":
            try:
                json.loads(part.content)
            except ValueError:
                yield f"{part.path}: is no JSON"
        elif part.kind.startswith("paper") and not _is_pdf_a(part.content):
            yield f"{part.path}: is no PDF/A"
        elif part.media not in _READABLE:
            yield f"{part.path}: {part.media} is a format of one maker; keep a PDF beside it"


def _is_pdf_a(content: bytes) -> bool:
    try:
        metadata = PdfFileReader(BytesIO(content), strict=False).root["/Metadata"].data
    except Exception:  # what cannot be read is no PDF/A
        return False
    return b"pdfaid:part" in metadata


def _safety(opened: Opened) -> Iterable[str]:
    """Nothing inside runs, unfolds without end, or pretends to be something else."""
    for part in opened.parts.values():
        if part.media == "application/json":
            continue
        try:
            found = check(part.content, part.path.rpartition("/")[2])
        except FileRefused as refused:
            yield f"{part.path}: {refused.code}"
        else:
            if found.type.value != part.media:
                yield f"{part.path}: is {found.type.value}, not {part.media}"


# -- reading ---------------------------------------------------------------------------------------------------------------------


def packages_of(subject_id: UUID) -> QuerySet[Package]:
    """The packages of a case in order; the caller asks whether the reader may see it."""
    return Package.objects.filter(subject_id=subject_id).order_by("ordinal")


def package_content(package_id: UUID) -> bytes:
    """The archive itself. Raises :class:`NotFound`, :class:`PackageGone`, :class:`FileChanged`."""
    package = Package.objects.select_related("file").filter(pk=package_id).first()
    if package is None:
        raise NotFound(what=msg("电子档案"))
    if package.file is None:
        raise PackageGone(day=local_date(package.destroyed_at).isoformat() if package.destroyed_at else "")
    return content_of(package.file)


def _opened(package: Package) -> Opened:
    return unpack(package_content(package.pk))


def due_packages(*, by: Actor, on: date) -> QuerySet[Package]:
    """Packages whose time is over and that are on no list yet, the oldest first (AR-06)."""
    by.must(RETAIN)
    return Package.objects.filter(keep_until__lt=on, destroyed_at=None, destruction=None).order_by("keep_until", "id")


def destructions(*, by: Actor) -> QuerySet[Destruction]:
    """Lists that were proposed, newest first."""
    by.must(RETAIN)
    return Destruction.objects.order_by("-id")


def destruction_of(destruction_id: UUID, *, by: Actor) -> tuple[Destruction, list[Package]]:
    """One list with what is on it. Raises :class:`NotFound`."""
    found = destructions(by=by).filter(pk=destruction_id).first()
    if found is None:
        raise NotFound(what=msg("销毁清单"))
    return found, list(found.packages.order_by("id"))


# -- checking again, destroying --------------------------------------------------------------------------------------------------


def recheck(*, package_id: UUID, now: datetime) -> Mapping[str, Any]:
    """Run the four checks on a kept package again and keep what was found."""
    checks = check_archive(package_content(package_id), now=now)
    Package.objects.filter(pk=package_id).update(checks=checks, checked_at=now)
    return checks


@once
def propose_destruction(*, package_ids: Sequence[UUID], reason: str, by: Actor, now: datetime) -> UUID:
    """Propose a list of packages whose time is over. Raises :class:`NotDue` for one whose time is not."""
    by.must(RETAIN)
    if not package_ids or not reason.strip():
        raise NothingChosen(field="reason" if package_ids else "packages")
    found = list(Package.objects.select_for_update(of=("self",)).filter(pk__in=package_ids).order_by("id"))
    today = local_date(now)
    late = [p for p in found if p.keep_until is None or p.keep_until >= today or p.destroyed_at or p.destruction_id]
    if late or len(found) != len(set(package_ids)):
        raise NotDue
    proposed = Destruction.objects.create(reason=reason.strip()[:500], proposed_by=by.person_id, proposed_at=now)
    Package.objects.filter(pk__in=[p.pk for p in found]).update(destruction=proposed)
    record(
        "documents.destruction_proposed", subject=Subject("destruction", proposed.pk), by=by, at=now, new=True, reason=reason.strip(),
        packages=[{"id": p.pk, "manifest": bytes(p.manifest_digest)} for p in found],
    )  # fmt: skip
    return proposed.pk


@once
def settle_destruction(*, destruction_id: UUID, approve: bool, by: Actor, now: datetime) -> int:
    """Approve a list and destroy what is on it, or refuse it; never by whoever proposed it (:class:`SameHand`).

    Of each package its row, its digest and its chain remain, which is the proof; the bytes go. Returns how many went.
    """
    by.must(RETAIN)
    proposed = Destruction.objects.select_for_update().filter(pk=destruction_id, approved_at=None, refused_at=None).first()
    if proposed is None:
        raise NotFound(what=msg("待批准的销毁清单"))
    if proposed.proposed_by == by.user_id:
        raise SameHand
    packages = list(proposed.packages.select_for_update(of=("self",)).order_by("id"))
    if not approve:
        proposed.refused_at = now
        proposed.save(update_fields=["refused_at"])
        Package.objects.filter(destruction=proposed).update(destruction=None)
        record("documents.destruction_refused", subject=Subject("destruction", proposed.pk), by=by, at=now)
        return 0
    proposed.approved_by, proposed.approved_at = by.person_id, now
    proposed.save(update_fields=["approved_by", "approved_at"])
    for package in packages:
        gone = package.file_id
        package.file, package.destroyed_at = None, now
        package.save(update_fields=["file", "destroyed_at"])
        record(
            "documents.destroyed", subject=Subject("package", package.pk), by=by, at=now, of=package.subject_id,
            manifest=bytes(package.manifest_digest), destruction=proposed.pk,
        )  # fmt: skip
        if gone:
            forget_unused([gone])
    record("documents.destruction_approved", subject=Subject("destruction", proposed.pk), by=by, at=now, packages=len(packages))
    return len(packages)


def destruction_proof(destruction_id: UUID, *, by: Actor) -> dict[str, Any]:
    """What shows later that files were destroyed, by whom, when and on whose word; the acts stand in the record."""
    d, packages = destruction_of(destruction_id, by=by)
    acts = events_of(
        d.pk, acts=["documents.destruction_proposed", "documents.destruction_approved", "documents.destruction_refused"]
    )
    return {
        "id": str(d.pk), "reason": d.reason, "proposed_by": str(d.proposed_by), "proposed_at": d.proposed_at.isoformat(),
        "approved_by": str(d.approved_by) if d.approved_by else None, "approved_at": d.approved_at.isoformat() if d.approved_at else None,
        "packages": [
            {
                "id": str(p.pk), "subject": str(p.subject_id), "manifest_sm3": bytes(p.manifest_digest).hex(), "size": p.size,
                "keep_until": p.keep_until.isoformat() if p.keep_until else None, "rule": p.retention,
                "destroyed_at": p.destroyed_at.isoformat() if p.destroyed_at else None,
            }
            for p in packages
        ],
        "acts": [{"seq": e.seq, "act": e.act, "at": e.at.isoformat(), "hash": bytes(e.hash).hex()} for e in reversed(acts)],
    }  # fmt: skip
