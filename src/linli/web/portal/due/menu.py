"""What this part puts into the navigation and the palette."""

from __future__ import annotations

from linli.kernel.text import noop
from linli.web import navigation
from linli.web.access import PORTAL
from linli.web.navigation import Entry

navigation.register(Entry("portal", noop("我能享受什么"), "due:own", "list-check", frozenset({PORTAL}), 15))
