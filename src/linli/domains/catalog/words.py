"""The small words of the catalogue that its other modules share: units, limits, links, kinds."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from linli.kernel.text import noop

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
ITEM_CODE = r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$"
Code = Annotated[str, StringConstraints(pattern=ITEM_CODE, max_length=64)]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Unit(StrEnum):
    """In what a limit is counted (``docs/deadlines.md`` 3); the unit always stands with the number."""

    WORKDAY = "workday"
    CALDAY = "calday"
    HOUR = "hour"
    MONTH = "month"

    @property
    def label(self) -> str:
        return _UNITS[self]


_UNITS = {
    Unit.WORKDAY: noop("个工作日"),
    Unit.CALDAY: noop("日（自然日）"),
    Unit.HOUR: noop("小时"),
    Unit.MONTH: noop("个月"),
}


class Limit(Part):
    """A number of units, where it comes from and how sure that is (V, M, L, K)."""

    number: int = Field(ge=0, le=3650)
    unit: Unit
    basis: str = ""
    certainty: Literal["V", "M", "L", "K", ""] = ""


class LinkDuty(StrEnum):
    """What a link of the back-office flow is, which says who may do it."""

    ACCEPT = "accept"
    REVIEW = "review"
    SECOND_REVIEW = "second_review"
    DECIDE = "decide"
    COMPLETE = "complete"
    ISSUE = "issue"
    DELIVER = "deliver"
    AFTER = "after"

    @property
    def label(self) -> str:
        return _DUTIES[self]


_DUTIES = {
    LinkDuty.ACCEPT: noop("受理"),
    LinkDuty.REVIEW: noop("审核"),
    LinkDuty.SECOND_REVIEW: noop("复核"),
    LinkDuty.DECIDE: noop("审批"),
    LinkDuty.COMPLETE: noop("办结"),
    LinkDuty.ISSUE: noop("出件"),
    LinkDuty.DELIVER: noop("送达"),
    LinkDuty.AFTER: noop("后续"),
}


class Link(Part):
    """One link (环节) of the back-office flow. ``special`` names the ground on which the law does not count its time."""

    name: Text
    duty: LinkDuty
    automatic: bool = False
    special: str = ""
    limit: Limit | None = None


class ItemKind(StrEnum):
    PERMIT = "行政许可"
    CONFIRMATION = "行政确认"
    GRANT = "行政给付"
    REWARD = "行政奖励"
    RULING = "行政裁决"
    OTHER_POWER = "其他行政权力"
    PUBLIC_SERVICE = "公共服务"
