"""``linli migrate``, ``backup`` and ``restore``."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from linli.cli.boot import now, plainly, progress, ready

_FORMAT = 1


@click.command()
@plainly
def migrate() -> None:
    """Bring the database up to date: tables, reference data, privileges. Safe to repeat.

    With a DATABASE_URL of your own, set LINLI_OWNER_DATABASE_URL to the same database as the role that owns the tables; the
    role in DATABASE_URL then gets only what the platform needs, and cannot change the record.

    \b
    Example:
      linli migrate
    """
    ready(as_owner=True, migrated=False)
    run_migrations(verbose=True)


def run_migrations(*, verbose: bool = False) -> None:
    """Migrate as the owner, load reference data, and give the application's role its privileges."""
    from django.core.management import call_command
    from django.db import transaction

    from linli.domains.org.commands import install_reference_data
    from linli.domains.trace.commands import ensure_months

    call_command("migrate", verbosity=1 if verbose else 0, interactive=False)
    with transaction.atomic():
        install_reference_data(now=now())
        ensure_months(now=now())
    grant_privileges()


def grant_privileges() -> None:
    """The application may read and write everything, but what is written once it may only add to."""
    from django.apps import apps
    from django.conf import settings
    from django.db import connection
    from psycopg import conninfo, sql

    from linli.kernel.postgres import APP

    role = conninfo.conninfo_to_dict(settings.ENV.database_url).get("user") if settings.ENV.database_url else APP
    if not role or role == connection.settings_dict["USER"]:
        return  # one role for all: the triggers alone refuse, and linli doctor says so
    # Creating a user in the application's name is not ours; the role is the operator's or was made with the cluster.
    who = sql.Identifier(str(role))
    statements = [
        "GRANT USAGE ON SCHEMA public TO {}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}",
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {}",
    ]
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(sql.SQL(statement).format(who))
        once = [t for config in apps.get_app_configs() for t in getattr(config, "append_only", ())]
        cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'trace_event'::regclass")
        once += [row[0] for row in cursor.fetchall()]
        for table in once:
            cursor.execute(sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {} FROM {}").format(sql.Identifier(table), who))
        cursor.execute(sql.SQL("REVOKE DELETE, TRUNCATE ON trace_chain, cases_case FROM {}").format(who))
        # Partitions are reached through their parent only.
        cursor.execute(sql.SQL("REVOKE ALL ON django_migrations FROM {}").format(who))
        cursor.execute(sql.SQL("GRANT SELECT ON django_migrations TO {}").format(who))


# -- backup ----------------------------------------------------------------------------------------------------------------------


def _admin() -> Any:
    """How PostgreSQL's own programs reach the database: as superuser when it is ours, as the owner otherwise."""
    from django.conf import settings
    from psycopg.conninfo import conninfo_to_dict

    from linli.kernel.postgres import ADMIN, EmbeddedPostgres

    if not settings.ENV.database_url:
        return EmbeddedPostgres(settings.ENV.data).address(ADMIN).environ()
    parts = conninfo_to_dict(settings.ENV.owner_database_url or settings.ENV.database_url)
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
    return os.environ | {names[k]: str(v) for k, v in parts.items() if k in names}


def _program(name: str) -> str:
    """The program that came with the server; an older client refuses a newer server."""
    from django.conf import settings

    from linli.kernel.postgres import binaries

    if not settings.ENV.database_url:
        return str(binaries() / name)
    found = shutil.which(name)
    if found is None:
        raise click.ClickException(f"{name} is not on the PATH; install the client programs of your PostgreSQL's version")
    return found


def _run(name: str, *args: str) -> None:
    done = subprocess.run([_program(name), *args], env=_admin(), capture_output=True, text=True)
    if done.returncode:
        raise click.ClickException(f"{name} failed: {done.stderr.strip()[-1500:]}")


def _keys() -> dict[str, str]:
    from django.conf import settings

    prints: dict[str, str] = settings.LINLI_KEYRING.fingerprints()
    return prints


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@plainly
def backup(file: Path) -> None:
    """Write everything but the keys to FILE (a tar archive): database, files, published roots, sealed scans.

    The keys in LINLI_DATA/secrets are left out on purpose: whoever holds a backup must not be able to read it. Keep them
    apart; without them a restore refuses to begin. The platform may go on running meanwhile.

    \b
    Example:
      linli backup /backup/linli-2026-11-22.tar
    """
    ready()
    from django.conf import settings

    data: Path = settings.ENV.data
    if file.exists():
        raise click.ClickException(f"{file} is there already; give another name")
    with tempfile.TemporaryDirectory(dir=file.parent) as scratch:
        dump = Path(scratch) / "database.dump"
        _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={dump}")
        parts = [("database.dump", dump)]
        parts += [(f"{name}/{p.relative_to(data / name)}", p) for name in ("files", "public") for p in _files(data / name)]
        # Of scans what is sealed; one under way begins anew after a restore.
        sealed = [p for p in _files(data / "benefits") if not p.stat().st_mode & 0o222]
        parts += [(f"benefits/{p.relative_to(data / 'benefits')}", p) for p in sealed]
        manifest: dict[str, Any] = {
            "format": _FORMAT, "made_at": now().isoformat(), "keys": _keys(), "parts": {},
        }  # fmt: skip
        show = progress("backup")
        partial = file.with_name(file.name + ".partial")
        with tarfile.open(partial, "w") as archive:
            for done, (name, path) in enumerate(parts, 1):
                with path.open("rb") as handle:
                    manifest["parts"][name] = hashlib.file_digest(handle, "sha256").hexdigest()
                archive.add(path, arcname=name)
                show(done, len(parts))
            listing = Path(scratch) / "manifest.json"
            listing.write_text(json.dumps(manifest, indent=1), "utf-8")
            archive.add(listing, arcname="manifest.json")
        with partial.open("rb") as handle:
            os.fsync(handle.fileno())
        partial.rename(file)
    click.echo(
        f"wrote {file} ({file.stat().st_size / 1e6:.1f} MB, {len(parts)} parts); the keys in {data / 'secrets'} are not in it"
    )


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(p for p in folder.rglob("*") if p.is_file()) if folder.exists() else ()


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Replace what is here without asking.")
@plainly
def restore(file: Path, yes: bool) -> None:
    """Replace this installation's database and files by those in FILE, then verify the record.

    The keys of the installation that made the backup must be in LINLI_DATA/secrets. Every part is checked against its
    digest before anything is touched. Stop the platform first.

    \b
    Example:
      linli restore /backup/linli-2026-11-22.tar --yes
    """
    ready(as_owner=True, migrated=False)
    from django.conf import settings

    data: Path = settings.ENV.data
    with _unpacked(file) as (folder, manifest):
        here = _keys()
        lacking = sorted(name for name, fingerprint in manifest["keys"].items() if here.get(name) != fingerprint)
        if lacking:
            raise click.ClickException(
                f"the key ring here lacks key {lacking[0]} of that installation; put its keyring.json into {data / 'secrets'} first"
            )
        if not yes:
            click.confirm(f"Replace the database and the files in {data}?", abort=True)
        _replace_database(folder / "database.dump")
        for name in ("files", "public", "benefits"):
            fresh, target = folder / name, data / name
            old = target.with_name(target.name + ".old")
            shutil.rmtree(old, ignore_errors=True)
            if target.exists():
                target.rename(old)
            if fresh.exists():
                shutil.copytree(fresh, target)
            shutil.rmtree(old, ignore_errors=True)
        run_migrations()
    from linli.domains.trace.queries import verify_all

    verdict = verify_all(now=now(), progress=progress("events"))
    click.echo(f"restored from {file}; the record {'verifies' if verdict.ok else 'DOES NOT VERIFY'} ({verdict.events:,} events)")
    if not verdict.ok:
        raise click.ClickException("run linli trace verify for what does not hold")


@contextmanager
def _unpacked(file: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A backup unpacked and checked part by part."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        try:
            with tarfile.open(file) as archive:
                archive.extractall(folder, filter="data")
            manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        except (tarfile.TarError, OSError, ValueError, KeyError) as error:
            raise click.ClickException(f"{file} is not a whole backup: {error}") from error
        for name, digest in manifest["parts"].items():
            part = folder / name
            if not part.is_file() or hashlib.sha256(part.read_bytes()).hexdigest() != digest:
                raise click.ClickException(f"{file} is damaged: {name}")
        yield folder, manifest


def _replace_database(dump: Path) -> None:
    """Put the dump in place of the database's content. The old content is kept aside until the new one stands."""
    from django.conf import settings
    from django.db import connection

    from linli.kernel.postgres import OWNER

    role = [] if settings.ENV.database_url else [f"--role={OWNER}"]
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS before_restore CASCADE")
        cursor.execute("ALTER SCHEMA public RENAME TO before_restore; CREATE SCHEMA public")
    try:
        name = f"--dbname={_admin()['PGDATABASE']}"
        _run("pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", *role, name, str(dump))
    except BaseException:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE; ALTER SCHEMA before_restore RENAME TO public")
        raise
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA before_restore CASCADE")
