"""Statements sent ahead: nothing that a command relies on is lost by not waiting."""

import pytest
from django.db import IntegrityError, connection, transaction
from psycopg.pq import PipelineStatus


@pytest.fixture
def numbers(committed_db):
    """A table of the test's own, through the platform's connection."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE numbers (n int PRIMARY KEY)")


def kept():
    with connection.cursor() as cursor:
        cursor.execute("SELECT n FROM numbers ORDER BY n")
        return [n for (n,) in cursor.fetchall()]


def add(n):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO numbers VALUES (%s)", [n])


def test_what_was_sent_is_there_when_the_transaction_ends(numbers):
    with connection.sending_ahead(), transaction.atomic():
        assert connection.connection.pgconn.pipeline_status == PipelineStatus.ON
        add(1)
        add(2)
        assert kept() == [1, 2]
    assert connection.connection.pgconn.pipeline_status == PipelineStatus.OFF
    assert connection.get_autocommit()
    assert kept() == [1, 2]


def test_a_row_count_and_columns_wait_for_the_answer(numbers):
    with connection.sending_ahead(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO numbers SELECT generate_series(1, 7)")
        assert cursor.rowcount == 7
        cursor.execute("SELECT n AS one_name FROM numbers")
        assert [c.name for c in cursor.description] == ["one_name"]
        cursor.execute("UPDATE numbers SET n = n + 100 WHERE n > %s", [5])
        assert cursor.rowcount == 2


def test_a_refusal_is_found_by_who_expects_it(numbers):
    """The pattern of the rooms: try to insert within a nested block, take the other way when somebody was quicker."""
    with connection.sending_ahead(), transaction.atomic():
        add(1)
        for n in range(2, 40):  # whether the refusal arrives before the end of the block or with it
            with pytest.raises(IntegrityError), transaction.atomic():
                add(1)
                for late in range(n % 4):
                    add(1000 * n + late)
            add(n)
    assert kept() == list(range(1, 40))


def test_a_refusal_found_while_reading_can_be_stepped_back_from(numbers):
    with connection.sending_ahead(), transaction.atomic():
        add(1)
        for n in range(2, 20):
            with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("INSERT INTO numbers VALUES (%s) RETURNING n", [1])
                cursor.fetchone()
            add(n)
    assert kept() == list(range(1, 20))


def test_a_refusal_nobody_expects_ends_the_transaction_at_the_latest_with_it(numbers):
    with pytest.raises(IntegrityError), connection.sending_ahead(), transaction.atomic():
        add(1)
        add(1)
    assert kept() == []
    add(3)  # the connection is as good as before
    assert kept() == [3]


def test_a_change_of_mind_leaves_nothing(numbers):
    with pytest.raises(RuntimeError), connection.sending_ahead(), transaction.atomic():
        add(1)
        raise RuntimeError
    assert kept() == []
    assert connection.get_autocommit()


def test_a_long_answer_is_read_in_pieces_inside_and_outside(numbers):
    with connection.sending_ahead(), transaction.atomic():
        add(1)
        with connection.chunked_cursor() as cursor:
            cursor.execute("SELECT n FROM numbers")
            assert cursor.fetchmany(10) == [(1,)]
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute("SELECT n FROM numbers")
        assert cursor.fetchmany(10) == [(1,)]
