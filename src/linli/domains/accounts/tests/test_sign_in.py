"""Who gets in: the password's hash, the lock after wrong tries, the limit of sessions, the second factor, a new password."""

import os
from datetime import datetime, timedelta
from importlib import import_module

import pyotp
import pytest
from argon2 import extract_parameters
from argon2.low_level import Type
from django.conf import settings
from django.db import connection

from linli.domains.accounts import commands as do
from linli.domains.accounts.models import SignIn, User
from linli.domains.accounts.queries import live_session
from linli.kernel.actors import Actor, system
from linli.kernel.calendar import SHANGHAI
from linli.kernel.errors import NotAllowed, NotFound
from linli.testing.record import acts_on

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)
GOOD, OTHER = "ling-jia-chuan-men-8", "shan-feng-guo-qiao-5"
MANAGER = system("accounts.manage")
pytestmark = pytest.mark.django_db


def account(username="lin", password=GOOD) -> User:
    made = do.create_user(username=username, name="林某", password=password, must_change=False, by=MANAGER, now=NOW)
    return User.objects.get(pk=made)


def enter(username="lin", password=GOOD, now=NOW, **more) -> SignIn:
    return do.sign_in(username=username, password=password, now=now, **more)


def setting(settings, **values):
    settings.ENV = settings.ENV.model_copy(update=values)


def own(user: User) -> Actor:
    return Actor(user_id=user.pk, name=user.name)


# -- the password ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def own_hashing(settings):
    """As the platform is set, not the quick hashing of the tests."""
    settings.PASSWORD_HASHERS = import_module(os.environ["DJANGO_SETTINGS_MODULE"]).PASSWORD_HASHERS


def test_a_password_is_kept_as_argon2id_and_nowhere_else(own_hashing):
    user = account()
    algorithm, _, rest = user.password.partition("$")
    assert algorithm == "argon2"
    kept = extract_parameters("$" + rest)
    assert kept.type is Type.ID
    assert kept.memory_cost >= 19_456 and kept.time_cost >= 2  # what OWASP asks for at the least
    assert enter().user_id == user.pk
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM trace_event e WHERE e::text LIKE %s", [f"%{GOOD}%"])
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT u::text FROM accounts_user u WHERE id = %s", [user.pk])
        assert GOOD not in cursor.fetchone()[0]


def test_a_name_that_does_not_exist_costs_the_same_work_as_a_wrong_password(own_hashing):
    """The hash checked in its place has the same parameters, so that time does not tell who has an account."""
    real = extract_parameters(account().password.removeprefix("argon2"))
    stand_in = extract_parameters(do._NOBODY.removeprefix("argon2"))
    assert (stand_in.memory_cost, stand_in.time_cost, stand_in.parallelism) == (real.memory_cost, real.time_cost, real.parallelism)


@pytest.mark.parametrize("weak", ["short-1", "4820174829104", "password1234", "lin-lin-lin-lin", ""])
def test_a_weak_password_is_refused_with_the_reason(weak):
    with pytest.raises(do.PasswordWeak) as refused:
        account("lin-lin-lin", weak)
    assert refused.value.field == "new"
    assert str(refused.value.message) != str(do.PasswordWeak(why="").message)
    assert not User.objects.filter(username="lin-lin-lin").exists()


def test_a_name_is_taken_whatever_its_case():
    account("lin")
    with pytest.raises(do.UsernameTaken):
        account("LIN")
    assert enter(username=" Lin ").user.username == "lin"


def test_only_who_manages_accounts_makes_or_changes_them(world):
    user = account()
    stranger = world.actor("manager")
    for attempt in (
        lambda: do.create_user(username="x", name="x", password=GOOD, by=stranger, now=NOW),
        lambda: do.reset_password(user_id=user.pk, new=OTHER, by=stranger, now=NOW),
        lambda: do.set_active(user_id=user.pk, active=False, by=stranger, now=NOW),
        lambda: do.unlock_user(user_id=user.pk, by=stranger, now=NOW),
        lambda: do.remove_second_factor(user_id=user.pk, by=stranger, now=NOW),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    assert acts_on(user.pk) == ["accounts.created"]


def test_changing_ones_password_takes_the_old_one_and_ones_own_account(world):
    user = account()
    enter()
    for by, old in ((own(user), OTHER), (world.actor("clerk"), GOOD)):
        with pytest.raises(do.SignInFailed):
            do.change_password(user_id=user.pk, old=old, new=OTHER, by=by, now=NOW)
    with pytest.raises(do.PasswordWeak):
        do.change_password(user_id=user.pk, old=GOOD, new="123", by=own(user), now=NOW)
    assert enter()
    do.change_password(user_id=user.pk, old=GOOD, new=OTHER, by=own(user), now=NOW)
    with pytest.raises(do.SignInFailed):
        enter()
    assert enter(password=OTHER).user == user
    assert acts_on(user.pk)[-3:] == ["accounts.password_changed", "accounts.sign_in_failed", "accounts.signed_in"]


def test_a_reset_password_must_be_changed_and_ends_sessions_and_lock():
    user = account()
    session = enter()
    for _ in range(settings.ENV.lockout_tries):
        with pytest.raises(do.SignInFailed):
            enter(password="wrong-but-long-enough")
    do.reset_password(user_id=user.pk, new=OTHER, by=MANAGER, now=NOW)
    assert live_session(session.pk, now=NOW) is None
    assert enter(password=OTHER).user.must_change_password


# -- the lock ----------------------------------------------------------------------------------------------------------------------


def test_wrong_tries_lock_the_account_for_a_time(settings):
    setting(settings, lockout_tries=3, lockout_minutes=30)
    user = account()
    for n in range(3):
        with pytest.raises(do.SignInFailed):
            enter(password="wrong-but-long-enough", now=NOW + timedelta(minutes=n))
    locked = NOW + timedelta(minutes=2 + 30)
    with pytest.raises(do.Locked) as refused:
        enter(now=locked - timedelta(seconds=1))  # even with the right password
    assert locked.strftime("%H:%M") in str(refused.value.message)
    assert enter(now=locked).user == user
    assert acts_on(user.pk) == ["accounts.created", *["accounts.sign_in_failed"] * 3, "accounts.signed_in"]


def test_getting_in_forgets_the_wrong_tries(settings):
    setting(settings, lockout_tries=3)
    account()
    for _ in range(3):
        for _ in range(2):
            with pytest.raises(do.SignInFailed):
                enter(password="wrong-but-long-enough")
        enter()


def test_an_administrator_unlocks(settings):
    setting(settings, lockout_tries=3)
    user = account()
    for _ in range(3):
        with pytest.raises(do.SignInFailed):
            enter(password="wrong-but-long-enough")
    with pytest.raises(do.Locked):
        enter()
    do.unlock_user(user_id=user.pk, by=MANAGER, now=NOW)
    assert enter()


def test_an_unknown_name_a_wrong_password_and_a_closed_account_read_the_same():
    user = account()
    account("gone")
    do.set_active(user_id=User.objects.get(username="gone").pk, active=False, by=MANAGER, now=NOW)
    said = set()
    for name in ("nobody-of-that-name", "lin", "gone"):
        with pytest.raises(do.SignInFailed) as refused:
            enter(name, "wrong-but-long-enough" if name == "lin" else GOOD)
        said.add((str(refused.value.message), str(refused.value.what_to_do), refused.value.field))
    assert len(said) == 1
    assert acts_on(user.pk)[-1] == "accounts.sign_in_failed"


@pytest.mark.django_db(transaction=False)
# -- sessions ----------------------------------------------------------------------------------------------------------------------


def test_a_further_session_ends_the_oldest(settings):
    setting(settings, sessions_per_user=2)
    account()
    first, second, third = (enter(now=NOW + timedelta(minutes=n)) for n in range(3))
    later = NOW + timedelta(minutes=3)
    assert [bool(live_session(s.pk, now=later)) for s in (first, second, third)] == [False, True, True]
    assert SignIn.objects.get(pk=first.pk).ended_by == "newer"


def test_an_idle_session_is_over_and_does_not_take_a_place(settings):
    setting(settings, sessions_per_user=2, idle_minutes=15)
    account()
    idle, used = enter(), enter()
    later = NOW + timedelta(minutes=14)
    do.touch_session(session_id=used.pk, now=later)
    assert live_session(idle.pk, now=NOW + timedelta(minutes=15))
    afterwards = NOW + timedelta(minutes=16)
    assert live_session(idle.pk, now=afterwards) is None
    fresh = enter(now=afterwards)
    assert live_session(used.pk, now=afterwards) and live_session(fresh.pk, now=afterwards)
    assert SignIn.objects.get(pk=idle.pk).ended_by == "idle"


def test_a_closed_account_is_out_at_once():
    user = account()
    session = enter()
    do.set_active(user_id=user.pk, active=False, by=MANAGER, now=NOW)
    assert live_session(session.pk, now=NOW) is None


@pytest.mark.django_db(transaction=False)
# -- the second factor -------------------------------------------------------------------------------------------------------------


def bound(user: User) -> pyotp.TOTP:
    secret = do.begin_second_factor(password=GOOD, by=own(user), now=NOW)
    totp = pyotp.TOTP(secret)
    do.confirm_second_factor(code=totp.at(NOW), by=own(user), now=NOW)
    return totp


def test_the_secret_is_ciphertext_in_the_table():
    user = account()
    secret = do.begin_second_factor(password=GOOD, by=own(user), now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT totp_secret FROM accounts_user WHERE id = %s", [user.pk])
        (kept,) = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM trace_event e WHERE e::text LIKE %s", [f"%{secret}%"])
        assert cursor.fetchone() == (0,)
    assert secret.encode() not in bytes(kept)


def test_a_factor_counts_only_once_the_device_was_seen_to_work():
    user = account()
    do.begin_second_factor(password=GOOD, by=own(user), now=NOW)
    with pytest.raises(do.CodeWrong):
        do.confirm_second_factor(code="000000", by=own(user), now=NOW)
    assert enter()  # not asked for a code yet


def test_a_code_is_asked_for_right_once_and_within_a_step():
    user = account()
    totp = bound(user)
    later = NOW + timedelta(minutes=5)
    with pytest.raises(do.CodeNeeded):
        enter(now=later)
    with pytest.raises(do.CodeWrong):
        enter(code=totp.at(later - timedelta(seconds=90)), now=later)
    with pytest.raises(do.CodeWrong):
        enter(code=totp.at(later + timedelta(seconds=90)), now=later)
    assert enter(code=totp.at(later - timedelta(seconds=30)), now=later)  # a clock half a minute slow
    assert enter(code=totp.at(later), now=later)
    with pytest.raises(do.CodeWrong):
        enter(code=totp.at(later), now=later)  # seen over the shoulder
    assert acts_on(user.pk).count("accounts.signed_in") == 2


def test_wrong_codes_lock_like_wrong_passwords(settings):
    setting(settings, lockout_tries=3)
    totp = bound(account())
    later = NOW + timedelta(minutes=5)
    for _ in range(3):
        with pytest.raises(do.CodeWrong):
            enter(code="000000", now=later)
    with pytest.raises(do.Locked):
        enter(code=totp.at(later), now=later)


def test_without_the_password_nobody_learns_whether_there_is_a_second_factor():
    bound(account())
    with pytest.raises(do.SignInFailed):
        enter(password="wrong-but-long-enough")


def test_an_administrator_takes_off_the_factor_of_a_lost_phone():
    user = account()
    bound(user)
    do.remove_second_factor(user_id=user.pk, by=MANAGER, now=NOW)
    assert enter()
    assert acts_on(user.pk)[-2:] == ["accounts.second_factor_removed", "accounts.signed_in"]


# -- sessions belong to somebody -----------------------------------------------------------------------------------------------------


def test_nobody_chooses_a_post_in_somebody_elses_session(world):
    user = account()
    session = enter()
    with pytest.raises(NotFound):
        do.choose_posting(session_id=session.pk, posting_id=world.postings["clerk"], by=world.actor("clerk"), now=NOW)
    do.choose_posting(session_id=session.pk, posting_id=world.postings["clerk"], by=own(user), now=NOW)
    assert SignIn.objects.get(pk=session.pk).posting_id == world.postings["clerk"]


def test_ending_a_session_twice_is_one_end(world):
    user = account()
    session = enter()
    for n in range(2):
        do.end_session(session_id=session.pk, why="sign-out", by=own(user), now=NOW + timedelta(minutes=n))
    assert SignIn.objects.get(pk=session.pk).ended_at == NOW
    assert acts_on(user.pk).count("accounts.session_ended") == 1


def test_an_unlocked_screen_is_not_its_owner():
    """Changing the password and binding another telephone ask for the password again, and count wrong tries."""
    user = account()
    secret = do.begin_second_factor(password=GOOD, by=own(user), now=NOW)
    do.confirm_second_factor(code=pyotp.TOTP(secret).at(NOW), by=own(user), now=NOW)
    for n in range(settings.ENV.lockout_tries):
        with pytest.raises(do.SignInFailed):
            if n % 2:
                do.begin_second_factor(password="wrong", by=own(user), now=NOW)
            else:
                do.change_password(user_id=user.pk, old="wrong", new=OTHER, by=own(user), now=NOW)
    user.refresh_from_db()
    assert user.has_second_factor
    with pytest.raises(do.Locked):
        do.begin_second_factor(password=GOOD, by=own(user), now=NOW)
