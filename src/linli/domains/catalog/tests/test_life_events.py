"""Life events lead to items that exist, for those who may apply for them."""

from __future__ import annotations

from linli.domains.catalog.queries import life_events, package_standards


def test_every_item_of_a_life_event_exists_and_is_for_those_it_is_shown_to():
    standards = {s.code: s for s in package_standards()}
    for event in life_events():
        assert event.items and len(set(event.items)) == len(event.items), event.code
        for code in event.items:
            assert code in standards, (event.code, code)
            assert event.applicant in standards[code].applicant_kinds, (event.code, code, standards[code].applicant_kinds)
    assert len({e.code for e in life_events()}) == len(life_events()) >= 10


def test_an_event_is_found_by_everyday_words():
    def meant(text):
        return [e.code for e in life_events() if e.is_meant(text)]

    assert "retire" in meant("我要退休") and "wages-owed" in meant("讨薪") and not meant("") and not meant("xyz")
