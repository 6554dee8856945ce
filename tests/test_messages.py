"""The English catalogue is complete, its compiled file is what its text gives, and the table of settings is true."""

import runpy
from pathlib import Path

import pytest
from django.utils import translation

SCRIPT = Path(__file__).resolve().parent.parent / "script"


@pytest.fixture(scope="module")
def messages():
    return runpy.run_path(str(SCRIPT / "messages"))


def test_every_sentence_has_its_english(messages):
    assert messages["problems"]() == []


@pytest.mark.parametrize(
    ("template", "sentences"),
    [
        ("{% translate '返回' %}<p>{{ _('修改') }}</p>", {"返回", "修改"}),
        (
            "<c-button label=\"{% translate '保存' %}\">{% blocktranslate with n=x|y %}共 {{ n }} 条{% endblocktranslate %}",
            {"保存", "共 %(n)s 条"},
        ),
        ("{% blocktranslate count n=n %}{{ n }} 件{% plural %}{{ n }} 些{% endblocktranslate %}", {("%(n)s 件", "%(n)s 些")}),
        ("{% comment %}{% translate '没有' %}{% endcomment %}", set()),
    ],
)
def test_sentences_are_found_in_templates(messages, template, sentences):
    assert {s for _, s in messages["in_template"](template)} == sentences


def test_sentences_are_found_in_python(messages):
    code = """
from django.utils.translation import gettext_lazy as lazy
a = noop("一") ; b = msg("二 %(x)s", x=1) ; c = lazy("三" "四") ; d = other("五") ; e = noop(a)
"""
    assert {s for _, s in messages["in_python"](code)} == {"一", "二 %(x)s", "三四"}


def test_chinese_that_is_not_marked_is_noticed(messages, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        "<p>{% translate '好' %}</p>\n<p>裸字</p>\n<span lang=\"zh-Hans\">中文</span>\n{# 注 #}<!-- 注 -->\n"
        "{% comment %}注{% endcomment %}\n{% blocktranslate %}句{% endblocktranslate %}\n",
        "utf-8",
    )
    assert list(messages["bare"](page)) == ["<p>裸字</p>"]


def test_django_reads_the_compiled_file():
    with translation.override("en"):
        assert translation.gettext("返回") == "Back"


def test_the_table_of_settings_is_true():
    settings = runpy.run_path(str(SCRIPT / "settings"))
    assert settings["table"]() in settings["PAGE"].read_text("utf-8"), "run script/settings"
    assert all(field.description for field in settings["Env"].model_fields.values())
