"""What grants put into a resident's navigation."""

from __future__ import annotations

from linli.kernel.text import noop
from linli.web import navigation
from linli.web.access import PORTAL
from linli.web.navigation import Entry

navigation.register(Entry("portal", noop("我的待遇"), "benefits:mine", "wallet", frozenset({PORTAL}), 16))
