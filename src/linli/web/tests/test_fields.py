"""Fields, whatever they were made from, and the form that carries a command's errors."""

import pytest
from django import forms

from linli.kernel.errors import Invalid, LinliError
from linli.web.tests.test_components import render
from linli.web.ui.fields import TYPES, FieldSpec, Option, from_bound
from linli.web.ui.forms import Form


class Wrong(LinliError):
    code = "test.wrong"
    template = "号码少一位。"
    remedy = "请核对。"


class Apply(Form):
    kinds = {"id_number": "id-number"}

    id_number = forms.CharField(label="身份证号", max_length=30, help_text="在证件正面。")
    kind = forms.ChoiceField(label="情况", choices=[("a", "甲"), ("b", "乙")], widget=forms.RadioSelect)
    agreed = forms.BooleanField(label="我已读过", required=False)


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_every_type_renders_with_its_label_and_error(kind):
    spec = FieldSpec("n", "标签", kind, error="错了", help="帮助", options=[Option("a", "甲")], columns=[FieldSpec("c", "列")])
    text = render('<c-field :spec="spec" />', spec=spec)
    assert "标签" in text and "错了" in text and "帮助" in text
    assert 'id="id_n-error"' in text and "aria-describedby" in text


def test_an_unknown_type_is_refused():
    with pytest.raises(ValueError, match="no field type"):
        FieldSpec("n", "x", "colour")


def test_the_field_of_a_form_knows_its_type_label_help_and_value():
    form = Apply({"id_number": "11010519491231002X", "kind": "b"})
    spec = form.field_specs["id_number"]
    assert (spec.type, spec.label, spec.help, spec.value) == ("id-number", "身份证号", "在证件正面。", "11010519491231002X")
    assert form.spec("kind").type == "radio" and form.spec("kind").values == ["b"]
    assert form.spec("agreed").type == "boolean" and not form.spec("agreed").required


def test_a_password_is_never_shown_again():
    class P(forms.Form):
        word = forms.CharField(widget=forms.PasswordInput(render_value=True))

    assert from_bound(P({"word": "secret"})["word"]).value == ""


def test_missing_answers_are_named_with_the_label():
    form = Apply({})
    assert not form.is_valid()
    assert form.problems == [("id_id_number", "请填写身份证号。"), ("id_kind", "请选择情况。")]


def test_the_errors_of_a_command_stand_at_their_fields():
    form = Apply({"id_number": "1", "kind": "a"})
    form.add_problem(Invalid([Wrong(field="id_number"), Wrong(field="elsewhere"), Wrong()]))
    assert form.problems == [("id_id_number", "号码少一位。请核对。"), ("", "号码少一位。请核对。"), ("", "号码少一位。请核对。")]


def test_the_first_choice_of_a_group_takes_the_id_that_the_summary_links_to():
    text = render('<c-field :spec="spec" />', spec=Apply({}).spec("kind"))
    assert 'id="id_kind"' in text and 'id="id_kind-1"' in text


def test_plain_attributes_override_the_spec_and_others_reach_the_control():
    text = render('<c-field :spec="spec" label="改过" hx-post="/x" data-a="1" />', spec=FieldSpec("n", "原来"))
    assert "改过" in text and "原来" not in text and 'hx-post="/x"' in text and 'data-a="1"' in text


def test_a_table_numbers_its_rows():
    spec = FieldSpec("kin", "家人", "table", value=[{"name": "甲"}, {"name": "乙"}], columns=[FieldSpec("name", "姓名")])
    assert [[c.name for c in row] for row in spec.table_rows] == [["kin-0-name"], ["kin-1-name"]]
    assert [c.value for row in spec.table_rows for c in row] == ["甲", "乙"]
    assert spec.blank_row[0].name == "kin-__n__-name"
