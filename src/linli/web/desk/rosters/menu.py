"""What rosters put into the navigation."""

from __future__ import annotations

from linli.kernel.text import noop
from linli.web import navigation
from linli.web.navigation import Entry

navigation.register(Entry("desk", noop("批量申报"), "rosters:list", "table", frozenset({"cases.receive"}), 18, noop("窗口"), "l"))
