"""Complete lifecycles per second through the commands, against a floor that writes the same rows and against two peers.

    .venv/bin/python bench/lifecycle.py [--lifecycles 60] [--rounds 5] [--stored 10000 100000 1000000] [--peers [PYTHON]]

One lifecycle: a case comes in at the counter, is accepted, drawn to a reviewer, reviewed, drawn to an approver, decided, its
result composed, sealed and issued, delivered and closed: eight commands in eight transactions, with form, materials, clocks,
papers, draws and trace. *Seal apart* means that rendering and signing are replaced by constant bytes; every row they write
is written.

The floor replays, by plain psycopg, exactly the statements that change something, in the same transactions, with new ids: no
ORM, no reads, no checks, no hashing, each statement waited for as plain code does. Peers keep their own state only: no form,
materials, papers, draw or trace. SpiffWorkflow runs twice: with the branches and clocks of the lifecycle in its diagram, and as
a straight line of human steps; django-viewflow as a straight line.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from common import admin_conninfo, conninfo, prepare, table
from fill import Original, fill

WORLD = prepare()

import psycopg  # noqa: E402
from django.db import connection  # noqa: E402

from linli.domains.cases import commands as do  # noqa: E402
from linli.domains.catalog.queries import package_standards  # noqa: E402
from linli.domains.documents import commands as documents  # noqa: E402
from linli.kernel.ids import uuid7  # noqa: E402
from linli.testing.story import Story, at, filled  # noqa: E402

HERE = Path(__file__).parent
FLOOR, OURS = "floor: the same writes by psycopg", "Linli, eight commands"
ITEM = next(
    s.code
    for s in package_standards()
    if [(x.kind, x.duty) for x in s.plan.stages] == [("review", "review"), ("decide", "decision")]
    and s.handled_in == "linli"
    and s.result_document
)


class _Constant:
    """Stands for the press and the signer, so that sealing writes its rows and nothing else."""

    def __init__(self, real: Any) -> None:
        self.certificate = real.certificate

    def render(self, *args: Any, **kwargs: Any) -> bytes:
        return b"%PDF-1.7 constant"

    sign = render


_CONSTANT = _Constant(documents.signer())
documents.press = documents.signer = lambda: _CONSTANT


class Flow:
    """The parts of a lifecycle that do not change from one to the next, read once."""

    def __init__(self) -> None:
        story = Story(WORLD, item=ITEM)
        self.form, self.materials, self.applicant = filled(story.standard), story.handed(), story.applicant
        self.links = [[link.name for link in stage.links] for stage in story.standard.plan.stages]
        names = ["clerk", "issuer", *(f"reviewer-{n}" for n in range(1, 5)), "approver-1", "approver-2"]
        actors = {n: WORLD.actor(n) for n in names}
        self.clerk, self.issuer = actors["clerk"], actors["issuer"]
        self.by_user = {a.user_id: a for a in actors.values()}

    def run(self) -> UUID:
        """One lifecycle."""
        now = at("2026-03-02 10:00")
        case = do.receive_case(
            item_code=ITEM, applicant=self.applicant, form=self.form, materials=self.materials, by=self.clerk, now=now, key=uuid7()
        )
        do.accept_case(case_id=case, by=self.clerk, now=now, key=uuid7())
        step, user = self._open(case)
        do.give_opinion(
            step_id=step, approve=True, opinion="同意", links_done=self.links[0], by=self.by_user[user], now=now, key=uuid7()
        )
        step, user = self._open(case)
        grounds = do.Grounds(facts="经查属实。", reasons="符合条件。")
        do.decide_case(
            step_id=step, approve=True, grounds=grounds, links_done=self.links[1], by=self.by_user[user], now=now, key=uuid7()
        )
        do.prepare_result(case_id=case, by=self.issuer, now=now, key=uuid7())
        do.issue_case(case_id=case, by=self.issuer, now=now, key=uuid7())
        method = do.DeliveryMethod.ELECTRONIC
        do.deliver_case(case_id=case, method=method, recipient="赵示例", proof=do.Proof(), by=self.clerk, now=now, key=uuid7())
        do.close_case(case_id=case, now=now)
        return case

    def _open(self, case: UUID) -> tuple[UUID, UUID]:
        """Whose stage is open: what the reviewer's own page would know."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, user_id FROM cases_step WHERE case_id = %s AND state = 'open'", [case])
            return cursor.fetchone()


# -- the floor: replay the writes ---------------------------------------------------------------------------------------------------

_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?7[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}")
_WRITES = re.compile(r"^\s*(INSERT|UPDATE|DELETE|WITH)|procrastinate_defer", re.IGNORECASE)


class Floor:
    """The writes of one recorded lifecycle, to be repeated with new ids."""

    def __init__(self, flow: Flow) -> None:
        self.transactions: list[list[tuple[str, Any]]] = []
        self.reads = self.writes = 0
        before = _known_ids()
        with connection.execute_wrapper(self._record):
            flow.run()
        self.transactions = [t for t in self.transactions if t]
        found = {m.replace("-", "") for t in self.transactions for _, p in t for m in _UUID.findall(repr(p))}
        self.fresh = found - before

    def _record(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if not self.transactions or (connection.in_atomic_block and not getattr(self, "_inside", False)):
            self.transactions.append([])
        self._inside = connection.in_atomic_block
        if sql.startswith(("SAVEPOINT", "RELEASE")):
            pass
        elif _WRITES.search(sql):
            self.writes += 1
            self.transactions[-1].append((sql, params))
        else:
            self.reads += 1
        return execute(sql, params, many, context)

    def run(self, cursor: Any, connect: Any, number: int) -> None:
        """Write it all again under new ids and another number."""
        names = {old: uuid4().hex for old in self.fresh}
        for statements in self.transactions:
            for sql, params in statements:
                cursor.execute(sql, self._renamed(sql, params, names, number))
            connect.commit()

    def _renamed(self, sql: str, params: Any, names: dict[str, str], number: int) -> Any:
        if isinstance(params, dict):
            return {k: _one(v, names, number) for k, v in params.items()}
        values = [_one(v, names, number) for v in params or ()]
        if sql.startswith('INSERT INTO "documents_document"'):
            columns = [c.strip(' "') for c in sql[sql.index("(") + 1 : sql.index(")")].split(",")]
            values[columns.index("sequence")] = 10_000_000 + number  # out of the way of the platform's own numbers
        return values


def _known_ids() -> set[str]:
    """Everything that was there before and stays what it is."""
    tables = (
        "catalog_itemstandard",
        "documents_seal",
        "documents_storedfile",
        "org_posting",
        "org_organisation",
        "accounts_user",
        "people_person",
        "people_employer",
    )
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT id FROM {t}" for t in tables))
        return {row[0].hex for row in cursor.fetchall()}


def _one(value: Any, names: dict[str, str], number: int) -> Any:
    match value:
        case UUID():
            new = names.get(value.hex)
            return UUID(new) if new else value
        case str():
            if len(value) == 22 and value[:21].isdigit():
                return f"{number:022d}"  # the case number
            if len(value) == 12 and value.isalnum() and value.isupper():
                return uuid4().hex[:12].upper()  # a verification code
            return _UUID.sub(lambda m: names.get(m[0].replace("-", ""), m[0].replace("-", "")), value)
        case list() | tuple():
            return type(value)(_one(v, names, number) for v in value)
        case _:
            return value


# -- measuring -----------------------------------------------------------------------------------------------------------------------


def rate(run: Callable[[], Any], count: int) -> float:
    """Times a second."""
    started = time.perf_counter()
    for _ in range(count):
        run()
    return count / (time.perf_counter() - started)


Measured = dict[str, float]


def compare(flow: Flow, count: int, rounds: int, peers: dict[str, Callable[[int], float]] | None = None) -> tuple[Measured, Floor]:
    """Everything in turn in each round, so that a change of the machine's speed meets all; the medians."""
    flow.run()
    floor = Floor(flow)
    own = psycopg.connect(conninfo())
    cursor = plain_cursor(own)
    numbers = itertools.count(random.randrange(10**9))
    runs = {
        FLOOR: lambda n: rate(lambda: floor.run(cursor, own, next(numbers)), n),
        OURS: lambda n: rate(flow.run, n),
        **(peers or {}),
    }
    found: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            found[name].append(run(count))
    own.close()
    return {name: statistics.median(values) for name, values in found.items()}, floor


def peer(python: str, *words: str) -> Callable[[int], float]:
    """Run a peer in a process of its own against the same server."""

    def run(count: int) -> float:
        script, *more = words
        command = [python, str(HERE / "peers" / script), conninfo(), str(count), *more]
        kept = {k: v for k, v in os.environ.items() if k not in ("DJANGO_SETTINGS_MODULE", "PYTHONPATH")}
        return float(subprocess.run(command, env=kept, check=True, capture_output=True, text=True).stdout)

    return run


def plain_cursor(connect: Any) -> Any:
    """psycopg's own cursor, which prepares what it repeats, as the platform's connections do."""
    return connect.cursor()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lifecycles", type=int, default=60, help="in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--stored", type=int, nargs="*", default=[], help="measure again with this many stored cases")
    parser.add_argument(
        "--peers", metavar="PYTHON", nargs="?", const=sys.executable,
        help="also SpiffWorkflow and django-viewflow, by a Python that has them (pip install -r bench/requirements.txt)",
    )  # fmt: skip
    options = parser.parse_args()
    flow = Flow()
    peers = {}
    if options.peers:
        peers = {
            "SpiffWorkflow, the same flow": peer(options.peers, "spiff.py"),
            "SpiffWorkflow, a straight line": peer(options.peers, "spiff.py", "bare"),
            "django-viewflow, a straight line": peer(options.peers, "viewflow_peer.py"),
        }
    found, floor = compare(flow, options.lifecycles, options.rounds, peers)
    counts = {FLOOR: (floor.writes, 0), OURS: (floor.writes, floor.reads)}
    table(
        "Complete lifecycles per second, one connection (medians)",
        ("", "per second", "of floor", "writes", "reads"),
        [(name, f"{r:.1f}", f"{100 * r / found[FLOOR]:.0f} %", *counts.get(name, ("", ""))) for name, r in found.items()],
    )
    if options.stored:
        stored(flow, options.lifecycles, options.rounds, found, options.stored)


def stored(flow: Flow, count: int, rounds: int, before: Measured, levels: list[int]) -> None:
    """The same with more and more stored cases. The floor tells how much of a change is the machine's or the database's."""
    original = [Original(flow.run())]
    person = WORLD.people["applicant"]
    rows = [_level(_cases(), before, before)]
    for level in levels:
        fill(admin_conninfo(), original, upto=level, person_id=person)
        rows.append(_level(_cases(), compare(flow, count, rounds)[0], before))
    table("With stored cases", ("stored cases", "per second", "of the first", "floor", "of floor"), rows)


def _level(cases: int, found: Measured, before: Measured) -> tuple[str, ...]:
    ours, floor = found[OURS], found[FLOOR]
    return f"{cases:,}", f"{ours:.1f}", f"{100 * ours / before[OURS]:.0f} %", f"{floor:.1f}", f"{100 * ours / floor:.0f} %"


def _cases() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cases_case")
        return int(cursor.fetchone()[0])


if __name__ == "__main__":
    main()
