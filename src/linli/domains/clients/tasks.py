"""Background work of the room; every task is safe to repeat and is given ids."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from linli.domains.clients import commands
from linli.kernel.jobs import periodic, task

_AT_ONCE = 500


def _now() -> datetime:
    return datetime.now(UTC)


@task(name="clients.case_act", retry=5)
def case_act(chain_id: str, seq: int) -> None:
    """Something happened to a case that another system brought."""
    commands.tell_of_act(case_id=UUID(chain_id), seq=seq, now=_now())


@task(name="clients.deliver", queue="webhooks", retry=3)
def deliver(delivery_id: str) -> None:
    """Send one notification."""
    commands.deliver(delivery_id=UUID(delivery_id), now=_now())


@periodic(cron="*/5 * * * *")
@task(name="clients.resume", queueing_lock="clients.resume")
def resume(timestamp: int) -> None:
    """Take up what a worker left behind."""
    commands.resume_deliveries(now=_now())


@periodic(cron="40 18 * * *")  # the queue counts in UTC: in the small hours in China
@task(name="clients.forget", queueing_lock="clients.forget")
def forget(timestamp: int) -> None:
    """Drop old logs and secrets, and files that were never put into a case."""
    commands.forget_deliveries(now=_now())
    commands.forget_secrets(now=_now())
    while commands.forget_uploads(now=_now(), limit=_AT_ONCE) == _AT_ONCE:
        pass
