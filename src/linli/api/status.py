"""How a case stands, in the words its applicant is told, with the date that was promised and why."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.utils.translation import gettext as _
from ninja import Query, Schema

from linli.api.base import cases as router
from linli.api.guard import ApiRequest, Needs, who
from linli.api.paging import Cursor, Limit, page
from linli.api.parties import PartyOut, shown
from linli.domains.cases.queries import (
    REVOKED,
    ClientSheet,
    ClockKind,
    MaterialState,
    State,
    ToldState,
    client_sheet,
    client_timeline,
    followed_cases,
    revoked_among,
    told_name,
    told_state,
    told_words,
)
from linli.domains.catalog.queries import names_of
from linli.domains.clients.queries import Scope

NEEDS: dict[str, Any] = {"tags": ["status"], "auth": Needs(Scope.STATUS)}


class CaseLine(Schema):
    """A case in a list. `words` are what its applicant is told."""

    id: UUID
    number: str
    item: str
    item_name: str
    state: ToldState
    words: str
    received_at: datetime | None
    due_on: date | None


class CasePage(Schema):
    items: list[CaseLine]
    next: str | None


class Promise(Schema):
    """Until when, how sure that is, and why: `explanation` is for reading to the applicant."""

    kind: ClockKind
    due_on: date | None
    provisional: bool
    working_days_left: int | None
    explanation: list[str]


class Asked(Schema):
    """One thing that a correction notice asks for."""

    code: str
    what: str
    is_field: bool


class CorrectionOut(Schema):
    given_on: date
    due_on: date
    items: list[Asked]
    corrected_at: datetime | None


class FileOut(Schema):
    id: UUID
    name: str
    content_type: str
    size: int
    sm3: str


class MaterialOut(Schema):
    code: str
    name: str
    state: MaterialState
    words: str
    files: list[FileOut]


class Office(Schema):
    """The office that has the case; never a person."""

    name: str
    phone: str
    address: str


class CaseOut(Schema):
    """A case as its applicant may know it."""

    id: UUID
    number: str
    item: str
    item_name: str
    standard_version: UUID
    state: ToldState
    words: str
    applicant: PartyOut
    office: Office
    received_at: datetime | None
    accepted_at: datetime | None
    decided_at: datetime | None
    issued_at: datetime | None
    delivered_at: datetime | None
    closed_at: datetime | None
    approved: bool | None
    revoked: bool
    promise: Promise | None
    correction: CorrectionOut | None
    materials: list[MaterialOut]


class EventOut(Schema):
    """One step of a case. `seq` is its place in the record."""

    seq: int
    at: datetime
    type: str
    words: str


Number = Annotated[str, Query(max_length=30)]


@router.get("/cases", response=CasePage, **NEEDS)
def list_cases(
    request: ApiRequest, number: Number = "", applicant: UUID | None = None, state: ToldState | None = None, limit: Limit = 20, cursor: Cursor = ""
) -> object:  # fmt: skip
    """The cases your system brought, the newest first."""
    found = followed_cases(by=who(request), number=number, applicant_id=applicant, state=state)
    rows, after = page(found, by="-started_at", limit=limit, cursor=cursor)
    names, revoked = names_of([c.item_code for c in rows]), revoked_among(rows)
    lines = [
        CaseLine(
            id=c.pk, number=c.number or "", item=c.item_code, item_name=names.get(c.item_code, c.item_code), state=told_state(c.state),
            words=_(REVOKED if c.pk in revoked else State(c.state).plain_label), received_at=c.received_at, due_on=c.due_on,
        )
        for c in rows
    ]  # fmt: skip
    return {"items": lines, "next": after}


@router.get("/cases/{case_id}", response=CaseOut, **NEEDS)
def get_case(request: ApiRequest, case_id: UUID) -> object:
    """One of them, with its promise, what is asked for, and its materials."""
    return _case(client_sheet(case_id, by=who(request), now=request.now))


def _case(sheet: ClientSheet) -> CaseOut:
    c, state, clock = sheet.case, State(sheet.case.state), sheet.clock
    # Whether it was granted is told with the result, not before.
    told = state in (State.ISSUED, State.DELIVERED, State.CLOSED)
    return CaseOut(
        id=c.pk, number=c.number or "", item=c.item_code, item_name=sheet.standard.name, standard_version=c.standard_id, state=told_state(state),
        words=_(REVOKED if sheet.revoked else state.plain_label), applicant=shown(c.applicant_id, is_employer=c.applicant_is_employer),
        office=Office(name=sheet.office.name, phone=sheet.office.phone, address=sheet.office.address),
        received_at=c.received_at, accepted_at=c.accepted_at, decided_at=c.decided_at, issued_at=c.issued_at, delivered_at=c.delivered_at,
        closed_at=c.closed_at, approved=c.approved if told else None, revoked=sheet.revoked,
        promise=Promise(
            kind=clock.kind, due_on=clock.due_on, provisional=clock.provisional, working_days_left=clock.working_days_left,
            explanation=[m.render(_) for m in clock.explanation],
        )
        if clock
        else None,
        correction=CorrectionOut(
            given_on=sheet.correction.given_on, due_on=sheet.correction.due_on, items=[Asked(**entry) for entry in sheet.correction.items],
            corrected_at=sheet.correction.corrected_at,
        )
        if sheet.correction
        else None,
        materials=[
            MaterialOut(
                code=m.code, name=m.name, state=MaterialState(m.state), words=_(MaterialState(m.state).label),
                files=[
                    FileOut(id=f.pk, name=f.name, content_type=f.content_type, size=f.size, sm3=bytes(f.sm3).hex())
                    for f in sheet.files.get(m.pk, [])
                ],
            )
            for m in sheet.materials
        ],
    )  # fmt: skip


@router.get("/cases/{case_id}/timeline", response=list[EventOut], **NEEDS)
def get_timeline(request: ApiRequest, case_id: UUID) -> object:
    """What happened, oldest first, in the words of the applicant."""
    return [
        EventOut(seq=e.seq, at=e.at, type=told_name(e.act), words=_(told_words(told_name(e.act))))
        for e in client_timeline(case_id, by=who(request))
    ]
