"""What messages put into the navigation."""

from __future__ import annotations

from linli.kernel.text import noop
from linli.web import navigation
from linli.web.access import PORTAL
from linli.web.navigation import Entry

navigation.register(Entry("portal", noop("我的消息"), "messages:list", "mail", frozenset({PORTAL}), 30))
