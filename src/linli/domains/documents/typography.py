"""From what was typed to what is set: no hidden characters, Chinese punctuation, and nothing that cannot be printed.

Which characters a font can draw is read from its ``cmap`` table. PDF/A refuses a page with a missing glyph, and a name
that silently loses a character would be worse: such a character is printed as 〓 with its number, as printers have
always done.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path

_CONTROL = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff0-\uffff\U000e0000-\U000e0fff]"
)


class FontUnreadable(ValueError):
    """Not a TrueType or OpenType font."""


def characters(path: Path) -> frozenset[int]:
    """The code points a TrueType or OpenType font, or any font of a collection, has a glyph for.

    Raises :class:`FontUnreadable`.
    """
    data = path.read_bytes()
    try:
        if data[:4] == b"ttcf":
            count = struct.unpack_from(">L", data, 8)[0]
            offsets = struct.unpack_from(f">{count}L", data, 12)
        else:
            offsets = (0,)
        return frozenset(c for offset in offsets for c in _of_font(data, offset))
    except (struct.error, IndexError) as error:
        raise FontUnreadable(path.name) from error


def _of_font(data: bytes, offset: int) -> Iterator[int]:
    if data[offset : offset + 4] not in (b"\0\1\0\0", b"OTTO", b"true"):
        raise FontUnreadable
    tables = struct.unpack_from(">H", data, offset + 4)[0]
    for n in range(tables):
        tag, _, start, _ = struct.unpack_from(">4sLLL", data, offset + 12 + 16 * n)
        if tag == b"cmap":
            break
    else:
        return
    for n in range(struct.unpack_from(">H", data, start + 2)[0]):
        platform, encoding, where = struct.unpack_from(">HHL", data, start + 4 + 8 * n)
        if platform == 0 or (platform == 3 and encoding in (1, 10)):
            yield from _of_subtable(data, start + where)


def _of_subtable(data: bytes, at: int) -> Iterator[int]:
    form = struct.unpack_from(">H", data, at)[0]
    if form == 12:
        for n in range(struct.unpack_from(">L", data, at + 12)[0]):
            first, last, _ = struct.unpack_from(">LLL", data, at + 16 + 12 * n)
            yield from range(first, min(last, 0x10FFFF) + 1)
    elif form == 4:
        segments = struct.unpack_from(">H", data, at + 6)[0] // 2
        ends = struct.unpack_from(f">{segments}H", data, at + 14)
        starts = struct.unpack_from(f">{segments}H", data, at + 16 + 2 * segments)
        deltas = struct.unpack_from(f">{segments}H", data, at + 16 + 4 * segments)
        ranges_at = at + 16 + 6 * segments
        ranges = struct.unpack_from(f">{segments}H", data, ranges_at)
        for n, (first, last, delta, shift) in enumerate(zip(starts, ends, deltas, ranges, strict=True)):
            for c in range(first, min(last, 0xFFFE) + 1):
                if shift:
                    glyph = struct.unpack_from(">H", data, ranges_at + 2 * n + shift + 2 * (c - first))[0]
                    drawn = glyph and (glyph + delta) & 0xFFFF
                else:
                    drawn = (c + delta) & 0xFFFF
                if drawn:
                    yield c


def tidy(text: str) -> str:
    """A text without what must not reach paper: control characters, and marks that turn the direction of reading
    round, with which a paper could be made to read otherwise than it says. Line ends stay."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))


_HAN = "\u2e80-\u2fdf\u3003-\u3007\u3021-\u3029\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_BESIDE = _HAN + "\u3008-\u3011\u3014-\u301b\u201c\u201d\u2018\u2019\uff01-\uff5e"
_WIDE = {c: chr(ord(c) + 0xFEE0) for c in ",;:?!()"}
_STOP = re.compile(f"(?<=[{_BESIDE}])([,;:?!]) ?|([,;:?!])(?=[{_BESIDE}])")
_OPEN_OR_CLOSE = re.compile("[()]")
_IS_BESIDE, _HAS_HAN = re.compile(f"[{_BESIDE}]"), re.compile(f"[{_HAN}]")


def chinese(text: str) -> str:
    """Chinese sentences with Chinese punctuation (GB/T 15834-2011), however they were typed.

    Commas, colons and the like become full-width beside a Chinese character, brackets when they stand beside one or hold
    one. Times, amounts, numbers, addresses and anything without Chinese beside it stay as they are.
    """
    if not _HAS_HAN.search(text):
        return text
    chars = list(text)
    open_at: list[int] = []
    for bracket in _OPEN_OR_CLOSE.finditer(text):
        at = bracket.start()
        if text[at] == "(":
            open_at.append(at)
        elif open_at:
            first = open_at.pop()
            beside = text[max(first - 1, 0) : first] + text[at + 1 : at + 2]
            if _IS_BESIDE.search(beside) or _HAS_HAN.search(text, first, at):
                chars[first], chars[at] = _WIDE["("], _WIDE[")"]
    return _STOP.sub(lambda m: _WIDE[m[1] or m[2]], "".join(chars))


def legible(text: str, known: frozenset[int]) -> str:
    """The text with 〓(U+…) for every character that is not known."""
    if all(ord(c) in known or c == "\n" for c in text):
        return text
    return "".join(c if ord(c) in known or c == "\n" else f"〓(U+{ord(c):04X})" for c in text)
