"""Background work of the room; safe to repeat, given ids."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from linli.domains.exchange import commands
from linli.kernel.jobs import periodic, task


@task(name="exchange.fetch", queue="exchange", retry=5)
def fetch(question_ids: list[str]) -> None:
    """Ask the sources for what is due."""
    commands.fetch(question_ids=[UUID(i) for i in question_ids], now=datetime.now(UTC), due_only=True)


@periodic(cron="* * * * *")
@task(name="exchange.sweep", queueing_lock="exchange.sweep")
def sweep(timestamp: int) -> None:
    """Come back to what was forgotten."""
    commands.sweep(now=datetime.now(UTC))
