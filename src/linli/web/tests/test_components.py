"""The components: each is in the gallery, opens with its comment, escapes what it is given and speaks through the catalogue."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template import Context, Template
from django.utils.safestring import mark_safe
from django_cotton.compiler_regex import CottonCompiler

from linli.testing.browser import make_login
from linli.web.ui import gallery

WEB = Path(__file__).parent.parent
COMPONENTS = sorted(p.stem for p in (WEB / "ui/templates/cotton").glob("*.html"))
TEMPLATES = sorted(WEB.rglob("templates/**/*.html"))
ICONS = set(re.findall(r'<symbol id="([^"]+)"', (WEB / "ui/static/ui/vendor/icons.svg").read_text("utf-8")))


def render(source: str, **context: object) -> str:
    return Template(CottonCompiler().process(source)).render(Context(context))


@pytest.fixture
def gallery_page(client, db):
    login = make_login("wang", "window-clerk")
    client.post("/login", {"username": login.username, "password": login.password})

    def get(face="portal"):
        answer = client.get(f"/ui/?face={face}")
        assert answer.status_code == 200
        return answer.content.decode()

    return get


def test_every_component_is_in_the_gallery():
    shown = [e for _, group in gallery.exhibits() for e in group]
    assert sorted(e.name for e in shown) == COMPONENTS
    assert all(e.source and f"<{e.tag}" in e.source for e in shown)


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_opens_with_a_comment_that_has_an_example(name):
    about = gallery.Exhibit(name).about
    assert about and "Example:" in about


@pytest.mark.parametrize("face", ["portal", "desk", "console"])
def test_no_component_tag_reaches_the_page(gallery_page, face):
    text = gallery_page(face)
    assert "<c-" not in text and "</c-" not in text
    assert "{%" not in re.sub(r"<pre.*?</pre>", "", text, flags=re.DOTALL)
    assert 'style="' not in text and not re.search(r"<[^>]+\son\w+=", text), "the content security policy refuses both"


def test_ids_are_unique_in_the_gallery(gallery_page):
    ids: list[str] = []

    class Collect(HTMLParser):
        def handle_starttag(self, tag, attrs):
            ids.extend(v for k, v in attrs if k == "id")

    Collect().feed(re.sub(r"<template>.*?</template>", "", gallery_page(), flags=re.DOTALL))
    assert len(ids) == len(set(ids)), sorted({i for i in ids if ids.count(i) > 1})


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.relative_to(WEB).as_posix())
def test_left_over_attributes_go_through_the_filter_that_escapes(path):
    assert not re.search(r"\{\{\s*attrs\s*\}\}", path.read_text("utf-8"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.relative_to(WEB).as_posix())
def test_every_visible_word_is_translated(path):
    text = path.read_text("utf-8")
    text = re.sub(r"\{%\s*comment\s*%\}.*?\{%\s*endcomment\s*%\}|\{#.*?#\}", "", text, flags=re.DOTALL)
    text = re.sub(r"\{%\s*blocktranslate.*?\{%\s*endblocktranslate\s*%\}", "", text, flags=re.DOTALL)
    text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", text, flags=re.DOTALL)
    text = text.replace("中文", "")  # the name of a language is written in it
    assert not re.findall(r"[\u4e00-\u9fff]+", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.relative_to(WEB).as_posix())
def test_every_icon_named_in_a_template_is_vendored(path):
    text = path.read_text("utf-8")
    named = re.findall(r'<c-icon name="([a-z0-9-]+)"', text) + re.findall(r'icon(?:-end)?="([a-z0-9-]+)"', text)
    assert set(named) - {"none"} <= ICONS


def test_what_a_person_typed_cannot_become_markup():
    evil = '"><script>alert(1)</script>'
    for source in (
        '<c-button :data-note="evil">{{ evil }}</c-button>', '<c-badge data-note="{{ evil }}">{{ evil }}</c-badge>',
        '<c-field name="a" :label="evil" :value="evil" :error="evil" :help="evil" :placeholder="evil" />',
        '<c-alert :title="evil">{{ evil }}</c-alert>', '<c-person :name="evil" :number="evil" />', '<c-copy :value="evil" label="x" />',
        '<c-masked id="m" :value="evil" />', '<c-stat :label="evil" :value="evil" :note="evil" />', '<c-page-head :title="evil" />',
    ):  # fmt: skip
        text = render(source, evil=evil)
        assert "<script" not in text, source
        assert 'onmouseover="' not in render(source, evil='" onmouseover="x"'), source


def test_a_component_does_not_see_the_variables_of_the_page():
    assert "leak" not in render('<c-field name="a" label="x" />', error="leak", help="leak", value="leak", spec="leak")


def test_markup_in_a_slot_stays_markup():
    assert "<b>x</b>" in render('<c-field name="a" label="l"><b>x</b></c-field>')
    assert "<b>x</b>" in render("<c-alert>{{ text }}</c-alert>", text=mark_safe("<b>x</b>"))


def test_an_attribute_that_is_false_is_left_out():
    assert "disabled" not in render('<c-button :disabled="no">x</c-button>', no=False)
    assert " disabled" in render('<c-button :disabled="yes">x</c-button>', yes=True)
