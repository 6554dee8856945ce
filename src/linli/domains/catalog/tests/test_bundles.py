"""Joint matters: whatever members are wanted, every question and every paper is there once, and nothing a member produces is asked."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from linli.domains.catalog import bundles
from linli.domains.catalog.bundles import Bundle, BundleWrong, How, Joined, bare, join
from linli.domains.catalog.commands import load_bundles, load_package, load_partners
from linli.domains.catalog.models import BundleVersion
from linli.domains.catalog.package import bundle_words, read_bundles, read_package, read_partners
from linli.domains.catalog.queries import bundle_in_force, bundles_in_force, check_standard, joined_here
from linli.domains.catalog.standard import FieldType, Material, Required, Source, Standard
from linli.kernel.actors import system
from linli.testing.story import at
from linli.testing.world import CITY, COUNTY, World

STANDARDS = {s.code: s for s in (*read_package(), *read_partners())}
BUNDLES = list(read_bundles())
WORDS = bundle_words()
ON = date(2026, 3, 2)
PUBLISHER = system("catalog.publish")


def whole(bundle: Bundle, chosen: set[str] | None = None) -> Joined:
    return join(bundle, STANDARDS, WORDS, chosen=chosen)


@st.composite
def some_members(draw: st.DrawFn) -> tuple[Bundle, set[str]]:
    bundle = draw(st.sampled_from(BUNDLES))
    return bundle, set(draw(st.lists(st.sampled_from([m.code for m in bundle.members]), min_size=1, unique=True)))


@settings(deadline=None, max_examples=150)
@given(some_members())
def test_every_question_of_every_member_is_asked_exactly_once(case: tuple[Bundle, set[str]]) -> None:
    joined = whole(*case)
    form = {f.name: f for f in joined.form.fields}
    assert len(form) == len(joined.form.fields)
    assert len({f.label for f in form.values()}) == len(form), "two questions read the same"
    for standard in joined.members:
        answered_by = [joined.form.answers[standard.code, f.name] for f in standard.typed]
        assert len(set(answered_by)) == len(answered_by)
        for field, name in zip(standard.typed, answered_by, strict=True):
            assert form[name].required >= field.required
    assert set(joined.form.answers) == {(s.code, f.name) for s in joined.members for f in s.typed}


@settings(deadline=None, max_examples=100)
@given(some_members())
def test_an_answer_and_a_paper_keep_their_names_whichever_members_are_wanted(case: tuple[Bundle, set[str]]) -> None:
    bundle, chosen = case
    some, everything = whole(bundle, chosen), whole(bundle)
    assert all(everything.form.answers[place] == name for place, name in some.form.answers.items())
    lines = {place: m.code for m in everything.materials for place in m.needed_by}
    assert all(lines[place].removesuffix("-own") == m.code.removesuffix("-own") for m in some.materials for place in m.needed_by)


@settings(deadline=None, max_examples=150)
@given(some_members())
def test_every_paper_of_every_member_is_covered_exactly_once(case: tuple[Bundle, set[str]]) -> None:
    joined = whole(*case)
    covered = Counter(place for m in joined.materials for place in m.needed_by)
    assert covered == Counter({(s.code, m.code): 1 for s in joined.members for m in s.to_hand_in})
    by_place = {place: m for m in joined.materials for place in m.needed_by}
    for standard in joined.members:
        for material in standard.to_hand_in:
            line = by_place[standard.code, material.code]
            if material.from_departments:
                assert not line.asked
            if material.required is Required.YES and line.asked:
                assert line.required is Required.YES


@settings(deadline=None, max_examples=150)
@given(some_members())
def test_what_a_member_produces_is_never_asked_of_the_others(case: tuple[Bundle, set[str]]) -> None:
    joined = whole(*case)
    made = bundles._producers(joined.members, WORDS)
    for line in joined.materials:
        for code, material in line.needed_by:
            name = next(m.name for m in joined.standard(code).to_hand_in if m.code == material)
            makers = set(made.get(bundles._same(WORDS.papers, name), ())) - {code}
            if makers:
                assert line.how is How.RESULT, (name, makers)
                assert makers <= set(line.producers) and makers <= set(joined.waits[code])
    order = joined.order
    assert all(order.index(w) < order.index(code) for code, waits in joined.waits.items() for w in waits)


def test_all_of_the_catalogue_can_be_put_together_and_save_something() -> None:
    assert len(BUNDLES) == 21 and len({b.code for b in BUNDLES}) == 21
    for bundle in BUNDLES:
        assert {m.code for m in bundle.members} <= set(STANDARDS), bundle.code
        joined = whole(bundle)
        gains = joined.gains
        assert len(joined.members) == len(bundle.members)
        assert (gains.materials.change or 0) <= 0 and (gains.trips.change or 0) < 0 and (gains.questions.change or 0) < 0
        assert (gains.days.change or 0) <= 0
        assert sum(map(len, joined.layers)) == len(joined.members)


def test_items_of_other_departments_are_items_like_any() -> None:
    partners = list(read_partners())
    assert len(partners) == len({s.code for s in partners}) == 57
    for standard in partners:
        assert not [f for f in check_standard(standard) if f.stops], standard.code
        assert standard.times.promised and standard.times.promised.certainty == "K"
        assert standard.plan.people == 3 and standard.result_document


def test_who_needs_the_licence_waits_for_it_and_nobody_is_asked_for_it() -> None:
    joined = whole(next(b for b in BUNDLES if b.code == "bundle-enterprise-opening"))
    licence = next(m for m in joined.materials if "营业执照" in m.name)
    assert licence.how is How.RESULT and licence.producers == ("enterprise-registration",)
    assert joined.waits["tax-confirmation"] == ("enterprise-registration",)
    assert joined.waits["enterprise-registration"] == ()
    # Without the registration the licence is what departments hold already.
    without = whole(joined.bundle, {"tax-confirmation", "seal-filing"})
    assert next(m for m in without.materials if "营业执照" in m.name).how is How.DEPARTMENTS
    assert without.waits["tax-confirmation"] == ()


def test_members_that_wait_for_one_another_are_refused() -> None:
    def item(code: str, makes: str, needs: str) -> Standard:
        return STANDARDS["tax-clearance"].model_copy(update={
            "code": code, "result_document": makes, "materials": (Material(code="m01", name=needs, source=Source.APPLICANT),),
        })  # fmt: skip

    bundle = BUNDLES[0].model_copy(update={"members": tuple(bundles.Member(code=c) for c in ("one", "two")), "form": ()})
    ring = {"one": item("one", "第一证明", "第二证明"), "two": item("two", "第二证明", "第一证明")}
    with pytest.raises(BundleWrong, match="互相等待"):
        join(bundle, ring, WORDS)


def test_a_day_answers_a_question_for_a_month() -> None:
    bundle = next(b for b in BUNDLES if b.code == "bundle-hire-employee")
    one = STANDARDS["employee-enrolment"]
    month = next(f for f in one.form if f.type is FieldType.YEAR_MONTH)
    other = one.model_copy(update={"code": "other", "form": (month.model_copy(update={"type": FieldType.DATE}),), "materials": ()})
    joined = join(
        bundle.model_copy(update={"members": tuple(bundles.Member(code=c) for c in (one.code, "other"))}),
        {one.code: one, "other": other},
        WORDS,
    )
    name = joined.form.answers["other", month.name]
    assert joined.form.answers[one.code, month.name] == name
    assert joined.form.of_member(one, {name: "2026-03-09"})[month.name] == "2026-03"
    assert joined.form.of_member(other, {name: "2026-03-09"})[month.name] == "2026-03-09"


def test_names_are_compared_without_brackets_and_marks() -> None:
    assert bare("联系电话(手机优先)") == bare("联系电话（手机优先）") == "联系电话"
    assert bare("（甲）") == "（甲）"


@pytest.mark.django_db
def test_loading_twice_publishes_once_and_what_is_published_stays(world: World) -> None:
    common = {"region": CITY, "valid_from": date(2026, 1, 1), "by": PUBLISHER, "now": at("2026-03-02 09:00")}
    partners = load_partners(papers={}, **common)
    assert (partners.added, partners.unchanged) == (57, 0)
    assert load_package(papers={}, **common).added == 0
    first = load_bundles(**common)
    again = load_bundles(**common)
    assert (first.added, again.added, again.unchanged) == (21, 0, 21)
    row = BundleVersion.objects.get(code="bundle-newborn")
    with pytest.raises(DatabaseError, match="cannot be changed"), transaction.atomic():
        BundleVersion.objects.filter(pk=row.pk).update(name="别的")


@pytest.mark.django_db
def test_a_county_follows_the_city_and_the_members_are_those_in_force(world: World, django_assert_max_num_queries: Any) -> None:
    common = {"region": CITY, "valid_from": date(2026, 1, 1), "by": PUBLISHER, "now": at("2026-03-02 09:00")}
    load_bundles(**common)
    before = bundle_in_force("bundle-newborn", region=COUNTY, on=ON)
    assert [s.code for s in joined_here(before, region=COUNTY, on=ON).members] == [
        "card-application"
    ]  # the others are not offered yet
    load_partners(papers={}, **common)
    with django_assert_max_num_queries(3):
        assert len(joined_here(before, region=COUNTY, on=ON).members) == len(before.bundle.members)
    with django_assert_max_num_queries(1):
        assert len(bundles_in_force(region=COUNTY, on=ON)) == 21
    assert bundles_in_force(region=COUNTY, on=date(2025, 12, 31)) == []
