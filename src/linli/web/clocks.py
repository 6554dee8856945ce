"""How a clock looks on a page, whoever reads it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from linli.domains.cases.queries import ClockView, Colour
from linli.kernel.text import joined


def clock_look(clock: ClockView, *, over: bool) -> dict[str, Any]:
    """A clock in the words and colours of the kit."""
    state = "stopped" if clock.colour is Colour.DONE or over else clock.colour.value
    if state in ("green", "amber") and clock.provisional:
        state = "provisional"
    left = ""
    if clock.working_days_left is not None and state != "stopped":
        days = clock.working_days_left
        left = _("还剩 %(n)s 个工作日") % {"n": days} if days >= 0 else _("超过 %(n)s 个工作日") % {"n": -days}
    return {
        "label": _(clock.kind.label),
        "state": state,
        "due": clock.due_on,
        "left": left,
        "sentence": joined(clock.explanation, _),
    }
