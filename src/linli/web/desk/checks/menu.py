"""What checking commitments puts into the navigation."""

from __future__ import annotations

from linli.kernel.text import noop
from linli.web import navigation
from linli.web.navigation import Entry

navigation.register(
    Entry(
        "desk",
        noop("事后核查"),
        "checks:list",
        "shield-check",
        frozenset({"cases.check", "cases.supervise"}),
        26,
        noop("核查"),
        "h",
    )
)
