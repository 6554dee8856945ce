"""Writing and reading single rows on the hot path, with the statement of each model made once.

Building a query anew costs the ORM several times what the database needs to run it, and a case passes some hundred
statements in its life (``bench/lifecycle.py``). Models, constraints and migrations stay Django's; only the way from a row to
its statement is shorter. Everything else in the platform uses querysets.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import groupby
from typing import Any, TypeVar

from django.db import connection, models
from psycopg.types.json import Jsonb

from linli.kernel.fields import Sealed, SealedField

M = TypeVar("M", bound=models.Model)


class _Shape:
    """The columns of a model, and how the values of those go in and come out that are kept otherwise than they are used."""

    def __init__(self, model: type[models.Model]) -> None:
        self.fields = [f for f in model._meta.concrete_fields if not isinstance(f, models.CompositePrimaryKey)]
        self.table = model._meta.db_table
        self.names = [f.attname for f in self.fields]
        self.columns = ", ".join(f'"{f.column}"' for f in self.fields)
        self.going_in = {f.attname: turn for f in self.fields if (turn := _in(f))}
        self.coming_out = [(place, back) for place, f in enumerate(self.fields) if (back := _out(f))]

    def values(self, row: models.Model, names: Iterable[str]) -> list[Any]:
        turns = self.going_in
        return [turns[name](row, getattr(row, name)) if name in turns else getattr(row, name) for name in names]

    def turned(self, row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for place, back in self.coming_out:
            values[place] = back(values[place])
        return values


def _in(field: models.Field[Any, Any]) -> Callable[[models.Model, Any], Any] | None:
    if isinstance(field, SealedField):

        def sealed(row: models.Model, value: Any) -> Any:
            kept = field.seal(value)
            setattr(row, field.attname, kept)
            return None if kept is None else kept.cipher

        return sealed
    if isinstance(field, models.JSONField):
        return lambda row, value: None if value is None else Jsonb(value)
    return None


def _out(field: models.Field[Any, Any]) -> Callable[[Any], Any] | None:
    if isinstance(field, SealedField):
        context = field.context
        return lambda value: None if value is None else Sealed(bytes(value), context)
    if isinstance(field, models.JSONField):
        return lambda value: json.loads(value) if isinstance(value, str) else value
    return None


@cache
def _shape(model: type[models.Model]) -> _Shape:
    return _Shape(model)


@cache
def _insert_sql(kinds: tuple[type[models.Model], ...]) -> str:
    """One statement for rows of these models in this order; where they are several, all but the last are parts of it."""
    parts = []
    for model, same in groupby(kinds):
        shape = _shape(model)
        marks = "(" + ", ".join(["%s"] * len(shape.fields)) + ")"
        parts.append(f'INSERT INTO "{shape.table}" ({shape.columns}) VALUES ' + ", ".join(marks for _ in same))
    *before, last = parts
    return ("WITH " + ", ".join(f"part{n} AS ({part})" for n, part in enumerate(before)) + " " if before else "") + last


def insert(*rows: models.Model) -> None:
    """Insert rows with one statement, of one model or of several; nothing to do for none. Keys are made by the application."""
    if not rows:
        return
    kinds = tuple(type(row) for row in rows)
    values = [value for row in rows for value in _shape(type(row)).values(row, _shape(type(row)).names)]
    with connection.cursor() as cursor:
        cursor.execute(_insert_sql(kinds), values)
    for row in rows:
        row._state.adding = False
        row._state.db = connection.alias


_VALUES = 20_000  # of one statement; PostgreSQL takes 65,535


def insert_many(rows: Iterable[models.Model]) -> None:
    """Insert very many rows of some models, model by model in the order in which they first come, some hundred a statement."""
    kinds: dict[type[models.Model], list[models.Model]] = {}
    for row in rows:
        kinds.setdefault(type(row), []).append(row)
    for model, same in kinds.items():
        if len(same) == 1:
            insert(*same)
            continue
        size = max(1, _VALUES // len(_shape(model).fields))
        for first in range(0, len(same), size):
            _insert_some(model, same[first : first + size])


def _insert_some(model: type[models.Model], some: Sequence[models.Model]) -> None:
    shape = _shape(model)
    mark = "(" + ", ".join(["%s"] * len(shape.fields)) + ")"
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{shape.table}" ({shape.columns}) VALUES ' + ", ".join([mark] * len(some)),
            [value for row in some for value in shape.values(row, shape.names)],
        )
    for row in some:
        row._state.adding, row._state.db = False, connection.alias


@cache
def _update_sql(model: type[models.Model], names: tuple[str, ...]) -> str:
    columns = {f.attname: f.column for f in _shape(model).fields}
    key = model._meta.pk
    return f'UPDATE "{_shape(model).table}" SET ' + ", ".join(f'"{columns[n]}" = %s' for n in names) + f' WHERE "{key.column}" = %s'


def update(row: models.Model, names: Iterable[str]) -> None:
    """Write some attributes of a row that is there."""
    chosen = tuple(dict.fromkeys(names))
    if not chosen:
        return
    model = type(row)
    with connection.cursor() as cursor:
        cursor.execute(_update_sql(model, chosen), [*_shape(model).values(row, chosen), row.pk])


def ask(model: type[M], tail: str, params: Sequence[Any]) -> Callable[[], list[M]]:
    """Ask for rows and read them later: inside a command the answer comes while it goes on. ``tail`` is what follows ``SELECT its
    columns FROM its table AS t``."""
    shape, cursor = _shape(model), connection.cursor()
    cursor.execute(_select_sql(model) + tail, params)

    def answer() -> list[M]:
        with cursor:
            found = cursor.fetchall()
        alias = connection.alias
        return [model.from_db(alias, shape.names, shape.turned(row)) for row in found]

    return answer


def load(model: type[M], tail: str, params: Sequence[Any]) -> list[M]:
    """The same at once."""
    return ask(model, tail, params)()


def one(model: type[M], tail: str, params: Sequence[Any]) -> M | None:
    """The first such row, or None."""
    return next(iter(load(model, tail, params)), None)


@cache
def _select_sql(model: type[models.Model]) -> str:
    shape = _shape(model)
    return "SELECT " + ", ".join(f't."{f.column}"' for f in shape.fields) + f' FROM "{shape.table}" AS t '
