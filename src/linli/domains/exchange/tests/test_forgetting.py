"""What was kept long enough is forgotten, never a day sooner, and the digest of an answer stays for good (DS-03)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from linli.domains.exchange import commands as do
from linli.domains.exchange import queries as ask
from linli.domains.exchange.models import Question, Receipt, Try
from linli.domains.exchange.rules import Outcome, QuestionState
from linli.domains.trace.queries import events_of
from linli.kernel.ids import uuid7
from linli.testing.world import person_id

pytestmark = pytest.mark.django_db
FACE = "ga-identity"


def now():
    return datetime.now(UTC)


def years_ago(years: int, days: int = 0) -> datetime:
    return now() - timedelta(days=round(365.25 * years) + days)


def forgotten():
    return list(events_of(do.KEPT, acts=["exchange.forgotten"]))


def kept(world, at: datetime, state=QuestionState.ANSWERED, *, filed: bool = True) -> Question:
    """A question as it was settled then, with one call and, if it was answered, a receipt that lies in the file of its case."""
    settled = None if state is QuestionState.WAITING else at
    q = Question.objects.create(
        subject_id=uuid7(), material="m1", material_name="居民身份证", interface=FACE, owner="公安机关", item_code="x", region="770121",
        org_id=world.orgs["county"], hall_id=world.orgs["hall"], party_id=world.people["applicant"], purpose="p", legal_basis="b",
        query={"query": {"subject_number": person_id(0)}, "facts": {}}, query_sm3=b"q" * 32, state=state, asked_at=at, settled_at=settled,
        whose=ask.whose(person_id(0)), filed_at=at if filed else None,
    )  # fmt: skip
    Try.objects.create(question=q, interface=FACE, at=at, took_ms=5, outcome=Outcome.ANSWERED, fields=["name"])
    if state is QuestionState.ANSWERED:
        Receipt.objects.create(
            question=q, source="公安机关", query_sm3=b"q" * 32, answer_sm3=b"a" * 32, signed="s", app_id="hrss", at=at, as_of=at.date(),
            fields=["name"], answer={"name": "赵示例"},
        )  # fmt: skip
    return q


def test_what_is_old_enough_is_forgotten_and_its_digest_stays(world):
    old, recent = kept(world, years_ago(4)), kept(world, years_ago(2))
    assert do.forget(now=now()) == 1
    receipt = Receipt.objects.get(pk=old.pk)
    assert (receipt.answer, bytes(receipt.answer_sm3), receipt.signed) == (None, b"a" * 32, "s")
    row = Question.objects.get(pk=old.pk)
    assert (row.query.open_json(), row.whose) == ({"query": {}, "facts": {}}, None)
    assert row.forgotten_at
    assert not Try.objects.filter(question=old).exists()
    shown = ask.shared_of(old.subject_id)["m1"]
    assert (shown.usable, shown.digest, shown.lines, shown.forgotten) == (True, (b"a" * 32).hex(), (), True)
    assert Receipt.objects.get(pk=recent.pk).answer.open_json() == {"name": "赵示例"}
    assert Try.objects.filter(question=recent).count() == 1
    told = forgotten()[0].data
    assert (told["questions"], told["calls"]) == (1, 1)


def test_it_goes_in_batches_and_doing_it_again_does_nothing(world):
    for n in range(5):
        kept(world, years_ago(4, days=n))
    assert [do.forget(now=now(), limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert len(forgotten()) == 3


def test_what_is_still_waited_for_is_kept_and_what_never_came_is_no_longer_asked(world):
    waiting, failed = kept(world, years_ago(4), QuestionState.WAITING), kept(world, years_ago(4), QuestionState.FAILED)
    assert do.forget(now=now()) == 1
    assert Question.objects.get(pk=waiting.pk).query.open_json()["query"] == {"subject_number": person_id(0)}
    assert Question.objects.get(pk=failed.pk).state == QuestionState.WITHDRAWN


def test_an_answer_that_lies_in_no_file_yet_is_never_forgotten(world):
    answer = kept(world, years_ago(9), filed=False)
    absent, failed = (kept(world, years_ago(9), state, filed=False) for state in (QuestionState.ABSENT, QuestionState.FAILED))
    assert do.forget(now=now()) == 2
    assert set(Question.objects.exclude(forgotten_at=None).values_list("pk", flat=True)) == {absent.pk, failed.pk}
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT exchange_forget(ARRAY[%s]::uuid[])", [answer.pk])
    assert Receipt.objects.get(pk=answer.pk).answer.open_json() == {"name": "赵示例"}
    assert list(ask.unfiled_subjects()) == [answer.subject_id]
    do.note_filed(subject_id=answer.subject_id, question_ids=[answer.pk], now=now())
    assert do.forget(now=now()) == 1
    assert Receipt.objects.get(pk=answer.pk).answer is None


def test_a_bureau_may_keep_longer(world, settings):
    kept(world, years_ago(4))
    settings.ENV = settings.ENV.model_copy(update={"exchange_keep_years": 5})
    assert do.forget(now=now()) == 0


def test_the_database_lets_nobody_forget_sooner_or_change_anything_else(world):
    recent, old = kept(world, years_ago(2)), kept(world, years_ago(4))
    for statement, pk in [
        ("SELECT exchange_forget(ARRAY[%s]::uuid[])", recent.pk),
        ("DELETE FROM exchange_receipt WHERE question_id = %s", old.pk),
        ("UPDATE exchange_receipt SET answer = 'x' WHERE question_id = %s", old.pk),
        ("UPDATE exchange_receipt SET answer = NULL, signed = 'y' WHERE question_id = %s", old.pk),
        ("UPDATE exchange_try SET took_ms = 1 WHERE question_id = %s", old.pk),
    ]:
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [pk])
