"""Facts as questions on a page, and answers as facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from linli.domains.benefits.queries import NONE, UNSURE, AnswerWrong, Fact, read_answer
from linli.web.ui.fields import FieldSpec, Option

_TYPES = {"boolean": "radio", "string": "radio", "date": "date", "int64": "number"}


def field_of(fact: Fact, typed: str = "", error: str = "", *, unsure: bool = False) -> FieldSpec:
    """A fact as a question. ``unsure`` offers not to know; otherwise it may be left out."""
    kind = "money" if fact.kind.name == "money" else _TYPES[fact.kind.type]
    options = [Option("yes", _("是")), Option("no", _("不是"))] if fact.kind.type == "boolean" else []
    if fact.kind.type == "string":
        options = [Option(value, _(word)) for value, word in fact.words.items()] + (
            [Option(NONE, _("没有，都不是"))] if fact.none else []
        )
    if unsure and kind == "radio":
        options.append(Option(UNSURE, _("不清楚")))
    return FieldSpec(
        name=fact.name, label=_(fact.question), type=kind, value="" if typed == UNSURE and kind != "radio" else typed, error=error,
        help=_(fact.help) if fact.help else "", required=unsure, options=options, unit=_(fact.unit) if fact.unit else "",
    )  # fmt: skip


def read_words(facts: Iterable[Fact], typed: Mapping[str, str], *, on: date) -> tuple[dict[str, Any], dict[str, str]]:
    """What somebody said of some facts, and what is wrong with it, by name; what was left out is not said."""
    told, wrong = {}, {}
    for fact in facts:
        said = typed.get(fact.name, "").strip()[:40]
        if not said:
            continue
        try:
            told[fact.name] = read_answer(fact, said, on=on)
        except AnswerWrong as error:
            wrong[fact.name] = error.message.render(_)
    return told, wrong


def said(fact: Fact, value: Any) -> str:
    """An answer, read back."""
    if value is None:
        return _("不清楚")
    if fact.kind.type == "boolean":
        return _("是") if value else _("不是")
    if fact.none and value == fact.absent and fact.kind.type != "int64":
        return _("没有，都不是")
    if fact.kind.type == "int64" and fact.unit:
        return f"{value // fact.times} {_(fact.unit)}"
    return _(fact.words[value]) if value in fact.words else str(fact.said(value))
