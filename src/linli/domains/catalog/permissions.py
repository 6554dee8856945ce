"""Who may change the catalogue of which place: their own and those below it, never the one above or beside it."""

from __future__ import annotations

from linli.kernel.actors import Actor


def looks_after(actor: Actor, region: str) -> bool:
    """Whether a place is the actor's own or lies below it."""
    return region.startswith(actor.region)


def may_edit(actor: Actor, region: str) -> bool:
    return actor.can("catalog.edit") and looks_after(actor, region)


def may_publish(actor: Actor, region: str) -> bool:
    return actor.can("catalog.publish") and looks_after(actor, region)
