"""From the links of a standard to the stages a case goes through, and who may do each.

The last stage always decides. Earlier stages give opinions that the later ones see. A review and a decision are different
stages, and so different people, only where the standard names somebody's judgement (审批, 决定, 认定 …) after the review;
links such as 办结 or 登记 merely complete it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from linli.domains.catalog.words import ItemKind, Link, LinkDuty
from linli.kernel.text import noop


class StageKind(StrEnum):
    REVIEW = "review"
    SECOND_REVIEW = "second_review"
    DECIDE = "decide"


class StageDuty(StrEnum):
    """Which post may be drawn for a stage (words of ``org.Duty``)."""

    REVIEW = "review"
    DECISION = "decision"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage between acceptance and issue; ``links`` are the names of what is to be done in it."""

    kind: StageKind
    duty: StageDuty
    name: str
    links: tuple[Link, ...]
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The stages in order; the last decides."""

    stages: tuple[Stage, ...]
    issues_result: bool

    @property
    def automatic(self) -> bool:
        """Whether no person judges: every link in review is marked automatic."""
        return all(s.automatic for s in self.stages)

    @property
    def people(self) -> int:
        """How many different people a case passes: who accepts, each stage, who issues."""
        return 2 + sum(not s.automatic for s in self.stages)


@lru_cache(maxsize=4_096)
def make_plan(links: tuple[Link, ...], *, kind: ItemKind, result_document: str) -> Plan:
    """Derive the stages from the links of a standard.

    A permit whose facts are inspected on site is checked by at least two people (行政许可法 art. 34), whether or not its
    links say so.
    """
    by_duty = {duty: tuple(link for link in links if link.duty is duty) for duty in LinkDuty}
    reviews, seconds, decides = by_duty[LinkDuty.REVIEW], by_duty[LinkDuty.SECOND_REVIEW], by_duty[LinkDuty.DECIDE]
    inspected = any(link.special == "inspection" for link in reviews)
    stages: list[Stage] = []
    if reviews or not (seconds or decides):
        automatic = bool(reviews) and all(link.automatic for link in reviews)
        name = next((link.name for link in reviews if not link.automatic), "") or (reviews[0].name if reviews else "审核")
        stages.append(Stage(StageKind.REVIEW, StageDuty.REVIEW, name, reviews or by_duty[LinkDuty.COMPLETE], automatic))
    if seconds or (inspected and kind is ItemKind.PERMIT):
        stages.append(Stage(StageKind.SECOND_REVIEW, StageDuty.REVIEW, seconds[-1].name if seconds else noop("复核"), seconds))
    if decides:
        stages.append(Stage(StageKind.DECIDE, StageDuty.DECISION, decides[-1].name, decides))
    # An automatic check before a human stage is something that stage sees, not a stage of its own.
    if len(stages) > 1 and stages[0].automatic:
        first, second = stages[0], stages[1]
        stages[:2] = [Stage(second.kind, second.duty, second.name, first.links + second.links)]
    last = stages[-1]
    stages[-1] = Stage(StageKind.DECIDE, last.duty, last.name, last.links, last.automatic)
    return Plan(tuple(stages), issues_result=bool(result_document))
