"""Background work of the record."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from linli.domains.trace import commands
from linli.kernel.jobs import periodic, take_up, task


@task(name="trace.verify", retry=2)
def verify(verification_id: str) -> None:
    """Check the whole record because somebody asked."""
    commands.run_verification(verification_id=UUID(verification_id), now=datetime.now(UTC))


@periodic(cron="10 16 * * *")  # the queue counts in UTC: ten past midnight in China
@task(name="trace.daily", queueing_lock="trace.daily", retry=10)
def daily(timestamp: int) -> None:
    """Seal and publish the day's root, make the coming months' partitions, forget old answers."""
    now = datetime.now(UTC)
    commands.ensure_months(now=now)
    commands.seal_heads(now=now)
    commands.forget_answers(before=now - commands.ANSWER_LIFE)


@periodic(cron="* * * * *")
@task(name="trace.take_up", queueing_lock="trace.take_up")
def take_up_jobs(timestamp: int) -> None:
    """Give the jobs of dead workers to living ones. It is every room's chore; the lowest does it."""
    take_up()
