"""The bureau's own folder of policies (``LINLI_POLICIES``): files of the same names and form as those that ship, read beside them.

``policies.yaml``, ``parameters.yaml``, ``granting.yaml`` and ``projection.yaml`` are data, ``*.py`` the expressions, ``cases.yaml`` the test cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from linli.kernel.errors import LinliError
from linli.kernel.text import noop

_folders: list[Path] = []


class OwnWrong(LinliError):
    """A file of the bureau's own folder cannot be used."""

    code = "benefits.own_wrong"
    template = noop("自有政策文件 %(file)s 不能使用：%(why)s。")
    remedy = noop("请按政策开发文档改正后重新启动。")


def use(folder: Path | None) -> None:
    """Read this folder beside what ships; None: nothing but what ships. Before anything is read."""
    if folder is not None and not folder.is_dir():
        raise OwnWrong(file=str(folder), why="no such folder")
    _folders[:] = [] if folder is None else [folder]


def texts(name: str) -> Iterator[tuple[str, str]]:
    """A file of data as it ships and as the bureau has it: where it stands and its text."""
    yield name, (resources.files("linli.domains.benefits") / "data" / name).read_text("utf-8")
    yield from only_own(name)


def only_own(name: str) -> Iterator[tuple[str, str]]:
    """A file as the bureau has it."""
    for folder in _folders:
        if (file := folder / name).exists():
            yield str(file), file.read_text("utf-8")


def run_expressions() -> None:
    """Run the bureau's own expressions, which register themselves. Raises :class:`OwnWrong` naming the file and what is wrong."""
    for folder in _folders:
        for file in sorted(folder.glob("*.py")):
            spec = spec_from_file_location(f"linli_own_{file.stem}", file)
            assert spec and spec.loader
            try:
                spec.loader.exec_module(module_from_spec(spec))
            except Exception as error:
                raise OwnWrong(file=str(file), why=f"{type(error).__name__}: {error}") from error
