"""Interfaces are data: the ones that ship are whole, cover the catalogue, and a wrong file says where it is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.domains.exchange.contract import Interface, covering, package, read
from linli.domains.exchange.errors import ContractWrong
from linli.domains.exchange.queries import uncovered
from linli.testing.departments import held_elsewhere

ONE = """
subjects:
  本人: [{name: subject_number, label: 证件号码, takes: [deceased_id, id_number]}, {name: subject_name, label: 姓名, takes: [name], required: false}]
interfaces:
  - code: xx-one
    name: 示例
    owner: 示例部门
    sharing: unconditional
    legal_basis: 示例依据
    purpose: 示例目的
    subject: 本人
    fresh_days: 1
    response: [{name: name, label: 姓名, personal: true}]
    answers: [{name: 示例证明, issuers: [示例]}]
"""


def test_the_departments_that_the_platform_needs_are_there():
    owners = " ".join(i.owner for i in package().values())
    for word in (
        "公安",
        "民政",
        "税务",
        "市场监管",
        "医疗保障",
        "教育",
        "卫生健康",
        "残疾人",
        "公积金",
        "住房和城乡建设",
        "法院",
        "银行",
    ):
        assert word in owners
    assert len(package()) >= 24


def test_every_material_that_the_bureau_gets_itself_is_covered():
    wanted = held_elsewhere()
    assert len(wanted) >= 198
    assert uncovered(wanted) == []


def test_what_nobody_holds_is_listed_as_uncovered():
    assert uncovered([("一张没有人见过的纸", ""), ("居民户口簿", "公安机关"), ("一张没有人见过的纸", "")]) == [
        ("一张没有人见过的纸", "")
    ]


@pytest.mark.parametrize(
    ("name", "issued_by", "first"),
    [
        ("居民身份证或社会保障卡", "公安机关、人力资源社会保障部门", "ga-identity"),
        ("死亡证明", "公安、卫生健康部门", "ga-deregistered"),
        ("营业执照副本、法定代表人身份证明书", "", "sj-registration"),
        ("家庭成员失业登记信息", "", "rs-employment"),
        ("注销通知书或批准解散、撤销、终止的文件", "市场监管、民政、编制等登记管理机关", "sj-cancelled"),
        ("社会保障卡金融账户或银行卡", "", "yh-account"),
    ],
)
def test_the_interface_that_fits_best_comes_first(name, issued_by, first):
    assert covering(name, issued_by)[0].code == first


def test_an_issuer_that_does_not_fit_rules_an_interface_out():
    faces = read(ONE, file="x.yaml")
    assert [f.code for f in covering("示例证明", "示例局", among=faces)] == ["xx-one"]
    assert [f.code for f in covering("示例证明", "", among=faces)] == ["xx-one"]
    assert covering("示例证明", "别的局", among=faces) == []
    assert covering("别的证明", "示例局", among=faces) == []


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("fresh_days: 1", "fresh_days: often", "xx-one.fresh_days"),
        ("label: 姓名, personal", "label: '', personal", "xx-one.response.0.label"),
        ("answers: [{name: 示例证明, issuers: [示例]}]", "answers: [{}]", "xx-one.answers.0"),
        ("sharing: unconditional", "sharing: secret", "xx-one.sharing"),
        ("owner: 示例部门", "holder: 示例部门", "xx-one.owner"),
        ("code: xx-one", "code: 示例", "示例.code"),
    ],
)
def test_a_wrong_file_says_which_file_and_which_field(old, new, where):
    assert old in ONE
    with pytest.raises(ContractWrong) as caught:
        read(ONE.replace(old, new), file="our.yaml")
    assert caught.value.params["file"] == "our.yaml"
    assert caught.value.params["where"] == where


def test_one_code_stands_for_one_interface():
    again = ONE + ONE[ONE.index("  - code") :]
    with pytest.raises(ContractWrong):
        read(again, file="x.yaml")


@pytest.mark.parametrize("text", ["", "[]", "interfaces: 3", "interfaces: [3]", "{", "interfaces: [null]"])
def test_what_is_no_book_of_interfaces_is_refused(text):
    with pytest.raises(ContractWrong):
        read(text, file="x.yaml")


def face() -> Interface:
    return read(ONE, file="x.yaml")[0]


def test_a_place_that_is_still_empty_is_not_filled_with_somebody_else():
    assert face().query_from({"deceased_id": "", "id_number": "1", "name": "x"}) == ({"subject_name": "x"}, ["证件号码"])
    assert face().query_from({"id_number": "1"}) == ({"subject_number": "1"}, [])
    assert face().query_from({"deceased_id": "2", "id_number": "1"})[0]["subject_number"] == "2"


@given(st.dictionaries(st.sampled_from(["deceased_id", "id_number", "name", "other"]), st.text(max_size=5)))
def test_a_query_holds_conditions_of_the_contract_and_nothing_else(facts):
    query, missing = face().query_from(facts)
    assert set(query) <= {"subject_number", "subject_name"}
    assert all(v and v == v.strip() for v in query.values())
    assert ("subject_number" in query) is (not missing)
