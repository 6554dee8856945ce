"""One consent, however often the button is pressed at once."""

from linli.domains.people import commands as do
from linli.domains.people.queries import ConsentPurpose, consents
from linli.domains.people.tests.test_mandates import resident
from linli.testing.concurrency import at_once
from linli.testing.record import events_on
from linli.testing.story import at

NOW = at("2026-03-02 10:00")
KEEP = ConsentPurpose.KEEP_ACCOUNT


def test_agreeing_many_times_at_once_is_agreeing_once(committed_db, world):
    me = resident(world)
    at_once([lambda: do.give_consent(purpose=KEEP, by=me, now=NOW)] * 10)
    assert consents(by=me).count() == 1
    assert [a for a, _ in events_on(me.resident_id)].count("people.consented") == 1
