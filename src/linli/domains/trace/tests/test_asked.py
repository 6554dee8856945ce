"""A checking of the record that somebody asked for: under way, over, and what it found."""

from datetime import UTC, datetime

import pytest
from django.db import transaction

from linli.domains.trace.commands import Subject, ask_verification, record, run_verification
from linli.domains.trace.models import Event, Verification
from linli.domains.trace.queries import events_of, verification, verifications
from linli.kernel.actors import Actor
from linli.kernel.errors import NotAllowed
from linli.kernel.ids import uuid7

NOW = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
AUDITOR = Actor(user_id=uuid7(), permissions=frozenset({"trace.verify"}))
CLERK = Actor(user_id=uuid7(), device="w3")
SUBJECT = Subject("case", uuid7())


@pytest.fixture
def noted(committed_db):
    for act in ("t.one", "t.two", "t.one"):
        with transaction.atomic():
            record(act, subject=SUBJECT, by=CLERK, at=NOW)


def test_it_says_that_all_is_well_and_is_recorded_itself(noted):
    asked = ask_verification(by=AUDITOR, now=NOW)
    assert ask_verification(by=AUDITOR, now=NOW) == asked, "one is under way"
    assert verification(asked, by=AUDITOR).found is None
    run_verification(verification_id=asked, now=NOW)
    over = verification(asked, by=AUDITOR)
    assert over.finished_at == NOW and over.found["ok"] and over.events_done == over.events_all == over.found["events"] > 3
    assert Event.objects.filter(chain_id=AUDITOR.user_id, act="trace.verified").count() == 1
    run_verification(verification_id=asked, now=NOW)
    assert Event.objects.filter(chain_id=AUDITOR.user_id, act="trace.verified").count() == 1
    assert ask_verification(by=AUDITOR, now=NOW) != asked


def test_it_names_what_was_changed(noted, as_superuser):
    as_superuser.execute("SET session_replication_role = replica")
    as_superuser.execute("UPDATE trace_event SET act = 't.other' WHERE chain_id = %s AND seq = 2", [SUBJECT.id])
    asked = ask_verification(by=AUDITOR, now=NOW)
    run_verification(verification_id=asked, now=NOW)
    found = Verification.objects.get(pk=asked).found
    assert not found["ok"] and found["faults"][0]["chain"] == str(SUBJECT.id) and found["faults"][0]["seq"] == 2


def test_only_who_may_verify_asks(noted):
    for door in (lambda: ask_verification(by=CLERK, now=NOW), lambda: verifications(by=CLERK)):
        with pytest.raises(NotAllowed):
            door()
    assert [e.seq for e in events_of(SUBJECT.id, acts=["t.one"])] == [3, 1]
