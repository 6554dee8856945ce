"""What a supervisor sees of a case, and what its applicant is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from linli.domains.cases.lifecycle import Move
from linli.domains.cases.models import (
    Ask,
    Case,
    CaseMaterial,
    Correction,
    Decision,
    Delivery,
    Draw,
    MaterialFile,
    Refusal,
    Step,
)
from linli.domains.cases.permissions import (
    counter_cases,
    supervised_cases,
)
from linli.domains.cases.queries.looking import ClockView, case_for, clock_views, materials_of
from linli.domains.catalog.queries import Standard, get_standard
from linli.domains.documents.queries import (
    DocumentCard,
    documents_of,
)
from linli.domains.people.queries import Party, parties
from linli.domains.trace.queries import Entry, case_proof, timeline
from linli.kernel.actors import Actor
from linli.kernel.errors import NotFound
from linli.kernel.identifiers import compact
from linli.kernel.text import msg


@dataclass(frozen=True, slots=True)
class SupervisorSheet:
    """All that a supervisor sees of a case."""

    case: Case
    standard: Standard
    applicant: Party
    materials: list[CaseMaterial]
    files: dict[UUID, list[MaterialFile]]
    steps: list[Step]
    draws: dict[UUID, Draw]
    clocks: list[ClockView]
    decision: Decision | None
    refusal: Refusal | None
    delivery: Delivery | None
    correction: Correction | None
    asks: list[Ask]


def supervisor_sheet(case_id: UUID, *, by: Actor, now: datetime) -> SupervisorSheet:
    """A case that the actor supervises. Raises :class:`NotFound`."""
    case = case_for(case_id, by=by, among=supervised_cases(by))
    materials, files = materials_of(case)
    steps = list(case.steps.order_by("ordinal", "attempt"))
    return SupervisorSheet(
        case=case, standard=get_standard(case.standard_id), applicant=parties([case.applicant_id])[case.applicant_id],
        materials=materials, files=files, steps=steps, draws={d.step_id: d for d in Draw.objects.filter(step__in=steps)},
        clocks=clock_views(case, now=now), decision=Decision.objects.filter(case=case).first(),
        refusal=Refusal.objects.filter(case=case).first(), delivery=Delivery.objects.filter(case=case).first(),
        correction=Correction.objects.filter(case=case).first(), asks=list(case.asks.order_by("-asked_at")),
    )  # fmt: skip


def supervised_paper(case_id: UUID, document_id: UUID, *, by: Actor) -> DocumentCard:
    """A paper of a case that the actor supervises. Raises :class:`NotFound`."""
    case_for(case_id, by=by, among=supervised_cases(by))
    found = next((d for d in documents_of(case_id) if d.id == document_id), None)
    if found is None:
        raise NotFound(what=msg("该文书"))
    return found


def full_timeline(case_id: UUID, *, by: Actor) -> list[Entry]:
    """Every act on a case, from its chain, for a supervisor."""
    case_for(case_id, by=by, among=supervised_cases(by))
    return timeline(case_id)


# What an applicant or a counter is shown of the chain: changes of state, never who reviews.
TOLD_ACTS = frozenset({
    Move.SUBMIT.act, Move.REQUEST_CORRECTION.act, Move.CORRECT.act, Move.ACCEPT.act, Move.DEEM_ACCEPTED.act, Move.SEND_TO_REVIEW.act,
    Move.SUSPEND.act, Move.RESUME.act, "cases.extended", Move.APPROVE.act, Move.REJECT.act, Move.ISSUE.act, Move.DELIVER.act,
    Move.CLOSE.act, Move.REFUSE.act, Move.WITHDRAW.act,
})  # fmt: skip
# And of cases that the bureau began by itself, which no other system brings.
_PLAIN_ACTS = TOLD_ACTS | {Move.START.act, "cases.paper_added"}
_QUIET_DATA = {"step", "steps", "chosen", "candidates", "excluded", "on_time", "client", "started_by", "decided_by"}


def plain_timeline(case_id: UUID, *, by: Actor) -> list[Entry]:
    """The acts a counter may see and tell the applicant: which state since when, never by whom in review."""
    case_for(case_id, by=by, among=counter_cases(by))
    return plain_entries(case_id)


def plain_entries(case_id: UUID) -> list[Entry]:
    """The same for whoever has already been found to see the case."""
    shown = []
    for e in timeline(case_id):
        if e.act in _PLAIN_ACTS:
            org = e.org_id if e.act == Move.SUBMIT.act else None
            data = {k: v for k, v in e.data.items() if k not in _QUIET_DATA}
            shown.append(Entry(e.seq, e.at, e.act, None, None, org, None, e.channel, data))
    return shown


def proof_of(number: str, *, by: Actor) -> dict[str, Any]:
    """The proof of a case the actor supervises, for an outsider to verify: what happened and when, never what was noted or
    who acted. Raises :class:`NotFound`."""
    by.must("trace.read")
    case = supervised_cases(by).filter(number=compact(number)).only("pk").first()
    if case is None:
        raise NotFound(what=msg("编号为 %(number)s 的办件", number=number))
    return case_proof(case.pk, show_data=False)
