"""What this part puts into the navigation and the palette."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _

from linli.kernel.text import noop
from linli.web import navigation, palette
from linli.web.desk.review.shown import REVIEWERS, lines
from linli.web.http import StaffRequest


def mine(request: StaffRequest, text: str) -> Iterable[palette.Hit]:
    """Cases on the reader's own desk, by alias, item or applicant. The load limit of the draw keeps them few."""
    from linli.domains.cases.queries import my_steps

    if not any(request.actor.can(p) for p in REVIEWERS):
        return
    wanted = text.strip().upper()
    for line in lines(my_steps(by=request.actor), now=request.now):
        if wanted in f"{line.alias} {line.item} {line.applicant}".upper():
            url = reverse("review:sheet", args=[line.step_id])
            yield palette.Hit(_("我的办件"), f"{line.alias} {line.item}", url, f"{line.stage} · {line.applicant}", "gavel")


navigation.register(
    navigation.Entry(
        "desk", noop("我的办件"), "review:mine", "gavel", frozenset(REVIEWERS), order=20, group=noop("审核审批"), key="r"
    )
)
palette.register(mine)
