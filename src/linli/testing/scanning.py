"""People, employers and hires of the invented city to scan, for tests of scans and of what comes of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from django.utils import timezone

from linli.domains.benefits import commands
from linli.domains.benefits.queries import run
from linli.kernel.actors import system
from linli.kernel.calendar import local_date
from linli.testing.benefits import hire, old, tell
from linli.testing.world import CITY, World

ALLOWANCE, HIRING = "na-elderly-allowance", "na-graduate-hire-subsidy"


def town(world: World) -> None:
    """Two old people who are due an allowance, one of whom too little is known, and an employer with two graduates."""
    old(world.people["applicant"], 85)
    old(world.people["neighbour"], 92)
    tell("person", world.people["agent"], "household", birth=date(1940, 1, 1), local_household=True)
    for n in range(2):
        hire(world, n)


def perform(run_id: UUID) -> None:
    """What the job does that a scan waits for."""
    now = timezone.now()
    commands.freeze_run(run_id=run_id, by=system(), now=now)
    commands.scan_run(run_id=run_id)
    commands.finish_run(run_id=run_id, by=system(), now=now)


def scan(world: World, *, region: str = CITY, policies: Sequence[str] | None = None) -> UUID:
    """A finished scan of today."""
    by = world.actor("benefits")
    now = timezone.now()
    run_id = commands.start_run(on=local_date(now), region=region, policies=policies, by=by, now=now)
    perform(run_id)
    assert run(run_id, by=by).state == "done", run(run_id, by=by).error
    return run_id
