"""Files handed in before the case they are for: kept while they may be named, destroyed if they never are."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from linli.domains.cases import commands as do
from linli.domains.clients import commands
from linli.domains.clients.models import Upload
from linli.domains.clients.tests.conftest import acting, admit
from linli.domains.documents.commands import store_file
from linli.domains.documents.queries import FileChanged, open_file
from linli.testing.story import PERMIT, Story, filled, picture

pytestmark = pytest.mark.django_db
HOURS = timedelta(hours=49)


@pytest.fixture
def by(world):
    return acting(admit(world)[1])


def handed_in(by, text: str, now):
    ref = store_file(content=picture(text), declared_name="x.png", by=by, now=now)
    commands.note_upload(file_id=ref.id, by=by, now=now)
    return ref


def is_there(ref) -> bool:
    try:
        return bool(b"".join(open_file(ref.id).pieces))
    except FileChanged:
        return False


def test_what_was_put_into_no_case_is_destroyed_and_what_was_stays(world, by, django_capture_on_commit_callbacks):
    now, story = timezone.now(), Story(world, item=PERMIT, day=timezone.localdate().isoformat())
    lost, used = handed_in(by, "lost", now), handed_in(by, "used", now)
    code = next(m.code for m in story.standard.materials if not m.from_departments)
    do.receive_case(
        item_code=story.item, applicant=story.applicant, form=filled(story.standard), by=by, now=now,
        materials=[do.Handed(code, do.Received.UPLOADED, ((used, used.name),))],
    )  # fmt: skip
    assert commands.forget_uploads(now=now + timedelta(hours=24)) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert commands.forget_uploads(now=now + HOURS) == 2
    assert (is_there(lost), is_there(used)) == (False, True)
    assert commands.forget_uploads(now=now + HOURS) == 0


def test_what_was_handed_in_again_is_kept_longer(world, by, django_capture_on_commit_callbacks):
    now = timezone.now()
    ref = handed_in(by, "again", now)
    other = acting(admit(world, "别的平台")[1])
    commands.note_upload(file_id=ref.id, by=other, now=now + timedelta(hours=40))
    with django_capture_on_commit_callbacks(execute=True):
        assert commands.forget_uploads(now=now + HOURS) == 1
    assert is_there(ref)
    handed_in(by, "again", now + HOURS)
    assert Upload.objects.filter(file_id=ref.id).count() == 2
    with django_capture_on_commit_callbacks(execute=True):
        assert commands.forget_uploads(now=now + HOURS + HOURS, limit=1) == 1
        assert is_there(ref)
        assert commands.forget_uploads(now=now + HOURS + HOURS, limit=1) == 1
    assert not is_there(ref)
