"""Webhooks: where they lead, what is sent there, and trying again."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from linli.domains.cases.queries import TOLD_NAMES, Move, case_numbers, state_after, told_name, told_state
from linli.domains.clients.commands.registry import subject
from linli.domains.clients.errors import ClientWrong, OverlapWrong, ScopeMissing, StillOnItsWay, TooManyWebhooks
from linli.domains.clients.models import ApiClient, Delivery, Webhook
from linli.domains.clients.permissions import MANAGE, webhooks_of
from linli.domains.clients.rules import (
    LONGEST_OVERLAP,
    MOST_WEBHOOKS,
    PING,
    WAITS,
    DeliveryState,
    Network,
    Scope,
    check_url,
    signature,
)
from linli.domains.clients.sending import Outcome, send
from linli.domains.trace.commands import once, record
from linli.domains.trace.queries import timeline
from linli.kernel.actors import Actor
from linli.kernel.errors import NotFound
from linli.kernel.ids import uuid7
from linli.kernel.jobs import defer
from linli.kernel.text import Message, msg

_LEASE = timedelta(minutes=2)  # while one worker sends, no other does; longer than any call may take
_KEPT = timedelta(days=90)
_MOVES = {move.act: move for move in Move}


def _allowed() -> list[Network]:
    """Networks the operator lets webhooks reach besides public addresses (checked at start by ``config.env``)."""
    return list(settings.ENV.reach)


@once
def add_webhook(*, url: str, acts: Iterable[str], by: Actor, now: datetime) -> UUID:
    """Have a system told of acts on the cases it brings. The secret that signs is read with ``queries.webhook``.

    Raises :class:`WebhookWrong`, :class:`TooManyWebhooks`.
    """
    client = _own_client(by)
    wanted = sorted(set(acts))
    if not wanted or not set(wanted) <= TOLD_NAMES:
        raise ClientWrong(field="acts", what=msg("请从可以通知的事件中至少选择一种"))
    if client.webhooks.filter(stopped_at=None).count() >= MOST_WEBHOOKS:
        raise TooManyWebhooks(most=MOST_WEBHOOKS)
    hook = Webhook.objects.create(
        client=client, url=check_url(url, allowed=_allowed()), acts=wanted, secret=_new_secret(), made_at=now
    )
    record("clients.webhook_added", subject=subject(client.pk), by=by, at=now, webhook=hook.pk, url=url, acts=wanted)
    return hook.pk


def _new_secret() -> str:
    return f"whsec_{secrets.token_urlsafe(32)}"


@once
def rotate_secret(*, webhook_id: UUID, overlap: timedelta, by: Actor, now: datetime) -> None:
    """Make a webhook a new secret, read with ``queries.webhook``; for a while the old one signs too, so that nothing is missed
    meanwhile. One that was old already ends at once. Raises :class:`OverlapWrong`.
    """
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise OverlapWrong(field="overlap_hours", most=LONGEST_OVERLAP // timedelta(hours=1))
    hook = _webhook(webhook_id, by)
    if hook.stopped_at:
        raise NotFound(what=msg("使用中的接收地址"))
    # Opened and sealed anew: what is sealed is bound to its column.
    hook.old_secret, hook.old_until = (hook.secret.open(), now + overlap) if overlap else (None, None)
    hook.secret = _new_secret()
    hook.save(update_fields=["secret", "old_secret", "old_until"])
    record("clients.secret_rotated", subject=subject(hook.client_id), by=by, at=now, webhook=hook.pk, old_until=hook.old_until)


def _own_client(by: Actor) -> ApiClient:
    if by.client_id is None or not by.can(Scope.WEBHOOKS.permission):
        raise ScopeMissing(scope=Message(Scope.WEBHOOKS.label))
    return ApiClient.objects.select_for_update().get(pk=by.client_id)


def _webhook(webhook_id: UUID, by: Actor) -> Webhook:
    found = webhooks_of(by).select_for_update().filter(pk=webhook_id).first()
    if found is None:
        raise NotFound(what=msg("这个接收地址"))
    return found


@once
def stop_webhook(*, webhook_id: UUID, by: Actor, now: datetime) -> None:
    """Send nothing there any more; what waits is given up. Safe to repeat."""
    hook = _webhook(webhook_id, by)
    if hook.stopped_at is None:
        _stop(hook, "bureau" if by.can(MANAGE) else "client", now)
        record("clients.webhook_stopped", subject=subject(hook.client_id), by=by, at=now, webhook=hook.pk)


def _stop(hook: Webhook, who: str, now: datetime) -> None:
    hook.stopped_at, hook.stopped_by = now, who
    hook.save(update_fields=["stopped_at", "stopped_by"])
    waiting = hook.deliveries.filter(state=DeliveryState.WAITING)
    waiting.update(state=DeliveryState.GIVEN_UP, next_at=None, done_at=now)


@once
def ping(*, webhook_id: UUID, by: Actor, now: datetime) -> UUID:
    """Send something of no consequence, to see whether it arrives. Returns the delivery."""
    hook = _webhook(webhook_id, by)
    if hook.stopped_at:
        raise NotFound(what=msg("使用中的接收地址"))
    return _post(hook, PING, None, None, now, at=now)


@once
def replay(*, delivery_id: UUID, by: Actor, now: datetime) -> None:
    """Send a notification once more, with the same id and body. Raises :class:`StillOnItsWay`."""
    found = Delivery.objects.select_for_update(of=("self",)).filter(pk=delivery_id, webhook__in=webhooks_of(by)).first()
    if found is None or found.webhook.stopped_at:
        raise NotFound(what=msg("可以重发的通知"))
    if found.state == DeliveryState.WAITING:
        raise StillOnItsWay
    found.state, found.tries, found.next_at, found.done_at = DeliveryState.WAITING, 0, now, None
    found.save(update_fields=["state", "tries", "next_at", "done_at"])
    defer("clients.deliver", delivery_id=str(found.pk))


@transaction.atomic
def tell_of_act(*, case_id: UUID, seq: int, now: datetime) -> None:
    """Queue the notifications of one act on a case, one for each webhook that wants it. Safe to repeat."""
    act = next(iter(timeline(case_id, after=seq - 1, limit=1)), None)
    if act is None or not act.data.get("client"):
        return
    wanting = Webhook.objects.filter(client_id=act.data["client"], stopped_at=None, acts__contains=[told_name(act.act)])
    told = set(Delivery.objects.filter(case_id=case_id, seq=seq).values_list("webhook_id", flat=True))
    for hook in wanting.select_for_update():  # a twin of this job waits here
        if hook.pk not in told and not hook.deliveries.filter(case_id=case_id, seq=seq).exists():
            _post(hook, act.act, case_id, seq, now, at=act.at)


def _post(hook: Webhook, act: str, case_id: UUID | None, seq: int | None, now: datetime, *, at: datetime) -> UUID:
    """What happened and to which case, and nothing about a person: who may know more asks the API."""
    name = told_name(act)
    delivery = Delivery(pk=uuid7(), webhook=hook, act=name, case_id=case_id, seq=seq, made_at=now, next_at=now)
    body: dict[str, Any] = {"id": str(delivery.pk), "type": name, "at": at.isoformat(), "webhook": str(hook.pk)}
    if case_id:
        body["case"] = {"id": str(case_id), "number": case_numbers([case_id]).get(case_id, ""), "seq": seq}
        if act in _MOVES:
            body["case"]["state"] = told_state(state_after(_MOVES[act])).value
    delivery.body = json.dumps(body, ensure_ascii=False)
    delivery.save(force_insert=True)
    defer("clients.deliver", delivery_id=str(delivery.pk))
    return delivery.pk


def deliver(*, delivery_id: UUID, now: datetime) -> Outcome | None:
    """Try once to send a notification that is due; None if it is not, or somebody is at it. Safe to repeat.

    The call is made outside of any transaction. Whoever dies in the middle leaves it due again when the lease is over.
    """
    due = Delivery.objects.filter(pk=delivery_id, state=DeliveryState.WAITING, next_at__lte=now)
    if not due.update(next_at=now + _LEASE):
        return None
    delivery = Delivery.objects.select_related("webhook").get(pk=delivery_id)
    body, at = delivery.body.encode(), int(now.timestamp())
    headers = {
        "Content-Type": "application/json; charset=utf-8", "User-Agent": "Linli-Webhook/1", "Connection": "close",
        "Linli-Event": delivery.act, "Linli-Delivery": str(delivery.pk),
        "Linli-Signature": signature(*_secrets(delivery.webhook, now), at=at, body=body),
    }  # fmt: skip
    outcome = send(delivery.webhook.url, body, headers, allowed=_allowed())
    _note(delivery_id, outcome, now)
    return outcome


def _secrets(hook: Webhook, now: datetime) -> list[str]:
    """The secrets that sign now, the new one first."""
    old = hook.old_secret if hook.old_until and now < hook.old_until else None
    return [hook.secret.open(), *([old.open()] if old else [])]


@transaction.atomic
def _note(delivery_id: UUID, outcome: Outcome, now: datetime) -> None:
    delivery = Delivery.objects.select_for_update(of=("self",)).select_related("webhook").get(pk=delivery_id)
    if delivery.state != DeliveryState.WAITING:  # stopped meanwhile
        return
    line = {"at": now.isoformat(), "status": outcome.status, "milliseconds": outcome.milliseconds, "error": outcome.error}
    delivery.log = [*delivery.log, line][-2 * len(WAITS) :]
    delivery.tries += 1
    if outcome.arrived:
        delivery.state, delivery.next_at, delivery.done_at = DeliveryState.DELIVERED, None, now
    elif delivery.tries > len(WAITS):
        delivery.state, delivery.next_at, delivery.done_at = DeliveryState.GIVEN_UP, None, now
    else:
        delivery.next_at = now + WAITS[delivery.tries - 1]
        defer("clients.deliver", at=delivery.next_at, delivery_id=str(delivery_id))
    delivery.save(update_fields=["log", "tries", "state", "next_at", "done_at"])
    if outcome.status == 410:  # the other side says that this address is no more
        _stop(delivery.webhook, "gone", now)


def resume_deliveries(*, now: datetime) -> int:
    """Take up what was due and nobody sent, because a worker died. Returns how many."""
    late = Delivery.objects.filter(state=DeliveryState.WAITING, next_at__lt=now - _LEASE).values_list("pk", flat=True)[:1_000]
    for delivery_id in late:
        defer("clients.deliver", delivery_id=str(delivery_id))
    return len(late)


def forget_secrets(*, now: datetime) -> int:
    """Drop old secrets whose time is over. Returns how many."""
    return Webhook.objects.filter(old_until__lte=now).update(old_secret=None, old_until=None)


def forget_deliveries(*, now: datetime) -> int:
    """Drop the log of notifications that were settled long ago; what they told of stands in the record of the case."""
    return Delivery.objects.filter(made_at__lt=now - _KEPT, done_at__isnull=False).delete()[0]
