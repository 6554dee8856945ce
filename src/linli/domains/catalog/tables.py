"""The catalogue as a bureau circulates it: the eight-element table (八统一表) in XLSX, and the whole of it in YAML.

The first sheet is the table people read; the other sheets hold the parts of each item a row each. Reading takes all sheets
and loses nothing; a wrong cell is named by sheet, row and column.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any, BinaryIO
from zipfile import BadZipFile

import yaml
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet
from pydantic import ValidationError

from linli.domains.catalog.compare import field_line, limit_text, link_line, material_line
from linli.domains.catalog.errors import StandardWrong, TableWrong
from linli.domains.catalog.package import wrong
from linli.domains.catalog.standard import CHOICES, FieldType, MaterialForm, Replacement, Required, Source, Standard
from linli.domains.catalog.wording import problems
from linli.domains.catalog.words import ItemKind, LinkDuty, Unit
from linli.kernel.errors import Invalid, LinliError
from linli.kernel.text import Message, msg

MAX_ROWS = 200_000
_OVERVIEW, _ITEMS, _MATERIALS, _LINKS, _FORM, _BASIS = "八统一表", "事项", "申请材料", "经办流程", "表单内容", "设定依据"
_LIST = "\n"

# Sheet by sheet: column title, key in the document. Lists stand one entry a line in a cell.
_ITEM_COLUMNS = {
    "主项编码": "main_code", "主项名称": "main_name", "子项编码": "code", "子项名称": "name", "领域编码": "domain", "领域": "domain_name",
    "事项类型": "kind", "服务对象": "applicant_kinds", "受理条件": "conditions", "受理条件（满足其一）": "conditions_any",
    "办事流程": "applicant_steps", "即办件": "times.instant",
    "法定时限": "times.statutory.number", "法定时限单位": "times.statutory.unit", "法定时限依据": "times.statutory.basis",
    "法定时限确定程度": "times.statutory.certainty",
    "承诺时限": "times.promised.number", "承诺时限单位": "times.promised.unit", "承诺时限依据": "times.promised.basis",
    "承诺时限确定程度": "times.promised.certainty",
    "告知时限": "times.notice.number", "告知时限单位": "times.notice.unit", "告知时限依据": "times.notice.basis",
    "告知时限确定程度": "times.notice.certainty", "逾期告知视为受理": "times.notice.deemed_accepted",
    "可延长": "times.extension.number", "可延长单位": "times.extension.unit", "可延长依据": "times.extension.basis",
    "可延长确定程度": "times.extension.certainty", "延长批准人": "times.extension.approver",
    "送达时限": "times.delivery.number", "送达时限单位": "times.delivery.unit", "送达时限依据": "times.delivery.basis",
    "送达时限确定程度": "times.delivery.certainty", "时限说明": "times.note",
    "待遇标准": "benefit", "收费": "fee", "办理结果": "result_document", "结果有效期": "result_validity", "办理渠道": "channels",
    "可办层级": "levels", "到现场次数": "trips", "办理系统": "handled_in", "外部系统名称": "external_system", "说明": "summary",
    "国家基本编码": "national_code", "地方编码": "region_code", "数据所属地区": "provenance.region", "来源": "provenance.sources",
    "编者补写的要素": "provenance.knowledge",
}  # fmt: skip
_LISTS = {
    "applicant_kinds",
    "conditions",
    "conditions_any",
    "applicant_steps",
    "channels",
    "levels",
    "provenance.sources",
    "provenance.knowledge",
}
_BOOLEANS = {"times.instant", "times.notice.deemed_accepted"}
_NUMBERS = {"trips", *(f"times.{t}.number" for t in ("statutory", "promised", "notice", "extension", "delivery"))}
_MATERIAL_COLUMNS = {
    "材料编码": "code", "材料名称": "name", "形式": "form", "份数": "copies", "必要性": "required", "情形": "condition", "问申请人的话": "question",
    "来源": "source", "出具单位": "issued_by", "可替代方式": "replaced_by", "法律依据": "basis", "备注": "note",
    "容缺补交（工作日）": "pending_days", "凭承诺先出结果": "provisional",
}  # fmt: skip
_LINK_COLUMNS = {
    "环节": "name", "职责": "duty", "系统自动": "automatic", "特别程序": "special", "环节时限": "limit.number",
    "环节时限单位": "limit.unit", "环节时限依据": "limit.basis", "环节时限确定程度": "limit.certainty",
}  # fmt: skip
_FORM_COLUMNS = {
    "字段": "name",
    "名称": "label",
    "类型": "type",
    "必填": "required",
    "选项": "options",
    "备注": "note",
    "对应材料": "material",
}
_BASIS_COLUMNS = {"法规文件": "law", "条款": "article"}
_PARTS = {
    _MATERIALS: ("materials", _MATERIAL_COLUMNS), _LINKS: ("links", _LINK_COLUMNS), _FORM: ("form", _FORM_COLUMNS),
    _BASIS: ("legal_basis", _BASIS_COLUMNS),
}  # fmt: skip

# Words in cells are the words people use, not our codes.
_YES_NO = {True: "是", False: "否"}
_WORDS: dict[str, dict[str, str]] = {
    "form": {f.value: f.label for f in MaterialForm},
    "required": {r.value: r.label for r in Required},
    "source": {s.value: s.label for s in Source},
    "replaced_by": {r.value: r.label for r in Replacement},
    "duty": {d.value: d.label for d in LinkDuty},
    "type": {t.value: t.label for t in FieldType},
    "unit": {u.value: u.label for u in Unit},
    **{name: CHOICES[name] for name in ("applicant_kinds", "channels", "levels", "handled_in")},
}


def write_yaml(standards: Iterable[Standard]) -> str:
    """All standards with everything they hold, as one YAML text."""
    return yaml.dump([s.dump() for s in standards], Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def read_yaml(text: str) -> list[Standard]:
    """Read what :func:`write_yaml` wrote. Raises :class:`StandardWrong`, or :class:`Invalid` with several."""
    try:
        rows = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise StandardWrong(field="file", where="YAML", why=error) from error
    if not isinstance(rows, list):
        raise StandardWrong(field="file", where="YAML", why=msg("应是事项的列表"))
    standards: list[Standard] = []
    errors: list[LinliError] = []
    for row in rows:
        try:
            standards.append(_validated(row))
        except Invalid as several:
            errors += several.errors
        except StandardWrong as error:
            errors.append(error)
    if errors:
        raise errors[0] if len(errors) == 1 else Invalid(errors)
    return standards


def _validated(row: Any) -> Standard:
    try:
        return Standard.model_validate(row)
    except ValidationError as error:
        raise wrong(str(row.get("code", "?")) if isinstance(row, dict) else "?", error) from error


# -- XLSX ---------------------------------------------------------------------------------------------------------------

_HEAD = PatternFill("solid", fgColor="DCE6F5")
_THIN = Side(style="thin", color="B8C4D6")
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_WRAP = Alignment(wrap_text=True, vertical="top")


def write_workbook(standards: Iterable[Standard], *, title: str) -> bytes:
    """The eight-element table with one sheet for people and five that can be read back."""
    rows = list(standards)
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    _overview(sheet, rows, title)
    _sheet(book.create_sheet(_ITEMS), list(_ITEM_COLUMNS), (_item_cells(s.model_dump(mode="json")) for s in rows))
    for name, (part, columns) in _PARTS.items():
        cells = (
            [s.code, s.name, *(_cell(entry, key) for key in columns.values())]
            for s in rows
            for entry in s.model_dump(mode="json")[part]
        )
        _sheet(book.create_sheet(name), ["子项编码", "子项名称（供核对）", *columns], cells)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _overview(sheet: Worksheet, standards: list[Standard], title: str) -> None:
    sheet.title = _OVERVIEW
    heads = ["序号", "主项名称", "子项名称", "设定依据", "申请材料", "办事流程", "经办流程", "办理时限", "表单内容"]
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(heads))
    sheet.cell(1, 1, title).font = Font(bold=True, size=16)
    sheet.cell(1, 1).alignment = Alignment(horizontal="center")
    for column, head in enumerate(heads, 1):
        cell = sheet.cell(2, column, head)
        cell.font, cell.fill, cell.border = Font(bold=True), _HEAD, _BOX
    for number, s in enumerate(standards, 1):
        times = [f"承诺：{limit_text(s.times.promised)}", f"法定：{limit_text(s.times.statutory)}"]
        cells = [
            number, s.main_name, s.name, _numbered(f"{b.law}{b.article}" for b in s.legal_basis),
            _numbered(material_line(m) for m in s.materials), _numbered(s.applicant_steps),
            _numbered(link_line(link) for link in s.links), _LIST.join(times), _numbered(field_line(f) for f in s.form),
        ]  # fmt: skip
        for column, value in enumerate(cells, 1):
            cell = sheet.cell(number + 2, column, _safe(value))
            cell.alignment, cell.border = _WRAP, _BOX
    for column, width in enumerate([6, 18, 24, 36, 48, 28, 28, 18, 44], 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = "D3"
    sheet.page_setup.orientation, sheet.page_setup.paperSize, sheet.page_setup.fitToWidth = "landscape", 8, 1  # A3
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = "1:2"


def _numbered(lines: Iterable[str]) -> str:
    return _LIST.join(f"{n}. {line}" for n, line in enumerate(lines, 1))


def _sheet(sheet: Worksheet, heads: list[str], rows: Iterable[list[Any]]) -> None:
    sheet.append(heads)
    for cell in sheet[1]:
        cell.font, cell.fill = Font(bold=True), _HEAD
    for row in rows:
        sheet.append([_safe(v) for v in row])
    sheet.freeze_panes = "C2"
    sheet.auto_filter.ref = sheet.dimensions
    for column, head in enumerate(heads, 1):
        letter = get_column_letter(column)
        sheet.column_dimensions[letter].width = 22
        if choices := _choices(sheet.title, head):
            pick = DataValidation("list", formula1=f'"{",".join(choices)}"', allow_blank=True)
            pick.errorTitle, pick.error = head, "请从列表中选择"
            pick.add(f"{letter}2:{letter}{MAX_ROWS}")
            sheet.add_data_validation(pick)


def _choices(sheet: str, head: str) -> list[str]:
    """What may stand in a column, for the list a spreadsheet offers; empty where anything may, or several at once."""
    key = (_PARTS[sheet][1] if sheet in _PARTS else _ITEM_COLUMNS).get(head, "")
    if not key or key in _LISTS or key == "options":
        return []
    if key in _BOOLEANS or key in ("automatic", "provisional") or (sheet == _FORM and key == "required"):
        return list(_YES_NO.values())
    last = key.rsplit(".", 1)[-1]
    if last == "kind":
        return [kind.value for kind in ItemKind]
    return [label for label in _WORDS.get(last, {}).values() if "," not in label]


_FORMULA = re.compile(r"'?[=+@]|''")


def _safe(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula is marked as text by an apostrophe, which reading takes off."""
    return "'" + value if isinstance(value, str) and _FORMULA.match(value) else value


def _unsafe(text: str) -> str:
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text


def _item_cells(doc: dict[str, Any]) -> list[Any]:
    return [_cell(doc, key) for key in _ITEM_COLUMNS.values()]


def _cell(doc: Any, key: str) -> Any:
    value = doc
    for step in key.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    words = _WORDS.get(key.rsplit(".", 1)[-1]) if key != "times.statutory.basis" else None
    if isinstance(value, bool):
        return _YES_NO[value]
    if isinstance(value, list):
        return _LIST.join((words or {}).get(str(v), str(v)) for v in value)
    return words.get(value, value) if words and isinstance(value, str) else value


def read_workbook(file: BinaryIO) -> list[Standard]:
    """Read the sheets that :func:`write_workbook` wrote, edited or not.

    Raises :class:`TableWrong` naming the wrong cell, or :class:`Invalid` with one for each of several; a file that is no
    workbook is said to be none.
    """
    try:
        book = load_workbook(file, read_only=True, data_only=True)
    except (InvalidFileException, BadZipFile, KeyError, ValueError, OSError) as error:
        raise _at("—", "—", "—", msg("不是可读取的 XLSX 文件")) from error
    missing = [name for name in (_ITEMS, *_PARTS) if name not in book.sheetnames]
    if missing:
        raise _at(missing[0], "—", "—", msg("缺少这张工作表"))
    wrong: list[TableWrong] = []
    parts: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    places: _Places = defaultdict(list)
    for name, (part, columns) in _PARTS.items():
        for row_number, row in _rows(book[name], name, ["子项编码", *columns], wrong):
            code = str(row["子项编码"])
            parts[code][part].append(_entry(row, columns, name, row_number, wrong))
            places[code, part].append(row_number)
    standards: list[Standard] = []
    first_row: dict[str, int] = {}
    for row_number, row in _rows(book[_ITEMS], _ITEMS, list(_ITEM_COLUMNS), wrong):
        code = str(row["子项编码"])
        if first_row.setdefault(code, row_number) != row_number:
            wrong.append(_at(_ITEMS, row_number, "子项编码", msg("与第 %(row)s 行重复", row=first_row[code])))
        doc = _entry(row, _ITEM_COLUMNS, _ITEMS, row_number, wrong) | parts.pop(code, {})
        try:
            standards.append(Standard.model_validate(doc))
        except ValidationError as error:
            wrong += [_at_cell(loc, why, row_number, code, places) for loc, why in problems(error)]
    wrong += [_at(_ITEMS, "—", "子项编码", msg("其他工作表里有事项 %(code)s，这里没有", code=code)) for code in parts]
    if wrong:
        # A cell that could not be read leaves its place empty, which need not be said as well.
        cells = {(e.params["sheet"], e.params["row"], e.params["column"]): e for e in reversed(wrong)}
        errors: list[LinliError] = list(reversed(cells.values()))
        raise errors[0] if len(errors) == 1 else Invalid(errors)
    return standards


# In which rows of their sheet the entries of a part stand, by item code and part.
_Places = dict[tuple[str, str], list[int]]


def _at(sheet: str, row: int | str, column: str, why: Message) -> TableWrong:
    return TableWrong(field="file", sheet=sheet, row=row, column=column, why=why)


def _at_cell(loc: tuple[str, ...], why: Message, row_number: int, code: str, places: _Places) -> TableWrong:
    """Where in the sheets a problem of a document is."""
    for name, (part, columns) in _PARTS.items():
        if loc and loc[0] == part:
            column = next((t for t, k in columns.items() if len(loc) > 2 and k == ".".join(loc[2:])), "—")
            return _at(name, places[code, part][int(loc[1])] if len(loc) > 1 else "—", column, why)
    # A list stands in one cell, so the number of its entry is left out.
    key = ".".join(step for step in loc if not step.isdigit())
    column = next((t for t, k in _ITEM_COLUMNS.items() if k == key), "、".join(loc) or "—")
    return _at(_ITEMS, row_number, column, why)


def _rows(sheet: Any, name: str, wanted: list[str], wrong: list[TableWrong]) -> Iterator[tuple[int, dict[str, Any]]]:
    rows = sheet.iter_rows(values_only=True, max_row=MAX_ROWS)
    heads = [str(h) if h is not None else "" for h in next(rows, ())]
    absent = [_at(name, 1, column, msg("缺少这一列")) for column in wanted if column not in heads]
    if absent:
        wrong += absent
        return
    for number, values in enumerate(rows, 2):
        row = dict(zip(heads, values, strict=False))
        if not any(v is not None and str(v).strip() for v in values):
            continue
        if not row.get("子项编码"):
            wrong.append(_at(name, number, "子项编码", msg("不能为空")))
            continue
        yield number, row


def _entry(row: dict[str, Any], columns: dict[str, str], sheet: str, number: int, wrong: list[TableWrong]) -> dict[str, Any]:
    doc: dict[str, Any] = {}
    for title, key in columns.items():
        try:
            value = _value(row.get(title), key, title, sheet, number)
        except TableWrong as error:
            wrong.append(error)
            continue
        if value is None:
            continue
        target = doc
        *path, last = key.split(".")
        for step in path:
            target = target.setdefault(step, {})
        target[last] = value
    # A limit without a number is no limit.
    for holder in (doc.get("times", {}), doc):
        for name in [n for n, v in holder.items() if isinstance(v, dict) and "unit" in v and "number" not in v]:
            del holder[name]
        for name in [
            n for n in ("notice", "statutory", "promised", "extension", "delivery", "limit") if isinstance(holder.get(n), dict)
        ]:
            if "number" not in holder[name]:
                del holder[name]
    return doc


def _value(raw: Any, key: str, title: str, sheet: str, number: int) -> Any:
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    text = _unsafe(str(raw).strip())
    last = key.rsplit(".", 1)[-1]
    if key in _BOOLEANS or last in ("automatic", "provisional") or (sheet == _FORM and key == "required"):
        if text not in ("是", "否"):
            raise TableWrong(
                field="file", sheet=sheet, row=number, column=title, why=msg("应填“是”或“否”，现为“%(text)s”", text=text)
            )
        return text == "是"
    if key in _NUMBERS or key in ("copies", "limit.number", "pending_days"):
        try:
            return int(float(text))
        except ValueError:
            raise TableWrong(
                field="file", sheet=sheet, row=number, column=title, why=msg("应填整数，现为“%(text)s”", text=text)
            ) from None
    words = _WORDS.get(last)
    back = {label: code for code, label in words.items()} if words else {}
    if key in _LISTS or last == "options":
        entries = [line.strip() for line in text.split(_LIST) if line.strip()]
        return [_word(back, e, title, sheet, number) for e in entries]
    return _word(back, text, title, sheet, number)


def _word(back: dict[str, str], text: str, title: str, sheet: str, number: int) -> str:
    if back and text not in back and text not in back.values():
        choices = "、".join(back)
        why = msg("“%(text)s”不在可选范围内：%(choices)s", text=text, choices=choices)
        raise TableWrong(field="file", sheet=sheet, row=number, column=title, why=why)
    return back.get(text, text)
