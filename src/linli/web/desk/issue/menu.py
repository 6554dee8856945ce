"""What issuing and hand-over put into the navigation and the palette."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from linli.domains.cases.queries import State, find, find_issued, issue_queue
from linli.domains.documents.queries import READ_LEDGER
from linli.kernel.text import noop
from linli.web import navigation, palette
from linli.web.desk.issue.rows import lines
from linli.web.http import StaffRequest
from linli.web.navigation import Entry
from linli.web.palette import Hit

_GROUP = noop("出件送达")
_ACTS = frozenset({"cases.accept", "cases.review", "cases.decide", "cases.issue"})

navigation.register(
    Entry("desk", noop("待出件"), "issue:queue", "rubber-stamp", frozenset({"cases.issue"}), 12, _GROUP, "o"),
    Entry("desk", noop("送达"), "issue:deliver_list", "package", frozenset({"cases.deliver"}), 90, _GROUP, "d"),
    Entry("desk", noop("外部事项补录"), "issue:external_list", "external-link", _ACTS, 95, noop("外部事项"), "x"),
    Entry("desk", noop("用印台账"), "issue:ledger", "book", frozenset(READ_LEDGER), 100, noop("用印"), "y"),
)


def cases(request: StaffRequest, text: str) -> Iterator[Hit]:
    """Cases to issue and results to hand over, by the tail of a number."""
    by = request.actor
    for line in lines(find(text, by=by, cases=issue_queue(by=by))[:8]):
        yield Hit(_("待出件"), line.number, reverse("issue:case", args=[line.case.pk]), line.about, "rubber-stamp")
    for line in lines(find_issued(text, by=by).filter(state=State.ISSUED)[:8]):
        yield Hit(_("待送达"), line.number, reverse("issue:deliver", args=[line.case.pk]), line.about, "package")


palette.register(cases)
