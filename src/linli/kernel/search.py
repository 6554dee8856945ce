"""Search tokens, made in the application and indexed by PostgreSQL as ``tsvector`` with no parser and no extension.

A text is cut into words (rjieba), single characters, pairs of neighbouring characters (exact substring search) and
the initials of its pinyin from every position, so that ``sybx`` finds 失业保险 anywhere in a name. Each kind of token
has its own first letter and cannot be mistaken for another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import rjieba
from pypinyin import Style, lazy_pinyin

from linli.kernel.identifiers import compact

_HAN = r"\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUNS = re.compile(rf"[{_HAN}]+|[0-9A-Za-z]+")
_IS_HAN = re.compile(rf"[{_HAN}]")
MAX_INITIALS = 12


def tokens(*texts: str) -> list[tuple[str, int]]:
    """Tokens with positions. Shapes: ``w词`` word, ``c失`` character, ``d失业`` pair, ``pSYBX`` initials, ``aABC`` ascii."""
    found: list[tuple[str, int]] = []
    at = 1
    for text in texts:
        for run in _RUNS.findall(text):
            if not _IS_HAN.match(run):
                found.append((f"a{run.upper()}", at))
                at += 2
                continue
            initials = _initials(run)
            for i, char in enumerate(run):
                found.append((f"c{char}", at + i))
                found.append((f"p{initials[i : i + MAX_INITIALS]}", at + i))
                if i + 1 < len(run):
                    found.append((f"d{run[i : i + 2]}", at + i))
            found += [(f"w{word}", at) for word in rjieba.cut_for_search(run) if len(word) > 1]
            at += len(run) + 1
    return found


@lru_cache(maxsize=16_384)
def _initials(run: str) -> str:
    return "".join((p[0] if p and p[0].isalpha() and p[0].isascii() else "_") for p in lazy_pinyin(run, style=Style.NORMAL)).upper()


def initials(text: str) -> str:
    """Pinyin initials of a text, ``SYBXJ`` for 失业保险金; other characters dropped, latin ones kept."""
    return "".join(_initials(run) if _IS_HAN.match(run) else run.upper() for run in _RUNS.findall(text))


def sort_key(text: str) -> str:
    """A key that sorts by pinyin, since the embedded database has no Chinese collation."""
    return " ".join(lazy_pinyin(text, style=Style.TONE3))


def vector(*texts: str) -> str:
    """A ``tsvector`` literal of the tokens of several texts."""
    places: dict[str, list[int]] = {}
    for token, at in tokens(*texts):
        places.setdefault(token, []).append(min(at, 16_383))
    return " ".join(f"'{token}':{','.join(map(str, sorted(set(ats))[:255]))}" for token, ats in sorted(places.items()))


def query(text: str, *, synonyms: dict[str, tuple[str, ...]] | None = None) -> str:
    """A ``tsquery`` literal that finds all of what was typed, each part as typed, as initials, or as a known synonym.

    Empty when nothing searchable was typed.
    """
    parts = []
    for run in _RUNS.findall(text)[:8]:
        options = [_part(run), *(_part(s) for s in (synonyms or {}).get(run, ()))]
        parts.append("(" + " | ".join(options) + ")" if len(options) > 1 else options[0])
    return " & ".join(parts)


def any_word_query(text: str) -> str:
    """A looser ``tsquery``: any of the words typed; for when nothing matches all of them."""
    words = {w for run in _RUNS.findall(text)[:8] if _IS_HAN.match(run) for w in rjieba.cut_for_search(run) if len(w) > 1}
    return " | ".join(f"'w{w}'" for w in sorted(words))


def _part(run: str) -> str:
    if not _IS_HAN.match(run):
        letters = run.upper()
        return f"('a{letters}':* | 'p{letters[:MAX_INITIALS]}':*)" if letters.isalpha() else f"'a{letters}':*"
    if len(run) == 1:
        return f"'c{run}'"
    return " <-> ".join(f"'d{run[i : i + 2]}'" for i in range(len(run) - 1))


def looks_like_number(text: str) -> bool:
    """Whether what was typed is an identity number, credit code or case number rather than words."""
    value = compact(text)
    return (len(value) >= 15 and value[:6].isdigit()) or (len(value) == 18 and value.isalnum() and value.isascii())


def all_texts(parts: Iterable[str | None]) -> list[str]:
    """Drop what is empty."""
    return [p for p in parts if p]
