"""A resident's messages, receipts of providers, and the post office of a demonstration."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from linli.domains.notices.commands import Recipient, Subject, notify, send_code
from linli.domains.notices.queries import Delivery, Message, chosen, letters, posted
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
    data = {"first": "email", "others": "on", "language": "zh", "once": str(uuid7())} | more
    return resident.post(reverse("messages:settings"), {k: v for k, v in data.items() if v is not None})


BOX = "zhao@example.cn"


def confirmed(resident, email=BOX):
    """Through both pages, with the code from the post office."""
    assert resident.post(reverse("messages:email"), {"email": email})["Location"] == reverse("messages:email_code")
    code = letters(posted(address=email))[0].content["code"]
    return resident.post(reverse("messages:email_code"), {"code": code})


def test_an_address_is_shown_by_a_code_before_it_can_be_chosen(resident, world):
    assert wishes(resident).status_code == 422  # no address, no such choice
    assert resident.get(reverse("messages:email_code"))["Location"] == reverse("messages:email")
    for _ in range(2):  # pressed twice, one code
        assert resident.post(reverse("messages:email"), {"email": BOX}).status_code == 302
    assert posted(address=BOX).count() == 1
    wrong = resident.post(reverse("messages:email_code"), {"code": "00000x"})
    assert wrong.status_code == 422 and "验证码不对" in wrong.content.decode() and BOX in wrong.content.decode()
    page = resident.get(reverse("messages:settings")).content.decode()
    assert BOX not in page and "绑定微信" not in page  # the demonstration has no official account
    code = letters(posted(address=BOX))[0].content["code"]
    assert resident.post(reverse("messages:email_code"), {"code": code})["Location"] == reverse("messages:settings")
    assert BOX in resident.get(reverse("messages:settings")).content.decode()
    assert wishes(resident).status_code == 302
    resident.post(reverse("messages:no_email"), {"once": str(uuid7())})
    assert BOX not in resident.get(reverse("messages:settings")).content.decode()


def test_how_somebody_wants_to_be_told_is_kept_and_followed(resident, world):
    assert confirmed(resident).status_code == 302
    assert wishes(resident).status_code == 302
    tell(world)
    assert Delivery.objects.get(message__isnull=False).way == "email"
    assert wishes(resident, first="inbox").status_code == 302
    tell(world)
    assert Delivery.objects.filter(message__isnull=False).count() == 1
    page = resident.get(reverse("messages:settings")).content.decode()
    assert "zhao@example.cn" in page
    assert chosen(by=Actor(user_id=None, resident_id=world.people["applicant"])).ways == ()


def test_a_wrong_address_comes_back_with_all_that_was_typed(resident):
    answer = resident.post(reverse("messages:email"), {"email": "不是邮箱"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "不是邮箱" in page and "name@example.cn" in page


# -- WeChat -------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def official_account(settings):
    """An official account whose server is on loopback and names whoever comes with the good code."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            good = parse_qs(urlsplit(self.path).query)["code"] == ["good"]
            said = json.dumps(
                {"openid": "oLVPpjqs9BhvzwPj5A-vTYAX3GLc"} if good else {"errcode": 40029, "errmsg": "invalid code"}
            ).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    settings.ENV = settings.ENV.model_copy(
        update={
            "wechat_app_id": "wx", "wechat_secret": "s", "wechat_templates": {"*": "T"},
            "wechat_api": f"http://127.0.0.1:{server.server_address[1]}", "wechat_authorize": "https://open.example/authorize",
        }
    )  # fmt: skip
    yield
    server.shutdown()
    server.server_close()
    thread.join()


def begun(client):
    """Go to WeChat; gives the state that was sent along."""
    address = urlsplit(client.get(reverse("messages:wechat"))["Location"])
    assert address.hostname == "open.example"
    asked = parse_qs(address.query)
    assert asked["redirect_uri"][0].endswith(reverse("messages:wechat_back"))
    return asked["state"][0]


def bound(world, who="applicant"):
    return chosen(by=Actor(user_id=None, resident_id=world.people[who])).wechat


def test_wechat_is_bound_by_who_began_it_and_taken_off_again(resident, world, official_account):
    assert "绑定微信" in resident.get(reverse("messages:settings")).content.decode()
    answer = resident.get(reverse("messages:wechat_back"), {"state": begun(resident), "code": "good"}, follow=True)
    assert bound(world) and "已绑定" in answer.content.decode()
    assert wishes(resident, first="wechat").status_code == 302
    resident.post(reverse("messages:no_wechat"), {"once": str(uuid7())})
    assert not bound(world)


def test_what_comes_back_otherwise_binds_nothing(resident, world, official_account):
    back = reverse("messages:wechat_back")
    state = begun(resident)
    for wrong in ({"state": "other", "code": "good"}, {"state": state, "code": "good"}):  # the second: what was begun is used up
        assert "没有绑定" in resident.get(back, wrong, follow=True).content.decode()
    for wrong in ({"code": "good"}, {"state": "", "code": "good"}):  # nothing begun at all
        assert "没有绑定" in resident.get(back, wrong, follow=True).content.decode()
    for wrong in ({}, {"code": ""}, {"code": "x" * 600}, {"code": "bad"}):
        assert "没有绑定" in resident.get(back, {"state": begun(resident)} | wrong, follow=True).content.decode()
    state = begun(resident)
    other = Client()
    sign_in_resident(other, world, "neighbour")
    assert "没有绑定" in other.get(back, {"state": state, "code": "good"}, follow=True).content.decode()
    assert not bound(world) and not bound(world, "neighbour")


def test_without_an_official_account_there_is_no_such_page(resident):
    for name in ("wechat", "wechat_back"):
        answer = resident.get(reverse(f"messages:{name}"))
        assert answer.status_code in (302, 404)
    assert resident.get(reverse("messages:wechat")).status_code == 404


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
