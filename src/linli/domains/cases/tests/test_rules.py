"""The table of transitions, the draw and the form, as pure rules."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.domains.cases.draw import commitment, message, pick
from linli.domains.cases.form import check_form
from linli.domains.cases.grounds import MaterialState, PauseGround, RefusalGround
from linli.domains.cases.lifecycle import FINAL, TRANSITIONS, Move, State, may_move, moves_from
from linli.kernel.errors import Invalid
from linli.kernel.identifiers import id_number_with_check

PATHS = {
    "instant": "submitted accepted sent_to_review approved issued delivered closed",
    "corrected": "submitted correction_requested corrected accepted sent_to_review rejected issued delivered closed",
    "suspended": "submitted accepted sent_to_review suspended resumed approved issued delivered closed",
    "taken back": "submitted accepted sent_to_review approved grant_taken_back issued delivered closed",
    "not accepted": "submitted correction_requested not_accepted",
    "withdrawn": "submitted deemed_accepted sent_to_review suspended withdrawn",
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_the_ways_of_the_design_are_possible(path):
    state = State.DRAFT
    for name in path.split():
        move = Move(name)
        assert may_move(state, move), (state, move)
        state = TRANSITIONS[move][1]
    assert state in FINAL


def test_nothing_leaves_a_final_state_and_every_other_state_leads_on():
    for state in State:
        assert bool(moves_from(state)) is (state not in FINAL)
    assert {to for _, to in TRANSITIONS.values()} == set(State) - {State.DRAFT}


def test_no_path_decides_without_acceptance_and_review_or_issues_without_decision():
    for move, (before, _) in TRANSITIONS.items():
        if move in (Move.APPROVE, Move.REJECT):
            assert before == {State.IN_REVIEW}
        if move is Move.ISSUE:
            assert before == {State.APPROVED, State.REJECTED}
        if move is Move.SEND_TO_REVIEW:
            assert before == {State.ACCEPTED}


SEED = bytes(range(32))
PEOPLE = st.lists(st.uuids(), min_size=1, max_size=30, unique=True)


@given(st.binary(min_size=32, max_size=32), st.uuids(), PEOPLE, st.randoms())
def test_the_same_seed_case_and_people_give_the_same_person_in_any_order(seed, case, people, random):
    shuffled = people[:]
    random.shuffle(shuffled)
    about = message(case, 1, 1)
    assert pick(seed, about, people) == pick(seed, about, shuffled) == pick(seed, about, people + people)
    assert pick(seed, about, people) in people


def test_everybody_is_about_equally_often_drawn():
    people = [UUID(int=n) for n in range(7)]
    drawn = Counter(pick(SEED, message(UUID(int=n), 1, 1), people) for n in range(14_000))
    # Expected 2000 each; the bound is six standard deviations.
    assert all(abs(count - 2000) < 6 * (14_000 * (1 / 7) * (6 / 7)) ** 0.5 for count in drawn.values())


def test_another_attempt_stage_day_or_seed_is_another_lot():
    people = [UUID(int=n) for n in range(1000)]
    case = UUID(int=5)
    lots = {pick(SEED, message(case, stage, attempt), people) for stage in range(1, 6) for attempt in range(1, 6)}
    assert len(lots) > 20
    assert commitment(date(2026, 1, 1), SEED) != commitment(date(2026, 1, 2), SEED)
    assert commitment(date(2026, 1, 1), SEED) != commitment(date(2026, 1, 1), bytes(32))
    with pytest.raises(ValueError, match="nobody"):
        pick(SEED, b"", [])


@dataclass(frozen=True)
class Field:
    name: str
    type: str
    label: str = "栏目"
    required: bool = False
    options: tuple[str, ...] = ()


TODAY = date(2026, 11, 20)
GOOD_ID = id_number_with_check("77012119900101001")


@pytest.mark.parametrize(
    ("type_", "given_", "kept"),
    [
        ("text", " 张三 ", "张三"),
        ("date", "2026-02-28", "2026-02-28"),
        ("year-month", "2026-02", "2026-02"),
        ("number", "1,200", "1200"),
        ("number", "3.50", "3.50"),
        ("money", "¥1,234.5", "1234.50"),
        ("money", "\uffe5\uff11\uff0c\uff12\uff13\uff14\uff0e\uff15\u5143", "1234.50"),  # as an input method types it
        ("number", "\uff11\uff0e\uff15", "1.5"),
        ("date", "\uff12\uff10\uff12\uff16\uff0d\uff10\uff12\uff0d\uff12\uff18", "2026-02-28"),
        ("boolean", "on", True),
        ("boolean", "否", False),
        ("phone", "138 0013 8000", "13800138000"),
        ("id-number", GOOD_ID.lower(), GOOD_ID),
        ("id-number", "E12345678", "E12345678"),
        ("unified-social-credit-code", "91110000600037341l", "91110000600037341L"),
        ("bank-account", "6222 0212 3456 7894", "6222021234567894"),
        ("table", "甲\n\n乙 ", ["甲", "乙"]),
        ("select", "男", "男"),
    ],
)
def test_values_are_normalised_by_their_type(type_, given_, kept):
    field = Field("f", type_, options=("男", "女") if type_ == "select" else ())
    assert check_form((field,), {"f": given_, "stray": "x"}, today=TODAY) == {"f": kept}


@pytest.mark.parametrize(
    ("type_", "given_"),
    [
        ("date", "2026-02-30"), ("date", "昨天"), ("year-month", "2026-13"), ("number", "三"), ("number", "NaN"), ("number", "1e99"),
        ("money", "-1"), ("money", "1.234"), ("boolean", "也许"), ("select", "不明"), ("phone", "123456789012"),
        ("id-number", GOOD_ID[:17] + ("0" if GOOD_ID[17] != "0" else "1")), ("unified-social-credit-code", "91110000600037341M"),
        ("bank-account", "6222021234567891"), ("text", "长" * 2001), ("table", "\n".join(map(str, range(501)))),
    ],
)  # fmt: skip
def test_a_wrong_value_names_its_field_and_says_what_to_do(type_, given_):
    field = Field("f", type_, options=("男", "女") if type_ == "select" else ())
    with pytest.raises(Invalid) as caught:
        check_form((field,), {"f": given_}, today=TODAY)
    (error,) = caught.value.errors
    assert error.field == "f"
    assert str(error.what_to_do)


def test_every_missing_field_is_told_at_once_unless_the_form_is_only_being_kept():
    fields = (Field("a", "text", "甲", True), Field("b", "date", "乙", True), Field("c", "text", "丙"))
    with pytest.raises(Invalid) as caught:
        check_form(fields, {"b": " "}, today=TODAY)
    assert [e.field for e in caught.value.errors] == ["a", "b"]
    assert check_form(fields, {"b": " "}, today=TODAY, complete=False) == {}


@given(st.text(max_size=60))
def test_any_text_is_kept_or_refused_but_never_breaks(text):
    for type_ in ("text", "date", "number", "money", "id-number", "bank-account", "phone", "table", "year-month", "boolean"):
        try:
            check_form((Field("f", type_),), {"f": text}, today=TODAY)
        except Invalid as error:
            assert error.errors[0].field == "f"


def test_closed_lists_have_labels_and_a_legal_basis():
    for ground in (*PauseGround, *RefusalGround):
        assert ground.label
        assert ground.basis.startswith("《")
    assert not MaterialState.PROVIDE.settled
    assert MaterialState.OWED.settled
    assert MaterialState.WILL_VERIFY.settled
