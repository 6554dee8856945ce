"""One person, all policies with reasons, in a request: how much longer than the page itself it takes.

    .venv/bin/python bench/due.py [--times 400] [--hires 500]

In one process, warm: reading the facts and reckoning every policy with its reasons (``due_to``); choosing the next question for
somebody not signed in; the rosters of an employer; the page of what one is due, and a page that shows one's account, asked for in
turns in the same run. Printed: p50, p95 and p99 in milliseconds.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from common import prepare, quantiles, table

WORLD = prepare()

from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from linli.domains.benefits.queries import due_to, question_for, rosters_due, vocabulary, whose  # noqa: E402
from linli.domains.people.queries import Scope  # noqa: E402
from linli.kernel.calendar import local_date  # noqa: E402
from linli.testing.benefits import hire, tell  # noqa: E402
from linli.testing.browser import sign_in_resident  # noqa: E402
from linli.testing.online import resident  # noqa: E402
from linli.testing.rosters import firm_mandate  # noqa: E402

TODAY = local_date(timezone.now())


def somebody(rng: random.Random) -> dict[str, Any]:
    """Facts of an invented person; one in ten is unknown."""
    made = {}
    for name, fact in vocabulary()["person"].items():
        match fact.kind.type:
            case "boolean":
                made[name] = rng.random() < 0.5
            case "string":
                made[name] = rng.choice([*(fact.kind.options or fact.words), *([fact.absent] if fact.none else [])])
            case "date":
                made[name] = TODAY - timedelta(rng.randrange(1, 365 * (95 if name == "birth" else 3)))
            case _:
                made[name] = rng.randrange(0, 300)
    return {name: None if rng.random() < 0.1 else value for name, value in made.items()}


def told(rng: random.Random) -> None:
    """Every register tells something new of the applicant."""
    person, facts = somebody(rng), vocabulary()["person"]
    for source in {fact.source.name for fact in facts.values()}:
        values = {name: value for name, value in person.items() if facts[name].source.name == source}
        tell("person", WORLD.people["applicant"], source, **values)


def timed(work: Callable[[], object]) -> float:
    since = time.perf_counter()
    work()
    return (time.perf_counter() - since) * 1000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=400)
    parser.add_argument("--hires", type=int, default=500)
    args = parser.parse_args()
    rng = random.Random(7)
    if not (firm := _firm()):
        firm_mandate(WORLD, Scope.READ, now=timezone.now())
        for n in range(args.hires):
            hire(WORLD, n)
        firm = _firm()
    me = whose(by=resident(WORLD), on=TODAY)[0]
    client = Client(SERVER_NAME="localhost")
    sign_in_resident(client, WORLD, "applicant")

    def anybody() -> Any:
        return question_for({"birth": date(1980, 1, 1)}, ["birth"], on=TODAY, region="7701")

    work: dict[str, Callable[[], object]] = {
        "facts and every policy with reasons": lambda: due_to(me, on=TODAY),
        "the next question": anybody,
        f"an employer's rosters, {args.hires} hires": lambda: rosters_due(firm, on=TODAY),
        "page: what am I due": lambda: client.get("/due"),
        "page: my account": lambda: client.get("/me/account"),
    }
    took: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(args.times + 5):
        told(rng)
        for name, do in work.items():
            if "rosters" in name and turn % 20:
                continue
            ms = timed(do)
            if turn >= 5:  # the first few make what is kept for the day
                took[name].append(ms)
    rows = [[name, len(ms), *(f"{q:.1f}" for q in quantiles(ms))] for name, ms in took.items() if ms]
    table("What one is due, in one process, warm", ["what", "times", "p50 ms", "p95 ms", "p99 ms"], rows)


def _firm() -> Any:
    return next((r for r in whose(by=resident(WORLD, "agent"), on=TODAY) if r.party.is_employer), None)


if __name__ == "__main__":
    main()
