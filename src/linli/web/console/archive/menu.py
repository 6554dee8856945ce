"""What electronic files put into the navigation."""

from __future__ import annotations

from linli.kernel.text import noop
from linli.web import navigation
from linli.web.navigation import Entry

navigation.register(
    Entry("console", noop("电子档案"), "archive:due", "archive", frozenset({"documents.retain"}), 9, noop("核验"), "h")
)
