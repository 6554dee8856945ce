"""What a file that was handed in really is, judged by its content; whatever could run on a clerk's computer is refused.

The name decides nothing. A file is kept byte for byte as it came: it is evidence, its digest must stay the applicant's own,
and a photo may carry the time and place that the law asks for, so images are decoded to be checked but not written
anew. What protects the reader instead is that only types without a program in them get in, that a file is always
served under the type found here and never as a page, and that what is hidden behind the end of an image is looked at.

Everything that has to be unfolded (images, zip entries, PDF object streams) is unfolded up to a limit, never trusted to
say how large it is.
"""

from __future__ import annotations

import re
import struct
import threading
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from pathlib import PurePosixPath

from PIL import Image

from linli.domains.documents.errors import (
    FileCarriesProgram,
    FileDamaged,
    FileEmpty,
    FileKindRefused,
    FileLocked,
    FileNameWrong,
    FileTooBigInside,
)
from linli.kernel.text import Message, msg, noop


class FileType(StrEnum):
    """The types that are taken; the value is the content type under which a file is served."""

    PDF = "application/pdf"
    OFD = "application/ofd"
    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    HEIC = "image/heic"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    TEXT = "text/plain"

    @property
    def extension(self) -> str:
        """With which it is offered for saving."""
        return _EXTENSIONS[self]


_EXTENSIONS = {
    FileType.PDF: "pdf", FileType.OFD: "ofd", FileType.JPEG: "jpg", FileType.PNG: "png", FileType.WEBP: "webp",
    FileType.HEIC: "heic", FileType.DOCX: "docx", FileType.XLSX: "xlsx", FileType.TEXT: "txt",
}  # fmt: skip

MAX_PIXELS = 100_000_000  # a scan of an A3 page at 600 dpi has 70 million
MAX_SIDE = 30_000
MAX_ENTRIES = 3_000
MAX_UNFOLDED = 300_000_000
MAX_RATIO = 200  # an XML part of a worksheet rarely goes beyond 50
MAX_TEXT = 5_000_000
_NAME_LENGTH = 200
# Names under which a system would run a file or a browser open it as a page.
_RUNNABLE = frozenset(
    [
        "exe",
        "com",
        "scr",
        "pif",
        "cpl",
        "msi",
        "msp",
        "mst",
        "bat",
        "cmd",
        "ps1",
        "psm1",
        "vbs",
        "vbe",
        "js",
        "jse",
        "mjs",
        "wsf",
        "wsh",
        "hta",
        "jar",
        "class",
        "lnk",
        "reg",
        "inf",
        "dll",
        "sys",
        "ocx",
        "so",
        "dylib",
        "app",
        "apk",
        "ipa",
        "deb",
        "rpm",
        "sh",
        "bash",
        "py",
        "pyc",
        "pl",
        "rb",
        "php",
        "phtml",
        "asp",
        "aspx",
        "jsp",
        "cgi",
        "htm",
        "html",
        "xhtml",
        "shtml",
        "mht",
        "mhtml",
        "svg",
        "svgz",
        "xml",
        "xsl",
        "xslt",
        "swf",
        "chm",
        "iso",
        "img",
        "dmg",
        "docm",
        "dotm",
        "xlsm",
        "xltm",
        "xlam",
        "pptm",
        "url",
        "desktop",
    ]
)


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that may be kept."""

    type: FileType
    name: str


def check(content: bytes, declared_name: str) -> Checked:
    """Find out what a file is. Raises one of the ``File…`` errors of :mod:`~linli.domains.documents.errors`."""
    name = clean_name(declared_name)
    if not content:
        raise FileEmpty(name=name)
    for looks_like, examine in _EXAMINERS:
        if looks_like(content):
            found = examine(content, name)
            if found is not FileType.TEXT and zip_behind(content) and found not in (FileType.DOCX, FileType.XLSX, FileType.OFD):
                raise FileCarriesProgram(name=name, what=msg("末尾附有压缩包"))
            return Checked(found, name)
    raise FileKindRefused(name=name, kind=_guess(content))


def clean_name(declared: str) -> str:
    """The name as a person may see it. Raises :class:`FileNameWrong` for names that try to be something else."""
    name = unicodedata.normalize("NFC", declared).strip()
    if not name or set(name) <= {".", " "}:
        raise FileNameWrong(why=msg("没有文件名"))
    if len(name) > _NAME_LENGTH:
        raise FileNameWrong(why=msg("名称超过 %(n)s 个字", n=_NAME_LENGTH))
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in name):
        raise FileNameWrong(why=msg("名称含有看不见的控制字符"))
    if re.search(r'[/\\:*?"<>|]', name) or name.startswith("~"):
        raise FileNameWrong(why=msg("名称含有路径或特殊符号"))
    parts = name.lower().split(".")
    if parts[-1].strip() in _RUNNABLE or (len(parts) > 2 and parts[-2].strip() in _RUNNABLE):
        raise FileNameWrong(why=msg("名称是程序或网页的后缀"))
    return name


# -- images ----------------------------------------------------------------------------------------------------------------


def _image(kind: FileType, form: str) -> Callable[[bytes, str], FileType]:
    def examine(content: bytes, name: str) -> FileType:
        try:
            with Image.open(BytesIO(content), formats=[form]) as image, _DECODING:
                width, height = image.size
                if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
                    raise FileTooBigInside(name=name, why=msg("图片 %(w)s × %(h)s 像素", w=width, h=height))
                if getattr(image, "n_frames", 1) > 100:
                    raise FileTooBigInside(name=name, why=msg("动画帧数过多"))
                image.draft("L", (width // 8, height // 8))  # JPEG: the whole stream is read, an eighth of it drawn
                image.load()
        except FileTooBigInside:
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise FileTooBigInside(name=name, why=msg("图片像素过多")) from error
        except Exception as error:  # Pillow raises many kinds for broken data, all of which mean just that
            raise FileDamaged(name=name, why=msg("图片不能完整显示")) from error
        if _PAGE.search(content, _end_of_image(kind, content)):
            raise FileCarriesProgram(name=name, what=msg("图片末尾附有其他内容"))
        return kind

    return examine


_DECODING = threading.BoundedSemaphore(2)  # a large scan takes a few hundred megabytes while it is looked at


def _end_of_image(kind: FileType, content: bytes) -> int:
    """Where the picture ends; phones put a short film behind it, which is let be."""
    if kind is FileType.WEBP:
        return 8 + int.from_bytes(content[4:8], "little")
    if kind is FileType.PNG:
        at = 8
        while at + 8 <= len(content):
            size, chunk = struct.unpack_from(">L4s", content, at)
            at += 12 + size
            if chunk == b"IEND":
                break
        return at
    at = 2
    while found := _MARKER.search(content, at):
        marker, at = content[found.start() + 1], found.end()
        if marker == 0xD9:
            break
        if marker != 0x01:
            at += int.from_bytes(content[at : at + 2], "big")
    return at


_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd8\xff]")  # in scan data FF is always followed by 00 or a restart
_PAGE = re.compile(rb"<(?:script|html|svg|iframe|\?php|!doctype)|%PDF-", re.IGNORECASE)


def _is_heic(content: bytes) -> bool:
    return content[4:8] == b"ftyp" and content[8:12] in (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"hevc")


def _heic(content: bytes, name: str) -> FileType:
    """Photos of phones (ISO/IEC 23008-12). There is no decoder at hand, so the boxes are walked to the end."""
    seen = set()
    for kind, body in _boxes(content, name):
        seen.add(kind)
        if kind == b"meta":
            for at in (m.start() for m in re.finditer(b"ispe", body)):
                width, height = struct.unpack_from(">LL", body.ljust(at + 16, b"\0"), at + 8)
                if width * height > MAX_PIXELS * 4 or max(width, height) > MAX_SIDE:
                    raise FileTooBigInside(name=name, why=msg("图片 %(w)s × %(h)s 像素", w=width, h=height))
    if b"meta" not in seen or b"mdat" not in seen:
        raise FileDamaged(name=name, why=msg("图片不能完整显示"))
    return FileType.HEIC


def _boxes(content: bytes, name: str) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(content):
        if at + 8 > len(content):
            raise FileDamaged(name=name, why=msg("图片不能完整显示"))
        size, kind = struct.unpack_from(">L4s", content, at)
        head = 8
        if size == 1 and at + 16 <= len(content):
            size, head = struct.unpack_from(">Q", content, at + 8)[0], 16
        elif size == 0:
            size = len(content) - at
        if size < head or at + size > len(content):
            raise FileDamaged(name=name, why=msg("图片不能完整显示"))
        yield kind, content[at + head : at + size]
        at += size


# -- packages of XML: Word, Excel, OFD ------------------------------------------------------------------------------------


def zip_behind(content: bytes) -> bool:
    """Whether a program that looks from the end would take the file for a zip archive."""
    return content.rfind(b"PK\x05\x06", max(0, len(content) - 66_000)) >= 0 and zipfile.is_zipfile(BytesIO(content))


def _package(content: bytes, name: str) -> FileType:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            return _examine_package(archive, name)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError, struct.error) as error:
        raise FileDamaged(name=name, why=msg("压缩结构有误")) from error


def _examine_package(archive: zipfile.ZipFile, name: str) -> FileType:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise FileTooBigInside(name=name, why=msg("内含 %(n)s 个文件", n=len(entries)))
    if any(e.flag_bits & 0x1 for e in entries):
        raise FileLocked(name=name)
    names = [e.filename for e in entries]
    if len(set(map(str.lower, names))) < len(names) or any(_leaves_folder(n) for n in names):
        raise FileCarriesProgram(name=name, what=msg("压缩包内的路径异常"))
    kind = _kind_of_package(set(names))
    if kind is None:
        raise FileKindRefused(name=name, kind=msg("压缩包"))
    budget = MAX_UNFOLDED
    for entry in entries:
        budget -= _examine_entry(archive, entry, kind, name, budget)
    return kind


def _kind_of_package(names: set[str]) -> FileType | None:
    if "OFD.xml" in names:
        return FileType.OFD
    if "[Content_Types].xml" in names:
        if "word/document.xml" in names:
            return FileType.DOCX
        if "xl/workbook.xml" in names:
            return FileType.XLSX
    return None


def _leaves_folder(entry: str) -> bool:
    path = entry.replace("\\", "/")
    return path.startswith("/") or ":" in path or ".." in PurePosixPath(path).parts or "\0" in path


_PROGRAMS_IN_OFFICE = ("vbaproject", "vbadata", "activex", "oleobject", "macrosheets", ".bin")
_HARMLESS_BIN = ("printersettings",)
_RELATION = re.compile(rb"<Relationship\b[^>]*>")
_LOADS = re.compile(rb"/(?:attachedTemplate|oleObject|frame|subDocument)[\"']")


def _examine_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, kind: FileType, name: str, budget: int) -> int:
    """Unfold one entry within the budget and look for programs; returns its size."""
    lower = entry.filename.lower()
    if lower.rsplit(".", 1)[-1] in _RUNNABLE - {"xml", "svg"}:
        raise FileCarriesProgram(name=name, what=entry.filename[:60])
    if kind is not FileType.OFD and any(p in lower for p in _PROGRAMS_IN_OFFICE) and not any(h in lower for h in _HARMLESS_BIN):
        raise FileCarriesProgram(name=name, what=msg("宏或嵌入对象"))
    size, limit = 0, min(budget, max(entry.compress_size, 1) * MAX_RATIO + 1_000_000)
    head = b""
    with archive.open(entry) as stream:
        while chunk := stream.read(256 * 1024):
            size += len(chunk)
            if size > limit:
                raise FileTooBigInside(name=name, why=msg("内含文件展开后超过限制"))
            if len(head) < 2_000_000:
                head += chunk
    if head[:2] == b"MZ" or head[:4] == b"\x7fELF":
        raise FileCarriesProgram(name=name, what=entry.filename[:60])
    if lower.endswith(".rels") and any(b"External" in r and _LOADS.search(r) for r in _RELATION.findall(head)):
        raise FileCarriesProgram(name=name, what=msg("打开时会从网上加载内容"))
    if lower == "[content_types].xml" and b"macroenabled" in head.lower():
        raise FileCarriesProgram(name=name, what=msg("宏"))
    if lower.endswith((".xml", ".rels")) and b"<!DOCTYPE" in head[:4096]:
        raise FileCarriesProgram(name=name, what=msg("带有实体声明的 XML"))
    return size


# -- PDF -------------------------------------------------------------------------------------------------------------------

_STREAM = re.compile(rb">>\s*stream\r?\n")
_NAME_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_ACTS = re.compile(rb"/(JavaScript|JS|Launch|RichMedia|XFA|ImportData|SubmitForm)(?![A-Za-z0-9])")
_LOCKED = re.compile(rb"/Encrypt\s*(?:\d+\s+\d+\s+R|<<)")
_FLATE = re.compile(rb"/Filter\s*(?:\[\s*)?/(?:FlateDecode|Fl)\s*(?:\]|/|>>|$)")
MAX_PDF_STREAMS = 64_000_000


def _pdf(content: bytes, name: str) -> FileType:
    """Header, end and cross references are there, no password, and nothing in it acts."""
    tail = content[-2048:]
    start = re.findall(rb"startxref\s+(\d+)\s+%%EOF", tail)
    if not start:
        raise FileDamaged(name=name, why=msg("PDF 没有完整的结尾"))
    at = content[int(start[-1]) : int(start[-1]) + 40].lstrip()
    if not (at.startswith(b"xref") or re.match(rb"\d+\s+\d+\s+obj", at)):
        raise FileDamaged(name=name, why=msg("PDF 的目录位置不对"))
    if _PAGE.search(tail, tail.rfind(b"%%EOF") + 5):
        raise FileCarriesProgram(name=name, what=msg("末尾附有其他内容"))
    for part in _pdf_parts(content, name):
        words = _unescaped(part)
        if _LOCKED.search(words):
            raise FileLocked(name=name)
        if act := _ACTS.search(words):
            raise FileCarriesProgram(name=name, what=act[1].decode())
    return FileType.PDF


def _unescaped(part: bytes) -> bytes:
    """Names with their hidden letters (``/J#53``) spelt out."""
    return _NAME_ESCAPE.sub(lambda m: bytes([int(m[1], 16)]), part) if b"#" in part else part


def _pdf_parts(content: bytes, name: str) -> Iterator[bytes]:
    """Everything in a PDF that is structure: what lies outside streams, and the unfolded object streams."""
    at, left = 0, MAX_PDF_STREAMS
    for found in _STREAM.finditer(content):
        if found.start() < at:  # the bytes of a stream happen to look like the beginning of one
            continue
        yield content[at : found.end()]
        end = content.find(b"endstream", found.end())
        head = _unescaped(content[max(content.rfind(b"obj", at, found.start()), found.start() - 8000, 0) : found.start() + 2])
        raw = content[found.end() : end if end >= 0 else len(content)]
        at = found.end() + len(raw)
        if b"/ObjStm" in head or b"/XRef" in head:
            plain = _unfold(raw, head, name, left)
            left -= len(plain)
            yield plain
        elif b"/EmbeddedFile" in head:
            plain = _unfold(raw, head, name, 4096, whole=False)
            if plain[:2] in (b"MZ", b"#!") or plain[:4] == b"\x7fELF" or _PAGE.search(plain):
                raise FileCarriesProgram(name=name, what=msg("附件中的程序"))
    yield content[at:]


def _unfold(raw: bytes, head: bytes, name: str, limit: int, *, whole: bool = True) -> bytes:
    """The plain bytes of a stream, up to a limit beyond which nothing honest goes (or just its beginning)."""
    if b"/Filter" not in head:
        return raw
    machine = zlib.decompressobj()
    try:
        if not _FLATE.search(head):
            raise zlib.error
        plain = machine.decompress(raw, limit)
    except zlib.error as error:
        if not whole:
            return b""
        raise FileDamaged(name=name, why=msg("PDF 内部数据无法读取")) from error
    if whole and machine.unconsumed_tail:
        raise FileTooBigInside(name=name, why=msg("PDF 内部数据展开后超过限制"))
    return plain


# -- text ------------------------------------------------------------------------------------------------------------------


def _is_text(content: bytes) -> bool:
    if b"\0" in content[:4096]:
        return False
    return _decoded(content[:4096], final=False) is not None


def _decoded(content: bytes, *, final: bool = True) -> str | None:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            if not final and error.start > len(content) - 4:
                return content[: error.start].decode(encoding)
    return None


def _text(content: bytes, name: str) -> FileType:
    """Plain words only: called ``.txt``, readable as UTF-8 or GB 18030, and not the beginning of a script or a page."""
    text = _decoded(content)
    if text is None or any(unicodedata.category(c) in ("Cc", "Cn", "Co") and c not in "\t\r\n\f" for c in text):
        raise FileKindRefused(name=name, kind=msg("未知的二进制文件"))
    if len(content) > MAX_TEXT:
        raise FileTooBigInside(name=name, why=msg("文本过长"))
    if _PAGE.search(content[:65_536]) or text.lstrip()[:1] == "<" or text.startswith("#!"):
        raise FileKindRefused(name=name, kind=msg("网页或脚本"))
    if not name.lower().endswith(".txt"):
        raise FileKindRefused(name=name, kind=msg("纯文本"))
    return FileType.TEXT


# -- which is asked first ----------------------------------------------------------------------------------------------------

_EXAMINERS: tuple[tuple[Callable[[bytes], bool], Callable[[bytes, str], FileType]], ...] = (
    (lambda c: c.startswith(b"%PDF-"), _pdf),
    (lambda c: c.startswith(b"\xff\xd8\xff"), _image(FileType.JPEG, "JPEG")),
    (lambda c: c.startswith(b"\x89PNG\r\n\x1a\n"), _image(FileType.PNG, "PNG")),
    (lambda c: c[:4] == b"RIFF" and c[8:12] == b"WEBP", _image(FileType.WEBP, "WEBP")),
    (_is_heic, _heic),
    (lambda c: c.startswith(b"PK\x03\x04"), _package),
    (_is_text, _text),
)

_OTHERS = (
    (b"MZ", noop("Windows 程序")),
    (b"\x7fELF", noop("Linux 程序")),
    (b"\xca\xfe\xba\xbe", noop("程序")),
    (b"\xd0\xcf\x11\xe0", noop("旧版 Office 文档或加密的 Office 文档")),
    (b"Rar!", noop("压缩包")),
    (b"7z\xbc\xaf", noop("压缩包")),
    (b"\x1f\x8b", noop("压缩包")),
    (b"GIF8", noop("GIF 图片")),
    (b"BM", noop("BMP 图片")),
    (b"II*\0", noop("TIFF 图片")),
    (b"MM\0*", noop("TIFF 图片")),
)


def _guess(content: bytes) -> Message:
    return next((Message(label) for magic, label in _OTHERS if content.startswith(magic)), msg("未知的二进制文件"))
