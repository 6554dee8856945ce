"""The limits of sign-in hold when everybody tries at once, each on a connection of their own."""

from datetime import datetime

from linli.domains.accounts import commands as do
from linli.domains.accounts.models import SignIn, User
from linli.kernel.actors import system
from linli.kernel.calendar import SHANGHAI
from linli.testing.concurrency import at_once
from linli.testing.record import acts_on

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)
GOOD = "ling-jia-chuan-men-8"


def account(username):
    by = system("accounts.manage")
    made = do.create_user(username=username, name="林某", password=GOOD, must_change=False, by=by, now=NOW)
    return User.objects.get(pk=made)


def enter(username, password=GOOD):
    return do.sign_in(username=username, password=password, now=NOW)


def setting(settings, **values):
    settings.ENV = settings.ENV.model_copy(update=values)


def test_guesses_at_the_same_moment_are_all_counted(committed_db, settings):
    """Forty guesses side by side are no way round a limit of five."""
    setting(settings, lockout_tries=5)
    user = account("crowd")
    outcomes = at_once([lambda: enter("crowd", "wrong-but-long-enough")] * 40)
    assert sum(isinstance(o, do.SignInFailed) for o in outcomes) == 5
    assert sum(isinstance(o, do.Locked) for o in outcomes) == 35
    assert acts_on(user.pk).count("accounts.sign_in_failed") == 5


def test_the_limit_of_sessions_holds_when_all_sign_in_at_once(committed_db, settings):
    setting(settings, sessions_per_user=2)
    user = account("crowd")
    outcomes = at_once([lambda: enter("crowd")] * 20)
    assert not [o for o in outcomes if isinstance(o, Exception)]
    assert SignIn.objects.filter(user=user, ended_at=None).count() == 2
