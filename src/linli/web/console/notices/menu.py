"""What deliveries put into the navigation."""

from __future__ import annotations

from linli.kernel.text import noop
from linli.web import navigation
from linli.web.navigation import Entry

navigation.register(
    Entry("console", noop("通知发送"), "notices:deliveries", "send", frozenset({"notices.manage"}), 9, noop("运行"), "m")
)
