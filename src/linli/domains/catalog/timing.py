"""Filling in the limits of a standard from the law, so that every published standard carries all its clocks with their basis."""

from __future__ import annotations

from typing import Any

from linli.domains.catalog.standard import Standard, Times
from linli.domains.catalog.words import Limit

Rules = dict[str, Any]


def matching(standard: Standard, rules: Rules) -> list[Rules]:
    """The time rules that apply to an item, most specific first (its own code, then its laws, then its kind)."""

    def rank(rule: Rules) -> int:
        when = rule["when"]
        if standard.code in when.get("items", ()):
            return 0
        if any(_rests_on(standard, law) for law in when.get("laws", ())):
            return 1
        return 2 if standard.kind in when.get("kinds", ()) else 9

    return sorted((r for r in rules["rules"] if rank(r) < 9), key=rank)


def _rests_on(standard: Standard, law: dict[str, str]) -> bool:
    return any(
        law["law"] in b.law and (not law.get("article") or b.article.startswith(law["article"])) for b in standard.legal_basis
    )


def complete_times(standard: Standard, rules: Rules) -> Standard:
    """The standard with every clock filled in: its own values first, then the law's, then the bureau's default.

    A promise that was never published falls back to the statutory limit, or to the default, whose basis says so.
    """
    own = standard.times
    applicable = [*matching(standard, rules), rules["default"]]

    def pick(name: str) -> Any:
        mine = getattr(own, name)
        if mine is not None:
            return mine.model_dump(mode="json")
        return next((r[name] for r in applicable if r.get(name)), None)

    statutory = pick("statutory")
    promised = own.promised.model_dump(mode="json") if own.promised else None
    if own.instant:
        promised = promised or {"number": 0, "unit": "workday", "basis": "即办件，当场办结", "certainty": "L"}
    elif promised is None:
        promised = {**statutory, "basis": f"尚未公布承诺时限，按法定时限：{statutory['basis']}"} if statutory else pick("promised")
    return standard.model_copy(
        update={
            "times": Times.model_validate({
                "instant": own.instant, "note": own.note, "notice": pick("notice"), "statutory": statutory,
                "promised": promised, "delivery": pick("delivery"), "extension": pick("extension"),
            })
        }
    )  # fmt: skip


def legal_limit(standard: Standard, rules: Rules) -> Limit | None:
    """The limit the law itself sets for deciding, whatever the standard says; None when no rule applies."""
    found = next((r["statutory"] for r in matching(standard, rules) if r.get("statutory")), None)
    return Limit.model_validate(found) if found else None


def longer(one: Limit, other: Limit) -> bool | None:
    """Whether one limit is longer than another; None when their units cannot be compared without a date."""
    if one.unit == other.unit:
        return one.number > other.number
    days = {"workday": 7 / 5, "calday": 1.0, "month": 30.4, "hour": 1 / 24}
    mine, theirs = one.number * days[one.unit], other.number * days[other.unit]
    # Holidays stretch working days: only a clear difference is a difference.
    return True if mine > theirs * 1.25 else False if mine <= theirs else None
