"""What people does by itself."""

from __future__ import annotations

from django.utils import timezone

from linli.domains.people import commands
from linli.kernel.jobs import periodic, task


@periodic(cron="40 * * * *")
@task(name="people.forget_codes", queueing_lock="people.forget_codes")
def forget_codes(timestamp: int) -> None:
    """Drop sign-in codes that limit nobody any more (SE-10)."""
    commands.forget_codes(now=timezone.now())
