"""``linli doctor``: what is wrong with this installation, and how to mend it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

import click

from linli.cli.boot import now, pending_migrations, plainly


class Grade(Enum):
    GOOD = "ok  "
    WARN = "warn"
    BAD = "BAD "


@dataclass(frozen=True, slots=True)
class Result:
    grade: Grade
    what: str
    mend: str = ""


def _good(what: str) -> Result:
    return Result(Grade.GOOD, what)


def _warn(what: str, mend: str) -> Result:
    return Result(Grade.WARN, what, mend)


def _bad(what: str, mend: str) -> Result:
    return Result(Grade.BAD, what, mend)


def _data_folder() -> Iterator[Result]:
    from django.conf import settings

    data = settings.ENV.data
    if not os.access(data, os.W_OK):
        yield _bad(f"{data} cannot be written", "give this user the folder, or set LINLI_DATA")
        return
    free = shutil.disk_usage(data).free / 1e9
    text = f"data folder {data}, {free:.1f} GB free"
    yield _good(text) if free > 5 else _warn(text, "make room: the database stops when the disk is full")
    secrets = data / "secrets"
    for path in sorted(secrets.rglob("*")) if secrets.exists() else ():
        if path.is_file() and path.suffix != ".pem" and path.stat().st_mode & 0o077:
            yield _bad(f"{path} can be read by others", f"chmod 600 {path}")
    ring = settings.LINLI_KEYRING
    yield _good(f"key ring with {len(ring.keys)} key(s), number {ring.active} in use; keep a copy apart from the backups")


def _database() -> Iterator[Result]:
    from django.conf import settings
    from django.db import OperationalError, connection

    from linli.cli.boot import start_database
    from linli.kernel.errors import LinliError

    try:
        start_database()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('server_version'), current_setting('fsync'), current_setting('max_connections')::int, current_user"
            )
            version, fsync, most, role = cursor.fetchone()
    except (OperationalError, LinliError) as error:
        yield _bad(f"the database does not answer: {str(error).strip()}", "check DATABASE_URL, or the log named above")
        return
    kind = "your PostgreSQL" if settings.ENV.database_url else "embedded PostgreSQL"
    yield _good(f"{kind} {version}, as {role}")
    if int(version.split(".")[0]) < 14:
        yield _bad(f"PostgreSQL {version} is too old", "14 or later is needed")
    if fsync != "on":
        yield _bad("fsync is off: a power cut can lose what was acknowledged", "set fsync = on")
    needed = settings.ENV.workers * settings.ENV.threads + 12
    if most < needed:
        yield _bad(f"max_connections is {most}, the platform may open {needed}", f"set max_connections = {needed + 50}")
    pending = pending_migrations()
    yield _bad(f"{pending} migrations are pending", "linli migrate") if pending else _good("tables are up to date")


def _write_once() -> Iterator[Result]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_table_privilege('trace_event', 'UPDATE') OR has_table_privilege('trace_event', 'DELETE'),"
            " (SELECT count(*) FROM pg_trigger WHERE tgname = 'trace_event_write_once' AND tgenabled = 'D'),"
            " to_regclass('trace_event_' || to_char(now() + interval '20 days', 'YYYYMM')) IS NOT NULL"
        )
        may, disabled, ahead = cursor.fetchone()
    if disabled:
        yield _bad(
            "the trigger that guards the record is switched off",
            "ALTER TABLE trace_event ENABLE TRIGGER ALL, then linli trace verify",
        )
    if may:
        yield _warn(
            "this role may change the record; only the triggers refuse",
            "use two roles: LINLI_OWNER_DATABASE_URL for the owner, DATABASE_URL for the platform, then linli migrate",
        )
    else:
        yield _good("the platform's role cannot change the record")
    if not ahead:
        yield _warn("next month's partition of the record is not there yet", "linli migrate (the worker makes it too)")


def _calendar() -> Iterator[Result]:
    from linli.domains.org.queries import calendar
    from linli.kernel.calendar import local_date

    today = local_date(now())
    days = calendar()
    if not days.is_announced(today):
        yield _bad(f"no holiday notice for {today.year} is loaded; every date is provisional", "linli calendar load FILE")
        return
    following = today.replace(year=today.year + 1, month=1, day=1)
    if not days.is_announced(following):
        # Notices come out between late October and mid November (docs/deadlines.md 1).
        late = today.month == 12
        text = f"no holiday notice for {following.year} is loaded; dates in that year are provisional"
        mend = "linli calendar load FILE, when the State Council's notice is out"
        yield _bad(text, mend) if late else _warn(text, mend)
    else:
        yield _good(f"holiday notices up to {days.last_announced}")


def _draws_and_roots() -> Iterator[Result]:
    from linli.domains.cases.queries import draw_days
    from linli.domains.trace.queries import recent_roots
    from linli.kernel.calendar import local_date

    today = local_date(now())
    seeded = {d.day for d in draw_days()}
    if today not in seeded:
        yield _bad("no seed of the draw is committed to for today; no case can be given out", "linli draw commit")
    elif today + timedelta(days=1) not in seeded:
        yield _warn("no seed of the draw is committed to for tomorrow", "linli draw commit (the worker does it too)")
    else:
        yield _good("seeds of the draw are committed to ahead of time")
    roots = recent_roots(limit=1)
    if not roots:
        yield _warn("no root of the record has been published yet", "linli trace seal (the worker does it each night)")
    elif now() - roots[0].made_at > timedelta(days=2):
        yield _warn(f"the newest root is of {roots[0].day}", "linli trace seal; is the worker running?")
    else:
        yield _good(f"root {roots[0].number} of {roots[0].day} published; keep copies of public/roots.jsonl elsewhere")
    if roots and roots[0].stamped_by == "local":
        yield _warn("roots are stamped by this machine only", "set LINLI_TSA_URL to a time stamp authority")


def _jobs() -> Iterator[Result]:
    from procrastinate.contrib.django.models import ProcrastinateJob

    waiting = ProcrastinateJob.objects.filter(status="todo", scheduled_at__isnull=True).count()
    failed = ProcrastinateJob.objects.filter(status="failed").count()
    if failed:
        yield _warn(f"{failed} jobs failed", "see the worker's log; linli worker --until-empty tries what is due")
    if waiting > 1000:
        yield _warn(f"{waiting} jobs wait", "is the worker running? linli serve starts it")
    if not failed and waiting <= 1000:
        yield _good(f"{waiting} jobs wait, none failed")


def _exchange() -> Iterator[Result]:
    from linli.domains.exchange.queries import connections

    found = connections()
    if not found.connected:
        yield _warn(
            f"none of {found.described} interfaces to other departments is connected; what they hold is verified by hand",
            "linli exchange connect --url URL --app ID --secret-file FILE, or 共享接口 on the console",
        )
        return
    text = (
        f"{found.connected} of {found.described} interfaces to other departments are connected, {found.switched_off} switched off"
    )
    if found.connected < found.described:
        yield _warn(text, "linli exchange list")
    else:
        yield _good(text)
    if found.sandbox:
        yield _warn(
            f"{found.sandbox} of them lead to the sandbox, which invents its answers", "connect the real ones before going live"
        )


def _settings() -> Iterator[Result]:
    from django.conf import settings

    env = settings.ENV
    if env.debug:
        yield _bad("LINLI_DEBUG is on", "switch it off: error pages show the inside")
    if not env.public_url.startswith("https://"):
        yield _warn(
            f"pages are served at {env.public_url} without encryption", "put a proxy with TLS in front and set LINLI_BASE_URL"
        )
    if env.second_factor == "optional":
        yield _warn("a second factor is optional for staff", "LINLI_SECOND_FACTOR=required (等保 2.0, level 3)")
    if env.crypto_suite == "sm":
        yield _good("fields and files are encrypted with SM4, digests are SM3")
    yield _warn(
        "papers carry a demonstration seal without legal force", "connect the seal service of your government before going live"
    )


_CHECKS: list[tuple[str, Callable[[], Iterator[Result]], bool]] = [
    ("folder and keys", _data_folder, False),
    ("database", _database, False),
    ("record", _write_once, True),
    ("calendar", _calendar, True),
    ("draw and roots", _draws_and_roots, True),
    ("background work", _jobs, True),
    ("other departments", _exchange, True),
    ("settings", _settings, False),
]


@click.command()
@plainly
def doctor() -> None:
    """Say what is wrong with this installation and how to mend it; exit 1 if something must be mended.

    \b
    Example:
      linli doctor
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")
    import django

    django.setup()
    bad = 0
    usable = True
    for name, check, needs_tables in _CHECKS:
        if needs_tables and not usable:
            click.echo(f"skip  {name}: the database has to be mended first")
            continue
        for result in check():
            click.echo(f"{result.grade.value}  {result.what}" + (f"\n      → {result.mend}" if result.mend else ""))
            bad += result.grade is Grade.BAD
            usable &= not (result.grade is Grade.BAD and name == "database")
    click.echo("nothing must be mended" if not bad else f"{bad} to be mended")
    sys.exit(1 if bad else 0)
