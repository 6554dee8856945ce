"""What messages say: kinds and their wordings are data (``data/kinds.yaml``), checked when they are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

from linli.domains.notices.errors import KindUnknown
from linli.domains.notices.rules import SMS_LONGEST, SMS_MAY_SAY, SMS_VALUE, fill, places, short
from linli.kernel.text import Message, joined

_FILE = Path(__file__).parent / "data" / "kinds.yaml"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InTwo(_Model):
    """A sentence in both languages."""

    zh: str
    en: str


class InThree(InTwo):
    """The same, and once more in short plain words for who reads large print."""

    plain: str


class Kind(_Model):
    """One kind of message: what staff call it, and what it says by SMS, and in the inbox and by e-mail."""

    label: str
    sms: InTwo
    title: InTwo
    text: InThree

    @model_validator(mode="after")
    def _sms_is_discreet(self) -> Kind:
        told = places(self.sms.zh) | places(self.sms.en)
        if told - SMS_MAY_SAY:
            raise ValueError(f"an SMS may not say {sorted(told - SMS_MAY_SAY)}")
        return self

    @property
    def needs(self) -> set[str]:
        """What a caller must give; ``office`` is who signs."""
        told = set().union(*(places(t) for t in (*_texts(self.sms), *_texts(self.title), *_texts(self.text))))
        return (told | {"office"}) - {"name", "link"}


class Frame(_Model):
    """What stands around every wording: who signs, and where to read more."""

    sms: InTwo
    email: InThree
    signed: InTwo


class _Book(_Model):
    frame: Frame
    kinds: dict[str, Kind]


def _texts(wording: InTwo) -> list[str]:
    return [str(v) for v in wording.model_dump().values()]


@cache
def _book() -> _Book:
    return _Book.model_validate(yaml.safe_load(_FILE.read_text("utf-8")))


def kinds() -> Mapping[str, Kind]:
    """Every kind of message by its name."""
    return _book().kinds


def kind_of(name: str) -> Kind:
    """One of them. Raises :class:`KindUnknown`."""
    found = _book().kinds.get(name)
    if found is None:
        raise KindUnknown(kind=name)
    return found


# -- values: sentences keep their key, so that each reader has them in their own language -----------------------------------------


def freeze(value: object) -> Any:
    """A value as it is stored."""
    if isinstance(value, Message):
        return {"say": value.template, "with": {k: freeze(v) for k, v in value.params.items()}}
    if isinstance(value, tuple):
        return {"several": [freeze(v) for v in value]}
    return value if isinstance(value, str | int) else str(value)


def thaw(value: Any) -> Any:
    """And back."""
    if isinstance(value, dict) and "say" in value:
        return Message(value["say"], {k: thaw(v) for k, v in value["with"].items()})
    if isinstance(value, dict):
        return tuple(thaw(v) for v in value["several"])
    return value


def spoken(values: Mapping[str, Any], translate: Callable[[str], str]) -> dict[str, str]:
    """Stored values in the language of ``translate``."""
    return {name: _say(thaw(value), translate) for name, value in values.items()}


def _say(value: object, translate: Callable[[str], str]) -> str:
    if isinstance(value, Message):
        return value.render(translate)
    return joined(value, translate) if isinstance(value, tuple) else str(value)


# -- composing -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Voice:
    """How somebody wants to be written to."""

    english: bool = False
    plain: bool = False

    def of(self, wording: InTwo) -> str:
        if self.english:
            return wording.en
        return wording.plain if self.plain and isinstance(wording, InThree) else wording.zh


def title_of(kind: Kind, values: dict[str, str], voice: Voice) -> str:
    return fill(voice.of(kind.title), values)


def text_of(kind: Kind, values: dict[str, str], voice: Voice) -> str:
    return fill(voice.of(kind.text), values)


def sms_of(kind: Kind, values: dict[str, str], voice: Voice, *, sign: str) -> str:
    """One text message with its signature; long values are shortened."""
    said = fill(wording_of_sms(kind, voice), {name: value if name == "link" else short(value) for name, value in values.items()})
    return fill(voice.of(_book().frame.sms), {"sign": short(sign, most=16), "text": said})


def wording_of_sms(kind: Kind, voice: Voice) -> str:
    """An SMS for who reads large print says the plain words of the inbox, where it may name what they name and they fit."""
    plain = kind.text.plain
    if not voice.plain or voice.english or places(plain) - SMS_MAY_SAY:
        return voice.of(kind.sms)
    longest = len(re.sub(r"\{\w+\}", "", plain)) + SMS_VALUE * len(places(plain)) + 18  # the signature and its brackets
    return plain if longest <= SMS_LONGEST["zh"] else kind.sms.zh


def email_of(kind: Kind, values: dict[str, str], voice: Voice, *, name: str, link: str) -> tuple[str, str]:
    """Subject and text of an e-mail."""
    frame = _book().frame
    text = text_of(kind, values, voice)
    signed = fill(voice.of(frame.signed), values)
    return title_of(kind, values, voice), fill(voice.of(frame.email), {"name": name, "text": text, "link": link, "signed": signed})
