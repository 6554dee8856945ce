"""Who looked at whose record: asked by the auditor, whose own look is recorded too."""

import pytest

from linli.domains.people.commands import ReasonMissing, audit_looks, view_full, view_person
from linli.domains.people.queries import Purpose, looks
from linli.kernel.errors import NotAllowed, NotFound
from linli.testing.story import at
from linli.testing.world import person_id

pytestmark = pytest.mark.django_db
NOW = at("2026-03-02 10:30")


def test_every_look_is_found_with_who_and_what_for(world):
    person, clerk = world.people["applicant"], world.actor("clerk")
    view_person(person_id=person, by=clerk, now=NOW)
    view_full(person_id=person, field="phone", purpose=next(iter(Purpose)), by=clerk, now=NOW)
    auditor = world.actor("auditor")
    assert audit_looks(number=person_id(0), reason="信访核查", by=auditor, now=NOW) == person
    seen = list(looks(person, by=auditor))
    assert [e.act for e in seen] == ["people.looks_audited", "people.shown_whole", "people.viewed"]
    assert seen[0].data["purpose"] == "信访核查" and {e.user_id for e in seen} == {clerk.user_id, auditor.user_id}
    assert not looks(world.people["neighbour"], by=auditor).exists()


def test_without_a_reason_or_a_person_nothing_is_shown(world):
    auditor = world.actor("auditor")
    with pytest.raises(ReasonMissing):
        audit_looks(number=person_id(0), reason=" ", by=auditor, now=NOW)
    with pytest.raises(NotFound):
        audit_looks(number=person_id(8), reason="信访核查", by=auditor, now=NOW)


@pytest.mark.parametrize("who", ["manager", "clerk", "administrator"])
def test_only_the_auditor_asks(world, who):
    with pytest.raises(NotAllowed):
        audit_looks(number=person_id(0), reason="信访核查", by=world.actor(who), now=NOW)
    with pytest.raises(NotAllowed):
        looks(world.people["applicant"], by=world.actor(who))
