"""What accounts put into the navigation."""

from __future__ import annotations

from linli.kernel.text import noop
from linli.web import navigation
from linli.web.navigation import Entry

navigation.register(
    Entry(
        "desk",
        noop("收款账户"),
        "accounts_at_desk:counter",
        "credit-card",
        frozenset({"people.register"}),
        42,
        noop("待遇资格认证"),
    )
)
