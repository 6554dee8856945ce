"""What the benchmarks share: a database of their own, the small invented world, and a table to print."""

from __future__ import annotations

import os
import pickle
import statistics
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any


def prepare(folder: str | None = None) -> Any:
    """Set Django up on an embedded PostgreSQL with everything that makes it durable switched on; returns the world.

    ``LINLI_BENCH_DATA`` (or ``folder``) names a folder to keep between runs.
    """
    named = folder or os.environ.get("LINLI_BENCH_DATA")
    data = Path(named) if named else Path(tempfile.mkdtemp(prefix="linli-bench-"))
    data.mkdir(parents=True, exist_ok=True)
    data.chmod(0o755)
    os.environ["LINLI_DATA"] = str(data)
    os.environ["LINLI_AS_OWNER"] = "1"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")
    import django

    django.setup()
    from linli.cli.boot import start_database
    from linli.cli.database import run_migrations

    start_database()
    run_migrations()
    from linli.testing.world import build_world

    kept = data / "world.pickle"
    if kept.exists():
        return pickle.loads(kept.read_bytes())
    world = build_world()
    kept.write_bytes(pickle.dumps(world))
    return world


def conninfo() -> str:
    """How to reach the benchmark's database as its owner."""
    import psycopg
    from django.db import connection

    s = connection.settings_dict
    return psycopg.conninfo.make_conninfo(
        host=s["HOST"], port=s["PORT"] or None, user=s["USER"], password=s["PASSWORD"], dbname=s["NAME"]
    )


def admin_conninfo() -> str:
    """How to reach it as the superuser of the embedded server."""
    from django.conf import settings

    from linli.kernel.postgres import ADMIN, EmbeddedPostgres

    return EmbeddedPostgres(settings.ENV.data).address(ADMIN).conninfo


def table(title: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table; the first column left, the others right."""
    cells = [[str(c) for c in row] for row in rows]
    widths = [max(len(str(h)), *(len(r[i]) for r in cells)) for i, h in enumerate(heads)]
    print(f"\n{title}")
    for row in [list(map(str, heads)), ["-" * w for w in widths], *cells]:
        print("  " + "  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))))
    sys.stdout.flush()


def quantiles(values: Sequence[float]) -> tuple[float, float, float]:
    """p50, p95 and p99."""
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return cuts[49], cuts[94], cuts[98]
