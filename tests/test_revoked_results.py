"""A result that was taken back after it was issued: every page, list and interface shows what stands, not what was said first."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from linli.api.tests.conftest import admit
from linli.domains.cases import commands as do
from linli.domains.cases.queries import Case, Commitment
from linli.domains.documents.commands import store_file
from linli.domains.documents.queries import documents_of
from linli.testing.browser import sign_in_resident
from linli.testing.story import Story, at, picture

pytestmark = pytest.mark.django_db
SKILL, CODE = "skill-evaluation-application", "m04"  # one material to commit to


def taken_back(world, *, delivered=True):
    """A case whose result was issued on a commitment, and taken back because that was untrue."""
    story = Story(world, item=SKILL)
    clerk, now = story.who("clerk"), at("2026-03-02 10:03")
    story.receive()
    ref = store_file(content=picture(f"signature {story.case_id}"), declared_name="s.png", by=clerk, now=now)
    handed = do.Handed(CODE, do.Received.COMMITTED, ((ref, "s.png"),), signature=ref)
    do.hand_in(case_id=story.case_id, material=handed, by=clerk, now=now)
    story.accept()
    story.review()
    story.issue()
    if delivered:
        story.deliver()
    row = Commitment.objects.get(case_id=story.case_id)
    owner = story.who(next(n for n, u in world.users.items() if u == row.owner_id), "2026-03-10")
    do.find_breach(commitment_id=row.pk, facts="单位回函：入职不足五年。", by=owner, now=at("2026-03-10 09:00"))
    do.conclude_breach(
        commitment_id=row.pk, upheld=True, reasons="与事实不符。", by=story.who("leader", "2026-03-18"), now=at("2026-03-18 09:00")
    )
    return story


def text(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


@pytest.fixture
def me(client, world):
    sign_in_resident(client, world, "applicant")
    return client


@pytest.mark.parametrize("delivered", [True, False])
def test_a_resident_reads_that_the_grant_was_taken_back_and_why(me, world, delivered):
    story = taken_back(world, delivered=delivered)
    page = text(me.get(reverse("apply:case", args=[story.case_id])))
    assert "同意您申请的决定已经撤销" in page and "与事实不符。" in page and "结果不能再使用" in page
    assert "同意您的申请" not in page and "结果已撤销" in page and "可以在这里领取" not in page
    listed = text(me.get(reverse("apply:mine")))
    assert "结果已撤销" in listed and "可以领取结果" not in listed


def test_a_refusal_that_was_issued_is_no_grant_taken_back(me, world):
    story = Story(world, item=SKILL)
    story.receive()
    story.accept()
    story.review(approve=False)
    story.issue()
    story.deliver()
    page = text(me.get(reverse("apply:case", args=[story.case_id])))
    assert "没有批准您的申请" in page and "撤销" not in page


def test_the_list_asks_no_more_questions_for_more_that_were_taken_back(me, world):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            assert me.get(reverse("apply:mine")).status_code == 200
        return len(queries)

    taken_back(world)
    asked()
    one = asked()
    other = Case.objects.get()
    row = Commitment.objects.get()
    do.repair_breach(
        commitment_id=row.pk, how="补交了证明。", by=Story(world, item=SKILL, case_id=other.pk).who("leader", "2026-03-19"),
        now=at("2026-03-19 09:00"),
    )  # fmt: skip
    taken_back(world)
    assert Case.objects.count() == 2 and asked() == one


def test_the_system_that_brought_it_and_whoever_verifies_a_paper_hear_it_too(client, world):
    story, caller = taken_back(world), admit(world)
    Case.objects.filter(pk=story.case_id).update(client_id=caller.client_id)
    told = caller.get(f"/cases/{story.case_id}").json()
    assert (told["approved"], told["revoked"], told["words"]) == (False, True, "结果已撤销")
    assert caller.get("/cases").json()["items"][0]["words"] == "结果已撤销"
    card = next(d for d in documents_of(story.case_id) if d.kind == "decision")
    shown = text(client.get(f"/verify/{card.code}"))
    assert "作废" in shown and "不能再使用" in shown
