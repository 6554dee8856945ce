"""Where people of a place can go."""

from datetime import UTC, date, datetime

import pytest

from linli.domains.org.commands import add_organisation, grant
from linli.domains.org.queries import OrgKind, Power, counters
from linli.testing.world import BUILDER, CITY, COUNTY

pytestmark = pytest.mark.django_db
NOW, TODAY = datetime(2026, 3, 2, 1, tzinfo=UTC), date(2026, 3, 2)


def names(**asked):
    return [org.name for org in counters(on=TODAY, **asked)]


def test_the_nearest_come_first_and_offices_are_no_counters(world):
    assert names(region=CITY) == ["云岭市政务服务大厅", "清溪县政务服务大厅", "上湾村便民服务站"]
    assert names(region=COUNTY) == ["清溪县政务服务大厅", "上湾村便民服务站", "云岭市政务服务大厅"]
    assert names(region="770121100201") == ["上湾村便民服务站", "清溪县政务服务大厅", "云岭市政务服务大厅"]
    assert names(region="770199") == ["云岭市政务服务大厅"]


def test_a_bureau_without_a_hall_is_its_own_counter_from_its_first_day(world):
    add_organisation(
        code="young", name="白石县人力资源和社会保障局", short_name="白石局", kind=OrgKind.BUREAU, region=COUNTY, parent_id=world.orgs["bureau"],
        valid_from=TODAY, by=BUILDER, now=NOW,
    )  # fmt: skip
    assert "白石县人力资源和社会保障局" in names(region=COUNTY)
    assert "白石县人力资源和社会保障局" not in [o.name for o in counters(region=COUNTY, on=date(2026, 3, 1))]


def test_for_an_item_only_who_may_take_it_in(world):
    grant(
        org_id=world.orgs["county"], item_code="only-here", powers=[Power.RECEIVE], region=COUNTY, document="测试", valid_from=TODAY,
        by=BUILDER, now=NOW,
    )  # fmt: skip
    grant(
        org_id=world.orgs["village"], item_code="only-here", powers=[Power.REVIEW], region=COUNTY, document="测试", valid_from=TODAY,
        by=BUILDER, now=NOW,
    )  # fmt: skip
    assert names(region=COUNTY, item_code="only-here") == ["清溪县政务服务大厅"]
    assert names(region=CITY, item_code="only-here") == ["清溪县政务服务大厅"]
    assert names(region="770199", item_code="only-here") == []
    assert names(region=COUNTY, item_code="nobody-may") == []


def test_it_is_one_query(world, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert [org.region.name for org in counters(region=CITY, on=TODAY)]
