"""People who receive long-term benefits, for tests of certification."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID, uuid4

from django.db import connection
from django.utils import timezone

from linli.domains.benefits.commands import climb, enrol, note_reach
from linli.domains.benefits.queries import ReachOutcome, open_calls, visits
from linli.kernel.actors import Actor, system

TELLER = system("benefits.learn")
VILLAGE = "770121100201"


def receive(
    *people: UUID, benefit: str = "pension", since: date = date(2020, 1, 1), region: str = VILLAGE, birth: date = date(1955, 1, 1)
) -> None:
    """Let the facts say that some people receive a benefit, as a register that was loaded whole does, and the nightly job enrol them."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO benefits_person_facts (subject_id, region, long_term_benefit, pension_since, birth) VALUES (%s, %s, %s, %s, %s)",
            [(person, region, benefit, since, birth) for person in people],
        )
    enrol(by=TELLER, now=timezone.now())


def receive_many(number: int, *, since: date, region: str = VILLAGE) -> None:
    """Receivers of whom the register of people knows nothing."""
    receive(*(uuid4() for _ in range(number)), benefit="resident_pension", since=since, region=region)


def reach_in_vain(*, by: Actor, days: int = 120) -> None:
    """So many days ago every step that was due was taken, and nobody was found."""
    then = timezone.now() - timedelta(days)
    while climb(by=TELLER, now=then):
        pass
    for waiting in (open_calls(by=by), visits(by=by)):
        for reach in list(waiting):
            note_reach(reach_id=reach.pk, outcome=ReachOutcome.NOT_FOUND, by=by, now=then)
