"""Bringing a case and what belongs to it, until it is accepted. What is missing is no hindrance: a correction notice asks for it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema, Status
from pydantic import Field, StrictBool, StringConstraints

from linli.api.base import Given
from linli.api.base import cases as router
from linli.api.guard import ApiRequest, Needs, OnceKey, once, who
from linli.api.uploads import uploaded
from linli.domains.cases import commands as cases
from linli.domains.cases.queries import case_for
from linli.domains.catalog.queries import Standard, get_standard, in_force
from linli.domains.clients.queries import Scope
from linli.domains.people.queries import party
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date

NEEDS: dict[str, Any] = {"tags": ["intake"], "auth": Needs(Scope.INTAKE)}

Text = Annotated[str, StringConstraints(max_length=2_000)]
Form = dict[
    Annotated[str, StringConstraints(max_length=64)], Text | StrictBool | Annotated[list[Text], Field(max_length=500)] | None
]
Kind = Literal["person", "employer"]


class ApplicantIn(Given):
    """For whom: the id that `/persons` or `/employers` gave, and the person who acts for them, if any."""

    kind: Kind
    id: UUID
    agent_id: UUID | None = None


class MaterialIn(Given):
    """One material of the item: how it is handed in, or that it does not apply; neither takes it back."""

    code: str = Field(max_length=64)
    received: Literal["uploaded", "photographed", "committed", "paper"] | None = None
    files: list[Annotated[str, StringConstraints(max_length=1_000)]] = Field([], max_length=20)
    note: str = Field("", max_length=500)
    not_applicable: StrictBool = False

    def handed(self, by: Actor) -> cases.Handed:
        return cases.Handed(
            self.code, cases.Received(self.received) if self.received else None, tuple(uploaded(f, by=by) for f in self.files), self.note,
            self.not_applicable,
        )  # fmt: skip


Materials = Annotated[list[MaterialIn], Field(max_length=100)]


class CaseIn(Given):
    """An application: the item, for whom, the form by the names of its fields, and the materials by their codes.

    A field of type `file` says the `file` of `POST /files`, or several.
    """

    item: str = Field(max_length=64)
    applicant: ApplicantIn
    form: Form
    materials: Materials = []
    region: str = Field(
        "", max_length=12, pattern=r"^(\d{2,12})?$", description="Where it belongs; the place of your counter when left out."
    )


class DraftIn(Given):
    """An application that is not whole yet: the item and for whom."""

    item: str = Field(max_length=64)
    applicant: ApplicantIn
    region: str = Field(
        "", max_length=12, pattern=r"^(\d{2,12})?$", description="Where it belongs; the place of your counter when left out."
    )


class DraftPatch(Given):
    """Some answers of a draft by the names of their fields, `null` to take one back; and materials. What is not named stays."""

    form: Form | None = None
    materials: Materials = []


class Supplement(Given):
    """More for a case: materials, and the form anew if it is given."""

    form: Form | None = None
    materials: Materials = []


class Withdrawal(Given):
    reason: str = Field("", max_length=500)


class Receipt(Schema):
    """What was received. The number is what people quote; the id leads to the rest."""

    id: UUID
    number: str
    received_at: datetime


class Done(Schema):
    id: UUID


@router.post("/cases", response={201: Receipt}, **NEEDS)
def submit_case(request: ApiRequest, body: CaseIn, key: OnceKey) -> object:
    """Submit an application. It is received at once, with its number; whether it is accepted the bureau says."""
    by = who(request)
    found = in_force(body.item, region=body.region or by.region, on=local_date(request.now))
    case_id = cases.receive_case(
        item_code=body.item, applicant=_applicant(body.applicant), form=body.form,
        materials=_handed(body, found.standard if found else None, by), region=body.region, by=by, now=request.now, **once(request, key),
    )  # fmt: skip
    return Status(201, _receipt(case_id, by))


def _handed(body: CaseIn | DraftPatch | Supplement, standard: Standard | None, by: Actor) -> list[cases.Handed]:
    """What is handed in: the materials, and the files that stand in the form where it asks for some; `null` takes them back."""
    handed = [m.handed(by) for m in body.materials]
    form = body.form or {}
    for code in [m.code for m in standard.attachments if m.code in form] if standard else []:
        said = form[code]
        tokens = [t for t in (said if isinstance(said, list) else [said]) if t]
        files = tuple(uploaded(str(t), by=by, field=code) for t in tokens)
        handed.append(cases.Handed(code, cases.Received.UPLOADED if files else None, files))
    return handed


def _standard(case_id: UUID, by: Actor) -> Standard:
    return get_standard(case_for(case_id, by=by, clocks=False).standard_id)


def _applicant(of: ApplicantIn) -> cases.Applicant:
    """Whoever is named, if they are known."""
    is_employer = of.kind == "employer"
    party(of.id, is_employer=is_employer)
    if of.agent_id:
        party(of.agent_id, is_employer=False)
    return cases.Applicant(of.id, is_employer, of.agent_id)


def _receipt(case_id: UUID, by: Actor) -> Receipt:
    case = case_for(case_id, by=by, clocks=False)
    return Receipt(id=case_id, number=case.number or "", received_at=case.received_at or case.started_at)


@router.post("/drafts", response={201: Done}, **NEEDS)
def start_draft(request: ApiRequest, body: DraftIn, key: OnceKey) -> object:
    """Begin an application that is filled in step by step. Nobody else sees it; one that is left lying for a month is forgotten."""
    by = who(request)
    case_id = cases.start_case(
        item_code=body.item, applicant=_applicant(body.applicant), region=body.region, by=by, now=request.now, **once(request, key)
    )
    return Status(201, Done(id=case_id))


@router.patch("/drafts/{case_id}", response=Done, **NEEDS)
def patch_draft(request: ApiRequest, case_id: UUID, body: DraftPatch, key: OnceKey) -> object:
    """Fill in some of a draft. What is answered wrongly is named, and then nothing is kept; what is missing may be."""
    by = who(request)
    cases.patch_draft(
        case_id=case_id, form=body.form, materials=_handed(body, _standard(case_id, by), by), by=by, now=request.now,
        **once(request, key),
    )  # fmt: skip
    return Done(id=case_id)


@router.post("/drafts/{case_id}/submission", response={201: Receipt}, **NEEDS)
def submit_draft(request: ApiRequest, case_id: UUID, key: OnceKey) -> object:
    """Submit a draft, whose form must be complete now. It is received at once, with its number."""
    by = who(request)
    cases.submit_draft(case_id=case_id, by=by, now=request.now, **once(request, key))
    return Status(201, _receipt(case_id, by))


@router.post("/cases/{case_id}/supplements", response=Done, **NEEDS)
def supplement_case(request: ApiRequest, case_id: UUID, body: Supplement, key: OnceKey) -> object:
    """Hand in more before the case is accepted: all of it or, if anything is wrong, nothing."""
    by = who(request)
    cases.supplement(
        case_id=case_id,
        form=body.form,
        materials=_handed(body, _standard(case_id, by), by),
        by=by,
        now=request.now,
        **once(request, key),
    )
    return Done(id=case_id)


@router.post("/cases/{case_id}/correction", response=Done, **NEEDS)
def correct_case(request: ApiRequest, case_id: UUID, body: Supplement, key: OnceKey) -> object:
    """Answer a correction notice, whole. What is still missing is named, and then nothing is kept."""
    by = who(request)
    cases.answer_correction(
        case_id=case_id,
        form=body.form,
        materials=_handed(body, _standard(case_id, by), by),
        by=by,
        now=request.now,
        **once(request, key),
    )
    return Done(id=case_id)


@router.post("/cases/{case_id}/withdrawal", response=Done, **NEEDS)
def withdraw_case(request: ApiRequest, case_id: UUID, body: Withdrawal, key: OnceKey) -> object:
    """End a case because its applicant wants it so, as long as it is not decided."""
    cases.withdraw_case(case_id=case_id, reason=body.reason, by=who(request), now=request.now, **once(request, key))
    return Done(id=case_id)
