"""Getting Django and the database ready for a command, and leaving them in order."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, TypeVar

import click

from linli.kernel.errors import LinliError

F = TypeVar("F", bound=Callable[..., Any])


def now() -> datetime:
    """The moment a command passes to the rooms."""
    return datetime.now(UTC)


def ready(*, as_owner: bool = False, migrated: bool = True) -> None:
    """Set Django up and make sure the database runs while this process lives.

    ``as_owner`` connects as the role that owns the tables. Unless ``migrated`` is off, a database that lacks migrations
    ends the command with the line that mends it.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")
    if as_owner:
        os.environ["LINLI_AS_OWNER"] = "1"
    import django

    gc.disable()  # what is made here stays: looking through it again and again took a quarter of the time until a command begins
    django.setup()
    gc.freeze()
    gc.enable()
    atexit.register(gc.unfreeze)  # extensions complain of what is never given back
    start_database()
    if migrated and pending_migrations():
        raise click.ClickException("the database is not up to date; run: linli migrate")


def start_database() -> None:
    """Start the embedded PostgreSQL, or share it if it runs; nothing to do with a DATABASE_URL."""
    from django.conf import settings

    if settings.ENV.database_url:
        return
    from linli.kernel.postgres import EmbeddedPostgres

    server = EmbeddedPostgres(settings.ENV.data)
    server.start()
    atexit.register(_leave, server)


def _leave(server: Any) -> None:
    from django.db import connections

    connections.close_all()
    server.stop()


def pending_migrations() -> int:
    """How many migrations the database lacks."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor
    from django.db.utils import ProgrammingError

    try:
        executor = MigrationExecutor(connection)
        return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except ProgrammingError:  # the application's role cannot read a table that is not there yet
        return 1


def plainly(command: F) -> F:
    """Turn an expected error into one line that says what happened and what to do, with exit status 2."""

    @wraps(command)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except LinliError as error:
            sys.stderr.write(f"linli: {error.message} [{error.code}]\n")
            if error.what_to_do:
                sys.stderr.write(f"       {error.what_to_do}\n")
            sys.exit(2)

    return wrapper  # type: ignore[return-value]


def progress(label: str) -> Callable[[int, int], None]:
    """A progress line on a terminal; on anything else only its end."""
    live = sys.stderr.isatty()

    def show(done: int, total: int) -> None:
        share = 100 * done // total if total else 100
        if live:
            bar = "█" * (share // 4) + "░" * (25 - share // 4)
            sys.stderr.write(f"\r{label} {bar} {share:3d} %  {done:,}/{total:,} ")
            if done >= total:
                sys.stderr.write("\n")
            sys.stderr.flush()
        elif done >= total:
            sys.stderr.write(f"{label} {total:,}\n")

    return show
