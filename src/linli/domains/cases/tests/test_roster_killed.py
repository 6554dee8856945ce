"""A worker that is killed in the middle of a roster, again and again, leaves no person without a case and none with two."""

from __future__ import annotations

import os
import signal
from datetime import timedelta

import pytest
from django.db import connections
from procrastinate.contrib.django.models import ProcrastinateJob

from linli.domains.cases import commands as do
from linli.domains.cases.models import Case, Roster, RosterRow
from linli.domains.people.queries import employer_facts
from linli.testing.rosters import COMMON, ENROL, PLANS, book, person
from linli.testing.story import at

PEOPLE, NOW = 120, at("2026-03-02 10:00")


def made() -> int:
    return RosterRow.objects.exclude(case=None).count()


def work_until_killed(roster_id, past: int) -> int:
    """A process of its own makes cases; it is killed as soon as more than ``past`` people have one. Returns its exit status."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            while not do.run_roster(roster_id=roster_id, now=NOW):
                pass
        finally:
            os._exit(0)
    while made() <= past:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


@pytest.mark.usefixtures("committed_db")
def test_a_killed_worker_loses_nobody_and_doubles_nobody(world, django_db_blocker, monkeypatch):
    from linli.domains.cases.commands import rosters as making

    monkeypatch.setattr(making, "BATCH", 7)
    with django_db_blocker.unblock():
        clerk = world.actor("clerk")
        code = employer_facts(world.people["employer"])["credit_code"]
        roster_id = do.check_roster(
            item_code=ENROL, employer_id=world.people["employer"],
            people=do.roster_file(book(PLANS[ENROL], [person(PLANS[ENROL], n) for n in range(PEOPLE)]), "名单.xlsx"),
            common=COMMON | {"uscc": code}, materials={"m01": "paper"}, by=clerk, now=NOW,
        )  # fmt: skip
        do.start_roster(roster_id=roster_id, by=clerk, now=NOW)
        kills = 0
        for past in (0, 20, 50, 90):
            status = work_until_killed(roster_id, past)
            kills += os.WIFSIGNALED(status)
            assert made() % 7 == 0 and made() == Case.objects.count(), "a batch is whole or not there"
        assert kills >= 3
        # Nobody told the roster that its worker is gone: the sweep finds that it stands still.
        assert do.sweep_rosters(now=NOW + timedelta(minutes=1)) == 0
        assert do.sweep_rosters(now=NOW + timedelta(minutes=5)) == 1
        assert ProcrastinateJob.objects.filter(task_name="cases.run_roster", status="todo").exists()
        while not do.run_roster(roster_id=roster_id, now=NOW):
            pass
        assert Roster.objects.get(pk=roster_id).state == "done"
        assert made() == PEOPLE == Case.objects.count() == RosterRow.objects.values("case").distinct().count()
        numbers = list(Case.objects.values_list("number", flat=True))
        assert len(set(numbers)) == PEOPLE
