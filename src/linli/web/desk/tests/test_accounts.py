"""Accounts of employers at a counter: who came stands for it, or nothing is written."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from linli.domains.benefits.queries import accounts_of
from linli.domains.people.commands import revoke_mandate
from linli.domains.people.queries import Scope, employer_facts, person_facts
from linli.domains.trace.queries import acts_by
from linli.kernel.calendar import local_date
from linli.testing.rosters import firm_mandate
from linli.testing.world import PASSWORD, person_id

ACCOUNT = "80001111111111"


def enter(name: str) -> Client:
    client = Client()
    assert client.post("/login", {"username": name, "password": PASSWORD}).status_code == 302
    return client


def text(answer):
    return answer.content.decode()


@pytest.fixture
def firm(world, committed_db):
    return world.people["employer"]


def said(world, firm, **more):
    return {
        "once": str(uuid4()),
        "credit_code": employer_facts(firm)["credit_code"],
        "number": person_facts(world.people["agent"])["id_number"],
        **more,
    }


def test_a_clerk_notes_the_account_of_an_employer_for_whom_the_right_person_came(world, firm):
    clerk, desk = enter("clerk"), reverse("accounts_at_desk:employer")
    assert enter("reviewer-1").get(desk).status_code == enter("reviewer-1").post(desk).status_code == 403
    page = text(clerk.get(desk))
    assert "统一社会信用代码" in page and "开户银行" not in page
    for wrong in ({"credit_code": "123"}, {"number": ""}):
        assert clerk.post(desk, said(world, firm, **wrong)).status_code == 422
    unknown = clerk.post(desk, said(world, firm, number=person_id(77)))
    assert unknown.status_code == 404 and "没有找到" in text(unknown)
    given = {"bank": "示例银行", "account": ACCOUNT, "told": "counter"}
    # Nobody stands for it yet: the page leads to where a mandate is registered, and nothing can be written around it.
    for more in ({}, given):
        refused = clerk.post(desk, said(world, firm, **more))
        assert refused.status_code == 403 and "没有代表该单位办理的授权" in text(refused)
        assert reverse("residents:employer_mandate", args=[firm]) in text(refused)
    for scopes, items in (([Scope.READ], ()), ([Scope.APPLY], ["job-stabilisation-refund"])):
        mandate = firm_mandate(world, *scopes, items=items, now=timezone.now())
        assert clerk.post(desk, said(world, firm, **given)).status_code == 403
        revoke_mandate(mandate_id=mandate, by=world.actor("clerk"), now=timezone.now())
    firm_mandate(world, now=timezone.now())
    page = text(clerk.post(desk, said(world, firm)))
    until = local_date(timezone.now()) + timedelta(days=90)
    assert "开户银行" in page and "单位经办人" in page and "授权委托书原件" in page and f"{until.year}" in page
    assert (
        person_facts(world.people["agent"])["id_number"] in page and accounts_of([firm]) == {}
    )  # the number that was typed, so that it need not be again
    for wrong in ({"told": ""}, {"account": "12"}, {"bank": ""}):
        answer = clerk.post(desk, said(world, firm, **given | wrong))
        assert answer.status_code == 422 and "单位经办人" in text(answer) and accounts_of([firm]) == {}
    once = said(world, firm, **given)
    for _ in range(2):
        assert clerk.post(desk, once).status_code == 302
    assert accounts_of([firm])[firm].number == ACCOUNT
    today = timezone.now()
    acts = acts_by(world.users["clerk"], since=today - timedelta(hours=1), until=today + timedelta(hours=1))
    (event,) = [e for e in acts if e.act == "benefits.account_given"]
    assert (event.data["told"], event.data["party"], event.data["agent"]) == ("counter", str(firm), str(world.people["agent"]))
