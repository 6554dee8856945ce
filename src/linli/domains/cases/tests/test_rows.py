"""Rows written and read without the ORM's queries (``kernel.rows``) are the same rows; here, where there are tables to try it on."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from linli.domains.cases.models import Ask, Case, Correction, DrawDay, Step
from linli.domains.catalog.queries import ItemStandard
from linli.kernel import rows
from linli.kernel.ids import uuid7
from linli.testing.story import Story

pytestmark = pytest.mark.django_db
WHEN = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


@pytest.fixture
def case(world):
    story = Story(world)
    story.receive()
    return story.case


def values(row):
    """Every column as Python sees it; sealed ones opened."""
    found = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields}
    return {k: v.open() if hasattr(v, "open") else bytes(v) if isinstance(v, memoryview) else v for k, v in found.items()}


def steps(case, count):
    return [
        Step(
            case=case,
            ordinal=20 + n,
            kind="review",
            name=f"第{n}步“'\\%s",
            state="waiting",
            links_done=["一", "二;三"],
            opened_at=WHEN,
        )
        for n in range(count)
    ]


def same(model, row):
    """The row by both ways of reading."""
    by_orm, by_hand = model.objects.get(pk=row.pk), rows.one(model, "WHERE t.id = %s", [row.pk])
    assert by_hand is not None and values(by_orm) == values(by_hand)
    assert by_hand == by_orm and not by_hand._state.adding and by_hand._state.db == connection.alias
    return by_orm


def test_what_is_inserted_is_what_the_orm_reads(case):
    made = steps(case, 3)
    with CaptureQueriesContext(connection) as asked:
        rows.insert(*made)
    assert len(asked) == 1
    for row in made:
        assert values(same(Step, row)) == values(row) and not row._state.adding


def test_inserting_nothing_asks_nothing():
    with CaptureQueriesContext(connection) as asked:
        rows.insert()
    assert len(asked) == 0


def test_json_dates_and_none_come_back_as_they_went_in(case):
    kept = Correction(
        case=case, items=[{"code": "a", "what": "缺“页”\n第二行", "n": 1, "deep": {"x": None}}], given_at=WHEN, given_on=date(2026, 3, 2),
        due_on=date(2026, 3, 9), late=False,
    )  # fmt: skip
    rows.insert(kept)
    by_orm, by_hand = Correction.objects.get(pk=case.pk), rows.one(Correction, "WHERE t.case_id = %s", [case.pk])
    assert by_hand is not None and values(by_orm) == values(by_hand)
    assert by_hand.items == kept.items and by_hand.corrected_at is None and by_hand.document_id is None
    standard = ItemStandard.objects.order_by("pk").first()
    read = rows.one(ItemStandard, "WHERE t.id = %s", [standard.pk])
    assert read is not None and read.doc == standard.doc


def test_sealed_fields_are_encrypted_in_the_table_and_open_from_either_side(case):
    day = DrawDay(day=date(2027, 6, 1), commitment=b"\x01" * 32, seed="geheim-密", committed_at=WHEN)
    rows.insert(day)
    assert DrawDay.objects.get(pk=day.pk).seed.open() == "geheim-密"
    read = rows.one(DrawDay, "WHERE t.day = %s", [day.pk])
    assert read is not None and read.seed.open() == "geheim-密" == day.seed.open()
    with connection.cursor() as cursor:
        cursor.execute("SELECT seed FROM cases_drawday WHERE day = %s", [day.pk])
        assert b"geheim" not in bytes(cursor.fetchone()[0])
    assert rows.one(Case, "WHERE t.id = %s", [case.pk]).form.open_json() == case.form.open_json()


def test_an_update_writes_what_is_named_and_leaves_the_rest(case):
    row, other = steps(case, 2)
    rows.insert(row, other)
    row.state, row.name, row.opinion, row.links_done = "released", "不写", "写", ["三"]
    with CaptureQueriesContext(connection) as asked:
        rows.update(row, ["state", "opinion", "links_done", "state"])
    assert len(asked) == 1
    now = same(Step, row)
    assert (now.state, now.opinion, now.links_done) == ("released", "写", ["三"]) and now.name != "不写"
    assert values(Step.objects.get(pk=other.pk)) == values(other)
    with CaptureQueriesContext(connection) as asked:
        rows.update(row, [])
    assert len(asked) == 0


def test_an_unknown_attribute_is_refused_before_anything_is_written(case):
    row = steps(case, 1)[0]
    rows.insert(row)
    with pytest.raises(KeyError):
        rows.update(row, ["state", "nonsense"])


def test_the_constraints_of_the_database_hold_here_too(case):
    row = steps(case, 1)[0]
    rows.insert(row)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.insert(Step(case=case, ordinal=row.ordinal, kind="review", name="x", state="waiting"))
    row.state = "open"  # without anybody whose it is
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(row, ["state"])


def test_what_is_not_there_is_none_and_values_never_become_sql(case):
    assert rows.one(Ask, "WHERE t.id = %s", [uuid7()]) is None
    assert rows.load(Step, "WHERE t.case_id = %s AND t.name = %s", [case.pk, "'; DROP TABLE cases_step; --"]) == []
    made = steps(case, 2)
    rows.insert(*made)
    assert [r.pk for r in rows.load(Step, "WHERE t.name = %s", [made[1].name])] == [made[1].pk]
