"""Admitting systems: who may, on what terms, and that limits hold for all processes together."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from linli.domains.clients import commands
from linli.domains.clients.models import ApiClient, Usage
from linli.domains.clients.queries import client_names, client_sheet, clients
from linli.domains.clients.tests.conftest import SECURITY, acting, admit
from linli.domains.trace.queries import timeline
from linli.kernel.errors import NotAllowed
from linli.testing.concurrency import at_once


@pytest.mark.django_db
def test_only_who_may_admits_changes_and_shuts_out(world):
    client_id, key = admit(world)
    now, stranger = timezone.now(), world.actor("administrator")
    for act in (
        lambda: clients(by=stranger),
        lambda: client_sheet(client_id, by=stranger),
        lambda: commands.revoke_client(client_id=client_id, by=stranger, now=now),
        lambda: commands.rotate_key(client_id=client_id, overlap=timedelta(0), expires_at=now + timedelta(1), by=stranger, now=now),
        lambda: admit_by(world, stranger),
        lambda: commands.change_client(
            client_id=client_id, owner="", scopes=["status"], networks=[], per_minute=1, by=acting(key), now=now
        ),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert clients(by=world.actor("security")).get().name == "省平台"


def admit_by(world, by):
    now = timezone.now()
    return commands.admit_client(
        name="x", org_id=world.orgs["hall"], owner="y", scopes=["status"], expires_at=now + timedelta(1), by=by, now=now
    )


@pytest.mark.django_db
def test_what_is_wrong_is_named_at_its_field(world):
    admit(world)
    now = timezone.now()
    for more, field, error in (
        ({"name": "省平台"}, "name", commands.NameTaken),
        ({"name": " "}, "name", commands.ClientWrong),
        ({"owner": ""}, "owner", commands.ClientWrong),
        ({"scopes": []}, "scopes", commands.ClientWrong),
        ({"networks": ["10.0.0.1/8"]}, "networks", commands.ClientWrong),
        ({"per_minute": 0}, "per_minute", commands.ClientWrong),
        ({"expires_at": now - timedelta(1)}, "expires_at", commands.ClientWrong),
        ({"expires_at": now + timedelta(days=800)}, "expires_at", commands.ClientWrong),
    ):
        with pytest.raises(error) as caught, transaction.atomic():
            admit(world, **({"name": "新平台"} | more))
        assert caught.value.field == field
    assert ApiClient.objects.count() == 1


@pytest.mark.django_db
def test_the_record_tells_what_was_done_and_never_the_key(world):
    client_id, key = admit(world)
    now = timezone.now()
    commands.change_client(
        client_id=client_id, owner="新", scopes=["status"], networks=["10.0.0.0/8"], per_minute=9, by=SECURITY, now=now
    )
    again = commands.rotate_key(client_id=client_id, overlap=timedelta(1), expires_at=now + timedelta(days=9), by=SECURITY, now=now)
    commands.revoke_client(client_id=client_id, by=SECURITY, now=now)
    commands.revoke_client(client_id=client_id, by=SECURITY, now=now)
    with pytest.raises(commands.ClientStopped):
        commands.rotate_key(client_id=client_id, overlap=timedelta(1), expires_at=now + timedelta(days=9), by=SECURITY, now=now)
    acts = timeline(client_id)
    assert [e.act for e in acts] == [
        "clients.admitted",
        "clients.key_made",
        "clients.changed",
        "clients.key_made",
        "clients.revoked",
    ]
    assert not [secret for secret in (key, again, key.rsplit("_", 1)[1]) if secret in str([e.data for e in acts])]
    assert client_names([client_id, None]) == {client_id: "省平台"}


@pytest.mark.django_db
def test_cases_come_in_at_the_counter_of_the_organisation(world):
    _, key = admit(world, org="bureau", scopes=["intake"])
    by = acting(key)
    assert (by.org_id, by.body_id, by.permissions) == (world.orgs["hall"], world.orgs["bureau"], {"cases.receive"})


def test_the_limit_holds_for_all_who_call_at_once(world, committed_db, django_db_blocker):
    with django_db_blocker.unblock():
        _, key = admit(world, per_minute=20)
        now = timezone.now()
        answers = at_once([lambda: commands.enter(key=key, address="127.0.0.1", now=now) for _ in range(30)])
        refused = [a for a in answers if isinstance(a, commands.TooManyCalls)]
        assert len(refused) == 10 and len({a.remaining for a in answers if not isinstance(a, Exception)}) == 20
        assert Usage.objects.get().calls == 30
        assert commands.enter(key=key, address=None, now=now + timedelta(minutes=1)).remaining == 19
