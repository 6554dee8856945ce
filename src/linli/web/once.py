"""One key for one intention: every form carries it, so that a double click or a retry gets the same answer again."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

from django.http import HttpRequest

from linli.kernel.errors import LinliError
from linli.kernel.text import noop

NAME = "once"


class KeyMissing(LinliError):
    """The form came without its key, or with something that is none."""

    code = "web.once_key_missing"
    template = noop("这次提交缺少防重复编号，没有办理。")
    remedy = noop("请返回上一页，刷新后再提交。")


def once_key(request: HttpRequest) -> UUID:
    """The key the form was sent with (``{% once_key %}`` in its template). Raises :class:`KeyMissing`."""
    try:
        return UUID(request.POST[NAME])
    except (KeyError, ValueError):
        raise KeyMissing from None


def keyed(request: HttpRequest, part: str = "") -> dict[str, Any]:
    """The key as the argument that every command made with ``trace.commands.once`` takes besides those in its signature.

    Where one submission leads to two commands, ``part`` gives the second a key of its own, the same each time.
    """
    key = once_key(request)
    return {"key": uuid5(key, part) if part else key}
