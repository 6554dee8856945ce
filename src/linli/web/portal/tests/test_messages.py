"""A resident's messages, receipts of providers, and the post office of a demonstration."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from linli.domains.notices.commands import Recipient, Subject, notify, send_code
from linli.domains.notices.queries import Delivery, Message, chosen
from linli.kernel.actors import Actor, system
from linli.kernel.ids import uuid7
from linli.testing.browser import sign_in_resident

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
SECRET = "a-secret-shared-with-the-gateway"
VALUES = {
    "item": "劳务派遣经营许可", "number": "7701212026030210000101", "tail": "0101", "office": "云岭市人力资源和社会保障局",
    "day": "2026-03-02 (周一)", "until": "2026-03-20 (周五)", "due": "应于 2026-03-20 (周五) 前办结。",
}  # fmt: skip


def tell(world, who="applicant", key=None, **more):
    to = Recipient(world.people[who], is_employer=who == "employer")
    message = notify(
        "case.accepted", to=to, about=Subject("case", uuid7()), values=VALUES | more, key=key or uuid7().hex, by=system(), now=NOON
    )
    return Message.objects.get(pk=message)


@pytest.fixture
def resident(client, world):
    sign_in_resident(client, world)
    return client


def test_the_list_and_one_message_which_is_read_by_opening_it(resident, world):
    told = tell(world)
    listed = resident.get(reverse("messages:list")).content.decode()
    assert "有 1 条还没看" in listed and "已受理：劳务派遣经营许可" in listed
    assert "我的消息（1 条未读）" in listed
    shown = resident.get(reverse("messages:message", args=[told.pk])).content.decode()
    assert "7701212026030210000101" in shown and "应于 2026-03-20" in shown
    assert "100****0000" in shown and "10000000000" not in shown
    told.refresh_from_db()
    assert told.read_at is not None
    assert "未读" not in resident.get(reverse("messages:list")).content.decode()


def test_large_print_has_plain_words_and_english_its_own(resident, world):
    told = tell(world)
    page = reverse("messages:message", args=[told.pk])
    resident.cookies["linli_print"] = "large"
    assert "我们开始办了" in resident.get(page).content.decode()
    resident.cookies["django_language"] = "en"
    assert "was accepted on" in resident.get(page).content.decode()


def test_what_others_were_told_looks_like_nothing(resident, world):
    theirs = tell(world, who="neighbour")
    assert resident.get(reverse("messages:message", args=[theirs.pk])).status_code == 404
    assert resident.get(reverse("messages:message", args=[uuid7()])).status_code == 404
    assert "劳务派遣" not in resident.get(reverse("messages:list")).content.decode()
    theirs.refresh_from_db()
    assert theirs.read_at is None


def test_all_at_once_are_read_and_only_ones_own(resident, world):
    mine, theirs = tell(world), tell(world, who="neighbour")
    assert resident.post(reverse("messages:read_all"), {"once": str(uuid7())}).status_code == 302
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert mine.read_at and not theirs.read_at


def test_the_list_costs_no_more_with_more_messages(resident, world):
    def queries():
        with CaptureQueriesContext(connection) as caught:
            assert resident.get(reverse("messages:list")).status_code == 200
        return len(caught)

    tell(world)
    resident.get(reverse("messages:list"))
    few = queries()
    for _ in range(12):
        tell(world)
    assert queries() == few


# -- preference ---------------------------------------------------------------------------------------------------------------------


def wishes(resident, **more):
    data = {"first": "email", "others": "on", "email": "zhao@example.cn", "language": "zh", "once": str(uuid7())} | more
    return resident.post(reverse("messages:settings"), {k: v for k, v in data.items() if v is not None})


def test_how_somebody_wants_to_be_told_is_kept_and_followed(resident, world):
    assert wishes(resident).status_code == 302
    tell(world)
    assert Delivery.objects.get().way == "email"
    assert wishes(resident, first="inbox").status_code == 302
    tell(world)
    assert Delivery.objects.count() == 1
    page = resident.get(reverse("messages:settings")).content.decode()
    assert "zhao@example.cn" in page
    assert chosen(by=Actor(user_id=None, resident_id=world.people["applicant"])).ways == ()


def test_a_wrong_address_comes_back_with_all_that_was_typed(resident):
    answer = wishes(resident, email="不是邮箱", plain="on")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "不是邮箱" in page and "name@example.cn" in page


# -- receipts -----------------------------------------------------------------------------------------------------------------------


def receipt(client, told, secret=SECRET, moment=None):
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    moment = moment or str(int(datetime.now(UTC).timestamp()))
    signed = hmac.new(secret.encode(), moment.encode() + b"\n" + body, hashlib.sha256).hexdigest()
    return client.post(
        reverse("messages:sms_receipt"),
        body,
        content_type="application/json",
        headers={"Linli-Time": moment, "Linli-Signature": signed},
    )


@pytest.fixture
def gateway(settings):
    settings.ENV = settings.ENV.model_copy(update={"sms_secret": SECRET, "wechat_token": "agreed"})


def test_the_gateway_tells_what_became_of_a_message(client, world, gateway):
    tell(world)
    delivery, strange = Delivery.objects.get(), uuid7()
    told = {"receipts": [{"id": str(delivery.pk), "reached": True}, {"id": str(strange), "reached": True}]}
    answer = receipt(client, told)
    assert (answer.status_code, answer.json()) == (200, {"unknown": [str(strange)]})
    delivery.refresh_from_db()
    assert delivery.state == "delivered"


@pytest.mark.parametrize(
    "told",
    [b"", b"null", b"[]", b'{"receipts": 1}', b'{"receipts": [1]}', b'{"receipts": [{"id": "x", "reached": true}]}', b"[" * 50_000,
     b'{"receipts": [{"id": "0190f0a0-0000-7000-8000-00000000ffff", "reached": "yes"}]}'],
)  # fmt: skip
def test_hostile_receipts_are_refused(client, world, gateway, told):
    assert receipt(client, told).status_code == 400


def test_an_unsigned_or_old_receipt_changes_nothing(client, world, gateway):
    tell(world)
    told = {"receipts": [{"id": str(Delivery.objects.get().pk), "reached": False}]}
    assert receipt(client, told, secret="another").status_code == 403
    assert receipt(client, told, moment="1700000000").status_code == 403
    assert Delivery.objects.get().state == "sent"


def wechat(client, body=b"", token="agreed", **more):
    query = {"timestamp": "1", "nonce": "2", "signature": hashlib.sha1("".join(sorted((token, "1", "2"))).encode()).hexdigest()}
    where = reverse("messages:wechat_receipt", query=query | more)
    return client.post(where, body, content_type="text/xml") if body else client.get(where)


def test_wechat_is_answered_and_believed_only_with_the_token(client, world, gateway):
    tell(world)
    Delivery.objects.update(way="wechat", provider_id="200163836")
    finished = "<xml><Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event><MsgID>200163836</MsgID><Status><![CDATA[{}]]></Status></xml>"
    assert wechat(client, echostr="<b>hello").content == b"<b>hello"
    assert wechat(client, echostr="<b>hello")["Content-Type"].startswith("text/plain")
    assert wechat(client, token="guessed", echostr="x").status_code == 403
    assert wechat(client, finished.format("success").encode(), token="guessed").status_code == 403
    assert Delivery.objects.get().state == "sent"
    assert wechat(client, finished.format("failed:user block").encode()).content == b"success"
    assert (Delivery.objects.get().state, Delivery.objects.get().error) == ("failed", "told_failed:user_block")
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><xml><Event>&a;</Event></xml>'
    assert wechat(client, bomb).status_code == 200


# -- the post office ------------------------------------------------------------------------------------------------------------------


def test_the_post_office_shows_codes_and_messages_and_finds_a_telephone(client, world):
    tell(world)
    send_code(phone="10000000001", code="246810", now=NOON)
    page = client.get(reverse("messages:post")).content.decode()
    assert "246810" in page and "劳务派遣经营许可" in page
    found = client.get(reverse("messages:post"), {"to": "100 0000 0001"}).content.decode()
    assert "246810" in found and "劳务派遣" not in found
    assert "没有发给这里的通知" in client.get(reverse("messages:post"), {"to": "10000000002"}).content.decode()


def test_a_real_installation_has_no_post_office(client, world, settings):
    send_code(phone="10000000001", code="246810", now=NOON)
    settings.ENV = settings.ENV.model_copy(update={"post_office": False})
    answer = client.get(reverse("messages:post"))
    assert answer.status_code == 404 and "246810" not in answer.content.decode()
