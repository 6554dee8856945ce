"""Files on disk (or wherever Django's storage points): by content, encrypted piece by piece, durable before their row is.

A piece is one mebibyte, encrypted under the key ring with its place and whether it is the last one as context, so that
pieces cannot be moved, dropped or cut off unnoticed, and a large file can be read without holding all of it.
"""

from __future__ import annotations

import hashlib
import os
import struct
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from django.core.files.base import File
from django.core.files.storage import Storage, storages
from django.db import IntegrityError, transaction

from linli.domains.documents.errors import FileChanged
from linli.domains.documents.models import StoredFile
from linli.kernel import rows
from linli.kernel.crypto import CannotDecrypt
from linli.kernel.fields import keyring
from linli.kernel.ids import uuid7

_PIECE = 1 << 20
_MAGIC = b"LNF1"
_LENGTH = struct.Struct(">L")


def keep(content: bytes | BinaryIO, content_type: str, *, at: datetime) -> tuple[StoredFile, bool]:
    """Keep a file; the row of it, and whether it is new. The same content is kept once, however many bring it at once.

    Must run in a transaction; the bytes are on disk before it can commit. A rolled-back transaction leaves bytes that
    nothing refers to, never a row without bytes. An open file is read twice, a piece at a time.
    """
    plain = BytesIO(content) if isinstance(content, bytes) else content
    digest, size = _measured(plain)
    index = keyring().blind_index(digest, context="documents.file")
    storage = storages["default"]
    # Its row is locked, so that nobody destroys it as unused before whoever brings it again has said what for.
    known = rows.one(StoredFile, "WHERE t.index = %s FOR NO KEY UPDATE", [index])
    if known is not None:
        if not known.path or not storage.exists(known.path):  # destroyed, or lost on disk, and brought again
            known.path = _write(storage, plain, index)
            _sync(storage, [known.path])
            known.save(update_fields=["path"])
        return known, False
    path = _write(storage, plain, index)
    _sync(storage, [path])
    file = StoredFile(index=index, digest=digest, size=size, content_type=content_type, path=path, stored_at=at)
    try:
        with transaction.atomic():
            file.save(force_insert=True)
    except IntegrityError:  # somebody brought the same content at this very moment
        storage.delete(path)
        return StoredFile.objects.select_for_update(no_key=True).get(index=index), False
    return file, True


def keep_many(contents: Sequence[bytes], content_type: str, *, at: datetime) -> list[StoredFile]:
    """:func:`keep` for files that nobody else brings, since they are made here; what is known all the same is kept as ever."""
    if len(contents) == 1:
        return [keep(contents[0], content_type, at=at)[0]]
    opened = [BytesIO(content) for content in contents]
    measured = [_measured(plain) for plain in opened]
    indexes = [keyring().blind_index(digest, context="documents.file") for digest, _ in measured]
    if len(set(indexes)) < len(indexes) or rows.one(StoredFile, "WHERE t.index = ANY(%s)", [indexes]):
        return [keep(content, content_type, at=at)[0] for content in contents]
    storage = storages["default"]
    files = [
        StoredFile(
            index=index, digest=digest, size=size, content_type=content_type, path=_write(storage, plain, index), stored_at=at
        )
        for plain, (digest, size), index in zip(opened, measured, indexes, strict=True)
    ]
    # Together at the end: what the disk has to write down for the first is most of what the others would wait for.
    _sync(storage, [file.path for file in files])
    rows.insert_many(files)
    return files


def _plain_pieces(plain: BinaryIO) -> Iterator[bytes]:
    plain.seek(0)
    return iter(partial(plain.read, _PIECE), b"")


def _measured(plain: BinaryIO) -> tuple[str, int]:
    """The digest of a content, and how long it is."""
    digest, size = hashlib.new("sm3"), 0
    for piece in _plain_pieces(plain):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


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


def _write(storage: Storage, plain: BinaryIO, index: bytes) -> str:
    """Encrypt and write under a fresh name, since a name may be left over half-written from a crash; the name, yet to be synced."""
    name = index.hex()
    with tempfile.SpooledTemporaryFile(max_size=4 * _PIECE) as out:
        out.write(_MAGIC)
        there, place = _plain_pieces(plain), 0
        piece = next(there, b"")
        while piece:
            after = next(there, b"")
            cipher = keyring().encrypt(piece, context=_context(index, place, last=not after))
            out.write(_LENGTH.pack(len(cipher)) + cipher)
            piece, place = after, place + 1
        return storage.save(f"{name[:2]}/{name[2:4]}/{name}-{uuid7().hex[-12:]}", File(out))


def _sync(storage: Storage, paths: Sequence[str]) -> None:
    """Make sure that the bytes and the folders that lead to them survive a loss of power."""
    files: list[Path] = []
    folders: dict[Path, None] = {}
    for path in paths:
        try:
            full = Path(storage.path(path))
        except NotImplementedError:  # an object store answers only once it is durable
            return
        full.chmod(0o600)
        files.append(full)
        folders |= dict.fromkeys(list(full.parents)[: path.count("/") + 1])
    for place in (*files, *folders):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
