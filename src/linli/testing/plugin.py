"""pytest plugin: a throw-away embedded PostgreSQL for the session, started before Django reads its settings.

With ``DATABASE_URL`` set the tests use that server instead (its role must be allowed to create databases).
"""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from linli.kernel.postgres import EmbeddedPostgres

# The machine that runs the tests is shared and noisy: slowness is not a failure, see bench/.
settings.register_profile("linli", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("linli")

_WHOLE = ("tests/operator/", "tests/crash/", "tests/invariants/", "src/linli/domains/benefits/tests/test_spark.py")
_started: tuple[EmbeddedPostgres, Path] | None = None
_PREFIX, _IN_USE, _YOUNG_SECONDS = "linli-test-", "in-use", 60


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """The first process of the run starts the server; workers of pytest-xdist find its folder in the environment."""
    global _started
    gc.disable()  # until everything is collected: modules and tests stay, and there are half a million objects of them
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")
    os.environ["LINLI_AS_OWNER"] = "1"
    os.environ.setdefault("LINLI_POST_OFFICE", "1")  # what goes out to telephones can be read; tests of providers set their own
    if os.environ.get("LINLI_TEST_DATA"):
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # `timeout`, a stopped build: leave in order, as with Ctrl-C
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    folder.chmod(0o755)
    _hold(folder / _IN_USE)
    os.environ["LINLI_TEST_DATA"] = os.environ["LINLI_DATA"] = str(folder)
    if not os.environ.get("DATABASE_URL"):
        server = EmbeddedPostgres(folder, fast=True)
        server.start()
        _started = server, folder


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def _hold(lock: Path) -> bool:
    """Take a lock that ends with this process however it ends; False if somebody else has it."""
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return False
    return True


def _sweep() -> None:
    """Remove what killed runs left behind; their servers end with them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            info = folder.stat()
            abandoned = info.st_uid == os.geteuid() and time.time() - info.st_mtime > _YOUNG_SECONDS
            if abandoned and (folder / _IN_USE).exists() and _hold(folder / _IN_USE):
                shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand tests to the workers one by one, but a module that plays a whole installation or a crowd, or starts a Spark, to one of them alone."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return nodeid.split("::")[0] if nodeid.startswith(_WHOLE) else nodeid

    return Scheduling(config, log)


def pytest_unconfigure() -> None:
    global _started
    gc.unfreeze()  # extensions complain of what is never given back
    if _started:
        server, folder = _started
        _started = None
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(server.cluster.parent, ignore_errors=True)
