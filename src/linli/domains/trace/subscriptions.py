"""Who wants to hear of which act. A higher room registers a task in its ``AppConfig.ready``; the task is enqueued in the
transaction that records the act and is given the chain and the sequence number, nothing else."""

from __future__ import annotations

from collections import defaultdict

_tasks: dict[str, list[str]] = defaultdict(list)


def subscribe(act: str, task: str) -> None:
    """Have ``task`` (a registered task name) run with ``chain_id`` and ``seq`` whenever ``act`` is recorded."""
    if task not in _tasks[act]:
        _tasks[act].append(task)


def subscribers(act: str) -> tuple[str, ...]:
    return tuple(_tasks.get(act, ()))
