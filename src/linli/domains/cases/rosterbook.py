"""Rosters as workbooks: the template, what somebody filled in, and the results. A workbook that comes in is read as a stream and never
opened as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from zipfile import BadZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.datavalidation import DataValidation

from linli.domains.cases.errors import RosterUnreadable
from linli.domains.cases.rostering import MOST_ROWS, PROBLEMS, Cell, RosterPlan, Spoilt, read_cell
from linli.domains.cases.rostersheet import LIST, ListSheet, find_list
from linli.domains.catalog.queries import FieldType, FormField
from linli.kernel.text import msg

HELP = "填写说明"
_MOST_COLUMNS = 60
_MOST_BLANK = 2_000  # rows without anything, in which a sheet that was formatted to the end is left
_HEAD = PatternFill("solid", start_color="DCE6F1")
_FORMATS = {FieldType.DATE: "yyyy-mm-dd", FieldType.YEAR_MONTH: "yyyy-mm", FieldType.MONEY: "0.00", FieldType.NUMBER: "General"}
_HOW = {
    FieldType.DATE: "日期，如 2026-01-31", FieldType.YEAR_MONTH: "年月，如 2026-01", FieldType.MONEY: "金额（元），最多两位小数",
    FieldType.NUMBER: "数字", FieldType.BOOLEAN: "填“是”或“否”", FieldType.ID_NUMBER: "证件号码，18 位的身份证号会核对校验码",
    FieldType.PHONE: "手机或固定电话", FieldType.CREDIT_CODE: "18 位统一社会信用代码", FieldType.BANK_ACCOUNT: "银行卡号",
}  # fmt: skip
_FORMULA = re.compile(r"[=+\-@\t\r]")


def _head(field: FormField) -> str:
    return f"{field.label}*" if field.required else field.label


def write_roster(plan: RosterPlan, *, item: str) -> bytes:
    """The workbook to fill in: lists and formats in the columns, a sheet that explains them."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(LIST)
    sheet.freeze_panes = "B2"
    for at, field in enumerate(plan.columns, 1):
        letter = get_column_letter(at)
        sheet.column_dimensions[letter].width = max(12, min(len(field.label) * 2 + 6, 30))
        sheet.column_dimensions[letter].number_format = _FORMATS.get(field.type, "@")  # a spreadsheet rounds long numbers
        options = list(field.options) if field.type is not FieldType.BOOLEAN else ["是", "否"]
        listed = ",".join(options)
        if options and len(listed) <= 250 and not any("," in o or '"' in o for o in options):
            pick = DataValidation("list", formula1=f'"{listed}"', allow_blank=not field.required, showErrorMessage=True)
            pick.errorTitle, pick.error = field.label[:30], "请从列表中选择"
            pick.add(f"{letter}2:{letter}{MOST_ROWS + 1}")
            sheet.data_validations.append(pick)
    sheet.append([_styled(sheet, _head(field), bold=True, fill=_HEAD) for field in plan.columns])
    _help(book, plan, item)
    out_file = BytesIO()
    book.save(out_file)
    return out_file.getvalue()


def _styled(sheet: Any, value: str, *, bold: bool = False, fill: PatternFill | None = None) -> Any:
    cell = WriteOnlyCell(sheet, value=_plain(value))
    cell.font, cell.alignment = Font(bold=bold), Alignment(vertical="top", wrap_text=True)
    if fill is not None:
        cell.fill = fill
    return cell


def _plain(value: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return "'" + value if value and _FORMULA.match(value) and not value.lstrip("-+").replace(".", "").isdigit() else value


def _unplain(value: Any) -> Any:
    return value[1:] if isinstance(value, str) and value.startswith("'") and _FORMULA.match(value[1:]) else value


def _help(book: Workbook, plan: RosterPlan, item: str) -> None:
    sheet = book.create_sheet(HELP)
    for letter, width in zip("ABCD", (26, 8, 44, 60), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.append([_styled(sheet, f"{item}：批量申报名单", bold=True)])
    for line in (
        f"在“{LIST}”工作表里填，一人一行，最多 {MOST_ROWS} 人；第一行的列名不要改，列的次序可以换。",
        "带 * 的列必须填写。证件号码等长号码请保持“文本”格式；不要用公式，从别处复制时请“粘贴为数值”。",
        f"有一行不对，整份名单都不会导入：系统会在最后加一列“{PROBLEMS}”说明每一行要改什么，改好后再交一次即可。",
    ):
        sheet.append([_styled(sheet, line)])
    sheet.append([])
    sheet.append([_styled(sheet, head, bold=True, fill=_HEAD) for head in ("列", "必填", "怎么填", "可以选的内容、说明")])
    for f in plan.columns:
        more = "、".join([*f.options]) or f.note
        sheet.append([_styled(sheet, text) for text in (f.label, "是" if f.required else "否", _HOW.get(f.type, "文字"), more)])


# -- reading -----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RosterBook:
    """A roster that came as a workbook: the column with notes of an earlier check (0 for none), and the rows that somebody filled
    in, by their number in the sheet, with a cell for each column of the plan."""

    notes_at: int
    lines: list[tuple[int, dict[str, Cell]]]


def read_roster(content: bytes, plan: RosterPlan) -> RosterBook:
    """Read a workbook as the roster of an item; columns of their own that somebody added are let be.

    Raises :class:`RosterUnreadable` for a file that is none, without the right columns, too large, empty, or that would be read
    otherwise than it looks.
    """
    found = find_list(content)
    try:
        book = load_workbook(BytesIO(content), read_only=True, data_only=False, keep_links=False)
        return _read(book, found, plan)
    except (InvalidFileException, BadZipFile, LookupError, ValueError, OSError, TypeError, AttributeError, SyntaxError) as error:
        raise RosterUnreadable(field="file", why=msg("不是可读取的 XLSX 名单")) from error


def _read(book: Any, found: ListSheet, plan: RosterPlan) -> RosterBook:
    sheet = book[found.name]
    sheet.reset_dimensions()  # what the file says of its size is not asked
    lines = sheet.iter_rows(max_col=_MOST_COLUMNS)
    heads = [str(_value(c) or "").strip().removesuffix("*").strip() for c in next(lines, ())]
    found.must_be_plain(set())
    at = _places(heads, plan)
    found.must_be_plain({n + 1 for n in at.values()})
    kept: list[tuple[int, dict[str, Cell]]] = []
    blank = 0
    for number, line in enumerate(lines, 2):
        cells = {f.name: _cell(line[at[f.label]], f) if at[f.label] < len(line) else "" for f in plan.columns}
        if not any(cells.values()):
            blank += 1
            if blank > _MOST_BLANK:
                break
            continue
        blank = 0
        if len(kept) == MOST_ROWS:
            raise RosterUnreadable(field="file", why=msg("超过 %(n)s 人，请分成几份", n=MOST_ROWS))
        kept.append((number, cells))
    if not kept:
        raise RosterUnreadable(field="file", why=msg("名单是空的"))
    return RosterBook(heads.index(PROBLEMS) + 1 if PROBLEMS in heads else 0, kept)


def _places(heads: list[str], plan: RosterPlan) -> dict[str, int]:
    """Where each column stands. Raises :class:`RosterUnreadable` naming those that are missing or there twice."""
    wanted = [f.label for f in plan.columns]
    missing = [label for label in wanted if label not in heads]
    twice = sorted(label for label in wanted if heads.count(label) > 1)
    if missing:
        raise RosterUnreadable(field="file", why=msg("缺少列：%(names)s", names="、".join(missing)))
    if twice:
        raise RosterUnreadable(field="file", why=msg("重复的列：%(names)s", names="、".join(twice)[:200]))
    return {label: heads.index(label) for label in wanted}


def _value(cell: Any) -> Any:
    return getattr(cell, "value", None)


def _cell(cell: Any, field: FormField) -> Cell:
    kind, value = getattr(cell, "data_type", "n"), _value(cell)
    if kind == "e":
        return Spoilt.ERROR
    if kind == "f" or (isinstance(value, str) and value.startswith("=")):
        return Spoilt.FORMULA
    return read_cell(field, _unplain(value))


def write_results(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A plain list to download."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("办理结果")
    sheet.freeze_panes = "A2"
    for at in range(1, len(heads) + 1):
        sheet.column_dimensions[get_column_letter(at)].width = 24
    sheet.append([_styled(sheet, head, bold=True, fill=_HEAD) for head in heads])
    for row in rows:
        sheet.append([_plain(value) for value in row])
    out = BytesIO()
    book.save(out)
    return out.getvalue()


__all__ = ["HELP", "LIST", "read_roster", "RosterBook", "write_results", "write_roster"]
