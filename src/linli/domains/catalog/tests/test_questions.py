"""What an applicant is asked to find out whether a material applies: every one of them must read as a question."""

from __future__ import annotations

import re

import pytest

from linli.domains.catalog.queries import Material, Required, package_standards

ASKED = [
    pytest.param(s, m, id=f"{s.code}-{m.code}")
    for s in package_standards()
    for m in s.materials
    if m.required is Required.CONDITIONAL and not m.from_departments
]


@pytest.mark.parametrize(("standard", "material"), ASKED)
def test_every_situation_of_the_catalogue_is_asked_as_a_question(standard, material):
    said = material.asks
    assert said.endswith("？") and said.count("？") == 1 and "是不是" in said, said
    assert not re.search(r"[,;:()?]", said) and len(said) <= 40, said
    assert material.question, "a situation written for clerks is put into the words of whoever applies"


def test_a_situation_nobody_put_into_words_yet_still_reads_as_a_question():
    plain = Material(code="m01", name="某材料", required=Required.CONDITIONAL, condition="变更住所。")
    assert plain.asks == "您是不是这种情况：变更住所？"
