"""Who may compose, seal, replace and revoke, as predicates on the actor and the kind of paper."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from linli.domains.documents.rules import PaperKind
from linli.kernel.actors import Actor
from linli.kernel.errors import NotAllowed

COMPOSE = "documents.compose"
SEAL = "documents.seal"
REVOKE = "documents.revoke"
MANAGE_SEALS = ("documents.manage_seals", "org.authorise")
# Whoever uses a seal reads its ledger; who revokes and who audits read those of the bodies below them.
READ_LEDGER = (SEAL, REVOKE, "trace.verify")
STORE = "documents.store"
RETAIN = "documents.retain"  # keeping and destroying electronic files

# A paper is part of the act it tells of and has no effect before it is sealed, so whoever acts on cases may compose.
_ACTS = (
    "cases.receive", "cases.accept", "cases.review", "cases.decide", "cases.issue", "cases.deliver", "cases.suspend",
    "cases.extend", "cases.extend_statutory", "cases.refuse",
)  # fmt: skip


def must_any(by: Actor, permissions: Iterable[str]) -> None:
    """Raise :class:`~linli.kernel.errors.NotAllowed` unless the actor has one of the permissions."""
    wanted = list(permissions)
    if not any(by.can(p) for p in wanted):
        raise NotAllowed(permission=wanted[0])


def must_compose(by: Actor, kind: PaperKind) -> None:
    """A receipt for a demand is owed to everybody; any other paper is composed by who acts on cases."""
    if kind is not PaperKind.DEMAND_RECEIPT:
        must_any(by, (COMPOSE, *_ACTS))


def vouched(by: Actor) -> Actor:
    """The same actor, for whom a higher room vouches: it checked its own permission before it has the paper composed.

    Needed where an act is done by somebody without a post, such as a resident whose application is accepted by rule.
    """
    return replace(by, permissions=by.permissions | {COMPOSE})
