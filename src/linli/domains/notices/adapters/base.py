"""What every provider is asked, and what it may answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from linli.domains.notices.rules import Way


@dataclass(frozen=True, slots=True)
class Parcel:
    """One thing to be sent. ``id`` is the same at every try, so that a provider can tell a repeat."""

    id: UUID
    way: Way
    kind: str
    address: str
    content: Mapping[str, str]  # subject, text, link; and for WeChat the values of its template
    at: datetime


class Refused(Exception):
    """A provider did not take a parcel. ``code`` is short and names nobody; ``again`` says whether a later try can help."""

    def __init__(self, code: str, *, again: bool) -> None:
        self.code, self.again = code[:64], again
        super().__init__(code)


class Adapter(Protocol):
    """A provider of one way. ``at_once`` is true of one that keeps parcels in our own database, within the transaction."""

    at_once: bool

    def send(self, parcel: Parcel) -> str:
        """Hand it over; gives the provider's id. Raises :class:`Refused`."""
        ...
