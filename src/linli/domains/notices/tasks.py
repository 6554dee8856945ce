"""Background work of the room; every task is safe to repeat and is given ids."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from linli.domains.notices import commands
from linli.kernel.jobs import periodic, task


@task(name="notices.deliver", queue="notices", retry=5)
def deliver(delivery_id: str) -> None:
    """Try one delivery that is due."""
    commands.deliver(delivery_id=UUID(delivery_id), now=datetime.now(UTC))


@periodic(cron="* * * * *")
@task(name="notices.sweep", queueing_lock="notices.sweep")
def sweep(timestamp: int) -> None:
    """Come back to what was left lying."""
    commands.sweep(now=datetime.now(UTC))
