"""Background work of the room; every task is safe to repeat and is given ids."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from linli.domains.notices import commands
from linli.kernel.jobs import task


@task(name="notices.deliver", queue="notices", retry=5)
def deliver(delivery_id: str) -> None:
    """Try one delivery that is due."""
    commands.deliver(delivery_id=UUID(delivery_id), now=datetime.now(UTC))
