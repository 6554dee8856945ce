"""The very workbook that somebody handed in: what in it would be misread, and the same workbook with a column that says what to mend.

It is worked on as the XML it is and never opened as a whole, so that order, widths, formats and columns of their own stay as they were.
What could act on another computer (formulas, links, names that point elsewhere, pictures, remarks) does not travel back: of the
package only the parts named here are kept, and of a sheet only the elements named here; a formula becomes the value that it showed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from posixpath import basename, join, normpath
from typing import IO, Any
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from lxml import etree
from openpyxl.utils import column_index_from_string, get_column_letter, range_boundaries

from linli.domains.cases.errors import RosterUnreadable
from linli.kernel.text import Message, msg

LIST = "名单"
_MOST_UNFOLDED = 60_000_000  # a sheet of 5,000 rows unfolds to some megabytes
_BOOK = "xl/workbook.xml"
_BOOK_RELS = "xl/_rels/workbook.xml.rels"
_TYPES = "[Content_Types].xml"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PARTS = ("worksheet", "styles", "sharedStrings", "theme")
_OF_BOOK = ("workbookPr", "bookViews", "sheets", "calcPr")
_OF_SHEET = (
    "sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "autoFilter", "mergeCells", "conditionalFormatting",
    "dataValidations", "printOptions", "pageMargins", "pageSetup", "headerFooter", "rowBreaks", "colBreaks",
)  # fmt: skip
_PLAIN_RULE = re.compile(
    r'"[^"]*"|[^("\[|]*'
)  # a list of words, a number or a place in this workbook; nothing that calls or leads on
_WIDTH = 60


def _unreadable(why: Message) -> RosterUnreadable:
    return RosterUnreadable(field="file", why=why)


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def _local(element: Any) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


@dataclass(frozen=True, slots=True)
class ListSheet:
    """The sheet of a workbook that is the roster: its name, its part, and what in it people may not see as a program does."""

    name: str
    path: str
    hidden: tuple[int, ...]
    merged: tuple[tuple[int, int, int, int], ...]  # first column and row, last column and row

    def must_be_plain(self, columns: set[int]) -> None:
        """Refuse what would be read otherwise than it looks: rows that a filter hides, cells that were merged."""
        if self.hidden:
            rows = "、".join(map(str, self.hidden[:5]))
            raise _unreadable(
                msg("第 %(rows)s 行等 %(n)s 行被隐藏（可能用了筛选），请取消筛选和隐藏", rows=rows, n=len(self.hidden))
            )
        for left, top, right, bottom in self.merged:
            if top == 1 or any(left <= c <= right for c in columns):
                where = f"{get_column_letter(left)}{top}:{get_column_letter(right)}{bottom}"
                raise _unreadable(msg("%(where)s 是合并的单元格，只有左上角有内容，请取消合并、逐格填写", where=where))


def find_list(content: bytes) -> ListSheet:
    """Look a workbook through. Raises :class:`RosterUnreadable` for one that cannot be a roster or would be misread."""
    try:
        with ZipFile(BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_UNFOLDED:
                raise _unreadable(msg("内容太多，请分成几份"))
            for entry in archive.infolist():
                if entry.filename.lower().endswith((".xml", ".rels")):
                    with archive.open(entry) as part:
                        _has_no_entities(part)
            name, path = _chosen(archive)
            with archive.open(path) as sheet:
                hidden, merged = _misleading(sheet)
            return ListSheet(name, path, hidden, merged)
    except (BadZipFile, KeyError, ValueError, OSError, SyntaxError, expat.ExpatError) as error:
        raise _unreadable(msg("不是可读取的 XLSX 名单")) from error


class _Begun(Exception):
    """The first element of a part: what a document declares stands before it."""


def _has_no_entities(part: IO[bytes]) -> None:
    reader = expat.ParserCreate()

    def declared(*_: Any) -> None:
        raise _unreadable(msg("带有实体声明，不是表格软件保存的文件"))

    def begun(*_: Any) -> None:
        raise _Begun

    reader.StartDoctypeDeclHandler, reader.StartElementHandler = declared, begun
    try:
        while piece := part.read(4096):
            reader.Parse(piece, False)
    except _Begun:
        return


def _chosen(archive: ZipFile) -> tuple[str, str]:
    """The sheet that has the roster's name, else the first that can be seen."""
    book = etree.fromstring(archive.read(_BOOK), _parser())
    parts = {r.get("Id"): r for r in etree.fromstring(archive.read(_BOOK_RELS), _parser())}
    sheets = [s for s in book.iterfind("{*}sheets/{*}sheet") if _kind(parts.get(s.get(_ID))) == "worksheet"]
    seen = [s for s in sheets if s.get("state", "visible") == "visible"]
    named = next((s for s in sheets if s.get("name") == LIST), None)
    if named is not None and named not in seen:
        raise _unreadable(msg("“名单”工作表是隐藏的，请先取消隐藏"))
    if named is None and not seen:
        raise _unreadable(msg("没有看得见的工作表"))
    sheet = seen[0] if named is None else named
    return sheet.get("name", ""), _target(parts[sheet.get(_ID)])


def _kind(relation: Any) -> str:
    return basename(relation.get("Type", "")) if relation is not None and relation.get("TargetMode") != "External" else ""


def _target(relation: Any) -> str:
    target = str(relation.get("Target"))
    return target.lstrip("/") if target.startswith("/") else normpath(join("xl", target))


def _misleading(sheet: IO[bytes]) -> tuple[tuple[int, ...], tuple[tuple[int, int, int, int], ...]]:
    hidden: list[int] = []
    merged: list[tuple[int, int, int, int]] = []
    at = 0
    walk: Any = etree.iterparse(sheet, tag=("{*}row", "{*}mergeCell"), resolve_entities=False, no_network=True, huge_tree=False)
    for _, element in walk:
        if _local(element) == "row":
            at = int(element.get("r") or at + 1)
            if element.get("hidden") in ("1", "true") and any(map(_filled, element)):
                hidden.append(at)
        elif len(merged) < 10_000:
            left, top, right, bottom = (n or 1 for n in range_boundaries(element.get("ref", "")))
            merged.append((left, top, right, bottom))
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    return tuple(hidden), tuple(merged)


def _filled(cell: Any) -> bool:
    return any(_local(part) in ("v", "is", "f") for part in cell)


# -- given back ----------------------------------------------------------------------------------------------------------------------


def give_back(content: bytes, problems: Mapping[int, str], *, title: str, column: int = 0) -> bytes:
    """The same workbook with what is wrong at the end of each row; ``column`` is where such notes stand already."""
    where = find_list(content)
    out = BytesIO()
    with ZipFile(BytesIO(content)) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
        parts = _plain_parts(old)
        looks = _Looks(old, parts)
        for path, kind in parts.items():
            match kind:
                case "worksheet":
                    sheet = _plain_sheet(old.read(path))
                    if path == where.path:
                        _note(sheet, problems, title, column, looks)
                    new.writestr(path, _written(sheet))
                case "styles":
                    new.writestr(path, looks.written())
                case _:
                    new.writestr(path, old.read(path))
        for path, tree in _frame(old, parts):
            new.writestr(path, _written(tree))
    return out.getvalue()


def _written(tree: Any) -> bytes:
    return bytes(etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True))


def _plain_parts(archive: ZipFile) -> dict[str, str]:
    """The parts that go back, with what they are."""
    there = set(archive.namelist())
    relations = etree.fromstring(archive.read(_BOOK_RELS), _parser())
    return {_target(r): _kind(r) for r in relations if _kind(r) in _PARTS and _target(r) in there}


def _frame(archive: ZipFile, parts: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """What holds the parts together, of which nothing else is left."""
    types = etree.fromstring(archive.read(_TYPES), _parser())
    for entry in list(types):
        if entry.get("PartName") is not None and entry.get("PartName").lstrip("/") not in (*parts, _BOOK):
            types.remove(entry)
    yield _TYPES, types
    root = etree.fromstring(archive.read("_rels/.rels"), _parser())
    for relation in list(root):
        if _kind(relation) != "officeDocument":
            root.remove(relation)
    yield "_rels/.rels", root
    relations = etree.fromstring(archive.read(_BOOK_RELS), _parser())
    for relation in list(relations):
        if _kind(relation) not in _PARTS or _target(relation) not in parts:
            relations.remove(relation)
    yield _BOOK_RELS, relations
    known = {r.get("Id") for r in relations}
    book = etree.fromstring(archive.read(_BOOK), _parser())
    _only(book, _OF_BOOK)
    for sheet in list(book.iterfind("{*}sheets/{*}sheet")):
        if sheet.get(_ID) not in known:
            sheet.getparent().remove(sheet)
    for view in book.iterfind("{*}bookViews/{*}workbookView"):  # they may name a sheet that is gone
        for name in ("activeTab", "firstSheet"):
            view.attrib.pop(name, None)
    yield _BOOK, book


def _only(element: Any, names: tuple[str, ...]) -> None:
    for child in list(element):
        if _local(child) not in names:
            element.remove(child)


def _plain_sheet(content: bytes) -> Any:
    """A sheet without anything that acts or leads elsewhere."""
    sheet = etree.fromstring(content, _parser())
    _only(sheet, _OF_SHEET)
    for element in list(sheet.iter("{*}dataValidation", "{*}cfRule")):
        said = [f.text or "" for f in element.iter("{*}formula", "{*}formula1", "{*}formula2")]
        if any(_local(c) == "extLst" for c in element) or not all(_PLAIN_RULE.fullmatch(text) for text in said):
            element.getparent().remove(element)
    for holder in sheet.findall("{*}dataValidations") + sheet.findall("{*}conditionalFormatting"):
        holder.attrib.pop("count", None)
        if not len(holder):
            sheet.remove(holder)
    for setup in sheet.iterfind("{*}pageSetup"):
        setup.attrib.pop(_ID, None)
    for cell in sheet.iterfind("{*}sheetData/{*}row/{*}c"):
        for name in ("cm", "vm"):
            cell.attrib.pop(name, None)
        formula = cell.find("{*}f")
        if formula is not None:
            cell.remove(formula)
            value = cell.find("{*}v")
            if (value is None or not value.text) and formula.text:  # it was never worked out; its words are kept as words
                _say(cell, "=" + formula.text)
    return sheet


def _say(cell: Any, text: str) -> None:
    """Make a cell say this, as text and nothing else."""
    for child in list(cell):
        cell.remove(child)
    cell.set("t", "inlineStr")
    inside = etree.SubElement(etree.SubElement(cell, f"{{{_MAIN}}}is"), f"{{{_MAIN}}}t")
    inside.text = text
    inside.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")


class _Looks:
    """The formats of a workbook with two more: of the head of the notes, and of a note."""

    def __init__(self, archive: ZipFile, parts: Mapping[str, str]) -> None:
        self.head = self.note = ""
        path = next((p for p, kind in parts.items() if kind == "styles"), "")
        self.tree: Any = etree.fromstring(archive.read(path), _parser()) if path else None
        if self.tree is None:
            return
        formats, fills = self.tree.find("{*}cellXfs"), self.tree.find("{*}fills")
        if formats is None or fills is None:
            return
        colour = etree.SubElement(etree.SubElement(fills, f"{{{_MAIN}}}fill"), f"{{{_MAIN}}}patternFill", patternType="solid")
        etree.SubElement(colour, f"{{{_MAIN}}}fgColor", rgb="FFFDE2E0")
        for wrap in ("0", "1"):
            form = etree.SubElement(
                formats, f"{{{_MAIN}}}xf", numFmtId="0", fontId="0", fillId=str(len(fills) - 1), borderId="0", applyFill="1", applyAlignment="1"
            )  # fmt: skip
            etree.SubElement(form, f"{{{_MAIN}}}alignment", vertical="top", wrapText=wrap)
        for holder in (formats, fills):
            holder.set("count", str(len(holder)))
        self.head, self.note = str(len(formats) - 2), str(len(formats) - 1)

    def written(self) -> bytes:
        return _written(self.tree)


def _note(sheet: Any, problems: Mapping[int, str], title: str, column: int, looks: _Looks) -> None:
    """Write what is wrong behind each row, in the column of earlier notes or the first that nothing stands in."""
    rows: dict[int, list[tuple[int, Any]]] = {}
    line: dict[int, Any] = {}
    at = 0
    for row in sheet.iterfind("{*}sheetData/{*}row"):
        at = int(row.get("r") or at + 1)
        row.attrib.pop("spans", None)
        rows[at], line[at] = _places(row), row
    column = column or 1 + max((c for cells in rows.values() for c, cell in cells if _filled(cell)), default=0)
    for number, cells in rows.items():
        text = title if number == 1 else problems.get(number, "")
        _put(line[number], cells, number, column, text, looks.head if number == 1 else looks.note)
    _widen(sheet, column)
    for element in sheet.findall("{*}dimension"):  # no longer true, and may be left out
        sheet.remove(element)


def _places(row: Any) -> list[tuple[int, Any]]:
    """The cells of a row with their columns; a cell that does not say where it is stands behind the one before."""
    found, at = [], 0
    for cell in row:
        name = cell.get("r")
        at = column_index_from_string(name.rstrip("0123456789")) if name else at + 1
        found.append((at, cell))
    return found


def _put(row: Any, cells: list[tuple[int, Any]], number: int, column: int, text: str, look: str) -> None:
    for at, cell in cells:
        if at == column:
            row.remove(cell)
    if not text:
        return
    cell = etree.Element(f"{{{_MAIN}}}c", r=f"{get_column_letter(column)}{number}")
    if look:
        cell.set("s", look)
    _say(cell, text)
    behind = next((other for at, other in cells if at > column), None)
    if behind is None:
        row.append(cell)
    else:
        behind.addprevious(cell)


def _widen(sheet: Any, column: int) -> None:
    """Give the notes a width of their own, whatever range of columns had said."""
    columns = sheet.find("{*}cols")
    if columns is None:
        columns = etree.Element(f"{{{_MAIN}}}cols")
        sheet.find("{*}sheetData").addprevious(columns)
    ranges = [(int(c.get("min")), int(c.get("max")), dict(c.attrib)) for c in columns]
    parts = [(low, min(high, column - 1), how) for low, high, how in ranges if low < column]
    parts.append((column, column, {"width": str(_WIDTH), "customWidth": "1"}))
    parts += [(max(low, column + 1), high, how) for low, high, how in ranges if high > column]
    for child in list(columns):
        columns.remove(child)
    for low, high, how in parts:
        etree.SubElement(columns, f"{{{_MAIN}}}col", how | {"min": str(low), "max": str(high)})


__all__ = ["find_list", "give_back", "LIST", "ListSheet"]
