"""Rosters: what sheet an item has, what is wrong in one that comes back, and cases made in batches that never double."""

from __future__ import annotations

import time
import tracemalloc
import zipfile
from datetime import date
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from linli.domains.cases import commands as do
from linli.domains.cases.commands import rosters as making
from linli.domains.cases.errors import RosterChanged, RosterNotOffered, RosterSeen, RosterUnreadable
from linli.domains.cases.models import Case, Roster, RosterRow
from linli.domains.cases.queries import (
    people_of,
    returned_sheet,
    roster_items,
    roster_offer,
    roster_people,
    roster_problems,
    roster_results,
    roster_sheet,
    roster_template,
    rosters,
)
from linli.domains.cases.rosterbook import read_roster, write_roster
from linli.domains.cases.rostering import PROBLEMS, RosterShape, Spoilt, check_row, line_of, plan_of, read_cell, said_twice
from linli.domains.catalog.queries import FieldType, FormField
from linli.domains.documents.commands import FileRefused
from linli.kernel.errors import Invalid, NotAllowed, NotFound
from linli.testing.rosters import COMMON, ENROL, LIST, STANDARDS, book, person, someone
from linli.testing.story import at, picture
from linli.testing.world import person_id

CARD = "graduate-real-name-registration"
PLANS = {code: plan_of(STANDARDS[code]) for code in (ENROL, LIST, CARD)}
TODAY, NOW = date(2026, 3, 2), at("2026-03-02 10:00")


# -- the sheet of an item ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "shape", "common"),
    [
        (ENROL, RosterShape.EACH_FOR_EMPLOYER, {"org_name", "uscc", "handler_name", "handler_phone"}),
        (LIST, RosterShape.TABLE, {"org_name", "uscc", "handler_name", "handler_phone"}),
        (CARD, RosterShape.EACH_FOR_PERSON, set()),
    ],
)
def test_whose_application_a_row_is_follows_the_applicant_kind(code, shape, common):
    plan = PLANS[code]
    assert plan.shape is shape and {f.name for f in plan.common} >= common
    assert not {f.name for f in plan.columns} & {f.name for f in plan.common}


def test_only_items_about_people_one_by_one_take_a_roster():
    offered = {code for code, s in STANDARDS.items() if plan_of(s)}
    assert {ENROL, LIST, CARD} <= offered and "labour-dispatch-permit" not in offered
    assert all(s.handled_in == "linli" for s in STANDARDS.values() if s.code in offered)


def test_the_template_reads_back_what_was_filled_in_and_explains_every_column():
    for plan in PLANS.values():
        template = load_workbook(BytesIO(write_roster(plan, item="某事项")))
        heads = [c.value for c in template["名单"][1]]
        assert [h.removesuffix("*") for h in heads] == [f.label for f in plan.columns]
        explained = {row[0].value for row in template["填写说明"].iter_rows(min_row=6)}
        assert {f.label for f in plan.columns} <= explained
        choices = [f for f in plan.columns if f.options and len(",".join(f.options)) <= 250]
        assert len(template["名单"].data_validations.dataValidation) >= len(choices)
        numbers = [get_column_letter(i) for i, f in enumerate(plan.columns, 1) if f.type is FieldType.ID_NUMBER]
        assert all(template["名单"].column_dimensions[letter].number_format == "@" for letter in numbers)


def test_a_good_row_is_normalised_and_a_table_line_names_its_columns():
    for plan in PLANS.values():
        values, wrong = check_row(plan, person(plan, 1), today=TODAY)
        assert not wrong and values[plan.number] == someone(1)
    assert "姓名：职工0001" in line_of(PLANS[LIST], check_row(PLANS[LIST], person(PLANS[LIST], 1), today=TODAY)[0])


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        (FieldType.ID_NUMBER, 770121198001010012, Spoilt.NUMBER),
        (FieldType.PHONE, 10000000001, "10000000001"),
        (FieldType.PHONE, 10000000001.0, "10000000001"),
        (FieldType.MONEY, 4500.5, "4500.5"),
        (FieldType.YEAR_MONTH, date(2026, 3, 1), "2026-03"),
        (FieldType.DATE, date(2026, 3, 1), "2026-03-01"),
        (FieldType.BOOLEAN, True, "是"),
        (FieldType.TEXT, "  甲\0乙 ", "甲乙"),
        (FieldType.TEXT, None, ""),
    ],
)
def test_a_cell_is_read_the_way_its_field_wants_it(kind, value, read):
    assert read_cell(FormField(name="x", label="某", type=kind), value) == read


_CELLS = st.one_of(
    st.none(),
    st.text(max_size=40),
    st.integers(-(10**18), 10**18),
    st.floats(allow_nan=False, allow_infinity=False),
    st.dates(),
    st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_CELLS, min_size=20, max_size=20))
def test_whatever_stands_in_a_row_it_is_either_right_or_said_what_is_wrong(values):
    plan = PLANS[ENROL]
    cells = {f.name: read_cell(f, v) for f, v in zip(plan.columns, values, strict=False)}
    clean, wrong = check_row(plan, cells, today=TODAY)
    assert bool(clean) != bool(wrong)
    assert all(str(p.what) and "%(" not in str(p.what) for p in wrong)


@given(st.lists(st.text("ABC", max_size=2), max_size=12))
def test_somebody_named_twice_is_told_where_they_stood_first(numbers):
    rows = list(enumerate(numbers, 2))
    twice = said_twice(rows)
    assert len(twice) == sum(1 for n in numbers if n) - len({n for n in numbers if n})
    assert all(numbers.index(numbers[row - 2]) + 2 < row for row in twice)


# -- files that are none --------------------------------------------------------------------------------------------------------------


def test_a_file_with_other_columns_is_told_which(tmp_path):
    plan = PLANS[ENROL]
    labels = [f.label for f in plan.columns]
    for heads, why in (([h for h in labels if h != "证件号码"], "缺少列：证件号码"), ([*labels, "证件号码"], "重复的列：证件号码")):
        with pytest.raises(RosterUnreadable, match=why):
            read_roster(book(plan, [], heads=heads).getvalue(), plan)
    for content in (b"PK\x03\x04 no zip", b"%PDF-1.7", b""):
        with pytest.raises(RosterUnreadable):
            read_roster(content, plan)
    with pytest.raises(RosterUnreadable, match="空的"):
        read_roster(write_roster(plan, item="x"), plan)


def test_columns_may_stand_in_another_order_and_blank_rows_between():
    plan = PLANS[ENROL]
    fields = list(reversed(plan.columns))
    rows = [[person(plan, 1)[f.name] for f in fields], [], [person(plan, 2)[f.name] for f in fields]]
    found = read_roster(book(plan, rows, heads=[f.label for f in fields], raw=True).getvalue(), plan).lines
    assert [n for n, _ in found] == [2, 4] and found[1][1][plan.number] == someone(2)


def test_a_bomb_is_not_unfolded_and_a_sheet_without_end_is_left():
    plan = PLANS[ENROL]
    whole = zipfile.ZipFile(BytesIO(book(plan, [person(plan, 1)]).getvalue()))
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bomb:
        for entry in whole.infolist():
            bomb.writestr(entry, whole.read(entry))
        bomb.writestr("xl/more.xml", b" " * 80_000_000)
    with pytest.raises(RosterUnreadable, match="内容太多"):
        read_roster(out.getvalue(), plan)
    rows = [[f"{n}"] for n in range(5_002)]
    with pytest.raises(RosterUnreadable, match="超过 5000 人"):
        read_roster(book(plan, rows, raw=True).getvalue(), plan)


def test_formulas_are_named():
    plan = PLANS[ENROL]
    evil = person(plan, 1) | {plan.name: '=HYPERLINK("http://x.example","点我")'}
    ((_, cells),) = read_roster(book(plan, [evil]).getvalue(), plan).lines
    _, wrong = check_row(plan, cells, today=TODAY)
    assert any("公式" in str(p.what) for p in wrong)


# -- with a database -------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def clerk(world, db):
    return world.actor("clerk")


@pytest.fixture
def handed(world, clerk):
    """Hand a sheet in and give its roster."""
    from linli.domains.people.queries import employer_facts

    code = employer_facts(world.people["employer"])["credit_code"]

    def hand(people, item=ENROL, **more):
        content = people if isinstance(people, BytesIO) else book(PLANS[item], people)
        values = {"common": COMMON | {"uscc": code}, "materials": {"m01": "paper"}, "accept": False, "by": clerk, "now": NOW} | more
        sheet = do.roster_file(content, "名单.xlsx")
        roster_id = do.check_roster(item_code=item, employer_id=world.people["employer"], people=sheet, **values)
        return Roster.objects.get(pk=roster_id)

    return hand


def run(roster, **more):
    while not do.run_roster(roster_id=roster.pk, now=NOW, **more):
        pass
    roster.refresh_from_db()
    return roster


def test_a_sheet_with_one_wrong_row_imports_nothing_and_comes_back_with_what_to_mend(handed, clerk):
    plan = PLANS[ENROL]
    people = [person(plan, n) for n in range(4)]
    people[1][plan.number] = someone(1)[:-1] + ("0" if someone(1)[-1] != "0" else "1")
    people[3][plan.number] = people[0][plan.number]
    people[2]["hire_date"] = "三月一日"
    roster = handed(people)
    assert (roster.state, roster.rows, roster.wrong) == ("returned", 4, 3)
    assert not RosterRow.objects.exists() and not Case.objects.exists()
    said = {p.number: "".join(p.lines) for p in roster_problems(roster.pk, by=clerk, on=TODAY)}
    assert "校验码" in said[3] and "日期" in said[4] and "第 2 行" in said[5] and 2 not in said
    back = load_workbook(BytesIO(returned_sheet(roster.pk, by=clerk, on=TODAY)))["名单"]
    heads = [c.value for c in back[1]]
    column = heads.index(PROBLEMS) + 1
    assert back.cell(2, column).value in (None, "") and "校验码" in back.cell(3, column).value
    assert back.cell(4, 1 + [f.name for f in plan.columns].index("hire_date")).value == "三月一日"
    with pytest.raises(RosterChanged):
        do.start_roster(roster_id=roster.pk, by=clerk, now=NOW)


def test_the_returned_sheet_mended_is_a_good_roster(handed, clerk):
    plan = PLANS[ENROL]
    roster = handed([person(plan, 1), person(plan, 2, hire_date="?")])
    back = load_workbook(BytesIO(returned_sheet(roster.pk, by=clerk, on=TODAY)))
    sheet = back["名单"]
    sheet.cell(3, 1 + [f.name for f in plan.columns].index("hire_date")).value = "2026-03-01"
    stream = BytesIO()
    back.save(stream)
    stream.seek(0)
    assert handed(stream).state == "ready"


def test_what_is_said_once_for_all_must_be_right_too(handed):
    with pytest.raises(Invalid):
        handed([person(PLANS[ENROL], 1)], common={"org_name": "某公司"})


def test_each_person_becomes_a_case_of_the_employer_and_the_numbers_can_be_downloaded(handed, clerk, world):
    roster = handed([person(PLANS[ENROL], n) for n in range(45)])
    do.start_roster(roster_id=roster.pk, by=clerk, now=NOW)
    do.start_roster(roster_id=roster.pk, by=clerk, now=NOW)
    run(roster)
    cases = list(Case.objects.all())
    assert roster.state == "done" and len(cases) == 45 == RosterRow.objects.exclude(case=None).count()
    assert {(c.applicant_id, c.applicant_is_employer, c.state) for c in cases} == {(world.people["employer"], True, "submitted")}
    assert len({c.number for c in cases}) == 45
    sheet = roster_sheet(roster.pk, by=clerk, on=TODAY)
    assert (sheet.made, sheet.failed, sheet.cases) == (45, 0, 45)
    listed = load_workbook(BytesIO(roster_results(roster.pk, by=clerk, on=TODAY)))["办理结果"]
    assert {row[3].value for row in listed.iter_rows(min_row=2)} == {c.number for c in cases}
    (one,) = people_of(sheet, roster_people(sheet, someone(7)))
    assert one.name == "职工0007" and one.case_number and someone(7) not in one.masked
    assert roster_people(sheet, one.case_number).count() == 1 and roster_people(sheet, "职工0007").count() == 1


def test_lines_of_a_table_stand_in_as_few_cases_as_a_table_takes(handed, clerk, monkeypatch):
    monkeypatch.setattr(making, "LINES_A_CASE", 10)
    roster = handed([person(PLANS[LIST], n) for n in range(23)], item=LIST)
    do.start_roster(roster_id=roster.pk, by=clerk, now=NOW)
    run(roster)
    lines = [c.form.open_json()["employees"] for c in Case.objects.order_by("number")]
    assert [len(one) for one in lines] == [10, 10, 3] and "职工0000" in lines[0][0]
    assert RosterRow.objects.filter(case=None).count() == 0


def test_where_only_persons_apply_each_is_registered_and_applies_for_themselves(handed, clerk, world):
    plan = PLANS[CARD]
    people = [person(plan, n) for n in range(3)]
    wrong_name = person(plan, 5) | {plan.number: person_id(0)}  # the applicant's, whose name is another
    assert handed([*people, wrong_name], item=CARD, common={}).wrong == 1
    roster = handed(people, item=CARD, common={})
    do.start_roster(roster_id=roster.pk, by=clerk, now=NOW)
    run(roster)
    assert Case.objects.filter(applicant_is_employer=False).values("applicant_id").distinct().count() == 3


def test_received_and_accepted_at_once_where_the_materials_are_complete(handed, clerk):
    everything = {
        m.code: "not_applicable" if m.required != "yes" else "paper" for m in STANDARDS[ENROL].materials if not m.from_departments
    }
    roster = handed([person(PLANS[ENROL], n) for n in range(3)], materials=everything, accept=True)
    do.start_roster(roster_id=roster.pk, by=clerk, now=NOW)
    run(roster)
    assert Case.objects.filter(accepted_at__isnull=False).count() == 3


def test_one_that_fails_on_the_way_is_named_and_the_others_go_on_and_it_can_be_tried_again(handed, clerk):
    roster = handed(
        [person(PLANS[ENROL], n) for n in range(5)], materials={}, accept=True
    )  # nothing handed in: nothing is accepted
    do.start_roster(roster_id=roster.pk, by=clerk, now=NOW)
    run(roster)
    sheet = roster_sheet(roster.pk, by=clerk, on=TODAY)
    assert (sheet.made, sheet.failed, roster.state) == (0, 5, "done") and not Case.objects.exists()
    assert all("还缺" in p.problem[0] for p in people_of(sheet, roster_people(sheet)))
    Roster.objects.filter(pk=roster.pk).update(accept=False)
    do.start_roster(roster_id=roster.pk, by=clerk, now=NOW)
    run(roster)
    assert Case.objects.count() == 5


def test_the_same_people_are_taken_once_and_may_come_again_after_it_was_given_up(handed, clerk):
    people = [person(PLANS[ENROL], n) for n in range(2)]
    first = handed(people)
    with pytest.raises(RosterSeen, match="2026-03-02"):
        handed(people)
    do.cancel_roster(roster_id=first.pk, by=clerk, now=NOW)
    assert handed(people).state == "ready" and RosterRow.objects.count() == 2


def test_what_is_no_workbook_is_refused_at_the_door(handed):
    with pytest.raises(FileRefused):
        handed(BytesIO(b"MZ\x90\x00"))
    with pytest.raises(RosterUnreadable):
        handed(picture())


def test_who_may_not_take_the_item_in_hands_no_roster_in(handed, world):
    with pytest.raises(NotAllowed):
        handed([person(PLANS[ENROL], 1)], by=world.actor("reviewer-1"))
    with pytest.raises(RosterNotOffered):
        handed(book(PLANS[ENROL], []), item="labour-dispatch-permit")


def test_a_roster_is_seen_where_it_was_handed_in_and_nowhere_else(handed, world, clerk):
    roster = handed([person(PLANS[ENROL], 1)])
    for name in ("elsewhere", "reviewer-1", "manager", "administrator", "village"):
        with pytest.raises(NotFound):
            roster_sheet(roster.pk, by=world.actor(name), on=TODAY)
        assert not rosters(by=world.actor(name), on=TODAY).exists()
    with pytest.raises(NotFound):
        do.start_roster(roster_id=roster.pk, by=world.actor("elsewhere"), now=NOW)
    assert rosters(by=world.actor("second-clerk"), on=TODAY).get() == roster
    assert (ENROL, STANDARDS[ENROL].name) in roster_items(by=clerk, on=TODAY)
    assert roster_template(roster_offer(ENROL, region="7701", on=TODAY))


def test_what_was_never_started_is_forgotten_after_a_month(handed):
    good, bad = handed([person(PLANS[ENROL], 1)]), handed([person(PLANS[ENROL], 2, hire_date="?")])
    assert do.forget_rosters(now=at("2026-03-20 10:00")) == 0
    assert do.forget_rosters(now=at("2026-04-10 10:00")) == 2
    for roster in (good, bad):
        roster.refresh_from_db()
        assert (roster.state, roster.sheet) == ("cancelled", None)
    assert not RosterRow.objects.exists()


def test_five_thousand_rows_are_read_and_checked_in_little_memory_and_time():
    plan = PLANS[ENROL]
    content = book(plan, [person(plan, n) | {plan.number: someone(n % 900)} for n in range(5_000)]).getvalue()
    tracemalloc.start()
    began = time.perf_counter()
    found = sum(bool(check_row(plan, cells, today=TODAY)[0]) for _, cells in read_roster(content, plan).lines)
    took, (_, peak) = time.perf_counter() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == 5_000
    assert peak < 60_000_000, f"{peak / 1e6:.0f} MB"
    assert took < 60, f"{took:.0f} s"  # tracing makes it several times slower
