"""Money is :class:`~decimal.Decimal` yuan, rounded half up to the fen once, where the rule says so."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

FEN = Decimal("0.01")


def to_fen(amount: Decimal) -> Decimal:
    """Round half up to 0.01 yuan, the rounding of every benefit component."""
    return amount.quantize(FEN, rounding=ROUND_HALF_UP)


def yuan(amount: Decimal) -> str:
    """An amount as a page prints it: thin separators and two decimals, ``12 345.60``."""
    return f"{to_fen(amount):,.2f}".replace(",", "\u2009")
