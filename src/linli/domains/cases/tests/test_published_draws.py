"""``verify_draws.py`` accepts what the platform publishes and names whatever was changed in it."""

import json
import runpy
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from importlib import resources

import pytest

from linli.domains.cases.draw import commitment, message, pick
from linli.kernel.crypto import sm3, sm3_hmac
from linli.kernel.ids import uuid7

SCRIPT = resources.files("linli.domains.cases") / "data/verify_draws.py"
DAYS = [date(2026, 3, 2), date(2026, 3, 3)]
SEEDS = [bytes(range(32)), bytes(range(32, 64))]
PEOPLE = [uuid7() for _ in range(5)]


@pytest.fixture
def lines():
    """A list as it is published: two days, of which one is over."""
    committed = [
        {"what": "committed", "day": day.isoformat(), "commitment": commitment(day, seed).hex(), "at": "2026-03-01T02:00:00+00:00"}
        for day, seed in zip(DAYS, SEEDS, strict=True)
    ]
    draws = []
    for n in range(12):
        case, people = uuid7(), PEOPLE[: 1 + n % 5]
        draws.append(
            {
                "case": str(case), "stage": 2, "attempt": 1, "candidates": sorted(map(str, people)), "excluded": {str(uuid7()): "absent"},
                "chosen": str(pick(SEEDS[0], message(case, 2, 1), people)),
                "at": (datetime(2026, 3, 2, 1, tzinfo=UTC) + timedelta(minutes=n)).isoformat(),
            }
        )  # fmt: skip
    return [*committed, {"what": "revealed", "day": DAYS[0].isoformat(), "seed": SEEDS[0].hex(), "draws": draws}]


@pytest.fixture
def run(tmp_path):
    def check(*lists):
        names = []
        for n, lines in enumerate(lists):
            (tmp_path / f"{n}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
            names.append(f"{n}.jsonl")
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(SCRIPT), *names], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        return done.returncode, done.stdout + done.stderr

    return check


def test_the_list_as_published_is_accepted(lines, run):
    code, said = run(lines)
    assert (code, "OK: 12 draws of 1 days" in said) == (0, True), said
    assert "1 days are committed to and not yet revealed, the first is 2026-03-03" in said


def _chosen(lines):
    draw = lines[2]["draws"][4]
    draw["chosen"] = next(c for c in draw["candidates"] if c != draw["chosen"])


def _seed(lines):
    lines[2]["seed"] = SEEDS[1].hex()


CHANGES = {
    "another person": (_chosen, "the seed gives"),
    "another seed": (_seed, "does not match its commitment"),
    "another commitment": (lambda x: x[0].update(commitment="00" * 32), "does not match its commitment"),
    # To every draw of the day: with one alone the lot would now and then still fall on the same person.
    "candidates more": (
        lambda x: [d["candidates"].extend(str(uuid7()) for _ in range(40)) for d in x[2]["draws"]],
        "the seed gives",
    ),
    "a candidate excluded": (lambda x: x[2]["draws"][1]["excluded"].update({x[2]["draws"][1]["chosen"]: "full"}), "excluded"),
    "another case": (lambda x: [d.update(case=str(uuid7())) for d in x[2]["draws"]], "the seed gives"),
    "a draw before the commitment": (lambda x: x[0].update(at="2026-03-02T01:05:00+00:00"), "before the seed was committed"),
    "a draw of another day": (lambda x: x[2]["draws"][0].update(at="2026-03-03T01:00:00+00:00"), "on another day"),
    "a draw twice": (lambda x: x[2]["draws"].append(x[2]["draws"][0]), "drawn twice"),
    "a second commitment": (lambda x: x.insert(1, dict(x[0])), "committed to twice"),
    "no commitment": (lambda x: x.pop(0), "without having been committed"),
    "a seed before its commitment": (lambda x: x.insert(0, x.pop()), "without having been committed"),
    "nobody to draw from": (lambda x: x[2]["draws"][0].update(candidates=[]), "empty"),
    "a damaged line": (lambda x: x[2]["draws"][0].pop("case"), "damaged"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_is_changed_is_named(lines, run, change):
    alter, named = CHANGES[change]
    alter(lines)
    code, said = run(lines)
    assert (code, "WRONG" in said, named in said) == (1, True, True), said


def test_an_older_copy_shows_that_nothing_was_taken_back(lines, run):
    assert run(lines, lines[:2])[0] == 0
    older = json.loads(json.dumps(lines))
    older[2]["draws"].pop()
    code, said = run(lines, older)
    assert (code, "line 3 (revealed, 2026-03-02)" in said) == (1, True)
    assert run(lines[:2], lines)[0] == 1


def test_a_day_committed_to_late_is_noted(lines, run):
    lines[0]["at"] = "2026-03-01T16:00:00+00:00"  # midnight in Shanghai
    code, said = run(lines)
    assert (code, "note: the seed of 2026-03-02" in said) == (0, True)


def test_files_that_cannot_be_read(tmp_path, run):
    assert run()[0] == 2
    (tmp_path / "0.jsonl").write_text("x")
    done = subprocess.run([sys.executable, "-I", str(SCRIPT), "nowhere.jsonl"], cwd=tmp_path, capture_output=True, timeout=60)
    assert done.returncode == 2


def test_it_computes_sm3_alike_where_python_lacks_it(monkeypatch):
    monkeypatch.setattr("hashlib.algorithms_available", set())
    script = runpy.run_path(str(SCRIPT))
    for n in (0, 1, 55, 56, 63, 64, 65, 200):
        data = bytes(i % 251 for i in range(n))
        assert script["sm3"](data) == sm3(data)
        assert script["sm3_hmac"](SEEDS[0], data) == sm3_hmac(SEEDS[0], data)
