"""Who takes an electronic file, who destroys one, and what the pages cost."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from linli.domains.cases import commands as do
from linli.domains.documents.queries import Package
from linli.domains.trace.queries import timeline
from linli.kernel.actors import system
from linli.kernel.ids import uuid7
from linli.testing.story import INSTANT, Story, at
from linli.testing.world import PASSWORD

pytestmark = pytest.mark.django_db


def enter(name: str) -> Client:
    client = Client()
    assert client.post("/login", {"username": name, "password": PASSWORD}).status_code == 302
    return client


def once(**more):
    return {"once": str(uuid7())} | more


@pytest.fixture
def story(world):
    story = Story(world, item=INSTANT)
    story.whole()
    do.archive_case(case_id=story.case_id, by=system(), now=at("2026-03-03 01:30"))
    return story


def test_the_supervisor_takes_it_and_that_is_recorded(story):
    page = reverse("supervise:archive", args=[story.case_id, 1])
    answer = enter("manager").post(page, once())
    assert answer.status_code == 200 and answer["Content-Type"] == "application/zip" and answer.content[:2] == b"PK"
    package = Package.objects.get(subject_id=story.case_id)
    assert [e.act for e in timeline(package.pk)] == ["documents.packaged", "documents.package_taken"]


@pytest.mark.parametrize(("who", "status"), [("manager-elsewhere", 404), ("clerk", 403), ("reviewer-1", 403)])
def test_nobody_else_does(story, who, status):
    answer = enter(who).post(reverse("supervise:archive", args=[story.case_id, 1]), once())
    assert answer.status_code == status
    assert enter("manager").post(reverse("supervise:archive", args=[story.case_id, 2]), once()).status_code == 404


def test_only_the_archive_is_let_into_the_archive(story):
    strange = uuid7()
    for name, args in (("archive:due", []), ("archive:destruction", [strange]), ("archive:proof", [strange])):
        assert enter("manager").get(reverse(name, args=args)).status_code == 403
        assert enter("leader").get(reverse(name, args=args)).status_code == (404 if args else 200)
    assert enter("manager").post(reverse("archive:propose"), once()).status_code == 403
    assert enter("leader").post(reverse("archive:settle", args=[strange]), once(answer="approve")).status_code == 404


def overdue(package_id: UUID) -> None:
    """Time passes; what a package is cannot be changed otherwise."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE documents_package DISABLE TRIGGER documents_package_fixed")
        cursor.execute("UPDATE documents_package SET keep_until = %s WHERE id = %s", [date(2026, 3, 31), package_id])
        cursor.execute("ALTER TABLE documents_package ENABLE TRIGGER documents_package_fixed")


def test_what_was_chosen_and_typed_comes_back(story):
    package = Package.objects.get(subject_id=story.case_id)
    overdue(package.pk)
    leader = enter("leader")
    answer = leader.post(reverse("archive:propose"), once(package=str(package.pk), reason=" "))
    assert answer.status_code == 422 and "checked" in answer.content.decode()
    answer = leader.post(reverse("archive:propose"), once(package=["not an id"], reason="保管期满"))
    assert answer.status_code == 422 and "保管期满" in answer.content.decode()
    made = leader.post(reverse("archive:propose"), once(package=str(package.pk), reason="保管期满"))
    own = leader.post(made["Location"] + "/settle", once(answer="approve"))
    assert own.status_code == 409 and "另一个人" in own.content.decode()


def test_the_list_costs_no_more_with_more_files(world):
    def put_away():
        story = Story(world, item=INSTANT)
        story.receive()
        do.withdraw_case(case_id=story.case_id, reason="x", by=story.who("clerk"), now=at("2026-03-02 11:00"))
        overdue(do.archive_case(case_id=story.case_id, by=system(), now=at("2026-03-03 01:30")))

    leader = enter("leader")

    def queries():
        with CaptureQueriesContext(connection) as caught:
            assert leader.get(reverse("archive:due")).status_code == 200
        return len(caught)

    put_away()
    queries()
    few = queries()
    for _ in range(4):
        put_away()
    assert queries() == few
