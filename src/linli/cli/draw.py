"""``linli draw``: repeating the lots of a day."""

from __future__ import annotations

import sys
from datetime import date

import click

from linli.cli.boot import now, plainly, ready


@click.group()
def draw() -> None:
    """The draw: who reviews is settled by lot, and any lot can be repeated."""


@draw.command()
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@plainly
def replay(day: click.DateTime) -> None:
    """Repeat every draw of DAY from its seed and compare; exit 1 if any differs.

    \b
    Example:
      linli draw replay 2026-11-20
    """
    ready()
    from linli.domains.cases.queries import replay_day

    wanted: date = day.date()  # type: ignore[attr-defined]
    done = replay_day(wanted)
    if done is None:
        click.echo(f"no seed was committed to for {wanted}; there were no draws")
        return
    state = "revealed" if done.revealed else "not yet revealed"
    click.echo(f"seed of {wanted}: committed {done.committed_at:%Y-%m-%d %H:%M} UTC, {state}, "
               f"{'matches' if done.seed_matches else 'DOES NOT MATCH'} its commitment")  # fmt: skip
    for replayed in done.draws:
        if not replayed.same:
            click.echo(f"DIFFERS case {replayed.draw.case_id} stage {replayed.draw.stage}: {replayed.why}")
    same = sum(d.same for d in done.draws)
    click.echo(f"{same} of {len(done.draws)} draws give the same person again")
    sys.exit(0 if done.ok else 1)


@draw.command()
@click.option("--days", default=7, show_default=True, help="How many days ahead.")
@plainly
def commit(days: int) -> None:
    """Commit to the seeds of the coming days and publish the commitments (a daily job does it too).

    \b
    Example:
      linli draw commit --days 14
    """
    ready()
    from linli.domains.cases.commands import commit_draws
    from linli.kernel.actors import system

    click.echo(f"{commit_draws(by=system(), now=now(), days=days)} days committed to")
