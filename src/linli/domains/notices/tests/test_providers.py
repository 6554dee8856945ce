"""Handing messages to real providers on loopback: signatures, refusals, the ladder, the next way, quiet hours."""

from __future__ import annotations

import hashlib
import hmac
import logging
from datetime import timedelta

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from linli.domains.notices import commands as do
from linli.domains.notices.models import Delivery, Preference
from linli.domains.notices.rules import LADDER, Way
from linli.domains.notices.tests.test_telling import NOON, tell
from linli.kernel.ids import uuid7
from linli.testing.story import at

pytestmark = pytest.mark.django_db
SECRET = "a-secret-shared-with-the-gateway"


def jobs():
    return ProcrastinateJob.objects.filter(task_name="notices.deliver")


def run(now=NOON):
    """What the worker does with everything that is due."""
    for pk in Delivery.objects.filter(state="waiting", next_try_at__lte=now).values_list("pk", flat=True):
        do.deliver(delivery_id=pk, now=now)


def gateway(ways, provider, **more):
    ways(sms_url=provider.url + "/send", sms_key="bureau", sms_secret=SECRET, **more)


def mail(mailbox, **more):
    return {
        "smtp_host": "127.0.0.1", "smtp_port": mailbox.port, "smtp_security": "none", "smtp_user": "linli",
        "smtp_password": "right", "mail_from": "notice@bureau.example.cn", **more,
    }  # fmt: skip


def prefer(world, *wanted, who="applicant", **more):
    Preference.objects.create(party_id=world.people[who], ways=list(wanted), changed_at=NOON, **more)


# -- SMS -------------------------------------------------------------------------------------------------------------------------


def test_the_gateway_gets_a_signed_request_and_the_same_id_at_every_try(world, ways, provider):
    gateway(ways, provider)
    provider.answers = [(503, {"error": "busy"})]
    tell(world, item="社会保险登记")
    assert jobs().count() == 1 and Delivery.objects.get().state == "waiting"
    run()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.error, delivery.next_try_at) == ("waiting", "http_503", NOON + LADDER[0])
    run(NOON + LADDER[0])
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries, delivery.provider_id) == ("sent", 2, f"gw-{delivery.pk}")
    for _, headers, body in provider.asked:
        made = hmac.new(SECRET.encode(), headers["Linli-Time"].encode() + b"\n" + body, hashlib.sha256).hexdigest()
        assert headers["Linli-Signature"] == made and headers["Linli-Key"] == "bureau"
        assert headers["Idempotency-Key"] == str(delivery.pk)
    first, second = provider.bodies()
    assert first == second and first["to"] == "10000000000"


@pytest.mark.parametrize(
    ("answer", "error", "state"),
    [
        ((400, {}), "http_400", "failed"),
        ((429, {}), "http_429", "waiting"),
        ((200, {"error": "blacklisted"}), "gateway_blacklisted", "failed"),
        ((200, {"error": "slow", "again": True}), "gateway_slow", "waiting"),
        ((200, b"<html>login</html>"), "answer_unreadable", "waiting"),
        ((302, {}), "http_302", "failed"),
    ],
)
def test_what_the_gateway_answers_decides_whether_a_later_try_can_help(world, ways, provider, answer, error, state):
    gateway(ways, provider)
    provider.answers = [answer]
    tell(world)
    run()
    delivery = Delivery.objects.get()
    assert (delivery.error, delivery.state) == (error, state)


def test_a_gateway_that_is_not_there_is_tried_up_the_ladder_and_then_given_up(world, ways):
    ways(sms_url="http://127.0.0.1:9/", sms_secret=SECRET)
    tell(world)
    now = NOON
    for step in LADDER:
        run(now)
        assert Delivery.objects.get().next_try_at == now + step
        now += step
    run(now)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.tries, delivery.error) == ("failed", len(LADDER) + 1, "unreachable")


def test_only_one_of_two_workers_hands_it_over(world, ways, provider):
    gateway(ways, provider)
    tell(world)
    pk = Delivery.objects.get().pk
    do.deliver(delivery_id=pk, now=NOON)
    do.deliver(delivery_id=pk, now=NOON)
    assert len(provider.asked) == 1


def test_at_night_a_message_waits_for_the_morning_and_a_code_does_not(world, ways, provider):
    gateway(ways, provider)
    for key, late in (("a", "2026-03-02 21:00"), ("b", "2026-03-03 03:00"), ("c", "2026-03-03 07:59")):
        tell(world, key=key, now=at(late))
    assert {d.next_try_at for d in Delivery.objects.all()} == {at("2026-03-03 08:00")}
    assert {j.scheduled_at for j in jobs()} == {at("2026-03-03 08:00")}
    do.send_code(phone="10000000000", code="135790", now=at("2026-03-03 03:00"))
    run(at("2026-03-03 03:00"))
    (asked,) = provider.bodies()
    assert "135790" in asked["text"]
    assert Delivery.objects.get(kind="code").content is None
    tell(world, key="d", now=at("2026-03-03 20:59"))
    assert Delivery.objects.filter(next_try_at=at("2026-03-03 20:59")).count() == 1


def test_a_code_that_does_not_go_out_is_given_up_soon_and_wiped(world, ways):
    ways(sms_url="http://127.0.0.1:9/", sms_secret=SECRET)
    do.send_code(phone="10000000000", code="135790", now=NOON)
    for seconds in (0, 10, 40):
        run(NOON + timedelta(seconds=seconds))
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.content) == ("failed", None)


# -- the next way ------------------------------------------------------------------------------------------------------------------


def test_when_one_way_fails_the_next_is_taken(world, ways, provider, mailbox):
    gateway(ways, provider, **mail(mailbox))
    prefer(world, "sms", "email", email="zhao@example.cn")
    provider.answers = [(400, {})]
    tell(world, item="社会保险登记")
    run()
    run()
    assert list(Delivery.objects.order_by("place").values_list("way", "place", "state")) == [
        ("sms", 0, "failed"),
        ("email", 1, "sent"),
    ]
    (letter,) = mailbox.letters
    assert letter["To"] == "zhao@example.cn" and letter["Subject"] == "已受理：社会保险登记"
    assert letter["Message-ID"] == f"<{Delivery.objects.get(way='email').pk}@bureau.example.cn>"
    assert "赵示例：" in letter.get_content() and "/messages/" in letter.get_content()


def test_a_receipt_of_failure_takes_the_next_way_once(world, ways, provider, mailbox):
    gateway(ways, provider, **mail(mailbox))
    prefer(world, "sms", "email", email="zhao@example.cn")
    tell(world)
    run()
    pk = Delivery.objects.get().pk
    for _ in range(2):
        assert do.note_receipt(way=Way.SMS, reached=False, delivery_id=pk, code="UNDELIV", now=NOON)
    run()
    assert list(Delivery.objects.order_by("place").values_list("way", "state", "error")) == [
        ("sms", "failed", "told_UNDELIV"),
        ("email", "sent", ""),
    ]
    assert len(mailbox.letters) == 1


def test_a_receipt_says_delivered_and_nothing_undoes_it(world, ways, provider):
    gateway(ways, provider)
    tell(world)
    run()
    delivery = Delivery.objects.get()
    assert do.note_receipt(way=Way.SMS, reached=True, provider_id=delivery.provider_id, now=NOON)
    assert do.note_receipt(way=Way.SMS, reached=False, provider_id=delivery.provider_id, now=NOON)
    assert not do.note_receipt(way=Way.EMAIL, reached=False, provider_id=delivery.provider_id, now=NOON)
    assert not do.note_receipt(way=Way.SMS, reached=True, delivery_id=uuid7(), now=NOON)
    delivery.refresh_from_db()
    assert delivery.state == "delivered"


def test_a_receipt_must_be_signed_and_fresh(ways):
    ways(sms_secret=SECRET)
    body, moment = b'{"id": "x"}', str(int(NOON.timestamp()))
    good = hmac.new(SECRET.encode(), moment.encode() + b"\n" + body, hashlib.sha256).hexdigest()

    def signed(**other):
        return do.sms_receipt_is_signed(**({"moment": moment, "body": body, "given": good, "now": NOON} | other))

    assert signed()
    assert not signed(body=b'{"id": "y"}')
    assert not signed(given="0" * 64)
    assert not signed(now=NOON + timedelta(minutes=6))
    assert not signed(moment="not a time")
    ways(sms_secret="")
    assert not signed(given=hmac.new(b"", moment.encode() + b"\n" + body, hashlib.sha256).hexdigest())


# -- e-mail --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("told", "state"), [("550 no such user", "failed"), ("451 greylisted, later", "waiting")])
def test_the_mail_server_says_whether_to_come_back(world, ways, mailbox, told, state):
    ways(**mail(mailbox))
    prefer(world, "email", email="zhao@example.cn")
    mailbox.refuses["zhao@example.cn"] = told
    tell(world)
    run()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.error) == (state, f"smtp_{told[:3]}")


def test_a_wrong_password_at_the_mail_server_is_no_fault_of_the_letter(world, ways, mailbox):
    ways(**mail(mailbox, smtp_password="wrong"))
    prefer(world, "email", email="zhao@example.cn")
    tell(world)
    run()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.error) == ("waiting", "smtp_535")
    assert mailbox.letters == []


def test_nobody_smuggles_a_header_into_a_letter(world, ways, mailbox):
    ways(**mail(mailbox))
    prefer(world, "email", email="zhao@example.cn\r\nBcc: other@example.cn")
    tell(world, item="好\r\nBcc: other@example.cn")
    run()
    assert Delivery.objects.get().error == "address_wrong"
    assert mailbox.letters == []


# -- WeChat ------------------------------------------------------------------------------------------------------------------------


def wechat(ways, provider, **more):
    ways(
        wechat_api=provider.url,
        wechat_app_id="wx1",
        wechat_secret="s",
        wechat_templates={"*": "t-any", "case.accepted": "t-1"},
        **more,
    )


def test_wechat_gets_a_template_and_one_token_does_for_many(world, ways, provider):
    wechat(ways, provider)
    prefer(world, "wechat", wechat="open-id-1")
    tell(world, item="社会保险登记")
    tell(world, key="b", kind="case.corrected")
    run()
    sent = provider.bodies("/cgi-bin/message")
    assert provider.tokens == 1
    assert [m["template_id"] for m in sent] == ["t-1", "t-any"] or [m["template_id"] for m in sent] == ["t-any", "t-1"]
    assert all(m["touser"] == "open-id-1" and len(m["data"]["thing2"]["value"]) <= 20 for m in sent)
    assert set(Delivery.objects.values_list("state", "provider_id")) == {("sent", "200228332")}


def test_a_token_that_ended_early_is_asked_for_anew(world, ways, provider):
    wechat(ways, provider)
    prefer(world, "wechat", wechat="open-id-1")
    provider.answers = [(200, {"errcode": 42001, "errmsg": "expired"})]
    tell(world)
    run()
    assert Delivery.objects.get().state == "sent"
    assert provider.tokens == 2
    assert provider.asked[-1][0].endswith("access_token=token-2")


@pytest.mark.parametrize(("code", "state"), [(43004, "failed"), (45009, "waiting"), (-1, "waiting")])
def test_what_wechat_says(world, ways, provider, code, state):
    wechat(ways, provider)
    prefer(world, "wechat", wechat="open-id-1")
    provider.answers = [(200, {"errcode": code, "errmsg": "no"})]
    tell(world)
    run()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.error) == (state, f"wechat_{code}")


# -- left lying, tried again, and what the log says ----------------------------------------------------------------------------------


def test_what_a_dead_worker_left_is_found_and_tried_again(world, ways, provider):
    gateway(ways, provider)
    tell(world)
    Delivery.objects.update(state="sending", claimed_at=NOON, next_try_at=None)
    assert do.sweep(now=NOON + timedelta(minutes=9)) == 0
    found = NOON + timedelta(minutes=11)
    assert do.sweep(now=found) == 1
    run(found + LADDER[0])
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.tries) == ("sent", 2)


def test_what_is_due_and_has_no_job_any_more_gets_one(world, ways, provider):
    gateway(ways, provider)
    tell(world)
    jobs().delete()
    assert do.sweep(now=NOON + timedelta(minutes=1)) == 0
    assert do.sweep(now=NOON + timedelta(minutes=3)) == 1
    assert jobs().count() == 1


def test_the_administrator_tries_a_failed_one_again(world, ways, provider):
    gateway(ways, provider)
    provider.answers = [(400, {})]
    tell(world)
    run()
    delivery = Delivery.objects.get()
    admin = world.actor("administrator")
    assert admin.can("notices.manage") and not world.actor("clerk").can("notices.manage")
    do.retry_delivery(delivery_id=delivery.pk, by=admin, now=NOON)
    run()
    delivery.refresh_from_db()
    assert delivery.state == "sent"


def test_nothing_personal_is_logged(world, ways, provider, mailbox, caplog):
    caplog.set_level(logging.DEBUG)
    gateway(ways, provider, **mail(mailbox))
    prefer(world, "sms", "email", email="zhao@example.cn")
    provider.answers = [(400, {})]
    tell(world, item="社会保险登记")
    do.send_code(phone="10000000000", code="135790", now=NOON)
    run()
    run()
    ours = "\n".join(r.getMessage() for r in caplog.records if not r.name.startswith("mail."))  # the test's own mail server
    assert "httpx" in {r.name for r in caplog.records}
    for secret in ("10000000000", "zhao@example.cn", "社会保险登记", "135790", "赵示例", SECRET):
        assert secret not in ours
