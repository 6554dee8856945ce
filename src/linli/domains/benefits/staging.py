"""Spreading a wide selection over stages, so that nothing is reckoned twice.

Expressions share parts (an age, a cap, a condition that is also asked whether it is unknown), and SQL writes a shared part out
wherever it is used, nested ones many times over. Here each shared part becomes a column of a stage of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import ibis.expr.operations as ops
from ibis.expr.types import Value

from linli.domains.benefits.dialects import DUCKDB, select

_PLAIN = (ops.Field, ops.Literal)


def staged(source: str, columns: Mapping[str, Value], *, name: str, dialect: str = DUCKDB) -> str:
    """What stands between WITH and the selection out of ``name``, which has exactly ``columns``: one stage upon the other, the first
    upon the table ``source``."""
    wanted = {label: value.op() for label, value in columns.items()}
    levels = _levels(wanted.values())
    stages: list[str] = []
    below, known = source, dict[Any, str]()
    for level in range(1, max(levels.values(), default=0) + 1):
        added = {f"{name}_{level}_{place}": node for place, node in enumerate(n for n, at in levels.items() if at == level)}
        stages.append(f"{name}_{level} AS ({select(added, below, dialect, known=known, beside=True)})")
        below = f"{name}_{level}"
        known |= {node: column for column, node in added.items()}
    return ", ".join([*stages, f"{name} AS ({select(wanted, below, dialect, known=known)})"])


def _levels(roots: Iterable[Any]) -> dict[Any, int]:
    """The shared parts worth a column, each with the stage it belongs to: above all shared parts that it is made of."""
    uses: Counter[Any] = Counter()
    order: list[Any] = []
    seen: set[Any] = set()

    def visit(node: Any) -> None:
        if node in seen:
            return
        seen.add(node)
        for child in _children(node):
            uses[child] += 1
            visit(child)
        order.append(node)

    for root in roots:
        uses[root] += 1
        visit(root)
    level: dict[Any, int] = {}
    depth: dict[Any, int] = {}
    for node in order:
        deepest = max((depth[c] for c in _children(node)), default=0)
        if uses[node] > 1 and not isinstance(node, _PLAIN) and not _slight(node):
            level[node] = deepest + 1
            deepest += 1
        depth[node] = deepest
    return level


def _slight(node: Any) -> bool:
    """Cheaper to reckon again than to keep: one operation on columns and literals."""
    return all(isinstance(c, _PLAIN) for c in _children(node))


def _children(node: Any) -> Iterator[Any]:
    for part in node.__args__:
        for p in part if isinstance(part, tuple) else (part,):
            if isinstance(p, ops.Node) and not isinstance(p, ops.Relation):
                yield p
