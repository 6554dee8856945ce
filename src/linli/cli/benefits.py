"""``linli benefits``: checking the law's formulas."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from linli.cli.boot import plainly


@click.group()
def benefits() -> None:
    """Benefits: check the formulas against a file of cases."""


@benefits.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day whose rules apply where a case names none (default: today).")
@plainly
def check(file: Path, on: datetime | None) -> None:
    """Run every case of FILE through the formulas; print each failure and "N passed, N failed"; exit 1 on failure.

    FILE is YAML in the format of the cases that ship with Linli (src/linli/domains/benefits/data/benefit-cases.yaml). Needs no database:
    the figures are those that ship with Linli.

    \b
    Example:
      linli benefits check src/linli/domains/benefits/data/benefit-cases.yaml
    """
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")
    import django

    django.setup()
    from django.utils import timezone

    from linli.domains.benefits.queries import CaseFileWrong, run_file
    from linli.kernel.calendar import local_date

    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise CaseFileWrong(where=str(file), why=error) from error
    outcomes = run_file(text, today=on.date() if on else local_date(timezone.now()))
    for outcome in outcomes:
        for name, (wanted, got) in outcome.wrong.items():
            click.echo(f"{outcome.id} FAILED {name}: expected {wanted}, got {got}  ({outcome.topic})")
    failed = sum(not o.passed for o in outcomes)
    click.echo(f"{len(outcomes) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
