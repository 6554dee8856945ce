"""Background work of the room; every task is safe to repeat and is given ids."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from linli.domains.benefits import commands
from linli.kernel.actors import system
from linli.kernel.errors import LinliError
from linli.kernel.jobs import task


def _now() -> datetime:
    return datetime.now(UTC)


@task(name="benefits.perform_run", queue="scans", retry=3)
def perform_run(run_id: str) -> None:
    """Make a scan. What cannot be helped by trying again is said on its page; anything else is also tried again."""
    run, by = UUID(run_id), system()
    with commands.only_here(run):
        try:
            commands.freeze_run(run_id=run, by=by, now=_now())
            commands.scan_run(run_id=run)
            commands.finish_run(run_id=run, by=by, now=_now())
        except LinliError as error:
            commands.fail_run(run_id=run, why=str(error.message), by=by, now=_now())
        except Exception as error:
            commands.fail_run(run_id=run, why=type(error).__name__, by=by, now=_now())
            raise
