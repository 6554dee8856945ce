"""The press: typst turns a pinned template and data into PDF/A-2b, the same bytes for the same input.

Data reach a template only as JSON in an input of the compiler, so nothing that a person typed is ever read as markup.
Fonts of the machine are ignored; what prints is what ships, and what the site put into its font folder.
"""

from __future__ import annotations

import json
import lzma
import os
import re
import threading
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import segno
import typst
from PIL import Image

from linli.domains.documents.errors import TemplateUnknown
from linli.domains.documents.papers import Paper
from linli.domains.documents.rules import PaperKind
from linli.domains.documents.typography import FontUnreadable, characters, chinese, legible, tidy
from linli.kernel.calendar import SHANGHAI
from linli.kernel.crypto import sm3
from linli.kernel.text import Message

DATA = Path(__file__).parent / "data"
TEMPLATES, FONTS = DATA / "templates", DATA / "fonts"
_BODY, _TITLE, _HEI, _RARE = "Noto Serif SC", "LinliTitle", "LinliHei", "LinliRare"
# Licensed fonts that a site may own, by the names they give themselves; official layout asks for these (GB/T 9704-2012, 5.2.2).
LOCAL = {
    "body": (
        "FangSong_GB2312",
        "仿宋_GB2312",
        "FangSong",
        "仿宋",
        "FZFangSong-Z02",
        "方正仿宋_GBK",
        "FZFangSong_GB18030",
        "STFangsong",
    ),
    "kai": ("KaiTi_GB2312", "楷体_GB2312", "KaiTi", "楷体", "FZKai-Z03", "方正楷体_GBK", "STKaiti"),
    "title": ("FZXiaoBiaoSong-B05", "FZXiaoBiaoSong-B05S", "方正小标宋简体", "方正小标宋_GBK"),
    "hei": ("SimHei", "黑体", "FZHei-B01", "方正黑体_GBK", "STHeiti"),
}


# -- templates: files that never change once they were released ---------------------------------------------------------


@lru_cache
def current_templates() -> dict[str, int]:
    """The newest version of each kind's template."""
    return {kind.value: max(int(f.stem) for f in (TEMPLATES / kind).glob("*.typ")) for kind in PaperKind}


@lru_cache(maxsize=256)
def template_digest(kind: PaperKind, version: int) -> bytes:
    """SM3 over a template and all files it imports. Raises :class:`TemplateUnknown`."""
    path = TEMPLATES / kind / f"{version}.typ"
    if not path.is_file():
        raise TemplateUnknown(kind=Message(kind.label), version=version)
    parts: dict[str, bytes] = {}
    todo = [path]
    while todo:
        text = (at := todo.pop()).read_bytes()
        parts[at.relative_to(TEMPLATES).as_posix()] = text
        imported = (TEMPLATES / name.decode() for name in re.findall(rb'#(?:import|include) "/([^"]+)"', text))
        todo += [p for p in imported if p.relative_to(TEMPLATES).as_posix() not in parts]
    return sm3(*(name.encode() + b"\0" + sm3(parts[name]) for name in sorted(parts)))


# -- pictures ------------------------------------------------------------------------------------------------------------


def qr_svg(text: str) -> str:
    """A QR code (error correction M) with its quiet zone, as SVG."""
    out = BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", border=2, xmldecl=False, svgns=True)
    return out.getvalue().decode()


def drawing_svg(png: str) -> str:
    """A signature (PNG in Base64), decoded and written anew so that nothing but its strokes gets onto the paper."""
    with Image.open(BytesIO(b64decode(png)), formats=["PNG"]) as image:
        if "A" in image.getbands() or "transparency" in image.info:
            rgba = image.convert("RGBA")
            flat = Image.new("RGBA", image.size, "white")
            flat.alpha_composite(rgba)
            grey = flat.convert("L")
        else:
            grey = image.convert("L")
        grey.thumbnail((1200, 600))
        out = BytesIO()
        grey.save(out, "PNG", optimize=False)
        width, height = grey.size
    data = b64encode(out.getvalue()).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f'<image width="{width}" height="{height}" href="data:image/png;base64,{data}"/></svg>'
    )


# -- what goes into the press ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SealImage:
    """How a seal looks: the name around the star, what it is for below, its registered number along the lower edge."""

    name: str
    purpose: str
    code: str
    diameter: int = 42  # mm
    star: bool = True


@dataclass(frozen=True, slots=True)
class Sheet:
    """A paper and everything printed around it.

    ``mark`` says across the page why it must not be taken for the sealed paper; ``demo`` that the seal is a
    demonstration; ``foot`` stands at the bottom where there is no code.
    """

    paper: Paper
    issuer: str
    made_on: date
    number: str = ""
    code: str = ""
    url: str = ""
    seal: SealImage | None = None
    mark: str = ""
    demo: bool = False
    foot: str = ""

    def inputs(self) -> dict[str, Any]:
        """What the template sees."""
        png = getattr(self.paper, "signature_png", "")
        return {
            "paper": self.paper.model_dump(exclude={"signature_png"}),
            "issuer": {"name": self.issuer},
            "title": self.paper.heading,
            "made_on": self.made_on,
            "number": self.number,
            "code": self.code,
            "url": self.url,
            "qr": qr_svg(self.url) if self.url else "",
            "seal": asdict(self.seal) if self.seal else None,
            "signature": drawing_svg(png) if png else "",
            "mark": self.mark,
            "demo": self.demo,
            "foot": self.foot,
        }


# -- the press -------------------------------------------------------------------------------------------------------------


_GAP = 12  # pixels between the pages of a picture


class Press:
    """Fonts and compilers of one process. ``local_fonts`` is the site's own font folder, ``cache`` a folder to unpack into.

    Safe to use from many threads: the fonts are shared, each thread has compilers of its own.
    """

    def __init__(self, *, local_fonts: Path, cache: Path) -> None:
        self._local, self._cache = local_fonts, cache
        self._lock = threading.Lock()
        self._mine = threading.local()
        self._fonts: dict[bool, typst.Fonts] = {}
        own = [FONTS / "NotoSerifSC-Regular.ttf", FONTS / "LinliTitle.ttf", FONTS / "LinliHei.ttf"]
        self._known = _characters([*own, *_files(local_fonts)])
        self._rare: frozenset[int] | None = None
        families = set(self._fonts_for(rare=False).families())
        self.families = {
            role: list(dict.fromkeys([*(name for name in names if name in families), last, _BODY, _RARE]))
            for (role, names), last in zip(LOCAL.items(), (_BODY, _BODY, _TITLE, _HEI), strict=True)
        }

    def render(self, sheet: Sheet, version: int, *, at: datetime) -> bytes:
        """Print a sheet with a version of its kind's template. ``at`` is the moment the file names as its making.

        Raises :class:`~linli.domains.documents.errors.TemplateUnknown`.
        """
        return cast(bytes, self._compile(sheet, version, at=at, format="pdf", pdf_standards=["a-2b"]))

    def picture(self, sheet: Sheet, version: int, *, at: datetime) -> bytes:
        """The same as one PNG, page under page, for a screen.

        Raises :class:`~linli.domains.documents.errors.TemplateUnknown`.
        """
        made = self._compile(sheet, version, at=at, format="png", ppi=110)
        pages = [Image.open(BytesIO(page)).convert("RGB") for page in (made if isinstance(made, list) else [made])]
        height = sum(p.height for p in pages) + _GAP * (len(pages) - 1)
        whole = Image.new("RGB", (max(p.width for p in pages), height), "silver")
        top = 0
        for page in pages:
            whole.paste(page, (0, top))
            top += page.height + _GAP
        out = BytesIO()
        whole.quantize(64).save(out, "PNG")
        return out.getvalue()

    def _compile(self, sheet: Sheet, version: int, *, at: datetime, **how: Any) -> bytes | list[bytes]:
        kind = sheet.paper.kind
        template_digest(kind, version)
        text, rare = self._legible(sheet.inputs())
        inputs = {"data": text, "fonts": json.dumps(_without(self.families, rare), ensure_ascii=False)}
        made = self._compiler(rare).compile(
            input=str(TEMPLATES / kind / f"{version}.typ"), sys_inputs=inputs, timestamp=int(at.timestamp()), **how
        )
        return cast("bytes | list[bytes]", made)

    def can_print(self, char: str) -> bool:
        """Whether a character has a glyph in one of the fonts."""
        return ord(char) in self._known or ord(char) in self._rare_characters()

    def _legible(self, data: Mapping[str, Any]) -> tuple[str, bool]:
        """The data as JSON in which every character can be printed, and whether that takes the rare font."""
        text = json.dumps(_set(data), ensure_ascii=False, default=_plain)
        strange = {ord(c) for c in set(text)} - self._known
        if not strange:
            return text, False
        known = self._known | self._rare_characters()
        return legible(text, known), bool(strange & self._rare_characters())

    def _rare_characters(self) -> frozenset[int]:
        if self._rare is None:
            self._rare = characters(self._unpacked())
        return self._rare

    def _unpacked(self) -> Path:
        """The font of rare characters, unpacked when it is first needed."""
        packed = FONTS / "LinliRare.ttf.xz"
        plain = self._cache / f"rare-{packed.stat().st_size}" / "LinliRare.ttf"
        with self._lock:
            if not plain.exists():
                plain.parent.mkdir(parents=True, exist_ok=True)
                fresh = plain.with_suffix(f".{os.getpid()}")
                fresh.write_bytes(lzma.decompress(packed.read_bytes()))
                fresh.replace(plain)
        return plain

    def _fonts_for(self, *, rare: bool) -> typst.Fonts:
        folders = [str(FONTS), str(self._local)] + ([str(self._unpacked().parent)] if rare else [])
        with self._lock:
            if rare not in self._fonts:
                self._fonts[rare] = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
            return self._fonts[rare]

    def _compiler(self, rare: bool) -> typst.Compiler:
        """This thread's compiler; one cannot be used from two threads at once."""
        compilers: dict[bool, typst.Compiler] = self._mine.__dict__.setdefault("compilers", {})
        if rare not in compilers:
            compilers[rare] = typst.Compiler(
                root=str(TEMPLATES), font_paths=self._fonts_for(rare=rare), ignore_system_fonts=True,
                package_path=str(TEMPLATES / "none"), package_cache_path=str(TEMPLATES / "none"),
            )  # fmt: skip
        return compilers[rare]


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".ttf", ".otf", ".ttc", ".otc")) if folder.is_dir() else []


def _characters(paths: list[Path]) -> frozenset[int]:
    known: frozenset[int] = frozenset()
    for path in paths:
        try:
            known |= characters(path)
        except FontUnreadable:
            continue  # typst will not use it either
    return known


def _without(families: dict[str, list[str]], rare: bool) -> dict[str, list[str]]:
    return families if rare else {role: [n for n in names if n != _RARE] for role, names in families.items()}


def _set(value: Any) -> Any:
    if isinstance(value, str):
        return chinese(tidy(value))
    if isinstance(value, Mapping):
        return {k: _set(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_set(v) for v in value]
    return value


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
