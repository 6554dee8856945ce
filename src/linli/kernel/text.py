"""Sentences that know their own translation key.

A domain room speaks Chinese and knows no request, so it cannot choose a language. It hands out a :class:`Message`:
a Chinese template with named values. ``str()`` gives the Chinese sentence; a face translates the template first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Message:
    """A Chinese sentence with ``%(name)s`` places and the values that fill them; values may be messages, or tuples of values."""

    template: str
    params: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))

    def __str__(self) -> str:
        return self.render(_same)

    def render(self, translate: Callable[[str], str]) -> str:
        """Fill the template after ``translate`` has turned it into the reader's language."""
        if not self.params:
            return translate(self.template)
        return translate(self.template) % {k: _filled(v, translate) for k, v in self.params.items()}


def _same(template: str) -> str:
    return template


def _filled(value: object, translate: Callable[[str], str]) -> object:
    if isinstance(value, tuple):
        return translate(noop("、")).join(str(_filled(v, translate)) for v in value)
    return value.render(translate) if isinstance(value, Message) else value


def msg(template: str, /, **params: object) -> Message:
    """Make a message. The extractor of translations looks for this name, so pass the template as a literal."""
    return Message(template, params)


def noop(template: str, /) -> str:
    """Mark a literal for translation where it stands as data (an enum label, an error template)."""
    return template


def joined(messages: Iterable[Message], translate: Callable[[str], str] = _same) -> str:
    """Several sentences as one paragraph: Chinese ones stand close, after any other goes a space."""
    said = [m.render(translate) for m in messages]
    return "".join(f"{s} " if s[-1:].isascii() else s for s in said).rstrip()
