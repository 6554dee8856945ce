"""What of the catalogue is public: published versions at addresses that keep, never drafts."""

from datetime import UTC, date, datetime

import pytest

from linli.domains.catalog.commands import publish, start_draft, withdraw_item
from linli.domains.catalog.queries import in_force, offered_in, public_version, public_versions
from linli.kernel.errors import NotFound
from linli.testing.world import CITY, COUNTY

pytestmark = pytest.mark.django_db
NOW, LATER = datetime(2026, 3, 2, 1, tzinfo=UTC), date(2026, 4, 1)
ITEM = "job-seeker-registration"


@pytest.fixture
def editor(world):
    return world.actor("editor")


def test_a_draft_is_not_public_and_a_version_to_come_is(editor):
    draft = start_draft(item_code=ITEM, region=CITY, by=editor, now=NOW)
    assert [v.version for v in public_versions(ITEM, region=CITY)] == [1]
    with pytest.raises(NotFound):
        public_version(ITEM, region=CITY, version=2)
    publish(draft_id=draft, valid_from=LATER, papers={}, by=editor, now=NOW)
    assert [v.version for v in public_versions(ITEM, region=CITY)] == [2, 1]
    assert public_version(ITEM, region=CITY, version=2).valid_from == LATER
    assert in_force(ITEM, region=CITY, on=NOW.date()).version == 1


def test_what_was_withdrawn_keeps_its_old_addresses_and_gets_no_new_one(editor):
    withdraw_item(item_code=ITEM, region=CITY, valid_from=LATER, reason="并入其他事项", by=editor, now=NOW)
    assert in_force(ITEM, region=CITY, on=LATER) is None
    assert public_version(ITEM, region=CITY, version=1).standard.code == ITEM
    with pytest.raises(NotFound):
        public_version(ITEM, region=CITY, version=2)


def test_places_with_standards_of_their_own(editor):
    assert offered_in(on=NOW.date()) == [CITY]
    assert offered_in(on=date(2025, 12, 31)) == []
    publish(
        draft_id=start_draft(item_code=ITEM, region=COUNTY, by=editor, now=NOW), valid_from=LATER, papers={}, by=editor, now=NOW
    )
    assert offered_in(on=NOW.date()) == [CITY]
    assert offered_in(on=LATER) == [CITY, COUNTY]
