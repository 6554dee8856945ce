"""Workbooks that come in: what is refused, what is let be, and that what goes back is theirs and can do nothing."""

from __future__ import annotations

import re
import time
import zipfile
from io import BytesIO

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Font, PatternFill
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation

from linli.domains.cases.commands import roster_file
from linli.domains.cases.errors import RosterUnreadable
from linli.domains.cases.rosterbook import read_roster
from linli.domains.cases.rostering import PROBLEMS
from linli.domains.cases.rostersheet import find_list, give_back
from linli.domains.documents.commands import FileRefused
from linli.testing.rosters import ENROL, PLANS, book, person
from linli.testing.story import picture

PLAN = PLANS[ENROL]
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
LABELS = [f.label for f in PLAN.columns]


def saved(workbook) -> bytes:
    out = BytesIO()
    workbook.save(out)
    return out.getvalue()


def theirs() -> Workbook:
    """A workbook as an employer keeps one: columns of their own before and behind, a second sheet, formats."""
    workbook = Workbook()
    about = workbook.active
    about.title = "说明"
    about["A1"] = "本公司内部用"
    sheet = workbook.create_sheet("名单")
    sheet.append(["工号", *reversed(LABELS), "部门", "月薪合计"])
    for n in range(1, 4):
        row = person(PLAN, n)
        sheet.append([f"G{n:03d}", *(row[f.name] for f in reversed(PLAN.columns)), "生产部", f"=ROW()*{n}"])
    sheet["A2"].fill = PatternFill("solid", start_color="FFEE99")
    sheet["A2"].font = Font(name="楷体", size=14, bold=True)
    sheet.column_dimensions["A"].width = 33
    sheet.freeze_panes = "B2"
    own = DataValidation("list", formula1='"生产部,销售部"')
    own.add(f"{sheet.cell(2, len(LABELS) + 2).coordinate}")
    sheet.add_data_validation(own)
    return workbook


def changed(content: bytes, parts: dict[str, object], *, without: tuple[str, ...] = ()) -> bytes:
    """The same package with some parts made anew: bytes, or a function of what was there."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in without:
                part = parts.pop(name, old.read(name))
                new.writestr(name, part(old.read(name)) if callable(part) else part)
        for name, part in parts.items():
            new.writestr(name, part)
    return out.getvalue()


def good() -> bytes:
    return book(PLAN, [person(PLAN, n) for n in range(1, 4)]).getvalue()


# -- what goes back ------------------------------------------------------------------------------------------------------------------


def test_what_goes_back_is_their_own_workbook_with_a_column_more():
    content = saved(theirs())
    back = load_workbook(BytesIO(give_back(content, {3: "证件号码：请核对\n第二句"}, title=PROBLEMS)))
    assert back.sheetnames == ["说明", "名单"] and back["说明"]["A1"].value == "本公司内部用"
    sheet, before = back["名单"], load_workbook(BytesIO(content))["名单"]
    assert [c.value for c in sheet[1]] == [*(c.value for c in before[1]), PROBLEMS]
    at = sheet.max_column
    assert (sheet.cell(2, at).value, sheet.cell(3, at).value) == (None, "证件号码：请核对\n第二句")
    for row in range(1, 5):
        for column in range(1, at - 1):
            assert sheet.cell(row, column).value == before.cell(row, column).value
            assert sheet.cell(row, column).number_format == before.cell(row, column).number_format
    assert (sheet["A2"].fill.start_color.rgb, sheet["A2"].font.name, sheet["A2"].font.b) == ("00FFEE99", "楷体", True)
    assert sheet.column_dimensions["A"].width == 33 and sheet.freeze_panes == "B2"
    assert sheet.cell(3, at).alignment.wrap_text and sheet.column_dimensions[sheet.cell(1, at).column_letter].width == 60
    assert [v.formula1 for v in sheet.data_validations.dataValidation] == ['"生产部,销售部"']


def test_a_workbook_that_comes_back_mended_in_part_has_its_notes_replaced():
    once = give_back(saved(theirs()), {2: "旧的", 3: "也是旧的"}, title=PROBLEMS)
    read = read_roster(once, PLAN)
    assert read.notes_at == len(LABELS) + 4 and [n for n, _ in read.lines] == [2, 3, 4]
    again = load_workbook(BytesIO(give_back(once, {4: "新的"}, title=PROBLEMS, column=read.notes_at)))["名单"]
    assert [again.cell(r, read.notes_at).value for r in range(1, 5)] == [PROBLEMS, None, None, "新的"]
    assert again.max_column == read.notes_at


def test_a_formula_becomes_the_value_it_showed_or_its_words():
    content = saved(theirs())

    def worked_out(sheet: bytes) -> bytes:
        return re.sub(rb"<f>ROW\(\)\*1</f><v\s*/?>(</v>)?", b"<f>ROW()*1</f><v>42</v>", sheet)

    back = load_workbook(BytesIO(give_back(changed(content, {"xl/worksheets/sheet2.xml": worked_out}), {}, title=PROBLEMS)))["名单"]
    column = len(LABELS) + 3
    assert back.cell(2, column).value == 42 and back.cell(2, column).data_type == "n"
    assert back.cell(3, column).data_type != "f"
    assert not any(c.data_type == "f" for row in back for c in row)


def test_nothing_that_acts_or_leads_elsewhere_goes_back():
    workbook = theirs()
    sheet = workbook["名单"]
    sheet["A2"].hyperlink = "https://evil.example/x"
    sheet["A3"].comment = Comment("看这里", "某人")
    sheet["A4"] = "=cmd|'/C calc'!A0"
    workbook.defined_names["evil"] = DefinedName("evil", attr_text="'[1]外面'!$A$1")
    bad = DataValidation("custom", formula1='WEBSERVICE("http://evil.example")')
    bad.add("A5")
    sheet.add_data_validation(bad)
    sheet.conditional_formatting.add("A1:A9", CellIsRule(operator="equal", formula=["[1]外面!$A$1"], fill=PatternFill("solid")))
    content = saved(workbook)
    link = b'<?xml version="1.0"?><externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'
    there = (
        f'<Relationship Id="rId77" Type="{OFFICE}/externalLink" Target="externalLinks/externalLink1.xml"/></Relationships>'.encode()
    )
    refer = f'<externalReferences><externalReference xmlns:r="{OFFICE}" r:id="rId77"/></externalReferences></workbook>'.encode()
    content = changed(
        content,
        {
            "xl/externalLinks/externalLink1.xml": link, "xl/_rels/workbook.xml.rels": lambda b: b.replace(b"</Relationships>", there),
            "xl/workbook.xml": lambda b: b.replace(b"</workbook>", refer), "customXml/item1.xml": b"<a/>", "xl/connections.xml": b"<connections/>",
        },
    )  # fmt: skip
    assert roster_file(BytesIO(content), "名单.xlsx")  # it may come in
    back = give_back(content, {2: "=1+1", 3: "@x"}, title=PROBLEMS)
    with zipfile.ZipFile(BytesIO(back)) as package:
        names, everything = package.namelist(), b"".join(package.read(n) for n in package.namelist())
    assert not [n for n in names if re.search("external|comment|drawing|customXml|connections|sheet\\d+.xml.rels|docProps", n)]
    for word in (
        b"evil.example",
        b"externalReference",
        b"<f>",
        b"<f ",
        b"definedName",
        b"WEBSERVICE",
        b"hyperlink",
        b"legacyDrawing",
    ):
        assert word not in everything, word
    opened = load_workbook(BytesIO(back))["名单"]
    assert opened["A4"].value == "=cmd|'/C calc'!A0" and opened["A4"].data_type != "f"
    assert opened.cell(2, opened.max_column).value == "=1+1" and opened.cell(2, opened.max_column).data_type != "f"


def test_five_thousand_rows_go_back_in_a_moment():
    content = book(PLAN, [person(PLAN, n) for n in range(5_000)]).getvalue()
    began = time.perf_counter()
    back = give_back(content, dict.fromkeys(range(2, 5_002), "请核对"), title=PROBLEMS)
    assert time.perf_counter() - began < 20  # on a machine that does other things too
    assert sum(row[-1].value is not None for row in load_workbook(BytesIO(back), read_only=True)["名单"].iter_rows()) == 5_001


# -- what does not come in -------------------------------------------------------------------------------------------------------------


def hidden_list(b):
    b["名单"].sheet_state = "hidden"


def hidden_row(b):
    b["名单"].row_dimensions[3].hidden = True


def merged_rows(b):
    b["名单"].merge_cells("C2:C3")


def merged_heads(b):
    b["名单"].merge_cells("A1:B1")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (hidden_list, "隐藏的，请先取消隐藏"),
        (hidden_row, "第 3 行等 1 行被隐藏"),
        (merged_rows, "C2:C3 是合并的单元格"),
        (merged_heads, "A1:B1 是合并的单元格"),
    ],
)
def test_what_would_be_read_otherwise_than_it_looks_is_refused_with_the_place(spoil, why):
    workbook = theirs()
    spoil(workbook)
    with pytest.raises(RosterUnreadable, match=re.escape(why)):
        read_roster(saved(workbook), PLAN)


def test_hidden_sheets_and_merged_cells_of_their_own_are_let_be():
    workbook = theirs()
    workbook["说明"].sheet_state = "veryHidden"
    workbook["名单"].merge_cells("A2:A3")
    workbook["名单"].row_dimensions[9].hidden = True  # nothing stands there
    assert len(read_roster(saved(workbook), PLAN).lines) == 3
    other = load_workbook(BytesIO(good()))
    other["名单"].title = "Sheet1"
    secret = other.create_sheet("秘密", 0)
    secret.sheet_state = "hidden"
    assert find_list(saved(other)).name == "Sheet1" and len(read_roster(saved(other), PLAN).lines) == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_however_far_down_and_however_written(encoding):
    bomb = (
        f'<?xml version="1.0" encoding="{encoding}"?>{" " * 9000}<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    )
    body = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>&b;</t></si></sst>'
    with pytest.raises(RosterUnreadable, match="实体声明"):
        read_roster(changed(good(), {"xl/sharedStrings.xml": (bomb + body).encode(encoding)}), PLAN)


def test_macros_programs_other_kinds_and_locked_files_are_refused_at_the_door():
    macro = changed(good(), {"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0"})
    enabled = changed(good(), {"[Content_Types].xml": lambda b: b.replace(b"sheet.main+xml", b"sheet.macroEnabled.main+xml")})
    for content in (
        macro,
        enabled,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000,
        b"MZ\x90",
        b"",
        b"PK\x03\x04",
        b"a,b\n1,2\n",
    ):
        with pytest.raises(FileRefused):
            roster_file(BytesIO(content), "名单.xlsx")
    with pytest.raises(FileRefused):
        roster_file(BytesIO(good()), "名单.xlsm")
    with pytest.raises(RosterUnreadable, match="不是 XLSX"):
        roster_file(picture(), "名单.xlsx")


def test_two_hundred_megabytes_are_read_no_further_than_the_limit(settings):
    class Endless(BytesIO):
        taken = 0

        def read(self, size=-1):
            assert 0 < size <= settings.ENV.upload_megabytes * 1_000_000 + 1
            Endless.taken += size
            return b"P" * size

    with pytest.raises(FileRefused, match=f"{settings.ENV.upload_megabytes}"):
        roster_file(Endless(), "名单.xlsx")
    assert Endless.taken < 200_000_000


@pytest.mark.filterwarnings("ignore:Workbook contains no stylesheet")
@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/_rels/workbook.xml.rels"])
@pytest.mark.parametrize("what", [b"", b"<a", b"<a/>", b"\xff\xfe\x00"])
def test_a_broken_part_is_a_sentence_and_no_crash(part, what):
    try:
        found = read_roster(changed(good(), {part: what}), PLAN)
    except RosterUnreadable:
        return
    assert len(found.lines) == 3  # styles that say nothing are not needed
    give_back(changed(good(), {part: what}), {2: "x"}, title=PROBLEMS)
