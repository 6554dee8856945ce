"""The same key makes the same submission, however many come at once; and so do many keys."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from django.db import connections

from linli.domains.cases import commands as do
from linli.domains.cases.models import Case, CaseMaterial
from linli.domains.cases.queries import own_sheet
from linli.domains.trace.queries import timeline
from linli.kernel.ids import uuid7
from linli.testing.online import NOW, fill, resident, started


def crowd(times, act):
    def one(_n):
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(one, range(times)))


def test_a_thousand_duplicates_of_one_key_make_one_submission(committed_db, world):
    me, key = resident(world), uuid7()
    case_id = started(me)
    fill(me, case_id)
    numbers = crowd(1000, lambda: do.submit_online(case_id=case_id, by=me, now=NOW, key=key))
    assert len(set(numbers)) == 1 and [e.act for e in timeline(case_id)].count("cases.submitted") == 1


def test_many_beginnings_and_submissions_with_keys_of_their_own_make_one_case(committed_db, world):
    me = resident(world)
    cases = crowd(60, lambda: started(me, key=uuid7()))
    assert len(set(cases)) == 1
    fill(me, cases[0])
    assert len(set(crowd(60, lambda: do.submit_online(case_id=cases[0], by=me, now=NOW, key=uuid7())))) == 1
    assert Case.objects.filter(number__isnull=False).count() == 1 and CaseMaterial.objects.filter(case_id=cases[0]).count() == len(
        own_sheet(cases[0], by=me, now=NOW).materials
    )
