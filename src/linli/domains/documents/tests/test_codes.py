from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.domains.documents.codes import ALPHABET, LENGTH, make_code, near_codes, read_code, spaced
from linli.domains.documents.rules import PaperKind, State, check_move, document_number, mask_name
from linli.kernel.errors import LinliError


def test_a_code_is_read_back_however_it_was_written_down():
    code = make_code()
    assert len(code) == LENGTH
    assert set(code) <= set(ALPHABET)
    full_width = "".join(chr(ord(c) + 0xFEE0) for c in code)
    for written in (
        code,
        code.lower(),
        spaced(code),
        f" {spaced(code).lower()} ",
        full_width,
        code.replace("0", "O").replace("1", "l"),
    ):
        assert read_code(written) == code


@given(st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_any_single_wrong_character_is_refused(place, wrong):
    code = make_code()
    changed = code[:place] + wrong + code[place + 1 :]
    assert read_code(changed) == (code if changed == code else None)


def test_every_single_wrong_character_of_one_code_is_refused():
    code = make_code()
    for place in range(LENGTH):
        for wrong in ALPHABET:
            if wrong != code[place]:
                assert read_code(code[:place] + wrong + code[place + 1 :]) is None


@given(st.text(max_size=30))
def test_nothing_that_is_typed_breaks_reading(text):
    found = read_code(text)
    assert found is None or len(found) == LENGTH


def test_too_short_too_long_and_letters_outside_are_refused():
    code = make_code()
    for wrong in (code[:-1], code + "0", "U" * LENGTH, "", "张" * LENGTH):
        assert read_code(wrong) is None


def test_numbers_are_spelt_as_official_papers_spell_them():
    assert document_number("示范区人社局", PaperKind.ACCEPTANCE_NOTICE, 2026, 12) == "示范区人社局受字〔2026〕12号"
    words = {document_number("", k, 2026, 1) for k in PaperKind if not k.is_guide}
    assert len(words) == len([k for k in PaperKind if not k.is_guide])


def test_a_name_is_masked_part_by_part():
    assert mask_name("张三") == "张*"
    assert mask_name("阿卜杜热合曼·买买提艾力") == "阿*****·买****"
    assert mask_name("") == ""


@pytest.mark.parametrize("start", State)
@pytest.mark.parametrize("to", State)
def test_a_document_moves_forward_only(start, to):
    allowed = {("composed", "sealed"), ("composed", "revoked"), ("sealed", "superseded"), ("sealed", "revoked")}
    if (start.value, to.value) in allowed:
        check_move(start, to)
    else:
        with pytest.raises(LinliError):
            check_move(start, to)


@given(st.integers(0, LENGTH - 1))
def test_a_code_near_one_typed_is_a_code_and_differs_in_one_place(place):
    code = make_code()
    for near in near_codes(code[:place] + "B" + code[place + 1 :]):
        assert read_code(near) == near
    if code[place] in "8B3":
        other = "B" if code[place] != "B" else "8"
        assert code in near_codes(code[:place] + other + code[place + 1 :])
    assert near_codes(code[:-1]) == near_codes("") == []


def test_a_letter_that_no_code_has_is_read_as_what_it_looks_like():
    code = next(c for c in iter(make_code, "") if "V" in c)
    assert code in near_codes(code.replace("V", "U", 1))
