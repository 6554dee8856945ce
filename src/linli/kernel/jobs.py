"""Background work: a job is a row of the same PostgreSQL, enqueued in the same transaction (procrastinate).

Jobs are delivered at least once: a worker killed in the middle leaves its job to be taken again, so every task must be
safe to repeat. Tasks are given ids, not objects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from procrastinate.contrib.django import app

task = app.task
periodic = app.periodic


def defer(name: str, /, *, at: datetime | None = None, lock: str | None = None, **kwargs: Any) -> None:
    """Enqueue the task ``name`` (``"cases.close_delivered"``) with JSON arguments, in the transaction under way."""
    app.configure_task(name, schedule_at=at, lock=lock, allow_unknown=False).defer(**kwargs)


def defer_many(name: str, /, calls: list[Mapping[str, Any]]) -> None:
    """Enqueue one task several times with one statement."""
    app.configure_task(name, allow_unknown=False).batch_defer(*(dict(c) for c in calls))


Task = Callable[..., None]
