"""What waits for somebody, at the entries of the menu and in the palette."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from linli.domains.benefits import commands
from linli.domains.benefits.queries import lists_to_agree
from linli.kernel.calendar import local_date
from linli.testing.grants import due, hands, known, listed, scanned
from linli.testing.world import PASSWORD
from linli.web import navigation

COUNTIES = ("770121", "770122", "7701")


@pytest.fixture
def who(world, committed_db):
    return hands(world)


@pytest.fixture
def one_list(who):
    """One list that waits for a second officer; more of the same scan for other places."""
    for region in COUNTIES[:2]:
        due([known(int(region[-1]))], region=region, on=local_date(timezone.now()))
    run_id = scanned(who, on=local_date(timezone.now()), now=timezone.now())
    listed(who, run_id, region=COUNTIES[0], now=timezone.now())
    return run_id


def enter(name: str) -> Client:
    client = Client()
    assert client.post("/login", {"username": name, "password": PASSWORD}).status_code == 302
    return client


def counts(client: Client, page: str = "") -> dict[str, str]:
    """What the menu of a page counts, by the words of the entry."""
    found = re.findall(
        r"<span>([^<]+)</span><span class=\"l-count\">([^<]+)<",
        client.get(page or reverse("grants:lists"), follow=True).content.decode(),
    )
    return {label: number.strip() for label, number in found}


def test_the_menu_and_the_palette_say_what_waits_for_whom_and_cost_the_same_however_much(who, one_list):
    second, maker = enter("second-policies"), enter("benefits")
    assert counts(second)["发放名单"] == "1" and "发放名单" not in counts(maker)
    found = second.post("/palette", {"q": "发放名单", "once": str(uuid4())}).content.decode()
    assert "1 件等您办" in found and "件等您办" not in maker.post("/palette", {"q": "发放名单"}).content.decode()
    with CaptureQueriesContext(connection) as few:
        counts(second)
    # Of the menu's own queries none is asked twice.
    asked = [q["sql"] for q in few if "LIMIT 100)" in q["sql"]]
    assert len(asked) == len(set(asked)) == 6
    for region in COUNTIES[1:]:
        listed(who, one_list, region=region, now=timezone.now())
    with CaptureQueriesContext(connection) as many:
        assert counts(second)["发放名单"] == "3"
    assert len(many) == len(few)


def test_nothing_is_asked_of_who_has_no_such_entry(world, who):
    with CaptureQueriesContext(connection) as asked:
        assert counts(enter("clerk"), "/desk/") == {}
    assert not [q for q in asked if "benefits_" in q["sql"]]


def test_of_very_many_only_so_many_are_counted(world, who, one_list, monkeypatch):
    monkeypatch.setattr(navigation, "MOST", 1)
    listed(who, one_list, region=COUNTIES[1], now=timezone.now())
    assert lists_to_agree(by=who.second).count() == 2 and counts(enter("second-policies"))["发放名单"] == "1+"
    commands.agree_list(list_id=lists_to_agree(by=who.second).first().pk, by=who.second, now=timezone.now())
    assert counts(enter("second-policies"))["发放名单"] == "1"


def test_an_entry_tells_nothing_to_whom_it_is_closed(who):
    entry = navigation.Entry("console", "", "x:y", "", frozenset({"no.such"}), waits=lists_to_agree)
    assert navigation.waiting([entry], who.second) == navigation.waiting([entry], None) == {}
    assert [navigation.many(n) for n in (0, 1, 99, 100)] == ["", "1", "99", "99+"]
