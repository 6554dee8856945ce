"""Background work: a job is a row of the same PostgreSQL, enqueued in the same transaction (procrastinate).

Jobs are delivered at least once: a worker killed in the middle leaves its job to be taken again (:func:`take_up`), so every task
must be safe to repeat. Tasks are given ids, not objects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from procrastinate.contrib.django import app
from psycopg.types.json import Jsonb

task = app.task
periodic = app.periodic


def defer(name: str, /, *, at: datetime | None = None, lock: str | None = None, **kwargs: Any) -> None:
    """Enqueue the task ``name`` (``"cases.close_delivered"``) with JSON arguments, in the transaction under way."""
    _enqueue(name, [kwargs], at=at, lock=lock)


def defer_many(name: str, /, calls: Sequence[Mapping[str, Any]], *, at: datetime | None = None) -> None:
    """Enqueue one task several times with one statement."""
    _enqueue(name, calls, at=at)


def _enqueue(name: str, calls: Sequence[Mapping[str, Any]], *, at: datetime | None = None, lock: str | None = None) -> None:
    """By procrastinate's own function of the database. Its Python would wait for the numbers of the jobs, which nobody wants, and
    with them for all that the command has sent ahead."""
    if not calls:
        return
    job = app.configure_task(name, schedule_at=at, lock=lock, allow_unknown=False).job
    given = Jsonb([{**job.task_kwargs, **call} for call in calls])
    values: list[Any] = [job.queue, name, job.priority, job.lock, job.queueing_lock, job.scheduled_at, given]
    with connection.cursor() as cursor:
        cursor.execute(_ENQUEUE, values)


_ENQUEUE = """
    SELECT procrastinate_defer_jobs_v1(array_agg(ROW(%s, %s, %s, %s, %s, args, %s)::procrastinate_job_to_defer_v1))
      FROM jsonb_array_elements(%s) AS args
"""


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
