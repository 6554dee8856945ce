"""What the pages of grants share: tones, amounts that are typed, and an act whose refusal is told beside what was typed."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext as _

from linli.domains.benefits import commands
from linli.domains.benefits.queries import AnswerState, BatchState, ClawBackState, GrantState, LineState, ListState, ObjectionState
from linli.kernel.errors import LinliError
from linli.kernel.text import joined, msg

TONES: dict[Any, str] = {
    ListState.MAKING: "info", ListState.FAILED: "bad",
    ListState.MADE: "soon", ListState.AGREED: "info", ListState.PUBLISHED: "info", ListState.CLOSED: "done", ListState.WITHDRAWN: "plain",
}  # fmt: skip
GRANT_TONES = {
    GrantState.LISTED: "info", GrantState.DUE: "soon", GrantState.PAYING: "info", GrantState.PAID: "done", GrantState.RETURNED: "bad",
    GrantState.VOID: "plain",
}  # fmt: skip
OBJECTION_TONES = {ObjectionState.OPEN: "soon", ObjectionState.UPHELD: "done", ObjectionState.REFUSED: "plain"}
BATCH_TONES = {
    BatchState.MAKING: "info", BatchState.FAILED: "bad", BatchState.MADE: "soon", BatchState.AGREEING: "info", BatchState.STALLED: "bad",
    BatchState.AGREED: "info", BatchState.WITHDRAWN: "plain",
}  # fmt: skip
ANSWER_TONES = {
    AnswerState.READING: "info", AnswerState.FAILED: "bad", AnswerState.ENTERING: "info", AnswerState.STALLED: "bad", AnswerState.REFUSED: "bad",
    AnswerState.DONE: "done",
}  # fmt: skip
LINE_TONES = {LineState.OPEN: "info", LineState.PAID: "done", LineState.RETURNED: "bad", LineState.DROPPED: "plain"}
CLAW_TONES = {
    ClawBackState.PROPOSED: "soon", ClawBackState.ORDERED: "info", ClawBackState.REFUSED: "plain", ClawBackState.SETTLED: "done",
    ClawBackState.LIFTED: "plain",
}  # fmt: skip
_YUAN = re.compile(r"(\d{1,10})(?:\.(\d{1,2}))?")


def typed_fen(text: str, field: str) -> int:
    """Yuan as somebody typed them, in fen. Raises :class:`AmountWrong`."""
    found = _YUAN.fullmatch(text.strip().replace(",", ""))
    if not found:
        raise commands.AmountWrong(field=field, why=msg("请填元，最多两位小数"))
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def told(error: LinliError | None, act: str = "", typed: dict[str, str] | None = None) -> dict[str, Any]:
    """For a page that is shown again: which act was refused, why, and what was typed."""
    if error is None:
        return {"act": "", "sentence": "", "field": "", "typed": {}}
    sentence = joined([error.message] + ([error.what_to_do] if error.what_to_do else []), _)
    return {"act": act, "sentence": sentence, "field": error.field or "", "typed": typed or {}}
