"""What somebody is due, as it is told to them: where each policy stands, what is missing, and which question settles most.

What the reader says of themselves fills gaps only: a fact that a register tells is never replaced by a word.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from unicodedata import normalize

from linli.domains.benefits.asking import AnswerWrong
from linli.domains.benefits.definitions import Policy, shipped_policies
from linli.domains.benefits.facts import Fact, vocabulary
from linli.domains.benefits.parameters import FigureMissing, Figures, Parameter
from linli.domains.benefits.scanning import Outcome, State, assess, reads_of
from linli.domains.benefits.values import ValueWrong
from linli.kernel.text import Message, msg

MOST_ASKED = 8
NONE, UNSURE = "-", "?"  # how an answer says that there is none, and that somebody does not know
_DAYS = 366  # of a year, more or less
_AGES = (1, 17, 30, 50, 61, 85)  # years ago: guesses at a date, to see what an answer could settle
_COUNTS = (0, 6, 24, 120, 400)


class Standing(StrEnum):
    """Where a policy stands for somebody. ``likely``: nothing speaks against it, most is met, and only registers can say the rest."""

    ENTITLED = "entitled"
    LIKELY = "likely"
    OPEN = "open"
    NOT_ENTITLED = "not_entitled"


@dataclass(frozen=True, slots=True)
class Due:
    """One policy for one subject. ``outcome`` is None where the figures of the place are not set yet; ``running``: still in force,
    otherwise the outcome is that of its last day, ``until``; ``on_word``: what it rests on that only the reader said."""

    policy: Policy
    outcome: Outcome | None
    running: bool
    on_word: tuple[Fact, ...] = ()
    until: date | None = None

    @property
    def standing(self) -> Standing:
        if self.outcome is None:
            return Standing.OPEN
        return standing_of(self.outcome)


def standing_of(outcome: Outcome) -> Standing:
    """Where a policy stands."""
    if outcome.state is not State.UNKNOWN:
        return Standing(outcome.state.value)
    met = sum(bool(r.holds) for r in outcome.reasons)
    return Standing.LIKELY if 2 * met >= len(outcome.reasons) and not any(f.question for f in outcome.missing) else Standing.OPEN


def dues(
    subject: str, facts: Mapping[str, Any], *, on: date, region: str, book: Mapping[str, Parameter],
    told: Mapping[str, Any] | None = None, items: Collection[str] = (),
) -> list[Due]:  # fmt: skip
    """Every policy for one subject: what registers know, and in its gaps what the reader told. With ``items`` only theirs."""
    words = {name: value for name, value in (told or {}).items() if facts.get(name) is None}
    known = {**facts, **words}
    found = []
    for policy in policies_of(subject, items):
        today = Figures(on, region, book)
        figures = Figures(last_reckoned(policy, today), region, book)
        try:
            (outcome,) = assess([policy], known, figures)
            on_word = tuple(f for f in vocabulary()[subject].values() if f.name in words and f in reads_of(policy, figures))
        except FigureMissing:
            outcome, on_word = None, ()
        if policy.told_if and not (outcome and any(r.key == policy.told_if and r.holds for r in outcome.reasons)):
            continue  # a check of what somebody receives is nothing to those who do not receive it
        found.append(Due(policy, outcome, policy.runs(today), on_word, policy.last_day(today)))
    return found


def policies_of(subject: str, items: Collection[str] = ()) -> Iterator[Policy]:
    """The policies that are told to a kind of subject."""
    for policy in shipped_policies().values():
        if policy.subject == subject and policy.told_to == "self" and (not items or policy.item in items):
            yield policy


def may_be_due(items: Collection[str]) -> bool:
    """Whether some items have a policy that people can be told about."""
    return any(policy.item in items for kind in vocabulary() for policy in policies_of(kind))


def last_reckoned(policy: Policy, figures: Figures) -> date:
    """The day by whose figures a policy is told of: that of the figures, of one that has expired its last."""
    return figures.on if policy.runs(figures) else policy.last_day(figures) or figures.on


# -- asking ---------------------------------------------------------------------------------------------------------------


def read_answer(fact: Fact, typed: str, *, on: date) -> Any:
    """What somebody answered on a day, as the engine keeps it; None for one who does not know. Nobody is asked for a day to come.

    Raises :class:`AnswerWrong`.
    """
    typed = normalize("NFKC", typed).strip()  # digits of full width are what a Chinese keyboard gives
    if typed == UNSURE:
        return None
    label = msg(fact.question)
    try:
        if typed == NONE and fact.none:
            return fact.absent
        if fact.kind.type == "boolean":
            return {"yes": True, "no": False}[typed]
        if fact.words and typed not in fact.words:
            raise KeyError
        value = fact.kind.read(typed, label=fact.question)
        if fact.kind.type == "int64":
            if value < 0:
                raise AnswerWrong(field=fact.name, label=label, why=msg("请填 0 或更大的数"))
            if fact.most is not None and value > fact.most:
                why = msg("请填 %(least)s 到 %(most)s 之间的数", least=0, most=fact.most)
                raise AnswerWrong(field=fact.name, label=label, why=why)
            value *= fact.times
        if fact.kind.type == "date" and not date(1900, 1, 2) <= value <= on:
            raise AnswerWrong(field=fact.name, label=label, why=msg("请核对日期"))
        return fact.checked(value)
    except KeyError:
        raise AnswerWrong(field=fact.name, label=label, why=msg("请选一项")) from None
    except ValueWrong as error:
        raise AnswerWrong(field=fact.name, label=label, why=error.params["why"]) from error


def next_question(
    facts: Mapping[str, Any], asked: Collection[str], *, subject: str = "person", on: date, region: str, book: Mapping[str, Parameter],
) -> Fact | None:  # fmt: skip
    """The question whose answer settles most of what is still open; None when nothing is left to ask or enough was asked."""
    if len(asked) >= MOST_ASKED:
        return None
    figures = Figures(on, region, book)
    still = [
        (due.policy, {f.name for f in due.outcome.missing})
        for due in dues(subject, facts, on=on, region=region, book=book)
        if due.running and due.outcome is not None and due.standing is Standing.OPEN
    ]
    best: tuple[float, int] = (-1.0, 0)
    chosen = None
    for fact in vocabulary()[subject].values():
        lacking = [policy for policy, missing in still if fact.name in missing]
        if not fact.question or fact.name in asked or not lacking:
            continue
        worth = (_settled(fact, facts, lacking, figures), len(lacking))
        if worth > best:
            best, chosen = worth, fact
    return chosen


def _settled(fact: Fact, facts: Mapping[str, Any], policies: Sequence[Policy], figures: Figures) -> float:
    """How many of some policies an answer settles, on the average of the answers it may have."""
    guesses = _guesses(fact, figures.on)
    outcomes = (o for value in guesses for o in assess(policies, {**facts, fact.name: value}, figures))
    return sum(standing_of(o) is not Standing.OPEN for o in outcomes) / len(guesses)


def _guesses(fact: Fact, on: date) -> list[Any]:
    none = [fact.absent] if fact.none else []
    match fact.kind.type:
        case "boolean":
            return [True, False]
        case "string":
            return [*(fact.kind.options or fact.words), *none]
        case "date":
            return [on - timedelta(age * _DAYS) for age in _AGES] + none
    return [n * fact.times for n in _COUNTS]


# -- words ----------------------------------------------------------------------------------------------------------------


def once_said(policy: Policy) -> Message:
    """How often a policy is looked into for one subject."""
    return {
        "month": msg("每月核定一次"), "quarter": msg("每季度核定一次"), "year": msg("每年核定一次"), "once": msg("只办一次"),
    }[policy.every.value]  # fmt: skip
