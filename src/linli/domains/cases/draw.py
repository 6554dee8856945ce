"""The draw: who reviews is settled by lot, and anybody can repeat it.

Each day has a secret seed. Its commitment (an SM3 digest) is published before the day, the seed after it. A draw takes the
day's seed, the case, the stage and the attempt, and gives a number; the number picks from the qualified people in the order
of their ids. Whoever knows the seed, the candidates and the exclusions gets the same person (``docs/architecture.md``, The draw).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from uuid import UUID

from linli.kernel.crypto import sm3, sm3_hmac
from linli.kernel.text import noop

SEED_BYTES = 32
_BITS = 64


class Exclusion(StrEnum):
    """Why a qualified person is left out of a draw."""

    ACCEPTED = "accepted"
    WORKED = "worked"
    RELEASED = "released"
    ABSENT = "absent"
    RECUSED = "recused"
    OWN_CASE = "own_case"
    FULL = "full"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Exclusion.ACCEPTED: noop("受理了本案"),
    Exclusion.WORKED: noop("办理了本案其他环节"),
    Exclusion.RELEASED: noop("已从本环节退出"),
    Exclusion.ABSENT: noop("不在岗"),
    Exclusion.RECUSED: noop("已申报回避"),
    Exclusion.OWN_CASE: noop("与本案当事人为同一人"),
    Exclusion.FULL: noop("在办件数已达上限"),
}


def commitment(day: date, seed: bytes) -> bytes:
    """What is published before the day: a digest that fixes the seed without showing it."""
    return sm3(b"linli-draw/1\0", day.isoformat().encode(), b"\0", seed)


def message(case_id: UUID, stage: int, attempt: int) -> bytes:
    """What a draw is about; the same stage drawn again is another attempt and so another number."""
    return case_id.bytes + stage.to_bytes(2, "big") + attempt.to_bytes(2, "big")


def pick(seed: bytes, about: bytes, candidates: Sequence[UUID]) -> UUID:
    """The person the seed gives, from candidates in the order of their ids. Every one is equally likely.

    Numbers that would favour the first candidates are thrown away and the next one is taken.
    """
    ordered = sorted(set(candidates))
    if not ordered:
        raise ValueError("nobody to draw from")
    limit = (1 << _BITS) // len(ordered) * len(ordered)
    counter = 0
    while True:
        number = int.from_bytes(sm3_hmac(seed, about, counter.to_bytes(4, "big"))[: _BITS // 8], "big")
        if number < limit:
            return ordered[number % len(ordered)]
        counter += 1
