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
    """The fields of a form that a resident fills in: not what submitting says by itself (signature, date, that it is true)."""
    said = filled_by_submitting(standard, date.min)
    return [f.name for f in standard.form if f.name not in said]


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


def commitment_text(standard: Standard, material: Material) -> list[str]:
    """告知承诺书: what is told, what is promised, what follows if it is not true. A paper, so it is Chinese."""
    basis = material.basis or "、".join(f"{b.law}{b.article}" for b in standard.legal_basis[:2])
    told = f"办理“{standard.name}”，按规定要有“{material.name}”。" + (f"依据：{basis}。" if basis else "")
    return [
        told,
        "您可以不提供这份材料，改为书面承诺；不愿意承诺的，照常提供材料，办理不受影响。",
        "您承诺：已经知道上面的要求，自己符合这份材料要证明的情况，所说的都是真的，并愿意承担责任。",
        "我们会在事后核查，方式包括向有关部门查询和实地核对，请您配合。",
        "承诺不实的，依法撤销已经作出的决定，已领取的待遇要退回，并按规定记入信用记录；情节严重的，依法追究责任。",
        "发现自己说错了的，在核查之前主动告诉我们并补上材料，不作为失信处理。",
    ]
