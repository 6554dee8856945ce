"""Where a resident is reached besides their telephone: nothing goes to an address, or a WeChat, that was not shown to be theirs."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.apps import apps

from linli.domains.notices import commands as do
from linli.domains.notices import queries
from linli.domains.notices.adapters import wechat
from linli.domains.notices.errors import AddressWrong, EmailClosed, WechatAway, WechatRefused
from linli.domains.notices.models import Delivery, Message, Preference
from linli.domains.notices.tests.test_providers import mail, run
from linli.domains.notices.tests.test_telling import NOON, tell
from linli.domains.people.commands import CodeTooSoon, CodeWrong
from linli.kernel.errors import NotAllowed, NotFound
from linli.testing.online import resident
from linli.testing.record import acts_on
from linli.testing.story import at

pytestmark = pytest.mark.django_db
BOX = "zhao@example.cn"
Person, PhoneCode = (apps.get_model("people", name) for name in ("Person", "PhoneCode"))
OPEN_ID = "oLVPpjqs9BhvzwPj5A-vTYAX3GLc"


def ask(me, email=BOX, now=NOON):
    return do.ask_email(email=email, network=None, by=me, now=now)


def code_in(letter):
    return re.search(r"\b(\d{6})\b", letter.get_content())[1]


# -- e-mail ----------------------------------------------------------------------------------------------------------------------


def test_nothing_but_the_code_goes_to_an_address_before_it_came_back(world, ways, mailbox):
    ways(**mail(mailbox))
    me = resident(world)
    ask(me)
    tell(world)
    run()
    (letter,) = mailbox.letters
    assert letter["To"] == BOX and "赵示例" not in letter.as_string() and not queries.chosen(by=me).email
    delivery = Delivery.objects.get()
    assert (delivery.kind, delivery.state, delivery.content) == ("email_code", "sent", None)  # wiped once it is gone
    do.confirm_email(email=BOX, code=code_in(letter), by=me, now=NOON)
    do.confirm_email(email=BOX, code=code_in(letter), by=me, now=NOON)  # pressed twice
    assert queries.chosen(by=me).email == BOX and acts_on(me.resident_id).count("notices.email_confirmed") == 1
    tell(world, key="b")
    run()
    assert len(mailbox.letters) == 2 and "赵示例" in mailbox.letters[1].get_content()
    do.drop_email(by=me, now=NOON)
    tell(world, key="c")
    run()
    assert len(mailbox.letters) == 2 and Message.objects.count() == 3


def test_a_code_is_good_once_for_its_address_five_minutes_and_five_tries(world, ways, mailbox):
    ways(**mail(mailbox))
    me, late = resident(world), NOON + timedelta(minutes=6)
    ask(me)
    run()
    code = code_in(mailbox.letters[0])
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for email, tried, when in ((BOX, code, late), ("other@example.cn", code, NOON), (BOX, wrong, NOON)):
        with pytest.raises(CodeWrong):
            do.confirm_email(email=email, code=tried, by=me, now=when)
    for _ in range(4):
        with pytest.raises(CodeWrong):
            do.confirm_email(email=BOX, code=wrong, by=me, now=NOON)
    with pytest.raises(CodeWrong):  # the right one comes too late
        do.confirm_email(email=BOX, code=code, by=me, now=NOON)
    assert not queries.chosen(by=me).email


def test_codes_are_limited_and_lie_nowhere_readable(world, ways, mailbox):
    ways(**mail(mailbox))
    me = resident(world)
    ask(me)
    with pytest.raises(CodeTooSoon):
        ask(me, BOX.upper())
    ask(me, "other@example.cn")
    row = PhoneCode.objects.order_by("sent_at").first()
    run()
    assert code_in(mailbox.letters[0]).encode() not in bytes(row.digest) and BOX.encode() not in bytes(row.phone_index)


def test_what_cannot_be_asked_for_is_said(world, ways, mailbox):
    me = resident(world)
    for bad in ("不是邮箱", "a@b", "a@example.cn\r\nBcc: b@example.cn", ""):
        with pytest.raises(AddressWrong):
            ask(me, bad)
    with pytest.raises(EmailClosed):
        ways()
        ask(me)
    with pytest.raises(NotAllowed):
        ask(world.actor("clerk"))


# -- one preference for one person -------------------------------------------------------------------------------------------------


def test_what_was_told_and_wished_before_somebody_was_recognised_stays_theirs(world, ways, mailbox):
    ways(**mail(mailbox))
    known = Person.objects.get(pk=world.people["applicant"])
    said = Person.objects.create(
        name=known.name, id_type=known.id_type, id_number=known.id_number.open(), id_index=known.id_index, region="770121",
        verified=False, created_at=NOON, updated_at=NOON,
    )  # fmt: skip
    Preference.objects.create(party_id=said.pk, ways=["email"], email=BOX, plain=True, changed_at=NOON)
    me, early = resident(world), world.people | {"said": said.pk}
    world.people["said"] = said.pk
    tell(world, who="said", key="before")
    assert not queries.inbox(by=me, on=NOON.date()) and not queries.chosen(by=me).email
    Person.objects.filter(pk=said.pk).update(same_as=known.pk)
    told = queries.inbox(by=me, on=NOON.date()).get()
    assert told.party_id == early["said"] and queries.unread(by=me, on=NOON.date()) == 1
    assert queries.chosen(by=me).email == BOX and queries.chosen(by=me).plain
    do.set_preference(ways=[], english=False, plain=False, by=me, now=NOON + timedelta(days=1))
    assert queries.chosen(by=me).email == BOX and queries.chosen(by=me).ways == ()
    tell(world, who="said", key="after")  # of the early case, by what they wish today
    assert Delivery.objects.filter(message__key="after").count() == 0
    assert do.mark_all_read(by=me, now=NOON) == 2


# -- WeChat ------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def account(ways, provider):
    ways(
        wechat_app_id="wx-bureau", wechat_secret="shared", wechat_api=provider.url, wechat_templates={"*": "T"},
        wechat_authorize="https://open.example/authorize",
    )  # fmt: skip
    return provider


def test_binding_asks_wechat_whose_code_it_is_and_messages_go_there(world, account):
    me = resident(world)
    asked = urlsplit(queries.wechat_address(back="https://linli.example/back?x=1", state="s t"))
    assert parse_qs(asked.query) == {
        "appid": ["wx-bureau"], "redirect_uri": ["https://linli.example/back?x=1"], "response_type": ["code"], "scope": ["snsapi_base"],
        "state": ["s t"],
    } and asked.fragment == "wechat_redirect"  # fmt: skip
    account.answers = [
        (200, {"access_token": "t", "expires_in": 7200, "refresh_token": "r", "openid": OPEN_ID, "scope": "snsapi_base"})
    ]
    do.bind_wechat(code="0a1b", by=me, now=NOON)
    path, _, _ = account.asked[0]
    assert parse_qs(urlsplit(path).query) == {
        "appid": ["wx-bureau"], "secret": ["shared"], "code": ["0a1b"], "grant_type": ["authorization_code"]
    } and urlsplit(path).path == "/sns/oauth2/access_token"  # fmt: skip
    assert queries.chosen(by=me).wechat and acts_on(me.resident_id)[-1] == "notices.wechat_bound"
    assert OPEN_ID not in str(Preference.objects.values_list("wechat", flat=True).get())
    tell(world)
    run()
    assert account.bodies("/cgi-bin/message")[0]["touser"] == OPEN_ID
    do.unbind_wechat(by=me, now=NOON)
    do.unbind_wechat(by=me, now=NOON)
    tell(world, key="b")
    assert not queries.chosen(by=me).wechat and Delivery.objects.count() == 1
    assert acts_on(me.resident_id).count("notices.wechat_unbound") == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((200, {"errcode": 40029, "errmsg": "invalid code"}), WechatRefused),
        ((200, {"errcode": 40163, "errmsg": "code been used"}), WechatRefused),
        ((200, {"errcode": -1, "errmsg": "system error"}), WechatAway),
        ((500, b"oops"), WechatAway),
        ((302, {"openid": OPEN_ID}), WechatAway),
        ((200, b"<html>"), WechatAway),
        ((200, b"[1]"), WechatAway),
        ((200, {}), WechatAway),
        ((200, {"openid": ["a", "b"]}), WechatAway),
        ((200, {"openid": "o'; DROP TABLE--"}), WechatAway),
        ((200, {"openid": "o" * 5000}), WechatAway),
        ((200, b"x" * 2_000_000), WechatAway),
    ],
)
def test_whatever_wechat_answers_nothing_wrong_is_bound(world, account, answer, error):
    me = resident(world)
    account.answers = [answer]
    with pytest.raises(error):
        do.bind_wechat(code="c", by=me, now=NOON)
    assert not Preference.objects.exists() and acts_on(me.resident_id) == acts_on(me.resident_id)[:1]


def test_where_nothing_is_set_up_nothing_is_bound(world, ways):
    ways()
    with pytest.raises(NotFound):
        do.bind_wechat(code="c", by=resident(world), now=NOON)
    with pytest.raises(NotFound):
        queries.wechat_address(back="https://linli.example", state="s")
    assert not queries.wechat_can_be_bound() and wechat.open_id_of  # the adapter is there all the same


def test_a_wechat_that_does_not_answer_is_away(world, ways):
    ways(wechat_app_id="wx", wechat_secret="s", wechat_api="http://127.0.0.1:9", wechat_templates={"*": "T"})
    with pytest.raises(WechatAway):
        do.bind_wechat(code="c", by=resident(world), now=NOON)


# -- in whose words, and when --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("voice", "words"),
    [
        ({}, "受理"),
        ({"plain": True}, "我们开始办了"),
        ({"english": True}, "accepted"),
        ({"english": True, "plain": True}, "accepted"),
    ],
)
def test_every_way_speaks_as_its_reader_wishes(world, ways, provider, mailbox, voice, words):
    ways(
        sms_url=provider.url + "/send", sms_key="k", sms_secret="s" * 32, wechat_app_id="wx", wechat_secret="s", wechat_api=provider.url,
        wechat_templates={"*": "T"}, **mail(mailbox),
    )  # fmt: skip
    for way, who in (("sms", "applicant"), ("wechat", "agent"), ("email", "neighbour")):
        Preference.objects.create(party_id=world.people[who], ways=[way], email=BOX, wechat=OPEN_ID, changed_at=NOON, **voice)
        tell(world, who=who, key=way, item="社保登记", until="2026-03-20")
    run()
    sms, letter = provider.bodies("/send")[0]["text"], mailbox.letters[0].get_content()
    card = Delivery.objects.get(way="wechat").content.open_json()
    for said in (sms, letter, card["text"]):
        assert words in said and "社保登记" in said, said
    assert ("Read more" in letter) is bool(voice.get("english"))
    assert provider.bodies("/cgi-bin/message")[0]["data"]["thing2"]["value"] == card["text"][:20]


@pytest.mark.parametrize("way", ["sms", "wechat", "email"])
@pytest.mark.parametrize("when", ["told at night", "tried again at night", "the worker was late"])
def test_at_night_no_way_is_taken(world, ways, provider, mailbox, way, when):
    ways(
        sms_url=provider.url + "/send", sms_key="k", sms_secret="s" * 32, wechat_app_id="wx", wechat_secret="s", wechat_api=provider.url,
        wechat_templates={"*": "T"}, **mail(mailbox),
    )  # fmt: skip
    Preference.objects.create(party_id=world.people["applicant"], ways=[way], email=BOX, wechat=OPEN_ID, changed_at=NOON)
    evening, night = at("2026-03-02 20:59"), at("2026-03-02 23:30")
    tell(world, now=night if when == "told at night" else evening)
    if when == "tried again at night":
        if way == "email":
            mailbox.refuses[BOX] = "450 later"
        provider.answers = [(503, {})]
        run(evening)
        mailbox.refuses.clear()
    sent = len(mailbox.letters), len([p for p, _, _ in provider.asked if "token" not in p])
    run(night)
    assert (len(mailbox.letters), len([p for p, _, _ in provider.asked if "token" not in p])) == sent
    delivery = Delivery.objects.get()
    assert delivery.state == "waiting" and delivery.next_try_at >= at("2026-03-03 07:00")
    run(delivery.next_try_at)
    assert Delivery.objects.get().state == "sent"
