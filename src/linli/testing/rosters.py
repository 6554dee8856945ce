"""Rosters as an employer would hand them in: rows that are right, and workbooks of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

from openpyxl import Workbook

from linli.domains.cases.queries import RosterPlan, roster_plan_of
from linli.domains.catalog.queries import FieldType, package_standards
from linli.domains.people.commands import register_mandate
from linli.domains.people.queries import Ground, Scope, employer_facts
from linli.kernel.calendar import local_date
from linli.kernel.identifiers import id_number_with_check
from linli.testing.story import at
from linli.testing.world import World

__all__ = ["book", "COMMON", "common_of", "ENROL", "firm_mandate", "LIST", "person", "PLANS", "someone", "STANDARDS"]

NOW = at("2026-03-02 09:00")
ENROL, LIST = "employee-enrolment", "employment-registration-employer"
STANDARDS = {s.code: s for s in package_standards()}
PLANS: dict[str, Any] = {code: roster_plan_of(STANDARDS[code]) for code in (ENROL, LIST)}
COMMON = {"org_name": "云岭示例服务有限公司", "uscc": "", "handler_name": "孙经办", "handler_phone": "10000000008"}


def someone(n: int) -> str:
    """The number of an invented person."""
    return id_number_with_check(f"7701211980{1 + n % 12:02d}{1 + n % 28:02d}{n % 1000:03d}")


def person(plan: RosterPlan, n: int, **more: Any) -> dict[str, Any]:
    """A row that is right, by column name."""
    row: dict[str, Any] = {}
    for f in plan.columns:
        if f.name in (plan.name, plan.number):
            row[f.name] = f"职工{n:04d}" if f.name == plan.name else someone(n)
        elif f.type is FieldType.SELECT and f.options:
            row[f.name] = f.options[0]
        else:
            row[f.name] = {
                FieldType.DATE: "2026-03-01", FieldType.YEAR_MONTH: "2026-03", FieldType.MONEY: "4500.00", FieldType.NUMBER: "1",
                FieldType.PHONE: f"1000000{n:04d}", FieldType.BOOLEAN: "是", FieldType.ID_NUMBER: someone(n + 500),
                FieldType.BANK_ACCOUNT: "6222020200000000004",
            }.get(f.type, "示例")  # fmt: skip
    return row | more


def book(plan: RosterPlan, people: list[Any], *, heads: list[str] | None = None, raw: bool = False) -> BytesIO:
    """A sheet as somebody would hand it in."""
    out = Workbook()
    sheet: Any = out.active
    sheet.title = "名单"
    sheet.append(heads or [f.label + ("*" if f.required else "") for f in plan.columns])
    for one in people:
        sheet.append(one if raw else [one.get(f.name, "") for f in plan.columns])
    stream = BytesIO()
    out.save(stream)
    stream.seek(0)
    return stream


def firm_mandate(world: World, *scopes: Scope, agent: str = "agent", items: Sequence[str] = (), now: datetime = NOW) -> UUID:
    """Register at the counter that somebody may act for the employer; to apply where no scope is said."""
    return register_mandate(
        principal_id=world.people["employer"], is_employer=True, agent_id=world.people[agent], scopes=scopes or (Scope.APPLY,),
        items=items, last_day=local_date(now) + timedelta(days=90), ground=Ground.COMPANY_CLERK, evidence="授权委托书原件",
        by=world.actor("clerk"), now=now,
    )  # fmt: skip


def common_of(world: World) -> dict[str, Any]:
    """What is said once for all of the employer's people."""
    return COMMON | {"uscc": employer_facts(world.people["employer"])["credit_code"]}
