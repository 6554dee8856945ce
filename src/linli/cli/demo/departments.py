"""The departments of a demonstration: the sandbox runs beside the hall, and every interface is connected to it.

On the first day one of them is down for some hours, one is slow, and one goes down in the evening and stays so for whoever looks.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from linli.cli.boot import now
from linli.cli.sandbox import APP_ID, FAULTS, SECRET, command_line
from linli.kernel.place import DEMO_STATE

if TYPE_CHECKING:
    from linli.cli.demo.day import Script
    from linli.domains.catalog.queries import Standard

_HOST, _FIRST_PORT = "127.0.0.1", 8900
# The faults of the last day: interface, fault, from which hour, for how many. Slow ones are waited for no longer than this.
_TROUBLE = (("sj-registration", "down", 10, 4), ("rs-employment", "slow", 13, 2))
_WAITED_MS = 600
LEFT_DOWN = "mz-marriage"


def prepare(state: dict[str, Any]) -> None:
    """Give the demonstration a secret and a free port for them, and connect every interface; the caller keeps the state."""
    from linli.cli.serve import port_is_free

    kept = state.setdefault("departments", {"secret": secrets.token_urlsafe(24), "port": 0, "faults": ""})
    if not kept["port"] or not port_is_free(_HOST, kept["port"]):
        kept["port"] = next(p for p in range(_FIRST_PORT, _FIRST_PORT + 200) if port_is_free(_HOST, p))
    _connect(f"http://{_HOST}:{kept['port']}", kept["secret"])
    os.environ[SECRET], os.environ[FAULTS] = kept["secret"], kept["faults"]


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


# -- the faults of the first day ---------------------------------------------------------------------------------------------


def trouble(midnight: datetime) -> Iterator[tuple[datetime, Script]]:
    """What goes wrong on a day, each with the time it begins."""
    for code, fault, hour, hours in _TROUBLE:
        begins = midnight + timedelta(hours=hour)
        yield begins, _out_of_order(code, fault, begins, begins + timedelta(hours=hours))
    yield midnight + timedelta(hours=12), _stays_down(midnight + timedelta(hours=12))


def _out_of_order(code: str, fault: str, begins: datetime, ends: datetime) -> Script:
    """A source fails for some hours; when it is back, what is owed comes in by itself."""
    from linli.domains.exchange.commands import connect, set_fault
    from linli.domains.exchange.queries import settings_of
    from linli.kernel.actors import system

    by, row = system("exchange.manage", device="linli demo"), settings_of([code])[code]
    usual: dict[str, Any] = {"code": code, "base_url": row.base_url, "app_id": row.app_id, "sandbox": True, "by": by}
    set_fault(code=code, fault=fault, by=by, now=begins)
    if fault == "slow":
        connect(**usual, timeout_ms=_WAITED_MS, now=begins)
    yield ends
    set_fault(code=code, fault="none", by=by, now=ends)
    if fault == "slow":
        connect(**usual, now=ends)
    for minutes in (15, 60):
        yield ends + timedelta(minutes=minutes)
        fetch_owed(ends + timedelta(minutes=minutes))


def fetch_owed(at: datetime) -> None:
    """Ask again for what is due, as the worker does in a running hall."""
    from linli.domains.cases.commands import take_in_shared
    from linli.domains.exchange.commands import fetch
    from linli.domains.exchange.queries import still_waiting, subjects_waiting

    for case_id in subjects_waiting():
        if fetch(question_ids=still_waiting(case_id), now=at, due_only=True):
            take_in_shared(case_id=case_id, now=at)


def leave_down(state: dict[str, Any]) -> None:
    """One source is down whenever the demonstration is started, until somebody switches it on; on the first day since noon."""
    state["departments"]["faults"] = f"{LEFT_DOWN}=down"


def _stays_down(begins: datetime) -> Script:
    from linli.domains.exchange.commands import set_fault
    from linli.kernel.actors import system

    set_fault(code=LEFT_DOWN, fault="down", by=system("exchange.manage", device="linli demo"), now=begins)
    return
    yield


def waits_for_it(standard: Standard) -> bool:
    """Whether the department that stays down holds a material of an item."""
    from linli.domains.exchange.queries import interface

    held = [answer.name for answer in interface(LEFT_DOWN).answers if answer.name]
    return any(m.from_departments and any(name in m.name for name in held) for m in standard.materials)
