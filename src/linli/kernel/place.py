"""Where an installation keeps what it keeps."""

from __future__ import annotations

import os
from pathlib import Path

DEMO_STATE = "demo.yaml"  # lies in the folder of a demonstration, and of nothing else


def data_folder() -> Path:
    """The folder in LINLI_DATA, or ``.linli`` where the command is run."""
    named = os.environ.get("LINLI_DATA", "").strip()
    return (Path(named).expanduser() if named else Path.cwd() / ".linli").resolve()
