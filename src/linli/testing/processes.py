"""Workers as processes of their own, which a test may kill."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import IO, Any

from django.db import connection


def worker(settings: Any, log: IO[bytes], *queues: str, **more: str) -> subprocess.Popen[bytes]:
    """One that works on the test's database until nothing waits in some queues; ``more`` joins its environment."""
    s = connection.settings_dict
    env = {k: v for k, v in os.environ.items() if not k.startswith("LINLI_")} | more | {
        "LINLI_DATA": str(settings.ENV.data),
        "DATABASE_URL": f"postgresql://{s['USER']}:{s['PASSWORD']}@/{s['NAME']}?host={s['HOST']}&port={s['PORT'] or 5432}",
    }  # fmt: skip
    words = [sys.executable, "-m", "linli.cli", "worker", *(w for q in queues for w in ("--queue", q)), "--until-empty"]
    return subprocess.Popen(words, env=env, stdout=log, stderr=log)
