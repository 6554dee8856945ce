"""Rosters as workbooks: the template, what somebody filled in, the sheet that goes back with what is wrong, and the results.

A workbook that comes in is read as a stream and never opened as a whole; what goes back is written anew from its text, so that no
formula, link or macro of somebody's travels through us.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any
from zipfile import BadZipFile, ZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.datavalidation import DataValidation

from linli.domains.cases.errors import RosterUnreadable
from linli.domains.cases.rostering import MOST_ROWS, PROBLEMS, Cell, RosterPlan, Spoilt, read_cell
from linli.domains.catalog.queries import FieldType, FormField
from linli.kernel.text import Message, msg

LIST, HELP = "名单", "填写说明"
_MOST_UNFOLDED = 60_000_000  # a sheet of 5,000 rows unfolds to some megabytes
_MOST_COLUMNS = 60
_MOST_BLANK = 2_000  # rows without anything, in which a sheet that was formatted to the end is left
_HEAD = PatternFill("solid", start_color="DCE6F1")
_WRONG = PatternFill("solid", start_color="FDE2E0")
_FORMATS = {FieldType.DATE: "yyyy-mm-dd", FieldType.YEAR_MONTH: "yyyy-mm", FieldType.MONEY: "0.00", FieldType.NUMBER: "General"}
_HOW = {
    FieldType.DATE: "日期，如 2026-01-31", FieldType.YEAR_MONTH: "年月，如 2026-01", FieldType.MONEY: "金额（元），最多两位小数",
    FieldType.NUMBER: "数字", FieldType.BOOLEAN: "填“是”或“否”", FieldType.ID_NUMBER: "证件号码，18 位的身份证号会核对校验码",
    FieldType.PHONE: "手机或固定电话", FieldType.CREDIT_CODE: "18 位统一社会信用代码", FieldType.BANK_ACCOUNT: "银行卡号",
}  # fmt: skip
_FORMULA = re.compile(r"[=+\-@\t\r]")


def _head(field: FormField) -> str:
    return f"{field.label}*" if field.required else field.label


def write_roster(
    plan: RosterPlan, *, item: str, rows: Iterable[tuple[int, Sequence[str]]] = (), problems: Mapping[int, str] | None = None
) -> bytes:
    """The sheet to fill in; with ``rows`` and ``problems`` the same with what was filled in and what is wrong with it.

    Rows stand where they stood, so that whoever mends them finds them again.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(LIST)
    heads = [_head(f) for f in plan.columns] + ([PROBLEMS] if problems is not None else [])
    sheet.freeze_panes = "B2"
    for at, field in enumerate(plan.columns, 1):
        letter = get_column_letter(at)
        sheet.column_dimensions[letter].width = max(12, min(len(field.label) * 2 + 6, 30))
        options = list(field.options) if field.type is not FieldType.BOOLEAN else ["是", "否"]
        listed = ",".join(options)
        if options and len(listed) <= 250 and not any("," in o or '"' in o for o in options):
            pick = DataValidation("list", formula1=f'"{listed}"', allow_blank=not field.required, showErrorMessage=True)
            pick.errorTitle, pick.error = field.label[:30], "请从列表中选择"
            pick.add(f"{letter}2:{letter}{MOST_ROWS + 1}")
            sheet.data_validations.append(pick)
    if problems is not None:
        sheet.column_dimensions[get_column_letter(len(heads))].width = 60
    sheet.append([_styled(sheet, head, bold=True, fill=_HEAD) for head in heads])
    at_row = 1
    for number, cells in rows:
        while at_row < number - 1:  # a blank row stays blank
            sheet.append([])
            at_row += 1
        wrong = (problems or {}).get(number, "")
        out = [_text(sheet, value, field, wrong=bool(wrong)) for field, value in zip(plan.columns, cells, strict=False)]
        if problems is not None:
            out += [_styled(sheet, "", fill=None)] * (len(plan.columns) - len(out)) + [
                _styled(sheet, wrong, fill=_WRONG if wrong else None)
            ]
        sheet.append(out)
        at_row += 1
    if not at_row > 1:  # an empty template: columns of numbers are text, or a spreadsheet rounds them
        sheet.append([_text(sheet, "", f) for f in plan.columns])
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


def _text(sheet: Any, value: str, field: FormField, *, wrong: bool = False) -> Any:
    cell = WriteOnlyCell(sheet, value=_plain(value))
    cell.number_format = _FORMATS.get(field.type, "@") if not value else "@"
    if wrong:
        cell.fill = _WRONG
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


def read_roster(content: bytes, plan: RosterPlan) -> Iterator[tuple[int, dict[str, Cell]]]:
    """The rows that somebody filled in, by their number in the sheet, with a cell for each column of the plan.

    Raises :class:`RosterUnreadable` for a file that is none, without the right columns, too large, or empty.
    """
    _must_be_small(content)
    try:
        book = load_workbook(BytesIO(content), read_only=True, data_only=False, keep_links=False)
        yield from _rows(book, plan)
    except (InvalidFileException, BadZipFile, KeyError, ValueError, OSError, TypeError, AttributeError, IndexError) as error:
        raise RosterUnreadable(field="file", why=msg("不是可读取的 XLSX 名单")) from error


def _must_be_small(content: bytes) -> None:
    """How much there is to unfold is asked before anything is: shared text is held whole while rows are read."""
    try:
        with ZipFile(BytesIO(content)) as archive:
            unfolded = sum(entry.file_size for entry in archive.infolist())
    except BadZipFile as error:
        raise RosterUnreadable(field="file", why=msg("不是可读取的 XLSX 名单")) from error
    if unfolded > _MOST_UNFOLDED:
        raise RosterUnreadable(field="file", why=msg("内容太多，请分成几份"))


def _rows(book: Any, plan: RosterPlan) -> Iterator[tuple[int, dict[str, Cell]]]:
    sheet = book[LIST] if LIST in book.sheetnames else book.worksheets[0]
    lines = sheet.iter_rows(max_col=_MOST_COLUMNS)
    heads = [str(_value(c) or "").strip().removesuffix("*").strip() for c in next(lines, ())]
    at = _places(heads, plan)
    found = blank = 0
    for number, line in enumerate(lines, 2):
        cells = {f.name: _cell(line[at[f.label]], f) if at[f.label] < len(line) else "" for f in plan.columns}
        if not any(cells.values()):
            blank += 1
            if blank > _MOST_BLANK:
                break
            continue
        found, blank = found + 1, 0
        if found > MOST_ROWS:
            raise RosterUnreadable(field="file", why=msg("超过 %(n)s 人，请分成几份", n=MOST_ROWS))
        yield number, cells
    if not found:
        raise RosterUnreadable(field="file", why=msg("名单是空的"))


def _places(heads: list[str], plan: RosterPlan) -> dict[str, int]:
    """Where each column stands. Raises :class:`RosterUnreadable` naming those that are missing, twice, or not known."""
    wanted = [f.label for f in plan.columns]
    missing = [label for label in wanted if label not in heads]
    unknown = [h for h in heads if h and h not in (*wanted, PROBLEMS)]
    twice = sorted({h for h in heads if h and heads.count(h) > 1})
    said: list[Message] = []
    if missing:
        said.append(msg("缺少列：%(names)s", names="、".join(missing)))
    if unknown:
        said.append(msg("多出列：%(names)s", names="、".join(unknown)[:200]))
    if twice:
        said.append(msg("重复的列：%(names)s", names="、".join(twice)[:200]))
    if said:
        why = said[0] if len(said) == 1 else msg("%(one)s；%(other)s", one=said[0], other=said[1])
        raise RosterUnreadable(field="file", why=why)
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


__all__ = ["HELP", "LIST", "read_roster", "write_results", "write_roster"]
