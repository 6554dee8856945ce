"""Spreading a wide selection over stages, so that nothing is reckoned twice.

Expressions share parts (an age, a cap, a condition that is also asked whether it is unknown), and SQL writes a shared part out
wherever it is used, nested ones many times over. Here each shared part becomes a column of a stage of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import ibis
import ibis.expr.operations as ops
from ibis.expr.types import Table, Value

_PLAIN = (ops.Field, ops.Literal)


def staged(source: Table, columns: Mapping[str, Value], *, name: str) -> list[tuple[str, Table]]:
    """Selections to be made one after the other: each a name and an expression over the table of the name before it.

    The first stands on ``source`` (an unbound table); the last has exactly ``columns``.
    """
    wanted = {label: value.op() for label, value in columns.items()}
    levels = _levels(wanted.values())
    stages: list[tuple[str, Table]] = []
    below = source
    known: dict[Any, str] = {}
    for level in range(1, max(levels.values(), default=0) + 1):
        added = {node: f"{name}_{level}_{place}" for place, node in enumerate(n for n, at in levels.items() if at == level)}
        picked = {column: _over(node, source, below, known) for node, column in added.items()}
        stages.append((f"{name}_{level}", below.mutate(**picked)))
        schema = {**below.schema(), **{column: node.dtype for node, column in added.items()}}
        below = ibis.table(schema, name=f"{name}_{level}")
        known |= added
    stages.append((name, below.select(**{label: _over(node, source, below, known) for label, node in wanted.items()})))
    return stages


def _over(node: Any, source: Table, below: Table, known: Mapping[Any, str]) -> Value:
    """An expression over ``source`` as one over a stage, in which the known parts are columns."""
    relation = below.op()
    memo: dict[Any, Any] = {}

    def moved(part: Any, top: bool = False) -> Any:
        if isinstance(part, tuple):
            return tuple(moved(p) for p in part)
        if not isinstance(part, ops.Node) or isinstance(part, ops.Relation):
            return relation if part is source.op() else part
        if part not in memo:
            if part in known:
                memo[part] = ops.Field(relation, known[part])
            elif isinstance(part, ops.Field):
                memo[part] = ops.Field(relation, part.name)
            else:
                memo[part] = part.__class__(*[moved(a) for a in part.__args__])
        return memo[part]

    return moved(node).to_expr()


def _levels(roots: Any) -> dict[Any, int]:
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
