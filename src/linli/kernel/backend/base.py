"""PostgreSQL as Django speaks to it, with statements sent ahead inside :meth:`DatabaseWrapper.sending_ahead`.

A command writes some ten rows whose answers nobody needs before the transaction ends. In libpq's pipeline mode they are sent
without a wait after each; whoever asks for an answer (a fetch, a row count, the end of a savepoint or of the transaction)
waits for everything before it, and an error is raised there at the latest. So nothing is committed that went wrong, and code
that catches a refusal of the database around a nested ``atomic()`` still finds it there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from django.db.backends.postgresql import base as django_base
from psycopg.pq import PipelineStatus

_PREPARED_FROM = 2  # the third time a statement is sent, PostgreSQL keeps it parsed
_KEPT_PREPARED = 1000  # more than the platform has that repeat


def settle(connection: Any) -> None:
    """Wait for the answers to all that was sent ahead, if anything was; the first error among them is raised."""
    if connection.pgconn.pipeline_status != PipelineStatus.OFF:
        with connection.pipeline() as pipeline:
            pipeline.sync()


class Cursor(django_base.ServerBindingCursor, psycopg.Cursor[Any]):
    """Values travel apart from the statement, which is prepared when it repeats."""

    @property
    def rowcount(self) -> int:
        """How many rows the last statement met; waits for it if it was only sent."""
        self._await()
        return super().rowcount

    @property
    def description(self) -> Any:
        """The columns of the last answer; waits for it if the statement was only sent."""
        self._await()
        return super().description

    def _await(self) -> None:
        if self.pgresult is None:
            settle(self.connection)


class DatabaseWrapper(django_base.DatabaseWrapper):
    # How often this connection stepped back to a savepoint, giving up the locks taken since.
    steps_back = 0

    def get_connection_params(self) -> dict[str, Any]:
        return {**super().get_connection_params(), "cursor_factory": Cursor}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        connection.prepared_max = _KEPT_PREPARED
        return connection

    @contextmanager
    def sending_ahead(self) -> Iterator[None]:
        """Inside, statements are sent without waiting for their answers. Enter it around the transaction, not within."""
        self.ensure_connection()
        connection = self.connection
        # Only here: the plan of a prepared statement forgets its values, and lists need them to find their partial indexes.
        connection.prepare_threshold = _PREPARED_FROM
        try:
            with self.wrap_database_errors, connection.pipeline():
                yield
        finally:
            connection.prepare_threshold = None

    def chunked_cursor(self) -> Any:
        """A server-side cursor, which cannot be had while statements are sent ahead: then a plain one."""
        if self.connection is not None and self.connection.pgconn.pipeline_status != PipelineStatus.OFF:
            return self.cursor()
        return super().chunked_cursor()

    def savepoint_commit(self, sid: str) -> None:
        super().savepoint_commit(sid)
        with self.wrap_database_errors:
            settle(self.connection)

    def savepoint_rollback(self, sid: str) -> None:
        # What was sent after the failure was not run; its errors say nothing new, and the way back must not be among them.
        with suppress(psycopg.Error):
            settle(self.connection)
        self.steps_back += 1
        super().savepoint_rollback(sid)
