from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction

from linli.domains.accounts.commands import create_user
from linli.domains.catalog.commands import (
    DraftChanged,
    DraftIncomplete,
    EffectiveDateWrong,
    ItemUnknown,
    NotALocalValue,
    OtherPlace,
    StandardWrong,
    discard_draft,
    import_standards,
    load_package,
    publish,
    save_draft,
    start_draft,
    withdraw_item,
)
from linli.domains.catalog.models import ItemStandard, SubItem
from linli.domains.catalog.queries import (
    drafts,
    drift_counts,
    drift_of,
    drifting,
    findings_of,
    get_row,
    get_standard,
    in_force,
    preview,
    published,
    search,
    upcoming,
    versions,
    withdrawn,
)
from linli.kernel.actors import Actor, system
from linli.kernel.errors import Invalid, NotAllowed
from linli.kernel.ids import uuid7
from linli.testing.concurrency import at_once
from linli.testing.fixtures import standing_on

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
CITY, COUNTY = "7702", "770221"  # not the region of the invented city, whose catalogue is already loaded
CODE = "labour-dispatch-permit"
PINS = {"acceptance": 1}
LOADER = system("catalog.publish", "catalog.edit")


@pytest.fixture(scope="module")
def second_city(django_db_setup, django_db_blocker):
    def build():
        load_package(region=CITY, valid_from=date(2026, 1, 1), papers=PINS, by=LOADER, now=NOW)

    with standing_on("second_city", build, django_db_blocker):
        yield


@pytest.fixture
def loaded(second_city, db):
    """The catalogue of that city, in a transaction of the test's own."""


@pytest.fixture
def editor(db):
    user = create_user(username="drafting-editor", name="编辑", password="a-long-secret-1", by=system("accounts.manage"), now=NOW)
    return Actor(user_id=user, permissions=frozenset({"catalog.edit", "catalog.publish", "catalog.view"}))


def change(draft_id, editor, **parts):
    row = get_row(draft_id)
    doc = {**row.doc, **parts}
    return save_draft(draft_id=draft_id, doc=doc, revision=row.revision, by=editor, now=NOW)


def promise(days):
    times = get_standard(ItemStandard.objects.get(item_id=CODE, region=CITY, version=1).pk).times.model_dump(mode="json")
    return times | {"promised": {"number": days, "unit": "workday", "basis": "本局公布", "certainty": "L"}}


def test_loading_publishes_everything_once(loaded):
    assert published(region=COUNTY, on=TODAY).count() == 229
    again = load_package(region=CITY, valid_from=TODAY, papers=PINS, by=LOADER, now=NOW)
    assert (again.added, again.unchanged) == (0, 229)
    found = in_force(CODE, region=COUNTY, on=TODAY)
    assert (found.region, found.version, found.standard.papers) == (CITY, 1, PINS)
    assert in_force(CODE, region=COUNTY, on=date(2025, 12, 31)) is None
    assert in_force(CODE, region="1101", on=TODAY) is None


def test_a_new_version_counts_from_its_day_and_the_old_one_stays_as_it_was(loaded, editor):
    old = in_force(CODE, region=COUNTY, on=TODAY)
    draft = start_draft(item_code=CODE, region=CITY, by=editor, now=NOW)
    change(draft, editor, times=promise(3))
    done = publish(draft_id=draft, valid_from=date(2026, 4, 1), papers={"acceptance": 2}, by=editor, now=NOW)
    assert in_force(CODE, region=COUNTY, on=date(2026, 3, 31)).id == old.id
    new = in_force(CODE, region=COUNTY, on=date(2026, 4, 1))
    assert (new.id, new.standard.times.promised.number, new.standard.papers) == (done.standard_id, 3, {"acceptance": 2})
    assert get_standard(old.id).times.promised.number != 3
    assert [v.version for v in versions(CODE) if v.region == CITY] == [2, 1]


def test_the_database_refuses_to_change_what_is_published(loaded):
    row = ItemStandard.objects.get(item_id=CODE, region=CITY)
    for attempt in (lambda: ItemStandard.objects.filter(pk=row.pk).update(name="x"), row.delete, row.save):
        with pytest.raises(DatabaseError, match="published"), transaction.atomic():
            attempt()


def test_a_draft_that_breaks_a_rule_is_not_published_and_says_what(loaded, editor):
    draft = start_draft(item_code=CODE, region=CITY, by=editor, now=NOW)
    change(draft, editor, legal_basis=[], times=promise(50))
    with pytest.raises(DraftIncomplete) as caught:
        publish(draft_id=draft, valid_from=TODAY, papers=PINS, by=editor, now=NOW)
    assert len(caught.value.params["findings"]) == 2
    with pytest.raises(StandardWrong, match="kind"):
        change(draft, editor, kind="不存在")
    assert get_row(draft).revision == 2


def test_publication_is_never_backdated(loaded, editor):
    draft = start_draft(item_code=CODE, region=CITY, by=editor, now=NOW)
    with pytest.raises(EffectiveDateWrong):
        publish(draft_id=draft, valid_from=TODAY - timedelta(days=1), papers=PINS, by=editor, now=NOW)


def test_two_editors_do_not_overwrite_each_other(loaded, editor):
    draft = start_draft(item_code=CODE, region=CITY, by=editor, now=NOW)
    assert start_draft(item_code=CODE, region=CITY, by=editor, now=NOW) == draft
    row = get_row(draft)
    save_draft(draft_id=draft, doc={**row.doc, "summary": "甲"}, revision=1, by=editor, now=NOW)
    with pytest.raises(DraftChanged, match="编辑"):
        save_draft(draft_id=draft, doc={**row.doc, "summary": "乙"}, revision=1, by=editor, now=NOW)
    assert get_row(draft).doc["summary"] == "甲"


def test_only_an_editor_edits_and_only_a_publisher_publishes(loaded, editor):
    reader = Actor(user_id=editor.user_id, permissions=frozenset({"catalog.view"}))
    writer = Actor(user_id=editor.user_id, permissions=frozenset({"catalog.edit"}))
    with pytest.raises(NotAllowed):
        start_draft(item_code=CODE, region=CITY, by=reader, now=NOW)
    draft = start_draft(item_code=CODE, region=CITY, by=writer, now=NOW)
    with pytest.raises(NotAllowed):
        publish(draft_id=draft, valid_from=TODAY, papers=PINS, by=writer, now=NOW)
    discard_draft(draft_id=draft, by=writer, now=NOW)
    assert not drafts().exists()


def test_a_county_takes_over_the_city_standard_and_its_difference_is_reported(loaded, editor):
    draft = start_draft(item_code=CODE, region=COUNTY, by=editor, now=NOW)
    with pytest.raises(NotALocalValue, match="设定依据"):
        change(draft, editor, legal_basis=[{"law": "县里的规定"}])
    change(draft, editor, times=promise(2))
    publish(draft_id=draft, valid_from=TODAY, papers=PINS, by=editor, now=NOW)
    assert in_force(CODE, region=COUNTY, on=TODAY).standard.times.promised.number == 2
    assert in_force(CODE, region="770222", on=TODAY).standard.times.promised.number != 2
    row = get_row(in_force(CODE, region=COUNTY, on=TODAY).id)
    assert [d.part for d in drift_of(row)] == ["times"]
    assert [r.region for r in drifting(on=TODAY)] == [COUNTY]


def test_local_values_are_carried_over_to_a_new_city_version_or_left_to_a_person(loaded, editor):
    county = start_draft(item_code=CODE, region=COUNTY, by=editor, now=NOW)
    change(county, editor, times=promise(4))
    publish(draft_id=county, valid_from=TODAY, papers=PINS, by=editor, now=NOW)

    city = start_draft(item_code=CODE, region=CITY, by=editor, now=NOW)
    change(city, editor, summary="改了说明")
    done = publish(draft_id=city, valid_from=TODAY, papers=PINS, by=editor, now=NOW)
    assert done.followed == (COUNTY,)
    local = in_force(CODE, region=COUNTY, on=TODAY).standard
    assert (local.times.promised.number, local.summary) == (4, "改了说明")

    city = start_draft(item_code=CODE, region=CITY, by=editor, now=NOW)
    change(city, editor, times=promise(3))
    done = publish(draft_id=city, valid_from=TODAY, papers=PINS, by=editor, now=NOW)
    assert (done.followed, done.to_settle) == ((), (COUNTY,))
    assert [(d.region, d.item_id) for d in drafts()] == [(COUNTY, CODE)]
    assert in_force(CODE, region=COUNTY, on=TODAY).standard.times.promised.number == 4


def test_a_withdrawn_item_is_no_longer_offered_there(loaded, editor):
    withdraw_item(item_code=CODE, region=COUNTY, valid_from=date(2026, 4, 1), reason="划转市级", by=editor, now=NOW)
    assert in_force(CODE, region=COUNTY, on=date(2026, 3, 31))
    assert in_force(CODE, region=COUNTY, on=date(2026, 4, 1)) is None
    assert in_force(CODE, region=CITY, on=date(2026, 4, 1))
    assert published(region=COUNTY, on=date(2026, 4, 1)).count() == 228
    with pytest.raises(ItemUnknown):
        withdraw_item(item_code=CODE, region="1101", valid_from=date(2026, 4, 1), reason="x", by=editor, now=NOW)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("lwpq", CODE),
        ("劳务派遣经营许可", CODE),
        ("派遣许可", CODE),
        ("失业金", "unemployment-benefit-claim"),
        ("syb", "unemployment-benefit-claim"),
        ("卡丢了", "card-loss-report"),
        ("讨薪", "wage-arrears-clue"),
        ("工伤 认定", "injury-determination"),
    ],
)
def test_items_are_found_the_way_people_say_them(loaded, typed, expected):
    assert expected in [row.item_id for row in search(typed, region=COUNTY, on=TODAY)[:20]]


def test_lists_cost_the_same_however_long(loaded, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert len([(r.name, r.item.main.name) for r in published(region=COUNTY, on=TODAY)]) == 229
    with django_assert_num_queries(2):
        assert list(search("养老", region=COUNTY, on=TODAY))


def test_importing_makes_drafts_of_what_differs_and_adds_what_is_new(loaded, editor):
    same = in_force("injury-determination", region=CITY, on=TODAY).standard
    changed = in_force(CODE, region=CITY, on=TODAY).standard.model_copy(update={"summary": "来自表格"})
    new = changed.model_copy(update={"code": "brand-new-item", "name": "新增事项"})
    done = import_standards(standards=[same, changed, new], region=CITY, by=editor, now=NOW)
    assert (done.drafts, done.unchanged) == ((CODE, "brand-new-item"), ("injury-determination",))
    assert SubItem.objects.filter(pk="brand-new-item").exists()
    assert import_standards(standards=[changed], region=CITY, by=editor, now=NOW).drafts == (CODE,)


def test_an_import_with_one_mistake_changes_nothing(loaded, editor):
    fine = in_force(CODE, region=COUNTY, on=TODAY).standard.model_copy(update={"summary": "来自表格"})
    other = in_force("injury-determination", region=COUNTY, on=TODAY).standard.model_copy(update={"fee": "一百元"})
    with pytest.raises(StandardWrong, match="工伤认定.*收费"):
        import_standards(standards=[fine, other], region=COUNTY, by=editor, now=NOW)
    another = in_force("normal-retirement", region=COUNTY, on=TODAY).standard.model_copy(update={"fee": "二百元"})
    with pytest.raises(Invalid) as caught:
        import_standards(standards=[other, fine, another], region=COUNTY, by=editor, now=NOW)
    assert [e.params["where"].partition("（")[2] for e in caught.value.errors] == ["injury-determination）", "normal-retirement）"]
    assert not drafts().exists()


def test_an_import_is_shown_before_it_is_done(loaded, editor, django_assert_num_queries):
    same = in_force("injury-determination", region=COUNTY, on=TODAY).standard
    changed = in_force(CODE, region=COUNTY, on=TODAY).standard.model_copy(update={"trips": 0})
    refused = in_force("normal-retirement", region=COUNTY, on=TODAY).standard.model_copy(update={"fee": "二百元"})
    new = changed.model_copy(update={"code": "brand-new-item"})
    start_draft(item_code=CODE, region=COUNTY, by=editor, now=NOW)
    with django_assert_num_queries(2):
        rows = preview([same, changed, refused, new], region=COUNTY, on=TODAY)
    assert [row.kind for row in rows] == ["unchanged", "changed", "changed", "added"]
    assert (rows[1].comparison.trips.after, rows[1].draft_by, rows[1].problem) == (0, "编辑", None)
    assert "收费" in str(rows[2].problem)


def test_an_editor_looks_after_their_own_place_and_those_below(loaded, editor):
    here = replace(editor, region=COUNTY)
    with pytest.raises(OtherPlace):
        start_draft(item_code=CODE, region=CITY, by=here, now=NOW)
    city_draft = start_draft(item_code=CODE, region=CITY, by=editor, now=NOW)
    for act in (
        lambda: save_draft(draft_id=city_draft, doc=get_row(city_draft).doc, revision=1, by=here, now=NOW),
        lambda: discard_draft(draft_id=city_draft, by=here, now=NOW),
        lambda: publish(draft_id=city_draft, valid_from=TODAY, papers=PINS, by=here, now=NOW),
        lambda: withdraw_item(item_code=CODE, region=CITY, valid_from=TODAY, reason="x", by=here, now=NOW),
        lambda: import_standards(standards=[], region=CITY, by=here, now=NOW),
    ):
        with pytest.raises(OtherPlace):
            act()
    assert start_draft(item_code=CODE, region=f"{COUNTY}100", by=here, now=NOW)


def test_a_draft_below_is_kept_when_the_standard_above_changes(loaded, editor):
    below = start_draft(item_code=CODE, region=COUNTY, by=editor, now=NOW)
    change(below, editor, times=promise(8), summary="县里的说明")
    above = start_draft(item_code=CODE, region=CITY, by=editor, now=NOW)
    change(above, editor, times=promise(5))
    publish(draft_id=above, valid_from=TODAY, papers=PINS, by=editor, now=NOW)
    row = get_row(below)
    assert (row.base_id, row.doc["summary"], row.doc["times"]["promised"]["number"]) == (above, "县里的说明", 8)
    with pytest.raises(NotALocalValue, match="办理时限"):
        publish(draft_id=below, valid_from=TODAY, papers=PINS, by=editor, now=NOW)
    change(below, editor, times=promise(4))
    publish(draft_id=below, valid_from=TODAY, papers=PINS, by=editor, now=NOW)
    assert in_force(CODE, region=COUNTY, on=TODAY).standard.summary == "县里的说明"


def test_a_place_that_ended_an_item_does_not_get_it_back(loaded, editor):
    local = start_draft(item_code=CODE, region=COUNTY, by=editor, now=NOW)
    change(local, editor, trips=0)
    publish(draft_id=local, valid_from=TODAY, papers=PINS, by=editor, now=NOW)
    start_draft(item_code=CODE, region=COUNTY, by=editor, now=NOW)  # an open draft does not stand in the way
    withdraw_item(item_code=CODE, region=COUNTY, valid_from=TODAY, reason="划转市级", by=editor, now=NOW)
    above = start_draft(item_code=CODE, region=CITY, by=editor, now=NOW)
    change(above, editor, times=promise(5))
    assert publish(draft_id=above, valid_from=TODAY, papers=PINS, by=editor, now=NOW).followed == ()
    assert in_force(CODE, region=COUNTY, on=TODAY) is None
    assert [row.item_id for row in withdrawn(on=TODAY, region=COUNTY)] == [CODE]


def test_a_new_draft_follows_what_is_published_for_a_later_day(loaded, editor):
    first = start_draft(item_code=CODE, region=CITY, by=editor, now=NOW)
    change(first, editor, times=promise(5))
    publish(draft_id=first, valid_from=TODAY + timedelta(days=30), papers=PINS, by=editor, now=NOW)
    assert [row.pk for row in upcoming(on=TODAY, region=CITY)] == [first]
    second = start_draft(item_code=CODE, region=CITY, by=editor, now=NOW)
    assert get_row(second).doc["times"]["promised"]["number"] == 5
    local = start_draft(item_code=CODE, region=COUNTY, by=editor, now=NOW)
    with pytest.raises(EffectiveDateWrong):
        publish(draft_id=local, valid_from=TODAY, papers=PINS, by=editor, now=NOW)


def test_publishing_twice_with_one_key_is_publishing_once(loaded, editor):
    draft, key = start_draft(item_code=CODE, region=CITY, by=editor, now=NOW), uuid7()
    change(draft, editor, times=promise(5))
    done = [publish(draft_id=draft, valid_from=TODAY, papers=PINS, by=editor, now=NOW, key=key) for _ in range(2)]
    assert done[0] == done[1]
    assert versions(CODE).filter(region=CITY).count() == 2


def test_drift_is_counted_by_place_and_part(loaded, editor, django_assert_num_queries):
    for region, parts in ((COUNTY, {"trips": 0, "times": promise(2)}), ("770222", {"trips": 0})):
        draft = start_draft(item_code=CODE, region=region, by=editor, now=NOW)
        change(draft, editor, **parts)
        publish(draft_id=draft, valid_from=TODAY, papers=PINS, by=editor, now=NOW)
    same = start_draft(item_code="injury-determination", region=COUNTY, by=editor, now=NOW)
    publish(draft_id=same, valid_from=TODAY, papers=PINS, by=editor, now=NOW)
    with django_assert_num_queries(2):
        counts = drift_counts(on=TODAY)
    assert counts.places == {COUNTY: 1, "770222": 1}
    assert counts.parts == {"trips": 2, "times": 1}
    assert [row.region for row in drifting(on=TODAY, region=COUNTY)] == [COUNTY]


def test_findings_are_worked_out_once(loaded, django_assert_num_queries):
    ids = list(published(region=CITY, on=TODAY).values_list("pk", flat=True))
    with django_assert_num_queries(1):
        found = findings_of(ids)
    assert len(found) == 229
    assert {f.code for f in found[in_force("unemployment-death-grant", region=CITY, on=TODAY).id]} >= {"proof_without_basis"}
    with django_assert_num_queries(0):
        assert findings_of(ids) == found


def test_ten_editors_starting_at_once_share_one_draft(second_city, committed_db):
    made = at_once([lambda: start_draft(item_code=CODE, region=CITY, by=LOADER, now=NOW)] * 10)
    assert len(set(made)) == 1, made
