"""Accounts that are made at once with one password."""

from datetime import datetime

import pytest

from linli.domains.accounts import commands as do
from linli.domains.accounts.models import User
from linli.kernel.actors import system
from linli.kernel.calendar import SHANGHAI

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)
PASSWORD = "ling-jia-chuan-men-8"
pytestmark = pytest.mark.django_db


def made(username: str, password: str = PASSWORD, digest: str = "") -> User:
    by = system("accounts.manage")
    return User.objects.get(
        pk=do.create_user(username=username, name="林某", password=password, digest=digest, must_change=False, by=by, now=NOW)
    )


def test_a_digest_made_once_lets_everybody_in_with_that_password_and_no_other():
    digest = do.password_digest(PASSWORD)
    for name in ("lin", "zhou"):
        assert made(name, digest=digest).password == digest
        assert do.sign_in(username=name, password=PASSWORD, now=NOW).user.username == name
    with pytest.raises(do.SignInFailed):
        do.sign_in(username="lin", password="shan-feng-guo-qiao-5", now=NOW)


def test_a_weak_password_is_refused_with_its_digest_too():
    with pytest.raises(do.PasswordWeak):
        made("lin", "12345", digest=do.password_digest("12345"))


def test_a_first_password_that_the_rules_would_refuse_for_one_of_many_is_drawn_again(monkeypatch):
    names = ("lin", "heng.xue.west.clerk")
    with pytest.raises(do.PasswordWeak):
        made(names[1], "cler-khen-gxue-west")
    drawn = iter("clerkhengxuewest" + "abcdefghjkmnpqrs")
    with monkeypatch.context() as patched:
        patched.setattr(do.secrets, "choice", lambda letters: next(drawn))
        password = do.first_password(*names)
    assert password == "abcd-efgh-jkmn-pqrs"
    for name in names:
        assert made(name, password).username == name
