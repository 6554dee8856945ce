"""Background work: a job is a row of the same PostgreSQL, enqueued in the same transaction (procrastinate).

Jobs are delivered at least once: a worker killed in the middle leaves its job to be taken again (:func:`take_up`), so every task
must be safe to repeat. Tasks are given ids, not objects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection
from procrastinate.contrib.django import app

task = app.task
periodic = app.periodic


def defer(name: str, /, *, at: datetime | None = None, lock: str | None = None, **kwargs: Any) -> None:
    """Enqueue the task ``name`` (``"cases.close_delivered"``) with JSON arguments, in the transaction under way."""
    app.configure_task(name, schedule_at=at, lock=lock, allow_unknown=False).defer(**kwargs)


def defer_many(name: str, /, calls: list[Mapping[str, Any]]) -> None:
    """Enqueue one task several times with one statement."""
    app.configure_task(name, allow_unknown=False).batch_defer(*(dict(c) for c in calls))


def take_up(*, silent_seconds: int = 60) -> int:
    """Give jobs back whose worker died with them in hand: it is gone, or has shown no sign of life for a while. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_UP, [silent_seconds])
        return cursor.rowcount


_TAKE_UP = """
    SELECT procrastinate_retry_job_v2(job.id, now(), NULL, NULL, NULL)
      FROM procrastinate_jobs AS job LEFT JOIN procrastinate_workers AS worker ON worker.id = job.worker_id
     WHERE job.status = 'doing' AND (worker.id IS NULL OR worker.last_heartbeat < now() - make_interval(secs => %s))
"""


Task = Callable[..., None]
