"""The verification code on every paper: short enough to type, too many to guess, and no single wrong character passes.

Twelve characters of a 32-letter alphabet without I, L, O and U: eleven random ones (55 bits) and a check character by the
hybrid system of ISO/IEC 7064 (MOD 33,32), which finds every single wrong character and nearly every swap of neighbours.
"""

from __future__ import annotations

import secrets

from stdnum.iso7064 import mod_37_36

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 12
# What people write for what they see: letters that are not in the alphabet, and the full-width forms of an input method.
_READ_AS = str.maketrans("OIL", "011") | {0xFEE0 + c: c for c in range(0x21, 0x7F)}


def make_code() -> str:
    """A new code, without separators."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return body + str(mod_37_36.calc_check_digit(body, ALPHABET))


# Characters that print or handwriting makes look alike; those of one group may stand for each other.
_ALIKE = ("8B3", "5S6", "2Z7", "0DQC", "17T", "VUYW", "6G", "MNH", "KX", "EF", "PR", "49A")


def _plain(typed: str) -> str:
    """What was typed, in capitals and without separators."""
    text = typed.translate(_READ_AS).upper().translate(_READ_AS)
    return "".join(c for c in text if c not in " \t\r\n\u3000-\u2010\u2011\u2012\u2013\u2014_")


def read_code(typed: str) -> str | None:
    """The code somebody typed or scanned, normalised; None if it cannot be one."""
    code = _plain(typed)
    if len(code) != LENGTH or any(c not in ALPHABET for c in code):
        return None
    return code if mod_37_36.is_valid(code, ALPHABET) else None


def near_codes(typed: str) -> list[str]:
    """Codes that differ from what was typed in one character that looks like another.

    The check character rules most of them out, so there are few, and asking for them brings nobody nearer to a code they
    do not have in hand.
    """
    code = _plain(typed)
    if len(code) != LENGTH:
        return []
    found = {
        code[:place] + other + code[place + 1 :]
        for place, char in enumerate(code)
        for group in _ALIKE
        if char in group
        for other in group
        if other != char
    }
    return sorted(c for c in found if read_code(c) == c)


def spaced(code: str) -> str:
    """As it is printed: ``7H2K-0QXM-49CW``."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))
