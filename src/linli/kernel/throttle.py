"""Slowing down whoever tries again and again from one address.

Counted in the memory of each process, which is enough for what it is for: a verification code has 55 random bits and
cannot be found by trying, with or without this; the limit keeps a stranger from costing the hall its processor and from
filling its log. Several processes allow that many times the limit, and a restart forgets.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from threading import Lock


class Throttle:
    """So many times in so long from one address; ``kept`` bounds the memory, whoever was quiet longest is forgotten first."""

    def __init__(self, times: int, within: timedelta, *, kept: int = 10_000) -> None:
        self.times, self.within, self.kept = times, within, kept
        self._seen: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._lock = Lock()

    def count(self, address: str | None, now: datetime) -> None:
        """Remember one time."""
        key = network(address)
        with self._lock:
            self._seen.setdefault(key, deque(maxlen=self.times)).append(now)
            self._seen.move_to_end(key)
            while len(self._seen) > self.kept:
                self._seen.popitem(last=False)

    def wait(self, address: str | None, now: datetime) -> timedelta | None:
        """How long this address must wait; None if it need not."""
        with self._lock:
            times = self._seen.get(network(address))
            if times is None or len(times) < self.times:
                return None
            left = times[0] + self.within - now
        return left if left > timedelta(0) else None

    def forget(self) -> None:
        """Begin anew."""
        with self._lock:
            self._seen.clear()


def network(address: str | None) -> str:
    """Whom an address counts for: itself, or with IPv6 the network a household is given."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return ""
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or IPv6Address(int(found) >> 64 << 64))
    return str(found)
