"""Two versions side by side: the gain on top, then each line with the changed words marked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

# A word for this purpose: a run of letters or digits, or a single Chinese character or sign.
_WORDS = re.compile(r"[A-Za-z0-9.%]+|\s+|.", re.DOTALL)
_SHORT = 2  # so few same characters between two changes are part of one change


@dataclass(frozen=True, slots=True)
class Gain:
    """One figure that got better or worse: 时限 −12 个工作日. ``less_is_better`` decides which."""

    label: str
    before: int
    after: int
    unit: str = ""
    less_is_better: bool = True

    @property
    def difference(self) -> str:
        """With a real minus sign; ±0 when nothing changed."""
        change = self.after - self.before
        return f"+{change}" if change > 0 else f"−{-change}" if change < 0 else "±0"

    @property
    def tone(self) -> str:
        if self.after == self.before:
            return "plain"
        return "done" if (self.after < self.before) is self.less_is_better else "bad"


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of a comparison."""

    label: str
    before: str
    after: str

    @property
    def changed(self) -> bool:
        return self.before != self.after

    @property
    def before_marked(self) -> SafeString:
        """The old text, what is gone in ``<del>``."""
        return _marked(self.before, self.after, old=True)

    @property
    def after_marked(self) -> SafeString:
        """The new text, what is new in ``<ins>``."""
        return _marked(self.before, self.after, old=False)


def _marked(before: str, after: str, *, old: bool) -> SafeString:
    a, b = _WORDS.findall(before), _WORDS.findall(after)
    parts: list[tuple[bool, str]] = []
    for kind, a1, a2, b1, b2 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        text = "".join(a[a1:a2] if old else b[b1:b2])
        same = kind == "equal" and (a2 - a1 > _SHORT or a1 == 0 or a2 == len(a))
        if parts and parts[-1][0] == same:
            parts[-1] = (same, parts[-1][1] + text)
        else:
            parts.append((same, text))
    tag = "del" if old else "ins"
    return format_html_join("", "{}", ((_piece(tag, same, text),) for same, text in parts if text))


def _piece(tag: str, same: bool, text: str) -> SafeString:
    return format_html("{}", text) if same else format_html("<{0}>{1}</{0}>", SafeString(tag), text)


def differences(pairs: Sequence[tuple[str, str, str]]) -> list[Difference]:
    """Lines of a comparison from (label, before, after)."""
    return [Difference(*pair) for pair in pairs]
