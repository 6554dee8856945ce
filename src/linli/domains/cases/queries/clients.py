"""What another system sees of the cases it brought: what their applicants may know, and nothing of who works on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from linli.domains.cases import joints
from linli.domains.cases.clock import ClockKind
from linli.domains.cases.deciding import revoked_among
from linli.domains.cases.lifecycle import Move, State, state_after
from linli.domains.cases.models import Case, CaseMaterial, Commitment, Correction, Delivery, MaterialFile, Roster
from linli.domains.cases.permissions import COLLECT, FOLLOW, client_cases
from linli.domains.cases.queries.looking import ClockView, case_for, clock_views, materials_of
from linli.domains.cases.queries.supervision import TOLD_ACTS, plain_entries
from linli.domains.catalog.queries import Standard, get_standard
from linli.domains.documents.queries import DocumentCard, PaperKind, documents_of
from linli.domains.org.queries import Letterhead, letterhead
from linli.domains.people.queries import Party, party
from linli.domains.trace.queries import Entry
from linli.kernel.actors import Actor
from linli.kernel.errors import NotFound
from linli.kernel.identifiers import compact
from linli.kernel.text import msg, noop

# How a case stands for its applicant: whether it was granted they learn from the sealed result, not from a word before it.
ToldState = StrEnum(  # type: ignore[misc]
    "ToldState",
    {s.name: s.value for s in State if s not in (State.APPROVED, State.REJECTED)} | {"DECIDED": "decided"},
)
_DECIDED = (State.APPROVED, State.REJECTED)
DECIDED_ACT = "cases.decided"
TOLD_NAMES = frozenset({DECIDED_ACT, *TOLD_ACTS} - {Move.APPROVE.act, Move.REJECT.act})


def told_state(state: str) -> ToldState:
    """What an applicant is told of a state."""
    return ToldState("decided" if state in _DECIDED else state)


def told_name(act: str) -> str:
    """The name by which an applicant's system hears of an act."""
    return DECIDED_ACT if act in (Move.APPROVE.act, Move.REJECT.act) else act


def told_words(name: str) -> str:
    """What such an act is called to the applicant: mostly the state it led to."""
    move = next((m for m in Move if told_name(m.act) == name), None)
    return _WORDS.get(name) or (state_after(move).plain_label if move else name)


_WORDS = {"cases.extended": noop("办理期限已延长"), Move.CORRECT.act: noop("已收到补正"), Move.RESUME.act: noop("恢复办理")}


def followed_cases(
    *, by: Actor, number: str = "", applicant_id: UUID | None = None, state: ToldState | None = None
) -> QuerySet[Case]:
    """The cases a system brought, for a list; by number, applicant or state where asked."""
    cases = client_cases(by, FOLLOW)
    if number:
        cases = cases.filter(number=compact(number))
    if applicant_id:
        cases = cases.filter(applicant_id=applicant_id)
    return cases.filter(state__in=_DECIDED if state == "decided" else [state]) if state else cases


@dataclass(frozen=True, slots=True)
class ClientSheet:
    """A case as its applicant may know it. ``clock`` is the one that counts now: the promise, or the time to correct or tell."""

    case: Case
    standard: Standard
    applicant: Party
    office: Letterhead
    form: dict[str, Any]
    materials: list[CaseMaterial]
    files: dict[UUID, list[MaterialFile]]
    correction: Correction | None
    clock: ClockView | None
    revoked: bool  # what was granted and issued was taken back


def client_sheet(case_id: UUID, *, by: Actor, now: datetime) -> ClientSheet:
    """A case the system brought. Raises :class:`NotFound`."""
    case = case_for(case_id, by=by, among=client_cases(by, FOLLOW))
    materials, files = materials_of(case)
    return ClientSheet(
        case, get_standard(case.standard_id), party(case.applicant_id, is_employer=case.applicant_is_employer), letterhead(case.org_id),
        case.form.open_json(), materials, files, Correction.objects.filter(case=case).first(), _clock(clock_views(case, now=now)),
        bool(revoked_among([case])),
    )  # fmt: skip


_ORDER = [ClockKind.PROMISED, ClockKind.CORRECTION, ClockKind.DELIVERY, ClockKind.NOTICE]


def _clock(clocks: list[ClockView]) -> ClockView | None:
    running = [c for c in clocks if c.outcome == "running" and c.kind in _ORDER]
    return min(running, key=lambda c: _ORDER.index(c.kind), default=None)


def client_timeline(case_id: UUID, *, by: Actor) -> list[Entry]:
    """What happened to a case the system brought, as an applicant is told it. Raises :class:`NotFound`."""
    case_for(case_id, by=by, among=client_cases(by, FOLLOW))
    return plain_entries(case_id)


# A cover belongs to the archive; a receipt of delivery is the bureau's own proof.
_NOT_THEIRS = (PaperKind.CASE_COVER, PaperKind.DELIVERY_RECEIPT)
_RESULTS = (PaperKind.DECISION, PaperKind.RESULT_CERTIFICATE)
_HANDED = (State.ISSUED, State.DELIVERED, State.CLOSED)


def client_papers(case_id: UUID, *, by: Actor) -> list[DocumentCard]:
    """The sealed papers that the applicant of a case has a right to; a result once it was issued. Raises :class:`NotFound`."""
    case = case_for(case_id, by=by, among=client_cases(by, COLLECT))
    return [
        d
        for d in documents_of(case.pk)
        if d.sealed_at and d.kind not in _NOT_THEIRS and (d.kind not in _RESULTS or case.state in _HANDED)
    ]


def client_paper(case_id: UUID, document_id: UUID, *, by: Actor) -> DocumentCard:
    """One of them. Raises :class:`NotFound`."""
    found = next((d for d in client_papers(case_id, by=by) if d.id == document_id), None)
    if found is None:
        raise NotFound(what=msg("文书"))
    return found


def files_in_use(file_ids: Iterable[UUID], but: UUID | None = None) -> set[UUID]:
    """Of some kept files those that a case, a promise, a hand-over, a roster or a joint matter refers to; what lies with the materials
    of one case may be left out.
    """
    ids = list(file_ids)
    laid = MaterialFile.objects.filter(file_id__in=ids)
    laid = laid.exclude(material__case=but) if but else laid
    used: set[UUID | None] = set(laid.values_list("file_id", flat=True))
    used |= set(Delivery.objects.filter(signature_file_id__in=ids).values_list("signature_file_id", flat=True))
    used |= set(Commitment.objects.filter(signature_file_id__in=ids).values_list("signature_file_id", flat=True))
    held = Roster.objects.filter(Q(file_id__in=ids) | Q(paper_ids__overlap=ids), forgotten_at=None)
    for file_id, papers in held.values_list("file_id", "paper_ids"):
        used |= {file_id, *papers}
    used |= joints.needing(ids)
    return {i for i in ids if i in used}
