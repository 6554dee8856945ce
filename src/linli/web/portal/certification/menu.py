"""What certification puts into a resident's navigation."""

from __future__ import annotations

from linli.kernel.text import noop
from linli.web import navigation
from linli.web.access import PORTAL
from linli.web.navigation import Entry

navigation.register(Entry("portal", noop("待遇认证"), "certify:mine", "user-check", frozenset({PORTAL}), 40))
