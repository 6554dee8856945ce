"""What messages say, all of them: lengths, discretion, and that every wording is there."""

from __future__ import annotations

import re

import pytest
from pydantic import ValidationError

from linli.domains.notices.rules import SMS_LONGEST, SMS_VALUE, fill, loud_from, places
from linli.domains.notices.wording import Kind, Voice, kinds, sms_of
from linli.testing.story import at

EACH = pytest.mark.parametrize("name", sorted(kinds()))


@EACH
def test_an_sms_is_never_longer_than_two_parts_or_three_in_english(name):
    """Whatever the values: those of a date take sixteen characters, a number four, others are shortened."""
    kind = kinds()[name]
    usual = {"day": "2026-12-31 (周四)", "until": "2026-12-31 (Thu)", "tail": "1234", "minutes": "5", "code": "123456"}
    values = {n: usual.get(n, "很" * 40) for n in kind.needs}
    for language, voice in (("zh", Voice()), ("en", Voice(english=True))):
        said = sms_of(kind, values, voice, sign="很" * 20)
        assert len(said) <= SMS_LONGEST[language], f"{name}: {len(said)} characters in {language}"
        assert "很" * (SMS_VALUE + 1) not in said


@EACH
def test_the_wordings_fill_in_the_same_in_both_languages(name):
    kind = kinds()[name]
    assert places(kind.sms.zh) == places(kind.sms.en)
    assert places(kind.title.zh) == places(kind.title.en)
    assert places(kind.text.zh) - {"due"} == places(kind.text.en) - {"due"}
    assert places(kind.text.plain) <= places(kind.text.zh) | places(kind.sms.zh)


@EACH
def test_chinese_has_full_width_marks_and_plain_words_have_short_sentences(name):
    kind = kinds()[name]
    for text in (kind.sms.zh, kind.title.zh, kind.text.zh, kind.text.plain):
        assert not re.search(r"[一-鿿][,;:?!]", text), text
    longest = max(len(re.sub(r"\{\w+\}", "", part)) for part in re.split(r"[。，；：（）]", kind.text.plain))
    assert longest <= 22, kind.text.plain


def test_an_sms_with_reasons_or_a_personal_number_is_refused():
    good = kinds()["case.not_accepted"].model_dump()
    Kind.model_validate(good)
    for secret in ("reason", "id_number", "phone", "facts"):
        with pytest.raises(ValidationError, match="may not say"):
            Kind.model_validate(good | {"sms": {"zh": f"您{{{secret}}}", "en": "you"}})


def test_a_value_that_looks_like_a_place_is_left_as_it_is():
    assert fill("“{item}”已受理", {"item": "{office}{0.__class__}", "office": "局"}) == "“{office}{0.__class__}”已受理"


@pytest.mark.parametrize(
    ("moment", "first"),
    [
        ("2026-03-02 20:59", "2026-03-02 20:59"),
        ("2026-03-02 21:00", "2026-03-03 08:00"),
        ("2026-03-03 00:00", "2026-03-03 08:00"),
        ("2026-03-03 07:59", "2026-03-03 08:00"),
        ("2026-03-03 08:00", "2026-03-03 08:00"),
    ],
)
def test_quiet_hours(moment, first):
    from datetime import time

    assert loud_from(at(moment), quiet_from=time(21), quiet_until=time(8)) == at(first)
    assert loud_from(at(moment), quiet_from=time(8), quiet_until=time(8)) == at(moment)
