"""``linli trace``: verifying the record, making a root, exporting the proof of a case."""

from __future__ import annotations

import json
import sys
from importlib import resources
from pathlib import Path

import click

from linli.cli.boot import now, plainly, progress, ready


@click.group()
def trace() -> None:
    """The record: verify it, publish its root, export proofs."""


@trace.command()
@click.option(
    "--roots", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A copy of the published roots kept elsewhere."
)
@plainly
def verify(roots: Path | None) -> None:
    """Verify every event, every chain, every root and every time stamp; name what does not hold; exit 1 if anything does not.

    Compares with the published roots in LINLI_DATA/public/roots.jsonl, or with the copy given. A copy kept by somebody else
    is what makes cutting off the newest events impossible.

    \b
    Example:
      linli trace verify --roots /media/usb/roots.jsonl
    """
    ready()
    from linli.domains.trace.queries import verify_all

    verdict = verify_all(now=now(), published=roots, progress=progress("events"))
    for fault in verdict.faults:
        where = f"root {fault.root}" if fault.root is not None and fault.chain is None else f"event {fault.chain}/{fault.seq}"
        if fault.root is not None and fault.chain is not None:
            where += f" (root {fault.root})"
        click.echo(f"BROKEN {where}: {fault.what}")
    local = f", {verdict.stamps_local} stamped by this machine only" if verdict.stamps_local else ""
    click.echo(
        f"{'OK' if verdict.ok else 'NOT OK'}: {verdict.chains:,} chains, {verdict.events:,} events, {verdict.roots} roots{local}"
        f", {len(verdict.faults)} broken"
    )
    sys.exit(0 if verdict.ok else 1)


@trace.command()
@plainly
def seal() -> None:
    """Make, stamp and publish the root of all chains that grew since the last one (a daily job does it too).

    \b
    Example:
      linli trace seal
    """
    ready()
    from linli.domains.trace.commands import public_folder, seal_heads

    root = seal_heads(now=now())
    if root is None:
        click.echo("nothing has happened since the last root")
        return
    by = "time stamp authority" if root.stamped_by == "tsa" else "this machine (no time stamp authority is set)"
    click.echo(f"root {root.number} of {root.day}: {root.leaves} chains, stamped by {by}, published in {public_folder()}")


@trace.command()
@click.argument("number")
@click.option("--out", type=click.Path(path_type=Path), default=Path("proof.json"), help="Where to write it.")
@click.option("--show-data", is_flag=True, help="Show what was noted with each act, not only its digest.")
@plainly
def proof(number: str, out: Path, show_data: bool) -> None:
    """Export the proof of the case NUMBER, for an outsider to verify with no database.

    Writes the proof and, beside it, the script that verifies it. Who acted is never shown.

    \b
    Example:
      linli trace proof 770100202611200000123A --out proof.json
      python3 verify_case.py proof.json roots.jsonl linli-root.pem
    """
    ready()
    from linli.domains.cases.queries import id_of_number
    from linli.domains.trace.queries import case_proof

    out.write_text(json.dumps(case_proof(id_of_number(number), show_data=show_data), ensure_ascii=False, indent=1), "utf-8")
    script = out.parent / "verify_case.py"
    script.write_text((resources.files("linli.domains.trace") / "data/verify_case.py").read_text("utf-8"), "utf-8")
    click.echo(f"wrote {out} and {script}")
