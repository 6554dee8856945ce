"""Files on disk (or wherever Django's storage points): by content, encrypted piece by piece, durable before their row is.

A piece is one mebibyte, encrypted under the key ring with its place and whether it is the last one as context, so that
pieces cannot be moved, dropped or cut off unnoticed, and a large file can be read without holding all of it.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.db import IntegrityError, transaction

from linli.domains.documents.errors import FileChanged
from linli.domains.documents.models import StoredFile
from linli.kernel import rows
from linli.kernel.crypto import CannotDecrypt, sm3
from linli.kernel.fields import keyring
from linli.kernel.ids import uuid7

_PIECE = 1 << 20
_MAGIC = b"LNF1"
_LENGTH = struct.Struct(">L")


def keep(content: bytes, content_type: str, *, at: datetime) -> tuple[StoredFile, bool]:
    """Keep a file; the row of it, and whether it is new. The same content is kept once, however many bring it at once.

    Must run in a transaction; the bytes are on disk before it can commit. A rolled-back transaction leaves bytes that
    nothing refers to, never a row without bytes.
    """
    digest = sm3(content)
    index = keyring().blind_index(digest.hex(), context="documents.file")
    storage = storages["default"]
    # Its row is locked, so that nobody destroys it as unused before whoever brings it again has said what for.
    known = rows.one(StoredFile, "WHERE t.index = %s FOR NO KEY UPDATE", [index])
    if known is not None:
        if not known.path or not storage.exists(known.path):  # destroyed, or lost on disk, and brought again
            known.path = _write(storage, content, index)
            known.save(update_fields=["path"])
        return known, False
    path = _write(storage, content, index)
    file = StoredFile(
        index=index, digest=digest.hex(), size=len(content), content_type=content_type, path=path, stored_at=at
    )  # fmt: skip
    try:
        with transaction.atomic():
            file.save(force_insert=True)
    except IntegrityError:  # somebody brought the same content at this very moment
        storage.delete(path)
        return StoredFile.objects.select_for_update(no_key=True).get(index=index), False
    return file, True


def pieces(file: StoredFile) -> Iterator[bytes]:
    """The plain content, piece by piece. Raises :class:`FileChanged` when it is gone or not what was kept."""
    index = bytes(file.index)
    if not file.path:
        raise FileChanged(file=file.pk)
    try:
        with storages["default"].open(file.path) as stored:
            magic, head = stored.read(len(_MAGIC)), stored.read(_LENGTH.size)
            if magic != _MAGIC or not head:
                raise FileChanged(file=file.pk)
            at = 0
            while head:
                cipher = stored.read(_LENGTH.unpack(head)[0])
                head = stored.read(_LENGTH.size)
                yield keyring().decrypt(cipher, context=_context(index, at, last=not head))
                at += 1
    except (OSError, struct.error, CannotDecrypt) as error:
        raise FileChanged(file=file.pk) from error


def content_of(file: StoredFile) -> bytes:
    """All of it at once."""
    return b"".join(pieces(file))


def digest_of(file: StoredFile) -> str:
    """SM3 of the plain content, hexadecimal."""
    return str(file.digest.open())


def _context(index: bytes, place: int, *, last: bool) -> str:
    return f"documents.file:{index.hex()}:{place}:{'last' if last else 'more'}"


def _write(storage: Storage, content: bytes, index: bytes) -> str:
    """Encrypt and write under a fresh name, since a name may be left over half-written from a crash; fsync; the name."""
    out = bytearray(_MAGIC)
    starts = range(0, len(content), _PIECE)
    for place, start in enumerate(starts):
        cipher = keyring().encrypt(content[start : start + _PIECE], context=_context(index, place, last=start == starts[-1]))
        out += _LENGTH.pack(len(cipher)) + cipher
    name = index.hex()
    path = storage.save(f"{name[:2]}/{name[2:4]}/{name}-{uuid7().hex[-12:]}", ContentFile(bytes(out)))
    _sync(storage, path)
    return path


def _sync(storage: Storage, path: str) -> None:
    """Make sure that the bytes and the folders that lead to them survive a loss of power."""
    try:
        full = Path(storage.path(path))
    except NotImplementedError:  # an object store answers only once it is durable
        return
    full.chmod(0o600)
    for place in (full, *list(full.parents)[: path.count("/") + 1]):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
