"""What the pages of policies share: words, tones, and fields that are made from data."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from linli.domains.benefits.queries import ChangeState, RunState, State, Trial
from linli.domains.org.queries import regions
from linli.kernel.errors import Invalid, LinliError
from linli.kernel.text import joined, noop
from linli.web.http import StaffRequest
from linli.web.ui.parts import Column

TONES = {
    ChangeState.DRAFT: "plain", ChangeState.PROPOSED: "soon", ChangeState.REFUSED: "bad", ChangeState.PUBLISHED: "done",
    ChangeState.WITHDRAWN: "plain",
}  # fmt: skip
RUN_TONES = {RunState.WAITING: "plain", RunState.RUNNING: "info", RunState.DONE: "done", RunState.FAILED: "bad"}
SUBJECTS = {"person": noop("个人"), "employer": noop("单位"), "hire": noop("单位招用的人")}
SURE = {
    "V": noop("已读原文"), "M": noop("多个公开来源一致"), "L": noop("各地自定"), "K": noop("启用前请核对"),
}  # fmt: skip


def sentences(error: LinliError) -> dict[str, str]:
    """By field what is wrong with it and what to do; under the empty name what is wrong with the whole."""
    found: dict[str, str] = {}
    for one in error.errors if isinstance(error, Invalid) else [error]:
        told = joined([one.message] + ([one.what_to_do] if one.what_to_do else []), _)
        found["file" if one.code.startswith("documents.") else one.field or ""] = told
    return found


def day(text: str) -> date | None:
    """A date as it was typed; None where it is none."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def places_of(request: StaffRequest) -> list[tuple[str, str]]:
    """The places of the actor's post down to counties, by code."""
    own = regions().filter(code__startswith=request.actor.region)
    return [(code, name) for code, name in own.values_list("code", "name") if len(code) <= 6]


def said_values(wanted: Any) -> str:
    """A result of a case in words."""
    if wanted is None:
        return _("没有结果")
    if isinstance(wanted, bool):
        return _("是") if wanted else _("否")
    if wanted in list(State):
        return _(State(wanted).label)
    return str(wanted)


RESULTS = {"state": noop("结论"), "amount": noop("金额"), "error": noop("算不出来"), "topic": noop("公式")}


def trial_rows(trials: tuple[Trial, ...] | list[Trial]) -> list[dict[str, Any]]:
    """Cases as rows: the ones that do not pass first, with what was wanted and what came."""
    rows = [
        {
            "trial": t, "passed": t.outcome.passed,
            "wrong": [(_(RESULTS.get(name, name)), said_values(w) if name != "error" else "", said_values(g)) for name, (w, g) in t.outcome.wrong.items()],
        }
        for t in trials
    ]  # fmt: skip
    return sorted(rows, key=lambda r: (r["passed"], r["trial"].case is None))


def trial_columns() -> list[Column]:
    return [Column(_("用例")), Column(_("结果")), Column(_("差别"))]
