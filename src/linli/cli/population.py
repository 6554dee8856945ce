"""``linli population``: an invented population to try scans on."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import click

from linli.cli.boot import now, plainly, progress, ready


@click.command()
@click.argument("number", type=click.IntRange(1, 10_000_000))
@click.option("--seed", default=7701, show_default=True, help="The same seed gives the same population.")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day as of which registers were read (default: today).")
@click.option(
    "--place", "places", multiple=True, default=("770102", "770103", "770121", "770122"), show_default=True, help="Where they live."
)
@click.option(
    "--into", type=click.Path(file_okay=False, path_type=Path), help="The folder for the files (default: LINLI_DATA/population)."
)
@click.option("--load", is_flag=True, help="Also take the facts into the database, for scans.")
@plainly
def population(number: int, seed: int, on: datetime | None, places: tuple[str, ...], into: Path | None, load: bool) -> None:
    """Invent NUMBER residents with employers, hires, contributions, households and traces of life and of death.

    Registers tell late, in part and sometimes wrongly; the truth lies in truth.parquet. Nothing of it is about anybody.

    \b
    Example:
      linli population 100000
      linli population 1000000 --load
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")
    if load:
        ready()
    else:
        import django

        django.setup()
    from linli.domains.benefits.commands import load_facts, make_population
    from linli.kernel.actors import system
    from linli.kernel.calendar import local_date
    from linli.kernel.place import data_folder

    folder = into or data_folder() / "population"
    day = on.date() if on else local_date(now())
    for name, rows in make_population(folder=folder, number=number, seed=seed, on=day, places=list(places)).items():
        click.echo(f"{folder / name}.parquet  {rows:,}")
    if load:
        load_facts(folder=folder, by=system("benefits.learn", device="linli population"), now=now(), tell=progress("facts"))
