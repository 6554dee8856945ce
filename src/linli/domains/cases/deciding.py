"""What a decision says, word for word, before it is made and when it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from linli.domains.cases.errors import GroundsMissing, LinksOpen
from linli.domains.cases.models import Case, Step
from linli.domains.cases.papers import basis_lines, remedy_text
from linli.domains.catalog.queries import LinkDuty, Standard
from linli.domains.org.queries import letterhead
from linli.kernel.text import msg


@dataclass(frozen=True, slots=True)
class DecisionText:
    """The parts of a decision; ``remedies`` only where it refuses."""

    approved: bool
    facts: str
    reasons: str
    legal_basis: str
    remedies: str


def decision_text(
    case: Case, standard: Standard, *, approve: bool, facts: str = "", reasons: str = "", legal_basis: str = ""
) -> DecisionText:
    """The decision as it will be kept: without a basis of its own it rests on the item's, and a refusal tells the remedies.

    A refusal needs facts and reasons (行政许可法 art. 38). Raises :class:`GroundsMissing`.
    """
    if not approve:
        for field, value, what in (("facts", facts, msg("查明的事实")), ("reasons", reasons, msg("不予批准的理由"))):
            if not value.strip():
                raise GroundsMissing(field=field, what=what)
    basis = legal_basis.strip() or "、".join(basis_lines(standard)) or "本机关公布的事项标准"
    remedies = "" if approve else remedy_text(letterhead(case.deciding_org_id or case.org_id))
    return DecisionText(approve, facts.strip(), reasons.strip(), basis, remedies)


def check_links(step: Step, standard: Standard, done: Sequence[str]) -> None:
    """Every link of the stage is accounted for: done, or not needed and why (written behind the name). Raises :class:`LinksOpen`."""
    stage = standard.plan.stages[step.ordinal - 1]
    said = {entry.split(":", 1)[0] for entry in done}
    lacking = [
        link.name for link in stage.links if link.name not in said and not link.automatic and link.duty is not LinkDuty.COMPLETE
    ]
    if lacking:
        raise LinksOpen(field="links", names="、".join(lacking))
