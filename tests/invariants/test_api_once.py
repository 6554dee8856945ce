"""Invariant 7 at the interface: a thousand submissions under one key, from many sides at once, are one case and one answer."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from linli.domains.cases.queries import Case
from linli.domains.clients.commands import admit_client
from linli.kernel.actors import system
from linli.testing.story import PERMIT, Story, filled

pytestmark = pytest.mark.slow
TIMES, SIDES = 1_000, 10


def test_a_thousand_submissions_under_one_key_are_one_case(world, committed_db, django_db_blocker):
    with django_db_blocker.unblock():
        now = timezone.now()
        _, key = admit_client(
            name="重发", org_id=world.orgs["hall"], owner="示例处", scopes=["intake"], per_minute=6000, expires_at=now + timedelta(days=1),
            by=system("clients.manage"), now=now,
        )  # fmt: skip
        story = Story(world, item=PERMIT, day=timezone.localdate().isoformat())
        body = json.dumps(
            {"item": PERMIT, "applicant": {"kind": "employer", "id": str(world.people["employer"])}, "form": filled(story.standard)}
        )
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "one-key-for-a-thousand"}
        before, barrier = Case.objects.count(), Barrier(SIDES)

        def submit(_side):
            client, got = Client(), set()
            try:
                barrier.wait(60)
                for _ in range(TIMES // SIDES):
                    answer = client.post("/api/v1/cases", body, content_type="application/json", headers=headers)
                    got.add((answer.status_code, answer.content))
            finally:
                connections.close_all()
            return got

        with ThreadPoolExecutor(SIDES) as pool:
            answers = set().union(*pool.map(submit, range(SIDES)))
        assert len(answers) == 1 and next(iter(answers))[0] == 201
        assert Case.objects.count() == before + 1
        case = Case.objects.get(pk=json.loads(next(iter(answers))[1])["id"])
        assert case.number and case.materials.count() == len(story.standard.materials)
