"""Questions that people answer in their own way: how each is put, what may be answered, and how a wrong answer is told at its field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any
from unicodedata import normalize

from linli.domains.benefits.parameters import Figure, FigureMissing, Figures
from linli.domains.benefits.values import INDEX, INTEGER, MONEY, SHARE, Kind
from linli.kernel.errors import Invalid, LinliError
from linli.kernel.text import Message, msg, noop


class AnswerWrong(LinliError):
    """An answer that its question does not allow."""

    code = "benefits.answer_wrong"
    template = noop("%(label)s：%(why)s。")


class Way(StrEnum):
    """How a question is answered."""

    CHOICE = "choice"
    MONTH = "month"
    WHOLE = "whole"
    MONEY = "money"
    INDEX = "index"
    PERCENT = "percent"


_KINDS: dict[Way, Kind] = {Way.WHOLE: INTEGER, Way.MONEY: MONEY, Way.INDEX: INDEX, Way.PERCENT: SHARE}
_LONGEST = 20  # characters of a number
_CENTURY = ("1900-01", "2099-12")


@dataclass(frozen=True, slots=True)
class Question:
    """One question. ``figure`` names the local figure that is filled in where it is known; ``blank`` stands for an empty answer.

    ``least`` and ``most`` keep slips of the keyboard out; what the law allows is for the formula to say.
    """

    name: str
    label: str
    way: Way
    help: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""
    required: bool = True
    blank: Any = None
    figure: str = ""
    least: int = 0
    most: int = 10_000_000

    def read(self, typed: str) -> Any:
        """The answer as formulas take it. Raises :class:`AnswerWrong`."""
        typed = normalize("NFKC", typed).strip()  # digits and signs of full width are what a Chinese keyboard gives
        if not typed:
            if self.required:
                raise self._wrong(msg("请选一项") if self.way is Way.CHOICE else msg("请填写"))
            return self.blank
        match self.way:
            case Way.CHOICE:
                if typed not in self.choices:
                    raise self._wrong(msg("请选一项"))
                return typed
            case Way.MONTH:
                return self._month(typed)
        return self._number(typed)

    def _month(self, typed: str) -> str:
        found = re.fullmatch(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*月?", typed, re.ASCII)
        if not found or not 1 <= int(found[2]) <= 12:
            raise self._wrong(msg("请填年月，例如 1975-03"))
        month = f"{found[1]}-{int(found[2]):02d}"
        if not _CENTURY[0] <= month <= _CENTURY[1]:
            raise self._wrong(msg("请核对年份"))
        return month

    def _number(self, typed: str) -> Decimal | int:
        if self.way is Way.PERCENT:
            typed = typed.removesuffix("%")
        try:
            number = Decimal(re.sub(r"[,\s]", "", typed[:_LONGEST]))
            if not number.is_finite():
                raise InvalidOperation
        except InvalidOperation:
            raise self._wrong(msg("请填数字")) from None
        if not self.least <= number <= self.most:
            raise self._wrong(msg("请填 %(least)s 到 %(most)s 之间的数", least=self.least, most=self.most))
        if self.way is Way.PERCENT:
            number /= 100
        kind = _KINDS[self.way]
        scaled = number.scaleb(kind.places)
        if scaled != int(scaled):
            places = kind.places - (2 if self.way is Way.PERCENT else 0)
            raise self._wrong(msg("请填整数") if not places else msg("最多 %(places)s 位小数", places=places))
        return number if kind.places else int(number)

    def _wrong(self, why: Message) -> AnswerWrong:
        return AnswerWrong(field=self.name, label=msg(self.label), why=why)

    def filled(self, figures: Figures) -> tuple[str, Figure] | None:
        """What stands in the field before anybody types, as they would type it, and the figure it is."""
        if not self.figure:
            return None
        try:
            figure = Figures(figures.on, figures.region, figures.parameters).figure(self.figure)
        except FigureMissing:
            return None
        value = Decimal(str(figure.value)) * (100 if self.way is Way.PERCENT else 1)
        return f"{value.normalize():f}", figure


def read_answers(questions: Sequence[Question], typed: Mapping[str, str]) -> dict[str, Any]:
    """All answers. Raises :class:`Invalid` with every wrong one."""
    answers, wrong = {}, []
    for question in questions:
        try:
            answers[question.name] = question.read(typed.get(question.name, ""))
        except AnswerWrong as error:
            wrong.append(error)
    if wrong:
        raise Invalid(list(wrong))
    return answers
