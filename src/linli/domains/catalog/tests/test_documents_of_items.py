"""The documents themselves: reading, limits, plans, checks, comparison, inheritance, tables. No database."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from pydantic import ValidationError

from linli.domains.catalog import inherit
from linli.domains.catalog.checks import Element, check
from linli.domains.catalog.compare import compare
from linli.domains.catalog.errors import NotALocalValue, StandardWrong, TableWrong
from linli.domains.catalog.package import known_facts, read_link, read_package, reference
from linli.domains.catalog.plan import StageDuty, StageKind
from linli.domains.catalog.standard import Standard
from linli.domains.catalog.tables import read_workbook, read_yaml, write_workbook, write_yaml
from linli.domains.catalog.timing import complete_times, legal_limit
from linli.domains.catalog.words import LinkDuty
from linli.kernel.errors import Invalid

ALL = {s.code: s for s in read_package()}
RULES = reference("time-rules")
any_item = st.sampled_from(sorted(ALL.values(), key=lambda s: s.code))
PERMIT = ALL["labour-dispatch-permit"]


def test_the_whole_package_loads():
    assert len(ALL) == 229
    assert len({s.main_code for s in ALL.values()}) == 47
    assert sum(len(s.materials) for s in ALL.values()) == 676
    assert sum(len(s.form) for s in ALL.values()) == 2343


@pytest.mark.parametrize("standard", ALL.values(), ids=ALL)
def test_every_item_can_be_handled_and_keeps_a_promise(standard):
    plan = standard.plan
    assert plan.stages[-1].kind is StageKind.DECIDE
    assert [s.kind for s in plan.stages].count(StageKind.DECIDE) == 1
    assert standard.times.promised is not None
    assert standard.times.notice is not None
    assert standard.times.delivery is not None
    assert all(limit.basis for limit in (standard.times.promised, standard.times.notice, standard.times.delivery))
    assert Standard.model_validate(json.loads(json.dumps(standard.dump()))) == standard


@pytest.mark.parametrize(
    ("links", "stages"),
    [
        (["受理", "办结"], ["decide/review"]),
        (["受理", "审核", "办结"], ["decide/review"]),
        (["受理", "审核", "复核", "办结"], ["review/review", "decide/review"]),
        (["受理", "审核", "审批", "制证"], ["review/review", "decide/decision"]),
        (["受理", "初审", "复核", "审批"], ["review/review", "second_review/review", "decide/decision"]),
        (["受理", "系统比对", "办结"], ["decide/review/automatic"]),
        (["受理", "系统比对", "复核"], ["decide/review"]),
        (["受理", "审批"], ["decide/decision"]),
    ],
)
def test_the_links_of_a_flow_say_who_judges(links, stages):
    item = Standard.model_validate(PERMIT.dump() | {"kind": "公共服务", "links": [read_link(n) for n in links]})
    made = [f"{s.kind}/{s.duty}{'/automatic' if s.automatic else ''}" for s in item.plan.stages]
    assert made == stages


def test_a_permit_whose_facts_are_inspected_is_checked_by_two_people():
    links = [read_link(n) for n in ("受理", "审查", "现场核查", "决定")]
    for kind, kinds in (("行政许可", ["review", "second_review", "decide"]), ("行政确认", ["review", "decide"])):
        plan = Standard.model_validate(PERMIT.dump() | {"links": links, "kind": kind}).plan
        assert [s.kind for s in plan.stages] == kinds
        assert plan.stages[-1].duty is StageDuty.DECISION


@pytest.mark.parametrize(
    ("name", "duty", "special", "limit"),
    [
        ("受理(5日内补正告知)", LinkDuty.ACCEPT, "", (5, "calday")),
        ("公示(3至7个工作日)", LinkDuty.REVIEW, "publicity", (7, "workday")),
        ("审查(上海4个工作日)", LinkDuty.REVIEW, "", (4, "workday")),
        ("专家评审、实地核查", LinkDuty.REVIEW, "expert_review", None),
        ("街道(乡镇)复审", LinkDuty.SECOND_REVIEW, "", None),
        ("送达(20日内)", LinkDuty.DELIVER, "", (20, "calday")),
        ("财务支付", LinkDuty.AFTER, "", None),
        ("从未见过的环节", LinkDuty.REVIEW, "", None),
    ],
)
def test_a_link_is_read_from_its_name(name, duty, special, limit):
    link = read_link(name)
    assert (link["duty"], link["special"]) == (duty, special)
    assert (link["limit"] and (link["limit"]["number"], link["limit"]["unit"])) == limit


def test_limits_come_from_the_item_then_the_law_then_the_bureaus_default():
    bare = PERMIT.model_copy(
        update={"times": PERMIT.times.model_copy(update={"statutory": None, "promised": None, "notice": None})}
    )
    times = complete_times(bare, RULES).times
    assert (times.statutory.number, times.statutory.certainty) == (20, "V")
    assert times.promised.number == 20
    assert "尚未公布" in times.promised.basis
    assert times.notice.deemed_accepted
    assert (times.extension.number, times.extension.approver) == (10, "本行政机关负责人")
    plain = complete_times(bare.model_copy(update={"kind": "公共服务", "legal_basis": ()}), RULES).times
    assert plain.statutory is None
    assert (plain.promised.number, plain.promised.certainty) == (15, "K")
    assert complete_times(PERMIT, RULES) == PERMIT


def findings(**changes):
    doc = PERMIT.dump() | changes
    return {(f.element, f.code, f.stops) for f in check(Standard.model_validate(doc), RULES)}


def test_the_check_finds_what_is_missing_or_broken():
    assert (Element.LEGAL_BASIS, "missing", True) in findings(legal_basis=[])
    assert (Element.LINKS, "missing", True) in findings(links=[])
    assert (Element.APPLICANT_STEPS, "missing", True) in findings(applicant_steps=[])
    assert (Element.FORM, "missing", False) in findings(form=[])
    longer = {"promised": {"number": 21, "unit": "workday"}, "statutory": {"number": 30, "unit": "workday"}}
    assert (Element.TIMES, "longer_than_law", True) in findings(times=longer)
    assert (Element.TIMES, "statutory_longer_than_law", False) in findings(times=longer)
    in_days = {"promised": {"number": 60, "unit": "calday"}}
    assert (Element.TIMES, "longer_than_law", True) in findings(times=in_days)
    fine = {"promised": {"number": 20, "unit": "workday"}}
    assert not {f for f in findings(times=fine) if f[0] is Element.TIMES and f[2]}

    def material(**m):
        return findings(materials=[{"code": "m1", "name": "收入证明"} | m])

    assert (Element.MATERIALS, "bureau_could_get_it", False) in material(source="government")
    assert (Element.MATERIALS, "bureau_could_get_it", False) not in material(source="government", replaced_by="data-share")
    assert (Element.MATERIALS, "proof_without_basis", False) in material()
    assert (Element.MATERIALS, "proof_without_basis", False) not in material(basis="《社会保险法》第十六条")
    assert (Element.MATERIALS, "catch_all", False) in material(name="其他相关材料")


def test_the_law_behind_an_item_is_found_by_its_basis():
    assert legal_limit(ALL["unemployment-benefit-claim"], RULES).number == 10
    assert legal_limit(ALL["normal-retirement"], RULES).number == 20
    assert legal_limit(ALL["injury-determination"], RULES).unit == "calday"


@given(any_item, any_item)
def test_comparison_marks_nothing_on_equal_sides_and_loses_no_text(one, other):
    assert not compare(one, one).changed
    for diff in compare(one, other).elements:
        for row in diff.rows:
            if row.same:
                assert "".join(p.text for p in row.before) == "".join(p.text for p in row.after)
    back, forth = compare(one, other), compare(other, one)
    assert (back.links.before, back.materials.after) == (forth.links.after, forth.materials.before)


def test_comparison_pairs_a_changed_line_and_shows_the_changed_words():
    shorter = Standard.model_validate(
        PERMIT.dump() | {"times": {**PERMIT.dump()["times"], "promised": {"number": 5, "unit": "workday"}}}
    )
    result = compare(PERMIT, shorter)
    assert [e.element for e in result.changed] == [Element.TIMES]
    (row,) = [r for r in result.changed[0].rows if not r.same]
    assert [p.text for p in row.after if not p.same] == ["5"]
    assert result.days.change == 5 - PERMIT.times.promised.number


# -- inheritance -------------------------------------------------------------------------------------------------------------


def test_every_part_of_a_standard_says_what_a_lower_level_may_do_with_it():
    assert set(inherit.LOCAL_RULES) == set(Standard.model_fields)


def local(**changes):
    return inherit.overlay(PERMIT, json.loads(json.dumps(changes)))


def test_a_county_may_promise_less_and_ask_for_less():
    fewer = [m.model_dump(mode="json") for m in PERMIT.materials[1:]]
    times = PERMIT.times.model_dump(mode="json")
    times["promised"]["number"] = 3
    made = local(materials=fewer, times=times)
    assert {d.part for d in inherit.drift(PERMIT, made)} == {"materials", "times"}
    assert all(d.allowed for d in inherit.drift(PERMIT, made))
    assert inherit.overlay(PERMIT, inherit.overrides_of(PERMIT, made)) == made


@pytest.mark.parametrize(
    "change",
    [
        {"name": "另一个名称"},
        {"legal_basis": []},
        {"form": []},
        {"fee": "收费100元"},
        {"materials": [*[m.model_dump(mode="json") for m in PERMIT.materials], {"code": "x1", "name": "多要的一份证明"}]},
        {"times": {**PERMIT.times.model_dump(mode="json"), "promised": {"number": 99, "unit": "workday"}}},
        {"times": {**PERMIT.times.model_dump(mode="json"), "statutory": {"number": 30, "unit": "workday"}}},
        {"times": {**PERMIT.times.model_dump(mode="json"), "extension": {"number": 30, "unit": "workday"}}},
        {"times": {**PERMIT.times.model_dump(mode="json"), "notice": None}},
        {"materials": [PERMIT.materials[1].model_dump(mode="json") | {"replaced_by": None}]},
        {"materials": [PERMIT.materials[0].model_dump(mode="json") | {"copies": 5}]},
        {"links": [PERMIT.links[0].model_dump(mode="json") | {"duty": "review"}]},
    ],
)
def test_a_county_may_not_ask_for_more_or_take_longer(change):
    with pytest.raises(NotALocalValue):
        local(**change)


# -- tables ------------------------------------------------------------------------------------------------------------------


def test_yaml_and_xlsx_give_back_what_was_written():
    items = list(ALL.values())
    assert read_yaml(write_yaml(items)) == items
    book = write_workbook(items, title="八统一表")
    back = {s.code: s for s in read_workbook(BytesIO(book))}
    for code, item in ALL.items():
        assert back[code] == item, code


@given(any_item, st.text(min_size=1, max_size=40).filter(lambda t: t.strip() and t.isprintable()))
def test_any_name_survives_the_tables(item, name):
    try:
        renamed = Standard.model_validate(item.dump() | {"name": name, "summary": name})
    except ValidationError:
        return
    assert read_yaml(write_yaml([renamed])) == [renamed]
    (back,) = read_workbook(BytesIO(write_workbook([renamed], title="t")))
    assert back.name.strip() == renamed.name.strip()


def edited(change):
    book = load_workbook(BytesIO(write_workbook([PERMIT], title="t")))
    change(book)
    out = BytesIO()
    book.save(out)
    out.seek(0)
    return out


def put(sheet, column, value, row=2):
    def change(book):
        heads = [c.value for c in book[sheet][1]]
        book[sheet].cell(row, heads.index(column) + 1).value = value

    return change


@pytest.mark.parametrize(
    ("sheet", "column", "value", "row"),
    [
        ("申请材料", "形式", "照片", "2"),
        ("申请材料", "份数", "三份", "2"),
        ("经办流程", "职责", "看一看", "2"),
        ("表单内容", "必填", "也许", "2"),
        ("事项", "承诺时限", "五天", "2"),
        ("事项", "事项类型", "不存在的类型", "2"),
        ("表单内容", "子项编码", None, "2"),
        ("经办流程", "环节", None, "2"),
    ],
)
def test_a_wrong_cell_is_named_by_sheet_row_and_column(sheet, column, value, row):
    with pytest.raises(TableWrong) as caught:
        read_workbook(edited(put(sheet, column, value)))
    assert caught.value.params["sheet"] == sheet
    assert caught.value.params["column"] == column
    assert row in str(caught.value.params["row"])


def test_missing_sheets_columns_and_strange_files_are_said_to_be_so():
    for change in (lambda b: b.remove(b["经办流程"]), lambda b: b["申请材料"].delete_cols(4)):
        with pytest.raises(TableWrong):
            read_workbook(edited(change))
    for raw in (b"", b"PK\x03\x04nonsense", b"hello"):
        with pytest.raises(TableWrong):
            read_workbook(BytesIO(raw))
    for text in ("{", "a: 1", "- {code: x}"):
        with pytest.raises((StandardWrong, Invalid)):
            read_yaml(text)


def test_every_mistake_in_a_table_is_named_at_once():
    def change(book):
        put("申请材料", "形式", "照片", 3)(book)
        put("经办流程", "职责", "看一看", 2)(book)
        put("表单内容", "名称", None, 4)(book)
        put("事项", "承诺时限", 5000)(book)

    with pytest.raises(Invalid) as caught:
        read_workbook(edited(change))
    where = [(e.params["sheet"], e.params["row"], e.params["column"]) for e in caught.value.errors]
    assert where == [("申请材料", 3, "形式"), ("经办流程", 2, "职责"), ("事项", 2, "承诺时限"), ("表单内容", 4, "名称")]
    assert [str(e.params["why"]) for e in caught.value.errors][2:] == ["不能大于 3650", "不能为空"]
    with pytest.raises(Invalid) as caught:
        read_yaml("- {code: x}\n- {code: y, materials: [{name: 甲}]}")
    assert {"x name：不能为空", "y materials.0.code：不能为空"} <= {str(e.message) for e in caught.value.errors}


def test_an_empty_table_can_be_filled_in():
    book = load_workbook(BytesIO(write_workbook([], title="八统一表")))
    assert [s.title for s in book][1:] == ["事项", "申请材料", "经办流程", "表单内容", "设定依据"]
    assert '"原件,复印件,电子"' in {v.formula1 for v in book["申请材料"].data_validations.dataValidation}


def test_known_facts_are_found_by_field_name():
    facts = known_facts(ALL["unemployment-benefit-claim"], employer=False)
    assert facts["id_number"] == "id_number"
    assert facts["bank_account"] == "bank_account"


def test_what_is_known_of_an_employer_never_stands_in_for_somebody_a_form_is_about():
    persons = {"name", "id_number", "phone", "address", "bank_account", "bank_name"}
    about_somebody = [
        s for s in ALL.values() if "employer" in s.applicant_kinds and {"name", "id_number"} & {f.name for f in s.form}
    ]
    assert len(about_somebody) > 10
    for standard in about_somebody:
        assert not persons & set(known_facts(standard, employer=True)), standard.code
    own = known_facts(ALL["employee-enrolment"], employer=True)
    assert own["org_name"] == "org_name" and "name" not in own
    assert known_facts(ALL["job-vacancy-release"], employer=True)["org_name"] == "org_name"


@pytest.mark.parametrize(
    ("said", "months"),
    [("3年", 36), ("6个月", 6), ("1至3年(按合同期限)", None), ("长期有效", None), ("不超过三年", None), ("", None)],
)
def test_only_a_plain_term_is_counted(said, months):
    assert PERMIT.model_copy(update={"result_validity": said}).result_months == months
