"""What visits put into the navigation."""

from __future__ import annotations

from linli.domains.benefits.queries import visits
from linli.kernel.text import noop
from linli.web import navigation
from linli.web.navigation import Entry

_GROUP = noop("待遇资格认证")
navigation.register(
    Entry("desk", noop("走访名单"), "visits:list", "building-community", frozenset({"benefits.visit"}), 40, _GROUP, waits=visits),
    Entry("desk", noop("当面认证"), "visits:counter", "user-check", frozenset({"benefits.witness"}), 41, _GROUP),
)
