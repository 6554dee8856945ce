from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.domains.documents.engine import FONTS
from linli.domains.documents.typography import FontUnreadable, characters, chinese, legible, tidy

COMMA, SEMICOLON, COLON, OPEN, CLOSE = (chr(0xFEE0 + ord(c)) for c in ",;:()")


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("您好,世界;是的:对", f"您好{COMMA}世界{SEMICOLON}是的{COLON}对"),
        ("解除(终止)劳动合同", f"解除{OPEN}终止{CLOSE}劳动合同"),
        ("自11月21日(周六)起", f"自11月21日{OPEN}周六{CLOSE}起"),
        ("标准为1,980元", "标准为1,980元"),
        ("工作日 9:00-17:30", "工作日 9:00-17:30"),
        ("https://a.cn/b?c=1,2", "https://a.cn/b?c=1,2"),
        ("f(x)", "f(x)"),
        ("((2026)示0101民初123号)", f"{OPEN}{OPEN}2026{CLOSE}示0101民初123号{CLOSE}"),
        ("", ""),
        ("没有配对(的括号", "没有配对(的括号"),
    ],
)
def test_chinese_sentences_get_chinese_punctuation(typed, printed):
    assert chinese(typed) == printed


@given(st.text(alphabet="张三,;:()?! a1·\n《》", max_size=60))
def test_setting_keeps_every_other_character(text):
    set_ = chinese(text)
    narrow = {ord(chr(0xFEE0 + ord(c))): c for c in ",;:?!()"}
    assert set_.translate(narrow).replace(" ", "") == text.translate(narrow).replace(" ", "")


def test_hidden_characters_do_not_reach_paper():
    assert tidy("王\u202e五\u0000\u200b\ufeff\r\n李") == "王五\n李"
    assert tidy("甲\t乙") == "甲 乙"


def test_what_no_font_can_draw_is_named_not_lost():
    known = frozenset(map(ord, "张三"))
    assert legible("张三", known) == "张三"
    assert legible("张𱍐", known) == "张〓(U+31350)"


def test_fonts_cover_the_standard_characters_and_rare_names():
    body = characters(FONTS / "NotoSerifSC-Regular.ttf")
    title = characters(FONTS / "LinliTitle.ttf")
    rows, cells = range(0xB0, 0xF8), range(0xA1, 0xFF)
    national = "".join(bytes((r, c)).decode("gb2312", "ignore") for r in rows for c in cells)
    assert len(national) == 6763
    assert {ord(c) for c in national} <= body & title
    assert set(map(ord, "䶮㛃𬀩𫖮·")) <= body
    assert title == characters(FONTS / "LinliHei.ttf")


def test_a_file_that_is_no_font_is_said_to_be_none(tmp_path):
    for content in (b"", b"not a font", b"ttcf", b"\0\1\0\0\xff\xff"):
        path = tmp_path / "x.ttf"
        path.write_bytes(content)
        with pytest.raises(FontUnreadable):
            characters(path)
