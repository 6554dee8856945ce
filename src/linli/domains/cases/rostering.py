"""Rosters (批量申报): which columns a sheet of people has for an item, and what a row of it says. Derived from the catalogue alone.

Whose application it is follows the standard's applicant kinds (``docs/adr/0017-rosters.md``): where employers apply, the employer is the
applicant, of one case with the people listed in it if the form has a table for them, else of one case a person; where only persons
apply, each person is the applicant of a case of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

import yaml

from linli.domains.cases.form import check_form
from linli.domains.catalog.queries import FieldType, FormField, Required, Standard, known_facts
from linli.kernel.errors import Invalid
from linli.kernel.text import Message, msg, noop

MOST_ROWS = 5_000
LINES_A_CASE = 500  # as many as a table of a form takes
PROBLEMS = "需要修改"  # the column of a returned sheet that says what is wrong


class RosterShape(StrEnum):
    """What becomes of the rows."""

    TABLE = "table"
    EACH_FOR_EMPLOYER = "each_for_employer"
    EACH_FOR_PERSON = "each_for_person"

    @property
    def label(self) -> str:
        return _SHAPES[self]


_SHAPES = {
    RosterShape.TABLE: noop("用人单位申请，名单列在同一件里"),
    RosterShape.EACH_FOR_EMPLOYER: noop("用人单位申请，每人一件"),
    RosterShape.EACH_FOR_PERSON: noop("每人一件，申请人是本人"),
}


class RosterState(StrEnum):
    """How a roster stands."""

    RETURNED = "returned"
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        return _STATES[self]


_STATES = {
    RosterState.RETURNED: noop("已退回修改"),
    RosterState.READY: noop("核对无误，待提交"),
    RosterState.RUNNING: noop("正在生成办件"),
    RosterState.DONE: noop("已完成"),
    RosterState.CANCELLED: noop("已取消"),
}


@dataclass(frozen=True, slots=True)
class RosterPlan:
    """How a roster of an item looks: the columns of its sheet, and what is said once for all."""

    shape: RosterShape
    columns: tuple[FormField, ...]
    common: tuple[FormField, ...]
    name: str  # the columns that say who it is
    number: str
    table: str = ""  # the field of the form that takes the lines, where they stand in one case

    @property
    def for_employer(self) -> bool:
        """Whether the employer is the applicant."""
        return self.shape is not RosterShape.EACH_FOR_PERSON

    def cases_for(self, rows: int) -> int:
        """How many cases so many rows become."""
        return -(-rows // LINES_A_CASE) if self.shape is RosterShape.TABLE else rows


@cache
def _words() -> dict[str, Any]:
    return dict(yaml.safe_load(resources.files("linli.domains.cases").joinpath("data/rosters.yaml").read_text("utf-8")))


# Said by whoever hands the roster in, not by a column.
_NOT_A_COLUMN = (FieldType.SIGNATURE, FieldType.FILE, FieldType.TABLE)
_BY_SUBMITTING = {"apply_date": FieldType.DATE, "commitment": FieldType.BOOLEAN}


def filled_by_handing_in(standard: Standard, today: date) -> dict[str, Any]:
    """What handing a roster in says for every case: who signs, when, that it is true."""
    said: dict[str, Any] = {}
    for f in standard.form:
        if f.type is FieldType.SIGNATURE:
            said[f.name] = "见批量申报名单"
        elif _BY_SUBMITTING.get(f.name) is f.type:
            said[f.name] = today.isoformat() if f.type is FieldType.DATE else True
    return said


def plan_of(standard: Standard) -> RosterPlan | None:
    """The roster of an item; None where its form is not about people one by one."""
    if standard.handled_in == "external":
        return None
    asked = [f for f in standard.form if f.type not in _NOT_A_COLUMN and _BY_SUBMITTING.get(f.name) is not f.type]
    person, employer = known_facts(standard, employer=False), known_facts(standard, employer=True)
    common = tuple(f for f in asked if f.name in employer and person.get(f.name) in (None, "employer"))
    if "employer" in standard.applicant_kinds:
        for f in standard.form:
            if f.type is FieldType.TABLE and (columns := _columns_of(f)):
                others = tuple(o for o in asked if o not in common)
                name, number = _words()["person"]
                at = [c.label for c in columns]
                return RosterPlan(
                    RosterShape.TABLE,
                    columns,
                    common + others,
                    columns[at.index(name)].name,
                    columns[at.index(number)].name,
                    f.name,
                )
    by_fact = {fact: name for name, fact in person.items()}
    if not {"name", "id_number"} <= set(by_fact) or any(f.type is FieldType.TABLE and f.required for f in standard.form):
        return None
    if any(m.required is Required.YES for m in standard.attachments):  # of everybody one of their own
        return None
    shape = RosterShape.EACH_FOR_EMPLOYER if "employer" in standard.applicant_kinds else RosterShape.EACH_FOR_PERSON
    columns = tuple(f for f in asked if f not in common)
    return RosterPlan(shape, columns, common, by_fact["name"], by_fact["id_number"])


def _columns_of(table: FormField) -> tuple[FormField, ...]:
    """The columns that the note of a table lists, if they say who the people are."""
    labels = [label.strip() for label in table.note.split("、") if label.strip()]
    if not set(_words()["person"]) <= set(labels):
        return ()
    known = _words()["columns"]
    return tuple(FormField(name=f"c{n:02d}", label=label, **known.get(label, {})) for n, label in enumerate(labels, 1))


# -- reading a row --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a row, in plain words, and in which column (empty: the row as a whole)."""

    column: str
    what: Message


class Spoilt(StrEnum):
    """What a spreadsheet makes of a cell so that it cannot be read."""

    FORMULA = "formula"
    ERROR = "error"
    NUMBER = "number"  # a long number that was rounded

    @property
    def said(self) -> str:
        return _SPOILT[self]


_SPOILT = {
    Spoilt.FORMULA: noop("这一格是公式，请复制后用“粘贴为数值”改成文字"),
    Spoilt.ERROR: noop("这一格是表格软件的错误值，请重新填写"),
    Spoilt.NUMBER: noop("号码被表格软件当成了数字，末几位已经丢失；请把这一列设为“文本”后重新填写"),
}
_LONG = (FieldType.ID_NUMBER, FieldType.BANK_ACCOUNT, FieldType.CREDIT_CODE)
Cell = str | Spoilt


def read_cell(field: FormField, value: Any) -> Cell:
    """A cell as text, the way its field wants it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime | date):
        day = value.date() if isinstance(value, datetime) else value
        return day.isoformat()[:7] if field.type is FieldType.YEAR_MONTH else day.isoformat()
    if isinstance(value, float | int):
        whole = value == int(value)
        if field.type in _LONG and abs(value) >= 1e15:
            return Spoilt.NUMBER
        return str(int(value)) if whole else repr(value)
    return str(value).replace("\0", "").strip()


def check_row(plan: RosterPlan, cells: Mapping[str, Cell], *, today: date) -> tuple[dict[str, Any], list[Problem]]:
    """The values of a row, normalised by the types of its columns, and everything that is wrong in it."""
    labels = {f.name: f.label for f in plan.columns}
    problems = [Problem(labels[name], Message(cell.said)) for name, cell in cells.items() if isinstance(cell, Spoilt)]
    spoilt = {p.column for p in problems}
    fields = tuple(f for f in plan.columns if f.label not in spoilt)
    try:
        clean = check_form(fields, cells, today=today)
    except Invalid as error:
        for one in error.errors:
            joint = "，" if one.what_to_do and not str(one.message).endswith("。") else ""
            what = msg("%(what)s%(joint)s%(remedy)s", what=one.message, joint=joint, remedy=one.what_to_do or "")
            problems.append(Problem(labels.get(one.field or "", ""), what))
        return {}, problems
    return clean, problems


def read_line(plan: RosterPlan, row: Mapping[str, Any]) -> tuple[dict[str, Cell], list[Problem]]:
    """A row that came by the names of its columns; a name that the roster does not have is wrong."""
    names = {f.name for f in plan.columns}
    wrong = [Problem("", msg("没有“%(name)s”这一列", name=str(name)[:40])) for name in row if name not in names]
    return {f.name: read_cell(f, row.get(f.name)) for f in plan.columns}, wrong


def said_twice(numbers: Iterable[tuple[int, str]]) -> dict[int, Message]:
    """The rows whose number stands in an earlier row too."""
    first: dict[str, int] = {}
    twice: dict[int, Message] = {}
    for row, number in numbers:
        if number and first.setdefault(number, row) != row:
            twice[row] = msg("与第 %(row)s 行是同一个人", row=first[number])
    return twice


def line_of(plan: RosterPlan, values: Mapping[str, Any]) -> str:
    """A row as a line of a form's table."""
    return "；".join(f"{f.label}：{values[f.name]}" for f in plan.columns if values.get(f.name) not in (None, ""))


__all__ = [
    "check_row", "filled_by_handing_in", "line_of", "LINES_A_CASE", "MOST_ROWS", "plan_of", "Problem", "PROBLEMS", "read_cell",
    "read_line", "RosterPlan", "RosterShape", "RosterState", "said_twice", "Spoilt",
]  # fmt: skip
