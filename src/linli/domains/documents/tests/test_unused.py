"""A kept file goes when nothing needs it and never while somebody takes it into use, on real connections."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from threading import Event

import pytest
from django.apps import apps
from django.db import connection, transaction

from linli.domains.documents import unused
from linli.domains.documents.commands import forget_unused, hold_files, register_uses, store_file
from linli.domains.documents.errors import FileGone
from linli.domains.documents.models import StoredFile
from linli.domains.documents.queries import FileChanged, open_file
from linli.kernel.actors import system
from linli.testing.concurrency import at_once
from linli.testing.story import picture

BY = system("documents.store")
WAIT = 30  # seconds, for what must come at once


def bring(text: str):
    return store_file(content=picture(text), declared_name="a.png", by=BY, now=datetime.now(UTC))


def is_there(ref) -> bool:
    try:
        return bool(open_file(ref.id).read())
    except FileChanged:
        return False


def needs(*file_ids):
    """A room that needs these files, until the test ends."""
    held = set(file_ids)
    register_uses(lambda ids, but: held & set(ids))
    return held


def until_somebody_waits() -> None:
    """Until another connection waits for a lock of ours."""
    give_up = time.monotonic() + WAIT
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))")
            if cursor.fetchone()[0]:
                return
            assert time.monotonic() < give_up, "nobody waits"


@pytest.fixture
def really(committed_db, django_db_blocker):
    """Transactions that commit, on connections of their own."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture(autouse=True)
def _rooms():
    known = list(unused._uses)
    yield
    unused._uses[:] = known


@pytest.mark.django_db
def test_what_nothing_needs_goes_and_its_row_says_that_it_was_there(django_capture_on_commit_callbacks):
    lost, used = bring("lost"), bring("used")
    needs(used.id)
    with django_capture_on_commit_callbacks(execute=True):
        assert forget_unused([lost.id, used.id]) == 1
        assert forget_unused([lost.id, used.id]) == 0
    assert (is_there(lost), is_there(used)) == (False, True)
    assert StoredFile.objects.filter(pk=lost.id).exists()
    with pytest.raises(FileGone):
        hold_files([lost.id, used.id])
    again = bring("lost")
    assert (again.id, is_there(again)) == (lost.id, True)
    hold_files([again.id, used.id])


@pytest.mark.django_db
def test_every_room_that_refers_to_files_is_asked():
    """Each column of a model that names a kept file belongs to a room that tells what it needs."""
    asked = {uses.__module__.split(".")[2] for uses in unused._uses} | {"documents", "people"}
    columns = [f for m in apps.get_models() for f in m._meta.concrete_fields]
    refer = {f.model._meta.app_label for f in columns if f.attname.endswith(("file_id", "paper_ids"))}
    assert refer - asked == set()
    assert {"cases", "clients", "documents"} <= refer


def test_bytes_brought_again_while_they_are_swept_are_there_for_whoever_brought_them(really):
    """The sweep has looked and not yet ended when the same bytes come again: they wait, and are written anew."""
    first, looked = bring("same"), Event()

    def asked_last(ids, but):
        looked.set()
        until_somebody_waits()
        return set()

    register_uses(asked_last)

    def sweep():
        return forget_unused([first.id])

    def come():
        assert looked.wait(WAIT)
        ref = bring("same")
        with transaction.atomic():
            hold_files([ref.id])
        return ref

    gone, ref = at_once([sweep, come])
    assert gone == 1
    assert ref.id == first.id
    assert is_there(ref)


def test_a_sweep_waits_for_who_is_taking_a_file_into_use_and_then_sees_the_use(really):
    ref, held = bring("attached"), Event()
    uses = needs()

    def attach():
        with transaction.atomic():
            hold_files([ref.id])
            held.set()
            until_somebody_waits()
            uses.add(ref.id)
        return True

    def sweep():
        assert held.wait(WAIT)
        return forget_unused([ref.id])

    assert at_once([attach, sweep]) == [True, 0]
    assert is_there(ref)


def test_who_comes_after_the_sweep_is_told_to_bring_the_file_again(really):
    ref = bring("late")
    assert forget_unused([ref.id]) == 1
    with pytest.raises(FileGone), transaction.atomic():
        hold_files([ref.id])
    assert is_there(bring("late"))
