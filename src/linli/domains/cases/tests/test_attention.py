"""Two counters, one queue: a case that came in online is taken by one of them, seen by the others, left, or free again after a while."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from linli.domains.cases import commands as do
from linli.domains.cases.attention import ATTENTION
from linli.domains.cases.errors import BeingAttended
from linli.domains.cases.models import Case
from linli.domains.cases.queries import attended_by, online_waiting
from linli.kernel.errors import NotAllowed, NotFound
from linli.kernel.ids import uuid7
from linli.testing.concurrency import at_once
from linli.testing.online import NOW, TODAY, fill, resident, started

ITEMS = ["job-seeker-registration", "normal-retirement", "card-replacement-lost"]


def send_in(world, items=ITEMS):
    me = resident(world)
    for item in items:
        case_id = started(me, item=item)
        fill(me, case_id)
        do.submit_online(case_id=case_id, by=me, now=NOW)
    clerk = world.actor("elsewhere", on=TODAY)
    return clerk, replace(clerk, user_id=uuid7()), list(online_waiting(by=clerk).values_list("pk", flat=True))


def note(case_id, by, now=NOW):
    do.hand_in(case_id=case_id, material=do.Handed("m01", do.Received.SEEN), by=by, now=now)


@pytest.mark.django_db
def test_what_one_has_taken_up_the_other_leaves_alone_until_it_is_left_or_forgotten(world):
    one, other, (case_id,) = send_in(world, ITEMS[:1])
    do.attend(case_id=case_id, by=one, now=NOW)
    for act in (lambda: do.attend(case_id=case_id, by=other, now=NOW), lambda: note(case_id, other)):
        with pytest.raises(BeingAttended):
            act()
    assert do.attend_next(by=other, now=NOW) is None and do.attend_next(by=one, now=NOW) == case_id
    later = NOW + ATTENTION - timedelta(minutes=1)
    note(case_id, one, now=later)  # whoever works on it keeps it
    with pytest.raises(BeingAttended):
        note(case_id, other, now=NOW + ATTENTION)
    gone = later + ATTENTION
    assert attended_by(Case.objects.get(pk=case_id), now=gone) is None
    note(case_id, other, now=gone)  # the first act takes it
    assert attended_by(Case.objects.get(pk=case_id), now=gone) == other.user_id
    do.leave(case_id=case_id, by=one, now=gone)
    assert attended_by(Case.objects.get(pk=case_id), now=gone) == other.user_id
    do.leave(case_id=case_id, by=other, now=gone)
    assert attended_by(Case.objects.get(pk=case_id), now=gone) is None


@pytest.mark.django_db
def test_nobody_takes_up_what_is_not_theirs_and_attention_is_no_state_of_the_case(world):
    one, _other, (case_id,) = send_in(world, ITEMS[:1])
    before = Case.objects.get(pk=case_id)
    for who in (world.actor("clerk", on=TODAY), resident(world)):
        with pytest.raises((NotFound, NotAllowed)):
            do.attend(case_id=case_id, by=who, now=NOW)
    with pytest.raises(NotFound):
        do.attend(case_id=uuid7(), by=one, now=NOW)
    do.attend(case_id=case_id, by=one, now=NOW)
    after = Case.objects.get(pk=case_id)
    assert (after.version, after.trace_seq, after.state) == (before.version, before.trace_seq, before.state)


def test_of_many_who_open_one_case_at_the_same_moment_one_has_it(committed_db, world):
    clerk, _other, (case_id,) = send_in(world, ITEMS[:1])
    people = [replace(clerk, user_id=uuid7()) for _ in range(12)]
    answers = at_once([lambda who=who: do.attend(case_id=case_id, by=who, now=NOW) for who in people])
    assert answers.count(None) == 1 and all(a is None or isinstance(a, BeingAttended) for a in answers), answers
    holder = attended_by(Case.objects.get(pk=case_id), now=NOW)
    assert people[answers.index(None)].user_id == holder


def test_whoever_asks_for_the_next_at_the_same_moment_gets_another_one(committed_db, world):
    clerk, _other, waiting = send_in(world)
    people = [replace(clerk, user_id=uuid7()) for _ in range(6)]
    got = at_once([lambda who=who: do.attend_next(by=who, now=NOW) for who in people])
    assert sorted(g for g in got if g) == sorted(waiting) and got.count(None) == len(people) - len(waiting), got
