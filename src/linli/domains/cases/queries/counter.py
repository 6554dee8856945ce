"""What a clerk at the counter sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from linli.domains.cases.form import check_form, fits
from linli.domains.cases.lifecycle import Move, State, may_move
from linli.domains.cases.models import (
    Case,
    CaseMaterial,
    Correction,
    MaterialFile,
)
from linli.domains.cases.permissions import (
    ACCEPT,
    RECEIVE,
    counter_cases,
    supervised_cases,
)
from linli.domains.cases.queries.looking import ClockView, case_for, clock_views, materials_of
from linli.domains.cases.sharing import Filling, fillings
from linli.domains.catalog.queries import ItemStandard, Standard, get_standard, known_facts, search
from linli.domains.documents.queries import (
    DocumentCard,
    documents_of,
)
from linli.domains.exchange.queries import Shared, shared_of
from linli.domains.org.queries import Power, powers_of
from linli.domains.people.queries import Party, employer_facts, parties, person_facts
from linli.kernel.actors import Actor, Channel
from linli.kernel.calendar import SHANGHAI, local_date
from linli.kernel.errors import Invalid, NotFound
from linli.kernel.text import msg


def prefill(standard: Standard, facts: dict[str, str], *, employer: bool, today: date) -> dict[str, str]:
    """What a form can be filled with from what is already known and its fields accept, field by field."""
    fields = {f.name: f for f in standard.form}
    known = {
        name: facts[fact]
        for name, fact in known_facts(standard, employer=employer).items()
        if facts.get(fact) and fits(fields[name], facts[fact], today=today)
    }
    return {"apply_date": today.isoformat()} | known if any(f.name == "apply_date" for f in standard.form) else known


def fitting(standard: Standard, values: Mapping[str, Any], today: date) -> dict[str, Any]:
    """What is known as far as the fields take it: a fact that was kept in another wording is left to be filled in."""
    try:
        return check_form(standard.form, values, today=today, complete=False)
    except Invalid as error:
        wrong = {e.field for e in error.errors}
        return check_form(standard.form, {k: v for k, v in values.items() if k not in wrong}, today=today, complete=False)


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
    shared: dict[str, Shared] = field(default_factory=dict)


def counter_sheet(case_id: UUID, *, by: Actor, now: datetime) -> CounterSheet:
    """A case at the counter that took it in. Raises :class:`NotFound`."""
    case = case_for(case_id, by=by, among=counter_cases(by))
    who = parties([case.applicant_id, case.agent_id])
    materials, files = materials_of(case)
    return CounterSheet(
        case, get_standard(case.standard_id), who[case.applicant_id], who.get(case.agent_id) if case.agent_id else None,
        case.form.open_json(), materials, files, Correction.objects.filter(case=case).first(), clock_views(case, now=now),
        shared_of(case.pk),
    )  # fmt: skip


def known_fields(sheet: CounterSheet) -> frozenset[str]:
    """Which fields of a form still say what the bureau knew of the applicant before, so that a page can mark them."""
    employer = sheet.case.applicant_is_employer
    facts = employer_facts(sheet.applicant.id) if employer else person_facts(sheet.applicant.id)
    known = known_facts(sheet.standard, employer=employer)
    return frozenset(name for name, fact in known.items() if facts.get(fact) and sheet.form.get(name) == facts[fact])


def filled_fields(sheet: CounterSheet, *, today: date) -> dict[str, Filling]:
    """Which fields of a form still say what another department said, and which."""
    return fillings(sheet.materials, sheet.shared, sheet.form, sheet.standard, today=today)


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
        acts |= {CounterAct.WITHDRAW} if may_move(state, Move.WITHDRAW) and case.channel != Channel.AUTOMATIC else set()
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
    mine = counter_cases(by).values("pk")
    # Each part by its own index; as one condition with "or" PostgreSQL would read all the hall ever took in.
    few = mine.filter(state=State.DRAFT).union(mine.filter(received_at__gte=midnight))
    return Case.objects.filter(pk__in=few).order_by("-started_at")


def counter_file(case_id: UUID, file_id: UUID, *, by: Actor) -> MaterialFile:
    """A file of a case the actor may see at a counter or supervises."""
    case = case_for(case_id, by=by, among=supervised_cases(by) if by.can("cases.supervise") else counter_cases(by))
    found = MaterialFile.objects.filter(pk=file_id, material__case=case).first()
    if found is None:
        raise NotFound(what=msg("该文件"))
    return found
