"""What data sharing puts into the navigation."""

from __future__ import annotations

from linli.kernel.text import noop
from linli.web import navigation
from linli.web.navigation import Entry

_GROUP = noop("数据共享")

navigation.register(
    Entry("console", noop("免交材料台账"), "exchange:saved", "file-check", frozenset({"cases.supervise"}), 20, _GROUP, "e"),
    Entry("console", noop("部门核验台账"), "exchange:asked", "list-details", frozenset({"cases.supervise"}), 21, _GROUP, "u"),
    Entry("console", noop("共享接口"), "exchange:faces", "arrows-exchange", frozenset({"exchange.view"}), 22, _GROUP, "x"),
)
