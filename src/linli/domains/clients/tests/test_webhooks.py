"""An act on a case reaches whom it is for, once, signed; what cannot be delivered is tried again and given up in the end."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from linli.domains.cases import commands as do
from linli.domains.clients import commands
from linli.domains.clients.models import Delivery
from linli.domains.clients.queries import DeliveryState, deliveries, webhook
from linli.domains.clients.rules import WAITS
from linli.domains.clients.tests.conftest import SECURITY, acting, admit
from linli.kernel.errors import NotFound
from linli.testing.story import PERMIT, Story, filled

pytestmark = pytest.mark.django_db


@pytest.fixture
def by(world):
    return acting(admit(world)[1])


@pytest.fixture
def hook(by, receiver, loopback_allowed):
    return commands.add_webhook(
        url=receiver.url, acts=["cases.submitted", "cases.accepted", "cases.decided"], by=by, now=timezone.now()
    )


def bring(world, by):
    story = Story(world, item=PERMIT, day=timezone.localdate().isoformat())
    story.case_id = do.receive_case(
        item_code=PERMIT, applicant=story.applicant, form=filled(story.standard), materials=story.handed(), by=by, now=timezone.now()
    )  # fmt: skip
    return story


def jobs(name):
    return list(ProcrastinateJob.objects.filter(task_name=name, status="todo").order_by("id").values_list("args", flat=True))


def work(*names):
    """Do the jobs of some names that wait, as a worker would."""
    for name in names:
        found = ProcrastinateJob.objects.filter(task_name=name, status="todo").order_by("id")
        for job in list(found.values("id", "args")):
            app.tasks[name].func(**job["args"])
            ProcrastinateJob.objects.filter(pk=job["id"]).delete()


def test_an_act_arrives_once_signed_and_says_nothing_of_a_person(world, by, hook, receiver):
    story = bring(world, by)
    work("clients.case_act")
    for args in [{"chain_id": str(story.case_id), "seq": d.seq} for d in Delivery.objects.all()]:  # the job is delivered again
        app.tasks["clients.case_act"].func(**args)
    work("clients.deliver", "clients.deliver")
    assert len(receiver.got) == 1
    _, headers, body = receiver.got[0]
    told = json.loads(body)
    assert told["type"] == headers["Linli-Event"] == "cases.submitted" and told["id"] == headers["Linli-Delivery"]
    assert told["case"] == {"id": str(story.case_id), "number": story.case.number, "seq": 2, "state": "submitted"}
    at, mac = (part.split("=", 1)[1] for part in headers["Linli-Signature"].split(","))
    secret = webhook(hook, by=by).secret.open()
    assert hmac.compare_digest(mac, hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest())
    assert abs(int(at) - timezone.now().timestamp()) < 60
    for private in ("云岭示例服务有限公司", "91770100123456788U", str(world.people["employer"])):
        assert private not in body.decode()
    assert Delivery.objects.get().state == DeliveryState.DELIVERED


def test_only_the_system_that_brought_a_case_hears_of_it_and_only_of_what_it_asked_for(world, by, hook, receiver):
    other = acting(admit(world, "另一平台")[1])
    commands.add_webhook(url=receiver.url, acts=["cases.submitted"], by=other, now=timezone.now())
    Story(world, item=PERMIT).receive()  # at the counter
    assert jobs("clients.case_act") == []  # the cases of nobody's system cost nothing
    story = bring(world, by)
    story.accept(clerk="clerk")
    story.review()
    work("clients.case_act")
    told = {(d.webhook_id, d.act) for d in Delivery.objects.all()}
    assert told == {(hook, "cases.submitted"), (hook, "cases.accepted"), (hook, "cases.decided")}


def test_what_fails_is_tried_again_ever_more_slowly_and_given_up(by, hook, receiver):
    now = timezone.now()
    delivery_id = commands.ping(webhook_id=hook, by=by, now=now)
    receiver.answers = [500] * (len(WAITS) + 1)
    waits, moment = [], now
    for _ in range(len(WAITS) + 1):
        assert commands.deliver(delivery_id=delivery_id, now=moment).status == 500
        assert commands.deliver(delivery_id=delivery_id, now=moment) is None  # not due yet, or at its end
        row = Delivery.objects.get(pk=delivery_id)
        if row.next_at:
            waits.append(row.next_at - moment)
            moment = row.next_at
    assert waits == list(WAITS) == sorted(WAITS)
    assert (row.state, row.tries, len(row.log)) == (DeliveryState.GIVEN_UP, len(WAITS) + 1, len(WAITS) + 1)
    scheduled = ProcrastinateJob.objects.filter(task_name="clients.deliver", scheduled_at__isnull=False)
    assert scheduled.count() == len(WAITS)
    ids = {json.loads(b)["id"] for _, _, b in receiver.got}
    assert ids == {str(delivery_id)}

    commands.replay(delivery_id=delivery_id, by=by, now=moment)
    with pytest.raises(commands.StillOnItsWay):
        commands.replay(delivery_id=delivery_id, by=by, now=moment)
    assert commands.deliver(delivery_id=delivery_id, now=moment).arrived
    assert receiver.got[-1][2] == receiver.got[0][2]  # the same id and body
    assert Delivery.objects.get(pk=delivery_id).state == DeliveryState.DELIVERED


def test_a_worker_that_died_leaves_nothing_behind(by, hook, receiver):
    now = timezone.now()
    delivery_id = commands.ping(webhook_id=hook, by=by, now=now)
    Delivery.objects.filter(pk=delivery_id).update(next_at=now + timedelta(minutes=2))  # claimed, and never sent
    ProcrastinateJob.objects.filter(task_name="clients.deliver").delete()
    assert commands.resume_deliveries(now=now) == 0
    later = now + timedelta(minutes=5)
    assert commands.resume_deliveries(now=later) == 1
    assert jobs("clients.deliver") == [{"delivery_id": str(delivery_id)}]
    assert commands.deliver(delivery_id=delivery_id, now=later).arrived


def test_an_address_that_is_gone_is_not_called_again(by, hook, receiver):
    first, second = (commands.ping(webhook_id=hook, by=by, now=timezone.now()) for _ in range(2))
    receiver.answers = [410]
    commands.deliver(delivery_id=first, now=timezone.now())
    found = webhook(hook, by=by)
    assert found.stopped_by == "gone" and found.stopped_at
    assert commands.deliver(delivery_id=second, now=timezone.now()) is None
    assert set(deliveries(hook, by=by).values_list("state", flat=True)) == {DeliveryState.GIVEN_UP}
    with pytest.raises(NotFound):
        commands.ping(webhook_id=hook, by=by, now=timezone.now())
    with pytest.raises(NotFound):
        commands.replay(delivery_id=first, by=by, now=timezone.now())


def test_whoever_is_shut_out_hears_nothing_more(world, by, hook, receiver):
    story = bring(world, by)
    commands.revoke_client(client_id=by.client_id, by=SECURITY, now=timezone.now())
    work("clients.case_act")
    assert not Delivery.objects.filter(case_id=story.case_id).exists()


def test_nobody_looks_after_the_webhooks_of_another(world, by, hook):
    other = acting(admit(world, "另一平台")[1])
    narrow = acting(admit(world, "只查事项", scopes=["catalogue"])[1])
    delivery = commands.ping(webhook_id=hook, by=by, now=timezone.now())
    for stranger in (other, narrow, world.actor("clerk")):
        for act in (
            lambda s: webhook(hook, by=s), lambda s: deliveries(hook, by=s), lambda s: commands.ping(webhook_id=hook, by=s, now=timezone.now()),
            lambda s: commands.stop_webhook(webhook_id=hook, by=s, now=timezone.now()),
            lambda s: commands.replay(delivery_id=delivery, by=s, now=timezone.now()),
        ):  # fmt: skip
            with pytest.raises(NotFound):
                act(stranger)
    with pytest.raises(commands.ScopeMissing):
        commands.add_webhook(url="https://example.org/", acts=["cases.accepted"], by=narrow, now=timezone.now())


OWN_MACHINE = ("http://127.0.0.1:9/", "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/")
OWN_NETWORK = ("https://10.8.0.4/", "https://192.168.1.1/", "https://172.16.0.1/", "https://169.254.169.254/", "https://[fd00::1]/")


def refused(by, urls) -> list[str]:
    """Of some addresses those that no webhook may lead to."""
    found = []
    for url in urls:
        with transaction.atomic():
            try:
                commands.add_webhook(url=url, acts=["cases.accepted"], by=by, now=timezone.now())
            except commands.WebhookWrong:
                found.append(url)
    return found


@pytest.mark.parametrize(
    ("demonstration", "networks", "may"),
    [
        (False, "", ()),
        (False, "10.8.0.0/16", ("https://10.8.0.4/",)),
        (True, "", OWN_MACHINE),  # so that a receiver can be tried without a setting; the rest of the network stays shut
        (True, "10.8.0.0/16", (*OWN_MACHINE, "https://10.8.0.4/")),
    ],
)
def test_a_webhook_never_leads_into_our_own_network_but_where_the_operator_says_so(by, settings, demonstration, networks, may):
    settings.ENV = settings.ENV.model_copy(update={"post_office": demonstration, "webhook_networks": networks})
    every = (*OWN_MACHINE, *OWN_NETWORK)
    assert refused(by, every) == [url for url in every if url not in may]


def test_a_message_does_not_leave_for_our_own_network_once_it_may_not(by, hook, receiver, settings):
    now = timezone.now()
    told = commands.ping(webhook_id=hook, by=by, now=now)
    settings.ENV = settings.ENV.model_copy(update={"post_office": False, "webhook_networks": ""})
    assert not commands.deliver(delivery_id=told, now=now).arrived
    assert receiver.got == []


def test_a_webhook_needs_acts_that_are_told_and_there_are_only_so_many(by):
    now = timezone.now()
    for acts in ([], ["cases.drawn"], ["cases.approved"]):
        with pytest.raises(commands.ClientWrong):
            commands.add_webhook(url="https://example.org/", acts=acts, by=by, now=now)
    for n in range(10):
        assert isinstance(commands.add_webhook(url=f"https://example.org/{n}", acts=["cases.accepted"], by=by, now=now), UUID)
    with pytest.raises(commands.TooManyWebhooks):
        commands.add_webhook(url="https://example.org/x", acts=["cases.accepted"], by=by, now=now)


def test_old_logs_are_dropped_and_what_waits_is_kept(by, hook):
    now = timezone.now()
    old, waiting = (commands.ping(webhook_id=hook, by=by, now=now) for _ in range(2))
    commands.deliver(delivery_id=old, now=now)
    assert commands.forget_deliveries(now=now + timedelta(days=80)) == 0
    assert commands.forget_deliveries(now=now + timedelta(days=100)) == 1
    assert list(Delivery.objects.values_list("pk", flat=True)) == [waiting]


def signatures(receiver) -> list[str]:
    """The signatures of the last notification that a secret must have made."""
    _path, headers, body = receiver.got[-1]
    at, *given = headers["Linli-Signature"].split(",")
    return [body, at.removeprefix("t="), *given]


def made_by(secret: str, body: bytes, at: str) -> str:
    return "v1=" + hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def test_a_secret_is_changed_and_for_a_while_both_sign(by, hook, receiver):
    now = timezone.now()
    old = webhook(hook, by=by).secret.open()
    commands.rotate_secret(webhook_id=hook, overlap=timedelta(hours=2), by=by, now=now)
    new = webhook(hook, by=by).secret.open()
    assert new != old
    commands.deliver(delivery_id=commands.ping(webhook_id=hook, by=by, now=now), now=now)
    body, at, *given = signatures(receiver)
    assert given == [made_by(new, body, at), made_by(old, body, at)]
    later = now + timedelta(hours=2)
    commands.deliver(delivery_id=commands.ping(webhook_id=hook, by=by, now=later), now=later)
    body, at, *given = signatures(receiver)
    assert given == [made_by(new, body, at)]
    assert commands.forget_secrets(now=later) == 1
    assert webhook(hook, by=by).old_secret is None
    assert commands.forget_secrets(now=later) == 0


def test_a_secret_may_be_ended_at_once_and_an_overlap_has_an_end(by, hook, receiver):
    now = timezone.now()
    commands.rotate_secret(webhook_id=hook, overlap=timedelta(), by=by, now=now)
    commands.deliver(delivery_id=commands.ping(webhook_id=hook, by=by, now=now), now=now)
    assert len(signatures(receiver)) == 3
    for wrong in (timedelta(hours=-1), timedelta(days=31)):
        with pytest.raises(commands.OverlapWrong):
            commands.rotate_secret(webhook_id=hook, overlap=wrong, by=by, now=now)
    commands.stop_webhook(webhook_id=hook, by=by, now=now)
    with pytest.raises(NotFound):
        commands.rotate_secret(webhook_id=hook, overlap=timedelta(hours=1), by=by, now=now)


def test_nobody_changes_the_secret_of_another_system(world, by, hook):
    other = acting(admit(world, "别的平台")[1])
    with pytest.raises(NotFound):
        commands.rotate_secret(webhook_id=hook, overlap=timedelta(hours=1), by=other, now=timezone.now())
