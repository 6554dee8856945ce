"""What supervision puts into the navigation and the palette."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from linli.domains.cases.queries import find, supervised_cases
from linli.kernel.text import noop
from linli.web import navigation, palette
from linli.web.desk.supervise.lines import lines_of
from linli.web.http import StaffRequest
from linli.web.navigation import Entry
from linli.web.palette import Hit

_FEW = 8


def cases(request: StaffRequest, text: str) -> Iterator[Hit]:
    """Supervised cases by number, tail of a number or the applicant's document."""
    if not request.actor.can("cases.supervise"):
        return
    found = find(text, by=request.actor, cases=supervised_cases(request.actor)).exclude(number=None)[:_FEW]
    for line in lines_of(list(found), now=request.now):
        about = f"{line.applicant} · {line.item} · {_(line.state.label)}"
        yield Hit(_("全部办件"), line.number, reverse("supervise:case", args=[line.id]), about, "folder")


_SUPERVISE, _DRAWN = frozenset({"cases.supervise"}), frozenset({"cases.redraw"})
_SETTLE = frozenset({"cases.suspend", "cases.extend", "cases.redraw"})

navigation.register(
    Entry("desk", noop("看板"), "supervise:board", "gauge", _SUPERVISE, 4, noop("督办"), "b"),
    Entry("desk", noop("全部办件"), "supervise:cases", "list-details", _SUPERVISE, 20, noop("督办"), "c"),
    Entry("desk", noop("待答复请求"), "supervise:asks", "message-2", _SETTLE, 22, noop("督办"), "a"),
    Entry("desk", noop("待派办件"), "supervise:waiting", "hourglass", _SUPERVISE, 24, noop("督办"), "w"),
)
palette.register(cases)
