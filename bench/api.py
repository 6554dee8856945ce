"""Submissions per second over HTTP, against the floor of the spine's benchmark: the same rows written by plain psycopg.

    .venv/bin/python bench/api.py [--submissions 400] [--rounds 3] [--callers 1 8] [--workers 2]

A submission is one ``POST /api/v1/cases``: authentication and the count for the limit, the JSON read and checked, the form held
against the item, the case received with its number, materials, clock and record, the answer kept under its key. It is served by
granian as ``linli serve`` does, in worker processes of their own, to callers that keep their connections. The floor replays, on one
connection for each caller, only the statements that change something, in the same transactions, with new ids.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4, uuid5

from common import conninfo, quantiles, table
from lifecycle import ITEM, WORLD, Floor, plain_cursor

import psycopg  # isort: skip

from django.db import connections
from django.test import Client

from linli.domains.clients.commands import admit_client
from linli.kernel.actors import system
from linli.testing.story import Story, filled

LIMIT = 6_000  # a minute; several systems share the work so that none meets it


def _admit(now: datetime) -> tuple[UUID, str]:
    """One more system, and its key."""
    return admit_client(
        name=f"bench {uuid4().hex[:12]}", org_id=WORLD.orgs["hall"], owner="bench", scopes=["intake"], per_minute=LIMIT,
        expires_at=now + timedelta(days=1), by=system("clients.manage"), now=now,
    )  # fmt: skip


class Caller:
    """Systems and what they send."""

    def __init__(self) -> None:
        now = datetime.now(UTC)
        self.keys = [_admit(now) for _ in range(8)]
        story = Story(WORLD, item=ITEM, day=now.date().isoformat())
        materials = [
            {"code": h.code, "not_applicable": True} if h.not_applicable else {"code": h.code, "received": "paper"}
            for h in story.handed()
        ]
        kind = "employer" if story.applicant.is_employer else "person"
        self.body = json.dumps(
            {
                "item": ITEM,
                "applicant": {"kind": kind, "id": str(story.applicant.id)},
                "form": filled(story.standard),
                "materials": materials,
            }
        ).encode()

    def headers(self, n: int) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.keys[n % len(self.keys)][1]}", "Idempotency-Key": str(uuid4()), "Content-Type": "application/json",
        }  # fmt: skip

    def run(self) -> None:
        """One submission in this process, to see what it writes."""
        headers = self.headers(0)
        self.stored = uuid5(self.keys[0][0], headers["Idempotency-Key"])
        answer = Client(SERVER_NAME="127.0.0.1").post("/api/v1/cases", self.body, content_type="application/json", headers=headers)
        assert answer.status_code == 201, answer.content


def serve(port: int, workers: int) -> subprocess.Popen[bytes]:
    """The page server as ``linli serve`` runs it; returns once it answers."""
    environment = {k: v for k, v in os.environ.items() if k != "LINLI_AS_OWNER"}
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--no-ws", "--workers", str(workers),
        "--blocking-threads", "8", "--log-level", "warning", "linli.config.wsgi:application",
    ]  # fmt: skip
    process = subprocess.Popen(command, env=environment)
    for _ in range(300):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=0.2):
                return process
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not start")


def crowd(count: int, callers: int, make: Callable[[int], Callable[[], None]]) -> tuple[float, list[float]]:
    """So many acts by so many at once: how many a second, and the milliseconds of each."""
    times: list[float] = []
    ready = threading.Barrier(callers + 1)

    def work(n: int) -> None:
        act = make(n)
        ready.wait()
        for _ in range(count // callers):
            began = time.perf_counter()
            act()
            times.append((time.perf_counter() - began) * 1000)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(callers)]
    for thread in threads:
        thread.start()
    ready.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return len(times) / (time.perf_counter() - began), times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=400, help="in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--callers", type=int, nargs="*", default=[1, 8])
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    caller = Caller()
    caller.run()
    floor = Floor(caller)  # type: ignore[arg-type]
    floor.fresh.add(caller.stored.hex)  # the key under which the answer is kept is none of our own making
    connections.close_all()
    numbers = itertools.count(random.randrange(10**9))

    def by_floor(n: int) -> Callable[[], None]:
        own = psycopg.connect(conninfo())
        cursor = plain_cursor(own)
        return lambda: floor.run(cursor, own, next(numbers))

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = serve(port, options.workers)

    def by_http(n: int) -> Callable[[], None]:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

        def act() -> None:
            line.request("POST", "/api/v1/cases", caller.body, caller.headers(n))
            answer = line.getresponse()
            text = answer.read()
            assert answer.status == 201, text

        return act

    rows = []
    try:
        crowd(options.workers * 16, options.workers * 8, by_http)  # every thread has read what it keeps
        for callers in options.callers:
            found: dict[str, list[tuple[float, list[float]]]] = {"floor": [], "http": []}
            for _ in range(options.rounds):
                found["floor"].append(crowd(options.submissions, callers, by_floor))
                found["http"].append(crowd(options.submissions, callers, by_http))
            base = statistics.median(r for r, _ in found["floor"])
            for name, words in (("floor", "floor: the same writes by psycopg"), ("http", "POST /api/v1/cases")):
                rate = statistics.median(r for r, _ in found[name])
                p50, p95, p99 = quantiles([t for _, times in found[name] for t in times])
                rows.append((words, callers, f"{rate:.1f}", f"{100 * rate / base:.0f} %", f"{p50:.1f}", f"{p95:.1f}", f"{p99:.1f}"))
    finally:
        server.terminate()
        server.wait(30)
    table(
        f"Submissions per second over HTTP, {options.workers} workers, {floor.writes} writes and {floor.reads} reads each (medians of {options.rounds} rounds)",
        ("", "callers", "per second", "of floor", "p50 ms", "p95 ms", "p99 ms"), rows,
    )  # fmt: skip


if __name__ == "__main__":
    main()
