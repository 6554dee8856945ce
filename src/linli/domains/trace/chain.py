"""How an event becomes a link: canonical bytes, salted digests, SM3, and the Merkle tree over chain heads.

An outsider repeats all of this with the stand-alone ``verify_case.py``, which must be changed together with this module;
``FORMAT`` is written into every event for that reason. Who acted and what was noted enter the link only as salted
digests, so that a proof can be shown to the applicant without showing, say, the reviewer's name before the decision.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from linli.kernel.crypto import sm3

FORMAT = 1  # SM3 throughout
GENESIS = bytes(32)


def canonical(value: object) -> bytes:
    """JSON with sorted keys, no spaces, UTF-8: the one spelling that is hashed."""
    return _encode(value).encode()


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def plain(value: Any) -> Any:
    """What may stand in an event's data: text, whole numbers, booleans, lists and maps of these.

    Dates, ids, enums and amounts become text. Floats are refused, since they have more than one spelling.
    """
    if value is None or (isinstance(value, bool | int) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date | UUID | Decimal):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return {plain(str(k)): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in (sorted(value, key=str) if isinstance(value, set | frozenset) else value)]
    raise TypeError(f"an event cannot hold {type(value).__name__}")


def moment(at: datetime) -> str:
    """An aware moment in UTC to the microsecond."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


@dataclass(frozen=True, slots=True)
class Link:
    """All of one event that its hash covers."""

    id: UUID
    chain: UUID
    kind: str
    seq: int
    at: datetime
    act: str
    actor: Mapping[str, str | None]
    data: Mapping[str, Any]
    salt: bytes
    prev: bytes

    def header(self) -> dict[str, Any]:
        """What a proof shows of the event; the rest enters as digests."""
        return {
            "v": FORMAT,
            "id": str(self.id),
            "chain": str(self.chain),
            "kind": self.kind,
            "seq": self.seq,
            "at": moment(self.at),
            "act": self.act,
            "actor": sealed_digest(self.salt, "actor", self.actor),
            "data": sealed_digest(self.salt, "data", self.data),
            "prev": self.prev.hex(),
        }

    def hash(self) -> bytes:
        return sm3(canonical(self.header()))


def part_salt(salt: bytes, part: str) -> bytes:
    """The salt of one part, so that showing one part does not help guessing the other."""
    return sm3(salt, part.encode())


def sealed_digest(salt: bytes, part: str, value: Mapping[str, Any]) -> str:
    return sm3(part_salt(salt, part), canonical(value)).hex()


# -- the Merkle tree: leaves and nodes are hashed with different first bytes (as RFC 6962 does), a lone node moves up ------


def leaf_hash(chain: UUID, seq: int, head: bytes) -> bytes:
    return sm3(b"\0", chain.bytes, seq.to_bytes(8, "big"), head)


def _node(left: bytes, right: bytes) -> bytes:
    return sm3(b"\1", left, right)


def merkle_levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """All levels from the leaves to the root; an empty tree has the digest of nothing as its root."""
    levels = [list(leaves)] if leaves else [[sm3(b"")]]
    while len(levels[-1]) > 1:
        row = levels[-1]
        above = [_node(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
        levels.append(above + row[len(row) - len(row) % 2 :])
    return levels


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    return merkle_levels(leaves)[-1][0]


def merkle_path(levels: list[list[bytes]], index: int) -> list[tuple[str, bytes]]:
    """The siblings from a leaf to the root, each with the side it stands on (``L`` or ``R``)."""
    path = []
    for row in levels[:-1]:
        sibling = index ^ 1
        if sibling < len(row):
            path.append(("L" if sibling < index else "R", row[sibling]))
        index //= 2
    return path


def climb(leaf: bytes, path: Sequence[tuple[str, bytes]]) -> bytes:
    """The root that a leaf and its path lead to."""
    for side, sibling in path:
        leaf = _node(sibling, leaf) if side == "L" else _node(leaf, sibling)
    return leaf


def root_record(*, day: date, number: int, leaves: int, merkle: bytes, previous: bytes, made_at: datetime) -> dict[str, Any]:
    """The published record of one day; its SM3 is the root hash and its SHA-256 is what gets time-stamped."""
    return {
        "v": FORMAT,
        "number": number,
        "day": day.isoformat(),
        "leaves": leaves,
        "merkle": merkle.hex(),
        "previous": previous.hex(),
        "made_at": moment(made_at),
    }
