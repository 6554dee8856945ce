"""``linli archive``: electronic files of cases, exported and checked."""

from __future__ import annotations

import sys
from importlib import resources
from pathlib import Path

import click

from linli.cli.boot import now, plainly, ready


@click.group()
def archive() -> None:
    """Electronic files: export them, check them."""


@archive.command()
@click.argument("number")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="The folder to write into.")
@plainly
def export(number: str, out: Path) -> None:
    """Write the electronic file of the closed case NUMBER, with what came later, and the script that verifies them.

    A case that was not put away yet is put away now.

    \b
    Example:
      linli archive export 770100202611200000123A --out /media/usb
      python3 verify_case.py 770100202611200000123A-1.zip roots.jsonl linli-root.pem
    """
    ready()
    from linli.domains.cases.commands import archive_case
    from linli.domains.cases.queries import id_of_number
    from linli.domains.documents.queries import package_content, packages_of
    from linli.kernel.actors import system

    case_id = id_of_number(number)
    archive_case(case_id=case_id, by=system(), now=now())
    out.mkdir(parents=True, exist_ok=True)
    for package in packages_of(case_id):
        path = out / f"{number}-{package.ordinal}.zip"
        path.write_bytes(package_content(package.pk))
        click.echo(f"wrote {path} ({package.size:,} bytes, manifest SM3 {bytes(package.manifest_digest).hex()})")
    script = out / "verify_case.py"
    script.write_text((resources.files("linli.domains.trace") / "data/verify_case.py").read_text("utf-8"), "utf-8")
    click.echo(f"wrote {script}")


@archive.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@plainly
def check(file: Path) -> None:
    """Run the four checks on an archive FILE: truth, completeness, usability, safety; exit 1 if one fails.

    \b
    Example:
      linli archive check 770100202611200000123A-1.zip
    """
    ready()
    from linli.domains.documents.queries import check_archive

    checks = check_archive(file.read_bytes(), now=now())
    for name, told in checks.items():
        click.echo(f"{name}: {'OK' if told['ok'] else 'NOT OK'}")
        for found in told["found"]:
            click.echo(f"  {found}")
    sys.exit(0 if all(told["ok"] for told in checks.values()) else 1)
