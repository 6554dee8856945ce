"""What grants put into the navigation."""

from __future__ import annotations

from linli.domains.benefits.queries import batches_to_agree, claw_backs_to_agree, lists_to_agree, objections_to_answer
from linli.kernel.text import noop
from linli.web import navigation
from linli.web.navigation import Entry

_SEE, _GROUP = frozenset({"benefits.view"}), noop("惠民政策")
navigation.register(
    Entry("console", noop("发放名单"), "grants:lists", "list-check", _SEE, 51, _GROUP, waits=lists_to_agree),
    Entry("console", noop("公示异议"), "grants:objections", "hand-stop", _SEE, 52, _GROUP, waits=objections_to_answer),
    Entry("console", noop("付款批次"), "grants:payments", "cash", _SEE, 53, _GROUP, waits=batches_to_agree),
    Entry("console", noop("待发放"), "grants:waiting", "hourglass", _SEE, 54, _GROUP),
    Entry("console", noop("追回"), "grants:claw_backs", "arrow-back-up", _SEE, 55, _GROUP, waits=claw_backs_to_agree),
    Entry("console", noop("账目"), "grants:ledger", "scale", _SEE, 56, _GROUP),
)
