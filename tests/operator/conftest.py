"""A real installation in a folder of its own, worked on with the ``linli`` command as an operator would."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from linli.kernel.postgres import ADMIN, EmbeddedPostgres


@dataclass
class Installation:
    data: Path
    first_words: str = ""

    def run(self, *words: str, expect: int | None = 0, **more: str) -> str:
        """What ``linli`` prints; fails when it ends otherwise than expected."""
        done = subprocess.run(self._command(words), env=self._env(more), capture_output=True, text=True, timeout=600)
        said = done.stdout + done.stderr
        assert expect is None or done.returncode == expect, f"linli {' '.join(words)} ended with {done.returncode}:\n{said[-3000:]}"
        return said

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A command that goes on until it is ended."""
        return subprocess.Popen(
            self._command(words), env=self._env({}), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def _command(self, words: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "linli.cli", *words]

    def _env(self, more: dict[str, str]) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("LINLI_") and k != "DATABASE_URL"}
        return kept | {"LINLI_DATA": str(self.data), "PYTHONUNBUFFERED": "1", **more}

    def superuser(self) -> psycopg.Connection:
        """Past every privilege and trigger, as whoever owns the machine could go."""
        link = psycopg.connect(EmbeddedPostgres(self.data).address(ADMIN).conninfo, autocommit=True)
        link.execute("SET session_replication_role = replica")
        return link

    def counts(self) -> dict[str, int]:
        with self.superuser() as link:
            names = link.execute(
                "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace ORDER BY 1"
            )
            return {n: link.execute(f'SELECT count(*) FROM "{n}"').fetchone()[0] for (n,) in names.fetchall()}


@pytest.fixture(scope="session")
def hall() -> Iterator[Installation]:
    """A small first day, played by ``linli demo``; its database runs until the last test so that each command starts quickly."""
    data = Path(tempfile.mkdtemp(prefix="linli-hall-"))
    data.chmod(0o755)  # as root, the server runs as another user; pytest's own folders are closed to it
    made = Installation(data)
    made.first_words = made.run("demo", "--once", "--cases", "24")
    server = EmbeddedPostgres(data)
    server.start()
    yield made
    server.stop()
    shutil.rmtree(data)
