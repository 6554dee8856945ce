"""What this part puts into the navigation."""

from linli.kernel.text import noop
from linli.web import navigation
from linli.web.navigation import Entry

navigation.register(
    Entry("desk", noop("信息异议"), "residents:objections", "message-2", frozenset({"people.answer"}), 32, noop("群众诉求"), "u"),
)
