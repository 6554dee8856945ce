"""Admitting systems, their keys, and letting them in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from linli.domains.clients.errors import (
    AddressRefused,
    ClientStopped,
    ClientWrong,
    KeyNotKnown,
    NameTaken,
    ScopeMissing,
    TooManyCalls,
)
from linli.domains.clients.models import ApiClient, ApiKey, Usage
from linli.domains.clients.permissions import MANAGE
from linli.domains.clients.rules import (
    LONGEST_KEY,
    LONGEST_OVERLAP,
    MOST_PER_MINUTE,
    Scope,
    address_within,
    check_networks,
    new_key,
    read_key,
    same,
)
from linli.domains.org.queries import counter_of
from linli.domains.trace.commands import Subject, record
from linli.kernel.actors import Actor, Channel
from linli.kernel.calendar import local_date
from linli.kernel.errors import NotFound
from linli.kernel.text import Message, msg


def subject(client_id: UUID) -> Subject:
    """A system's own chain."""
    return Subject("client", client_id)


@transaction.atomic
def admit_client(
    *, name: str, org_id: UUID, owner: str, scopes: Iterable[str], networks: Iterable[str] = (), per_minute: int = 300,
    expires_at: datetime, by: Actor, now: datetime,
) -> tuple[UUID, str]:  # fmt: skip
    """Admit a system on behalf of an organisation; its id and its key, which nobody can read again.

    Its cases come in at the counter of that organisation. Raises :class:`NameTaken`, :class:`ClientWrong`.
    """
    by.must(MANAGE)
    client = ApiClient(
        name=name.strip(), org_id=counter_of(org_id, on=local_date(now)), owner=owner.strip(), admitted_at=now,
        **_terms(scopes, networks, per_minute),
    )  # fmt: skip
    for field, value in (("name", client.name), ("owner", client.owner)):
        if not value:
            raise ClientWrong(field=field, what=msg("请填写系统名称") if field == "name" else msg("请填写负责人和联系方式"))
    try:
        with transaction.atomic():
            client.save(force_insert=True)
    except IntegrityError:
        raise NameTaken(field="name", name=client.name) from None
    Usage.objects.create(client=client, minute=now)
    record(
        "clients.admitted", subject=subject(client.pk), by=by, at=now, new=True, name=client.name, org=client.org_id,
        scopes=client.scopes, networks=client.networks, per_minute=per_minute,
    )  # fmt: skip
    return client.pk, _add_key(client, expires_at, by, now)


def _terms(scopes: Iterable[str], networks: Iterable[str], per_minute: int) -> dict[str, Any]:
    wanted = sorted({Scope(s).value for s in scopes})
    if not wanted:
        raise ClientWrong(field="scopes", what=msg("请至少选择一项用途"))
    if not 1 <= per_minute <= MOST_PER_MINUTE:
        raise ClientWrong(field="per_minute", what=msg("每分钟次数应在 1 至 %(most)s 之间", most=MOST_PER_MINUTE))
    return {"scopes": wanted, "networks": check_networks(networks), "per_minute": per_minute}


def _add_key(client: ApiClient, expires_at: datetime, by: Actor, now: datetime) -> str:
    if not now < expires_at <= now + LONGEST_KEY:
        raise ClientWrong(field="expires_at", what=msg("密钥的到期日应在今天之后，最长两年"))
    key, prefix, digest = new_key()
    ApiKey.objects.create(client=client, prefix=prefix, digest=digest, made_at=now, expires_at=expires_at)
    record("clients.key_made", subject=subject(client.pk), by=by, at=now, prefix=prefix, until=expires_at)
    return key


def _locked(client_id: UUID) -> ApiClient:
    client = ApiClient.objects.select_for_update().filter(pk=client_id).first()
    if client is None:
        raise NotFound(what=msg("这个接入系统"))
    if client.revoked_at:
        raise ClientStopped
    return client


@transaction.atomic
def change_client(
    *, client_id: UUID, owner: str, scopes: Iterable[str], networks: Iterable[str], per_minute: int, by: Actor, now: datetime
) -> None:
    """Change what a system is admitted for, from where and how often; it counts from the next request on."""
    by.must(MANAGE)
    client = _locked(client_id)
    client.owner = owner.strip() or client.owner
    terms = _terms(scopes, networks, per_minute)
    for name, value in terms.items():
        setattr(client, name, value)
    client.save()
    record("clients.changed", subject=subject(client_id), by=by, at=now, **terms)


@transaction.atomic
def rotate_key(*, client_id: UUID, overlap: timedelta, expires_at: datetime, by: Actor, now: datetime) -> str:
    """Give a system a new key; those it has stay good for ``overlap``, so that it can change over without a break."""
    by.must(MANAGE)
    client = _locked(client_id)
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise ClientWrong(field="overlap", what=msg("新旧密钥并用最长 30 天"))
    ApiKey.objects.filter(client=client, expires_at__gt=now + overlap).update(expires_at=now + overlap)
    return _add_key(client, expires_at, by, now)


@transaction.atomic
def revoke_client(*, client_id: UUID, by: Actor, now: datetime) -> None:
    """Shut a system out at once: its keys no longer count and its webhooks stop. Safe to repeat."""
    by.must(MANAGE)
    client = ApiClient.objects.select_for_update().filter(pk=client_id).first()
    if client is None:
        raise NotFound(what=msg("这个接入系统"))
    if client.revoked_at is None:
        client.revoked_at = now
        client.save(update_fields=["revoked_at"])
        client.webhooks.filter(stopped_at=None).update(stopped_at=now, stopped_by="bureau")
        record("clients.revoked", subject=subject(client_id), by=by, at=now)


# -- letting in ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Admission:
    """A system that was let in: as whom it acts, and how much of its minute is left."""

    actor: Actor
    scopes: frozenset[Scope]
    limit: int
    remaining: int
    reset: int  # seconds until the next minute


# One statement; what a crash may lose is a few counted calls, so nobody waits for the disk.
_COUNT = """
    UPDATE clients_usage SET calls = CASE WHEN minute = %s THEN calls + 1 ELSE 1 END, minute = %s, used_at = %s, address = %s
     WHERE client_id = %s RETURNING calls, set_config('synchronous_commit', 'off', true)
"""


def enter(*, key: str, address: str | None, now: datetime) -> Admission:
    """Let a system in by its key and count the call.

    Raises :class:`KeyNotKnown`, :class:`AddressRefused`, :class:`TooManyCalls`.
    """
    shown = read_key(key)
    found = ApiKey.objects.select_related("client__org").filter(prefix=shown[0]).first() if shown else None
    if shown is None or found is None or not same(shown[1], bytes(found.digest)):
        raise KeyNotKnown
    client = found.client
    if found.expires_at <= now or client.revoked_at:
        raise KeyNotKnown
    if not address_within(address, client.networks):
        raise AddressRefused(address=address or "")
    minute = now.replace(second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [minute, minute, now, (address or "")[:45], client.pk])
        calls = cursor.fetchone()[0]
    reset = 60 - now.second
    if calls > client.per_minute:
        raise TooManyCalls(limit=client.per_minute, seconds=reset)
    scopes = frozenset(Scope(s) for s in client.scopes)
    actor = Actor(
        user_id=client.pk, client_id=client.pk, org_id=client.org_id, body_id=client.org.body_id, hall_id=client.org_id,
        region=client.org.region_id, device=f"api: {client.name}"[:64], channel=Channel.ONLINE,
        permissions=frozenset(s.permission for s in scopes), name=client.name,
    )  # fmt: skip
    return Admission(actor, scopes, client.per_minute, client.per_minute - calls, reset)


def must_have(admission: Admission, scope: Scope) -> None:
    """Raise :class:`ScopeMissing` unless the system was admitted for it."""
    if scope not in admission.scopes:
        raise ScopeMissing(scope=Message(scope.label))
