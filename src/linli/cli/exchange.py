"""``linli exchange``: how this installation reaches other departments."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from linli.cli.boot import now, plainly, ready


@click.group()
def exchange() -> None:
    """Data sharing with other departments: what is described, what is connected, what is not covered."""


@exchange.command("list")
@plainly
def list_() -> None:
    """Every interface with its owner and whether it is connected.

    \b
    Example:
      linli exchange list
    """
    ready()
    from linli.domains.exchange.queries import interfaces, settings_of

    connected = settings_of()
    for face in interfaces():
        row = connected.get(face.code)
        state = "-" if row is None else "off" if not row.enabled else "sandbox" if row.sandbox else "connected"
        click.echo(f"{face.code:18} {state:10} {face.owner}  {face.name}")


@exchange.command()
@plainly
def check() -> None:
    """Read the interfaces, and list materials the bureau gets itself that none of them answers, or of which no form says about
    whom to ask; exit 1 if there are any.

    \b
    Example:
      linli exchange check
    """
    ready(migrated=False)
    from linli.domains.cases.queries import unaskable
    from linli.domains.catalog.queries import package_standards
    from linli.domains.exchange.queries import interfaces, uncovered

    wanted = [(m.name, m.issued_by) for s in package_standards() for m in s.materials if m.from_departments]
    lacking = uncovered(wanted)
    for name, issued_by in lacking:
        click.echo(f"not covered: {name}  ({issued_by or 'no issuer named'})")
    unnamed = [(s.code, name, kind) for s in package_standards() for name, kind in unaskable(s)]
    for code, name, kind in unnamed:
        click.echo(f"about whom: {name}  ({code}, applied for by {kind}: the form names nobody it could be asked about)")
    click.echo(
        f"{len(interfaces())} interfaces; {len(wanted)} materials that the bureau gets itself, {len(lacking)} kinds not covered"
    )
    sys.exit(1 if lacking or unnamed else 0)


@exchange.command()
@click.argument("codes", nargs=-1)
@click.option("--url", required=True, help="Address of the exchange platform; the interface's code is added to it.")
@click.option("--app", "app_id", required=True, help="The application id the owner gave.")
@click.option(
    "--secret-file", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), help="File with the secret."
)
@click.option("--sandbox", is_flag=True, help="It is the sandbox: its faults may be switched on the console.")
@plainly
def connect(codes: tuple[str, ...], url: str, app_id: str, secret_file: Path, sandbox: bool) -> None:
    """Connect interfaces (all of them when none is named).

    \b
    Example:
      linli exchange connect ga-identity --url https://share.example.gov --app hrss-01 --secret-file /run/secrets/share
    """
    ready()
    from linli.domains.exchange.commands import connect as connect_one
    from linli.domains.exchange.queries import interfaces
    from linli.kernel.actors import system

    secret = secret_file.read_text("utf-8").strip()
    for code in codes or [face.code for face in interfaces()]:
        connect_one(
            code=code, base_url=url, app_id=app_id, secret=secret, sandbox=sandbox, by=system("exchange.manage", device="linli exchange"),
            now=now(),
        )  # fmt: skip
        click.echo(f"connected {code}")


@exchange.command()
@click.argument("code")
@click.argument("kind", metavar="FAULT")
@plainly
def fault(code: str, kind: str) -> None:
    """Have the sandbox misbehave at one interface, or `none` again: slow, down, wrong, duplicate, stale, forged, empty.

    \b
    Example:
      linli exchange fault mz-marriage down
    """
    ready()
    from linli.domains.exchange.commands import FAULTS, set_fault
    from linli.kernel.actors import system

    if kind not in FAULTS:
        raise click.BadParameter(f"one of {', '.join(FAULTS)}", param_hint="FAULT")
    set_fault(code=code, fault=kind, by=system("exchange.manage", device="linli exchange"), now=now())
    click.echo(f"{code}: {kind}")
