"""``linli clock``: checking deadline cases."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import yaml

from linli.cli.boot import plainly


@click.group()
def clock() -> None:
    """Deadlines: check the clock against a file of cases."""


@clock.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--explain", is_flag=True, help="Print the sentence that explains each date.")
@plainly
def check(file: Path, explain: bool) -> None:
    """Run every case of FILE through the clock; print each failure and "N passed, N failed"; exit 1 on failure.

    FILE is YAML in the format of the deadline cases that ship with Linli (src/linli/domains/cases/data/deadline-cases.yaml).
    Needs no database: the calendar comes from the file, and from the notices that ship with Linli for other years.

    \b
    Example:
      linli clock check src/linli/domains/cases/data/deadline-cases.yaml
    """
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")
    import django

    django.setup()
    from linli.domains.cases.commands import CaseFileWrong, clock_conventions, run_file
    from linli.kernel.calendar import seed_notices

    try:
        raw = yaml.safe_load(file.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CaseFileWrong(where=str(file), why=error) from error
    outcomes = run_file(raw, notices=seed_notices(), conventions=clock_conventions())
    for outcome in outcomes:
        if explain:
            click.echo(f"{outcome.id}: {''.join(map(str, outcome.explanation))}")
        for key, (want, got) in outcome.wrong.items():
            click.echo(f"{outcome.id} FAILED {key}: expected {want}, got {got}  ({outcome.title})")
    failed = sum(not o.passed for o in outcomes)
    click.echo(f"{len(outcomes) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
