"""What may be asked about cases; every answer goes through ``permissions``, so a list never shows what a page would refuse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import Case as Choice
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, When

from linli.domains.cases import clocks
from linli.domains.cases.clock import ClockKind, Colour, colour, explain
from linli.domains.cases.deciding import DecisionText, check_links, decision_text
from linli.domains.cases.draw import Exclusion, commitment, message, pick
from linli.domains.cases.form import fits
from linli.domains.cases.grounds import (
    RECEIPT_TRIES,
    DeliveryMethod,
    ExternalAct,
    MaterialState,
    PauseGround,
    Received,
    RefusalGround,
)
from linli.domains.cases.lifecycle import FINAL, IN_HAND, Move, State, may_move, moves_from, state_after
from linli.domains.cases.models import (
    Ask,
    Case,
    CaseMaterial,
    ClockRow,
    Correction,
    Decision,
    Delivery,
    Draw,
    DrawDay,
    ExtensionRow,
    MaterialFile,
    Refusal,
    Step,
    StepKind,
    StepState,
    Suspension,
)
from linli.domains.cases.oversight import (
    Outlook,
    ask_for,
    cases_touched,
    extendable,
    outlook,
    supervisor_acts,
    under_way,
    waiting_steps,
    why_waiting,
)
from linli.domains.cases.permissions import (
    ACCEPT,
    DECIDE,
    RECEIVE,
    REVIEW,
    counter_cases,
    delivery_cases,
    external_cases,
    issue_cases,
    step_cases,
    supervised_cases,
    visible_cases,
)
from linli.domains.cases.reading import Answer, answers
from linli.domains.catalog.queries import ItemStandard, Standard, get_standard, known_facts, search
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
from linli.domains.org.queries import Power, authorities, calendar, powers_of
from linli.domains.people.queries import CONTEXT, Party, employer_facts, parties, person_facts
from linli.domains.trace.queries import Entry, case_proof, timeline
from linli.kernel.actors import Actor
from linli.kernel.calendar import SHANGHAI, local_date
from linli.kernel.errors import NotAllowed, NotFound
from linli.kernel.fields import blind
from linli.kernel.identifiers import compact
from linli.kernel.text import Message, msg

__all__ = [
    "committed_line", "proof_of", "published_draws", "revealed_line",
    "alias_of", "Answer", "answers", "Ask", "asks", "board", "Board", "Case", "case_colour", "case_for", "CaseMaterial", "cases_of", "clock_outcomes",
    "clock_views", "ClockKind", "ClockView", "Colour", "Correction", "counter_acts", "counter_cases", "counter_file",
    "counter_paper", "counter_sheet", "counter_today", "CounterAct", "CounterSheet", "DayReplay", "days_left",
    "Decision", "DecisionText", "Delivery", "delivery_cases", "DeliveryMethod", "Draw",
    "draw_days", "DrawDay", "DrawReplay", "draws_of", "Exclusion", "FINAL", "find", "full_timeline", "id_of_number",
    "case_numbers", "external_sheet", "external_waiting", "ExternalAct", "ExternalLine", "ExternalSheet", "find_issued",
    "handover_sheet", "HandoverSheet", "issue_sheet", "IssueSheet", "next_to_issue", "paper_for", "PaperAccess",
    "IN_HAND", "issue_cases", "items_here", "issue_queue", "known_fields", "MaterialFile", "MaterialState", "Move", "moves_from", "my_pile", "my_steps",
    "open_cases", "Opinion", "PauseGround", "Pile", "pile_counts", "plain_timeline", "prefill", "preview_decision",
    "Received", "Refusal", "RefusalGround",
    "replay_day", "review_file", "review_sheet", "ReviewSheet", "State", "state_after", "Step", "step_cases", "StepKind", "StepState",
    "supervised_cases", "supervisor_sheet", "SupervisorSheet", "to_deliver", "visible_cases",
    "ask_for", "cases_touched", "draw_counts", "draw_ledger", "draws_on", "extendable", "outlook", "Outlook", "replay_draws", "supervised_paper",
    "supervisor_acts", "waiting_steps", "why_waiting",
]  # fmt: skip


# -- clocks -----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClockView:
    """A clock as a page shows it: what it counts, until when, how pressing, and why."""

    kind: ClockKind
    number: int
    unit: str
    due_on: date | None
    colour: Colour
    working_days_left: int | None
    provisional: bool
    basis: str
    certainty: str
    outcome: str
    stopped_on: date | None
    explanation: tuple[Message, ...]


def clock_views(case: Case, *, now: datetime) -> list[ClockView]:
    """All clocks of a case, running ones first."""
    rows = sorted(case.clocks.all(), key=lambda r: (r.outcome != "running", r.start_at))
    suspensions, extensions = list(case.suspensions.all()), list(case.extensions.all())
    return [_view(row, case, suspensions, extensions, now) for row in rows]


def _view(
    row: ClockRow, case: Case, suspensions: Sequence[Suspension], extensions: Sequence[ExtensionRow], now: datetime
) -> ClockView:
    days = calendar(case.region)
    kind = ClockKind(row.kind)
    result = clocks.derive(row, days, suspensions, extensions)
    stopped = row.outcome != "running"
    budget = clocks.budget_of(row)
    left = days.working_days_between(local_date(now), result.day) if result.day and not stopped else None
    shade = colour(
        end=result.day, amber=row.amber_on, now=now, conventions=clocks.conventions(), paused=result.day is None, stopped=stopped
    )
    said = explain(kind, budget, result, clocks.pauses_of(kind, suspensions, row.start))
    return ClockView(
        kind, row.number, budget.unit.label, result.day, shade, left, result.provisional, row.basis, row.certainty, row.outcome,
        row.stopped_on, tuple(said),
    )  # fmt: skip


def case_colour(case: Case, *, now: datetime) -> Colour:
    """The colour of a case in a list, from its projection alone."""
    if case.state in FINAL:
        return Colour.DONE
    paused = case.state == State.SUSPENDED
    return colour(
        end=case.due_on,
        amber=case.amber_on,
        now=now,
        conventions=clocks.conventions(),
        paused=paused or case.due_on is None,
        stopped=False,
    )


def days_left(case: Case, *, now: datetime) -> int | None:
    """Working days until the projected due date; negative when it is over, None when no date can be told."""
    return calendar(case.region).working_days_between(local_date(now), case.due_on) if case.due_on else None


# -- finding ----------------------------------------------------------------------------------------------------------------------


def case_for(case_id: UUID, *, by: Actor, among: QuerySet[Case] | None = None) -> Case:
    """One case the actor may see. Raises :class:`NotFound` otherwise, whether or not it exists."""
    cases = visible_cases(by) if among is None else among
    case = cases.prefetch_related("clocks", "suspensions", "extensions").filter(pk=case_id).first()
    if case is None:
        raise NotFound(what=msg("这件办件"))
    return case


def find(text: str, *, by: Actor, cases: QuerySet[Case] | None = None) -> QuerySet[Case]:
    """Cases the actor may see, by number, by the tail of a number (4 or more characters), or by the applicant's document number."""
    visible = visible_cases(by) if cases is None else cases
    value = compact(text)
    if not value:
        return visible.none()
    if len(value) == 22:
        return visible.filter(number=value)
    if len(value) in (15, 18):
        return visible.filter(applicant_id__in=_party_ids(value)).order_by("-started_at")
    if len(value) >= 4 and value.isascii() and value.isalnum():
        # Spelt like the index, so that PostgreSQL uses it.
        tail = value[::-1]
        return visible.extra(where=["reverse(cases_case.number) LIKE %s"], params=[f"{tail}%"]).order_by("-received_at")
    return visible.none()


def _party_ids(value: str) -> list[UUID]:
    from linli.domains.people.queries import find_employers, person_by_index

    person = person_by_index(blind(value, context=CONTEXT))
    return [*([person] if person else []), *find_employers(value).values_list("pk", flat=True)]


def open_cases(
    *, by: Actor, now: datetime, shade: Colour | None = None, state: State | None = None, item_code: str = ""
) -> QuerySet[Case]:
    """Cases under way that the actor supervises, the most pressing first; by clock colour, state and item where asked."""
    cases = under_way(by)
    if state:
        cases = cases.filter(state=state)
    if item_code:
        cases = cases.filter(item_code=item_code)
    if shade:
        cases = cases.filter(_shade(shade, now))
    return cases.order_by(F("due_on").asc(nulls_last=True), "id")


def _shade(shade: Colour, now: datetime) -> Q:
    """The projection of a colour as a filter; at close of business what is due today turns red."""
    local = now.astimezone(SHANGHAI)
    over = local.time() > clocks.conventions().close_of_business
    today = local.date()
    red = Q(due_on__lte=today) if over else Q(due_on__lt=today)
    paused = Q(state=State.SUSPENDED) | Q(due_on=None)
    match shade:
        case Colour.RED:
            return red & ~paused
        case Colour.AMBER:
            return Q(amber_on__lte=today) & ~red & ~paused
        case Colour.GREEN:
            return Q(due_on__gte=today) & ~red & ~Q(amber_on__lte=today) & ~paused
        case _:
            return paused


@dataclass(frozen=True, slots=True)
class Board:
    """Open cases by colour, with the asks that wait for an answer."""

    counts: dict[Colour, int]
    asks: int

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def board(*, by: Actor, now: datetime) -> Board:
    """How many open cases have which colour, in one query over the open ones."""
    shades = [Colour.RED, Colour.AMBER, Colour.GREEN, Colour.PAUSED]
    row = open_cases(by=by, now=now).order_by().aggregate(**{s.value: Count("pk", filter=_shade(s, now)) for s in shades})
    return Board({s: row[s.value] for s in shades}, asks(by=by).count())


def asks(*, by: Actor) -> QuerySet[Ask]:
    """What reviewers ask of this supervisor and nobody has answered, oldest first."""
    return Ask.objects.filter(settled_at=None, case__in=supervised_cases(by)).select_related("case", "step").order_by("asked_at")


# -- the counter ------------------------------------------------------------------------------------------------------------------


def prefill(standard: Standard, facts: dict[str, str], *, employer: bool, today: date) -> dict[str, str]:
    """What a form can be filled with from what is already known and its fields accept, field by field."""
    fields = {f.name: f for f in standard.form}
    known = {
        name: facts[fact]
        for name, fact in known_facts(standard, employer=employer).items()
        if facts.get(fact) and fits(fields[name], facts[fact], today=today)
    }
    return {"apply_date": today.isoformat()} | known if any(f.name == "apply_date" for f in standard.form) else known


@dataclass(frozen=True, slots=True)
class CounterSheet:
    """All that a clerk sees of a case."""

    case: Case
    standard: Standard
    applicant: Party
    agent: Party | None
    form: dict[str, Any]
    materials: list[CaseMaterial]
    files: dict[UUID, list[MaterialFile]]
    correction: Correction | None
    clocks: list[ClockView]


def counter_sheet(case_id: UUID, *, by: Actor, now: datetime) -> CounterSheet:
    """A case at the counter that took it in. Raises :class:`NotFound`."""
    case = case_for(case_id, by=by, among=counter_cases(by))
    who = parties([case.applicant_id, case.agent_id])
    materials, files = _materials(case)
    return CounterSheet(
        case, get_standard(case.standard_id), who[case.applicant_id], who.get(case.agent_id) if case.agent_id else None,
        case.form.open_json(), materials, files, Correction.objects.filter(case=case).first(), clock_views(case, now=now),
    )  # fmt: skip


def known_fields(sheet: CounterSheet) -> frozenset[str]:
    """Which fields of a form still say what the bureau knew of the applicant before, so that a page can mark them."""
    employer = sheet.case.applicant_is_employer
    facts = employer_facts(sheet.applicant.id) if employer else person_facts(sheet.applicant.id)
    known = known_facts(sheet.standard, employer=employer)
    return frozenset(name for name, fact in known.items() if facts.get(fact) and sheet.form.get(name) == facts[fact])


def _materials(case: Case) -> tuple[list[CaseMaterial], dict[UUID, list[MaterialFile]]]:
    materials = list(CaseMaterial.objects.filter(case=case).order_by("code"))
    files: dict[UUID, list[MaterialFile]] = {}
    for f in MaterialFile.objects.filter(material__case=case, removed_at=None).order_by("added_at"):
        files.setdefault(f.material_id, []).append(f)
    return materials, files


def counter_paper(case_id: UUID, document_id: UUID, *, by: Actor) -> DocumentCard:
    """A paper of a case at this counter. Raises :class:`NotFound` for any other, though it may exist."""
    case = case_for(case_id, by=by, among=counter_cases(by))
    found = next((d for d in documents_of(case.pk) if d.id == document_id), None)
    if found is None:
        raise NotFound(what=msg("文书"))
    return found


def cases_of(party_id: UUID, *, by: Actor) -> QuerySet[Case]:
    """The cases of an applicant that this counter may see, newest first."""
    return counter_cases(by).filter(applicant_id=party_id).order_by("-started_at", "-id")


def items_here(text: str, *, by: Actor, on: date) -> QuerySet[ItemStandard]:
    """Items that the actor's organisation may take in, by what was typed; the best match first, nothing typed gives all."""
    if by.org_id is None or not by.can(RECEIVE):
        return ItemStandard.objects.none()
    held = powers_of(by.org_id, region=by.region, on=on)
    mine = [code for code, powers in held.items() if powers & {Power.RECEIVE, Power.ACCEPT}]
    return search(text, region=by.region, on=on).filter(item_id__in=mine).defer("doc")


class CounterAct(StrEnum):
    """What a counter can do with a case, as far as its state, its place and the post of whoever asks allow."""

    FILL = "fill"
    RECEIVE = "receive"
    RECEIVE_BACK = "receive_back"
    ACCEPT = "accept"
    NOTIFY = "notify"
    WITHDRAW = "withdraw"
    ELSEWHERE = "elsewhere"


def counter_acts(case: Case, *, by: Actor) -> frozenset[CounterAct]:
    """Which acts a page at the counter offers; the commands ask again. Turning somebody away is not among them."""
    state, acts = State(case.state), set()
    is_open = state in (State.DRAFT, State.SUBMITTED, State.CORRECTION_REQUESTED)
    if by.can(RECEIVE):
        acts |= {CounterAct.FILL} if is_open else set()
        acts |= {CounterAct.RECEIVE} if state is State.DRAFT else set()
        acts |= {CounterAct.RECEIVE_BACK} if state is State.CORRECTION_REQUESTED else set()
        acts |= {CounterAct.WITHDRAW} if may_move(state, Move.WITHDRAW) else set()
    if by.can(ACCEPT) and case.external and state is State.SUBMITTED:
        acts.add(CounterAct.ELSEWHERE)
    if by.can(ACCEPT) and is_open and not case.external and case.org_id == by.org_id:
        acts.add(CounterAct.ACCEPT)
        if state is not State.CORRECTION_REQUESTED and not Correction.objects.filter(case=case).exists():
            acts.add(CounterAct.NOTIFY)
    return frozenset(acts)


def counter_today(*, by: Actor, now: datetime) -> QuerySet[Case]:
    """The counter's own list: drafts and what came in today, newest first."""
    midnight = datetime.combine(local_date(now), datetime.min.time(), SHANGHAI)
    return counter_cases(by).filter(Q(state=State.DRAFT) | Q(received_at__gte=midnight)).order_by("-started_at")


# -- review -----------------------------------------------------------------------------------------------------------------------


def my_steps(*, by: Actor) -> QuerySet[Step]:
    """The open stages the draw gave the actor, due first; those of suspended cases last."""
    if by.user_id is None or not (by.can("cases.review") or by.can("cases.decide")):
        raise NotAllowed(permission="cases.review")
    return (
        Step.objects.filter(user_id=by.user_id, state=StepState.OPEN, kind__in=["review", "second_review", "decide"])
        .select_related("case")
        .order_by("due_on", "id")
    )


class Pile(StrEnum):
    """A reviewer's lists: what can be worked on, what waits for a special procedure, what is done."""

    OPEN = "open"
    SUSPENDED = "suspended"
    DONE = "done"

    @property
    def order(self) -> str:
        """By which column its pages go: due first, or done last."""
        return {"open": "due_on", "suspended": "opened_at", "done": "-done_at"}[self.value]


def my_pile(pile: Pile, *, by: Actor) -> QuerySet[Step]:
    """One of the actor's own lists, in its order."""
    if pile is Pile.DONE:
        if by.user_id is None or not (by.can("cases.review") or by.can("cases.decide")):
            raise NotAllowed(permission="cases.review")
        done = Step.objects.filter(user_id=by.user_id, state=StepState.DONE, kind__in=["review", "second_review", "decide"])
        done = done.filter(case__external=False)  # what was done elsewhere has a list of its own
        return done.select_related("case").order_by(pile.order, "id")
    waits = Q(case__state=State.SUSPENDED)
    return my_steps(by=by).filter(waits if pile is Pile.SUSPENDED else ~waits).order_by(pile.order, "id")


def pile_counts(*, by: Actor) -> dict[Pile, int]:
    """How much lies open and suspended; the load limit of the draw keeps both small."""
    waits = Q(case__state=State.SUSPENDED)
    row = my_steps(by=by).order_by().aggregate(suspended=Count("pk", filter=waits), open=Count("pk", filter=~waits))
    return {Pile.OPEN: row["open"], Pile.SUSPENDED: row["suspended"]}


@dataclass(frozen=True, slots=True)
class Opinion:
    """What an earlier stage said; by its name, never by a person's."""

    stage: str
    proposal: str
    text: str
    links: list[str]
    at: datetime | None


@dataclass(frozen=True, slots=True)
class ReviewSheet:
    """All that a reviewer sees of a case: nothing of where it came in or who took it in (``docs/architecture.md``, invariant 3).

    ``alias`` stands for the case instead of its number, which names place and channel.
    """

    step: Step
    alias: str
    version: int
    state: State
    standard: Standard
    applicant: Party
    answers: list[Answer]
    materials: list[CaseMaterial]
    files: dict[UUID, list[MaterialFile]]
    opinions: list[Opinion]
    clocks: list[ClockView]
    asked: list[Ask]
    received_on: date | None


def alias_of(step: Step | UUID) -> str:
    """A short name for a stage that says nothing about place or channel."""
    hexed = (step if isinstance(step, UUID) else step.pk).hex[-10:].upper()
    return f"{hexed[:5]}-{hexed[5:]}"


def review_sheet(step_id: UUID, *, by: Actor, now: datetime) -> ReviewSheet:
    """The actor's own stage, open or done. Raises :class:`NotFound` for anybody else's."""
    step = _own_step(step_id, by)
    case = case_for(step.case_id, by=by, among=step_cases(by))
    materials, files = _materials(case)
    standard = get_standard(case.standard_id)
    earlier = case.steps.filter(state=StepState.DONE, ordinal__gt=0, ordinal__lt=step.ordinal).order_by("ordinal")
    return ReviewSheet(
        step=step, alias=alias_of(step), version=case.version, state=State(case.state), standard=standard,
        applicant=parties([case.applicant_id])[case.applicant_id], answers=answers(standard, case.form.open_json()),
        materials=materials, files=files,
        opinions=[Opinion(s.name, s.proposal, s.opinion, s.links_done, s.done_at) for s in earlier],
        clocks=[c for c in clock_views(case, now=now) if c.kind in (ClockKind.PROMISED, ClockKind.STATUTORY, ClockKind.STAGE)],
        asked=list(case.asks.filter(step=step).order_by("-asked_at")),
        received_on=local_date(case.received_at) if case.received_at else None,
    )  # fmt: skip


def preview_decision(
    step_id: UUID,
    *,
    approve: bool,
    facts: str = "",
    reasons: str = "",
    legal_basis: str = "",
    links_done: Sequence[str] = (),
    by: Actor,
) -> DecisionText:
    """What a decision at the actor's own stage would say, before it is made. Raises :class:`GroundsMissing`, :class:`LinksOpen`."""
    step = _own_step(step_id, by)
    case = case_for(step.case_id, by=by, among=step_cases(by))
    standard = get_standard(case.standard_id)
    check_links(step, standard, links_done)
    return decision_text(case, standard, approve=approve, facts=facts, reasons=reasons, legal_basis=legal_basis)


def _own_step(step_id: UUID, by: Actor) -> Step:
    step = Step.objects.filter(
        pk=step_id, user_id=by.user_id, state__in=[StepState.OPEN, StepState.DONE], kind__in=["review", "second_review", "decide"]
    ).first()
    if step is None or by.user_id is None or not (by.can("cases.review") or by.can("cases.decide")):
        raise NotFound(what=msg("这一环节"))
    return step


def review_file(step_id: UUID, file_id: UUID, *, by: Actor) -> MaterialFile:
    """A file of the actor's own stage."""
    step = _own_step(step_id, by)
    found = MaterialFile.objects.filter(pk=file_id, material__case_id=step.case_id, removed_at=None).first()
    if found is None:
        raise NotFound(what=msg("该文件"))
    return found


def counter_file(case_id: UUID, file_id: UUID, *, by: Actor) -> MaterialFile:
    """A file of a case the actor may see at a counter or supervises."""
    case = case_for(case_id, by=by, among=supervised_cases(by) if by.can("cases.supervise") else counter_cases(by))
    found = MaterialFile.objects.filter(pk=file_id, material__case=case).first()
    if found is None:
        raise NotFound(what=msg("该文件"))
    return found


# -- issue ------------------------------------------------------------------------------------------------------------------------


def issue_queue(*, by: Actor, now: datetime | None = None, shade: Colour | None = None) -> QuerySet[Case]:
    """Decided cases that wait for their result, the longest waiting first, without those the actor decided; by clock colour
    (at ``now``) where asked.

    ``holder_id`` of each is who has it on the table, or None.
    """
    own = Step.objects.filter(user_id=by.user_id, kind=StepKind.DECIDE, state=StepState.DONE).values("case_id")
    holder = Step.objects.filter(case=OuterRef("pk"), kind=StepKind.ISSUE, state=StepState.OPEN).values("user_id")[:1]
    cases = issue_cases(by).filter(state__in=[State.APPROVED, State.REJECTED], external=False).exclude(pk__in=own)
    if shade and now:
        cases = cases.filter(_shade(shade, now))
    return cases.annotate(holder_id=Subquery(holder)).order_by("decided_at", "id")


def next_to_issue(*, by: Actor) -> UUID | None:
    """The case an issuer takes next: what they have on the table, then what has waited longest and nobody has."""
    mine = Choice(When(holder_id=by.user_id, then=0), default=1)
    free = issue_queue(by=by).filter(Q(holder_id=None) | Q(holder_id=by.user_id))
    return free.order_by(mine, "decided_at", "id").values_list("pk", flat=True).first()


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision without who made it."""

    approved: bool
    facts: str
    reasons: str
    legal_basis: str
    remedies: str
    at: datetime


def _decided(case: Case) -> Decided | None:
    d = Decision.objects.filter(case=case).first()
    return Decided(d.approved, d.facts, d.reasons, d.legal_basis, d.remedies, d.decided_at) if d else None


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


_RESULTS = (PaperKind.DECISION, PaperKind.RESULT_CERTIFICATE)


def issue_sheet(case_id: UUID, *, by: Actor, now: datetime) -> IssueSheet:
    """A decided case of this platform, at the organisation that decided it. Raises :class:`NotFound`."""
    case = case_for(case_id, by=by, among=issue_cases(by).filter(external=False))
    decided = _decided(case)
    assert decided
    held = {s.kind: s for s in case.steps.filter(state__in=[StepState.OPEN, StepState.DONE], kind__in=[StepKind.DECIDE, StepKind.ISSUE])}
    issuing, deciding = held.get(StepKind.ISSUE), held.get(StepKind.DECIDE)
    org_id = case.deciding_org_id or case.org_id
    powers = authorities(case.item_code, on=local_date(now)).filter(power=Power.SEAL, org_id=org_id).order_by("-region")
    return IssueSheet(
        case=case, standard=get_standard(case.standard_id), applicant=parties([case.applicant_id])[case.applicant_id],
        decided=decided, papers=[d for d in documents_of(case.pk) if d.kind in _RESULTS],
        clocks=[c for c in clock_views(case, now=now) if c.kind is ClockKind.DELIVERY],
        prepared=issuing is not None and issuing.user_id == by.user_id, taken=issuing is not None and issuing.user_id != by.user_id,
        own_decision=deciding is not None and deciding.user_id is not None and deciding.user_id == by.user_id,
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
    if sealed or record.card.kind not in _RESULTS:
        among.append(delivery_cases(by))
    case = next(filter(None, (cases.filter(pk=subject).first() for cases in among)), None)
    in_ledger = any(by.can(p) for p in READ_LEDGER) and seal_ledger(by=by, subject_id=subject).filter(document_id=document_id).exists()
    if case is None and not in_ledger:
        raise NotFound(what=msg("文书"))
    if case is None and reading:
        raise NotAllowed(permission="cases.supervise")
    return PaperAccess(record, case)


def case_numbers(case_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The numbers of cases by id, for a list of papers whose reader may know that they exist. One query."""
    return {pk: number or "" for pk, number in Case.objects.filter(pk__in=set(case_ids)).values_list("pk", "number")}


# -- hand-over --------------------------------------------------------------------------------------------------------------------

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
        agent=who.get(case.agent_id) if case.agent_id else None, papers=[d for d in papers if d.kind in _RESULTS],
        receipt=next((d for d in papers if d.kind is PaperKind.DELIVERY_RECEIPT), None),
        delivery=Delivery.objects.filter(case=case).first(),
        clocks=[c for c in clock_views(case, now=now) if c.kind is ClockKind.DELIVERY],
        tries_left=max(0, RECEIPT_TRIES - case.receipt_tries) if case.receipt_code is not None else 0,
    )  # fmt: skip


# -- handled elsewhere ------------------------------------------------------------------------------------------------------------


def external_waiting(*, by: Actor) -> QuerySet[Case]:
    """Cases handled in another system of which the next act is the actor's to record, the longest waiting first."""
    return external_cases(by, waiting=True).order_by("received_at", "id")


@dataclass(frozen=True, slots=True)
class ExternalLine:
    """One act of a case handled elsewhere: when it was recorded (None: still missing), and whether by the actor."""

    act: ExternalAct
    at: datetime | None
    mine: bool


@dataclass(frozen=True, slots=True)
class ExternalSheet:
    """All that somebody sees who records what was done in another system. ``number`` is empty for a reviewer, to whom it
    would tell where the case came in; ``may`` says whether ``next`` is the actor's to record, ``own`` that they must not
    because they recorded another act."""

    case: Case
    alias: str
    number: str
    standard: Standard
    applicant: Party
    lines: list[ExternalLine]
    next: ExternalAct | None
    may: bool
    own: bool
    decided: Decided | None


_EXTERNAL_STEPS = {
    ExternalAct.ACCEPT: StepKind.ACCEPT, ExternalAct.TAKE_OVER: StepKind.REVIEW, ExternalAct.REVIEW: StepKind.DECIDE,
    ExternalAct.ISSUE: StepKind.ISSUE,
}  # fmt: skip
_EXTERNAL_NEXT = {
    State.SUBMITTED: ExternalAct.ACCEPT, State.ACCEPTED: ExternalAct.TAKE_OVER, State.IN_REVIEW: ExternalAct.REVIEW,
    State.APPROVED: ExternalAct.ISSUE, State.REJECTED: ExternalAct.ISSUE,
}  # fmt: skip


def external_sheet(case_id: UUID, *, by: Actor) -> ExternalSheet:
    """A case handled elsewhere, for whoever may record one of its acts. Raises :class:`NotFound`."""
    case = case_for(case_id, by=by, among=external_cases(by))
    steps = {s.kind: s for s in case.steps.filter(state=StepState.DONE)}
    lines = []
    for act, kind in _EXTERNAL_STEPS.items():
        step = steps.get(kind)
        lines.append(ExternalLine(act, step.done_at if step else None, step is not None and step.user_id == by.user_id))
    coming = _EXTERNAL_NEXT.get(State(case.state))
    clash = [StepKind.DECIDE] if coming is ExternalAct.ISSUE else [StepKind.ACCEPT, StepKind.REVIEW, StepKind.DECIDE]
    reviewing = by.can(REVIEW) or by.can(DECIDE)
    return ExternalSheet(
        case=case, alias=alias_of(case.pk), number="" if reviewing else case.number or "", standard=get_standard(case.standard_id),
        applicant=parties([case.applicant_id])[case.applicant_id], lines=lines, next=coming,
        may=external_waiting(by=by).filter(pk=case.pk).exists(),
        own=coming is not None and any(line.mine and _EXTERNAL_STEPS[line.act] in clash for line in lines),
        decided=_decided(case),
    )  # fmt: skip


# -- supervision ------------------------------------------------------------------------------------------------------------------


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
    materials, files = _materials(case)
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
_PLAIN = {
    Move.SUBMIT.act, Move.REQUEST_CORRECTION.act, Move.CORRECT.act, Move.ACCEPT.act, Move.DEEM_ACCEPTED.act, Move.SEND_TO_REVIEW.act,
    Move.SUSPEND.act, Move.RESUME.act, "cases.extended", Move.APPROVE.act, Move.REJECT.act, Move.ISSUE.act, Move.DELIVER.act,
    Move.CLOSE.act, Move.REFUSE.act, Move.WITHDRAW.act,
}  # fmt: skip
_QUIET_DATA = {"step", "steps", "chosen", "candidates", "excluded", "on_time"}


def plain_timeline(case_id: UUID, *, by: Actor) -> list[Entry]:
    """The acts a counter may see and tell the applicant: which state since when, never by whom in review."""
    case_for(case_id, by=by, among=counter_cases(by))
    shown = []
    for e in timeline(case_id):
        if e.act in _PLAIN:
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


# -- the draw, repeated -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DrawReplay:
    """One draw repeated: whether it gives the same person again, and if not, why."""

    draw: Draw
    same: bool
    why: Message | None = None


@dataclass(frozen=True, slots=True)
class DayReplay:
    """A day's draws repeated, with whether its seed is the one committed to beforehand."""

    day: date
    committed_at: datetime
    seed_matches: bool
    revealed: bool
    draws: list[DrawReplay]

    @property
    def ok(self) -> bool:
        return self.seed_matches and all(d.same for d in self.draws)


def replay_draws(draws: Iterable[Draw]) -> dict[UUID, DrawReplay]:
    """Some draws repeated, by their stage, with one query for the seeds of their days. The caller may see them."""
    wanted = list(draws)
    days = {row.day: row for row in DrawDay.objects.filter(day__in={d.day_id for d in wanted})}
    return {d.step_id: _replay(d, _seed(days[d.day_id]), days[d.day_id]) for d in wanted}


def _seed(row: DrawDay) -> bytes:
    return bytes(row.revealed_seed) if row.revealed_seed else bytes.fromhex(row.seed.open())


def replay_day(day: date) -> DayReplay | None:
    """Repeat every draw of a day from its seed; None if the day had no seed. Nobody's permission is needed to check a lot."""
    row = DrawDay.objects.filter(day=day).first()
    if row is None:
        return None
    seed = _seed(row)
    draws = [_replay(d, seed, row) for d in Draw.objects.filter(day_id=day).order_by("at").iterator(chunk_size=500)]
    return DayReplay(day, row.committed_at, commitment(day, seed) == bytes(row.commitment), row.revealed_at is not None, draws)


def _replay(d: Draw, seed: bytes, day: DrawDay) -> DrawReplay:
    if d.at < day.committed_at:
        return DrawReplay(d, False, msg("抽取早于种子公布"))
    if set(map(str, d.candidates)) & set(d.excluded):
        return DrawReplay(d, False, msg("候选人与排除名单重复"))
    again = pick(seed, message(d.case_id, d.stage, d.attempt), d.candidates) if d.candidates else None
    if again != d.chosen:
        return DrawReplay(d, False, msg("重算结果为 %(again)s，记录为 %(chosen)s", again=again, chosen=d.chosen))
    return DrawReplay(d, True)


def committed_line(day: DrawDay) -> dict[str, Any]:
    """What is published of a day before it: a digest that fixes its seed."""
    return {
        "what": "committed", "day": day.day.isoformat(), "commitment": bytes(day.commitment).hex(),
        "at": day.committed_at.isoformat(),
    }  # fmt: skip


def revealed_line(day: DrawDay) -> dict[str, Any]:
    """What is published of a day after it: the seed and every draw. People and cases appear by their ids only."""
    draws = [
        {
            "case": str(d.case_id), "stage": d.stage, "attempt": d.attempt, "candidates": [str(c) for c in d.candidates],
            "excluded": d.excluded, "chosen": str(d.chosen), "at": d.at.isoformat(),
        }
        for d in Draw.objects.filter(day_id=day.day).order_by("at", "pk").iterator(chunk_size=500)
    ]  # fmt: skip
    return {"what": "revealed", "day": day.day.isoformat(), "seed": bytes(day.revealed_seed or b"").hex(), "draws": draws}


def published_draws(day: date) -> list[dict[str, Any]]:
    """The public lines of one day: its commitment and, once the day is over, its seed with every draw; none without a seed."""
    row = DrawDay.objects.filter(day=day).first()
    if row is None:
        return []
    return [committed_line(row)] + ([revealed_line(row)] if row.revealed_seed else [])


def draws_of(*, days: Iterable[date]) -> QuerySet[Draw]:
    return Draw.objects.filter(day_id__in=list(days)).order_by("-at")


def draw_ledger(*, by: Actor) -> QuerySet[DrawDay]:
    """All days with a seed, newest first, for who may repeat draws."""
    by.must("draws.replay")
    return DrawDay.objects.order_by("-day")


def draws_on(day: date, *, by: Actor) -> QuerySet[Draw]:
    """The draws of a day for who may repeat them. Raises :class:`NotFound` if the day has no seed."""
    if not draw_ledger(by=by).filter(day=day).exists():
        raise NotFound(what=msg("这一天的抽取"))
    return Draw.objects.filter(day_id=day).order_by("at")


def draw_counts(days: Iterable[date]) -> dict[date, int]:
    """How many draws each of some days had, in one query."""
    return dict(Draw.objects.filter(day_id__in=list(days)).values_list("day_id").annotate(n=Count("pk")).order_by())


def draw_days(*, limit: int = 60) -> QuerySet[DrawDay]:
    """The newest days with a seed."""
    return DrawDay.objects.order_by("-day")[:limit]


def id_of_number(number: str) -> UUID:
    """The case of a number, for the operator's commands. Raises :class:`NotFound`."""
    found = Case.objects.filter(number=compact(number)).values_list("pk", flat=True).first()
    if found is None:
        raise NotFound(what=msg("编号为 %(number)s 的办件", number=number))
    return found


def clock_outcomes(case_id: UUID | None = None) -> dict[ClockKind, Counter[str]]:
    """How the clocks of a case, or of all cases, ended or stand: counts of running, met, late and void by kind."""
    rows = ClockRow.objects.all() if case_id is None else ClockRow.objects.filter(case_id=case_id)
    found: dict[ClockKind, Counter[str]] = {}
    for kind, outcome, n in rows.values_list("kind", "outcome").annotate(n=Count("pk")).order_by():
        found.setdefault(ClockKind(kind), Counter())[outcome] += n
    return found
