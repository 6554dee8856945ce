"""Sealing the notices of a case: by a job soon after they are composed, or at once when somebody prints one."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from linli.domains.cases.models import Case
from linli.domains.documents.commands import seal_document
from linli.domains.documents.queries import PaperKind, get_document
from linli.kernel.actors import Actor
from linli.kernel.errors import NotFound
from linli.kernel.text import msg

# Results are sealed by their issuer, not here.
_RESULTS = {PaperKind.DECISION.value, PaperKind.RESULT_CERTIFICATE.value}


def seal_notice(*, document_id: UUID, by: Actor, now: datetime) -> bool:
    """Seal a notice with the business seal of the organisation that wrote it, under its authority over the item.

    Safe to repeat; False if it is sealed already or is a result, which only its issuer seals.
    """
    document = get_document(document_id)
    if document.state != "composed" or document.kind in _RESULTS or document.subject_id is None:
        return False
    case = Case.objects.filter(pk=document.subject_id).only("item_code", "region").first()
    if case is None:
        raise NotFound(what=msg("该文书"))
    seal_document(document_id=document_id, item_code=case.item_code, region=case.region, decision_ref=str(case.pk), by=by, now=now)
    return True


__all__ = ["seal_notice"]
