"""Rosters of many people, checked and made into cases, against as many plain single submissions in the same run.

    .venv/bin/python bench/roster.py [--rows 500 5000] [--singles 500]

The same people are handed in as one workbook from the portal (checked, given back wrong, confirmed, made by the job in batches), and
one by one by the command that receives a complete application. The longest request and the longest batch say how long anybody waits.
The floor of submissions is measured before and after each roster, since other work on the machine comes and goes.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from common import prepare, table

WORLD = prepare()

from linli.domains.cases import commands as do  # noqa: E402
from linli.domains.cases.queries import RosterState, returned_sheet, roster_people, roster_sheet  # noqa: E402
from linli.kernel.calendar import local_date  # noqa: E402
from linli.testing.online import resident  # noqa: E402
from linli.testing.rosters import ENROL, PLANS, book, common_of, firm_mandate, person, someone  # noqa: E402

PLAN = PLANS[ENROL]
_taken = 0


def people(count: int) -> list[dict[str, Any]]:
    """So many people whom nobody has handed in before."""
    global _taken
    found = []
    while len(found) < count:
        _taken += 1
        found.append(person(PLAN, _taken) | {PLAN.number: _number(_taken)})
    return found


def _number(n: int) -> str:
    """``someone`` knows a thousand numbers a day of birth; these go on in other years."""
    from linli.kernel.identifiers import id_number_with_check

    return (
        someone(n)
        if n < 300
        else id_number_with_check(f"770121{1950 + n // 300 % 50}{1 + n % 12:02d}{1 + n % 28:02d}{n % 1000:03d}")
    )


def timed(act: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    answer = act()
    return time.perf_counter() - began, answer


def singles(count: int) -> float:
    """Single submissions per second, by the same clerk at the same counter, one after the other."""
    clerk, now, common = WORLD.actor("clerk", on=local_date(datetime.now(UTC))), datetime.now(UTC), common_of(WORLD)
    employer = do.Applicant(WORLD.people["employer"], is_employer=True)
    rows = people(count)
    began = time.perf_counter()
    for row in rows:
        do.receive_case(
            item_code=ENROL,
            applicant=employer,
            form=common | row,
            materials=[do.Handed("m01", do.Received.PAPER)],
            by=clerk,
            now=now,
        )
    return count / (time.perf_counter() - began)


def roster(count: int) -> dict[str, float]:
    """One roster on its whole way: seconds of each part, and of the longest batch."""
    me, now = resident(WORLD, "agent"), datetime.now(UTC)
    today, rows = local_date(now), people(count)
    given = {
        "item_code": ENROL,
        "employer_id": WORLD.people["employer"],
        "common": common_of(WORLD),
        "materials": {"m03": "not_applicable"},
    }

    def check(content: BytesIO) -> Any:
        return do.check_roster(people=do.roster_file(content, "名单.xlsx"), by=me, now=now, **given)  # type: ignore[arg-type]

    wrong = book(PLAN, [row | {"hire_date": "?"} for row in rows])
    refusing, returned = timed(lambda: check(wrong))
    giving_back, _ = timed(lambda: returned_sheet(returned, by=me, on=today))
    good = book(PLAN, rows)
    checking, roster_id = timed(
        lambda: do.check_again(roster_id=returned, people=do.roster_file(good, "名单.xlsx"), by=me, now=now)
    )
    starting, _ = timed(lambda: do.start_roster(roster_id=roster_id, by=me, now=now))
    batches = []
    while True:
        took, over = timed(lambda: do.run_roster(roster_id=roster_id, now=now, batches=1))
        batches.append(took)
        if over:
            break

    def page() -> Any:
        sheet = roster_sheet(roster_id, by=me, on=today)
        return sheet, list(roster_people(sheet)[:50])

    looking, (sheet, _first) = timed(page)
    assert sheet.state is RosterState.DONE and sheet.made == count, (sheet.state, sheet.made, sheet.failed)
    return {
        "refuse": refusing, "give back": giving_back, "check": checking, "confirm": starting, "make": sum(batches), "batch": max(batches),
        "look": looking,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="*", default=[500, 5_000])
    parser.add_argument("--singles", type=int, default=500)
    options = parser.parse_args()
    firm_mandate(WORLD, now=datetime.now(UTC))
    singles(50)  # what a process reads once is read
    lines = []
    for count in options.rows:
        floor = [singles(options.singles)]
        took = roster(count)
        floor.append(singles(options.singles))
        rate, base = count / took["make"], statistics.mean(floor)
        whole = count / (took["check"] + took["confirm"] + took["make"])
        longest = max(took[part] for part in ("refuse", "give back", "check", "confirm", "look"))
        lines.append(
            (
                f"{count} people", f"{base:.1f}", f"{took['refuse']:.2f}", f"{took['give back']:.2f}", f"{took['check']:.2f}",
                f"{took['make']:.1f}", f"{rate:.1f}", f"{100 * rate / base:.0f} %", f"{whole:.1f}", f"{took['batch']:.2f}", f"{longest:.2f}",
            )
        )  # fmt: skip
    table(
        "Rosters: seconds of each part, and rows per second against single submissions in the same run",
        (
            "", "single/s", "refuse s", "give back s", "check s", "make s", "rows/s", "of single", "rows/s in all", "longest batch s",
            "longest request s",
        ),
        lines,
    )  # fmt: skip


if __name__ == "__main__":
    main()
