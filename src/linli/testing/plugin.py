"""pytest plugin: a throw-away embedded PostgreSQL for the session, started before Django reads its settings.

With ``DATABASE_URL`` set the tests use that server instead (its role must be allowed to create databases).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from linli.kernel.postgres import EmbeddedPostgres

# The machine that runs the tests is shared and noisy: slowness is not a failure, see bench/.
settings.register_profile("linli", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("linli")

_started: tuple[EmbeddedPostgres, Path] | None = None


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """The first process of the run starts the server; workers of pytest-xdist find its folder in the environment."""
    global _started
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")
    os.environ["LINLI_AS_OWNER"] = "1"
    if os.environ.get("LINLI_TEST_DATA"):
        return
    folder = Path(tempfile.mkdtemp(prefix="linli-test-"))
    folder.chmod(0o755)
    os.environ["LINLI_TEST_DATA"] = os.environ["LINLI_DATA"] = str(folder)
    if not os.environ.get("DATABASE_URL"):
        server = EmbeddedPostgres(folder, fast=True)
        server.start()
        _started = server, folder


def pytest_unconfigure() -> None:
    global _started
    if _started:
        server, folder = _started
        _started = None
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(server.cluster.parent, ignore_errors=True)
