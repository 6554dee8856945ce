"""Running the same thing at the same moment on real connections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connections

T = TypeVar("T")


def at_once(jobs: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """Run all jobs in threads of their own, let loose together; each result is what it returned or raised."""
    barrier = Barrier(len(jobs))

    def run(job: Callable[[], T]) -> T | Exception:
        try:
            connections["default"].ensure_connection()
            barrier.wait(60)
            return job()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))
