"""``linli benefits``: checking formulas and policies, taking in signs of life, looking at everybody."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from linli.cli.boot import plainly


@click.group()
def benefits() -> None:
    """Benefits: formulas, policies, certification and scans."""


@benefits.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day whose rules apply where a case names none (default: today).")
@plainly
def check(file: Path, on: datetime | None) -> None:
    """Run every case of FILE through the formulas and policies; print each failure and "N passed, N failed"; exit 1 on failure.

    FILE is YAML in the format of the cases that ship with Linli (src/linli/domains/benefits/data/benefit-cases.yaml), or a folder of the
    bureau's own policies (docs/policies.md), which is looked at whole before its cases.yaml is run. Needs no database: the figures are
    those that ship with Linli and those of the folder.

    \b
    Example:
      linli benefits check src/linli/domains/benefits/data/benefit-cases.yaml
      linli benefits check /etc/linli/policies
    """
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")
    if file.is_dir():
        os.environ["LINLI_POLICIES"], file = str(file), file / "cases.yaml"
    import django

    django.setup()
    from django.utils import timezone

    from linli.domains.benefits.queries import CaseFileWrong, run_file
    from linli.kernel.calendar import local_date

    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CaseFileWrong(where=str(file), why=error) from error
    outcomes = run_file(text, today=on.date() if on else local_date(timezone.now()))
    for outcome in outcomes:
        for name, (wanted, got) in outcome.wrong.items():
            click.echo(f"{outcome.id} FAILED {name}: expected {wanted}, got {got}  ({outcome.topic})")
    failed = sum(not o.passed for o in outcomes)
    click.echo(f"{len(outcomes) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


@benefits.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@plainly
def certify(folder: Path) -> None:
    """Take in evidence.parquet of FOLDER (as `linli population` writes it), enrol who receives a benefit, and weigh everything at once.

    Where FOLDER holds truth.parquet too, it is measured how often certification was right; the console publishes the newest measurement.

    \b
    Example:
      linli benefits certify .linli/population
    """
    from linli.cli.boot import now, ready

    ready()
    from linli.domains.benefits.commands import enrol, load_evidence, measure, weigh_news
    from linli.kernel.actors import system
    from linli.kernel.calendar import local_date

    by, after = system("benefits.learn", device="linli benefits certify"), None
    click.echo(f"{load_evidence(file=folder / 'evidence.parquet', by=by, now=now()):,} new signs")
    while after := enrol(after=after, by=by, now=now()):
        pass
    while weigh_news(by=by, now=now()):
        pass
    if (truth := folder / "truth.parquet").exists():
        found = measure(truth=truth, on=local_date(now()), by=by, now=now())
        click.echo(f"{found.people:,} receivers, {found.certified:,} certified, of them {found.certified_dead:,} dead")
        click.echo(
            f"{found.presumed_dead:,} presumed dead, of them {found.presumed_dead_alive:,} alive; {found.dead:,} dead in all"
        )


@benefits.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day as of which the registers say so (default: today).")
@plainly
def facts(folder: Path, on: datetime | None) -> None:
    """Take in what registers tell of people and employers: every Parquet file of FOLDER, by number (docs/operations.md).

    \b
    Example:
      linli benefits facts /media/extracts-2026-11 --on 2026-11-05
    """
    from linli.cli.boot import now, ready

    ready()
    from linli.domains.benefits.commands import load_extract
    from linli.kernel.actors import system
    from linli.kernel.calendar import local_date

    by, day = system("benefits.learn", device="linli benefits facts"), on.date() if on else local_date(now())
    for file in sorted(folder.glob("*.parquet")):
        rows, strangers = load_extract(file=file, on=day, by=by, now=now())
        click.echo(f"{file.name}  {rows - strangers:,} taken in, {strangers:,} not registered here")


@benefits.command()
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day as of which facts and figures count (default: today).")
@click.option("--region", default="", help="The division whose people and employers are looked at (default: all there are).")
@click.option(
    "--policy", "policies", multiple=True, metavar="CODE", help="Only this policy; can be repeated (default: all in force)."
)
@click.option("--engine", type=click.Choice(["duckdb", "spark"]), help="What it runs on (default: LINLI_BENEFITS_ENGINE).")
@plainly
def scan(on: datetime | None, region: str, policies: tuple[str, ...], engine: str | None) -> None:
    """Look at everybody: freeze what is known, tell of each policy who is entitled, and compare with the scan before.

    \b
    Example:
      linli benefits scan --on 2025-06-01 --policy na-elderly-allowance
      linli benefits scan --region 7701 --engine spark
    """
    from linli.cli.boot import now, ready

    ready()
    from linli.domains.benefits.commands import finish_run, freeze_run, only_here, scan_run, start_run
    from linli.domains.benefits.queries import policy_of, run
    from linli.kernel.actors import system
    from linli.kernel.calendar import local_date

    by = system("benefits.run", "benefits.view", device="linli benefits scan")
    day = on.date() if on else local_date(now())
    run_id = start_run(on=day, region=region, policies=policies or None, by=by, now=now())
    with only_here(run_id):  # or a worker has taken it up meanwhile: then it is done when the lock is ours
        freeze_run(run_id=run_id, by=by, now=now())
        scan_run(run_id=run_id, engine=engine or "")
        finish_run(run_id=run_id, by=by, now=now())
    for code, found in run(run_id, by=by).counts.items():
        click.echo(
            f"{code}  {found['entitled']:,} entitled, {found['not_entitled']:,} not, {found['unknown']:,} cannot be told yet; "
            f"{found['joined']:,} joined, {found['left']:,} left, {found['changed']:,} changed  ({policy_of(code).name})"
        )
    click.echo(f"run {run_id}")


@benefits.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--returned", default=0, type=click.IntRange(0), help="How many payments, from the first, the bank sends back.")
@plainly
def bank(file: Path, returned: int) -> None:
    """Play the bank: write what it would answer to a FILE of payments, beside it (docs/payments.md). For trying only.

    \b
    Example:
      linli benefits bank ~/Downloads/FF7701202611230001.csv --returned 1
    """
    from linli.cli.boot import now
    from linli.cli.sandbox.bank import answer, references
    from linli.kernel.calendar import local_date

    content = file.read_bytes()
    answered = file.with_name(f"{file.stem}-answer.csv")
    answered.write_bytes(answer(content, returned=references(content)[:returned], on=local_date(now())))
    click.echo(f"{answered}  {len(references(content)):,} payments answered, {returned:,} sent back")
