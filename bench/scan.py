"""A scan of a whole population: our policies with reasons against hand-written SQL, polars and OpenFisca without, and the whole way
from PostgreSQL to a frozen, compared result.

    python bench/scan.py --people 1000000 [--peers PATH_TO_PYTHON] [--whole]

The ten policies of ``peers/scan_floor.py`` are written there by hand for DuckDB and polars: who is entitled, how much, no reasons, no third
value. Every contender reads the same frozen facts and writes its answer; counts and money must agree. ``--peers`` names a Python that has
what ``requirements.txt`` lists. Each contender is a process of its own, so that its peak memory is its own. With Apache Spark at hand
(``script/spark``) the same policies run on it too, with one worker and with two; its start is told apart, its memory is the machine's under it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

ON = date(2025, 6, 1)
PLACES = ["770102", "770103", "770121", "770122"]
TEN = (
    "na-skill-upgrade", "na-flexible-social-subsidy", "na-job-hunting-subsidy", "na-resident-pension-premium-agency",
    "na-resident-pension-claim-reminder", "na-elderly-allowance", "na-unemployment-benefit-status", "na-unemployed-medical",
    "na-pension-certification", "na-injury-certification",
)  # fmt: skip
HERE = Path(__file__).resolve().parent
OURS = ("ours", "spark")


def django_ready() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")
    os.environ.setdefault("LINLI_DATA", tempfile.mkdtemp(prefix="linli-bench-"))
    import django

    django.setup()


def people_of(folder: Path, number: int) -> Path:
    """The population, made once, and its facts as a scan freezes them: stale ones unknown."""
    made = folder / f"population-{number}"
    frozen = made / "frozen.parquet"
    if frozen.exists():
        return frozen
    from linli.domains.benefits.commands import make_population
    from linli.domains.benefits.facts import vocabulary
    from linli.domains.benefits.scans import engine

    start = time.perf_counter()
    if not (made / "facts_person.parquet").exists():  # or somebody made it with linli population
        make_population(folder=made, number=number, seed=7701, on=ON, places=PLACES)
    known = ", ".join(
        f'CASE WHEN seen_{f.source.name} >= DATE \'{f.source.fresh_from(ON)}\' THEN "{f.name}" END AS "{f.name}"'
        for f in vocabulary()["person"].values()
    )
    with engine(made / "scratch", memory="1GB") as db:
        facts = f"read_parquet('{made}/facts_person.parquet')"
        db.execute(f"COPY (SELECT subject_id, region, {known} FROM {facts}) TO '{frozen}' (FORMAT parquet, COMPRESSION zstd)")
    print(f"population of {number:,}: {time.perf_counter() - start:.1f} s")
    return frozen


def ours(facts: Path, out: Path, codes: tuple[str, ...]) -> dict[str, list[int]]:
    """Our policies with reasons: met and open conditions of everybody, and the money."""
    from linli.domains.benefits import scans
    from linli.domains.benefits.parameters import shipped_parameters
    from linli.domains.benefits.queries import policy_of

    policies = [policy_of(code) for code in codes]
    with scans.engine(out.parent / "scratch", memory="768MB") as db:
        apart = scans.groups(scans.places_in(db, facts), policies, ON, shipped_parameters())
        scans.evaluate(db, "person", facts, [(g.places, scans.statement("person", policies, g)) for g in apart], out)
        return counted(db, codes, out)


def ours_on_spark(facts: Path, out: Path, codes: tuple[str, ...], workers: int) -> dict[str, Any]:
    """The same on Spark: seconds from the first to the last byte once it runs and once more, those of its start, peak memory of its machine."""
    from linli.domains.benefits import scans, spark
    from linli.domains.benefits.parameters import shipped_parameters
    from linli.domains.benefits.queries import policy_of

    # A worker is a processor with all that runs on it: else one worker has the other for collecting garbage and compiling.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:workers])
    policies, scratch, start = [policy_of(code) for code in codes], out.parent / "scratch", time.perf_counter()
    with spark.session(scratch, master=f"local[{workers}]") as session, scans.engine(scratch, memory="768MB") as db:
        session.range(10).count()
        ready = time.perf_counter()

        def once() -> dict[str, list[int]]:
            apart = scans.groups(scans.places_in(db, facts), policies, ON, shipped_parameters())
            statements = [(g.places, scans.statement("person", policies, g, spark.DIALECT)) for g in apart]
            scans.on_spark(session, db, scratch, "person", facts, statements, out)
            return counted(db, codes, out)

        found = once()
        done = time.perf_counter()
        once()
        again = time.perf_counter() - done
        machine = session.sparkContext._gateway.proc.pid
        peak = next(
            int(line.split()[1]) / 1024 for line in Path(f"/proc/{machine}/status").read_text().splitlines() if "VmHWM" in line
        )
    return {"counts": found, "seconds": done - ready, "again": again, "start": ready - start, "peak": peak}


def counted(db: Any, codes: tuple[str, ...], out: Path) -> dict[str, list[int]]:
    from linli.domains.benefits.queries import policy_of
    from linli.domains.benefits.scanning import FEN, MET, all_of, column

    policies = [policy_of(code) for code in codes]
    asked = [f"count(*) FILTER ({column(p, MET)} = {all_of(p)}), coalesce(sum({column(p, FEN)}), 0)::BIGINT" for p in policies]
    row: Any = db.execute(f"SELECT {', '.join(asked)} FROM read_parquet('{out}')").fetchone()
    return {code: [row[2 * i], row[2 * i + 1]] for i, code in enumerate(codes)}


def contender(name: str, facts: Path, out: Path, python: str) -> tuple[dict[str, Any], float, float, float]:
    """Run one contender in a process of its own: its answer, seconds from first to last byte, peak memory in MB, seconds of doing it again."""
    script = [python, str(HERE / "scan.py")] if name.startswith(OURS) else [python, str(HERE / "peers" / "scan_floor.py")]
    done = subprocess.run(
        [*script, "--only", name, "--facts", str(facts), "--out", str(out)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or ["failed"])[-1]}, 0.0, 0.0, 0.0
    said = json.loads(done.stdout.strip().splitlines()[-1])
    if "start" in said:
        print(f"  {name} started in {said['start']:.1f} s")
    return said["counts"], said["seconds"], said["peak"], said["again"]


def report(started: float, counts: dict[str, Any], again: Callable[[], object] = int) -> None:
    """``again`` does it once more in the same process, which then has everything at hand."""
    seconds = time.perf_counter() - started
    # Not getrusage: it keeps the peak of whoever started this process.
    peak = next(
        int(line.split()[1]) / 1024 for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    started = time.perf_counter()
    again()
    print(json.dumps({"counts": counts, "seconds": seconds, "peak": peak, "again": time.perf_counter() - started}))


def compare(facts: Path, number: int, peers: str, folder: Path, rounds: int) -> bool:
    wanted: dict[str, Any] = {}
    floor = floor_again = 0.0
    print(f"\n{number:,} people, {len(TEN)} policies, medians of {rounds}; again: once more in the same process\n")
    print(f"{'':34}{'s':>8}{'MB':>8}{'person-policies/s':>20}{'of SQL':>9}{'again s':>9}{'of SQL':>9}")
    right = True
    names = ("sql", "ours-ten", "ours-all", "spark-1", "spark-2", "polars", "openfisca")
    taken: dict[str, list[Any]] = {name: [] for name in names}
    for _ in range(rounds):  # in turns, so that what else the machine does falls on all alike
        for name in names:
            taken[name].append(
                contender(name, facts, folder / f"{name}.parquet", sys.executable if name.startswith(OURS) else peers)
            )
    for name in names:
        runs = taken[name]
        counts = runs[0][0]
        if "error" in counts:
            print(f"{name:34} not run: {counts['error']}")
            continue
        seconds, peak = statistics.median(r[1] for r in runs), max(r[2] for r in runs)
        again = statistics.median(r[3] for r in runs)
        floor, floor_again = floor or seconds, floor_again or again
        wanted = wanted or counts
        differs = {c: (counts[c], wanted[c]) for c in counts if c in wanted and counts[c] != wanted[c]}
        print(
            f"{name:34}{seconds:8.2f}{peak:8.0f}{number * len(counts) / seconds:20,.0f}{seconds / floor:9.2f}{again:9.2f}{again / floor_again:9.2f}"
        )
        if differs:
            print(f"  DIFFERS: {differs}")
            right = False
    return right


def whole(folder: Path, number: int) -> None:
    """From PostgreSQL to frozen and compared results, twice: the second is compared with the first."""
    sys.path.insert(0, str(HERE))
    from common import prepare

    prepare(str(folder / f"hall-{number}"))
    from linli.domains.benefits import commands, queries
    from linli.domains.benefits.models import PersonFacts
    from linli.kernel.actors import system

    made, by, now = folder / f"population-{number}", system("benefits.run", "benefits.view", "benefits.learn"), datetime.now(UTC)
    if not PersonFacts.objects.exists():
        start = time.perf_counter()
        loaded = commands.load_facts(folder=made, by=by, now=now)
        print(f"\nloaded {sum(loaded.values()):,} subjects in {time.perf_counter() - start:.1f} s")
    for turn in ("first", "second, compared with the first"):
        run = commands.start_run(on=ON, region="7701", by=by, now=now)
        found = subprocess.run(
            [sys.executable, str(HERE / "scan.py"), "--only", "run", "--facts", str(run)],
            capture_output=True,
            text=True,
            check=True,
        )
        said = json.loads(found.stdout.strip().splitlines()[-1])
        row = queries.run(run, by=by)
        print(
            f"{turn}: {said['seconds']:.1f} s, {said['peak']:.0f} MB, {row.total // 2:,} subjects, {len(row.policies)} policies, {row.state}"
        )
        print("  " + ", ".join(f"{step} {seconds:.1f} s" for step, seconds in said["counts"].items()))


def one_run(run_id: str) -> dict[str, Any]:
    from uuid import UUID

    from linli.cli.boot import start_database
    from linli.domains.benefits import commands
    from linli.kernel.actors import system

    start_database()
    run, by, steps, last = UUID(run_id), system(), {}, time.perf_counter()
    for step, act in (
        ("freeze", lambda: commands.freeze_run(run_id=run, by=by, now=datetime.now(UTC))),
        ("evaluate and compare", lambda: commands.scan_run(run_id=run)),
        ("seal", lambda: commands.finish_run(run_id=run, by=by, now=datetime.now(UTC))),
    ):
        act()
        steps[step], last = time.perf_counter() - last, time.perf_counter()
    return steps


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--people", type=int, default=1_000_000)
    ask.add_argument("--rounds", type=int, default=3)
    ask.add_argument("--peers", default=sys.executable, help="a Python with polars, duckdb and openfisca-core")
    ask.add_argument("--whole", action="store_true", help="also from PostgreSQL to frozen and compared results")
    ask.add_argument(
        "--folder", type=Path, default=Path(os.environ.get("LINLI_BENCH_DATA") or tempfile.gettempdir()) / "linli-scan"
    )
    ask.add_argument("--only", help=argparse.SUPPRESS)
    ask.add_argument("--facts", help=argparse.SUPPRESS)
    ask.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    told = ask.parse_args()
    if told.only == "whole":  # a hall of its own, and so a process of its own
        whole(told.folder, told.people)
        return
    if told.only == "run":
        django_ready()
        started = time.perf_counter()
        report(started, one_run(told.facts))
        return
    if told.only:
        django_ready()
        from linli.domains.benefits.queries import shipped_policies

        everything = tuple(c for c, p in shipped_policies().items() if p.subject == "person" and not (p.until and p.until < ON))
        if told.only.startswith("spark"):
            print(json.dumps(ours_on_spark(Path(told.facts), told.out, TEN, int(told.only.removeprefix("spark-")))))
            return
        started, codes = time.perf_counter(), TEN if told.only == "ours-ten" else everything
        report(started, ours(Path(told.facts), told.out, codes), lambda: ours(Path(told.facts), told.out, codes))
        return
    told.folder.mkdir(parents=True, exist_ok=True)
    django_ready()
    facts = people_of(told.folder, told.people)
    right = compare(facts, told.people, told.peers, told.folder, told.rounds)
    if told.whole:
        clean = {k: v for k, v in os.environ.items() if k not in ("LINLI_DATA", "DATABASE_URL")}
        rest = ["--only", "whole", "--people", str(told.people), "--folder", str(told.folder)]
        subprocess.run([sys.executable, str(HERE / "scan.py"), *rest], env=clean, check=True)
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()
