"""How a clock looks on a page, whoever reads it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from linli.domains.cases.queries import ClockView, Colour, PendingClock
from linli.kernel.text import joined


def clock_look(clock: ClockView, *, over: bool) -> dict[str, Any]:
    """A clock in the words and colours of the kit."""
    state = "stopped" if clock.colour is Colour.DONE or over else clock.colour.value
    if state in ("green", "amber") and clock.provisional:
        state = "provisional"
    left = _left(clock.working_days_left) if clock.working_days_left is not None and state != "stopped" else ""
    return {
        "label": _(clock.kind.label),
        "state": state,
        "due": clock.due_on,
        "left": left,
        "sentence": joined(clock.explanation, _),
    }


def _left(days: int) -> str:
    return _("还剩 %(n)s 个工作日") % {"n": days} if days >= 0 else _("超过 %(n)s 个工作日") % {"n": -days}


def pending_look(clock: PendingClock, *, label: str) -> dict[str, Any]:
    """The clock of a material that was promised and is still to come."""
    state = "provisional" if clock.provisional and clock.colour in (Colour.GREEN, Colour.AMBER) else clock.colour.value
    return {
        "label": label % {"name": clock.name}, "state": state, "due": clock.due_on, "left": _left(clock.days_left),
        "sentence": joined(clock.explanation, _),
    }  # fmt: skip
