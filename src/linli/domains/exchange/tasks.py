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


_AT_ONCE = 500


@periodic(cron="40 17 * * *")  # the queue counts in UTC: in the small hours in China
@task(name="exchange.forget", queueing_lock="exchange.forget")
def forget(timestamp: int) -> None:
    """Forget what was kept long enough, one batch a transaction, until nothing is left to forget."""
    while commands.forget(now=datetime.now(UTC), limit=_AT_ONCE) == _AT_ONCE:
        pass
