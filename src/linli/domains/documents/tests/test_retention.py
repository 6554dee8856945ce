"""How long a file is kept."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from linli.domains.documents.retention import SHIPPED, Rule, read_schedule, term


def rule(kind, years, **more):
    return Rule(kind=kind, years=years, basis="x", **({"valid_from": date(2026, 1, 1)} | more))


def test_the_most_special_rule_in_force_counts_from_the_end_of_the_year():
    rules = [rule("*", 30), rule("domain:pension", None), rule("item:x", 10, valid_to=date(2026, 6, 30))]
    assert term(["item:x", "domain:pension"], closed_on=date(2026, 3, 2), rules=rules).until == date(2036, 12, 31)
    assert term(["item:x", "domain:pension"], closed_on=date(2026, 7, 1), rules=rules).until is None
    assert term(["item:y"], closed_on=date(2026, 3, 2), rules=rules).until == date(2056, 12, 31)
    assert term(["item:y"], closed_on=date(2025, 3, 2), rules=rules).until is None  # no rule was in force: kept for good


def test_the_schedule_that_ships_is_sound_and_says_that_it_must_be_confirmed():
    rules = read_schedule(SHIPPED)
    assert {r.certainty for r in rules} == {"K"}
    assert term(["domain:pension"], closed_on=date(2026, 3, 2), rules=rules).until is None


def test_a_schedule_with_a_mistake_is_refused(tmp_path):
    (tmp_path / "own.yaml").write_text("rules: [{kind: '*', years: 0, valid_from: 2026-01-01, basis: x}]")
    with pytest.raises(ValidationError):
        read_schedule(tmp_path / "own.yaml")
