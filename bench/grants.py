"""Lists of benefits for very many people: made, published, closed, made into cases, and paid.

    .venv/bin/python bench/grants.py [--people 20000] [--cases 300]

So many invented people are known to the register, each with an account of their own and due one benefit; then the way of a list through
the commands that the pages and jobs use, each step in a process of its own, so that its peak memory is its own. Cases and their sealed
notices are made for a part only (``--cases``), and said as so many a second; the payments of all others are measured with cases that
were copied inside the database. The floor writes the same rows in the same transactions by plain SQL, into tables with the same columns
and indexes that nothing watches over.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from common import admin_conninfo, conninfo, prepare, table

WORLD = prepare()

import psycopg  # noqa: E402
from django.db import connection, connections  # noqa: E402
from fill import _id, _insert  # noqa: E402

from linli.domains.benefits import commands, queries  # noqa: E402
from linli.domains.benefits.models import PayAccount  # noqa: E402
from linli.domains.benefits.queries.payments import account_index  # noqa: E402
from linli.domains.cases.commands import finish_many  # noqa: E402
from linli.domains.documents.fittings import press, sheet_of  # noqa: E402
from linli.domains.documents.models import Document, Seal  # noqa: E402
from linli.domains.people.models import Consent, Person  # noqa: E402
from linli.domains.people.queries import ConsentPurpose  # noqa: E402
from linli.kernel.calendar import local_date  # noqa: E402
from linli.kernel.fields import blind  # noqa: E402
from linli.kernel.ids import uuid7  # noqa: E402
from linli.testing import grants as do  # noqa: E402
from linli.testing.grants import AFTER, DAY, JOB, NOW, POLICY  # noqa: E402
from linli.testing.world import COUNTY  # noqa: E402

BATCH = 5_000
_PRINTED = 200


def in_its_own_process(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds, peak memory in MB, and what it gave."""
    connections.close_all()
    there, here = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
            began = time.perf_counter()
            said = work()
            seconds = time.perf_counter() - began
            peak = next(int(x.split()[1]) / 1024 for x in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in x)
            os.write(here, json.dumps([seconds, peak, said], default=str).encode())
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(here)
    with os.fdopen(there) as answer:
        text = answer.read()
    if os.waitpid(child, 0)[1]:
        raise RuntimeError("a step failed")
    seconds, peak, said = json.loads(text)
    return seconds, peak, said


def known(number: int) -> None:
    """People of whom the register knows the name and an account, and the facts that they are due the benefit."""
    have = Person.objects.filter(name__startswith="待遇").count()
    began = time.perf_counter()
    for first in range(have, number, BATCH):
        people = [_person(n) for n in range(first, min(first + BATCH, number))]
        Person.objects.bulk_create(people, batch_size=2_000)
        accounts = [_account(p.pk, n) for n, p in enumerate(people, first)]
        PayAccount.objects.bulk_create(accounts, batch_size=2_000)
        agreed = ConsentPurpose.PAY_BENEFITS
        Consent.objects.bulk_create([Consent(person=p, purpose=agreed, version=1, given_at=NOW) for p in people], batch_size=2_000)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO benefits_person_facts (subject_id, region, receiving_unemployment, on_job_insured, seen_benefits, seen_contributions) "
                "SELECT id, %s, true, false, %s, %s FROM unnest(%s::uuid[]) AS id",
                [COUNTY, DAY, DAY, [p.pk for p in people]],
            )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    print(f"{number:,} people known after {time.perf_counter() - began:.0f} s")


def _person(n: int) -> Person:
    number = f"770121{n:012d}"
    return Person(
        pk=uuid7(), name=f"待遇{n:07d}", id_type="citizen", id_number=number, id_index=blind(number, context="bench"), phone="",
        region=COUNTY, created_at=NOW, updated_at=NOW,
    )  # fmt: skip


def _account(person_id: UUID, n: int) -> PayAccount:
    number = do.account_number(n)
    return PayAccount(
        party_id=person_id, account={"bank": "示例银行", "number": number}, account_index=account_index(number),
        told=queries.Told.PAPER, given_at=NOW, given_by_id=person_id,
    )  # fmt: skip


# -- the floor -------------------------------------------------------------------------------------------------------------------


def floor(wanted: Sequence[tuple[str, str, Sequence[Any]]]) -> float:
    """Seconds to write rows again, by table and condition, some thousands a transaction, into tables with the same columns and indexes."""
    with psycopg.connect(conninfo(), autocommit=True) as db:
        for name, _, _ in wanted:
            db.execute(f"DROP TABLE IF EXISTS floor_{name}")
            db.execute(f"CREATE TABLE floor_{name} (LIKE {name} INCLUDING DEFAULTS INCLUDING INDEXES)")
        seconds = 0.0
        for name, where, values in wanted:
            ids = [r[0] for r in db.execute(f"SELECT id FROM {name} WHERE {where} ORDER BY id", values)]
            began = time.perf_counter()
            for first in range(0, len(ids), BATCH):
                with db.transaction():
                    db.execute(f"INSERT INTO floor_{name} SELECT * FROM {name} WHERE id = ANY(%s)", [ids[first : first + BATCH]])
            seconds += time.perf_counter() - began
        for name, _, _ in wanted:
            db.execute(f"DROP TABLE floor_{name}")
    return seconds


OF_GRANTS = (
    "entry_id IN (SELECT e.id FROM benefits_ledger_entry e JOIN benefits_grant g ON g.id = e.source_id "
    "WHERE g.list_id = %s AND e.kind = 'granted')"
)
OF_PAYMENTS = (
    "entry_id IN (SELECT e.id FROM benefits_ledger_entry e JOIN benefits_payline l ON l.id = e.source_id "
    "WHERE l.batch_id = %s AND e.kind = 'sent')"
)
OF_ANSWERS = OF_PAYMENTS.replace("= 'sent'", "IN ('paid', 'returned')")

# What one case with its notice is, by table and the column that says whose.
OF_A_CASE = (
    ("cases_case", "id"), ("cases_step", "case_id"), ("cases_clock", "case_id"), ("cases_decision", "case_id"), ("cases_delivery", "case_id"),
    ("documents_document", "subject_id"), ("trace_chain", "id"), ("trace_event", "chain_id"), ("notices_message", "subject_id"),
)  # fmt: skip


def floor_of_cases(cases: Sequence[UUID]) -> float:
    """The same rows in two transactions a case, as they are made: the case and its draft, then the sealed notice."""
    with psycopg.connect(conninfo(), autocommit=True) as db:
        known = {r[0] for r in db.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")}
        mine = [(name, key) for name, key in OF_A_CASE if name in known]
        for name, _ in mine:
            db.execute(f"DROP TABLE IF EXISTS floor_{name}")
            db.execute(f"CREATE TABLE floor_{name} (LIKE {name} INCLUDING DEFAULTS INCLUDING INDEXES)")
        began = time.perf_counter()
        for case_id in cases:
            for some in (mine[: len(mine) // 2], mine[len(mine) // 2 :]):
                with db.transaction():
                    for name, key in some:
                        db.execute(f"INSERT INTO floor_{name} SELECT * FROM {name} WHERE {key} = %s", [case_id])
        seconds = time.perf_counter() - began
        for name, _ in mine:
            db.execute(f"DROP TABLE floor_{name}")
    return seconds


def copied_cases(list_id: UUID, original: UUID) -> None:
    """Give every grant that has none a case: a copy of a real one, made inside the database and past the triggers."""
    with psycopg.connect(admin_conninfo(), autocommit=True) as db:
        db.execute("SET session_replication_role = replica")
        count = db.execute("SELECT count(*) FROM benefits_grant WHERE list_id = %s AND case_id IS NULL", [list_id]).fetchone()
        assert count
        base = int(time.time()) * 1_000
        own = {"id": _id("t.id", f"({base} + n)"), "number": f"substr(t.number, 1, 6) || lpad(({base} + n)::text, 16, '0')"}
        for first in range(0, count[0], 20_000):
            _insert(db, "cases_case", own, "t.id = %(key)s", {"key": original}, first, min(first + 20_000, count[0]) - 1)
        db.execute(
            f"""WITH g AS (SELECT id, row_number() OVER () - 1 AS n FROM benefits_grant WHERE list_id = %(list)s AND case_id IS NULL)
                UPDATE benefits_grant SET case_id = {_id("%(key)s::uuid", f"({base} + g.n)")} FROM g WHERE g.id = benefits_grant.id""",
            {"list": list_id, "key": original},
        )
        db.execute("VACUUM ANALYZE")


# -- the way of a list -----------------------------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--cases", type=int, default=600)
    args = parser.parse_args()
    who = do.hands(WORLD)
    in_its_own_process(lambda: known(args.people))
    # A month that no earlier run of this program has listed.
    months = len(set(queries.grant_lists(by=who.maker).values_list("period", flat=True)))
    on = date(DAY.year + (DAY.month - 1 + months) // 12, (DAY.month - 1 + months) % 12 + 1, 2)
    shift = datetime.combine(on, NOW.timetz()) - NOW
    now, after = NOW + shift, AFTER + shift + timedelta(days=10)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE benefits_person_facts SET seen_benefits = %s, seen_contributions = %s", [on, on])
    run_id = UUID(in_its_own_process(lambda: do.scanned(who, on=on, now=now))[2])
    rows: list[list[str]] = []

    def step(name: str, work: Callable[[], Any], count: int, least: Callable[[], float] | None = None) -> Any:
        seconds, peak, said = in_its_own_process(work)
        base = least() if least else 0.0
        rows.append([
            name, f"{count:,}", f"{seconds:.2f}", f"{count / seconds:,.0f}", f"{peak:.0f}", f"{base:.2f}" if base else "",
            f"{seconds / base:.1f}" if base else "",
        ])  # fmt: skip
        print(*rows[-1])
        return said

    def of_list(name: str) -> list[tuple[str, str, Sequence[Any]]]:
        return [(name, "list_id = %s", [list_id])]

    in_its_own_process(lambda: None)
    rows.append(["a process that does nothing", "", "", "", f"{in_its_own_process(lambda: None)[1]:.0f}", "", ""])
    list_id = UUID(
        step("asked for (in the request)", lambda: commands.make_list(run_id=run_id, policy=POLICY, by=who.maker, now=now), 1)
    )
    step(
        "list made",
        lambda: commands.fill_list(list_id=list_id, by=JOB, now=now),
        args.people,
        lambda: floor(of_list("benefits_grant")),
    )
    made = queries.grant_list(list_id, by=who.maker)
    assert (made.state, made.counts["grants"]) == ("made", args.people), (made.state, made.counts)
    step("agreed and published", lambda: _publish(list_id, who, now), 1)
    step("window closed", lambda: _until_done(lambda: commands.close_windows(by=JOB, now=after)), args.people, lambda: floor([
        *of_list("benefits_grant"), ("benefits_ledger_entry", "kind = 'granted' AND source_id IN (SELECT id FROM benefits_grant WHERE list_id = %s)", [list_id]),
        ("benefits_ledger_line", OF_GRANTS, [list_id]),
    ]))  # fmt: skip
    part = min(args.cases, args.people)
    step("cases made (a part)", lambda: commands.make_cases(limit=part, by=JOB, now=after), part)
    cases = list(queries.grants_of(list_id, by=who.maker).exclude(case=None).values_list("case_id", flat=True)[:part])
    assert len(cases) == part
    step("notices sealed and sent (a part)", lambda: finish_many(case_ids=cases, now=after), part)
    halves = min(part // 2, _PRINTED)
    step("  notices only printed, the renderer alone", lambda: _print(cases[:halves]), halves)
    seconds = floor_of_cases(cases)
    rows.append(["both by plain SQL", f"{part:,}", f"{seconds:.2f}", f"{part / seconds:,.0f}", "", "", ""])
    in_its_own_process(lambda: copied_cases(list_id, cases[0]))
    step("how far the notices are, for the list's page", lambda: str(queries.list_notices(list_id, by=who.maker, now=after)), 1)
    step("what is ready and what waits, for its page", lambda: str(queries.waiting_sums(by=who.payer)), 1)
    batch_id = UUID(step("payments asked for (in the request)", lambda: _batch(list_id, who, after), 1))
    step("payments put together", lambda: commands.fill_batch(batch_id=batch_id, by=JOB, now=after), args.people, lambda: floor([
        ("benefits_payline", "batch_id = (SELECT id FROM benefits_paybatch ORDER BY made_at DESC, id DESC LIMIT 1)", []), *of_list("benefits_grant"),
    ]))  # fmt: skip
    step("agreed to (in the request)", lambda: commands.agree_batch(batch_id=batch_id, by=who.second, now=after), 1)
    step("entered, with the digest of the file", lambda: commands.send_batch(batch_id=batch_id, by=JOB, now=after), args.people, lambda: floor([
        ("benefits_ledger_entry", "kind = 'sent' AND source_id IN (SELECT id FROM benefits_payline WHERE batch_id = %s)", [batch_id]),
        ("benefits_ledger_line", OF_PAYMENTS, [batch_id]),
    ]))  # fmt: skip
    size = step("payment file taken, a piece at a time", lambda: sum(map(len, _file(batch_id, who, after).pieces())), args.people)
    folder = TemporaryDirectory()
    answer = Path(folder.name) / "answer.csv"
    in_its_own_process(lambda: _answer(answer, batch_id, who, after))
    answer_id = UUID(step("the bank's answer given (in the request)", lambda: _give(answer, who, after), 1))
    step("checked and entered", lambda: commands.enter_answer(answer_id=answer_id, by=JOB, now=after), args.people, lambda: floor([
        *of_list("benefits_grant"), ("benefits_payline", "batch_id = %s", [batch_id]),
        ("benefits_ledger_entry", "kind IN ('paid', 'returned') AND source_id IN (SELECT id FROM benefits_payline WHERE batch_id = %s)", [batch_id]),
        ("benefits_ledger_line", OF_ANSWERS, [batch_id]),
    ]))  # fmt: skip
    assert queries.bank_answer(answer_id, by=who.payer).state == "done"
    table(
        f"A list of {args.people:,}, {datetime.now(UTC):%Y-%m-%d}, load {os.getloadavg()[0]:.1f}; the file has {size:,} bytes",
        ["step", "grants", "s", "per second", "MB", "floor s", "of the floor"], rows,
    )  # fmt: skip


def _until_done(work: Callable[[], int]) -> int:
    longest = 0.0
    while True:
        began = time.perf_counter()
        if not work():
            print(f"  the longest transaction took {longest:.2f} s")
            return 0
        longest = max(longest, time.perf_counter() - began)


def _publish(list_id: UUID, who: do.Hands, now: datetime) -> None:
    commands.agree_list(list_id=list_id, by=who.second, now=now)
    commands.publish_list(list_id=list_id, by=who.maker, now=now)


def _file(batch_id: UUID, who: do.Hands, after: datetime) -> commands.PaymentFile:
    return commands.payment_file(batch_id=batch_id, purpose=do.SEND, by=who.payer, now=after)


def _answer(answer: Path, batch_id: UUID, who: do.Hands, after: datetime) -> None:
    number, payments = do.payments_in(_file(batch_id, who, after).content)
    answer.write_bytes(do.answer(number, payments, returned={payments[0][0]: "账号不存在"}, on=local_date(after)))


def _give(answer: Path, who: do.Hands, after: datetime) -> UUID:
    with answer.open("rb") as opened:
        return commands.take_in_answer(content=opened, by=who.payer, now=after)


def _print(cases: Sequence[UUID]) -> None:
    """What nobody can be faster than who gives each case a paper of its own."""
    papers = list(Document.objects.filter(subject_id__in=cases, kind="benefit_notice"))
    seals = {s.org_id: s for s in Seal.objects.filter(stopped_at=None)}
    for d in papers:
        press().render(sheet_of(d, seal=seals[d.org_id]), d.template_version, at=d.made_at)


def _batch(list_id: UUID, who: do.Hands, now: datetime) -> UUID:
    return commands.make_batch(policy=POLICY, list_id=list_id, by=who.payer, now=now)


if __name__ == "__main__":
    main()
