"""What policies put into the navigation and the palette."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from linli.domains.benefits.queries import changes_to_agree, parameter_sheets, shipped_policies
from linli.kernel.text import noop
from linli.web import navigation, palette
from linli.web.http import StaffRequest
from linli.web.navigation import Entry
from linli.web.palette import Hit

SEE = ("benefits.view", "benefits.policy", "benefits.agree")
_GROUP = noop("惠民政策")


def found(request: StaffRequest, text: str) -> Iterator[Hit]:
    """Policies and parameters by a part of their name."""
    if not any(request.actor.can(p) for p in SEE):
        return
    for policy in shipped_policies().values():
        if text in policy.name:
            yield Hit(_("政策"), policy.name, reverse("policies:one", args=[policy.code]), policy.mode, "book")
    for sheet in parameter_sheets(by=request.actor, on=request.today):
        if text in sheet.parameter.label:
            yield Hit(
                _("参数"),
                sheet.parameter.label,
                reverse("policies:figure", args=[sheet.name]),
                sheet.parameter.unit,
                "adjustments-horizontal",
            )


navigation.register(
    Entry("console", noop("政策目录"), "policies:list", "book", frozenset(SEE), 57, _GROUP),
    Entry("console", noop("政策参数"), "policies:figures", "adjustments-horizontal", frozenset(SEE), 58, _GROUP),
    Entry("console", noop("参数修改"), "policies:changes", "edit", frozenset(SEE), 59, _GROUP, waits=changes_to_agree),
)
palette.register(found)
