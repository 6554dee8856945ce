"""What scans put into the navigation."""

from __future__ import annotations

from linli.kernel.text import noop
from linli.web import navigation
from linli.web.navigation import Entry

navigation.register(
    Entry("console", noop("政策比对"), "runs:list", "scan", frozenset({"benefits.view"}), 50, noop("惠民政策")),
)
