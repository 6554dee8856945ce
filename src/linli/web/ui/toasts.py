"""Saying that something was done, with a way to undo it: rather than ask first, do it and offer to take it back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest


def done(request: HttpRequest, text: str, *, undo: str = "") -> None:
    """Say that something was done. ``undo`` is the address that takes it back when the button is pressed (a POST)."""
    messages.success(request, text, extra_tags=undo)


def note(request: HttpRequest, text: str) -> None:
    """Say something that is neither good nor bad."""
    messages.info(request, text)


def warn(request: HttpRequest, text: str) -> None:
    """Say something that needs attention soon."""
    messages.warning(request, text)
