"""Kept files that nothing needs any more: who says so, and how they are destroyed.

The same bytes are kept once for everybody, so whoever lets go of a file does not know whether it may go. Every room that refers to
files registers how it tells which of some it needs; here all are asked, in one place, under a lock on the file. Whoever takes a file
into use holds it by the same lock (:func:`hold_files`, or by bringing it in the same transaction): either the use is seen, or the
file is gone and they learn of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial
from uuid import UUID

from django.core.files.storage import storages
from django.db import transaction

from linli.domains.documents.errors import FileGone
from linli.domains.documents.models import Document, Package, StoredFile
from linli.domains.people.queries import papers_in_use

# Of some files those that a room needs, not counting what one subject (a case whose file was destroyed) needs.
Uses = Callable[[Collection[UUID], UUID | None], set[UUID]]
_uses: list[Uses] = []


def register_uses(uses: Uses) -> None:
    """Have a room of a higher rank asked too; at start."""
    _uses.append(uses)


def _needed(file_ids: Collection[UUID], but: UUID | None) -> set[UUID]:
    found: set[UUID | None] = set(Document.objects.filter(sealed_file__in=file_ids).values_list("sealed_file_id", flat=True))
    found |= set(Package.objects.filter(file__in=file_ids).values_list("file_id", flat=True))
    found |= papers_in_use(file_ids)
    for uses in _uses:
        found |= uses(file_ids, but)
    return {i for i in found if i}


@transaction.atomic
def forget_unused(file_ids: Iterable[UUID], *, but: UUID | None = None) -> int:
    """Destroy those of some kept files that nothing needs, once the transaction stands; returns how many. Safe to repeat.

    The rows remain and say that the files were there. The caller has let go of them before, in the same transaction; ``but`` is a
    subject that needs nothing any more although its rows still name them.
    """
    there = StoredFile.objects.select_for_update(no_key=True).filter(pk__in=set(file_ids)).exclude(path="").order_by("pk")
    paths = dict(there.values_list("pk", "path"))
    gone = set(paths) - _needed(paths.keys(), but) if paths else set()
    for file_id in gone:
        # Under a name that no later copy of the same content gets, so it may go after the lock.
        transaction.on_commit(partial(storages["default"].delete, paths[file_id]))
    StoredFile.objects.filter(pk__in=gone).update(path="")
    return len(gone)


def hold_files(file_ids: Iterable[UUID]) -> None:
    """Take files into use that were kept in an earlier transaction. Raises :class:`FileGone` if one was destroyed since."""
    wanted = set(file_ids)
    held = StoredFile.objects.select_for_update(no_key=True).filter(pk__in=wanted).exclude(path="").order_by("pk")
    if len(held.values_list("pk", flat=True)) < len(wanted):
        raise FileGone(field="files")
