"""What an issuer sees, and who hands a result over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Case as Choice
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, When

from linli.domains.cases.clock import ClockKind, Colour
from linli.domains.cases.deciding import Decided, decided, taken_back
from linli.domains.cases.grounds import (
    RECEIPT_TRIES,
)
from linli.domains.cases.lifecycle import State
from linli.domains.cases.models import (
    Case,
    Delivery,
    Step,
    StepKind,
    StepState,
)
from linli.domains.cases.papers import RESULTS, results, to_hand_over
from linli.domains.cases.permissions import (
    delivery_cases,
    issue_cases,
    supervised_cases,
    waiting_cases,
)
from linli.domains.cases.queries.looking import ClockView, case_for, clock_views, find, shade_is
from linli.domains.catalog.queries import Standard, get_standard
from linli.domains.documents.queries import (
    READ_LEDGER,
    DocumentCard,
    DocumentRecord,
    PaperKind,
    Seal,
    document_record,
    documents_of,
    seal_in_use,
    seal_ledger,
)
from linli.domains.org.queries import Organisation, Power, authorities, counters
from linli.domains.people.queries import Party, parties
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.errors import NotAllowed, NotFound
from linli.kernel.text import msg


def issue_queue(*, by: Actor, now: datetime | None = None, shade: Colour | None = None) -> QuerySet[Case]:
    """Decided cases that wait for their result, the longest waiting first, without those the actor decided; by clock colour
    (at ``now``) where asked.

    ``holder_id`` of each is who has it on the table, or None.
    """
    # Asked of each waiting case: who has decided for years has a long list of their own.
    own = Step.objects.filter(case=OuterRef("pk"), user_id=by.user_id, kind=StepKind.DECIDE, state=StepState.DONE)
    holder = Step.objects.filter(case=OuterRef("pk"), kind=StepKind.ISSUE, state=StepState.OPEN).values("user_id")[:1]
    cases = waiting_cases(by).filter(~Exists(own))
    if shade and now:
        cases = cases.filter(shade_is(shade, now))
    return cases.annotate(holder_id=Subquery(holder)).order_by("decided_at", "id")


def next_to_issue(*, by: Actor) -> UUID | None:
    """The case an issuer takes next: what they have on the table, then what has waited longest and nobody has."""
    mine = Choice(When(holder_id=by.user_id, then=0), default=1)
    free = issue_queue(by=by).filter(Q(holder_id=None) | Q(holder_id=by.user_id))
    return free.order_by(mine, "decided_at", "id").values_list("pk", flat=True).first()


@dataclass(frozen=True, slots=True)
class IssueSheet:
    """All that an issuer sees of a case: what was decided and not by whom, its papers, and the seal they will bear.

    ``own_decision`` says that the actor decided it and so may not issue it; ``taken`` that a colleague has it on the table.
    ``power`` is the document by which the body holds the power to seal for this item.
    """

    case: Case
    standard: Standard
    applicant: Party
    decided: Decided
    papers: list[DocumentCard]
    clocks: list[ClockView]
    prepared: bool
    taken: bool
    own_decision: bool
    seal: Seal | None
    power: str


def issue_sheet(case_id: UUID, *, by: Actor, now: datetime) -> IssueSheet:
    """A decided case of this platform, at the organisation that decided it. Raises :class:`NotFound`."""
    case = case_for(case_id, by=by, among=issue_cases(by).filter(external=False))
    found = decided(case)
    assert found
    held = {
        s.kind: s for s in case.steps.filter(state__in=[StepState.OPEN, StepState.DONE], kind__in=[StepKind.DECIDE, StepKind.ISSUE])
    }
    issuing, deciding = held.get(StepKind.ISSUE), held.get(StepKind.DECIDE)
    breach = None if found.approved else taken_back(case)
    papers = [d for d in documents_of(case.pk) if d.kind in RESULTS] if found.approved or case.issued_at else results(case)
    deciders = {deciding.user_id if deciding else None, breach.concluded_by_id if breach else None}
    org_id = case.deciding_org_id or case.org_id
    powers = authorities(case.item_code, on=local_date(now)).filter(power=Power.SEAL, org_id=org_id).order_by("-region")
    return IssueSheet(
        case=case, standard=get_standard(case.standard_id), applicant=parties([case.applicant_id])[case.applicant_id],
        decided=found, papers=papers,
        clocks=[c for c in clock_views(case, now=now) if c.kind is ClockKind.DELIVERY],
        prepared=issuing is not None and issuing.user_id == by.user_id, taken=issuing is not None and issuing.user_id != by.user_id,
        own_decision=by.user_id is not None and by.user_id in deciders,
        seal=seal_in_use(org_id), power=next((a.document for a in powers if case.region.startswith(a.region)), ""),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class PaperAccess:
    """A paper of a case as far as the actor may know it. ``case`` is None for whoever sees only its line in the ledger of
    seals: what it is and whether it stands, never what it says."""

    record: DocumentRecord
    case: Case | None


def paper_for(document_id: UUID, *, by: Actor, reading: bool = False) -> PaperAccess:
    """A paper of a case the actor supervises, issues or hands over, or whose seal stands in a ledger they read.

    A counter sees a result once it is sealed. Raises :class:`NotFound`; with ``reading`` :class:`NotAllowed` for whoever
    may know of the paper and not what it says.
    """
    record = document_record(document_id)
    subject, sealed = record.card.subject_id, record.card.sealed_at is not None
    among = [supervised_cases(by), issue_cases(by)]
    if sealed or record.card.kind not in RESULTS:
        among.append(delivery_cases(by))
    case = next(filter(None, (cases.filter(pk=subject).first() for cases in among)), None)
    in_ledger = (
        any(by.can(p) for p in READ_LEDGER) and seal_ledger(by=by, subject_id=subject).filter(document_id=document_id).exists()
    )
    if case is None and not in_ledger:
        raise NotFound(what=msg("文书"))
    if case is None and reading:
        raise NotAllowed(permission="cases.supervise")
    return PaperAccess(record, case)


def collected_at(case: Case) -> UUID:
    """Where the result of a case is handed over: where its owner wants it, else where they were when it was taken in."""
    return case.collect_id or case.origin_id or case.hall_id


def collection_places(case: Case, *, on: date) -> QuerySet[Organisation]:
    """The counters where the result of a case can be handed over: all of its city, those of its own place first."""
    city = case.region[:4]
    near = counters(region=case.region, on=on).values("pk")
    own = Choice(When(pk__in=near, then=0), default=1)
    return counters(region=city, on=on).order_by(own, "-region_id", "code")


_HANDED = (State.ISSUED, State.DELIVERED, State.CLOSED)


def to_deliver(*, by: Actor) -> QuerySet[Case]:
    """Results that wait to be handed over, the longest waiting first."""
    return delivery_cases(by).filter(state=State.ISSUED).order_by("issued_at", "id")


def find_issued(text: str, *, by: Actor) -> QuerySet[Case]:
    """Results that wait or were handed over here, by number, tail of a number, or the applicant's document number."""
    return find(text, by=by, cases=delivery_cases(by).filter(state__in=_HANDED))


@dataclass(frozen=True, slots=True)
class HandoverSheet:
    """All that is needed to hand a result over, or to show that it was. ``tries_left``: with the code of receipt."""

    case: Case
    standard: Standard
    applicant: Party
    agent: Party | None
    papers: list[DocumentCard]
    receipt: DocumentCard | None
    delivery: Delivery | None
    clocks: list[ClockView]
    tries_left: int


def handover_sheet(case_id: UUID, *, by: Actor, now: datetime) -> HandoverSheet:
    """An issued case at the counter that took it in or at the organisation that issued it. Raises :class:`NotFound`."""
    case = case_for(case_id, by=by, among=delivery_cases(by).filter(state__in=_HANDED))
    who, papers = parties([case.applicant_id, case.agent_id]), documents_of(case.pk)
    return HandoverSheet(
        case=case, standard=get_standard(case.standard_id), applicant=who[case.applicant_id],
        agent=who.get(case.agent_id) if case.agent_id else None, papers=to_hand_over(case),
        receipt=next((d for d in papers if d.kind is PaperKind.DELIVERY_RECEIPT), None),
        delivery=Delivery.objects.filter(case=case).first(),
        clocks=[c for c in clock_views(case, now=now) if c.kind is ClockKind.DELIVERY],
        tries_left=max(0, RECEIPT_TRIES - case.receipt_tries) if case.receipt_code is not None else 0,
    )  # fmt: skip
