"""Rosters: many people of one employer handed in at once, checked as a whole, made into cases when that is asked for, followed."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema, Status
from pydantic import Field, StrictBool, StringConstraints, model_validator

from linli.api import problems
from linli.api.base import Given
from linli.api.catalogue import Code
from linli.api.guard import ApiRequest, Needs, OnceKey, once, who
from linli.api.intake import Form
from linli.api.paging import Cursor, Limit, page, ranked
from linli.api.problems import FieldProblem
from linli.api.uploads import uploaded
from linli.domains.cases import commands as cases
from linli.domains.cases.queries import (
    RosterPerson,
    RosterShape,
    RosterSheet,
    RosterState,
    ToldState,
    people_of,
    returned_sheet,
    roster_counts,
    roster_lines,
    roster_offer,
    roster_people,
    roster_problems,
    roster_sheet,
    roster_template,
    rosters,
    told_state,
)
from linli.domains.catalog.queries import FieldType, FormField
from linli.domains.clients.queries import Scope
from linli.domains.documents.queries import open_file
from linli.domains.people.queries import party
from linli.kernel.actors import Actor
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.text import msg, noop

router = Router(tags=["rosters"], auth=Needs(Scope.INTAKE))
_READ: dict[str, Any] = {"auth": Needs(Scope.STATUS)}
_LOOK: dict[str, Any] = {"auth": Needs(Scope.CATALOGUE)}
_MOST = 5_000
_SHOWN = 200  # rows named in one problem document
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BOOK = {
    "responses": {200: {"description": "The workbook.", "content": {_XLSX: {"schema": {"type": "string", "format": "binary"}}}}}
}
_RETURNED = {
    "responses": {
        422: {
            "description": "Nothing was imported: `errors` names each row, with its `row` and what to mend; `roster` leads to the rest."
        }
    }
}


class RosterReturned(LinliError):
    code = "api.roster_returned"
    template = noop("名单 %(rows)s 行中有 %(wrong)s 行需要修改，什么都没有导入。")
    remedy = noop("请按 errors 逐行修改后再交；行数多时其余的在 /rosters/{id}/problems，以工作簿交来的可以取回带说明的原件。")


# -- what a roster of an item looks like --------------------------------------------------------------------------------------------------


class ColumnOut(Schema):
    """A column, or something said once for all. `name` is what rows and `common` call it, `label` what the workbook does."""

    name: str
    label: str
    type: FieldType
    required: bool
    options: list[str]


class RosterForm(Schema):
    """How a roster of an item looks, and whose application a row is: `table` one case with the rows in it (500 each),
    `each_for_employer` one case a row with the employer as the applicant, `each_for_person` one with the person."""

    item: str
    shape: RosterShape
    most_rows: int
    columns: list[ColumnOut]
    common: list[ColumnOut]


def _columns(fields: tuple[FormField, ...]) -> list[ColumnOut]:
    return [ColumnOut(name=f.name, label=f.label, type=f.type, required=f.required, options=list(f.options)) for f in fields]


@router.get("/items/{code}/roster", response=RosterForm, **_LOOK)
def get_roster_form(request: ApiRequest, code: Code) -> object:
    """Which columns the roster of an item has at your counter; 404 where the item takes none."""
    offer = roster_offer(code, region=who(request).region, on=request.today)
    if offer is None:
        raise NotFound(what=msg("这个事项的名单模板"))
    plan = offer.plan
    return RosterForm(item=code, shape=plan.shape, most_rows=_MOST, columns=_columns(plan.columns), common=_columns(plan.common))


@router.get("/items/{code}/roster.xlsx", response={200: None}, openapi_extra=_BOOK, **_LOOK)
def get_roster_template(request: ApiRequest, code: Code) -> HttpResponse:
    """The workbook to fill in."""
    offer = roster_offer(code, region=who(request).region, on=request.today)
    if offer is None:
        raise NotFound(what=msg("这个事项的名单模板"))
    return _workbook(roster_template(offer), f"roster-{code}")


def _workbook(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=_XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    response["Content-Security-Policy"] = "default-src 'none'"
    return response


# -- handed in -------------------------------------------------------------------------------------------------------------------------------

Cell = Annotated[str, StringConstraints(max_length=2_000)] | StrictBool | int | Annotated[float, Field(allow_inf_nan=False)] | None
Row = dict[Annotated[str, StringConstraints(max_length=64)], Cell]


class People(Given):
    """The people: rows by the names of the columns, or a workbook by the `file` that `POST /files` gave."""

    rows: list[Row] | None = Field(None, min_length=1, max_length=_MOST)
    workbook: str | None = Field(None, max_length=1_000)

    @model_validator(mode="after")
    def _one_of_them(self) -> People:
        if (self.rows is None) == (self.workbook is None):
            raise ValueError("give either rows or workbook")
        return self

    def brought(self, by: Actor) -> cases.RosterFile | tuple[Row, ...]:
        if self.workbook is None:
            return tuple(self.rows or ())
        ref, name = uploaded(self.workbook, by=by)
        return cases.roster_file(BytesIO(open_file(ref.id).read()), name)


class RosterMaterial(Given):
    """How one material is handed in for all people."""

    code: str = Field(max_length=64)
    received: Literal["uploaded", "paper", "committed"] | None = None
    files: list[Annotated[str, StringConstraints(max_length=1_000)]] = Field([], max_length=20)
    not_applicable: StrictBool = False

    @property
    def how(self) -> str:
        return "not_applicable" if self.not_applicable else "uploaded" if self.files else self.received or ""

    def papers(self, by: Actor) -> list[cases.RosterFile]:
        return [
            cases.roster_paper(BytesIO(open_file(ref.id).read()), name) for ref, name in (uploaded(f, by=by) for f in self.files)
        ]


class RosterIn(People):
    """A roster of an item for an employer: the people, what is said once for all, and the materials, once for all."""

    item: str = Field(max_length=64)
    employer: UUID
    common: Form = {}
    materials: Annotated[list[RosterMaterial], Field(max_length=100)] = []


class CountOut(Schema):
    state: ToldState
    cases: int


class RosterOut(Schema):
    """A roster. `made` and `failed` are people; `cases` says how its cases stand."""

    id: UUID
    item: str
    item_name: str
    employer: UUID
    state: RosterState
    words: str
    rows: int
    wrong: int
    made: int
    failed: int
    cases: list[CountOut]
    handed_in_at: datetime
    done_at: datetime | None


@router.post("/rosters", response={201: RosterOut}, openapi_extra=_RETURNED)
def check_roster(request: ApiRequest, body: RosterIn, key: OnceKey) -> object:
    """Hand a roster in to be checked as a whole. Nothing is imported: a good one is `ready` and waits for its submission, of a wrong one
    every row is named (422) and it is kept as `returned` to be mended."""
    by = who(request)
    roster_id = cases.check_roster(
        item_code=body.item, employer_id=party(body.employer, is_employer=True).id, people=body.brought(by), common=body.common,
        materials={m.code: m.how for m in body.materials}, papers={m.code: m.papers(by) for m in body.materials if m.files},
        by=by, now=request.now, **once(request, key),
    )  # fmt: skip
    return _checked(request, roster_id, 201)


@router.post("/rosters/{roster_id}/people", response={201: RosterOut}, openapi_extra=_RETURNED)
def mend_roster(request: ApiRequest, roster_id: UUID, body: People, key: OnceKey) -> object:
    """Hand in the mended people in place of those of a roster that was not submitted; all else stays as it was said. It is a new roster,
    and the earlier one is cancelled."""
    by = who(request)
    fresh = cases.check_again(roster_id=roster_id, people=body.brought(by), by=by, now=request.now, **once(request, key))
    return _checked(request, fresh, 201)


def _checked(request: ApiRequest, roster_id: UUID, status: int) -> object:
    by, today = who(request), request.today
    sheet = roster_sheet(roster_id, by=by, on=today)
    if sheet.state is not RosterState.RETURNED:
        return Status(status, _roster(sheet))
    found = roster_problems(roster_id, by=by, on=today)[:_SHOWN]
    errors = [
        FieldProblem(field=f"rows.{p.number}", row=p.number, code="cases.roster_row", detail="；".join(p.lines)) for p in found
    ]
    error = RosterReturned(rows=sheet.row.rows, wrong=sheet.row.wrong)
    return problems.answer(request, error, errors=errors, roster=roster_id)


@router.post("/rosters/{roster_id}/submission", response=RosterOut)
def submit_roster(request: ApiRequest, roster_id: UUID, key: OnceKey) -> object:
    """Submit a roster that is ready: its cases are made from now on, in the background. Of one that is done, those that failed are tried
    again."""
    by = who(request)
    cases.start_roster(roster_id=roster_id, by=by, now=request.now, **once(request, key))
    return _roster(roster_sheet(roster_id, by=by, on=request.today))


@router.post("/rosters/{roster_id}/cancellation", response=RosterOut)
def cancel_roster(request: ApiRequest, roster_id: UUID, key: OnceKey) -> object:
    """Give up a roster that was not submitted; what it held is forgotten."""
    by = who(request)
    cases.cancel_roster(roster_id=roster_id, by=by, now=request.now, **once(request, key))
    return _roster(roster_sheet(roster_id, by=by, on=request.today))


def _roster(sheet: RosterSheet) -> RosterOut:
    row = sheet.row
    counts: dict[ToldState, int] = {}
    for count in roster_counts(sheet):
        counts[told_state(count.state)] = counts.get(told_state(count.state), 0) + count.cases
    return RosterOut(
        id=row.pk, item=row.item_code, item_name=sheet.standard.name, employer=row.employer_id, state=sheet.state, words=_(sheet.state.label),
        rows=row.rows, wrong=row.wrong, made=sheet.made, failed=sheet.failed,
        cases=[CountOut(state=state, cases=n) for state, n in counts.items()], handed_in_at=row.handed_in_at, done_at=row.done_at,
    )  # fmt: skip


# -- followed ---------------------------------------------------------------------------------------------------------------------------------


class RosterLineOut(Schema):
    """A roster in a list."""

    id: UUID
    item: str
    item_name: str
    employer: UUID
    state: RosterState
    words: str
    rows: int
    wrong: int
    handed_in_at: datetime


class RosterPage(Schema):
    items: list[RosterLineOut]
    next: str | None


@router.get("/rosters", response=RosterPage, **_READ)
def list_rosters(request: ApiRequest, limit: Limit = 20, cursor: Cursor = "") -> object:
    """The rosters your system handed in, the newest first."""
    found, after = page(rosters(by=who(request), on=request.today), by="-handed_in_at", limit=limit, cursor=cursor)
    lines = [
        RosterLineOut(
            id=line.row.pk, item=line.row.item_code, item_name=line.item, employer=line.row.employer_id, state=line.state,
            words=_(line.state.label), rows=line.row.rows, wrong=line.row.wrong, handed_in_at=line.row.handed_in_at,
        )
        for line in roster_lines(found)
    ]  # fmt: skip
    return {"items": lines, "next": after}


@router.get("/rosters/{roster_id}", response=RosterOut, **_READ)
def get_roster(request: ApiRequest, roster_id: UUID) -> object:
    """How a roster stands, and how many of its cases stand how."""
    return _roster(roster_sheet(roster_id, by=who(request), on=request.today))


class PersonOut(Schema):
    """A person of a roster: the row, and the case it became part of or why it did not. Numbers of people are masked."""

    row: int
    name: str
    number: str
    case: UUID | None
    case_number: str
    state: ToldState | None
    problems: list[str]


class PersonPage(Schema):
    items: list[PersonOut]
    next: str | None


def _person(p: RosterPerson) -> PersonOut:
    return PersonOut(
        row=p.number, name=p.name, number=p.masked, case=p.case_id, case_number=p.case_number,
        state=told_state(p.case_state) if p.case_state else None, problems=list(p.problem),
    )  # fmt: skip


State = Annotated[ToldState | None, Query(description="Only those whose case stands so.")]


@router.get("/rosters/{roster_id}/people", response=PersonPage, **_READ)
def list_roster_people(request: ApiRequest, roster_id: UUID, state: State = None, limit: Limit = 20, cursor: Cursor = "") -> object:
    """The people of a roster in the order of its rows, each with its case."""
    sheet = roster_sheet(roster_id, by=who(request), on=request.today)
    states = [c.state for c in roster_counts(sheet) if told_state(c.state) == state] if state else []
    people = roster_people(sheet, states=states) if states or not state else roster_people(sheet).none()
    found, after = page(people, by="number", limit=limit, cursor=cursor)
    return {"items": [_person(p) for p in people_of(sheet, found)], "next": after}


class RowProblemOut(Schema):
    """What is wrong in a row, in plain words."""

    row: int
    name: str
    problems: list[str]


class RowProblemPage(Schema):
    items: list[RowProblemOut]
    next: str | None


@router.get("/rosters/{roster_id}/problems", response=RowProblemPage, **_READ)
def list_roster_problems(request: ApiRequest, roster_id: UUID, limit: Limit = 20, cursor: Cursor = "") -> object:
    """What is wrong in a returned roster, row by row."""
    found, after = ranked(roster_problems(roster_id, by=who(request), on=request.today), limit=limit, cursor=cursor)
    return {"items": [RowProblemOut(row=p.number, name=p.who, problems=list(p.lines)) for p in found], "next": after}


@router.get("/rosters/{roster_id}/returned.xlsx", response={200: None}, openapi_extra=_BOOK, **_READ)
def get_returned_workbook(request: ApiRequest, roster_id: UUID) -> HttpResponse:
    """The very workbook that was handed in, with a column that says row by row what to mend."""
    return _workbook(returned_sheet(roster_id, by=who(request), on=request.today), f"returned-{roster_id}")
