from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from linli.domains.trace import subscriptions
from linli.domains.trace.chain import canonical, climb, merkle_levels, merkle_path, merkle_root, plain
from linli.domains.trace.commands import KeyReused, Subject, expect, once, record
from linli.domains.trace.models import Answer, Chain, Event
from linli.domains.trace.queries import timeline
from linli.kernel.actors import Actor, Channel
from linli.kernel.errors import NotFound
from linli.kernel.ids import uuid7
from linli.testing.concurrency import at_once

NOW = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
CLERK = Actor(user_id=uuid7(), posting_id=uuid7(), org_id=uuid7(), hall_id=uuid7(), device="w3", channel=Channel.HALL)


def act(subject, name="t.done", *, new=False, at=NOW, **data):
    with transaction.atomic():
        return record(name, subject=subject, by=CLERK, at=at, new=new, **data)


@pytest.mark.django_db
def test_acts_form_one_chain_in_order_with_actor_and_data():
    case = Subject("case", uuid7())
    assert act(case, "cases.received", new=True, number="1", day=date(2026, 11, 20), fee=Decimal("0.10")) == 1
    assert act(case, "cases.accepted", at=NOW + timedelta(days=40)) == 2
    first, second = timeline(case.id)
    assert (first.act, first.seq, first.data) == ("cases.received", 1, {"number": "1", "day": "2026-11-20", "fee": "0.10"})
    assert (second.act, second.user_id, second.hall_id, second.channel) == ("cases.accepted", CLERK.user_id, CLERK.hall_id, "hall")
    one, two = Event.objects.filter(chain_id=case.id).order_by("seq")
    assert bytes(two.prev) == bytes(one.hash)
    chain = Chain.objects.get(pk=case.id)
    assert (chain.seq, bytes(chain.head)) == (2, bytes(two.hash))


@pytest.mark.django_db
def test_an_act_that_is_rolled_back_leaves_nothing():
    case = Subject("case", uuid7())
    with pytest.raises(RuntimeError), transaction.atomic():
        record("t.done", subject=case, by=CLERK, at=NOW)
        raise RuntimeError
    assert not Chain.objects.filter(pk=case.id).exists()
    assert timeline(case.id) == []


def test_an_act_outside_a_transaction_is_a_bug(committed_db):
    with pytest.raises(RuntimeError, match="transaction"):
        record("t.done", subject=Subject("case", uuid7()), by=CLERK, at=NOW)


def test_many_writers_on_one_subject_make_one_unbroken_chain(committed_db):
    case = Subject("case", uuid7())
    results = at_once([lambda n=n: act(case, n=n) for n in range(40)])
    assert sorted(results, key=repr) == sorted(range(1, 41), key=repr)
    from linli.domains.trace.verify import verify_chain

    verdict = verify_chain(case.id)
    assert verdict.ok, verdict.faults
    assert verdict.events == 40


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE trace_event SET act = 'x'",
        "DELETE FROM trace_event",
        "UPDATE trace_chain SET head = head",
        "UPDATE trace_chain SET seq = 0",
        "DELETE FROM trace_chain",
    ],
)
def test_the_database_refuses_to_change_what_was_written(sql):
    act(Subject("case", uuid7()))
    with pytest.raises(DatabaseError, match=r"written once|only grows"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.django_db
def test_partitions_refuse_to_be_emptied():
    act(Subject("case", uuid7()))
    with pytest.raises(DatabaseError, match="written once"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE trace_event_202611")


@pytest.mark.django_db
def test_a_subscriber_is_enqueued_in_the_same_transaction(monkeypatch):
    calls = []
    monkeypatch.setattr("linli.domains.trace.commands.defer", lambda task, **kw: calls.append((task, kw)))
    monkeypatch.setattr(subscriptions, "_tasks", defaultdict(dict))
    subscriptions.subscribe("t.heard", "room.task")
    subscriptions.subscribe("t.heard", "room.choosy", when=lambda noted: noted.get("n") == 7)
    case = Subject("case", uuid7())
    act(case, "t.heard")
    act(case, "t.unheard")
    act(case, "t.heard", n=7)
    heard = [("room.task", {"chain_id": str(case.id), "seq": n}) for n in (1, 3)]
    assert calls == [*heard, ("room.choosy", {"chain_id": str(case.id), "seq": 3})]


def test_floats_and_objects_are_not_data():
    for value in (1.5, object(), {"deep": [1.5]}):
        with pytest.raises(TypeError):
            plain(value)
    assert plain({"b": (1, True, None), "a": {2, 1}}) == {"b": [1, True, None], "a": [1, 2]}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda c: st.lists(c) | st.dictionaries(st.text(), c),
    max_leaves=10,
)


@pytest.mark.django_db
@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_any_data_survive_the_database_with_the_same_canonical_bytes(data):
    import json

    clean = plain(data)
    try:
        canonical(clean)
    except UnicodeEncodeError:
        return  # lone surrogates cannot be stored as UTF-8 anywhere
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::jsonb::text", [json.dumps(clean)])
        assert canonical(json.loads(cursor.fetchone()[0])) == canonical(clean)


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=70), st.data())
def test_every_leaf_climbs_to_the_root_and_a_wrong_one_does_not(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    path = merkle_path(merkle_levels(leaves), index)
    assert climb(leaves[index], path) == merkle_root(leaves)
    assert climb(bytes(31) + b"\x07", path) != merkle_root(leaves) or leaves[index] == bytes(31) + b"\x07"
    assert len(leaves) == 1 or merkle_root(leaves) != merkle_root(leaves[:-1])


@once
def make_thing(*, name, by, now):
    if name == "wrong":
        raise NotFound(what="x")
    thing = Subject("thing", uuid7())
    record("t.made", subject=thing, by=by, at=now, new=True, name=name)
    return thing.id


def test_one_key_makes_one_thing_however_often_and_however_many_at_once(committed_db):
    key = uuid7()
    answers = at_once([lambda: make_thing(name="a", by=CLERK, now=NOW, key=key)] * 30)
    assert len(set(answers)) == 1, answers
    assert make_thing(name="a", by=CLERK, now=NOW + timedelta(hours=1), key=key) == answers[0]
    assert Event.objects.filter(act="t.made").count() == 1


@pytest.mark.django_db
def test_a_key_is_not_good_for_another_request_or_another_person():
    key = uuid7()
    make_thing(name="a", by=CLERK, now=NOW, key=key)
    with pytest.raises(KeyReused):
        make_thing(name="b", by=CLERK, now=NOW, key=key)
    with pytest.raises(KeyReused):
        make_thing(name="a", by=Actor(user_id=uuid7()), now=NOW, key=key)


@pytest.mark.django_db
def test_a_refused_request_keeps_its_key_free():
    key = uuid7()
    with pytest.raises(NotFound):
        make_thing(name="wrong", by=CLERK, now=NOW, key=key)
    assert not Answer.objects.exists()
    assert make_thing(name="right", by=CLERK, now=NOW, key=key)


@once
def changes_its_mind(*, subject, meanwhile, by, now):
    """Asks for a chain's head, even writes to it, steps back, and writes all the same, after somebody else has."""
    with suppress(LookupError), transaction.atomic():
        expect(subject)
        raise LookupError
    assert at_once([meanwhile]) == [None]
    with suppress(LookupError), transaction.atomic():
        record("t.taken_back", subject=subject, by=by, at=now)
        raise LookupError
    record("t.mine", subject=subject, by=by, at=now)
    record("t.mine", subject=subject, by=by, at=now)


@once
def keeps_to_it(*, subject, by, now):
    expect(subject)
    record("t.mine", subject=subject, by=by, at=now)


def test_a_head_asked_for_early_counts_only_while_its_lock_is_held(committed_db):
    subject = Subject("thing", uuid7())

    def theirs():
        with transaction.atomic():
            act(subject, "t.theirs")

    theirs()
    changes_its_mind(subject=subject, meanwhile=theirs, by=CLERK, now=NOW)
    keeps_to_it(subject=subject, by=CLERK, now=NOW)
    events = Event.objects.filter(chain_id=subject.id).order_by("seq")
    assert list(events.values_list("seq", "act")) == [(1, "t.theirs"), (2, "t.theirs"), (3, "t.mine"), (4, "t.mine"), (5, "t.mine")]
    assert [bytes(e.prev) for e in events[1:]] == [bytes(e.hash) for e in events[:4]]
