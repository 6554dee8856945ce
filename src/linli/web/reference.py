"""The reference of a request: short enough to read out on the telephone, and in every line logged while it is served."""

from __future__ import annotations

import logging
import secrets
from contextvars import ContextVar

# No I, L, O, U, 0 or 1: what is read out must not be mistaken.
_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_current: ContextVar[str] = ContextVar("linli_reference", default="-")


def begin() -> str:
    """A new reference such as ``K7QM-3XTD``, which becomes that of this thread."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    reference = f"{letters[:4]}-{letters[4:]}"
    _current.set(reference)
    return reference


def current() -> str:
    """The reference of the request being served, ``-`` outside of one."""
    return _current.get()


class ReferenceFilter(logging.Filter):
    """Gives every record the reference, so that the one a page shows finds its lines in the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.reference = current()
        return True
