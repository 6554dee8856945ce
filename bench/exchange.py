"""What asking other departments costs an intake, over real HTTP against the sandbox.

    .venv/bin/python bench/exchange.py [--rounds 15] [--latency 200] [--queries 600]

Six sources take 200 ms each. Measured in one run: what opening a draft costs the clerk who does it, with nothing connected (the
floor) and with all connected; how long it takes until all six materials are there, asked together, in a row, and with one of
them down; and how many questions a second go through the room, against the same requests sent with nothing around them.
"""

from __future__ import annotations

import argparse
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from common import prepare, table

WORLD = prepare()

from linli.domains.cases import commands as do  # noqa: E402
from linli.domains.exchange import commands as exchange  # noqa: E402
from linli.domains.exchange import wire  # noqa: E402
from linli.domains.exchange.models import Question, Setting  # noqa: E402
from linli.domains.exchange.queries import forget_connected, interfaces, query_digest  # noqa: E402
from linli.kernel.ids import uuid7  # noqa: E402
from linli.testing.departments import MANAGER, Departments, start_departments  # noqa: E402
from linli.testing.story import INSTANT, Story  # noqa: E402
from linli.testing.world import person_id  # noqa: E402

SIX = [
    exchange.Wanted("m1", "居民身份证", "公安机关"), exchange.Wanted("m2", "社会保障卡", ""), exchange.Wanted("m3", "居民户口簿", "公安机关"),
    exchange.Wanted("m4", "参保凭证", ""), exchange.Wanted("m5", "社会保障卡金融账户或银行卡", ""), exchange.Wanted("m6", "补贴申请表", ""),
]  # fmt: skip


def now() -> datetime:
    return datetime.now(UTC)


def timed(run: Any) -> float:
    started = time.perf_counter()
    run()
    return (time.perf_counter() - started) * 1000


def draft() -> UUID:
    story = Story(WORLD, item=INSTANT)
    return do.open_draft(item_code=INSTANT, applicant=story.applicant, by=WORLD.actor("clerk"), now=now())


def ask(n: int) -> list[UUID]:
    """Six questions about one invented person."""
    about = exchange.About(uuid7(), INSTANT, "770121", WORLD.orgs["county"], WORLD.orgs["hall"], WORLD.people["applicant"])
    facts = {"id_number": person_id(n % 800), "name": "赵示例", "bank_account": "629900000000000000"}
    return exchange.ask(about=about, wanted=SIX, facts=facts, by=WORLD.actor("clerk"), now=now())


def connect(where: Departments, **more: Any) -> None:
    where.connect(now(), timeout_ms=2000, per_second=10_000, **more)


def waits(people: range, *, at_once: bool = True) -> float:
    """How long the answers about somebody take, the median of some."""
    took = []
    for n in people:
        asked = ask(n)
        parts = [asked] if at_once else [[i] for i in asked]
        started = time.perf_counter()
        for part in parts:
            exchange.fetch(question_ids=part, now=now())
        took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took)


def intake(args: argparse.Namespace) -> None:
    """What the clerk waits, and what the materials take."""
    Setting.objects.all().delete()
    forget_connected()
    draft()
    floor = statistics.median(timed(draft) for _ in range(args.rounds))
    slow, server = start_departments(latency_ms=args.latency)
    try:
        connect(slow)
        draft()
        clerk = statistics.median(timed(draft) for _ in range(args.rounds))
        exchange.fetch(question_ids=ask(0), now=now())  # connections are open from here on
        together = waits(range(args.rounds))
        in_a_row = waits(range(100, 100 + max(3, args.rounds // 3)), at_once=False)
        slow.fault("down", "rs-card")
        down = waits(range(200, 204))
        exchange.try_again(code="rs-card", by=MANAGER, now=now())
        slow.fault("slow", "rs-card")
        silent = waits(range(300, 303))
    finally:
        server.terminate()
        server.wait()
    rows = [
        ("clerk opens a draft, nothing connected (floor)", f"{floor:.1f}", "1.00"),
        ("clerk opens a draft, all connected", f"{clerk:.1f}", f"{clerk / floor:.2f}"),
    ]
    table("What the clerk waits", ["", "ms", "of the floor"], rows)
    one = args.latency
    table(
        f"Until six materials are there, {one} ms each", ["", "ms", "of one answer"],
        [
            ("asked together", f"{together:.0f}", f"{together / one:.2f}"), ("asked in a row", f"{in_a_row:.0f}", f"{in_a_row / one:.2f}"),
            ("together, one refuses at once", f"{down:.0f}", f"{down / one:.2f}"),
            ("together, one says nothing for 2 s", f"{silent:.0f}", f"{silent / one:.2f}"),
        ],
    )  # fmt: skip


def throughput(args: argparse.Namespace) -> None:
    """Questions a second through the room, and the same requests alone."""
    quick, server = start_departments()
    try:
        connect(quick)
        face = next(f for f in interfaces() if f.code == "ga-identity")
        route = wire.Route(quick.url, "bench", quick.secret, 2.0)
        enquiries = [_enquiry(face, n) for n in range(args.queries)]
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda e: wire.call(e, route, now=now()), enquiries[:32]))
            alone = args.queries / (timed(lambda: list(pool.map(lambda e: wire.call(e, route, now=now()), enquiries))) / 1000)
        asked = [i for n in range(args.queries // 6) for i in ask(400 + n)]
        batches = [asked[n : n + 48] for n in range(0, len(asked), 48)]
        took = timed(lambda: [exchange.fetch(question_ids=b, now=now()) for b in batches]) / 1000
        answered = Question.objects.filter(pk__in=asked, state="answered").count()
    finally:
        server.terminate()
        server.wait()
    assert answered == len(asked), f"{len(asked) - answered} questions were not answered"
    through = len(asked) / took
    table(
        "Questions a second through the sandbox", ["", "a second", "of alone"],
        [("requests alone, 16 at once", f"{alone:.0f}", "1.00"), ("asked, judged, kept with receipt and trace", f"{through:.0f}", f"{through / alone:.2f}")],
    )  # fmt: skip


def _enquiry(face: Any, n: int) -> wire.Enquiry:
    query = {"subject_number": person_id(n % 800), "subject_name": "赵示例"}
    return wire.Enquiry(uuid7(), face, query, query_digest(face.code, query), INSTANT, str(uuid7()), "bench")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--latency", type=int, default=200, help="milliseconds each source takes")
    parser.add_argument("--queries", type=int, default=600)
    chosen = parser.parse_args()
    intake(chosen)
    throughput(chosen)
