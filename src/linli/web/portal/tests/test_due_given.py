"""What one gets without having applied, on the page of what one is due."""

from __future__ import annotations

from django.test import Client
from django.utils import timezone

from linli.kernel.calendar import local_date
from linli.testing import grants
from linli.testing.browser import sign_in_resident


def signed_in(world, who):
    client = Client()
    sign_in_resident(client, world, who)
    return client


def due_page(client):
    return client.get("/due").content.decode()


def test_who_is_given_something_already_is_not_sent_to_apply_for_it(committed_db, world):
    now = timezone.now()
    grants.due([world.people[who] for who in ("applicant", "neighbour")], on=local_date(now))
    mine, theirs = signed_in(world, "applicant"), signed_in(world, "neighbour")
    before = due_page(mine)
    assert "代缴职工医保费" in before and "已经主动办理" not in before

    hands = grants.hands(world)
    list_id = grants.published(hands, grants.scanned(hands, on=local_date(now), now=now), now=now)
    void = grants.grants_of(list_id, by=hands.maker).get(subject_id=world.people["neighbour"])
    void.state = grants.GrantState.VOID
    void.save()

    assert "已经主动办理" in due_page(mine)
    assert "已经主动办理" not in due_page(theirs)
