"""``linli sandbox``: other departments, played by a real HTTP server over invented people."""

from __future__ import annotations

import os
import secrets
import sys

import click

from linli.cli.boot import plainly

SECRET, LATENCY, FAULTS = "LINLI_SANDBOX_SECRET", "LINLI_SANDBOX_LATENCY_MS", "LINLI_SANDBOX_FAULTS"
APP_ID = "linli-sandbox"


def command_line(port: int, *, host: str = "127.0.0.1", threads: int = 32) -> list[str]:
    """How the server is started. One process, so that a fault that is switched on is on for every call."""
    # fmt: off
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port), "--no-ws", "--workers", "1",
        "--blocking-threads", str(threads), "--log-level", "error", "linli.cli.sandbox.wsgi:application",
    ]
    # fmt: on


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8900, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--latency", default=0, show_default=True, type=click.IntRange(0, 60_000), help="Milliseconds each answer takes.")
@click.option("--fault", "faults", multiple=True, metavar="INTERFACE=FAULT", help="Begin with a fault: down, slow, wrong, empty, …")
@plainly
def sandbox(host: str, port: int, latency: int, faults: tuple[str, ...]) -> None:
    """Play the departments that interfaces ask, for a demonstration or for trying an integration.

    Answers are made from the question alone, the same ones every time, and only about invented people of the reserved division
    77; about anybody else there is no record. The secret is taken from LINLI_SANDBOX_SECRET, or made and printed.

    Faults can be switched while it runs: `linli exchange fault`, or on the console (共享接口).

    \b
    Example:
      linli sandbox --port 8900 --latency 200 --fault mz-marriage=down
    """
    if len(os.environ.get(SECRET, "")) < 16:
        os.environ[SECRET] = secrets.token_urlsafe(24)
        click.echo(f"secret: {os.environ[SECRET]}   application: {APP_ID}")
    os.environ[LATENCY], os.environ[FAULTS] = str(latency), ",".join(faults)
    click.echo(f"departments answer at http://{host}:{port}/<interface>   (Ctrl-C stops them)")
    command = command_line(port, host=host)
    os.execv(command[0], command)  # noqa: S606 - becomes the server, so that whoever stops this process stops it
