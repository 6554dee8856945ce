"""What am I due, for anybody: a few questions one after the other. The answers stand in the address and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linli.domains.benefits.queries import MOST_ASKED, UNSURE, AnswerWrong, Fact, due_by_word, question_for, read_answer, vocabulary
from linli.web.access import public
from linli.web.http import Request
from linli.web.portal.due.asked import field_of, said
from linli.web.portal.due.own import tellings
from linli.web.portal.place import Place, place_of, remember
from linli.web.ui.parts import Fact as Line

NOW, WAS, SHOW = "asked", "was", "show"
_LONGEST = 40


@dataclass
class _Answers:
    """What the address says, in the order in which it was asked; ``wrong`` the first that cannot be, after which nothing counts."""

    typed: dict[str, str] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)
    wrong: Fact | None = None
    why: str = ""

    def address(self, place: Place, until: str = "", **more: str) -> str:
        """The page with these answers, or only those before one of them."""
        kept = []
        for name, typed in self.typed.items():
            if name == until:
                break
            kept.append((name, typed))
        region = [("region", place.code)] if place.several else []
        return "?" + urlencode(region + kept + list(more.items()))


def _read(request: Request) -> _Answers:
    facts, answers = vocabulary()["person"], _Answers()
    names = [n for n in request.GET if n in facts and facts[n].question][:MOST_ASKED]
    now = request.GET.get(NOW, "")
    if now in facts and facts[now].question and now not in names and len(names) < MOST_ASKED:
        names.append(now)  # sent without an answer
    for name in names:
        typed = request.GET.get(name, "").strip()[:_LONGEST]
        try:
            told = read_answer(facts[name], typed, on=request.today)
        except AnswerWrong as error:
            answers.wrong, answers.why = facts[name], error.message.render(_)
            break
        answers.typed[name] = typed
        answers.told[name] = told
    return answers


@public
@require_safe
def ask(request: Request) -> HttpResponse:
    """The question that settles most of what is still open; when none is left, what came of the answers."""
    place, answers = place_of(request), _read(request)
    told = {name: value for name, value in answers.told.items() if value is not None}
    question = answers.wrong
    if question is None and SHOW not in request.GET:
        question = question_for(told, list(answers.typed), on=request.today, region=place.code)
    if question is None:
        return remember(_result(request, place, answers, told), place)
    last = next(reversed(answers.typed), "")
    typed = request.GET.get(question.name, "") if answers.wrong else request.GET.get(WAS, "")[:_LONGEST]
    spec = field_of(question, typed, answers.why, unsure=True)
    context = {
        "place": place, "question": question, "spec": spec, "number": len(answers.typed) + 1, "most": MOST_ASKED, "kept": answers.typed,
        "back": answers.address(place, until=last, **{WAS: answers.typed[last]}) if last else "",
        "skip": "" if spec.type == "radio" else answers.address(place, **{question.name: UNSURE}),
        "show": answers.address(place, **{SHOW: "1"}) if answers.typed else "", "problems": [(spec.id, answers.why)] if answers.why else [],
    }  # fmt: skip
    return remember(render(request, "portal/due/ask.html", context, status=422 if answers.why else 200), place)


def _result(request: Request, place: Place, answers: _Answers, told: dict[str, Any]) -> HttpResponse:
    facts = vocabulary()["person"]
    lines = [
        Line(_(facts[name].question), said(facts[name], answers.told[name]), answers.address(place, until=name, **{WAS: typed}))
        for name, typed in answers.typed.items()
    ]
    context = {
        "place": place, "lines": lines, "anonymous": True,
        "groups": tellings(due_by_word(told, on=request.today, region=place.code), region=place.code, request=request),
    }  # fmt: skip
    return render(request, "portal/due/asked.html", context)
