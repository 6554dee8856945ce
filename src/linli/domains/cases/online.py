"""What the resident's own way through a case goes by: what can be applied for online, what a commitment says, which codes lead on."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from linli.domains.cases.grounds import MaterialState, Received
from linli.domains.catalog.queries import FieldType, Material, Required, Standard
from linli.kernel.text import Message, msg, noop

CODE_DIGITS = 8
CODE_LIFE = timedelta(hours=24)
CHANNELS = frozenset({"online", "mobile"})

# What stands in a form for what paper carries: who applies online has signed in under their own name.
SIGNED_ONLINE = noop("已实名登录，在网上确认")
_BY_NAME = {"apply_date": FieldType.DATE, "commitment": FieldType.BOOLEAN}  # said by the act of submitting itself

# How a resident can hand something in from a phone; what is seen or taken on paper takes a counter.
HANDED_ONLINE = frozenset({Received.UPLOADED, Received.PHOTOGRAPHED})


def why_not_online(standard: Standard) -> Message | None:
    """Why an item cannot be applied for online; None if it can."""
    if CHANNELS.isdisjoint(standard.channels):
        return msg("这件事按规定要到窗口办，网上还不能申请。")
    return None


def asked_fields(standard: Standard) -> list[str]:
    """The fields of a form that a resident fills in: not what submitting says by itself (signature, date, that it is true),
    nor what is handed in."""
    said = filled_by_submitting(standard, date.min)
    return [f.name for f in standard.typed if f.name not in said]


def filled_by_submitting(standard: Standard, today: date) -> dict[str, Any]:
    """What submitting online says: who signs, when, and that it is all true."""
    said: dict[str, Any] = {}
    for f in standard.form:
        if f.type is FieldType.SIGNATURE:
            said[f.name] = SIGNED_ONLINE
        elif _BY_NAME.get(f.name) is f.type:
            said[f.name] = today.isoformat() if f.type is FieldType.DATE else True
    return said


def is_question(material: Material) -> bool:
    """Whether the applicant must say if a material applies: only what the bureau cannot get itself is ever asked about."""
    return material.required is Required.CONDITIONAL and not material.from_departments


def still_open(material: Material, state: MaterialState, applies: bool | None) -> bool:
    """Whether something must still be said or handed in before submitting."""
    if material.from_departments or state.settled:
        return False
    if material.required is Required.CONDITIONAL:
        return applies is not False
    return material.required is Required.YES
