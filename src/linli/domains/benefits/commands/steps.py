"""Long work of a job in steps, each a transaction that also says on a row how far it is.

A step locks the row and looks whether it is as it was: of two workers one finds the step taken. What was interrupted says why on the row and
goes on where it stopped, by hand or when the queue tries again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import Model

from linli.domains.trace.commands import Subject, record
from linli.kernel.actors import Actor
from linli.kernel.errors import LinliError
from linli.kernel.text import joined

M = TypeVar("M", bound=Model)


def locked(model: type[M], pk: UUID) -> M:
    """A row that nobody else works on until the transaction ends."""
    return model._default_manager.select_for_update(of=("self",)).get(pk=pk)


def as_was(was: M, *names: str) -> M | None:
    """The row, locked, unless somebody else was quicker: then one of these fields says something else."""
    row = locked(type(was), was.pk)
    return row if all(getattr(row, name) == getattr(was, name) for name in names) else None


def in_steps(model: type[Any], pk: UUID, steps: Mapping[Any, Callable[[Any], None]], stops: Mapping[Any, Any]) -> None:
    """Take the step that the state of a row asks for until none does; what was interrupted (``stops``: how each state is called then) goes on."""
    on = {stops[state]: state for state in steps}
    with transaction.atomic():
        row = locked(model, pk)
        if row.state in on:
            row.state, row.error = on[row.state], ""
            row.save(update_fields=["state", "error"])
    while step := steps.get(row.state):
        step(row)
        row = model.objects.get(pk=pk)


@transaction.atomic
def interrupted(
    model: type[Any], pk: UUID, stops: Mapping[Any, Any], why: LinliError, *, act: str, subject: Callable[[Any], Subject], by: Actor,
    now: datetime,
) -> None:  # fmt: skip
    """Note on a row why its job broke off, and in the record. What was done stays; a row that nothing was to be done with stays as it is."""
    row = locked(model, pk)
    if to := stops.get(row.state):
        row.state, row.error = to, str(joined([why.message, why.what_to_do] if why.what_to_do else [why.message]))
        row.save(update_fields=["state", "error"])
        record(act, subject=subject(row), by=by, at=now, why=why.code)


__all__ = ["as_was", "in_steps", "interrupted", "locked"]
