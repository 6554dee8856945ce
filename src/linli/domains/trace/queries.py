"""Reading the record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from linli.domains.trace.chain import leaf_hash, merkle_levels, merkle_path, part_salt
from linli.domains.trace.models import Chain, Event, Leaf, Root, Verification
from linli.domains.trace.roots import public_line, published_roots
from linli.domains.trace.verify import Fault, Verdict, link_of, verify_all, verify_chain
from linli.kernel.actors import Actor
from linli.kernel.errors import NotFound
from linli.kernel.text import msg

__all__ = [
    "Entry", "Event", "Fault", "Root", "Verdict", "Verification", "acts_by", "case_proof", "events_of", "events_on", "published_roots", "recent_roots", "roots",
    "timeline", "verification", "verifications", "verify_all", "verify_chain",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One act as a page shows it."""

    seq: int
    at: datetime
    act: str
    user_id: UUID | None
    posting_id: UUID | None
    org_id: UUID | None
    hall_id: UUID | None
    channel: str
    data: dict[str, Any]


def timeline(subject_id: UUID, *, after: int = 0, limit: int = 500) -> list[Entry]:
    """The acts on one subject, oldest first, from place ``after`` + 1."""
    chain = Chain.objects.filter(id=subject_id).first()
    if chain is None:
        return []
    # The span lets PostgreSQL leave out the months in which nothing happened.
    rows = (
        Event.objects.filter(chain_id=subject_id, seq__gt=after, at__range=(chain.first_at, chain.last_at))
        .order_by("seq")
        .values_list("seq", "at", "act", "user_id", "posting_id", "org_id", "hall_id", "channel", "data")[:limit]
    )
    return [Entry(*row) for row in rows]


def recent_roots(*, limit: int = 30) -> list[Root]:
    """The newest roots first."""
    return list(Root.objects.order_by("-number")[:limit])


def roots() -> QuerySet[Root]:
    """All published roots, newest first; they are public, so nobody's permission is asked."""
    return Root.objects.order_by("-number")


def events_on(subject_ids: Iterable[UUID], *, acts: Iterable[str]) -> QuerySet[Event]:
    """The acts of some kinds on some subjects, newest first; the caller asks whether the reader may see them."""
    return Event.objects.filter(chain_id__in=list(subject_ids), act__in=list(acts)).order_by("-at", "-seq")


def events_of(subject_id: UUID, *, acts: Iterable[str]) -> QuerySet[Event]:
    """The acts of some kinds on one subject, newest first; the caller asks whether the reader may see them."""
    return Event.objects.filter(chain_id=subject_id, act__in=list(acts)).order_by("-seq")


def acts_by(user_id: UUID, *, since: datetime, until: datetime) -> QuerySet[Event]:
    """What a user did from a moment until before another, newest first; the caller narrows it to what the reader may see."""
    return Event.objects.filter(user_id=user_id, at__gte=since, at__lt=until).order_by("-at", "-seq")


def verifications(*, by: Actor) -> QuerySet[Verification]:
    """The checkings of the whole record that were asked for, newest first."""
    by.must("trace.verify")
    return Verification.objects.order_by("-id")


def verification(verification_id: UUID, *, by: Actor) -> Verification:
    """One of them. Raises :class:`NotFound`."""
    found = verifications(by=by).filter(pk=verification_id).first()
    if found is None:
        raise NotFound(what=msg("这次核验"))
    return found


def case_proof(subject_id: UUID, *, show_data: bool) -> dict[str, Any]:
    """What an outsider needs to verify one subject with the public roots file and no database.

    Every event appears with its header. With ``show_data`` the noted data are shown with their salt; who acted is never
    shown, only the digest. ``anchors`` lead from events of this chain to published roots.
    """
    events = []
    for row in Event.objects.filter(chain_id=subject_id).order_by("seq").values_list(
        "id", "chain_id", "kind", "seq", "at", "act", "user_id", "posting_id", "org_id", "hall_id", "device", "channel",
        "data", "salt", "prev", "hash",
    ):  # fmt: skip
        link = link_of(row)
        shown = {"header": link.header(), "hash": bytes(row[15]).hex()}
        if show_data:
            shown["data"] = dict(link.data)
            shown["data_salt"] = part_salt(link.salt, "data").hex()
        events.append(shown)
    anchors = []
    for leaf in Leaf.objects.filter(chain_id=subject_id).select_related("root").order_by("seq"):
        leaves = [
            leaf_hash(c, s, bytes(h))
            for c, s, h in Leaf.objects.filter(root_id=leaf.root_id).order_by("index").values_list("chain_id", "seq", "head")
        ]
        path = merkle_path(merkle_levels(leaves), leaf.index)
        anchors.append(
            {
                "seq": leaf.seq,
                "path": [[side, sibling.hex()] for side, sibling in path],
                "root": public_line(leaf.root),
            }
        )
    return {"format": 1, "chain": str(subject_id), "events": events, "anchors": anchors}
