"""The departments of ``linli sandbox`` as a real server beside the tests, and interfaces connected to it."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import pytest

from linli.cli.sandbox import APP_ID, LATENCY, SECRET, command_line
from linli.cli.sandbox.departments import answer
from linli.domains.catalog.queries import package_standards
from linli.domains.exchange import commands as do
from linli.domains.exchange.queries import canonical, forget_connected, interfaces, signature
from linli.kernel.actors import Actor, system

__all__ = ["answer", "Departments", "departments", "held_elsewhere", "MANAGER", "sandbox_server", "start_departments"]

MANAGER = system("exchange.manage", device="tests")


def held_elsewhere() -> list[tuple[str, str]]:
    """Name and issuer of every material of the catalogue that the bureau gets itself."""
    return [(m.name, m.issued_by) for s in package_standards() for m in s.materials if m.from_departments]


@dataclass
class Departments:
    """A running sandbox. A fault that is switched on counts until :meth:`mend`."""

    url: str
    secret: str
    latency_ms: int = 0

    def fault(self, fault: str, code: str = "*") -> dict[str, Any]:
        body = canonical({"interface": code, "fault": fault})
        found = httpx.post(f"{self.url}/_faults", content=body, headers={"Linli-Signature": signature(self.secret, body)})
        assert found.status_code == 200, found.text
        answer: dict[str, Any] = found.json()
        return answer

    def mend(self) -> None:
        """Every fault off."""
        for code in self.fault("none")["faults"]:
            self.fault("none", code)

    def connect(self, now: datetime, *codes: str, url: str = "", timeout_ms: int = 700, by: Actor = MANAGER, **more: Any) -> None:
        """Connect interfaces to it; all when none is named."""
        for code in codes or [i.code for i in interfaces()]:
            do.connect(
                code=code, base_url=url or self.url, app_id=APP_ID, secret=self.secret, sandbox=True, timeout_ms=timeout_ms, by=by,
                now=now, **more,
            )  # fmt: skip


def start_departments(*, latency_ms: int = 0) -> tuple[Departments, subprocess.Popen[bytes]]:
    """Start a sandbox on a free port and wait until it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    secret = "a secret of the tests only"
    env = os.environ | {SECRET: secret, LATENCY: str(latency_ms)}
    server = subprocess.Popen(command_line(port, threads=16), env=env, stderr=subprocess.DEVNULL)
    found = Departments(f"http://127.0.0.1:{port}", secret, latency_ms)
    until = time.monotonic() + 120  # slowness is no failure; a server that has ended is one at once
    with httpx.Client(timeout=1) as client:  # one for all tries: making one takes longer than the call
        while True:
            try:
                client.get(f"{found.url}/_health")
                return found, server
            except httpx.HTTPError:
                if time.monotonic() > until or server.poll() is not None:
                    server.kill()
                    raise
                time.sleep(0.05)


_running: list[tuple[Departments, subprocess.Popen[bytes]]] = []


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[Departments]:
    """One server for all tests of a worker, although to pytest each module that imports this has a fixture of its own."""
    if not _running:
        _running.append(start_departments())
    found, server = _running[0]
    yield found
    server.terminate()  # at the end of the session, once for each module: the first ends it
    server.wait(20)


@pytest.fixture
def departments(sandbox_server: Departments) -> Iterator[Departments]:
    """The server, in good order before and after."""
    forget_connected()
    sandbox_server.mend()
    yield sandbox_server
    sandbox_server.mend()
    forget_connected()
