"""Fixtures that every test may use; the ``conftest.py`` at the top takes them all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from linli.kernel.ids import uuid7
from linli.kernel.postgres import EmbeddedPostgres

_WORLD: list[Any] = []
_GROUNDS: dict[str, tuple[str, Any]] = {}


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: Any) -> Iterator[None]:
    """The migrated test database with the reference data that ``linli migrate`` loads too."""
    from django.conf import settings
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    from linli.domains.org.commands import install_reference_data
    from linli.testing.world import build_world

    settings.PASSWORD_HASHERS = ["linli.testing.passwords.QuickArgon2"]
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False)
        install_reference_data(now=datetime(2026, 1, 5, 1, 0, tzinfo=UTC))
        with connection.cursor() as cursor:
            months = "generate_series('2025-01-01'::date, '2027-12-01', '1 month') AS month"
            cursor.execute(f"SELECT trace_ensure_month(month::date) FROM {months}")
        _WORLD.append(build_world())
    yield
    with django_db_blocker.unblock():
        for ground, _ in _GROUNDS.values():
            with _maintenance(may_end_any_session=True) as admin:
                admin.execute(f'DROP DATABASE "{ground}" WITH (FORCE)')
        teardown_databases(made, verbosity=0)


@pytest.fixture(scope="session")
def every_world(django_db_setup: None) -> Any:
    """The same as ``world``, for grounds that stand longer than a test (``standing_on``)."""
    return _WORLD[0]


@pytest.fixture
def world(django_db_setup: None) -> Any:
    """The invented city, its staff and residents; see :mod:`linli.testing.world`."""
    return _WORLD[0]


@contextmanager
def standing_on(name: str, build: Callable[[], Any], blocker: Any) -> Iterator[Any]:
    """The tests of a module stand on a database in which what they all need is built already, once in a session.

    For a fixture of ``scope="module"``: it is taken before each test's own transaction or clone (``committed_db``) begins.
    """
    from django.db import connections

    default = connections["default"]
    original = default.settings_dict["NAME"]
    with blocker.unblock():
        connections.close_all()
        if name not in _GROUNDS:
            with _maintenance() as admin:
                admin.execute(f'CREATE DATABASE "{original}_{name}" TEMPLATE "{original}"')
            default.settings_dict["NAME"] = f"{original}_{name}"
            _GROUNDS[name] = f"{original}_{name}", build()
            connections.close_all()
        default.settings_dict["NAME"], found = _GROUNDS[name]
    try:
        yield found
    finally:
        with blocker.unblock():
            connections.close_all()
            default.settings_dict["NAME"] = original


@pytest.fixture(scope="module")
def partners(django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    """The world with other departments beside it, see :mod:`linli.testing.joint`."""
    from linli.testing.joint import build_partners

    with standing_on("partners", lambda: build_partners(_WORLD[0]), django_db_blocker) as found:
        yield found


@pytest.fixture(autouse=True)
def calendars_read_anew() -> Iterator[None]:
    """A test that loads a notice does not leave it to the next one."""
    from linli.domains.org.queries import forget_calendars

    forget_calendars()
    yield
    forget_calendars()


@pytest.fixture(autouse=True)
def nothing_left_of_the_last_test() -> Iterator[None]:
    """Published files of its own for each test, since they outlive its database, and the language pages are written in."""
    from django.conf import settings
    from django.utils import translation

    kept = settings.ENV
    folder = kept.data / "published" / uuid7().hex
    settings.ENV = kept.model_copy(update={"public_data": str(folder)})
    translation.deactivate()
    yield
    settings.ENV = kept
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def committed_db(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A database of the test's own, cloned from the migrated one, for tests in which transactions really commit.

    (Django's own way, emptying all tables afterwards, is refused by the write-once tables, as it should be.)
    Yields the name of the database.
    """
    from django.db import connections

    default = connections["default"]
    original = default.settings_dict["NAME"]
    clone = f"{original}_{uuid7().hex[-12:]}"
    with django_db_blocker.unblock():
        connections.close_all()
        with _maintenance() as admin:
            admin.execute(f'CREATE DATABASE "{clone}" TEMPLATE "{original}"')
        default.settings_dict["NAME"] = clone
        try:
            yield clone
        finally:
            connections.close_all()
            default.settings_dict["NAME"] = original
            with _maintenance(may_end_any_session=True) as admin:
                admin.execute(f'DROP DATABASE "{clone}" WITH (FORCE)')


def _maintenance(*, may_end_any_session: bool = False) -> Any:
    """A connection to the server's own database as the role the tests run as.

    Dropping ends the sessions that are left, some perhaps of a superuser (``as_superuser``), which only a superuser may;
    with a DATABASE_URL there is but one role.
    """
    import psycopg
    from django.conf import settings
    from django.db import connections

    from linli.kernel.postgres import ADMIN

    if may_end_any_session and not settings.ENV.database_url:
        return psycopg.connect(EmbeddedPostgres(settings.ENV.data, fast=True).address(ADMIN, "postgres").conninfo, autocommit=True)
    s = connections["default"].settings_dict
    return psycopg.connect(
        host=s["HOST"], port=s["PORT"] or None, user=s["USER"], password=s["PASSWORD"], dbname="postgres", autocommit=True
    )


@pytest.fixture
def as_superuser(committed_db: str) -> Iterator[Any]:
    """A superuser's connection to the test's database, for doing what nobody should be able to do unnoticed."""
    import psycopg
    from django.conf import settings

    from linli.kernel.postgres import ADMIN

    address = EmbeddedPostgres(settings.ENV.data, fast=True).address(ADMIN, committed_db)
    with psycopg.connect(address.conninfo, autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")  # past all triggers
        yield admin
