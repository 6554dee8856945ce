"""Running the platform: the database, the page server and the worker, each watched, started again if it dies, and stopped in
reverse order."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType

import click

from linli.cli.boot import plainly, ready

_STOP_SECONDS = 25
_CALM_SECONDS = 30


@dataclass(slots=True)
class _Child:
    """A process of its own session, so that its whole family can be ended."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0

    def start(self) -> None:
        parent = os.getpid()

        def before_exec() -> None:
            os.setsid()
            if sys.platform == "linux":
                ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # ends when the supervisor is killed
                if os.getppid() != parent:
                    os._exit(1)

        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, preexec_fn=before_exec)
        self.started = time.monotonic()

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(_STOP_SECONDS)
        finally:
            # Workers that outlived their parent would go on taking requests.
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Supervisor:
    """Watches the children until it is told to stop."""

    def __init__(self, children: list[_Child]) -> None:
        self.children = children
        self._stopping = False

    def run(self, *, each_second: Callable[[], None] = lambda: None) -> None:
        """Start everything and stay until SIGINT or SIGTERM; a child that dies is started again, ever more slowly."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        try:
            for child in self.children:
                child.start()
            while not self._stopping:
                time.sleep(0.5)
                each_second()
                for child in self.children:
                    self._look_after(child)
        finally:
            for child in reversed(self.children):
                child.stop()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _look_after(self, child: _Child) -> None:
        if child.process is None or child.process.poll() is None:
            return
        lived = time.monotonic() - child.started
        child.failures = 1 if lived > _CALM_SECONDS else child.failures + 1
        wait = min(2**child.failures, 30)
        sys.stderr.write(f"linli: {child.name} ended with {child.process.returncode}; starting again in {wait} s\n")
        until = time.monotonic() + wait
        while time.monotonic() < until and not self._stopping:
            time.sleep(0.2)
        if not self._stopping:
            child.start()


def page_server() -> _Child:
    """The page server: granian with WSGI, a few processes of some threads each."""
    from django.conf import settings

    env = settings.ENV
    # fmt: off
    return _Child("page server", [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", env.host, "--port", str(env.port), "--no-ws",
        "--workers", str(env.workers), "--blocking-threads", str(env.threads), "--respawn-failed-workers", "--log-level", "warning",
        "linli.config.wsgi:application",
    ])
    # fmt: on


def background_worker() -> _Child:
    return _Child("worker", [sys.executable, "-m", "linli.cli", "worker"])


@click.command()
@click.option("--host", help="Address to listen on (LINLI_HOST; default 127.0.0.1).")
@click.option("--port", type=int, help="Port to listen on (LINLI_PORT; default 8000).")
@plainly
def serve(host: str | None, port: int | None) -> None:
    """Run the platform: database, pages and background work.

    \b
    Example:
      LINLI_DATA=/srv/linli linli serve --port 8000
    """
    if host:
        os.environ["LINLI_HOST"] = host
    if port:
        os.environ["LINLI_PORT"] = str(port)
    os.environ.pop("LINLI_AS_OWNER", None)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")
    from django.conf import settings

    if not port_is_free(settings.ENV.host, settings.ENV.port):
        raise PortTaken(settings.ENV.port)
    ready()
    run_forever()


class PortTaken(click.ClickException):
    """Another program listens there."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} is taken by another program; choose another one: --port {port + 1}")


def port_is_free(host: str, port: int) -> bool:
    """Whether the page server will be able to listen."""
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that was just left is free
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def run_forever(announce: Callable[[], None] | None = None) -> None:
    """Serve until stopped; ``announce`` is called once the pages answer."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    from linli.cli.demo.departments import beside

    env = settings.ENV
    others = beside(env.data)
    connections.close_all()
    call_command("collectstatic", interactive=False, verbosity=0)
    waiting = [announce or (lambda: click.echo(f"Linli runs at {env.public_url}  (Ctrl-C stops it)"))]

    def each_second() -> None:
        if waiting and _answers(env.host, env.port):
            waiting.pop()()

    departments = [_Child("departments", others)] if others else []
    Supervisor([*departments, page_server(), background_worker()]).run(each_second=each_second)


def _answers(host: str, port: int) -> bool:
    import socket

    try:
        with socket.create_connection((host, port), timeout=0.2):
            return True
    except OSError:
        return False


@click.command(hidden=True)
@click.option("--queue", "queues", multiple=True, help="Only these queues.")
@click.option("--until-empty", is_flag=True, help="Stop when there is nothing left to do.")
@plainly
def worker(queues: tuple[str, ...], until_empty: bool) -> None:
    """Do background work (started by serve).

    \b
    Example:
      linli worker --until-empty
    """
    ready()
    run_worker(queues=list(queues) or None, until_empty=until_empty)


def run_worker(*, queues: list[str] | None = None, until_empty: bool = False) -> None:
    """Take jobs from the database until stopped, or until none is left."""
    from procrastinate.contrib.django import app

    with app.replace_connector(app.connector.get_worker_connector()) as working:
        working.run_worker(
            queues=queues, wait=not until_empty, concurrency=2, delete_jobs="successful", install_signal_handlers=True
        )
