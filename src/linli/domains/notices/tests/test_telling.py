"""Telling somebody something, once."""

from __future__ import annotations

import re

import pytest
from django.db import connection

from linli.domains.notices import queries
from linli.domains.notices.commands import Recipient, Subject, notify, send_code
from linli.domains.notices.errors import KindUnknown, NoWayOpen, ValueMissing
from linli.domains.notices.models import Delivery, Message, Preference
from linli.domains.notices.wording import kind_of
from linli.kernel.actors import system
from linli.kernel.errors import NotFound
from linli.kernel.ids import uuid7
from linli.kernel.text import msg
from linli.testing.concurrency import at_once
from linli.testing.story import at

NOON = at("2026-03-02 12:00")


def values(kind: str) -> dict[str, str]:
    return {name: f"〈{name}〉" for name in kind_of(kind).needs}


def tell(world, *, kind="case.accepted", key="a", who="applicant", now=NOON, **more):
    to = Recipient(world.people[who], is_employer=who == "employer")
    return notify(kind, to=to, about=Subject("case", uuid7()), values=values(kind) | more, key=key, by=system(), now=now)


@pytest.mark.django_db
def test_the_same_key_tells_once(world):
    assert tell(world) is not None
    assert tell(world) is None
    assert Message.objects.count() == Delivery.objects.count() == 1


@pytest.mark.django_db
def test_it_goes_to_the_telephone_that_is_known(world):
    tell(world, item="劳务派遣经营许可")
    (letter,) = queries.letters(queries.posted(address="10000000000"))
    assert letter.way == "sms"
    assert letter.content["text"].startswith("【邻里】您办理的“劳务派遣经营许可”已受理")
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.tries) == ("sent", 1)


@pytest.mark.django_db
def test_nothing_that_was_said_lies_open_in_the_table(world):
    tell(world, item="劳务派遣经营许可")
    with connection.cursor() as cursor:
        for table in ("notices_message", "notices_delivery", "notices_posted"):
            cursor.execute(f"SELECT t::text FROM {table} t")
            shown = str(cursor.fetchall())
            assert "劳务" not in shown and "10000000000" not in shown
            assert "劳务".encode().hex() not in shown


@pytest.mark.django_db
def test_an_employer_is_reached_too_and_sentences_come_in_the_language_of_the_reader(world):
    Preference.objects.create(
        party_id=world.people["employer"], ways=["email"], email="a@example.cn", english=True, changed_at=NOON
    )
    tell(world, who="employer", due=msg("应于 %(day)s 前办结。", day="2026-03-09"))
    (letter,) = queries.letters(queries.posted(address="a@example.cn"))
    assert letter.content["subject"] == "Accepted: 〈item〉"
    assert "云岭示例服务有限公司," in letter.content["text"]
    assert "2026-03-09" in letter.content["text"] and "应于" not in letter.content["text"]


@pytest.mark.django_db
def test_who_wants_only_the_inbox_gets_only_the_inbox(world):
    Preference.objects.create(party_id=world.people["applicant"], ways=[], changed_at=NOON)
    tell(world)
    assert Message.objects.count() == 1
    assert not Delivery.objects.exists()


@pytest.mark.django_db
def test_a_kind_that_is_not_there_and_a_value_that_is_missing_are_refused(world):
    to, about = Recipient(world.people["applicant"]), Subject("case", uuid7())
    with pytest.raises(KindUnknown):
        notify("case.nothing", to=to, about=about, values={}, key="a", by=system(), now=NOON)
    with pytest.raises(ValueMissing) as refused:
        notify("case.accepted", to=to, about=about, values={"item": "x"}, key="a", by=system(), now=NOON)
    assert "office" in str(refused.value) and not Message.objects.exists()


@pytest.mark.django_db
def test_a_code_goes_out_at_night_and_is_wiped(world):
    send_code(phone="10000000000", code="482915", now=at("2026-03-02 23:30"))
    (letter,) = queries.letters(queries.posted(address="10000000000"))
    assert re.search(r"验证码是482915，5分钟", letter.content["text"])
    delivery = Delivery.objects.get()
    assert delivery.content is None and delivery.message is None


@pytest.mark.django_db
def test_without_a_way_to_telephones_a_code_is_refused_and_a_message_stays_in_the_inbox(world, settings):
    settings.ENV = settings.ENV.model_copy(update={"post_office": False})
    with pytest.raises(NoWayOpen):
        send_code(phone="10000000000", code="482915", now=NOON)
    assert tell(world) is not None
    assert not Delivery.objects.exists()
    with pytest.raises(NotFound):
        queries.posted()


def test_many_at_once_tell_once(world, committed_db):
    told = at_once([lambda: tell(world)] * 16)
    assert not [t for t in told if isinstance(t, Exception)]
    assert len([t for t in told if t]) == 1
    assert Message.objects.count() == Delivery.objects.count() == 1
