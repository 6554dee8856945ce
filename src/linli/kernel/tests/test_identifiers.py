from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.kernel import identifiers as ids
from linli.kernel.actors import Channel

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014", "1101051949 1231 002x"])
def test_the_standards_own_examples_are_valid(number):
    checked = ids.check_id_number(number, today=TODAY)
    assert checked.value == ids.compact(number)
    assert not checked.warnings


def test_an_area_that_was_founded_after_birth_is_no_reason_to_refuse():
    number = ids.id_number_with_check("51090219700101001")  # 遂宁 is a county from 1985
    assert ids.check_id_number(number, today=TODAY).birth_date == date(1970, 1, 1)


@pytest.mark.parametrize("area", ["810000", "820000", "830000"])
def test_residence_permits_pass(area):
    assert not ids.check_id_number(ids.id_number_with_check(f"{area}19900101001"), today=TODAY).warnings


def test_an_unknown_area_is_a_warning_only():
    assert ids.check_id_number(ids.id_number_with_check("77012119900101001"), today=TODAY).warnings


@pytest.mark.parametrize(
    ("number", "says"),
    [
        ("1101051949123100", "18 位"),
        ("11010519491231002A", "数字或 X"),
        ("110105194912310021", "校验码 X"),
        (ids.id_number_with_check("11010519490231002"), "不存在"),
        (ids.id_number_with_check("11010520991231002"), "不可能"),
        (ids.id_number_with_check("11010518491231002"), "不可能"),
    ],
)
def test_what_cannot_be_right_is_refused_and_says_why(number, says):
    with pytest.raises(ids.IdNumberWrong) as caught:
        ids.check_id_number(number, today=TODAY, field="id_number")
    assert says in str(caught.value)
    assert caught.value.field == "id_number"


@given(st.dates(date(1900, 1, 1), TODAY), st.integers(0, 999), st.integers(0, 16), st.integers(1, 9))
def test_any_single_wrong_digit_is_found(birth, sequence, place, shift):
    number = ids.id_number_with_check(f"110105{birth:%Y%m%d}{sequence:03d}")
    assert ids.check_id_number(number, today=TODAY).birth_date == birth
    broken = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    with pytest.raises(ids.IdNumberWrong):
        ids.check_id_number(broken, today=TODAY)


@pytest.mark.parametrize("code", ["91110000600037341L", "11511012008562235K", ids.credit_code_with_checks("N277012112345678")])
def test_credit_codes_with_digits_and_letters_in_front_are_valid(code):
    assert ids.check_credit_code(code.lower()).value == code


@pytest.mark.parametrize(
    ("code", "says"), [("91110000600037341", "18 位"), ("91110000600037341I", "I"), ("91110000600037341M", "校验码 L")]
)
def test_wrong_credit_codes_say_why(code, says):
    with pytest.raises(ids.CreditCodeWrong, match=says):
        ids.check_credit_code(code)


def test_a_wrong_inner_check_of_a_credit_code_is_a_warning():
    from stdnum.cn import uscc

    body = "9111000060003734" + "7"  # the right one is 1
    assert ids.check_credit_code(body + uscc.calc_check_digit(body)).warnings


@pytest.mark.parametrize(("text", "code"), [("511012000000", "511012"), ("770121100201", "770121100201"), ("77", "77")])
def test_area_codes_lose_their_padding(text, code):
    assert ids.check_area_code(text) == code


@given(
    st.sampled_from(Channel),
    st.dates(date(2020, 1, 1), date(2090, 1, 1)),
    st.integers(0, 999_999),
    st.integers(0, 20),
    st.integers(1, 9),
)
def test_case_numbers_can_be_read_back_and_a_wrong_digit_is_found(channel, day, sequence, place, shift):
    number = ids.CaseNumber("770121", day, channel, sequence)
    text = str(number)
    assert len(text) == 22
    assert ids.parse_case_number(text) == number
    wrong = text[:place] + str((int(text[place]) + shift) % 10) + text[place + 1 :]
    with pytest.raises(ids.CaseNumberWrong):
        ids.parse_case_number(wrong)


@pytest.mark.parametrize(
    ("given_", "kept"),
    [("138 0013 8000", "13800138000"), ("+8613800138000", "13800138000"), ("0000-1234567", "00001234567"), ("12345", "12345")],
)
def test_phones_are_normalised(given_, kept):
    assert ids.check_phone(given_) == kept


@pytest.mark.parametrize("number", ["1380013800", "138001380000", "abc"])
def test_wrong_phones_are_refused(number):
    with pytest.raises(ids.PhoneWrong):
        ids.check_phone(number)


def test_bank_cards_are_checked_by_luhn():
    assert ids.check_bank_card("6222 0212 3456 7894 ") == "6222021234567894"
    with pytest.raises(ids.BankCardWrong):
        ids.check_bank_card("6222021234567891")


def full_width(text):
    """As an input method types it; made from numbers, for an editor may make the characters themselves plain."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else chr(0x3000) for c in text)


def test_full_width_and_invisible_characters_are_read_as_what_they_look_like():
    assert full_width("1x") == "\uff11\uff58"
    assert ids.check_id_number(full_width("110105 19491231-002x"), today=TODAY).value == "11010519491231002X"
    assert ids.check_credit_code(full_width("91110000600037341l")).value == "91110000600037341L"
    assert ids.check_phone(full_width("+8613800138000")) == "13800138000"
    assert ids.check_phone("\u202a138\u00a00013\u200b8000\u202c") == "13800138000"
    assert ids.check_bank_card(full_width("6222021234567894")) == "6222021234567894"
    assert ids.check_bank_card(full_width("12345678")) == "12345678"
    assert ids.check_area_code(full_width("511012000000")) == "511012"
    number = ids.CaseNumber("770121", TODAY, Channel.HALL, 7)
    assert ids.parse_case_number(full_width(str(number).lower())) == number


@pytest.mark.parametrize("zero", ["\u0660", "\u0966"])
def test_digits_of_other_scripts_are_no_digits(zero):
    def foreign(text):
        return "".join(chr(ord(zero) + int(c)) for c in text)

    number = "440524188001010014"
    for check, text in (
        (lambda t: ids.check_id_number(t, today=TODAY), foreign(number[:17]) + number[17]),
        (ids.check_phone, foreign("13800138000")), (ids.check_bank_card, foreign("12345678")), (ids.check_bank_card, "\u00b2" * 10),
        (ids.check_area_code, foreign("511012")), (ids.parse_case_number, foreign("770121202611221000007") + "A"),
    ):  # fmt: skip
        with pytest.raises(ids.LinliError):
            check(text)


def test_masks_hide_enough():
    assert ids.mask_id("11010519491231002X") == "110105********002X"
    assert ids.mask_phone("13800138000") == "138****8000"
    assert ids.mask_account("6222021234567894") == "************7894"
    assert ids.mask_name("阿卜杜·热合曼") == "阿******"
