"""What an interface to another department is: data with a shape, checked when it is read.

Nothing here knows an item of service. Which materials an interface answers is told by words in a material's name and in the
name of who issues it (:func:`covering`), so that a catalogue that grows is covered by data alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Annotated, Any, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from linli.domains.exchange.errors import ContractWrong
from linli.kernel.text import noop

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{2,63}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Sharing(StrEnum):
    """The attribute of a data set in the sharing catalogue (政务数据共享条例)."""

    UNCONDITIONAL = "unconditional"
    CONDITIONAL = "conditional"

    @property
    def label(self) -> str:
        return {"unconditional": noop("无条件共享"), "conditional": noop("有条件共享")}[self.value]


class ValueType(StrEnum):
    """What an answer to a field looks like on the wire; always a JSON string, but for ``number`` and ``boolean``."""

    TEXT = "text"
    NAME = "name"  # of a person, or of whoever the query was about
    DATE = "date"
    NUMBER = "number"
    MONEY = "money"
    BOOLEAN = "boolean"
    ID_NUMBER = "id-number"
    CREDIT_CODE = "credit-code"
    ACCOUNT = "account"


class RequestField(_Part):
    """One condition of a query. ``takes`` names the facts it can be filled with: the first the case knows of at all counts."""

    name: Name
    label: Text
    takes: tuple[Name, ...] = Field(min_length=1)
    required: bool = True


class ResponseField(_Part):
    """One field of an answer that the purpose allows; whatever else a source sends is not kept.

    ``fact`` names what the case itself says about the same thing, for telling a difference; ``fills`` fields of the form.
    """

    name: Name
    label: Text
    type: ValueType = ValueType.TEXT
    personal: bool = False
    required: bool = True
    values: tuple[Text, ...] = ()
    fact: Name | None = None
    fills: tuple[Name, ...] = ()

    def fault(self, value: Any) -> str:
        """Why a value breaks the contract; empty when it keeps it."""
        match self.type:
            case ValueType.BOOLEAN:
                wrong = not isinstance(value, bool)
            case ValueType.NUMBER:
                wrong = isinstance(value, bool) or not isinstance(value, int | float) or not -1e15 < value < 1e15
            case _:
                wrong = not isinstance(value, str) or len(value) > 500
                wrong = (
                    wrong or not _SHAPES.get(self.type, _ANY).fullmatch(value) or (self.type is ValueType.DATE and not _day(value))
                )
        if wrong:
            return "type"
        return "value" if self.values and value not in self.values else ""


_ANY = re.compile(r"[^\x00]*")
_SHAPES = {
    ValueType.DATE: re.compile(r"\d{4}-\d{2}-\d{2}"), ValueType.MONEY: re.compile(r"-?\d{1,13}\.\d{2}"),
    ValueType.ID_NUMBER: re.compile(r"[0-9A-Za-z]{6,32}"), ValueType.CREDIT_CODE: re.compile(r"[0-9A-Z]{18}"),
    ValueType.ACCOUNT: re.compile(r"\d{8,32}"),
}  # fmt: skip


def _day(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


class Pattern(_Part):
    """Materials an interface answers: the name holds ``name`` (empty: any), and whoever issues them holds one of ``issuers``.

    A material that names no issuer is matched by its name alone.
    """

    name: str = ""
    issuers: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Pattern:
        if not self.name and not self.issuers:
            raise ValueError("应写明材料名称或出具单位中的词")
        return self


class Interface(_Part):
    """One interface as its owner published it: on which ground, for which purpose, what goes there and what comes back."""

    code: Code
    name: Text
    owner: Text
    sharing: Sharing
    legal_basis: Text
    purpose: Text
    subject: Text
    request: tuple[RequestField, ...] = Field(min_length=1)
    response: tuple[ResponseField, ...] = Field(min_length=1)
    answers: tuple[Pattern, ...] = ()
    fresh_days: int = Field(ge=0, le=3660)
    per_second: int = Field(20, ge=1, le=10_000)
    timeout_ms: int = Field(3000, ge=100, le=60_000)

    @model_validator(mode="after")
    def _names_once(self) -> Interface:
        for fields in (self.request, self.response):
            names = [f.name for f in fields]
            if len(set(names)) != len(names):
                raise ValueError("字段名称重复")
        return self

    @property
    def fields(self) -> list[str]:
        """What a call asks for: the fields the purpose allows."""
        return [f.name for f in self.response]

    def query_from(self, facts: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
        """The query that a case's facts make, and the labels of conditions still missing.

        Of the facts a condition takes the first that the case has a place for counts, even while that is empty: somebody else's
        number must not stand in for one that has yet to be written down.
        """
        query, missing = {}, []
        for field in self.request:
            known = next((f for f in field.takes if f in facts), None)
            value = str(facts[known]).strip() if known else ""
            if value:
                query[field.name] = value
            elif field.required:
                missing.append(field.label)
        return query, missing


class _Book(_Part):
    interfaces: tuple[Interface, ...]


def read(text: str, *, file: str) -> tuple[Interface, ...]:
    """Interfaces out of YAML. ``subjects`` holds requests that several share. Raises :class:`ContractWrong` naming file and field."""
    try:
        raw = yaml.safe_load(text)
        shared = raw.pop("subjects", {})
        for entry in raw["interfaces"]:
            if entry.get("subject") in shared and "request" not in entry:
                entry["request"] = shared[entry["subject"]]
        found = _Book.model_validate(raw).interfaces
    except ValidationError as error:
        first = error.errors()[0]
        raise ContractWrong(file=file, where=_where(raw, first["loc"]), why=first["msg"]) from error
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise ContractWrong(file=file, where="interfaces", why=error) from error
    codes = [i.code for i in found]
    for code in codes:
        if codes.count(code) > 1:
            raise ContractWrong(file=file, where=code, why="code")
    return found


def _where(raw: Any, loc: tuple[int | str, ...]) -> str:
    """``sj-registration.response.2.type``: interfaces by their code, the rest by place."""
    parts = [str(p) for p in loc]
    if len(loc) > 1 and isinstance(loc[1], int):
        entry = raw["interfaces"][loc[1]]
        parts = [str(entry.get("code", loc[1]) if isinstance(entry, dict) else loc[1]), *parts[2:]]
    return ".".join(parts)


@cache
def package() -> dict[str, Interface]:
    """The interfaces that ship with the platform, by code."""
    file = resources.files("linli.domains.exchange") / "data/interfaces.yaml"
    return {i.code: i for i in read(file.read_text("utf-8"), file="data/interfaces.yaml")}


class _Rank(NamedTuple):
    """How well an interface fits; smaller is better."""

    by_issuer_alone: bool
    issuer_unmatched: bool
    name_length: int
    name_place: int
    issuer_place: int


def covering(name: str, issued_by: str, *, among: Iterable[Interface] | None = None) -> list[Interface]:
    """The interfaces that answer a material, best first: by words of its name before words of its issuer, longer before shorter."""
    ranked = []
    for interface in package().values() if among is None else among:
        ranks = [r for p in interface.answers if (r := _rank(p, name, issued_by))]
        if ranks:
            ranked.append((min(ranks), interface.code, interface))
    return [interface for _, _, interface in sorted(ranked, key=lambda r: r[:2])]


def _rank(pattern: Pattern, name: str, issued_by: str) -> _Rank | None:
    if pattern.name not in name:
        return None
    places = [issued_by.index(i) for i in pattern.issuers if i in issued_by]
    if pattern.issuers and issued_by and not places:
        return None
    if not pattern.name and not places:
        return None
    return _Rank(not pattern.name, not places, -len(pattern.name), name.index(pattern.name), min(places, default=99))
