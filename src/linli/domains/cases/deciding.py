"""What a decision says, word for word, before it is made and when it is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F

from linli.domains.cases.errors import GroundsMissing, LinksOpen
from linli.domains.cases.models import Breach, Case, Decision, Step
from linli.domains.cases.papers import basis_lines, remedy_text
from linli.domains.catalog.queries import LinkDuty, Standard
from linli.domains.org.queries import letterhead
from linli.kernel import rows
from linli.kernel.text import msg, noop

REVOKED = noop("结果已撤销")  # how a case stands whose result was taken back after it was issued


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


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as it stands, without who made it; ``revoked`` where what was granted and issued was taken back afterwards."""

    approved: bool
    facts: str
    reasons: str
    legal_basis: str
    remedies: str
    at: datetime
    revoked: bool = False


def decided(case: Case) -> Decided | None:
    """What was decided. Where the grant was taken back, what was decided on the breach stands instead."""
    first = rows.one(Decision, "WHERE t.case_id = %s", [case.pk])
    if first is None:
        return None
    if first.approved and case.approved is False:
        breach = taken_back(case)
        assert breach and breach.concluded_at
        basis = f"{first.legal_basis}、{breach.legal_basis}"
        remedies = remedy_text(letterhead(case.deciding_org_id or case.org_id))
        revoked = case.issued_at is not None and case.issued_at <= breach.concluded_at
        return Decided(False, breach.facts, breach.reasons, basis, remedies, breach.concluded_at, revoked)
    return Decided(first.approved, first.facts, first.reasons, first.legal_basis, first.remedies, first.decided_at)


def taken_back(case: Case) -> Breach | None:
    """The breach for which the grant or the result of a case was taken back."""
    found = Breach.objects.filter(commitment__case=case, upheld=True, revoked=True)
    return found.order_by("concluded_at").first()


def revoked_among(cases: Iterable[Case]) -> frozenset[UUID]:
    """Of which cases, whose reader was found to see them, the result was taken back after it was issued; one query at most."""
    refused = [c.pk for c in cases if c.approved is False and c.issued_at]
    if not refused:
        return frozenset()
    found = Breach.objects.filter(
        commitment__case_id__in=refused, upheld=True, revoked=True, concluded_at__gte=F("commitment__case__issued_at")
    )
    return frozenset(found.values_list("commitment__case_id", flat=True))


def check_links(step: Step, standard: Standard, done: Sequence[str]) -> None:
    """Every link of the stage is accounted for: done, or not needed and why (written behind the name). Raises :class:`LinksOpen`."""
    stage = standard.plan.stages[step.ordinal - 1]
    said = {entry.split(":", 1)[0] for entry in done}
    lacking = [
        link.name for link in stage.links if link.name not in said and not link.automatic and link.duty is not LinkDuty.COMPLETE
    ]
    if lacking:
        raise LinksOpen(field="links", names="、".join(lacking))
