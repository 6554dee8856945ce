"""The departments of a demonstration: the sandbox runs beside the hall, and every interface is connected to it."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from pathlib import Path
from typing import Any

import yaml

from linli.cli.boot import now
from linli.cli.sandbox import APP_ID, SECRET, command_line
from linli.kernel.place import DEMO_STATE

_HOST, _FIRST_PORT = "127.0.0.1", 8900


def prepare(state: dict[str, Any]) -> None:
    """Give the demonstration a secret and a free port for them, and connect every interface; the caller keeps the state."""
    from linli.cli.serve import port_is_free

    kept = state.setdefault("departments", {"secret": secrets.token_urlsafe(24), "port": 0})
    if not kept["port"] or not port_is_free(_HOST, kept["port"]):
        kept["port"] = next(p for p in range(_FIRST_PORT, _FIRST_PORT + 200) if port_is_free(_HOST, p))
    _connect(f"http://{_HOST}:{kept['port']}", kept["secret"])
    os.environ[SECRET] = kept["secret"]


def _connect(url: str, secret: str) -> None:
    """Connect what is not connected there yet; what somebody switched off or changed to another place stays."""
    from linli.domains.exchange.commands import connect
    from linli.domains.exchange.queries import interfaces, settings_of
    from linli.kernel.actors import system

    known, by = settings_of(), system("exchange.manage", device="linli demo")
    for face in interfaces():
        row = known.get(face.code)
        if row is None or (row.sandbox and row.enabled and row.base_url != url):
            connect(code=face.code, base_url=url, app_id=APP_ID, secret=secret, sandbox=True, by=by, now=now())


def beside(data: Path) -> list[str]:
    """The command that plays them, if the data folder is a demonstration's; empty otherwise."""
    path = data / DEMO_STATE
    state = yaml.safe_load(path.read_text("utf-8")) if path.exists() else {}
    if "departments" not in state:
        return []
    before = dict(state["departments"])
    prepare(state)
    if state["departments"] != before:
        fresh = path.with_suffix(".new")
        fresh.write_text(yaml.safe_dump(state, allow_unicode=True, sort_keys=False), "utf-8")
        fresh.chmod(0o600)
        fresh.replace(path)
    return command_line(int(state["departments"]["port"]))


def start(state: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start them for the first day and wait until they answer."""
    from linli.cli.serve import port_is_free

    port = int(state["departments"]["port"])
    server = subprocess.Popen(command_line(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while port_is_free(_HOST, port) and server.poll() is None and time.monotonic() < until:
        time.sleep(0.2)
    return server
