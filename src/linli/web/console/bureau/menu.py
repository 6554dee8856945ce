"""What the bureau's own affairs put into the navigation."""

from __future__ import annotations

from linli.kernel.text import noop
from linli.web import navigation
from linli.web.navigation import Entry

_ORGS, _MANAGE = frozenset({"org.manage", "org.authorise"}), frozenset({"org.manage"})
_VERIFY = frozenset({"trace.verify"})
_GROUP, _CHECK = noop("机构与人员"), noop("核验")

navigation.register(
    Entry("console", noop("机构"), "bureau:orgs", "sitemap", _ORGS, 5, _GROUP, "o"),
    Entry("console", noop("人员与岗位"), "bureau:staff", "users", _MANAGE, 6, _GROUP, "p"),
    Entry("console", noop("工作日历"), "bureau:calendar", "calendar", frozenset({"calendar.manage"}), 7, _GROUP, "k"),
    Entry("console", noop("登录会话"), "bureau:sessions", "device-desktop", frozenset({"accounts.sessions"}), 8, _GROUP, "s"),
    Entry("console", noop("接入系统"), "bureau:clients", "server", frozenset({"clients.manage"}), 9, _GROUP, "j"),
    Entry("console", noop("留痕"), "bureau:record", "fingerprint", _VERIFY, 3, _CHECK, "r"),
    Entry("console", noop("抽取台账"), "bureau:draws", "arrows-shuffle", frozenset({"draws.replay"}), 8, _CHECK, "z"),
    Entry("console", noop("谁看过谁"), "bureau:find_looks", "eye", _VERIFY, 8, _CHECK, "l"),
    Entry("console", noop("全部办件"), "supervise:cases", "list-details", _VERIFY, 9, _CHECK, "a"),
)
