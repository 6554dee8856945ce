"""Who wants to hear of which act. A higher room registers a task in its ``AppConfig.ready``; the task is enqueued in the
transaction that records the act and is given the chain and the sequence number, nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

When = Callable[[Mapping[str, Any]], bool]
_tasks: dict[str, dict[str, When | None]] = defaultdict(dict)


def subscribe(act: str, task: str, *, when: When | None = None) -> None:
    """Have ``task`` (a registered task name) run with ``chain_id`` and ``seq`` whenever ``act`` is recorded.

    ``when`` is asked what was noted with the act, for acts of which few are of interest: the others cost nothing.
    """
    _tasks[act].setdefault(task, when)


def subscribers(act: str, data: Mapping[str, Any]) -> tuple[str, ...]:
    """The tasks to enqueue for an act with which this was noted."""
    return tuple(task for task, when in _tasks.get(act, {}).items() if when is None or when(data))
