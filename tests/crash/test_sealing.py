"""kill -9 of the worker that seals the notices of a long list: in the end each grant has its one notice, and no number is used twice."""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob as Job

from linli.domains.cases.queries import Case
from linli.domains.documents.queries import SealUse, documents_of
from linli.domains.notices.queries import Message
from linli.domains.trace.queries import verify_chain
from linli.kernel.jobs import take_up
from linli.testing import grants, processes

pytestmark = pytest.mark.slow
PEOPLE = 130  # two jobs, six transactions
KILLS = 3


def sealed() -> int:
    return Case.objects.filter(state="delivered").count()


def test_notices_are_sealed_once_each_however_often_the_worker_dies(world, committed_db, settings, tmp_path):
    who = grants.hands(world)
    grants.due([grants.known(n) for n in range(PEOPLE)])
    grants.closed(who, grants.scanned(who))
    cases = list(Case.objects.values_list("pk", flat=True))
    assert len(cases) == PEOPLE and not sealed()
    seed = random.SystemRandom().randrange(10**6)
    print("seed", seed)  # shown when it fails
    dice, told, in_hand, between = random.Random(seed), tmp_path / "worker.log", 0, set()
    with told.open("wb") as log:
        for _ in range(KILLS):
            at_work, before, give_up = processes.worker(settings, log, "papers"), sealed(), time.monotonic() + 120
            while at_work.poll() is None and not (sealed() > before and Job.objects.filter(status="doing").exists()):
                assert time.monotonic() < give_up, told.read_text()[-3000:]
                time.sleep(0.01)
            time.sleep(dice.random() * 0.8)  # anywhere within the next transaction
            at_work.kill()
            at_work.wait()
            in_hand += Job.objects.filter(status="doing").exists()
            between.add(sealed())
            assert SealUse.objects.count() == sealed()  # what was not committed left nothing
            take_up(silent_seconds=0)
        assert processes.worker(settings, log, "papers").wait(timeout=240) == 0, told.read_text()[-3000:]
    assert in_hand and between - {0, PEOPLE}, "no kill met a worker in the middle"
    assert sealed() == PEOPLE == SealUse.objects.count() == SealUse.objects.values("document").distinct().count()
    papers = [d for c in cases for d in documents_of(c)]
    kinds = Counter((d.kind.value, d.state.value) for d in papers)
    assert kinds == {("benefit_notice", "sealed"): PEOPLE, ("delivery_receipt", "composed"): PEOPLE}
    assert len({d.number for d in papers}) == 2 * PEOPLE and all(verify_chain(c).ok for c in cases)
    assert Message.objects.filter(kind="benefits.granted").count() == PEOPLE
    assert not Job.objects.filter(queue_name="papers").exclude(status="succeeded").exists()
