"""An electronic file as one archive: parts, a manifest with the SM3 of each, and a signature over the manifest.

The same parts give the same bytes. Anybody can check an archive with ``verify_case.py`` and no installation.
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from linli.kernel.crypto import sm3

FORMAT = "linli-archive-1"
MANIFEST, SIGNATURE = "manifest.json", "manifest.p7s"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the moment stands in the manifest; a clock in the container would change its bytes
_STORED = ("application/pdf", "image/")  # compressed already
_SAFE = re.compile(r"[^\w一-鿿.\-()（）]+")
MOST_BYTES = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Part:
    """One file inside. ``kind`` says what it is to the case, so that completeness can be checked."""

    path: str
    title: str
    kind: str
    media: str
    content: bytes

    @property
    def digest(self) -> str:
        return sm3(self.content).hex()

    @property
    def line(self) -> dict[str, Any]:
        return {
            "path": self.path, "title": self.title, "kind": self.kind, "media": self.media, "size": len(self.content), "sm3": self.digest,
        }  # fmt: skip


class ArchiveDamaged(Exception):
    """An archive does not hold what its manifest says; ``faults`` name each place."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = list(faults)
        super().__init__("; ".join(self.faults))


def safe_name(text: str) -> str:
    """A title as a file name on any system."""
    return _SAFE.sub("_", text).strip("._")[:80] or "file"


def json_part(path: str, title: str, kind: str, value: Any) -> Part:
    """Metadata, readable by people and machines."""
    content = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode()
    return Part(path, title, kind, "application/json", content)


def manifest_of(parts: Iterable[Part], **head: Any) -> bytes:
    """The manifest: what the archive is, and every part with its digest, in order of the path."""
    told = {"format": FORMAT, **head, "parts": [p.line for p in sorted(parts, key=lambda p: p.path)]}
    return json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True).encode()


def pack(parts: Iterable[Part], manifest: bytes, signature: bytes) -> bytes:
    """The archive."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        files = [(MANIFEST, manifest, "application/json"), (SIGNATURE, signature, "application/pkcs7-signature")]
        for path, content, media in [*files, *((p.path, p.content, p.media) for p in sorted(parts, key=lambda p: p.path))]:
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.compress_type = zipfile.ZIP_STORED if media.startswith(_STORED) else zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, content)
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class Opened:
    """An archive whose parts are what its manifest says; who signed it is another question."""

    manifest: dict[str, Any]
    manifest_bytes: bytes
    signature: bytes
    parts: dict[str, Part]

    @property
    def digest(self) -> bytes:
        """SM3 of the manifest, by which an archive is named."""
        return sm3(self.manifest_bytes)


def unpack(content: bytes) -> Opened:
    """Read an archive, comparing everything with the manifest. Raises :class:`ArchiveDamaged` naming what differs."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            return _read(archive)
    except ArchiveDamaged:
        raise
    except (
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        OSError,
        EOFError,
        NotImplementedError,
        zlib.error,
    ) as error:
        raise ArchiveDamaged([f"the archive cannot be read: {error}"]) from error


def _read(archive: zipfile.ZipFile) -> Opened:
    infos = archive.infolist()
    names = [i.filename for i in infos]
    faults = [f"{name}: is there twice" for name in sorted({n for n in names if names.count(n) > 1})]
    faults += [f"{name}: its path leads outside" for name in names if name.startswith(("/", "\\")) or ".." in name.split("/")]
    if sum(i.file_size for i in infos) > MOST_BYTES:
        faults.append("the archive unfolds to more than it may")
    if faults:
        raise ArchiveDamaged(faults)
    raw = archive.read(MANIFEST)
    manifest = json.loads(raw)
    if manifest["format"] != FORMAT:
        raise ArchiveDamaged([f"{MANIFEST}: is of another format"])
    listed = {line["path"]: line for line in manifest["parts"]}
    faults += [f"{name}: is not in the manifest" for name in names if name not in listed and name not in (MANIFEST, SIGNATURE)]
    parts = {}
    for path, line in listed.items():
        if path not in names:
            faults.append(f"{path}: is missing")
            continue
        try:
            part = Part(path, line["title"], line["kind"], line["media"], archive.read(path))
        except (zipfile.BadZipFile, zlib.error, EOFError):
            faults.append(f"{path}: was changed")
            continue
        if (len(part.content), part.digest) != (line["size"], line["sm3"]):
            faults.append(f"{path}: was changed")
        parts[path] = part
    if faults:
        raise ArchiveDamaged(faults)
    return Opened(manifest, raw, archive.read(SIGNATURE), parts)
