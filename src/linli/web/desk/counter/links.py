"""Addresses of other parts of the desk, as far as they are there."""

from __future__ import annotations

from typing import Any

from django.urls import NoReverseMatch, reverse


def link(name: str, *args: Any) -> str:
    """The address of a page of another part; empty where this installation has none."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
