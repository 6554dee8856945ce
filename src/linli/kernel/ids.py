"""UUIDv7 keys (RFC 9562, 5.7): they sort by time, so indexes stay dense, and can be made with no network."""

from __future__ import annotations

import os
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last = 0


def uuid7() -> UUID:
    """A new UUIDv7; within one process later ones are always greater."""
    global _last
    # 48 bits of milliseconds and 12 bits of fraction in rand_a make one 60-bit clock (RFC 9562, 6.2 method 3).
    ticks = time.time_ns() * 4096 // 1_000_000
    with _lock:
        _last = ticks = max(ticks, _last + 1)
    high = (ticks >> 12 << 16) | 0x7000 | (ticks & 0xFFF)
    low = int.from_bytes(os.urandom(8), "big") & (1 << 62) - 1 | 1 << 63
    return UUID(int=high << 64 | low)
