"""Sealing the notices of a case: by a job soon after they are composed, or at once when somebody prints one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from linli.domains.cases import joints
from linli.domains.cases.models import Case
from linli.domains.cases.papers import RESULTS
from linli.domains.documents.commands import NotInThisState, seal_document
from linli.domains.documents.queries import DocumentCard, PaperKind, documents_of, get_document
from linli.domains.trace.commands import record
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.errors import NotFound
from linli.kernel.text import msg

# Results are sealed by their issuer, not here.
_RESULTS = {kind.value for kind in RESULTS}


def seal_notice(*, document_id: UUID, by: Actor, now: datetime) -> bool:
    """Seal a notice with the business seal of the organisation that wrote it, under its authority over the item.

    Safe to repeat; False if it is sealed already or is a result, which only its issuer seals.
    """
    document = get_document(document_id)
    if document.state != "composed" or document.kind in _RESULTS or document.subject_id is None:
        return False
    if document.kind == PaperKind.JOINT_RECEIPT:  # it exercises no power, it only says what was taken in
        seal_document(document_id=document_id, item_code="", region="", decision_ref=str(document.subject_id), by=by, now=now)
        return True
    case = Case.objects.filter(pk=document.subject_id).only("item_code", "region").first()
    if case is None:
        raise NotFound(what=msg("该文书"))
    seal_document(document_id=document_id, item_code=case.item_code, region=case.region, decision_ref=str(case.pk), by=by, now=now)
    return True


def open_joint_receipt(*, joint_id: UUID, by: Actor, now: datetime) -> DocumentCard:
    """The sealed receipt of a joint matter for whoever may see the matter, sealed now if the job has not been there; each look is
    recorded. Raises :class:`NotFound` while there is none."""
    joint = joints.visible_joints(by, on=local_date(now)).filter(pk=joint_id).first()
    found = next((d for d in documents_of(joint.pk) if d.kind == PaperKind.JOINT_RECEIPT), None) if joint else None
    if joint is None or found is None:
        raise NotFound(what=msg("联办回执"))
    with suppress(NotInThisState):  # the job was quicker
        seal_notice(document_id=found.id, by=replace(by, permissions=by.permissions | {"documents.seal"}), now=now)
    with transaction.atomic():
        record("cases.paper_read", subject=joints.joint_subject(joint.pk), by=by, at=now, document=found.id)
    return found


__all__ = ["open_joint_receipt", "seal_notice"]
