"""Providers behind one small interface: each takes a parcel and gives the id the provider knows it by, or says why not."""

from __future__ import annotations

from linli.domains.notices.adapters.base import Adapter, Parcel, Refused
from linli.domains.notices.adapters.choose import adapters

__all__ = ["Adapter", "Parcel", "Refused", "adapters"]
