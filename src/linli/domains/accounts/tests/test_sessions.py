"""Which sessions go on, and who may see and end those of others."""

from datetime import timedelta

import pytest
from django.utils import timezone

from linli.domains.accounts import commands
from linli.domains.accounts.queries import SignIn, live_session, live_sessions
from linli.kernel.errors import NotAllowed, NotFound
from linli.testing.world import PASSWORD

pytestmark = pytest.mark.django_db


def begin(username, now):
    return commands.sign_in(username=username, password=PASSWORD, now=now)


def test_a_new_password_ends_every_session_but_the_one_it_was_changed_in(world):
    now = timezone.now()
    elsewhere, here, colleague = begin("clerk", now), begin("clerk", now), begin("manager", now)
    commands.change_password(
        user_id=here.user_id, old=PASSWORD, new="shi-er-ge-yue-liang-9", keep=here.pk, by=world.actor("clerk"), now=now
    )
    assert live_session(here.pk, now=now) and live_session(colleague.pk, now=now)
    assert live_session(elsewhere.pk, now=now) is None
    assert SignIn.objects.get(pk=elsewhere.pk).ended_by == "password"


def test_a_refused_password_ends_nothing(world):
    now = timezone.now()
    elsewhere, here = begin("clerk", now), begin("clerk", now)
    with pytest.raises(commands.SignInFailed):
        commands.change_password(
            user_id=here.user_id, old="not-the-old-one", new="shi-er-ge-yue-liang-9", keep=here.pk, by=world.actor("clerk"), now=now
        )
    assert live_session(elsewhere.pk, now=now)


def test_the_security_administrator_sees_and_ends_the_sessions_of_others(world):
    now = timezone.now()
    theirs, idle = begin("clerk", now), begin("reviewer-1", now - timedelta(days=1))
    by = world.actor("security")
    assert theirs in live_sessions(by=by, now=now) and idle not in live_sessions(by=by, now=now)
    commands.end_session(session_id=theirs.pk, why="admin", by=by, now=now)
    assert live_session(theirs.pk, now=now) is None


@pytest.mark.parametrize("who", ["clerk", "manager", "auditor"])
def test_nobody_else_does(world, who):
    now = timezone.now()
    theirs = begin("reviewer-1", now)
    with pytest.raises(NotAllowed):
        live_sessions(by=world.actor(who), now=now)
    with pytest.raises(NotFound):
        commands.end_session(session_id=theirs.pk, why="admin", by=world.actor(who), now=now)
